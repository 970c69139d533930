/** Reads what a loader needs of an ELF file (System V gABI 4.1, chapters 4 and 5; AArch64 ABI). */

import { ImageError, type LoadedPiece } from './image.ts';

/** Pieces of an executable and where it starts. */
export interface ElfImage {
  readonly pieces: readonly LoadedPiece[];
  /** Physical address of the first instruction. */
  readonly entry: number;
  /** Its data are big-endian; instructions never are. */
  readonly bigEndian: boolean;
}

const headerSize = 64;
const programHeaderSize = 56;
const machineAarch64 = 183;
const loadable = 1;
/** Physical addresses end here (52 bits). */
const physicalLimit = 2 ** 52;

const machines: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  40: '32-bit Arm',
  62: 'x86-64',
  243: 'RISC-V',
};
const unloadable: Readonly<Record<number, string>> = {
  1: 'it is an object file: link it first (ld -Ttext=… , or launch the source itself)',
  4: 'it is a core dump',
};

/** Whether bytes begin like an ELF file. */
export const isElf = (bytes: Uint8Array) =>
  bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;

/**
 * Reads the loadable segments at their physical addresses.
 *
 * @param name name of the file, for messages
 * @throws ImageError that says which part of the file is wrong and what to do
 */
export function readElfImage(name: string, bytes: Uint8Array): ElfImage {
  const fail = (what: string): never => {
    throw new ImageError(`${name}: ${what}`);
  };
  if (!isElf(bytes)) fail('not an ELF file');
  if (bytes.length < headerSize) fail(`the ELF header is cut short: ${bytes.length} of ${headerSize} bytes are there`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[4] !== 2) fail('a 32-bit ELF file; this machine runs AArch64 only: build for aarch64');
  if (bytes[5] !== 1 && bytes[5] !== 2) fail(`byte order ${bytes[5]} instead of little-endian (1) or big-endian (2)`);
  const little = bytes[5] === 1;
  const type = view.getUint16(16, little);
  const machine = view.getUint16(18, little);
  if (machine !== machineAarch64) {
    fail(`built for ${machines[machine] ?? `ELF machine ${machine}`}, not AArch64: use an aarch64 compiler`);
  }
  if (type !== 2 && type !== 3) fail(unloadable[type] ?? `ELF type ${type} cannot be loaded`);

  const count = view.getUint16(56, little);
  const entrySize = view.getUint16(54, little);
  const tableAt = offset(view.getBigUint64(32, little));
  if (count === 0) fail('the ELF file has no program headers: link it as an executable');
  if (entrySize !== programHeaderSize) fail(`program headers of ${entrySize} bytes instead of ${programHeaderSize}`);
  if (tableAt + count * programHeaderSize > bytes.length) {
    fail('the program headers lie beyond the end of the file: it is cut short or damaged; build or copy it again');
  }

  const pieces: LoadedPiece[] = [];
  const virtualEntry = view.getBigUint64(24, little);
  let entry: number | undefined;
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * programHeaderSize;
    if (view.getUint32(at, little) !== loadable) continue;
    const fileOffset = offset(view.getBigUint64(at + 8, little));
    const virtualAddress = view.getBigUint64(at + 16, little);
    const address = physical(view.getBigUint64(at + 24, little));
    const fileSize = offset(view.getBigUint64(at + 32, little));
    const memorySize = offset(view.getBigUint64(at + 40, little));
    if (memorySize === 0) continue;
    const where = `segment ${index} at 0x${address.toString(16)}`;
    if (fileSize > memorySize) fail(`${where} has more bytes in the file than in memory; the file is damaged`);
    if (fileOffset + fileSize > bytes.length) {
      fail(`${where} lies beyond the end of the file: it is cut short or damaged; build or copy it again`);
    }
    if (!Number.isFinite(address) || address + memorySize > physicalLimit) {
      fail(`${where} is no physical address; link the program to run in RAM (from 0x40000000)`);
    }
    if (virtualEntry >= virtualAddress && virtualEntry < virtualAddress + BigInt(memorySize)) {
      entry = address + Number(virtualEntry - virtualAddress);
    }
    pieces.push({
      name: `${name} ${where}`,
      address,
      bytes: bytes.subarray(fileOffset, fileOffset + fileSize),
      size: memorySize,
    });
  }
  if (pieces.length === 0) fail('the ELF file has no loadable segment: link it as an executable');
  if (entry === undefined) {
    throw new ImageError(
      `${name}: the entry point 0x${virtualEntry.toString(16)} lies in no segment; set it with ENTRY(_start) or -e _start`,
    );
  }
  return { pieces, entry, bigEndian: !little };
}

/** A file offset or size; what no double can hold exactly is certainly beyond the end. */
const offset = (value: bigint) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.POSITIVE_INFINITY);
const physical = offset;
