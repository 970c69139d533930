/** SIMD and floating-point register operands. */
import type { RegisterOperand } from '../assembly-operand.ts';
import {
  current,
  type ImmediateRef,
  type OperandKind,
  type ParseInput,
  type ParseResult,
  problem,
} from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { RegisterRef } from '../semantics.ts';
import { parseRange } from './immediate.ts';

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

/** Letters of element sizes, smallest first. */
const LETTERS = 'bhsd';
/** Element sizes that a row has, as letters: `bhs`. */
export type Sizes = string;
export const hasSize = (sizes: Sizes, size: number): boolean => sizes.includes(LETTERS[size] as string);
/** Whether elements of these sizes make a vector of that `size` and `Q`; a single doubleword is none. */
export const makesVector =
  (sizes: Sizes) =>
  (f: { readonly size: number; readonly Q: number }): boolean =>
    hasSize(sizes, f.size) && (f.size !== 3 || f.Q === 1);

const listed = (words: readonly string[]) =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Arrangements out of a list, each with the fields that it stands for. */
function oneOf(fields: readonly string[], pairs: readonly (readonly [string, Record<string, number>])[]): Arrangement {
  const byText = new Map(pairs);
  return {
    fields,
    describe: listed([...byText.keys()]),
    print: f => pairs.find(([, values]) => fields.every(name => values[name] === f[name]))?.[0] ?? '?',
    parse: text => byText.get(text),
  };
}

/** The listed arrangements, by `size` and `Q`. */
export function byTexts(...texts: readonly string[]): Arrangement {
  const fieldsOf = (text: string) => ({ size: ARRANGEMENTS.indexOf(text) >> 1, Q: ARRANGEMENTS.indexOf(text) & 1 });
  return oneOf(
    ['size', 'Q'],
    texts.map(text => [text, fieldsOf(text)]),
  );
}

/** Arrangements of elements of some sizes, by `size` and `Q`; the single doubleword is none. */
export function bySizes(sizes: Sizes): Arrangement {
  return byTexts(...ARRANGEMENTS.filter((_, i) => makesVector(sizes)({ size: i >> 1, Q: i & 1 })));
}
/** As loads and stores have them, which need no second element. */
export const byAnySizeAndQ: Arrangement = byTexts(...ARRANGEMENTS);
export const bySizeAndQ: Arrangement = bySizes('bhsd');

/** Half (`Q` = 0) or whole (1) vectors of elements of `size`, or of twice that size with `wider`. */
export function bySizeAlone(sizes: Sizes, Q: number, wider = 0): Arrangement {
  const texts = [...sizes].map(letter => {
    const size = LETTERS.indexOf(letter);
    return [ARRANGEMENTS[2 * (size + wider) + Q] as string, { size }] as const;
  });
  return oneOf(['size'], texts);
}

/** Elements of twice the `size`, by `Q`, as sums of neighbours have them. */
export function bySizesWider(sizes: Sizes): Arrangement {
  const texts = [...sizes].flatMap(letter => {
    const size = LETTERS.indexOf(letter);
    return [0, 1].map(Q => [ARRANGEMENTS[2 * size + 2 + Q] as string, { size, Q }] as const);
  });
  return oneOf(['size', 'Q'], texts);
}

/** One arrangement alone. */
export const always = (text: string): Arrangement => oneOf([], [[text, {}]]);

/** Bytes alone, by `Q`: operations on bits. */
export const bytesByQ: Arrangement = halfOrFull('8b', '16b');

/** One of the two arrangements of an element size, by `Q`. */
export function halfOrFull(half: string, full: string): Arrangement {
  return oneOf(
    ['Q'],
    [
      [half, { Q: 0 }],
      [full, { Q: 1 }],
    ],
  );
}

export const lowestSetBit = (value: number): number => 31 - Math.clz32(value & -value);

/** The size of the element that `imm5` names. */
export const imm5Size = (fields: Fields): number => lowestSetBit(fields['imm5'] as number);

/** The element size by the lowest set bit of `imm5`, which an element of that register also decides; and `Q`. */
export const byImm5: Arrangement = {
  ...bySizeAndQ,
  fields: ['imm5', 'Q'],
  print: f => ARRANGEMENTS[lowestSetBit(f['imm5'] as number) * 2 + (f['Q'] as number)] ?? '?',
};

/** As `byImm5`, where only the arrangement tells `imm5`. */
export const toImm5: Arrangement = {
  ...byImm5,
  parse: text => {
    const chosen = bySizeAndQ.parse(text);
    return chosen && { imm5: 1 << (chosen['size'] as number), ...chosen };
  },
};

/** Size of the elements by the highest set bit of `immh`, as shifts by immediates have it. */
export const sizeOfShift = (fields: Fields): number => 31 - Math.clz32(fields['immh'] as number);

/** Arrangements by `immh` and `Q`, of which the shift amount decides the rest. */
export function byShift(sizes: Sizes): Arrangement {
  return {
    ...bySizes(sizes),
    fields: ['immh', 'Q'],
    print: f => ARRANGEMENTS[2 * sizeOfShift(f) + (f['Q'] as number)] as string,
  };
}

/** As `bySizeAlone`, by `immh`. */
export function byShiftAlone(sizes: Sizes, Q: number, wider = 0): Arrangement {
  return {
    ...bySizeAlone(sizes, Q, wider),
    fields: ['immh'],
    print: f => ARRANGEMENTS[2 * (sizeOfShift(f) + wider) + Q] as string,
  };
}

/** How fields tell a size. */
const sizesBy = { size: (f: Fields) => f['size'] as number, immh: sizeOfShift, imm5: imm5Size };

/** As `byShiftAlone`, with the shift by 0 that the text leaves out. */
export function unshifted(sizes: Sizes, Q: number): Arrangement {
  const arrangement = byShiftAlone(sizes, Q);
  return {
    ...arrangement,
    fields: ['immh', 'immb'],
    parse: text => {
      const chosen = arrangement.parse(text);
      return chosen && { ...chosen, immh: 1 << (chosen['size'] as number), immb: 0 };
    },
  };
}

/** `b3`, `h3`, `s3`, `d3`: a scalar of which a field tells the size, `wider` times doubled. */
export function scalarBySize(
  field: string,
  sizes: Sizes,
  { wider = 0, by = 'size' }: { wider?: number; by?: keyof typeof sizesBy } = {},
): OperandKind<RegisterRef> {
  const letters = [...sizes].map(letter => LETTERS[LETTERS.indexOf(letter) + wider] as string);
  const describe = `a SIMD&FP register ${listed(letters.map(letter => `${letter}0`))} to ${letters.at(-1)}31`;
  const sizeOf = sizesBy[by];
  return {
    ...registerCommon(field),
    fields: [field, by],
    describe,
    print: fields => `${LETTERS[sizeOf(fields) + wider]}${fields[field]}`,
    parse: input => {
      const register = registerAt(input, describe);
      if (!('kind' in register)) return register;
      if (!letters.includes(register.bank) || register.suffix || register.index)
        return problem(`expected ${describe}, not ${register.name}`, register.span);
      return { fields: { [field]: register.number, size: LETTERS.indexOf(register.bank) - wider }, consumed: 1 };
    },
  };
}

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

/** How fields hold the index of an element, the most significant first. */
export interface ElementIndex {
  readonly fields: readonly string[];
  of(fields: Fields): number;
  encode(index: number): Readonly<Record<string, number>>;
}

/** An index made of one-bit fields, the highest first. */
export function indexOfBits(...bits: readonly string[]): ElementIndex & { readonly last: number } {
  return {
    fields: bits,
    last: 2 ** bits.length - 1,
    of: fields => bits.reduce((index, bit) => index * 2 + (fields[bit] as number), 0),
    encode: index => Object.fromEntries(bits.map((bit, i) => [bit, (index >> (bits.length - 1 - i)) & 1])),
  };
}

/**
 * `v3.s[1]`, or `v3.4b[1]` where a group of elements is chosen: one element of a vector, with its index in a range from
 * 0. Rows whose field for the register has four bits reach the first sixteen registers.
 */
export function vectorElement(
  field: string,
  element: string,
  index: ElementIndex & { readonly last: number },
  registers: 16 | 32 = 32,
): OperandKind<RegisterRef> {
  const describe = `element 0 to ${index.last} of a vector register${registers === 16 ? ' below v16' : ''}, such as v0.${element}[0]`;
  return {
    ...registerCommon(field),
    fields: [field, ...index.fields],
    describe,
    print: fields => `v${fields[field]}.${element}[${index.of(fields)}]`,
    parse: input => {
      const read = elementAt(input, describe, text => text === element);
      if ('result' in read) return read.result;
      if (read.number >= registers) return problem(`only v0 to v${registers - 1} are possible here`, read.span, true);
      if (read.index > index.last)
        return problem(`element ${read.index} is out of range: 0 to ${index.last}`, read.span, true);
      return { fields: { [field]: read.number, ...index.encode(read.index) }, consumed: 1 };
    },
  };
}

/** The element at the cursor, when its suffix is possible. */
function elementAt(
  input: ParseInput,
  describe: string,
  possible: (suffix: string) => boolean,
): { number: number; suffix: string; index: number; span: RegisterOperand['span'] } | { result: ParseResult } {
  const register = registerAt(input, describe);
  if (!('kind' in register)) return { result: register };
  const { bank, number, span } = register;
  const written = register.suffix && `${register.suffix.lanes ?? ''}${register.suffix.element}`;
  // GNU as takes the arrangement of the whole register too: v0.4s[1].
  const suffix = written && ARRANGEMENTS.includes(written) ? register.suffix?.element : written;
  if (bank !== 'v' || !suffix || !register.index || !possible(suffix))
    return { result: problem(`expected ${describe}`, span) };
  const { value } = register.index;
  if (value === undefined)
    return { result: problem('the index must be known when the line is assembled', register.index.span, true) };
  if (value < 0n || value > 15n)
    return { result: problem(`element ${value} is out of range`, register.index.span, true) };
  return { number, suffix, index: Number(value), span };
}

/** The index of the element that `imm5` names. */
export const imm5Index: ElementIndex = {
  fields: ['imm5'],
  of: fields => (fields['imm5'] as number) >> (imm5Size(fields) + 1),
  encode: index => ({ imm5: index }),
};

/** `v3.s[1]` of a size that the row or an operand further left allows; the size and the index are in `imm5`. */
export function elementByImm5(field: string, sizes: Sizes): OperandKind<RegisterRef> {
  const describe = `an element of a vector register, such as v0.${sizes[0]}[0]`;
  return {
    ...registerCommon(field),
    fields: [field, 'imm5'],
    describe,
    print: fields => `v${fields[field]}.${LETTERS[imm5Size(fields)]}[${imm5Index.of(fields)}]`,
    parse: input => {
      const read = elementAt(input, describe, text => text.length === 1 && sizes.includes(text));
      if ('result' in read) return read.result;
      const size = LETTERS.indexOf(read.suffix);
      const last = (16 >> size) - 1;
      if (read.index > last) return problem(`element ${read.index} is out of range: 0 to ${last}`, read.span, true);
      return { fields: { [field]: read.number, size, imm5: ((2 * read.index + 1) << size) & 31 }, consumed: 1 };
    },
  };
}

/** `v3.s[1]`, the source of an insertion: of the size that `imm5` gives, with its index in `imm4`. */
export function elementByImm4(field: string): OperandKind<RegisterRef> {
  const describe = 'an element of a vector register, of the size of the other';
  return {
    ...registerCommon(field),
    fields: [field, 'imm4'],
    describe,
    print: fields =>
      `v${fields[field]}.${LETTERS[imm5Size(fields)]}[${(fields['imm4'] as number) >> imm5Size(fields)}]`,
    parse: input => {
      const read = elementAt(input, describe, text => text.length === 1);
      if ('result' in read) return read.result;
      const size = LETTERS.indexOf(read.suffix);
      const last = (16 >> size) - 1;
      if (read.index > last) return problem(`element ${read.index} is out of range: 0 to ${last}`, read.span, true);
      return { fields: { [field]: read.number, size, imm4: read.index << size }, consumed: 1 };
    },
  };
}

/** The same register for two fields, written once. */
export function sameRegister(kind: OperandKind<RegisterRef>, from: string, other: string): OperandKind<RegisterRef> {
  return {
    ...kind,
    fields: [...kind.fields, other],
    parse: input => {
      const result = kind.parse(input);
      if ('problem' in result) return result;
      return { ...result, fields: { ...result.fields, [other]: result.fields[from] as number } };
    },
  };
}

/** A part of an instruction that another operand's text stands for, such as the index in `v0.s[1]`. */
export function hiddenImmediate(describe: string, value: (fields: Fields) => number): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [],
    describe,
    storedAs: 'u8',
    print: () => '',
    parse: () => ({ fields: {}, consumed: 0 }),
    value: fields => BigInt(value(fields)),
  };
}

/** Shift amounts in `immh` and `immb`: `#1` to the element's bits (right), or 0 to one less (left). */
export function shiftAmount(direction: 'left' | 'right'): OperandKind<ImmediateRef> {
  const amount = (f: Fields) => {
    const bits = 8 << sizeOfShift(f);
    const encoded = (f['immh'] as number) * 8 + (f['immb'] as number);
    return direction === 'left' ? encoded - bits : 2 * bits - encoded;
  };
  return {
    role: 'immediate',
    fields: ['immh', 'immb'],
    describe:
      direction === 'left'
        ? 'a shift amount below the bits of an element'
        : 'a shift amount from 1 to the bits of an element',
    storedAs: 'u8',
    print: f => `#${amount(f)}`,
    parse: input => {
      const { size } = input.fields;
      if (size === undefined) return problem('expected a vector before the shift amount', current(input)?.span);
      const bits = 8 << size;
      const [minimum, maximum] = direction === 'left' ? [0, bits - 1] : [1, bits];
      const read = parseRange(input, { minimum, maximum, step: 1, what: `a shift amount, ${minimum} to ${maximum}` });
      if ('result' in read) return read.result;
      if ('fixup' in read) return problem('the shift amount must be a known number', current(input)?.span, true);
      const encoded = direction === 'left' ? bits + read.value : 2 * bits - read.value;
      return { fields: { immh: encoded >> 3, immb: encoded & 7 }, consumed: 1 };
    },
    value: f => BigInt(amount(f)),
  };
}
