/** How the fields of an SVE or SME encoding say the size of elements: the letter behind the dot of `z3.s`. */
import type { VectorSuffix } from '../assembly-operand.ts';
import type { Fields } from '../pattern.ts';
import type { FieldGroup } from './field-group.ts';
import { decodeBitmask, encodeBitmask } from './logical.ts';
import { lowestSetBit } from './vector.ts';

type Letter = VectorSuffix['element'];

export const LETTERS = 'bhsdq';

export interface Elements {
  readonly fields: readonly string[];
  /** The sizes that are possible, as letters. */
  readonly letters: string;
  /** The letter; undefined where the encoding is reserved. */
  letterOf(fields: Fields): string | undefined;
  /** What a written letter says about the fields; undefined where it is not possible. */
  parse(letter: Letter): Readonly<Record<string, number>> | undefined;
}

/** Always the same size. */
export const fixedElements = (letter: string): Elements => ({
  fields: [],
  letters: letter,
  letterOf: () => letter,
  parse: written => (written === letter ? {} : undefined),
});

/** The sizes that the values of a field stand for, one letter for each value, `-` where it is reserved: `-hsd`. */
export const elementsBy = (field: string, letters: string): Elements => ({
  fields: [field],
  letters: letters.replaceAll('-', ''),
  letterOf: fields => known(letters[fields[field] as number]),
  parse: written => (letters.includes(written) ? { [field]: letters.indexOf(written) } : undefined),
});

const known = (letter: string | undefined) => (letter === '-' ? undefined : letter);

/** Text tells the size by this name where the fields that hold it hold more. */
export const ELEMENT_SIZE = 'element size';

/** The size by the highest bit set of `tszh:tszl`, `steps` doubled: what shifts by immediates have. */
export function elementsByHighestBit(tsz: FieldGroup, steps: number): Elements {
  const letters = LETTERS.slice(steps, steps + tsz.width);
  const sizeOf = (fields: Fields) => 31 - Math.clz32(tsz.of(fields));
  return {
    fields: tsz.fields,
    letters,
    letterOf: fields => letters[sizeOf(fields)],
    parse: written => (letters.includes(written) ? { [ELEMENT_SIZE]: letters.indexOf(written) } : undefined),
  };
}

/** As `elementsByHighestBit`, where only one bit may be set, as there is no amount. */
export function elementsByOnlyBit(tsz: FieldGroup, steps: number): Elements {
  const letters = LETTERS.slice(steps, steps + tsz.width);
  return {
    fields: tsz.fields,
    letters,
    letterOf: fields => [...letters].find((_, size) => tsz.of(fields) === 1 << size),
    parse: written => {
      const size = letters.indexOf(written);
      return size < 0 ? undefined : { ...tsz.put(1 << size), [ELEMENT_SIZE]: size };
    },
  };
}

/** The size by the lowest bit set of the last `bits` bits of a group, which holds an index above that bit. */
export function elementsByLowestBit(group: FieldGroup, bits: number): Elements {
  const letters = LETTERS.slice(0, bits);
  return {
    fields: group.fields,
    letters,
    letterOf: fields => letters[lowestSetBit(group.of(fields))],
    parse: written => (letters.includes(written) ? { [ELEMENT_SIZE]: letters.indexOf(written) } : undefined),
  };
}

const wholeBitmask = (field: number) => decodeBitmask((field >> 12) & 1, (field >> 6) & 63, field & 63, 64);

/** The 64 bits that a bitmask immediate of SVE stands for (`imm13` is N:immr:imms); undefined where it is reserved. */
export const bitmaskOf = (fields: Fields): bigint | undefined => wholeBitmask(fields['imm13'] as number);

/** The `imm13` of 64 bits, or undefined when they are no bitmask immediate. */
export function bitmaskField(value: bigint): number | undefined {
  const encoded = encodeBitmask(value, 64);
  return encoded && (encoded.N << 12) | (encoded.immr << 6) | encoded.imms;
}

/** Elements as short as the period of a bitmask immediate, but not shorter than a byte; any size may be written. */
export const elementsByBitmask: Elements = {
  fields: ['imm13'],
  letters: 'bhsd',
  letterOf: fields => {
    const value = bitmaskOf(fields);
    if (value === undefined) return undefined;
    return [...'bhsd'].find((_, size) => {
      const bits = 8 << size;
      return repeated(value, bits) === value;
    });
  },
  parse: written => (written === 'q' ? undefined : { [ELEMENT_SIZE]: LETTERS.indexOf(written) }),
};

/** The low bits of a value, repeated to 64 bits. */
export function repeated(value: bigint, bits: number): bigint {
  let result = 0n;
  for (let at = 0; at < 64; at += bits) result |= BigInt.asUintN(bits, value) << BigInt(at);
  return result;
}
