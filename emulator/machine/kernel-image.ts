/** The arm64 Linux image header (Documentation/arch/arm64/booting.rst) and where an image goes. */

import { ImageError } from './image.ts';

/** What the header of an arm64 `Image` says. */
export interface KernelImageHeader {
  /** Offset from a 2 MiB aligned base at which the image wants to be. */
  readonly textOffset: number;
  /** Bytes that the kernel takes from its start, its uninitialised data included; zero in very old kernels. */
  readonly imageSize: number;
  /** Page size in bytes that the kernel is built for, when it says so. */
  readonly pageSize: number | undefined;
}

const headerSize = 64;
const magicAt = 56;
const magic = 0x644d_5241; // "ARM\x64"
const peSignature = 0x0000_4550; // "PE"
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
    pageSize: [undefined, 0x1000, 0x4000, 0x1_0000][(flags >> 1) & 3],
  };
}

/**
 * Bytes that the file has at least by the table of sections that an image with an EFI stub carries (it is a PE file as
 * well); zero without one.
 */
function lengthBySections(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const peAt = view.getUint32(0x3c, true);
  if (peAt < headerSize || peAt + 24 > bytes.length || view.getUint32(peAt, true) !== peSignature) return 0;
  const sections = view.getUint16(peAt + 6, true);
  const table = peAt + 24 + view.getUint16(peAt + 20, true);
  let end = 0;
  for (let i = 0; i < sections && table + 40 * (i + 1) <= bytes.length; i++) {
    const size = view.getUint32(table + 40 * i + 16, true);
    if (size > 0) end = Math.max(end, view.getUint32(table + 40 * i + 20, true) + size);
  }
  return end;
}

/** Whether bytes are compressed by gzip. */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Offset from the start of RAM at which a kernel goes, and the memory it takes. */
export function placeKernelImage(name: string, bytes: Uint8Array): { readonly offset: number; readonly size: number } {
  const header = readKernelImageHeader(bytes);
  if (!header) return { offset: oldTextOffset, size: bytes.length };
  if (header.imageSize === 0) return { offset: oldTextOffset, size: bytes.length };
  if (!Number.isSafeInteger(header.textOffset) || !Number.isSafeInteger(header.imageSize)) {
    throw new ImageError(`${name}: the kernel's image header is damaged (its size or offset is absurd)`);
  }
  const wanted = lengthBySections(bytes);
  if (wanted > bytes.length) {
    throw new ImageError(`${name} is cut off: its header speaks of ${wanted} bytes, and there are ${bytes.length}`);
  }
  const offset = header.textOffset < bootCodeSize ? header.textOffset + twoMebibytes : header.textOffset;
  return { offset, size: Math.max(header.imageSize, bytes.length) };
}
