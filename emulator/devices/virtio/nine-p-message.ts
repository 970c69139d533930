/** Messages of 9P2000.L as bytes. */

import { fileError } from './folder-operation.ts';

/** The answer is an error. */
export class NinePError extends Error {
  /** Linux's number. */
  readonly number: number;
  constructor(number: number) {
    super(`9P error ${number}`);
    this.number = number;
  }
}

/** Fields of a message, least significant byte first. A message that is too short is refused. */
export class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#view.byteLength) throw new NinePError(fileError.invalid);
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }
  /** Bytes that later changes of the message do not touch. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, count).slice();
  }
  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }
}

export class Writer {
  #parts: Uint8Array[] = [];
  length = 0;

  clear(): void {
    this.#parts = [];
    this.length = 0;
  }
  append(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
  u8(value: number): void {
    this.append(Uint8Array.of(value));
  }
  u16(value: number): void {
    this.append(Uint8Array.of(value & 0xff, value >> 8));
  }
  u32(value: number): void {
    this.append(Uint8Array.from([0, 8, 16, 24], shift => (value >>> shift) & 0xff));
  }
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }
  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u16(bytes.length);
    this.append(bytes);
  }
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
