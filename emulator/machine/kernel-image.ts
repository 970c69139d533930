/** The arm64 Linux image header (Documentation/arch/arm64/booting.rst) and where an image goes. */

import { ImageError } from './image.ts';

/** What the header of an arm64 `Image` says. */
export interface KernelImageHeader {
  /** Offset from a 2 MiB aligned base at which the image wants to be. */
  readonly textOffset: number;
  /** Bytes that the kernel takes from its start, its uninitialised data included; zero in very old kernels. */
  readonly imageSize: number;
  readonly bigEndian: boolean;
  /** Page size in bytes that the kernel is built for, when it says so. */
  readonly pageSize: number | undefined;
}

const headerSize = 64;
const magicAt = 56;
const magic = 0x644d_5241; // "ARM\x64"
const twoMebibytes = 0x20_0000;
/** Images from before the size was recorded are loaded at this offset. */
const oldTextOffset = 0x8_0000;
/** QEMU keeps the first page of RAM for its boot code; an image that wants to be there goes 2 MiB up. */
const bootCodeSize = 0x1000;

/** The header, or undefined when the bytes have none. */
export function readKernelImageHeader(bytes: Uint8Array): KernelImageHeader | undefined {
  if (bytes.length < headerSize) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(magicAt, true) !== magic) return undefined;
  const textOffset = Number(view.getBigUint64(8, true));
  const imageSize = Number(view.getBigUint64(16, true));
  const flags = Number(view.getBigUint64(24, true) & 0xffn);
  return {
    textOffset,
    imageSize,
    bigEndian: (flags & 1) !== 0,
    pageSize: [undefined, 0x1000, 0x4000, 0x1_0000][(flags >> 1) & 3],
  };
}

/** Whether bytes are compressed by gzip. */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Offset from the start of RAM at which a kernel goes, and the memory it takes. */
export function placeKernelImage(name: string, bytes: Uint8Array): { readonly offset: number; readonly size: number } {
  const header = readKernelImageHeader(bytes);
  if (!header) return { offset: oldTextOffset, size: bytes.length };
  if (header.bigEndian) throw new ImageError(`${name}: a big-endian kernel; build it without CONFIG_CPU_BIG_ENDIAN`);
  if (header.imageSize === 0) return { offset: oldTextOffset, size: bytes.length };
  if (!Number.isSafeInteger(header.textOffset) || !Number.isSafeInteger(header.imageSize)) {
    throw new ImageError(`${name}: the kernel's image header is damaged (its size or offset is absurd)`);
  }
  const offset = header.textOffset < bootCodeSize ? header.textOffset + twoMebibytes : header.textOffset;
  return { offset, size: Math.max(header.imageSize, bytes.length) };
}
