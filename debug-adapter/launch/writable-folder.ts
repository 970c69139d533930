/**
 * A folder of this computer that a guest may change. The way to an entry is gone folder by folder, each opened by its name
 * in the one before and never through a link: nothing outside is reached, also not when links appear meanwhile.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { constants as system } from 'node:os';
import {
  type AttributeChanges,
  type FolderOperation,
  type FolderResult,
  type FolderService,
  fileError,
  type Path,
} from '../../emulator/index.ts';
import { UserProblem } from '../debugger/target.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC } = constants;

/** Throws `UserProblem` when there is no such folder, or this system cannot confine a guest to it. */
export function writableFolder(path: string): FolderService {
  if (process.platform !== 'linux') {
    throw new UserProblem(`${path}: on this system folders are only shared for reading; add readonly=on`);
  }
  try {
    closeSync(openSync(path, O_RDONLY | O_DIRECTORY));
  } catch (problem) {
    throw new UserProblem(`${path} cannot be shared: ${(problem as Error).message}`);
  }
  return operation => {
    try {
      return perform(path, operation);
    } catch (problem) {
      return { error: errorNumber(problem) };
    }
  };
}

class FileProblem extends Error {
  readonly number: number;
  constructor(number: number) {
    super(`file error ${number}`);
    this.number = number;
  }
}

/** Linux's numbers are this system's. */
function errorNumber(problem: unknown): number {
  if (problem instanceof FileProblem) return problem.number;
  const { code } = problem as NodeJS.ErrnoException;
  const number = code === undefined ? undefined : (system.errno as Record<string, number | undefined>)[code];
  if (number === undefined) throw problem;
  return number;
}

function perform(root: string, operation: FolderOperation): FolderResult {
  if (operation.kind === 'space') {
    const { bsize, blocks, bfree, bavail } = statfsSync(root);
    return { space: { blockSize: bsize, blocks, free: bfree, available: bavail } };
  }
  const { path } = operation;
  if (path.length === 0) return withFolder(root, path, (at, folder) => performOnRoot(at, folder, operation));
  return withFolder(root, path.slice(0, -1), at => performOnEntry(root, entryAt(at, path.at(-1)!), operation));
}

type EntryOperation = Exclude<FolderOperation, { kind: 'space' }>;

/** The folder itself can be looked at and listed, and have its times set. */
function performOnRoot(at: string, folder: number, operation: EntryOperation): FolderResult {
  switch (operation.kind) {
    case 'attributes':
      return { attributes: attributesOf(fstatSync(folder)) };
    case 'list':
      return list(at);
    case 'open':
      return operation.write || operation.truncate ? { error: fileError.isFolder } : {};
    case 'synchronize':
      return {};
    case 'change':
      change(folder, operation.changes);
      return {};
    default:
      return { error: fileError.notPermitted };
  }
}

function performOnEntry(root: string, at: string, operation: EntryOperation): FolderResult {
  switch (operation.kind) {
    case 'attributes':
      return { attributes: attributesOf(lstatSync(at)) };
    case 'list':
      return withDescriptor(at, O_RDONLY | O_DIRECTORY, folder => list(place(folder)));
    case 'open': {
      if (attributesOf(lstatSync(at)).kind === 'folder') {
        return operation.write || operation.truncate ? { error: fileError.isFolder } : {};
      }
      const truncate = operation.truncate ? O_TRUNC : 0;
      return withFile(at, (operation.write ? O_RDWR : O_RDONLY) | truncate, () => ({}));
    }
    case 'read':
      return withFile(at, O_RDONLY, file => {
        const bytes = new Uint8Array(operation.count);
        return { bytes: bytes.slice(0, readSync(file, bytes, 0, operation.count, operation.offset)) };
      });
    case 'write':
      return withFile(at, O_WRONLY, file => ({
        count: writeSync(file, operation.bytes, 0, operation.bytes.length, operation.offset),
      }));
    case 'create': {
      const flags = O_RDWR | O_CREAT | (operation.exclusive ? O_EXCL : 0) | (operation.truncate ? O_TRUNC : 0);
      const isNew = !exists(at);
      return withFile(at, flags, file => {
        // As the guest says, whatever this process's mask is.
        if (isNew) fchmodSync(file, operation.mode & 0o777);
        return {};
      });
    }
    case 'make folder':
      mkdirSync(at, 0o700);
      return withDescriptor(at, O_RDONLY | O_DIRECTORY, folder => {
        fchmodSync(folder, operation.mode & 0o777);
        return {};
      });
    case 'remove':
      // What is not shown cannot be removed either.
      attributesOf(lstatSync(at));
      if (operation.entry === 'folder') rmdirSync(at);
      else unlinkSync(at);
      return {};
    case 'rename': {
      const { to } = operation;
      attributesOf(lstatSync(at));
      if (to.length === 0) return { error: fileError.invalid };
      return withFolder(root, to.slice(0, -1), folder => {
        const target = entryAt(folder, to.at(-1)!);
        if (exists(target)) attributesOf(lstatSync(target));
        renameSync(at, target);
        return {};
      });
    }
    case 'change': {
      const { size } = operation.changes;
      if (size !== undefined) withFile(at, O_WRONLY, file => ftruncateSync(file, size));
      return withEither(at, file => {
        change(file, operation.changes);
        return {};
      });
    }
    case 'synchronize':
      return withEither(at, file => {
        fsyncSync(file);
        return {};
      });
  }
}

/** A name in an open folder. */
function entryAt(folder: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) throw new FileProblem(fileError.invalid);
  return `${folder}/${name}`;
}

/** The name of an open folder by its descriptor: what stands behind it is looked up there, wherever it has moved. */
const place = (descriptor: number): string => `/proc/self/fd/${descriptor}`;

function withDescriptor<T>(at: string, flags: number, use: (descriptor: number) => T): T {
  const descriptor = openSync(at, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Nothing but files: a device or a pipe could do anything. */
const withFile = <T>(at: string, flags: number, use: (file: number) => T): T =>
  withDescriptor(at, flags, file => {
    const status = fstatSync(file);
    if (!status.isFile()) throw new FileProblem(status.isDirectory() ? fileError.isFolder : fileError.noEntry);
    return use(file);
  });

const withEither = <T>(at: string, use: (descriptor: number) => T): T =>
  attributesOf(lstatSync(at)).kind === 'folder'
    ? withDescriptor(at, O_RDONLY | O_DIRECTORY, use)
    : withFile(at, O_RDONLY, use);

/** Goes down a path and uses the folder at its end. */
function withFolder<T>(root: string, path: Path, use: (at: string, folder: number) => T): T {
  const enter = (folder: number, left: Path): T => {
    const [next, ...others] = left;
    if (next === undefined) return use(place(folder), folder);
    return withDescriptor(entryAt(place(folder), next), O_RDONLY | O_DIRECTORY, inner => enter(inner, others));
  };
  // The user's own path to the folder may have links.
  const folder = openSync(root, O_RDONLY | O_DIRECTORY);
  try {
    return enter(folder, path);
  } finally {
    closeSync(folder);
  }
}

function exists(at: string): boolean {
  try {
    lstatSync(at);
    return true;
  } catch {
    return false;
  }
}

function list(at: string): FolderResult {
  const entries = readdirSync(at).flatMap(name => {
    const status = lstatSync(`${at}/${name}`, { throwIfNoEntry: false });
    const kind = status && kindOf(status);
    return kind ? [{ name, kind, id: status.ino }] : [];
  });
  return { entries: entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) };
}

const kindOf = (status: Stats): 'file' | 'folder' | undefined =>
  status.isFile() ? 'file' : status.isDirectory() ? 'folder' : undefined;

function attributesOf(status: Stats) {
  const kind = kindOf(status);
  if (!kind) throw new FileProblem(fileError.noEntry);
  const { ino, mode, uid, gid, nlink, size, atimeMs, mtimeMs, ctimeMs } = status;
  return {
    ...{ kind, id: ino, permissions: mode & 0o777, owner: uid, group: gid, links: nlink, size },
    ...{ accessed: atimeMs / 1000, modified: mtimeMs / 1000, changed: ctimeMs / 1000 },
  };
}

function change(descriptor: number, { permissions, accessed, modified }: AttributeChanges): void {
  if (permissions !== undefined) fchmodSync(descriptor, permissions & 0o777);
  if (accessed === undefined && modified === undefined) return;
  const now = Date.now() / 1000;
  const { atimeMs, mtimeMs } = fstatSync(descriptor);
  const time = (wanted: number | 'now' | undefined, old: number) => (wanted === 'now' ? now : (wanted ?? old / 1000));
  futimesSync(descriptor, time(accessed, atimeMs), time(modified, mtimeMs));
}
