/**
 * Sections that a linker compressed: SHF_COMPRESSED with its Elf64_Chdr (ELF object file format, "Section Compression"),
 * and the older `.zdebug_` sections of GNU tools.
 */
import * as zlib from 'node:zlib';
import { type ByteReader, MalformedData } from './byte-reader.ts';

/** More than this is no section, but a file that would fill the memory. */
const maximumSize = 4 * 2 ** 30;

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;

/** Node has it from version 22.15 on. */
const zstandard = (zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdDecompressSync;

/** Contents of a section with SHF_COMPRESSED, of which a reader is given. Throws `MalformedData`. */
export function decompressSection(reader: ByteReader): Uint8Array {
  const { bytes, what } = reader;
  const type = reader.u32();
  reader.skip(4);
  const size = reader.size64();
  reader.skip(8);
  const data = bytes.subarray(reader.offset);
  if (type === ELFCOMPRESS_ZLIB) return inflate(data, size, what);
  if (type !== ELFCOMPRESS_ZSTD) throw new MalformedData(`${what} is compressed by method ${type}, which is not known`);
  if (!zstandard) {
    throw new MalformedData(
      `${what} is compressed by Zstandard, which this version of Node does not read; decompress it with objcopy --decompress-debug-sections`,
    );
  }
  return checked(() => zstandard(data), size, what);
}

/** Contents of a `.zdebug_` section: "ZLIB" and the size in big-endian order come first. */
export function decompressOldSection(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 4)) !== 'ZLIB')
    throw new MalformedData(`${what} does not begin as a compressed section does`);
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(4, false));
  return inflate(bytes.subarray(12), size, what);
}

function inflate(data: Uint8Array, size: number, what: string): Uint8Array {
  if (size > maximumSize) throw new MalformedData(`${what} claims to have ${size} bytes when decompressed`);
  return checked(() => zlib.inflateSync(data, { maxOutputLength: Math.max(size, 1) }), size, what);
}

function checked(decompress: () => Uint8Array, size: number, what: string): Uint8Array {
  let contents: Uint8Array;
  try {
    contents = decompress();
  } catch (problem) {
    throw new MalformedData(`${what} cannot be decompressed: ${problem instanceof Error ? problem.message : problem}`);
  }
  if (contents.length !== size)
    throw new MalformedData(`${what} has ${contents.length} bytes when decompressed, not the ${size} that it claims`);
  return contents;
}
