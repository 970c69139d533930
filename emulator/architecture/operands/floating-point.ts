/** Operands of floating-point instructions: the eight-bit immediate, and numbers of bits behind a point. */
import { current, type ImmediateRef, type OperandKind, problem, type TextRef } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import { immediateAt } from './immediate.ts';

/** The number that eight bits stand for: ±(16 + 0 to 15)/16 * 2^(-3 to 4) (VFPExpandImm). */
export function expandFloat(bits: number): number {
  const exponent = ((bits >> 4) & 7) ^ 4;
  const magnitude = (1 + (bits & 15) / 16) * 2 ** (exponent - 3);
  return bits & 0x80 ? -magnitude : magnitude;
}

const byNumber = new Map(Array.from({ length: 256 }, (_, bits) => [expandFloat(bits), bits]));

/** The bit pattern of that number in a format with so many bits. */
export function expandFloatBits(bits: number, width: 16 | 32 | 64): bigint {
  const exponentBits = { 16: 5, 32: 8, 64: 11 }[width];
  const fractionBits = width - 1 - exponentBits;
  const exponent = (((bits >> 4) & 7) ^ 4) - 3 + 2 ** (exponentBits - 1) - 1;
  const fraction = BigInt(bits & 15) << BigInt(fractionBits - 4);
  return (BigInt(bits >> 7) << BigInt(width - 1)) | (BigInt(exponent) << BigInt(fractionBits)) | fraction;
}

const printFloat = (value: number): string => `#${Number.isInteger(value) ? value.toFixed(1) : value}`;

/**
 * A floating-point number of eight bits, in one field or in two (`abc` and `defgh`). Its value is the bit pattern in the format,
 * repeated to 64 bits where `spread`.
 */
export function floatImmediate(
  width: 16 | 32 | 64,
  { fields, spread }: { readonly fields: 'imm8' | 'split'; readonly spread: boolean },
): OperandKind<ImmediateRef> {
  const whole = (f: Fields): number =>
    fields === 'imm8' ? (f['imm8'] as number) : ((f['abc'] as number) << 5) | (f['defgh'] as number);
  const expected = 'a number ±n/16 * 2^r with n from 16 to 31 and r from -3 to 4, such as 1.0 or 0.5';
  return {
    role: 'immediate',
    fields: fields === 'imm8' ? ['imm8'] : ['abc', 'defgh'],
    describe: expected,
    storedAs: 'i64',
    print: f => printFloat(expandFloat(whole(f))),
    parse: input => {
      const immediate = immediateAt(input);
      const number = immediate?.float ?? (immediate?.value === undefined ? undefined : Number(immediate.value));
      if (number === undefined) return problem(`expected ${expected}`, current(input)?.span);
      const bits = byNumber.get(number);
      if (bits === undefined) return problem(`${number} is not ${expected}`, immediate?.span, true);
      return { fields: fields === 'imm8' ? { imm8: bits } : { abc: bits >> 5, defgh: bits & 31 }, consumed: 1 };
    },
    value: f => {
      const element = expandFloatBits(whole(f), width);
      if (!spread) return element;
      let value = 0n;
      for (let at = 0n; at < 64n; at += BigInt(width)) value |= element << at;
      return value;
    },
  };
}

/** How many bits stand behind the point: from 1 to a limit; the field holds the limit's power of two less that. */
export function fractionBits(field: string, width: number, limit: number): OperandKind<ImmediateRef> {
  const from = 2 ** width;
  return {
    role: 'immediate',
    fields: [field],
    describe: `a number of bits behind the point, 1 to ${limit}`,
    storedAs: 'u8',
    print: f => `#${from - (f[field] as number)}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (immediate?.value === undefined)
        return problem(`expected a number of bits behind the point, 1 to ${limit}`, current(input)?.span);
      const bits = Number(immediate.value);
      if (bits < 1 || bits > limit) return problem(`${bits} is out of range: 1 to ${limit}`, immediate.span, true);
      return { fields: { [field]: from - bits }, consumed: 1 };
    },
    value: f => BigInt(from - (f[field] as number)),
  };
}

/** The zero that a comparison is with. */
export const floatZero: OperandKind<TextRef> = {
  role: 'text',
  fields: [],
  describe: 'zero',
  print: () => '#0.0',
  parse: input => {
    const immediate = immediateAt(input);
    const isZero = immediate?.float === 0 || immediate?.value === 0n;
    return isZero ? { fields: {}, consumed: 1 } : problem('expected #0.0', current(input)?.span);
  },
};
