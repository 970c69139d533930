/** Pure functions of the host that generated code imports: what is rare and long. */
const functions: Readonly<Record<string, (...args: never[]) => unknown>> = {};

/** The function of a host helper. Throws when nothing implements it. */
export function hostHelperFunctions(name: string): (...args: never[]) => unknown {
  const found = functions[name];
  if (!found) throw new Error(`no host helper “${name}”`);
  return found;
}
