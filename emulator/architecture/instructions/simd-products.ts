/** Products and sums that vector rows form with whole vectors and with one element alike. */
import type { V128 } from '../semantics.ts';
import type { Lanes } from './simd-lanes.ts';

/** An operation of two sources that may use the destination; `half` chooses the halves of long operations. */
export type Combine = (s: {
  readonly lanes: Lanes;
  readonly n: V128;
  readonly m: V128;
  readonly d: () => V128;
  readonly half: number;
}) => V128;

/** The product of elements at twice their size, alone or added to or subtracted from the destination. */
export const productLong =
  (signed: boolean, accumulate: 'none' | 'add' | 'sub'): Combine =>
  ({ lanes, n, m, d, half }) => {
    const product = lanes.multiplyLong(half, signed, n, m);
    return accumulate === 'none' ? product : lanes.wider[accumulate](d(), product);
  };

/** Twice the signed product at twice the size, saturating at each step. */
export const doublingProductLong =
  (accumulate: 'none' | 'add' | 'sub'): Combine =>
  ({ lanes, n, m, d, half }) => {
    const product = lanes.doublingMultiplyLong(half, n, m);
    if (accumulate === 'none') return product;
    return accumulate === 'add'
      ? lanes.wider.saturatingAdd(true, d(), product)
      : lanes.wider.saturatingSub(true, d(), product);
  };

/** SQRDMLAH and SQRDMLSH. */
export const roundingDoublingAccumulate =
  (subtract: boolean): Combine =>
  ({ lanes, n, m, d }) =>
    lanes.doublingMultiplyHigh(n, m, { rounding: true, accumulator: d(), subtract });

/** Whether the bytes of the first and of the second source are signed. */
export type ByteSigns = readonly [boolean, boolean];

/** For each word the sum of the products of its four bytes, added to the destination. */
export const dotProduct =
  (signs: ByteSigns): Combine =>
  ({ lanes, n, m, d }) => {
    const [low, high] = [0, 1].map(half => byteProducts(lanes, n, m, signs, half, half)) as [V128, V128];
    const words = lanes.wider.wider;
    return words.add(d(), words.add(words.even(low, high), words.odd(low, high)));
  };

/** Sums of two products of bytes each, as words, out of one half of each vector. */
export function byteProducts(
  bytes: Lanes,
  n: V128,
  m: V128,
  [signedN, signedM]: ByteSigns,
  halfN: number,
  halfM: number,
): V128 {
  const products = bytes.wider.mul(bytes.extend(halfN, signedN, n), bytes.extend(halfM, signedM, m));
  // Products of unsigned bytes need all sixteen bits; all others fit with their sign.
  return bytes.wider.pairwiseAddLong(signedN || signedM, products);
}
