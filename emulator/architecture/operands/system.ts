/** Operands of system instructions: prefetch operations, barriers, hints, system registers, PSTATE fields. */

import { current, type ImmediateRef, type OperandKind, type ParseInput, problem, type TextRef } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import { type SystemInstruction, systemInstructionAt, systemInstructions } from '../system-instructions.ts';
import { systemEncodingKey } from '../system-register.ts';
import { findSystemRegister, systemRegisterAt } from '../system-registers/index.ts';
import { absentRegisterAt, findAbsentRegister } from '../system-registers/of-absent-features.ts';
import { hexadecimal, immediateAt, parseRange } from './immediate.ts';
import { generalRegisterName, parseGeneralRegister } from './register.ts';

/** A number that mostly has a name: `#3` where the name is missing. */
export function named(
  field: string,
  width: number,
  names: readonly (string | undefined)[],
  describe: string,
  print: (value: number) => string = hexadecimal,
): OperandKind<TextRef> {
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => names[fields[field] as number] ?? print(fields[field] as number),
    parse: input => {
      const operand = current(input);
      if (operand?.kind === 'identifier') {
        const index = names.indexOf(operand.name.toLowerCase());
        if (index >= 0) return { fields: { [field]: index }, consumed: 1 };
        if (operand.asImmediate.value === undefined)
          return problem(`${operand.name} is not ${describe}`, operand.span, true);
      }
      const read = parseRange(input, { minimum: 0, maximum: 2 ** width - 1, step: 1, what: describe });
      if ('result' in read) return read.result;
      if ('fixup' in read) return problem(`expected ${describe}`, operand?.span);
      return { fields: { [field]: read.value }, consumed: 1 };
    },
  };
}

const PREFETCH = Array.from({ length: 32 }, (_, i) => {
  const type = ['pld', 'pli', 'pst'][i >> 3];
  const target = ['l1', 'l2', 'l3'][(i >> 1) & 3];
  return type && target ? `${type}${target}${i & 1 ? 'strm' : 'keep'}` : undefined;
});
export const prefetchOperation = (field: string) => named(field, 5, PREFETCH, 'a prefetch operation such as pldl1keep');

const RANGE_PREFETCH: Readonly<Record<number, string>> = { 0: 'pldkeep', 1: 'pstkeep', 4: 'pldstrm', 5: 'pststrm' };
const RANGE_PREFETCH_FIELDS = ['o2', 'o0', 'S'];
/** The operation of RPRFM: o2:o0:S and the low bits of what is the prefetch operation elsewhere. */
export const rangePrefetchOperation: OperandKind<TextRef> = (() => {
  const describe = 'a range prefetch operation such as pldkeep, or a number from 0 to 63';
  const number = (f: Fields) =>
    RANGE_PREFETCH_FIELDS.reduce((value, field) => 2 * value + (f[field] as number), 0) * 8 + (f['op'] as number);
  const fieldsOf = (value: number) => ({ o2: value >> 5, o0: (value >> 4) & 1, S: (value >> 3) & 1, op: value & 7 });
  return {
    role: 'text',
    fields: [...RANGE_PREFETCH_FIELDS, 'op'],
    describe,
    print: fields => RANGE_PREFETCH[number(fields)] ?? `#${number(fields)}`,
    parse: input => {
      const operand = current(input);
      if (operand?.kind === 'identifier') {
        const found = Object.entries(RANGE_PREFETCH).find(([, name]) => name === operand.name.toLowerCase());
        if (found) return { fields: fieldsOf(Number(found[0])), consumed: 1 };
      }
      const read = parseRange(input, { minimum: 0, maximum: 63, step: 1, what: describe });
      if ('result' in read) return read.result;
      if ('fixup' in read) return problem(`expected ${describe}`, operand?.span);
      return { fields: fieldsOf(read.value), consumed: 1 };
    },
  };
})();

const BARRIERS = [
  undefined,
  'oshld',
  'oshst',
  'osh',
  undefined,
  'nshld',
  'nshst',
  'nsh',
  undefined,
  'ishld',
  'ishst',
  'ish',
  undefined,
  'ld',
  'st',
  'sy',
];
/** DMB and DSB options. */
export const barrierOption = (field: string) =>
  named(field, 4, BARRIERS, 'a barrier option such as sy or ish', value => `#0x${value.toString(16).padStart(2, '0')}`);

/** Options of DSB nXS, by imm2; a number has CRm's other bits as well. */
export const barrierOptionWithoutXs = (field: string): OperandKind<TextRef> => {
  const names = ['oshnxs', 'nshnxs', 'ishnxs', 'synxs'];
  const describe = 'a barrier option such as synxs or ishnxs';
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => names[fields[field] as number] as string,
    parse: input => {
      const operand = current(input);
      const name = operand?.kind === 'identifier' ? operand.name.toLowerCase() : undefined;
      const number = operand?.kind === 'immediate' ? [16n, 20n, 24n, 28n].indexOf(operand.value ?? -1n) : -1;
      const value = name === undefined ? number : names.indexOf(name);
      return value < 0 ? problem(`expected ${describe}`, operand?.span) : { fields: { [field]: value }, consumed: 1 };
    },
  };
};

/** The option of ISB, of which one has a name. */
export const instructionBarrierOption = (field: string) =>
  named(field, 4, [...Array.from({ length: 15 }, () => undefined), 'sy'], 'sy, or a number from 0 to 15');

/** Encoding of a system register in MRS and MSR: op0 (2 or 3 by `o0`), op1, CRn, CRm, op2. */
export interface SystemRegisterFields {
  readonly o0: number;
  readonly op1: number;
  readonly CRn: number;
  readonly CRm: number;
  readonly op2: number;
}

/** The generic name of an encoding: `s3_0_c1_c0_0`. */
export function genericSystemRegisterName(f: Fields): string {
  return `s${2 + (f['o0'] as number)}_${f['op1']}_c${f['CRn']}_c${f['CRm']}_${f['op2']}`;
}

/** Fields of a generic name, or undefined. */
export function parseGenericName(
  name: string,
): { op0: number; op1: number; CRn: number; CRm: number; op2: number } | undefined {
  const match = /^s([0-3])_([0-7])_c(1[0-5]|[0-9])_c(1[0-5]|[0-9])_([0-7])$/i.exec(name);
  if (!match) return undefined;
  const [op0, op1, CRn, CRm, op2] = match.slice(1).map(Number) as [number, number, number, number, number];
  return { op0, op1, CRn, CRm, op2 };
}

/** The register of MRS or MSR: by name, or generically. */
export function systemRegisterOperand(direction: 'read' | 'write'): OperandKind<TextRef> {
  return {
    role: 'text',
    fields: ['o0', 'op1', 'CRn', 'CRm', 'op2'],
    describe: 'a system register',
    print: fields => {
      const key = systemEncodingKey([
        2 + (fields['o0'] as number),
        fields['op1'] as number,
        fields['CRn'] as number,
        fields['CRm'] as number,
        fields['op2'] as number,
      ]);
      const row = systemRegisterAt(key);
      const usable =
        row &&
        (row.access[direction] !== undefined || (row.access.read === undefined && row.access.write === undefined));
      if (usable) return row.name.toLowerCase();
      const absent = absentRegisterAt(key);
      return absent?.access[direction] ? absent.name.toLowerCase() : genericSystemRegisterName(fields);
    },
    parse: input => {
      const operand = current(input);
      if (operand?.kind !== 'identifier') return problem('expected a system register', operand?.span);
      const generic = parseGenericName(operand.name);
      if (generic) {
        if (generic.op0 < 2) return problem('op0 of a system register is 2 or 3', operand.span, true);
        const { op0, ...rest } = generic;
        return { fields: { o0: op0 - 2, ...rest }, consumed: 1 };
      }
      const row = findSystemRegister(operand.name);
      const register = row ?? findAbsentRegister(operand.name);
      if (!register) return problem(`${operand.name} is not a system register`, operand.span, true);
      const allowed = register.access[direction];
      if (allowed === undefined || allowed === false)
        return problem(`${register.name} is ${direction === 'read' ? 'write' : 'read'}-only`, operand.span, true);
      const [op0, op1, CRn, CRm, op2] = register.encoding;
      return { fields: { o0: op0 - 2, op1, CRn, CRm, op2 }, consumed: 1 };
    },
  };
}

/** A small number printed `#n`. */
export function plainNumber(field: string, width: number): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [field],
    describe: `a number, 0 to ${2 ** width - 1}`,
    storedAs: 'u8',
    print: fields => `#${fields[field]}`,
    parse: input => numberIn(input, field, width),
    value: fields => BigInt(fields[field] as number),
  };
}

function numberIn(input: ParseInput, field: string, width: number) {
  const read = parseRange(input, {
    minimum: 0,
    maximum: 2 ** width - 1,
    step: 1,
    what: `a number, 0 to ${2 ** width - 1}`,
  });
  if ('result' in read) return read.result;
  if ('fixup' in read) return problem('this number must be known', immediateAt(input)?.span, true);
  return { fields: { [field]: read.value }, consumed: 1 };
}

/** `c7` as SYS writes it. */
export function controlRegister(field: string): OperandKind<TextRef> {
  return {
    role: 'text',
    fields: [field],
    describe: 'c0 to c15',
    print: fields => `c${fields[field]}`,
    parse: input => {
      const operand = current(input);
      const match = operand?.kind === 'identifier' ? /^c(1[0-5]|[0-9])$/i.exec(operand.name) : undefined;
      if (!match) return problem('expected c0 to c15', operand?.span);
      return { fields: { [field]: Number(match[1]) }, consumed: 1 };
    },
  };
}

/** The system instruction that SYS encodes, or undefined. */
export function systemInstructionOf(fields: Fields): SystemInstruction | undefined {
  const { op1 = 0, CRn = 0, CRm = 0, op2 = 0 } = fields;
  return systemInstructionAt(systemEncodingKey([1, op1, CRn, CRm, op2]));
}

/** What TLBI, AT, DC, IC and the like do: `vmalle1`, `s1e2r`, `cvau`. */
export function systemOperationOperand(mnemonic: SystemInstruction['mnemonic']): OperandKind<TextRef> {
  const rows = systemInstructions.filter(row => row.mnemonic === mnemonic);
  const describe = `an operation of ${mnemonic} such as ${rows[0]?.operand.toLowerCase()}`;
  return {
    role: 'text',
    fields: ['op1', 'CRn', 'CRm', 'op2'],
    describe,
    print: fields => systemInstructionOf(fields)?.operand.toLowerCase() ?? '',
    parse: input => {
      const operand = current(input);
      const name = operand?.kind === 'identifier' ? operand.name.toUpperCase() : undefined;
      const row = rows.find(each => each.operand === name);
      if (!row) return problem(`expected ${describe}`, operand?.span, name !== undefined);
      const [, op1, CRn, CRm, op2] = row.encoding;
      return { fields: { op1, CRn, CRm, op2 }, consumed: 1 };
    },
  };
}

/** The register of a system instruction: written exactly when the instruction takes one. */
export const systemInstructionRegister: OperandKind<TextRef> = {
  role: 'text',
  fields: ['Rt'],
  describe: 'a 64-bit register, for operations that take an address or a context',
  print: fields =>
    systemInstructionOf(fields)?.takesRegister ? generalRegisterName(fields['Rt'] as number, true, false) : '',
  parse: input => {
    const row = systemInstructionOf(input.fields);
    if (row?.takesRegister) return parseGeneralRegister(input, 'Rt', 64, false);
    const extra = current(input);
    return extra ? problem(`${row?.name} takes no register`, extra.span, true) : { fields: { Rt: 31 }, consumed: 0 };
  },
};

/** PSTATE fields that MSR (immediate) writes (Arm ARM C6.2, MSR (immediate)); of one bit but for the masks. */
const PSTATE_FIELDS = [
  { op1: 0, op2: 3, name: 'uao' },
  { op1: 0, op2: 4, name: 'pan' },
  { op1: 0, op2: 5, name: 'spsel' },
  { op1: 3, op2: 1, name: 'ssbs' },
  { op1: 3, op2: 2, name: 'dit' },
  { op1: 3, op2: 4, name: 'tco' },
  { op1: 3, op2: 6, name: 'daifset' },
  { op1: 3, op2: 7, name: 'daifclr' },
] as const;

const pstateFieldAt = (op1: number, op2: number) => PSTATE_FIELDS.find(field => field.op1 === op1 && field.op2 === op2);

/** Whether MSR (immediate) has a field at op1 and op2. */
export const isPstateField = (op1: number, op2: number): boolean => pstateFieldAt(op1, op2) !== undefined;

/** The field that MSR (immediate) writes. */
export const pstateField: OperandKind<TextRef> = {
  role: 'text',
  fields: ['op1', 'op2'],
  describe: 'a PSTATE field such as daifset',
  print: fields => pstateFieldAt(fields['op1'] as number, fields['op2'] as number)?.name ?? '',
  parse: input => {
    const operand = current(input);
    const name = operand?.kind === 'identifier' ? operand.name.toLowerCase() : undefined;
    const found = PSTATE_FIELDS.find(field => field.name === name);
    if (!found) return problem('expected a PSTATE field such as daifset', operand?.span);
    return { fields: { op1: found.op1, op2: found.op2 }, consumed: 1 };
  },
};

/** What MSR (immediate) writes: all of `CRm` for the interrupt masks, its lowest bit for other fields. */
export const pstateValue: OperandKind<ImmediateRef> = {
  ...plainNumber('CRm', 4),
  describe: 'a number, 0 to 15 for daifset and daifclr, else 0 or 1',
  parse: input => {
    const { op1 = 0, op2 = 0 } = input.fields;
    return numberIn(input, 'CRm', pstateFieldAt(op1, op2)?.name.startsWith('daif') ? 4 : 1);
  },
};
