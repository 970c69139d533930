/** Bytes that grow at their end. */
export class ByteBuffer {
  bytes = new Uint8Array(64);
  length = 0;

  /** Makes room for `count` bytes and returns the offset where they begin. */
  reserve(count: number): number {
    const at = this.length;
    const needed = at + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.length = needed;
    return at;
  }

  /** Appends the low `size` bytes of a number, least significant first. */
  integer(value: bigint, size: number): void {
    const at = this.reserve(size);
    let rest = value;
    for (let index = 0; index < size; index++) {
      this.bytes[at + index] = Number(rest & 0xffn);
      rest >>= 8n;
    }
  }

  u32(value: number): void {
    const at = this.reserve(4);
    const bytes = this.bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  append(data: Uint8Array): void {
    // Making room may replace the bytes, so it comes first.
    const at = this.reserve(data.length);
    this.bytes.set(data, at);
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
