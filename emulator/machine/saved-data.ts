/**
 * Structured data as bytes and back: what devices and processing elements save. Numbers, texts, big integers, lists,
 * maps, sets, byte and word arrays, and objects of these; nothing else, and nothing is lost on the way.
 */

/** The bytes are not what this module wrote. */
export class SavedDataError extends Error {
  override readonly name = 'SavedDataError';
}

const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  double: 5,
  bigint: 6,
  text: 7,
  list: 8,
  object: 9,
  map: 10,
  set: 11,
  array: 12,
} as const;

/** Views that may be saved; their place in the list is what is written. */
const arrayTypes = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

/** Nested deeper than this is a circle, or made to exhaust the stack. */
const deepest = 200;

/** Throws `TypeError` for what cannot be saved: that is a mistake of the program. */
export function encodeSavedData(value: unknown): Uint8Array {
  const writer = new Writer();
  write(writer, value, 0);
  return writer.bytes();
}

/** Throws `SavedDataError`. */
export function decodeSavedData(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = read(reader, 0);
  if (!reader.atEnd) throw new SavedDataError('there are bytes after the saved data');
  return value;
}

class Writer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
  byte(value: number): void {
    const at = this.#room(1);
    this.#bytes[at] = value;
  }
  count(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }
  double(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }
  raw(bytes: Uint8Array): void {
    this.count(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }
  text(text: string): void {
    this.raw(new TextEncoder().encode(text));
  }
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

function write(to: Writer, value: unknown, depth: number): void {
  if (depth > deepest) throw new TypeError('state that is nested too deeply to be saved');
  switch (typeof value) {
    case 'undefined':
      to.byte(tags.undefined);
      return;
    case 'boolean':
      to.byte(value ? tags.true : tags.false);
      return;
    case 'number':
      if (Number.isInteger(value) && value >= 0 && value < 2 ** 32 && !Object.is(value, -0)) {
        to.byte(tags.integer);
        to.count(value);
      } else {
        to.byte(tags.double);
        to.double(value);
      }
      return;
    case 'bigint':
      to.byte(tags.bigint);
      to.text(value.toString(16));
      return;
    case 'string':
      to.byte(tags.text);
      to.text(value);
      return;
    case 'object':
      writeObject(to, value, depth);
      return;
    default:
      throw new TypeError(`a ${typeof value} cannot be saved`);
  }
}

function writeObject(to: Writer, value: object | null, depth: number): void {
  const all = (tag: number, values: readonly unknown[]) => {
    to.byte(tag);
    to.count(values.length);
    for (const one of values) write(to, one, depth + 1);
  };
  if (value === null) to.byte(tags.null);
  else if (Array.isArray(value)) all(tags.list, value);
  else if (value instanceof Set) all(tags.set, [...value]);
  else if (value instanceof Map) all(tags.map, [...value].flat(1));
  else if (ArrayBuffer.isView(value)) {
    const type = arrayTypes.findIndex(candidate => value instanceof candidate);
    if (type < 0) throw new TypeError(`a ${value.constructor.name} cannot be saved`);
    to.byte(tags.array);
    to.byte(type);
    to.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError(`a ${value.constructor.name} cannot be saved`);
    all(tags.object, Object.entries(value).flat(1));
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // A subclass may give views where copies are needed.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }
  #take(count: number): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) throw new SavedDataError('the saved data ends early');
    this.#offset += count;
    return at;
  }
  byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }
  count(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  raw(): Uint8Array {
    const length = this.count();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }
  text(): string {
    return new TextDecoder().decode(this.raw());
  }
}

function read(from: Reader, depth: number): unknown {
  if (depth > deepest) throw new SavedDataError('the saved data is nested too deeply');
  const tag = from.byte();
  switch (tag) {
    case tags.undefined:
      return undefined;
    case tags.null:
      return null;
    case tags.false:
      return false;
    case tags.true:
      return true;
    case tags.integer:
      return from.count();
    case tags.double:
      return from.double();
    case tags.bigint: {
      const text = from.text();
      if (!/^-?[0-9a-f]+$/.test(text)) throw new SavedDataError('a saved number is damaged');
      return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
    }
    case tags.text:
      return from.text();
    case tags.array: {
      const type = arrayTypes[from.byte()];
      const bytes = from.raw();
      if (!type || bytes.length % type.BYTES_PER_ELEMENT !== 0) throw new SavedDataError('a saved array is damaged');
      return new type(bytes.buffer as ArrayBuffer, 0, bytes.length / type.BYTES_PER_ELEMENT);
    }
    case tags.list:
    case tags.set:
    case tags.map:
    case tags.object: {
      const count = from.count();
      const values: unknown[] = [];
      for (let index = 0; index < count; index++) values.push(read(from, depth + 1));
      if (tag === tags.list) return values;
      if (tag === tags.set) return new Set(values);
      const pairs: [unknown, unknown][] = [];
      for (let index = 0; index + 1 < values.length; index += 2) pairs.push([values[index], values[index + 1]]);
      if (tag === tags.map) return new Map(pairs);
      if (pairs.some(([name]) => typeof name !== 'string')) throw new SavedDataError('a saved object is damaged');
      return Object.fromEntries(pairs as [string, unknown][]);
    }
    default:
      throw new SavedDataError('the saved data is damaged');
  }
}
