/**
 * Devices whose registers are declared as data: one row a register, from which accesses, masks, reset, saved state
 * and the debugger's view follow.
 */

import type { AccessSize } from '../bus/types.ts';

/** A field of a device register. */
export interface DeviceField {
  readonly name: string;
  readonly high: number;
  readonly low: number;
}

/** One 32-bit register of a device `D`. */
export interface DeviceRegister<D> {
  readonly name: string;
  /** Byte offset in the device's region, a multiple of four. */
  readonly offset: number;
  /** What it is, in a few words. */
  readonly brief: string;
  readonly fields: readonly DeviceField[];
  /** Value after reset; stored registers only. */
  readonly reset?: number;
  /** Value computed at the read instead of stored; may have effects. */
  readonly read?: (device: D) => number;
  /** Value as a debugger sees it; needed where `read` has effects. */
  readonly peek?: (device: D) => number;
  /** Takes a write over; the value is masked to the fields. Nothing is stored then. */
  readonly write?: (device: D, value: number) => void;
  /** Called after a write was stored. */
  readonly written?: (device: D) => void;
  /** Writes are ignored. */
  readonly readOnly?: boolean;
}

/** `field('TXFE', 7)` is one bit, `field('DATA', 7, 0)` a range of bits. */
export const field = (name: string, high: number, low = high): DeviceField => ({ name, high, low });

/** A register as a debugger shows it. */
export interface DeviceRegisterView {
  readonly name: string;
  readonly offset: number;
  readonly brief: string;
  readonly value: number;
  readonly fields: readonly { readonly name: string; readonly value: number }[];
}

/** Mask of the bits that the fields cover, unsigned. */
function fieldMask(fields: readonly DeviceField[]): number {
  let mask = 0;
  for (const { high, low } of fields) for (let bit = low; bit <= high; bit++) mask |= 1 << bit;
  return mask >>> 0;
}

/**
 * The registers of one device. An access narrower than a register sees its bytes; a 64-bit access is two registers.
 * Offsets without a register read as zero and ignore writes.
 */
export class RegisterBank<D> {
  readonly #device: D;
  readonly #rows: readonly DeviceRegister<D>[];
  readonly #byOffset = new Map<number, number>();
  readonly #byName = new Map<string, number>();
  readonly #masks: Uint32Array;
  readonly #values: Uint32Array;

  constructor(device: D, rows: readonly DeviceRegister<D>[]) {
    this.#device = device;
    this.#rows = rows;
    this.#masks = Uint32Array.from(rows, row => fieldMask(row.fields));
    this.#values = new Uint32Array(rows.length);
    rows.forEach((row, index) => {
      this.#byOffset.set(row.offset, index);
      this.#byName.set(row.name, index);
    });
    rows.forEach((row, index) => {
      this.#values[index] = row.reset ?? 0;
    });
  }

  /** Stored value of a register. */
  get(name: string): number {
    return this.#values[this.#index(name)]!;
  }

  /** Stores a value without effects or masks. */
  set(name: string, value: number): void {
    this.#values[this.#index(name)] = value;
  }

  /** A guest's read of `size` bytes. */
  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.read(offset, 4) | (this.read(offset + 4, 4) << 32n);
    const index = this.#byOffset.get(offset & ~3);
    if (index === undefined) return 0n;
    const row = this.#rows[index]!;
    const value = row.read ? row.read(this.#device) : this.#values[index]!;
    const shifted = (value >>> 0) >>> (8 * (offset & 3));
    return BigInt(size === 4 ? shifted : shifted & (size === 2 ? 0xffff : 0xff));
  }

  /** A guest's write of `size` bytes; the bytes of the register that it does not name keep their value. */
  write(offset: number, size: AccessSize, value: bigint): void {
    if (size === 8) {
      this.write(offset, 4, value & 0xffff_ffffn);
      this.write(offset + 4, 4, value >> 32n);
      return;
    }
    const index = this.#byOffset.get(offset & ~3);
    if (index === undefined) return;
    const row = this.#rows[index]!;
    if (row.readOnly) return;
    const shift = 8 * (offset & 3);
    const touched = size === 4 ? 0xffff_ffff : ((size === 2 ? 0xffff : 0xff) << shift) >>> 0;
    const kept = row.write ? 0 : this.#values[index]! & ~touched;
    const merged = ((kept | ((Number(value) << shift) & touched)) & this.#masks[index]!) >>> 0;
    if (row.write) {
      row.write(this.#device, merged);
      return;
    }
    this.#values[index] = merged;
    row.written?.(this.#device);
  }

  /** Every register as a debugger sees it, without effects. */
  describe(): DeviceRegisterView[] {
    return this.#rows.map((row, index) => {
      const value = (row.peek ?? row.read ?? (() => this.#values[index]!))(this.#device) >>> 0;
      const fields = row.fields.map(({ name, high, low }) => ({
        name,
        value: Math.floor(value / 2 ** low) % 2 ** (high - low + 1),
      }));
      return { name: row.name, offset: row.offset, brief: row.brief, value, fields };
    });
  }

  save(): number[] {
    return [...this.#values];
  }

  restore(saved: readonly number[]): void {
    this.#values.set(saved);
  }

  #index(name: string): number {
    const index = this.#byName.get(name);
    if (index === undefined) throw new Error(`no register ${name}`);
    return index;
  }
}

/**
 * The eight identification registers at the end of a PrimeCell's page: four bytes of peripheral ID at 0xfe0 and four
 * of component ID at 0xff0 (value 0xB105F00D).
 */
export function primeCellIdentification<D>(peripheral: readonly [number, number, number, number]): DeviceRegister<D>[] {
  const bytes = [...peripheral, 0x0d, 0xf0, 0x05, 0xb1];
  return bytes.map((byte, index) => ({
    name: index < 4 ? `PeriphID${index}` : `PCellID${index - 4}`,
    offset: 0xfe0 + 4 * index,
    brief: index < 4 ? 'peripheral identification' : 'PrimeCell identification',
    fields: [field('ID', 7, 0)],
    read: () => byte,
    readOnly: true,
  }));
}
