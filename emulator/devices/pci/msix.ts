/** MSI-X (PCI Local Bus Specification 3.0, 6.8.2): interrupts as messages, from a table that software fills. */

import type { AccessSize } from '../../bus/types.ts';
import type { Capability } from './function.ts';

/** Takes a message of a function: a word to be written at an address. */
export type SendMessage = (address: number, data: number) => void;

const capabilityId = 0x11;
const entrySize = 16;
const pendingOffset = 0x800;
const controlEnable = 0x80;
const controlMask = 0x40;
/** A vector that is none. */
export const noVector = 0xffff;

/** Size of the range of memory with the table and the pending bits. */
export const msixSize = 0x1000;

export class Msix {
  readonly #vectors: number;
  readonly #send: SendMessage;
  readonly #control: () => number;
  readonly #table: Uint32Array;
  readonly #pending: Uint32Array;

  /** @param control the high byte of the message control register */
  constructor(vectors: number, send: SendMessage, control: () => number) {
    this.#vectors = vectors;
    this.#send = send;
    this.#control = control;
    this.#table = new Uint32Array((vectors * entrySize) / 4);
    this.#pending = new Uint32Array(Math.ceil(vectors / 32));
    this.reset();
  }

  /** The capability, with table and pending bits in the range of a base address register. */
  static capability(vectors: number, bar: number, placed: (offset: number) => void): Capability {
    const size = vectors - 1;
    return {
      id: capabilityId,
      body: [size & 0xff, size >> 8, bar, 0, 0, 0, pendingOffset | bar, pendingOffset >> 8, 0, 0],
      writable: [0, controlEnable | controlMask],
      placed,
    };
  }

  get enabled(): boolean {
    return (this.#control() & controlEnable) !== 0;
  }

  /** Sends a vector's message, now or when it is no longer masked. */
  raise(vector: number): void {
    if (vector >= this.#vectors) return;
    if (this.#isMasked(vector)) this.#pending[vector >> 5]! |= 1 << (vector & 31);
    else this.#deliver(vector);
  }

  #isMasked(vector: number): boolean {
    return (this.#control() & controlMask) !== 0 || (this.#table[4 * vector + 3]! & 1) !== 0;
  }

  #deliver(vector: number): void {
    const [low, high, data] = this.#table.subarray(4 * vector, 4 * vector + 3) as unknown as [number, number, number];
    this.#send(high * 2 ** 32 + low, data);
  }

  /** Sends what has waited and is no longer masked. */
  maskChanged(): void {
    if (!this.enabled) return;
    for (let vector = 0; vector < this.#vectors; vector++) {
      const bit = 1 << (vector & 31);
      if (!(this.#pending[vector >> 5]! & bit) || this.#isMasked(vector)) continue;
      this.#pending[vector >> 5]! &= ~bit;
      this.#deliver(vector);
    }
  }

  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.read(offset, 4) | (this.read(offset + 4, 4) << 32n);
    const word = offset >> 2;
    const value = offset < pendingOffset ? this.#table[word] : this.#pending[word - pendingOffset / 4];
    return BigInt.asUintN(8 * size, BigInt(value ?? 0) >> BigInt(8 * (offset & 3)));
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    if (size === 8) {
      this.write(offset, 4, value & 0xffff_ffffn);
      this.write(offset + 4, 4, value >> 32n);
      return;
    }
    const word = offset >> 2;
    if (size !== 4 || word >= this.#table.length) return;
    const written = Number(value & 0xffff_ffffn);
    const field = word & 3;
    this.#table[word] = field === 0 ? (written & ~3) >>> 0 : field === 3 ? written & 1 : written;
    this.maskChanged();
  }

  /** Every vector is masked. */
  reset(): void {
    this.#pending.fill(0);
    this.#table.fill(0);
    for (let vector = 0; vector < this.#vectors; vector++) this.#table[4 * vector + 3] = 1;
  }

  save(): unknown {
    return { table: this.#table.slice(), pending: this.#pending.slice() };
  }

  restore(saved: unknown): void {
    const { table, pending } = saved as { table: Uint32Array; pending: Uint32Array };
    this.#table.set(table);
    this.#pending.set(pending);
  }
}
