/** Vectors taken apart into words and put together again, for algorithms that work on words. */
import type { I32, I64, SemanticsBuilder, V128, Value } from '../semantics.ts';

/** The four words of a vector, the lowest first. */
export const wordsOf = (b: SemanticsBuilder, x: V128): [I32, I32, I32, I32] =>
  [0, 1, 2, 3].map(i => b.wasm('i32', 'i32x4.extract_lane', [x], i)) as [I32, I32, I32, I32];

/** A vector of four words, the lowest first. */
export function vectorOfWords(b: SemanticsBuilder, words: readonly [I32, I32, I32, I32]): V128 {
  let x = b.wasm<'v128'>('v128', 'i32x4.splat', [words[0]]);
  for (let i = 1; i < 4; i++) x = b.wasm('v128', 'i32x4.replace_lane', [x, words[i] as I32], i);
  return x;
}

/** The two doublewords of a vector, the lower first. */
export const doublewordsOf = (b: SemanticsBuilder, x: V128): [I64, I64] =>
  [0, 1].map(i => b.wasm('i64', 'i64x2.extract_lane', [x], i)) as [I64, I64];

/** A vector of two doublewords, the lower first. */
export const vectorOfDoublewords = (b: SemanticsBuilder, low: I64, high: I64): V128 =>
  b.wasm('v128', 'i64x2.replace_lane', [b.wasm('v128', 'i64x2.splat', [low]), high], 1);

type Integer = 'i32' | 'i64';

/** A sum of several values. */
export const sum = <T extends Integer>(b: SemanticsBuilder, first: Value<T>, ...rest: Value<T>[]): Value<T> =>
  rest.reduce((all, one) => b.add(all, one), first);

/** The exclusive OR of rotations to the right, as hash functions mix. */
export const mixRotations = <T extends Integer>(b: SemanticsBuilder, x: Value<T>, ...amounts: number[]): Value<T> =>
  amounts.map(by => b.rotateRight(x, b.constant(x.type, by))).reduce((all, one) => b.xor(all, one));

/** The exclusive OR of a word and rotations of it to the left. */
export const mixLeft = (b: SemanticsBuilder, x: I32, ...amounts: number[]): I32 =>
  amounts.reduce((all, by) => b.xor(all, b.rotateLeft(x, b.i32(by))), x);

/** Bits of `y` where `x` has ones, of `z` elsewhere. */
export const choose = <T extends Integer>(b: SemanticsBuilder, x: Value<T>, y: Value<T>, z: Value<T>): Value<T> =>
  b.xor(b.and(b.xor(y, z), x), z);

/** Bits that two of three have. */
export const majority = <T extends Integer>(b: SemanticsBuilder, x: Value<T>, y: Value<T>, z: Value<T>): Value<T> =>
  b.or(b.and(x, y), b.and(b.or(x, y), z));

export const parity = <T extends Integer>(b: SemanticsBuilder, x: Value<T>, y: Value<T>, z: Value<T>): Value<T> =>
  b.xor(b.xor(x, y), z);
