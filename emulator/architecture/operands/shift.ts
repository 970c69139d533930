/** Shifts, extends and conditions. */
import { current, type ImmediateRef, type OperandKind, problem, type TextRef } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import { generalRegisterName, parseGeneralRegister } from './register.ts';

const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'] as const;
const EXTENDS = ['uxtb', 'uxth', 'uxtw', 'uxtx', 'sxtb', 'sxth', 'sxtw', 'sxtx'] as const;

/** `, lsl #3` after a register: type and amount; left out when it is `lsl #0`. */
export function registerShift(type: string, amount: string, rotate: boolean): OperandKind<ImmediateRef> {
  const names = rotate ? SHIFTS : SHIFTS.slice(0, 3);
  const describe = `${names.join(', ')} by an amount below the register's width`;
  return {
    role: 'immediate',
    fields: [type, amount],
    describe,
    storedAs: 'u8',
    print: fields =>
      fields[type] === 0 && fields[amount] === 0 ? '' : `${SHIFTS[fields[type] as number]} #${fields[amount]}`,
    parse: input => {
      const operand = current(input);
      if (!operand) return { fields: { [type]: 0, [amount]: 0 }, consumed: 0 };
      if (operand.kind !== 'shift') return problem(`expected ${describe}`, operand.span);
      const index = (names as readonly string[]).indexOf(operand.name);
      if (index < 0) return problem(`${operand.name} is not possible here: ${describe}`, operand.span);
      const width = input.fields['sf'] === 0 ? 32 : 64;
      const value = operand.amount?.value;
      if (value === undefined) return problem('the shift amount must be a known number', operand.span, true);
      if (value < 0n || value >= BigInt(width))
        return problem(`shift amount ${value} is out of range: 0 to ${width - 1}`, operand.span, true);
      return { fields: { [type]: index, [amount]: Number(value) }, consumed: 1 };
    },
    value: fields => BigInt(fields[amount] as number),
  };
}

/** The register of an extended-register operand: W unless the extension is UXTX, SXTX. */
export function extendedRegister(
  register: string,
  option: string,
  sf: string,
): OperandKind<import('../semantics.ts').RegisterRef> {
  const wide = (fields: Fields) => fields[sf] === 1 && ((fields[option] as number) & 3) === 3;
  return {
    role: 'register',
    bank: 'x',
    stackPointer: false,
    registerField: register,
    fields: [register],
    describe: 'a general-purpose register to extend',
    print: fields => generalRegisterName(fields[register] as number, wide(fields), false),
    parse: input => {
      const operand = current(input);
      const width = operand?.kind === 'register' && operand.bank === 'x' ? 64 : 32;
      if (width === 64 && input.fields[sf] === 0) return problem('expected a 32-bit register', operand?.span);
      return parseGeneralRegister(input, register, width, false);
    },
  };
}

/**
 * `, uxtw #2` after an extended register. LSL stands for UXTX (64-bit) or UXTW (32-bit), and is the way to write it when
 * SP is an operand; then `lsl #0` is left out.
 */
export function registerExtend(
  option: string,
  amount: string,
  sf: string,
  stackPointerFields: readonly string[],
): OperandKind<ImmediateRef> {
  const describe = `${EXTENDS.join(', ')} or lsl, by 0 to 4`;
  const plain = (fields: Fields) =>
    fields[option] === (fields[sf] ? 3 : 2) && stackPointerFields.some(name => fields[name] === 31);
  return {
    role: 'immediate',
    fields: [option, amount],
    describe,
    storedAs: 'u8',
    print: fields => {
      const by = fields[amount] as number;
      if (plain(fields)) return by ? `lsl #${by}` : '';
      const name = EXTENDS[fields[option] as number] as string;
      return by ? `${name} #${by}` : name;
    },
    parse: input => {
      const operand = current(input);
      const natural = input.fields[sf] === 0 ? 2 : 3;
      if (!operand) {
        const before = input.operands[input.at - 1];
        if (before?.kind === 'register' && (before.bank === 'x') !== (input.fields[sf] !== 0))
          return problem('the extension of the 32-bit register must be written, e.g. uxtw', before.span, true);
        return { fields: { [option]: natural, [amount]: 0 }, consumed: 0 };
      }
      if (operand.kind !== 'shift') return problem(`expected ${describe}`, operand.span);
      const index = operand.name === 'lsl' ? natural : (EXTENDS as readonly string[]).indexOf(operand.name);
      if (index < 0) return problem(`${operand.name} is not possible here: ${describe}`, operand.span);
      const before = input.operands[input.at - 1];
      const needs64 = (index & 3) === 3 && input.fields[sf] !== 0;
      if (before?.kind === 'register' && (before.bank === 'x') !== needs64)
        return problem(`${operand.name} extends a ${needs64 ? '64' : '32'}-bit register`, before.span, true);
      const value = operand.amount?.value ?? (operand.amount ? undefined : 0n);
      if (value === undefined) return problem('the shift amount must be a known number', operand.span, true);
      if (value < 0n || value > 4n) return problem(`shift amount ${value} is out of range: 0 to 4`, operand.span, true);
      return { fields: { [option]: index, [amount]: Number(value) }, consumed: 1 };
    },
    value: fields => BigInt(fields[amount] as number),
  };
}

const CONDITIONS = ['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', 'al', 'nv'];
const CONDITION_SYNONYMS: Readonly<Record<string, string>> = { hs: 'cs', lo: 'cc' };

/** Number of a condition name (`hs` and `lo` included), or -1. */
export function conditionNumber(name: string): number {
  const lower = name.toLowerCase();
  return CONDITIONS.indexOf(CONDITION_SYNONYMS[lower] ?? lower);
}

/** A condition code. `inverted` is for aliases such as CSET, which write the opposite of what is encoded. */
export function condition(
  field: string,
  { inverted = false, never = true }: { inverted?: boolean; never?: boolean } = {},
): OperandKind<ImmediateRef> {
  const flip = inverted ? 1 : 0;
  return {
    role: 'immediate',
    fields: [field],
    describe: `a condition: ${CONDITIONS.slice(0, never ? 16 : 14).join(' ')}`,
    storedAs: 'u8',
    print: fields => CONDITIONS[(fields[field] as number) ^ flip] as string,
    parse: input => {
      const operand = current(input);
      if (operand?.kind !== 'identifier') return problem('expected a condition such as eq', operand?.span);
      const number = conditionNumber(operand.name);
      if (number < 0) return problem(`${operand.name} is not a condition`, operand.span);
      if (!never && number >= 14) return problem(`${operand.name} is not possible here`, operand.span, true);
      return { fields: { [field]: number ^ flip }, consumed: 1 };
    },
    value: fields => BigInt(fields[field] as number),
  };
}

/** Text that only shapes an encoding: one of a list of words, by field value. */
export function word(field: string, words: readonly (string | undefined)[], describe: string): OperandKind<TextRef> {
  return {
    role: 'text',
    fields: [field],
    describe,
    print: fields => words[fields[field] as number] ?? '',
    parse: input => {
      const operand = current(input);
      const name = operand?.kind === 'identifier' ? operand.name.toLowerCase() : undefined;
      const index = name === undefined ? -1 : words.indexOf(name);
      if (index < 0) return problem(`expected ${describe}`, operand?.span);
      return { fields: { [field]: index }, consumed: 1 };
    },
  };
}
