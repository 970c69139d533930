/** Registers by name: which there are, how wide they are, and their fields. */
import { type Field, findField, findSystemRegister } from './architecture.ts';
import type { FieldPlace } from './expression/host.ts';

const general = /^([xw])([0-9]|[12][0-9]|30)$/;
const vector = /^([vqdshb])([0-9]|[12][0-9]|3[01])$/;
const vectorBytes: Readonly<Record<string, number>> = { v: 16, q: 16, d: 8, s: 4, h: 2, b: 1 };

/** A name of a register as users write it, and the target's register behind it. */
export interface RegisterName {
  /** The target's name. */
  readonly name: string;
  /** Bytes of it that the name means, from the least significant on. */
  readonly size: number;
  readonly isFloat?: boolean;
}

const aliases: Readonly<Record<string, string>> = { lr: 'x30', fp: 'x29', ip0: 'x16', ip1: 'x17' };

/** Undefined when this can be no register's name. Takes lower case. */
export function registerName(text: string): RegisterName | undefined {
  const name = aliases[text] ?? text;
  const x = general.exec(name);
  if (x) return { name: `x${x[2]}`, size: x[1] === 'x' ? 8 : 4 };
  if (name === 'wsp') return { name: 'sp', size: 4 };
  const v = vector.exec(name);
  if (v)
    return { name: `v${v[2]}`, size: vectorBytes[v[1]!]!, ...(v[1] === 'd' || v[1] === 's' ? { isFloat: true } : {}) };
  if (name === 'sp' || name === 'pc') return { name, size: 8 };
  if (name in pstateFields || name === 'pstate' || name === 'nzcv')
    return { name, size: name === 'pstate' || name === 'nzcv' ? 8 : 1 };
  return findSystemRegister(name) ? { name, size: 8 } : undefined;
}

/** Fields of PSTATE that the target knows as registers of their own, with their place in SPSR_ELx where they have one. */
export const pstateFields: Readonly<Record<string, string>> = {
  n: 'Negative',
  z: 'Zero',
  c: 'Carry',
  v: 'Overflow',
  daif: 'Masks of debug exceptions, SError, IRQ and FIQ',
  el: 'Exception level',
  spsel: 'Stack pointer: 0 SP_EL0, 1 SP_ELx',
  pan: 'Privileged access never',
  uao: 'User access override',
  dit: 'Data independent timing',
  ssbs: 'Speculative store bypass safe',
  tco: 'Tag check override',
  btype: 'Branch type',
  ss: 'Software step',
  il: 'Illegal execution state',
  allint: 'All interrupts masked',
};

/** A field of a system register by its name, in any case of letters. */
export function registerField(register: string, name: string, layout?: string): FieldPlace | undefined {
  const row = findSystemRegister(register);
  if (!row) return undefined;
  const exact =
    findField(row, name, layout) ?? row.fields.find(field => field.name.toLowerCase() === name.toLowerCase());
  return exact && fieldPlace(exact);
}

export function fieldPlace(field: Field): FieldPlace {
  return { high: field.high, low: field.low, meaning: value => field.values?.[Number(value)] };
}
