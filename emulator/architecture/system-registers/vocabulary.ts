/** The words the register tables are written in, beside those of system-register.ts. */
import {
  type Condition,
  type Direction,
  type ExceptionLevel,
  isNot,
  off,
  on,
  type Redirect,
  type SystemRegister,
  type TrapDraft,
} from '../system-register.ts';

/** What a rule is about: reads, writes, or both. */
export type Access = Direction | 'access';

export const readWrite = (from: ExceptionLevel): SystemRegister['access'] => ({ read: from, write: from });
export const readOnly = (from: ExceptionLevel): SystemRegister['access'] => ({ read: from });
export const writeOnly = (from: ExceptionLevel): SystemRegister['access'] => ({ write: from });

/** EL2 runs a host (FEAT_VHE). */
export const e2h: Condition = on('HCR_EL2', 'E2H');
export const noE2h: Condition = off('HCR_EL2', 'E2H');
/** EL0 is the application level of a host at EL2. */
export const inHost: Condition = on('HCR_EL2', 'E2H,TGE', 3);
export const notInHost: Condition = isNot('HCR_EL2', 'E2H,TGE', 3);

const trapTo =
  (to: 1 | 2 | 3) =>
  (direction: Access, ...when: Condition[]): TrapDraft => ({ to, on: direction, when, as: 'systemRegister' });

/** Traps from every lower level that may access the register at all. */
export const toEL1 = trapTo(1);
export const toEL2 = trapTo(2);
export const toEL3 = trapTo(3);

/** A trap spelt out: from the named levels only, or reported otherwise. */
export function trap(
  to: 1 | 2 | 3,
  direction: Access,
  from: readonly ExceptionLevel[],
  when: readonly Condition[],
  more: Pick<Partial<TrapDraft>, 'as' | 'feature'> = {},
): TrapDraft {
  return { to, on: direction, from, when, as: 'systemRegister', ...more };
}

/** UNDEFINED at one level, in the order of the traps beside it. */
export const undefinedAt = (level: 1 | 2 | 3, ...when: Condition[]): TrapDraft =>
  trap(level, 'access', [level], when, { as: 'undefined' });

/** A register of Secure EL2 (FEAT_SEL2): UNDEFINED in Non-secure state, and at EL3 while SCR_EL3.EEL2 is 0. */
export const onlySecureEl2: readonly TrapDraft[] = [
  undefinedAt(1, on('SCR_EL3', 'NS')),
  undefinedAt(2, on('SCR_EL3', 'NS')),
  undefinedAt(3, off('SCR_EL3', 'EEL2')),
];

/** A trap of floating-point state from every lower level (exception class 0x07). */
export const floatingPointTo = (to: 1 | 2 | 3, ...when: Condition[]): TrapDraft => ({
  to,
  on: 'access',
  when,
  as: 'floatingPoint',
});

/**
 * The fine-grained traps of a register (FEAT_FGT): reads by the field in HFGRTR_EL2, writes by the one in HFGWTR_EL2,
 * or with 'HDFG' by those of HDFGRTR_EL2 and HDFGWTR_EL2.
 */
export function fineGrained(set: 'HFG' | 'HDFG', name: string, direction: Access, ...when: Condition[]): TrapDraft[] {
  const enabled = on('SCR_EL3', 'FGTEn');
  const one = (each: Direction): TrapDraft =>
    toEL2(each, ...when, enabled, on(`${set}${each === 'read' ? 'R' : 'W'}TR_EL2`, name));
  return direction === 'access' ? [one('read'), one('write')] : [one(direction)];
}

/** Under HCR_EL2.E2H = 1, EL2 reaches its own register by the name of EL1's (FEAT_VHE). */
export const hostRedirect = (to: string): Redirect => ({ from: [2], on: 'access', to, when: [e2h] });

/** A guest hypervisor without VHE keeps its own exception state in these registers of EL1: NV1 traps them (FEAT_NV). */
export const nestedStateTrap: TrapDraft = {
  to: 2,
  on: 'access',
  from: [1],
  when: [on('HCR_EL2', 'NV'), on('HCR_EL2', 'NV1'), off('HCR_EL2', 'NV2')],
  as: 'systemRegister',
};

/** EL2's registers are reached from EL1, in memory or as EL1's (FEAT_NV2). */
export const nestedWithMemory: readonly Condition[] = [on('HCR_EL2', 'NV'), on('HCR_EL2', 'NV2')];

/** A hypervisor at EL1 reaches EL1's register by the name of its own (FEAT_NV2). */
export const nestedRedirect = (to: string): Redirect => ({
  from: [1],
  on: 'access',
  to,
  when: nestedWithMemory,
});

/** The condition that a field counts to at least `least`; `most` is the largest value it can hold. */
export function atLeast(register: string, name: string, least: number, most: number): Condition[] {
  if (least <= 0) return [];
  return [on(register, name, ...Array.from({ length: most - least + 1 }, (_, n) => least + n))];
}

/** The rows of a numbered family of registers. */
export function family<Index extends number, Row>(indexes: readonly Index[], make: (n: Index) => Row): Row[] {
  return indexes.map(make);
}

export const upTo4 = [0, 1, 2, 3] as const;
export const upTo16 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;
export const upTo31 = [...upTo16, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30] as const;
