/** What the rows of Advanced SIMD floating point share: lanes, arrangements, comparisons as masks. */
import { type Arrangement, always, halfOrFull, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { I32, I64, SemanticsBuilder, V128 } from '../semantics.ts';
import { floatCompare } from './floating-point-arithmetic.ts';
import {
  absoluteBits,
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  type HelperByType,
  laneCount,
  vectorOf,
} from './floating-point-values.ts';

export const common = { traits: ['floatingPoint', 'vector'] } as const;

/** The vectors of a format: a single double makes none. */
export function arrangementOf(type: FloatType): Arrangement {
  if (type === DOUBLE) return always('2d');
  return type === HALF ? halfOrFull('4h', '8h') : halfOrFull('2s', '4s');
}

/** The vector forms that an encoding has: doubles always fill the vector, so that Q is not a field there. */
export const VECTOR_FORMS = FLOAT_TYPES.map(type => ({ type, Q: type === DOUBLE ? '1' : 'Q' }) as const);

export const vectors = (type: FloatType) => ({
  d: vectorRegister('Rd', arrangementOf(type)),
  n: vectorRegister('Rn', arrangementOf(type)),
});
export const scalars = (type: FloatType) => ({
  d: scalarRegister('Rd', type.letter),
  n: scalarRegister('Rn', type.letter),
});

/** Whether a form's whole vector is meant: the shape's Q, or always for doubles. */
export const extent = (type: FloatType, f: { readonly Q?: number }): number => (type === DOUBLE ? 1 : (f.Q ?? 0));

/** Q as a shape, where the form has it as a field. */
export const shapeOfQ = (type: FloatType): readonly 'Q'[] => (type === DOUBLE ? [] : ['Q']);

/** A vector computed lane by lane. */
export function lanewise(b: SemanticsBuilder, type: FloatType, Q: number, compute: (i: number) => Bits): V128 {
  return vectorOf(
    b,
    type,
    Array.from({ length: laneCount(type, Q) }, (_, i) => compute(i)),
  );
}

export const callOn =
  (helper: HelperByType) =>
  (b: SemanticsBuilder, type: FloatType, ...values: Bits[]): Bits =>
    b.call(type.word, helper[type.letter], ...values);

export type Comparison = 'eq' | 'ge' | 'gt';

/** All ones where a comparison holds; every NaN is signalled but by equality, and nothing holds for it. */
export function compareAsMask(b: SemanticsBuilder, type: FloatType, comparison: Comparison, x: Bits, y: Bits): Bits {
  const nzcv = b.call('i32', floatCompare[type.letter], x, y, b.i32(comparison === 'eq' ? 0 : 1));
  const holds: Record<Comparison, () => I32> = {
    eq: () => b.equal(nzcv, b.i32(0b0110)),
    ge: () => b.equal(b.and(nzcv, b.i32(0b0011)), b.i32(0b0010)),
    gt: () => b.equal(nzcv, b.i32(0b0010)),
  };
  const mask = b.negate(holds[comparison]());
  if (type === DOUBLE) return b.signExtend(mask);
  return type === HALF ? b.and(mask, b.i32(0xffff)) : mask;
}

export function compareMagnitudes(
  b: SemanticsBuilder,
  type: FloatType,
  comparison: Comparison,
  x: Bits,
  y: Bits,
): Bits {
  return compareAsMask(b, type, comparison, absoluteBits(b, type, x), absoluteBits(b, type, y));
}

/** A vector of which every lane is the one of a run-time index. */
export function broadcast(b: SemanticsBuilder, bytes: number, vector: V128, index: I32): V128 {
  const within = b.v128(Array.from({ length: 16 }, (_, i) => i % bytes));
  const from: V128 = b.wasm('v128', 'i8x16.splat', [b.shl(index, b.i32(Math.log2(bytes)))]);
  return b.wasm('v128', 'i8x16.swizzle', [vector, b.wasm('v128', 'i8x16.add', [from, within])]);
}

/** An integer as a lane of the format's width. */
export const asLane = (b: SemanticsBuilder, type: FloatType, value: I64): Bits =>
  type === DOUBLE ? value : b.wrap(value);

/** A lane as an integer of 64 bits. */
export function asInteger(b: SemanticsBuilder, type: FloatType, value: Bits, unsigned: boolean): I64 {
  if (type === DOUBLE) return value as I64;
  const word = value as I32;
  if (unsigned) return b.zeroExtend(word);
  return b.signExtend(type === HALF ? b.signExtendLow(word, 16) : word);
}

export const SIGNS = [
  { U: '0', letter: 's', unsigned: false, what: 'signed' },
  { U: '1', letter: 'u', unsigned: true, what: 'unsigned' },
] as const;
