/** The pieces of AES (FIPS 197) on a whole state of 16 bytes, column by column as registers hold it. */
import { helper, type SemanticsBuilder, type V128 } from '../semantics.ts';
import { fieldInverse, substituteBytes } from './crypto-substitution.ts';

/** x^8 + x^4 + x^3 + x + 1. */
const POLYNOMIAL = 0x11b;

/** The S-box: the inverse in the field, then an affine map over bits (FIPS 197, 5.1.1). */
export const aesSubstitution: readonly number[] = Array.from({ length: 256 }, (_, x) => {
  const y = fieldInverse(x, POLYNOMIAL);
  const rotated = [0, 1, 2, 3, 4].map(by => ((y << by) | (y >> (8 - by))) & 0xff);
  return rotated.reduce((all, one) => all ^ one, 0x63);
});

const inverseSubstitution = Array.from({ length: 256 }, (_, y) => aesSubstitution.indexOf(y));

/** Bytes of the state that row `r` (of column `c`) takes from: the same row, `step` columns on for each row down. */
const rowsShifted = (step: 1 | -1) =>
  Array.from({ length: 16 }, (_, i) => {
    const [row, column] = [i & 3, i >> 2];
    return row + 4 * ((column + step * row + 4) & 3);
  });

const shuffled = (b: SemanticsBuilder, x: V128, bytes: readonly number[]): V128 =>
  b.wasm('v128', 'i8x16.shuffle', [x, x], bytes);

const exclusiveOr = (b: SemanticsBuilder, x: V128, y: V128): V128 => b.wasm('v128', 'v128.xor', [x, y]);

/** ShiftRows and SubBytes, which commute. */
export const aesEncryptRound = helper('aesEncryptRound', ['v128'], 'v128', (b, state: V128) =>
  substituteBytes(b, shuffled(b, state, rowsShifted(1)), aesSubstitution),
);

/** InvShiftRows and InvSubBytes. */
export const aesDecryptRound = helper('aesDecryptRound', ['v128'], 'v128', (b, state: V128) =>
  substituteBytes(b, shuffled(b, state, rowsShifted(-1)), inverseSubstitution),
);

/** Every byte times x in the field. */
function timesX(b: SemanticsBuilder, x: V128): V128 {
  const doubled = b.wasm('v128', 'i8x16.shl', [x, b.i32(1)]);
  const carried = b.wasm('v128', 'i8x16.shr_s', [x, b.i32(7)]);
  return exclusiveOr(b, doubled, b.wasm('v128', 'v128.and', [carried, b.v128(new Array(16).fill(0x1b))]));
}

/** Each column with its rows moved up by `by`. */
const rowsUp = (b: SemanticsBuilder, x: V128, by: number): V128 =>
  shuffled(
    b,
    x,
    Array.from({ length: 16 }, (_, i) => (i & 12) | ((i + by) & 3)),
  );

function mixColumns(b: SemanticsBuilder, x: V128): V128 {
  const next = rowsUp(b, x, 1);
  const doubled = timesX(b, exclusiveOr(b, x, next));
  return exclusiveOr(b, exclusiveOr(b, doubled, next), exclusiveOr(b, rowsUp(b, x, 2), rowsUp(b, x, 3)));
}

export const aesMixColumns = helper('aesMixColumns', ['v128'], 'v128', (b, state: V128) => mixColumns(b, state));

/** InvMixColumns is MixColumns after each byte took 4 (x + y) of itself and the byte two rows on. */
export const aesInverseMixColumns = helper('aesInverseMixColumns', ['v128'], 'v128', (b, state: V128) => {
  const fourTimes = timesX(b, timesX(b, exclusiveOr(b, state, rowsUp(b, state, 2))));
  return mixColumns(b, exclusiveOr(b, state, fourTimes));
});
