/** Snapshots of machines in files: compressed, and whole or not there at all. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import type { MachineOptions } from '../../emulator/index.ts';
import { SnapshotError, snapshotOptions } from '../../emulator/index.ts';
import { UserProblem } from '../debugger/target.ts';
import type { HostFiles } from './host-files.ts';

/** More than a machine can have. */
const largest = 2 ** 32;

export interface SnapshotFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** What its machine was made of. */
  readonly options: MachineOptions;
}

/** Throws `UserProblem`. */
export function readSnapshot(name: string, files: HostFiles): SnapshotFile {
  const path = files.path(name);
  const compressed = files.read(name);
  let bytes: Uint8Array;
  try {
    bytes = inflateSync(compressed, { maxOutputLength: largest });
  } catch (problem) {
    throw new UserProblem(`${path} is no snapshot, or a damaged one: ${(problem as Error).message}`);
  }
  return explained(path, () => ({ path, bytes, options: snapshotOptions(bytes) }));
}

/** Words the machine's complaints for the user. */
export function explained<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (problem) {
    if (problem instanceof SnapshotError) throw new UserProblem(`${path}: ${problem.message}`);
    throw problem;
  }
}

/** Gives the size of the file. Throws `UserProblem` when it cannot be written. */
export function writeSnapshot(path: string, bytes: Uint8Array): number {
  const compressed = deflateSync(bytes, { level: 3 });
  const unfinished = `${path}.part`;
  try {
    writeFileSync(unfinished, compressed);
    renameSync(unfinished, path);
  } catch (problem) {
    rmSync(unfinished, { force: true });
    throw new UserProblem(`${path} cannot be written: ${(problem as Error).message}`);
  }
  return compressed.length;
}
