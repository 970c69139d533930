/** Files of this computer, as machines and assemblers ask for them. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DiskImage, FolderService, SharedEntry, SharedFolder } from '../../emulator/index.ts';
import { MalformedData } from '../debug-information/byte-reader.ts';
import { type ByteSource, memorySource } from '../debug-information/byte-source.ts';
import { UserProblem } from '../debugger/target.ts';
import { writableFolder } from './writable-folder.ts';

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
    return readable(path, () => readFileSync(path));
  }

  /** A file of which parts are read when they are needed. Throws `UserProblem` when it cannot be read. */
  open(name: string): ByteSource {
    const path = this.path(name);
    const given = this.#given.get(path);
    return given ? memorySource(given) : readable(path, () => fileSource(path));
  }

  /** The image of a guest's drive. Throws `UserProblem`, also later when it has changed. */
  image(name: string): DiskImage {
    return contentOf(this.open(name));
  }

  /**
   * A folder for a guest to read. Links are left out, so that nothing outside of it is reached. Throws `UserProblem`
   * when it cannot be read.
   */
  folder(name: string): SharedFolder {
    const path = this.path(name);
    const folder = folderAt(path, '', readable(path, () => statSync(path)).mtimeMs);
    folder.children();
    return folder;
  }

  /** A folder for a guest to read and to change. Throws `UserProblem` when that cannot be. */
  writableFolder(name: string): FolderService {
    return writableFolder(this.path(name));
  }

  inflate(bytes: Uint8Array): Uint8Array {
    return gunzipSync(bytes);
  }
}

/** What a guest reads of a file: it cannot go on when the file is not what it was. */
function contentOf({ size, read }: ByteSource): DiskImage {
  return {
    size,
    read(offset, length) {
      try {
        return read(offset, length);
      } catch (problem) {
        throw problem instanceof MalformedData ? new UserProblem(problem.message) : problem;
      }
    },
  };
}

function folderAt(path: string, name: string, modified: number): SharedFolder {
  return {
    kind: 'folder',
    name,
    modified: Math.floor(modified / 1000),
    children: () =>
      readable(path, () => readdirSync(path, { withFileTypes: true })).flatMap((entry): SharedEntry[] => {
        const at = join(path, entry.name);
        if (!entry.isFile() && !entry.isDirectory()) return [];
        const { mtimeMs, mode, size } = statSync(at);
        if (entry.isDirectory()) return [folderAt(at, entry.name, mtimeMs)];
        return [
          {
            kind: 'file',
            name: entry.name,
            modified: Math.floor(mtimeMs / 1000),
            executable: (mode & 0o100) !== 0,
            content: contentOf({ size, read: (offset, length) => fileSource(at).read(offset, length) }),
          },
        ];
      }),
  };
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : (problem as Error).message;
    throw new UserProblem(`${path} cannot be read: ${reason}`);
  }
}

/** Opened for each read, so that a session keeps nobody from building the file again; then it is another file. */
function fileSource(path: string): ByteSource {
  const withFile = <T>(use: (file: number, size: number, changed: number) => T): T => {
    const file = openSync(path, 'r');
    try {
      const { size, mtimeMs } = fstatSync(file);
      return use(file, size, mtimeMs);
    } finally {
      closeSync(file);
    }
  };
  const state = withFile((file, size, changed) => {
    // A folder can be opened, but not read.
    readSync(file, new Uint8Array(1), 0, 1, 0);
    return { size, changed };
  });
  return {
    size: state.size,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      withFile((file, size, changed) => {
        if (size !== state.size || changed !== state.changed)
          throw new MalformedData(`${path} has changed since it was loaded; launch again to read what it says now`);
        for (let done = 0; done < length; ) {
          const count = readSync(file, bytes, done, length - done, offset + done);
          if (count === 0) throw new MalformedData(`${path} ends at byte ${offset + done}, before what it should hold`);
          done += count;
        }
      });
      return bytes;
    },
  };
}
