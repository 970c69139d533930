/** SIMD and floating-point register operands. */
import type { RegisterOperand } from '../assembly-operand.ts';
import { current, type OperandKind, type ParseInput, type ParseResult, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { RegisterRef } from '../semantics.ts';

export type ScalarSize = 'b' | 'h' | 's' | 'd' | 'q';

const BITS: Readonly<Record<ScalarSize, number>> = { b: 8, h: 16, s: 32, d: 64, q: 128 };

const registerCommon = (field: string) =>
  ({ role: 'register', bank: 'v', stackPointer: false, registerField: field }) as const;

function registerAt(input: ParseInput, expected: string): RegisterOperand | ParseResult {
  const operand = current(input);
  return operand?.kind === 'register'
    ? operand
    : problem(operand ? `expected ${expected}` : `missing operand: ${expected}`, operand?.span);
}

/** `d3`: the low bits of a SIMD&FP register, of a fixed size. */
export function scalarRegister(field: string, size: ScalarSize): OperandKind<RegisterRef> {
  const describe = `a ${BITS[size]}-bit SIMD&FP register`;
  return {
    ...registerCommon(field),
    fields: [field],
    describe,
    print: fields => `${size}${fields[field]}`,
    parse: input => {
      const register = registerAt(input, describe);
      if (!('kind' in register)) return register;
      if (register.bank !== size || register.suffix || register.index)
        return problem(`expected ${describe}, not ${register.name}`, register.span);
      return { fields: { [field]: register.number }, consumed: 1 };
    },
  };
}

/** How a row's fields say an arrangement such as `4s`, in both directions. */
export interface Arrangement {
  readonly fields: readonly string[];
  readonly describe: string;
  print(fields: Fields): string;
  /** Fields of a written arrangement, or undefined where it is not possible. */
  parse(text: string): Readonly<Record<string, number>> | undefined;
}

const ARRANGEMENTS = ['8b', '16b', '4h', '8h', '2s', '4s', '1d', '2d'];

/** All arrangements of integers, by `size` and `Q`; the single doubleword is reserved. */
export const bySizeAndQ: Arrangement = {
  fields: ['size', 'Q'],
  describe: '8b, 16b, 4h, 8h, 2s, 4s or 2d',
  print: f => ARRANGEMENTS[(f['size'] as number) * 2 + (f['Q'] as number)] as string,
  parse: text => {
    const index = ARRANGEMENTS.indexOf(text);
    return index < 0 || text === '1d' ? undefined : { size: index >> 1, Q: index & 1 };
  },
};

/** Bytes alone, by `Q`: operations on bits. */
export const bytesByQ: Arrangement = {
  fields: ['Q'],
  describe: '8b or 16b',
  print: f => (f['Q'] ? '16b' : '8b'),
  parse: text => (text === '8b' ? { Q: 0 } : text === '16b' ? { Q: 1 } : undefined),
};

/** One of the two arrangements of an element size, by `Q`. */
export function halfOrFull(half: string, full: string): Arrangement {
  return {
    fields: ['Q'],
    describe: `${half} or ${full}`,
    print: f => (f['Q'] ? full : half),
    parse: text => (text === half ? { Q: 0 } : text === full ? { Q: 1 } : undefined),
  };
}

/** The element size by the lowest set bit of `imm5`, and `Q`. */
export const byImm5: Arrangement = {
  fields: ['imm5', 'Q'],
  describe: '8b, 16b, 4h, 8h, 2s, 4s or 2d',
  print: f => ARRANGEMENTS[lowestSetBit(f['imm5'] as number) * 2 + (f['Q'] as number)] as string,
  parse: text => {
    const index = ARRANGEMENTS.indexOf(text);
    return index < 0 || text === '1d' ? undefined : { imm5: 1 << (index >> 1), Q: index & 1 };
  },
};

export const lowestSetBit = (value: number): number => 31 - Math.clz32(value & -value);

/** `v3.4s`: a whole vector. */
export function vectorRegister(field: string, arrangement: Arrangement): OperandKind<RegisterRef> {
  const describe = `a vector register with ${arrangement.describe}`;
  return {
    ...registerCommon(field),
    fields: [field, ...arrangement.fields],
    describe,
    print: fields => `v${fields[field]}.${arrangement.print(fields)}`,
    parse: input => {
      const register = registerAt(input, describe);
      if (!('kind' in register)) return register;
      const { suffix } = register;
      if (register.bank !== 'v' || !suffix || register.index) return problem(`expected ${describe}`, register.span);
      const chosen = arrangement.parse(`${suffix.lanes ?? ''}${suffix.element}`);
      if (!chosen) return problem(`expected ${describe}`, register.span, true);
      return { fields: { [field]: register.number, ...chosen }, consumed: 1 };
    },
  };
}

/** `v3.d[1]`: the upper half of a vector. */
export function upperHalf(field: string): OperandKind<RegisterRef> {
  const describe = 'the upper half of a vector register, such as v0.d[1]';
  return {
    ...registerCommon(field),
    fields: [field],
    describe,
    print: fields => `v${fields[field]}.d[1]`,
    parse: input => {
      const register = registerAt(input, describe);
      if (!('kind' in register)) return register;
      const { bank, suffix, index } = register;
      if (bank !== 'v' || suffix?.element !== 'd' || suffix.lanes !== undefined || index?.value !== 1n)
        return problem(`expected ${describe}`, register.span);
      return { fields: { [field]: register.number }, consumed: 1 };
    },
  };
}
