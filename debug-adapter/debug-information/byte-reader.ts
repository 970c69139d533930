/** Reads values one after the other; going past the end is a `MalformedData`, never a wrong value. */

/** The data is not what it says it is. The message names the part and the place. */
export class MalformedData extends Error {
  override readonly name = 'MalformedData';
}

const utf8 = new TextDecoder('utf-8', { fatal: false });

export class ByteReader {
  readonly bytes: Uint8Array;
  /** What is being read, for error messages: ".debug_line". */
  readonly what: string;
  readonly end: number;
  offset: number;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, what: string, offset = 0, end = bytes.length, littleEndian = true) {
    this.bytes = bytes;
    this.#littleEndian = littleEndian;
    this.what = what;
    this.end = Math.min(end, bytes.length);
    this.offset = offset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (offset < 0 || offset > this.end)
      throw new MalformedData(`${what}: offset ${offset} is outside its ${this.end} bytes`);
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  /** A reader of a part of the same bytes. */
  slice(offset: number, end: number): ByteReader {
    if (end > this.end) throw new MalformedData(`${this.what}: a part ends at ${end}, past its ${this.end} bytes`);
    return new ByteReader(this.bytes, this.what, offset, end, this.#littleEndian);
  }

  #take(length: number): number {
    const at = this.offset;
    if (length < 0 || at + length > this.end) {
      throw new MalformedData(`${this.what}: ends at byte ${this.end} where ${length} more were expected at ${at}`);
    }
    this.offset = at + length;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#littleEndian);
  }
  u24(): number {
    const at = this.#take(3);
    const [first, middle, last] = this.bytes.subarray(at, at + 3) as unknown as [number, number, number];
    return this.#littleEndian ? first | (middle << 8) | (last << 16) : (first << 16) | (middle << 8) | last;
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#littleEndian);
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#littleEndian);
  }
  /** A 64-bit number that must fit a double: a file offset or size. */
  size64(): number {
    const value = this.u64();
    if (value > 0xf_ffff_ffff_ffffn) throw new MalformedData(`${this.what}: ${value} is no possible size or offset`);
    return Number(value);
  }
  /** Unsigned value of 1, 2, 4 or 8 bytes. */
  unsigned(size: number): bigint {
    switch (size) {
      case 1:
        return BigInt(this.u8());
      case 2:
        return BigInt(this.u16());
      case 4:
        return BigInt(this.u32());
      case 8:
        return this.u64();
      default:
        throw new MalformedData(`${this.what}: a value of ${size} bytes at ${this.offset}`);
    }
  }

  uleb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asUintN(64, value);
      if (shift > 63n) throw new MalformedData(`${this.what}: a LEB128 number longer than 64 bits at ${this.offset}`);
    }
  }
  /** Passes over a LEB128 number of either kind. */
  skipLeb(): void {
    while (this.u8() & 0x80);
  }
  /** A ULEB128 that is used as a count, code or offset. */
  ulebNumber(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) break;
      if (scale > 2 ** 49) throw new MalformedData(`${this.what}: a number too large for its place at ${this.offset}`);
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedData(`${this.what}: a number too large at ${this.offset}`);
    return value;
  }
  sleb(): bigint {
    // Most are of one byte.
    const only = this.offset < this.end ? this.bytes[this.offset]! : 0x80;
    if (only < 0x80) {
      this.offset++;
      return BigInt(only & 0x40 ? only - 0x80 : only);
    }
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if ((byte & 0x80) === 0) return BigInt.asIntN(64, byte & 0x40 ? value - (1n << shift) : value);
      if (shift > 70n) throw new MalformedData(`${this.what}: a LEB128 number longer than 64 bits at ${this.offset}`);
    }
  }
  /** An SLEB128 that is used as a distance between small numbers. */
  slebNumber(): number {
    const value = this.sleb();
    if (value < -0x8000_0000n || value > 0x7fff_ffffn)
      throw new MalformedData(`${this.what}: a number too large at ${this.offset}`);
    return Number(value);
  }

  cString(): string {
    const start = this.offset;
    const zero = this.bytes.indexOf(0, start);
    if (zero < 0 || zero >= this.end) throw new MalformedData(`${this.what}: a string at ${start} has no end`);
    this.offset = zero + 1;
    return utf8.decode(this.bytes.subarray(start, zero));
  }
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }
  skip(length: number): void {
    this.#take(length);
  }
}
