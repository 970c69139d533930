/** Where sources come from: the editor's open documents, a disk, a table in a test. */
export interface FileProvider {
  /** Text of a file, or undefined when there is none. */
  readText(path: string): string | undefined;
  /** Bytes of a file (`.incbin`), or undefined when there is none. */
  readBytes(path: string): Uint8Array | undefined;
}

/** Files held in memory; `.incbin` sees their text as UTF-8. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array>>): FileProvider {
  const own = (path: string) => (Object.hasOwn(files, path) ? files[path] : undefined);
  return {
    readText(path) {
      const file = own(path);
      return typeof file === 'string' || file === undefined ? file : new TextDecoder().decode(file);
    },
    readBytes(path) {
      const file = own(path);
      return typeof file === 'string' ? new TextEncoder().encode(file) : file;
    },
  };
}

/** Folder part of a path, without the last slash; empty for a bare name. */
export function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return slash < 0 ? '' : slash === 0 ? '/' : path.slice(0, slash);
}

/** Last part of a path. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** A path relative to a folder, with `.` and `..` resolved. */
export function joinPath(folder: string, path: string): string {
  const absolute = path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path);
  const whole = (absolute || folder === '' ? path : `${folder}/${path}`).replaceAll('\\', '/');
  const rooted = whole.startsWith('/');
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || !rooted) parts.push(part);
  }
  return (rooted ? '/' : '') + parts.join('/');
}
