/**
 * A machine at one position as bytes, to go on in another process. Only pages that are not zero are in it; whoever
 * writes it to a file compresses it.
 *
 * Layout, all little-endian: 8 bytes of mark, version (32 bits), length of the description (32 bits), the description
 * as saved data, and then for each page its address (64 bits; that of a memory area) and its 4096 bytes.
 */
import type { MachineMemory } from '../bus/memory.ts';
import { decodeSavedData, encodeSavedData, SavedDataError } from './saved-data.ts';

/** Bytes of a page in a snapshot. */
const PAGE = 4096;
const RECORD = 8 + PAGE;
const HEADER = 16;
const mark = new TextEncoder().encode('TRAPDOOR');
/** Must grow whenever what a machine saves changes its meaning. */
export const snapshotVersion = 2;

/** The bytes are no snapshot, or not one for this machine. The message is for a person. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

export interface Snapshot {
  /** All but memory. */
  readonly description: unknown;
  /** Addresses in the memory's areas, and contents; memory that is not named is zero. */
  readonly pages: readonly { readonly address: number; readonly bytes: Uint8Array }[];
}

export function encodeSnapshot(description: unknown, memory: MachineMemory): Uint8Array {
  const head = encodeSavedData(description);
  const pages: number[] = [];
  for (const { base, size, host } of memory.areas) {
    for (let offset = 0; offset < size; offset += PAGE) if (!isZero(memory, host + offset)) pages.push(base + offset);
  }
  const bytes = new Uint8Array(HEADER + head.length + pages.length * RECORD);
  const view = new DataView(bytes.buffer);
  bytes.set(mark);
  view.setUint32(8, snapshotVersion, true);
  view.setUint32(12, head.length, true);
  bytes.set(head, HEADER);
  let at = HEADER + head.length;
  for (const address of pages) {
    view.setBigUint64(at, BigInt(address), true);
    bytes.set(pageAt(memory, address) as Uint8Array, at + 8);
    at += RECORD;
  }
  return bytes;
}

/** A live view of the page at an address of an area. */
function pageAt(memory: MachineMemory, address: number): Uint8Array | undefined {
  const area = memory.areas.find(({ base, size }) => address >= base && address + PAGE <= base + size);
  const linear = area && area.host + (address - area.base);
  return linear === undefined ? undefined : memory.u8.subarray(linear, linear + PAGE);
}

function isZero({ u32 }: MachineMemory, linear: number): boolean {
  for (let at = linear >>> 2, end = at + PAGE / 4; at < end; at++) if (u32[at] !== 0) return false;
  return true;
}

/** Throws `SnapshotError`. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  if (bytes.length < HEADER || mark.some((byte, index) => bytes[index] !== byte))
    throw new SnapshotError('this is no snapshot of a machine');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== snapshotVersion)
    throw new SnapshotError(`the snapshot is of version ${version}, and this program reads version ${snapshotVersion}`);
  const start = HEADER + view.getUint32(12, true);
  if (start > bytes.length || (bytes.length - start) % RECORD !== 0) throw new SnapshotError('the snapshot is cut off');
  let description: unknown;
  try {
    description = decodeSavedData(bytes.subarray(HEADER, start));
  } catch (problem) {
    if (!(problem instanceof SavedDataError)) throw problem;
    throw new SnapshotError(`the snapshot is damaged: ${problem.message}`);
  }
  const pages: { address: number; bytes: Uint8Array }[] = [];
  for (let at = start; at < bytes.length; at += RECORD)
    pages.push({ address: Number(view.getBigUint64(at, true)), bytes: bytes.subarray(at + 8, at + RECORD) });
  return { description, pages };
}

/** Puts a snapshot's pages into memory; all else becomes zero. Throws `SnapshotError` before anything has changed. */
export function restorePages(memory: MachineMemory, pages: Snapshot['pages']): void {
  for (const { address } of pages) {
    if (address % PAGE !== 0 || pageAt(memory, address) === undefined)
      throw new SnapshotError(`the snapshot has memory at 0x${address.toString(16)}, where this machine has none`);
  }
  const kept = new Set(pages.map(({ address }) => address));
  for (const { base, size, host } of memory.areas) {
    for (let offset = 0; offset < size; offset += PAGE) {
      const linear = host + offset;
      if (!kept.has(base + offset) && !isZero(memory, linear)) memory.u8.fill(0, linear, linear + PAGE);
    }
  }
  for (const { address, bytes } of pages) pageAt(memory, address)?.set(bytes);
}
