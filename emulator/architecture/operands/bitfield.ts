/** Operands of bitfield moves and their aliases: all are views of immr and imms. */
import {
  current,
  type ImmediateRef,
  type OperandKind,
  type ParseInput,
  type ParseResult,
  problem,
} from '../operand.ts';
import type { Fields } from '../pattern.ts';
import { decimal, parseRange } from './immediate.ts';

const widthOf = (fields: Fields): number => (fields['sf'] === 0 ? 32 : 64);

function number(input: ParseInput, minimum: number, maximum: number, what: string): number | ParseResult {
  const read = parseRange(input, { minimum, maximum, step: 1, what: `${what}, ${minimum} to ${maximum}` });
  if ('result' in read) return read.result;
  if ('fixup' in read) return problem('this immediate must be known', current(input)?.span, true);
  return read.value;
}

/** N equals sf in every bitfield move. */
const withN = (fields: Fields, values: Record<string, number>): Record<string, number> => ({
  ...values,
  N: fields['sf'] ?? 1,
});

/** immr or imms as they are. */
export function topBit(field: 'immr' | 'imms'): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [field, 'N'],
    describe: 'a bit number below the width',
    storedAs: 'u8',
    print: fields => decimal(fields[field] as number),
    parse: input => {
      const value = number(input, 0, widthOf(input.fields) - 1, 'a bit number');
      return typeof value === 'number' ? { fields: withN(input.fields, { [field]: value }), consumed: 1 } : value;
    },
    value: fields => BigInt(fields[field] as number),
  };
}

/** The amount of LSL, LSR, ASR (immediate), and of ROR as an alias of EXTR. */
export function shiftByConstant(direction: 'left' | 'right' | 'rotate'): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: direction === 'rotate' ? ['imms', 'Rm', 'N'] : ['immr', 'imms', 'N'],
    describe: 'a shift amount below the width',
    print: fields => {
      if (direction === 'rotate') return decimal(fields['imms'] as number);
      return decimal(
        direction === 'right' ? (fields['immr'] as number) : widthOf(fields) - 1 - (fields['imms'] as number),
      );
    },
    parse: input => {
      const width = widthOf(input.fields);
      const amount = number(input, 0, width - 1, 'a shift amount');
      if (typeof amount !== 'number') return amount;
      const fields: Record<string, number> =
        direction === 'right'
          ? { immr: amount, imms: width - 1 }
          : direction === 'left'
            ? { immr: (width - amount) % width, imms: width - 1 - amount }
            : { imms: amount, Rm: input.fields['Rn'] ?? 0 };
      return { fields: withN(input.fields, fields), consumed: 1 };
    },
  };
}

/** The lowest bit of a field, in the source (`extract`) or in the destination (`insert`). */
export function fieldLsb(way: 'extract' | 'insert'): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: ['immr', 'N'],
    describe: 'the lowest bit of the field',
    print: fields => {
      const immr = fields['immr'] as number;
      return decimal(way === 'extract' ? immr : (widthOf(fields) - immr) % widthOf(fields));
    },
    parse: input => {
      const width = widthOf(input.fields);
      const lsb = number(input, 0, width - 1, 'a bit number');
      if (typeof lsb !== 'number') return lsb;
      return { fields: withN(input.fields, { immr: way === 'extract' ? lsb : (width - lsb) % width }), consumed: 1 };
    },
  };
}

/** The number of bits of a field; must follow `fieldLsb`. */
export function fieldWidth(way: 'extract' | 'insert'): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: ['imms'],
    describe: 'the width of the field',
    print: fields => {
      const { immr = 0, imms = 0 } = fields;
      return decimal(way === 'extract' ? imms - immr + 1 : imms + 1);
    },
    parse: input => {
      const width = widthOf(input.fields);
      const immr = input.fields['immr'] ?? 0;
      const lsb = way === 'extract' ? immr : (width - immr) % width;
      const bits = number(input, 1, width - lsb, 'a field width');
      if (typeof bits !== 'number') return bits;
      return { fields: { imms: way === 'extract' ? lsb + bits - 1 : bits - 1 }, consumed: 1 };
    },
  };
}
