/** How a device reads and writes the machine's memory on its own (DMA). */

import type { AddressMap } from './address-map.ts';

/** Memory as a bus-mastering device sees it. */
export interface DirectMemoryAccess {
  /** A copy of `length` bytes, or undefined when they are not all memory of one range. */
  read(physicalAddress: number, length: number): Uint8Array | undefined;
  /** Stores bytes; false when they do not all fall into writable memory of one range. */
  write(physicalAddress: number, bytes: Uint8Array): boolean;
}

/** Told about each write before it happens, so that snapshots, decoded code and watchpoints see it. */
export type DirectMemoryAccessObserver = (physicalAddress: number, length: number) => void;

/**
 * Non-secure access of a device to the memory of an address map.
 *
 * @param beforeWrite called with the range of every write that will succeed
 */
export function directMemoryAccess(map: AddressMap, beforeWrite: DirectMemoryAccessObserver): DirectMemoryAccess {
  const locate = (physicalAddress: number, length: number) => {
    const range = map.find(physicalAddress, false);
    if (!range?.memory || physicalAddress - range.base + length > range.size) return undefined;
    return { range, host: range.memory.host + (physicalAddress - range.base) };
  };
  return {
    read(physicalAddress, length) {
      const found = locate(physicalAddress, length);
      if (!found?.range.directRead) return undefined;
      return map.memory.u8.slice(found.host, found.host + length);
    },
    write(physicalAddress, bytes) {
      const found = locate(physicalAddress, bytes.length);
      if (!found?.range.directWrite) return false;
      beforeWrite(physicalAddress, bytes.length);
      map.memory.u8.set(bytes, found.host);
      return true;
    },
  };
}
