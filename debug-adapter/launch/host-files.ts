/** Files of this computer, as machines and assemblers ask for them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UserProblem } from '../debugger/target.ts';

export class HostFiles {
  readonly #folder: string;
  /** Contents that stand for files, such as a program assembled in memory. */
  readonly #given = new Map<string, Uint8Array>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(name: string): string {
    return resolve(this.#folder, name);
  }

  give(name: string, bytes: Uint8Array): void {
    this.#given.set(this.path(name), bytes);
  }

  /** Throws `UserProblem` when it cannot be read. */
  read(name: string): Uint8Array {
    const path = this.path(name);
    const given = this.#given.get(path);
    if (given) return given;
    try {
      return readFileSync(path);
    } catch (problem) {
      const code = (problem as NodeJS.ErrnoException).code;
      const reason =
        code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : (problem as Error).message;
      throw new UserProblem(`${path} cannot be read: ${reason}`);
    }
  }

  inflate(bytes: Uint8Array): Uint8Array {
    return gunzipSync(bytes);
  }
}
