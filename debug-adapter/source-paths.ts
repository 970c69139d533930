/** Where the sources are that debug information names: paths are mapped, and files are recognised under either name. */
import { existsSync } from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';

export class SourcePaths {
  readonly #map: readonly (readonly [from: string, to: string])[];
  readonly #base: string;
  readonly #resolved = new Map<string, string>();
  readonly #exists: (path: string) => boolean;

  /** `map` replaces beginnings of the compiler's paths; relative paths are resolved against `base`. */
  constructor(
    base: string,
    map: Readonly<Record<string, string>> = {},
    exists: (path: string) => boolean = existsSync,
  ) {
    this.#base = base;
    this.#map = Object.entries(map).sort(([a], [b]) => b.length - a.length);
    this.#exists = exists;
  }

  /** The path on this machine of a path in debug information. */
  resolve(path: string): string {
    let resolved = this.#resolved.get(path);
    if (resolved === undefined) {
      const mapping = this.#map.find(
        ([from]) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`),
      );
      const mapped = mapping ? mapping[1] + path.slice(mapping[0].length) : path;
      resolved = isAbsolute(mapped) ? normalize(mapped) : resolve(this.#base, mapped);
      this.#resolved.set(path, resolved);
    }
    return resolved;
  }

  exists(path: string): boolean {
    return this.#exists(path);
  }

  /**
   * Whether a path in debug information is the file that a client means. A file that is not where the debug
   * information says (a guest built on another machine) is recognised by the longest part of its path that agrees.
   */
  matcher(clientPath: string): (path: string) => boolean {
    const wanted = normalize(clientPath);
    return path => {
      const resolved = this.resolve(path);
      if (resolved === wanted) return true;
      if (this.#exists(resolved)) return false;
      const [a, b] = [resolved.split(/[\\/]/).reverse(), wanted.split(/[\\/]/).reverse()];
      let common = 0;
      while (common < a.length && a[common] !== '' && a[common] === b[common]) common++;
      return common >= 2 || (common === 1 && a.length <= 2);
    };
  }
}
