/** Fields of stored system registers, prepared so that reading one is a load, a shift and a mask. */
import { field, type SystemRegister } from '../architecture/system-register.ts';
import {
  type SystemRegisterName,
  systemRegisterNamed,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';

/** Where a field of at most 32 bits, within one half of the register, lies. */
export interface RegisterField {
  readonly register: SystemRegisterName;
  /** Index of the 32-bit word among the words of all stored registers. */
  readonly word: number;
  /** The field lies in bits 63:32. */
  readonly upper: boolean;
  readonly shift: number;
  /** The field's bits after the shift. */
  readonly mask: number;
}

/**
 * Prepares a field of a register; `layout` names one of the row's further layouts.
 * @throws RangeError when the register has no such field or no storage.
 */
export function registerField(register: SystemRegisterName, name: string, layout?: string): RegisterField {
  const { high, low } = field(systemRegisterNamed(register), name, layout);
  return fieldAt(register, high, low);
}

/** Prepares the bits `high:low` of a register. */
export function fieldAt(register: SystemRegisterName, high: number, low: number): RegisterField {
  const slot = systemRegisterSlot(register);
  if (slot === undefined) throw new RangeError(`${register} has no storage`);
  const upper = low >= 32;
  if (upper !== high >= 32) throw new RangeError(`${register} bits ${high}:${low} cross bit 32`);
  const width = high - low + 1;
  return {
    register,
    word: slot * 2 + (upper ? 1 : 0),
    upper,
    shift: low & 31,
    mask: width === 32 ? 0xffff_ffff : 2 ** width - 1,
  };
}

/** The bits of several fields of one register, as a mask of 64 bits. */
export function maskOfFields(row: SystemRegister, names: readonly string[]): bigint {
  return names.reduce((mask, name) => mask | field(row, name).mask, 0n);
}
