/** Offsets of addresses. The base register and brackets are in the syntax template. */
import type { FixupKind } from '../assembly-operand.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { RegisterRef } from '../semantics.ts';
import { decimal, immediateAt, parseRange } from './immediate.ts';
import { signed } from './label.ts';
import { generalRegisterName, parseGeneralRegister } from './register.ts';

/** Relocation kinds by log2 of the access size. */
const FIXUPS: readonly FixupKind[] = ['ldst8', 'ldst16', 'ldst32', 'ldst64', 'ldst128'];

/** An unsigned 12-bit offset in units of the access size, left out when zero. */
export function scaledOffset(field: string, log2Size: number): OperandKind<ImmediateRef> {
  const size = 1 << log2Size;
  const maximum = 4095 * size;
  const what = `an offset, 0 to ${maximum}${size === 1 ? '' : ` in steps of ${size}`}`;
  return {
    role: 'immediate',
    fields: [field],
    describe: what,
    storedAs: 'i64',
    print: fields => (fields[field] ? decimal((fields[field] as number) * size) : ''),
    parse: input => {
      if (!current(input)) return { fields: { [field]: 0 }, consumed: 0 };
      const fixup = FIXUPS[log2Size] as FixupKind;
      const read = parseRange(input, { minimum: 0, maximum, step: size, what, fixup });
      if ('result' in read) return read.result;
      if ('fixup' in read) return { fields: { [field]: 0 }, consumed: 1, fixup: read.fixup };
      return { fields: { [field]: read.value / size }, consumed: 1 };
    },
    value: fields => BigInt((fields[field] as number) * size),
  };
}

/** A signed offset: 9 bits in bytes, or 7 bits in units of the access size. `omitZero` for addresses without write-back. */
export function signedOffset(field: string, width: number, size: number, omitZero: boolean): OperandKind<ImmediateRef> {
  const minimum = -(2 ** (width - 1)) * size;
  const maximum = (2 ** (width - 1) - 1) * size;
  const what = `an offset, ${minimum} to ${maximum}${size === 1 ? '' : ` in steps of ${size}`}`;
  const numberOf = (fields: Fields) => signed(fields[field] as number, width) * size;
  return {
    role: 'immediate',
    fields: [field],
    describe: what,
    storedAs: 'i64',
    print: fields => (omitZero && fields[field] === 0 ? '' : decimal(numberOf(fields))),
    parse: input => {
      if (omitZero && !current(input)) return { fields: { [field]: 0 }, consumed: 0 };
      const read = parseRange(input, { minimum, maximum, step: size, what });
      if ('result' in read) return read.result;
      if ('fixup' in read)
        return problem('the offset must be known when the line is assembled', current(input)?.span, true);
      const units = read.value / size;
      return { fields: { [field]: units < 0 ? units + 2 ** width : units }, consumed: 1 };
    },
    value: fields => BigInt(numberOf(fields)),
  };
}

/** An offset that must be zero and may be written: `[x0]` or `[x0, #0]`. */
export const zeroOffset: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: [],
  describe: 'no offset',
  print: () => '',
  parse: input => {
    const operand = current(input);
    if (!operand) return { fields: {}, consumed: 0 };
    if (immediateAt(input)?.value === 0n) return { fields: {}, consumed: 1 };
    return problem('this instruction takes no offset', operand.span, true);
  },
};

const EXTENDS: Readonly<Record<number, string>> = { 2: 'uxtw', 3: 'lsl', 6: 'sxtw', 7: 'sxtx' };

/** The index register: W for UXTW and SXTW, X otherwise. */
export function indexRegister(field: string): OperandKind<RegisterRef> {
  return {
    role: 'register',
    bank: 'x',
    stackPointer: false,
    registerField: field,
    fields: [field],
    describe: 'an index register',
    print: fields => generalRegisterName(fields[field] as number, ((fields['option'] as number) & 1) === 1, false),
    parse: input => {
      const operand = current(input);
      const width = operand?.kind === 'register' && operand.bank === 'w' ? 32 : 64;
      return parseGeneralRegister(input, field, width, false);
    },
  };
}

/** `lsl #3`, `uxtw`, `sxtw #2` behind the index register. A shift is by the access size or absent. */
export function indexExtend(log2Size: number): OperandKind<ImmediateRef> {
  const describe = `lsl, uxtw, sxtw or sxtx${log2Size ? `, by 0 or ${log2Size}` : ''}`;
  return {
    role: 'immediate',
    fields: ['option', 'S'],
    describe,
    print: fields => {
      const { option = 3, S = 0 } = fields;
      if (option === 3 && !S) return '';
      const name = EXTENDS[option] ?? '';
      return S ? `${name} #${log2Size}` : name;
    },
    parse: input => {
      const operand = current(input);
      const index = input.operands[input.at - 1];
      const narrow = index?.kind === 'register' && index.bank === 'w';
      if (!operand) {
        if (narrow) return problem('a 32-bit index must be extended: uxtw or sxtw', index?.span, true);
        return { fields: { option: 3, S: 0 }, consumed: 0 };
      }
      if (operand.kind !== 'shift') return problem(`expected ${describe}`, operand.span);
      const option = Number(Object.entries(EXTENDS).find(([, name]) => name === operand.name)?.[0] ?? -1);
      if (option < 0) return problem(`${operand.name} is not possible here: ${describe}`, operand.span, true);
      if (narrow !== ((option & 1) === 0))
        return problem(`${operand.name} needs a ${narrow ? '64' : '32'}-bit index register`, index?.span, true);
      const amount = operand.amount ? operand.amount.value : undefined;
      if (operand.amount && amount === undefined) return problem('the shift amount must be known', operand.span, true);
      if (option === 3 && !operand.amount) return problem('lsl needs an amount', operand.span, true);
      if (amount !== undefined && amount !== 0n && amount !== BigInt(log2Size))
        return problem(`the amount must be 0 or ${log2Size}, the access size`, operand.span, true);
      // For bytes an explicit #0 is encoded as a shift that is present.
      const S = amount === undefined ? 0 : log2Size === 0 ? 1 : amount === 0n ? 0 : 1;
      return { fields: { option, S }, consumed: 1 };
    },
  };
}
