/** Accesses to many bytes of a page one after the other, as memory copies and sets make them. */
import { contextOf } from '../translation/regime.ts';
import { type AccessPath, busAccess, externalAbort, type Span } from './access-path.ts';
import { ACCESS_STORE, ACCESS_UNPRIVILEGED } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';

/** Bytes of a page that an access of several has reached. */
export interface ReachedBytes {
  /** They are memory, which nobody else needs to know of. */
  readonly bytes?: Uint8Array;
  /** The byte at a distance from the first; undefined, and why in `failed`, when it cannot be read. */
  read(at: number): number | undefined;
  /** False, with the reason in `failed`, when it cannot be written. */
  write(at: number, value: number): boolean;
}

/**
 * The bytes of a run within a page, for what accesses them one after the other whatever their alignment. Undefined, and
 * why in `failed`, when not even the first access could be made. `descriptor` tells kind and privilege, no size.
 */
export function reachBytes(
  path: AccessPath,
  unit: ExecutionUnit,
  address: bigint,
  length: number,
  descriptor: number,
): ReachedBytes | undefined {
  const store = (descriptor & ACCESS_STORE) !== 0;
  const privileged = unit.state.el > 0 && !((descriptor & ACCESS_UNPRIVILEGED) !== 0 && unit.actsUnprivileged());
  const context = contextOf(unit.regime, privileged, unit.state.pan === 1);
  const known = unit.tlb.linear(context, address, store);
  if (known !== undefined) return inMemory(path, known, length);
  const kind = store ? 'write' : 'read';
  const translation = path.translate(unit, address, kind, privileged);
  if (!translation || path.stoppedByGuest(unit, address, length, kind)) return undefined;
  if (path.stoppedByTag(unit, { address, size: length, translation, kind, privileged })) return undefined;
  const part = { address, size: length, translation, store, privileged };
  const range = path.route(unit, part);
  if (!range || path.stoppedByWatchpoint(unit, part, store)) return undefined;
  const { physicalAddress } = translation;
  if (!range.memory || !(store ? range.directWrite : range.directRead)) return onDevice(path, unit, part);
  const linear = range.memory.host + (physicalAddress - range.memory.base);
  if (store) path.observer.beforeWrite(linear, length);
  path.fill(unit, part, range);
  return inMemory(path, linear, length);
}

function inMemory(path: AccessPath, linear: number, length: number): ReachedBytes {
  const bytes = path.map.memory.u8.subarray(linear, linear + length);
  return {
    bytes,
    read: at => bytes[at],
    write: (at, value) => {
      bytes[at] = value;
      return true;
    },
  };
}

function onDevice(path: AccessPath, unit: ExecutionUnit, part: Span): ReachedBytes {
  const access = busAccess(unit, part);
  const { physicalAddress } = part.translation;
  const failed = (at: number): undefined =>
    path.fault(unit, externalAbort({ ...part, address: part.address + BigInt(at) }));
  return {
    read: at => {
      const value = path.map.read(physicalAddress + at, 1, access);
      return value === undefined ? failed(at) : Number(value);
    },
    write: (at, value) => {
      if (path.map.write(physicalAddress + at, 1, BigInt(value), access)) return true;
      failed(at);
      return false;
    },
  };
}
