/** Whether a path names assembly source. */
export function isAssemblySource(path: string): boolean {
  return /\.[sS]$/.test(path);
}
