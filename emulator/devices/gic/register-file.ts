/**
 * Memory-mapped registers as rows of a table: offset, name, width, fields and what a read or write does. From the rows
 * come the routing of accesses, the masks, and the names a debugger shows for an offset.
 */
import type { AccessSize, BusAccess, MmioRegion } from '../../bus/types.ts';

/** A field of a register. */
export interface RegisterField<Name extends string = string> {
  readonly name: Name;
  readonly high: number;
  readonly low: number;
  readonly brief: string;
}

/** Declares a field by its bits, written as in a manual: `'7:5'` or `'31'`. */
export function field<const Name extends string>(bits: string, name: Name, brief: string): RegisterField<Name> {
  const [high = 0, low = high] = bits.split(':').map(Number);
  return { name, high, low, brief };
}

/** Mask of the named fields of a register of up to 32 bits, or of all its fields. */
export function fieldMask<Name extends string>(
  fields: readonly RegisterField<Name>[],
  ...names: readonly NoInfer<Name>[]
): number {
  let mask = 0;
  for (const f of fields) {
    if (names.length > 0 && !names.includes(f.name)) continue;
    mask |= f.high - f.low === 31 ? -1 : ((1 << (f.high - f.low + 1)) - 1) << f.low;
  }
  return mask >>> 0;
}

interface RegisterRowBase {
  readonly name: string;
  readonly offset: number;
  /** Number of registers of this kind, one after the other; 1 when absent. */
  readonly count?: number;
  readonly brief: string;
  readonly fields?: readonly RegisterField[];
}

/** A 32-bit register, or an array of them. A direction that is missing reads as zero or ignores writes. */
export interface RegisterRow32<Device> extends RegisterRowBase {
  readonly width?: 32;
  readonly read?: (device: Device, index: number, access: BusAccess) => number;
  readonly write?: (device: Device, value: number, index: number, access: BusAccess) => void;
}

/** An array of 32-bit registers of four bytes each, which can be accessed singly: `index` and values are of bytes. */
export interface RegisterRow8<Device> extends RegisterRowBase {
  readonly width: 8;
  readonly read?: (device: Device, index: number, access: BusAccess) => number;
  readonly write?: (device: Device, value: number, index: number, access: BusAccess) => void;
}

/** A 64-bit register, or an array of them; each half can be accessed by itself. */
export interface RegisterRow64<Device> extends RegisterRowBase {
  readonly width: 64;
  readonly read?: (device: Device, index: number, access: BusAccess) => bigint;
  readonly write?: (device: Device, value: bigint, index: number, access: BusAccess) => void;
}

export type RegisterRow<Device> = RegisterRow32<Device> | RegisterRow64<Device> | RegisterRow8<Device>;

interface Placed<Device> {
  readonly row: RegisterRow<Device>;
  readonly index: number;
}

/** Masks of all fields of a register of up to 32 bits, by name. */
export function fieldMasks<Name extends string>(
  fields: readonly RegisterField<Name>[],
): Readonly<Record<Name, number>> {
  return Object.fromEntries(fields.map(f => [f.name, fieldMask([f])])) as Record<Name, number>;
}

/** Identification registers as every Arm component has them at the end of its 64 KiB or 4 KiB frame. */
export function identificationRows<Device>(
  prefix: string,
  offset: number,
  values: readonly number[],
): RegisterRow<Device> {
  return {
    name: `${prefix}_ID`,
    offset,
    count: values.length,
    brief: 'Peripheral and component identification.',
    read: (_, index) => values[index] ?? 0,
  };
}

/** Routes accesses by offset to register rows. What no row covers reads as zero and ignores writes. */
export class RegisterFile<Device> {
  readonly rows: readonly RegisterRow<Device>[];
  readonly #words = new Map<number, Placed<Device>>();

  constructor(rows: readonly RegisterRow<Device>[]) {
    this.rows = rows;
    for (const row of rows) {
      const bytes = row.width === 64 ? 8 : 4;
      for (let index = 0; index < (row.count ?? 1); index++) {
        for (let half = 0; half < bytes; half += 4) {
          const offset = row.offset + index * bytes + half;
          const other = this.#words.get(offset);
          if (other) throw new Error(`${row.name} overlaps ${other.row.name} at offset 0x${offset.toString(16)}`);
          this.#words.set(offset, { row, index });
        }
      }
    }
  }

  /** Register at an offset, as a person names it, such as `GICD_ISENABLER3`. */
  nameAt(offset: number): string | undefined {
    const placed = this.#words.get(offset & ~3);
    return placed && placed.row.name + ((placed.row.count ?? 1) > 1 ? placed.index : '');
  }

  read(device: Device, offset: number, size: AccessSize, access: BusAccess): bigint {
    const placed = this.#words.get(offset & ~3);
    if (!placed?.row.read) return 0n;
    const { row, index } = placed;
    const within = offset - row.offset;
    if (row.width === 64) {
      if (size < 4) return 0n;
      const value = row.read?.(device, index, access) ?? 0n;
      return size === 8 ? value : BigInt.asUintN(32, value >> BigInt((within & 7) * 8));
    }
    if (row.width === 8) {
      if (size !== 1 && size !== 4) return 0n;
      let value = 0;
      for (let i = 0; i < size; i++) value |= (row.read?.(device, within + i, access) ?? 0) << (i * 8);
      return BigInt(value >>> 0);
    }
    return size === 4 ? BigInt((row.read?.(device, index, access) ?? 0) >>> 0) : 0n;
  }

  write(device: Device, offset: number, size: AccessSize, value: bigint, access: BusAccess): void {
    const placed = this.#words.get(offset & ~3);
    if (!placed?.row.write) return;
    const { row, index } = placed;
    const within = offset - row.offset;
    if (row.width === 64) {
      if (size === 8) {
        row.write?.(device, value, index, access);
      } else if (size === 4) {
        const shift = BigInt((within & 7) * 8);
        const others = (row.read?.(device, index, access) ?? 0n) & ~(0xffff_ffffn << shift);
        row.write?.(device, others | (BigInt.asUintN(32, value) << shift), index, access);
      }
    } else if (row.width === 8) {
      if (size !== 1 && size !== 4) return;
      for (let i = 0; i < size; i++) row.write?.(device, Number((value >> BigInt(i * 8)) & 0xffn), within + i, access);
    } else if (size === 4) {
      row.write?.(device, Number(BigInt.asUintN(32, value)), index, access);
    }
  }

  /** This file as a region of the bus, for one device. */
  region(name: string, device: Device): MmioRegion {
    return {
      name,
      read: (offset, size, access) => this.read(device, offset, size, access),
      write: (offset, size, value, access) => this.write(device, offset, size, value, access),
    };
  }
}
