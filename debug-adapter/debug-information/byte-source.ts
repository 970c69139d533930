/**
 * Where the bytes of an image come from. A kernel with debug information has hundreds of megabytes, of which a session
 * looks at a few: parts are read when they are asked for.
 */

export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** Bytes of a part that lies within the size. Throws `MalformedData` when they cannot be read. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes that are in memory already. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
