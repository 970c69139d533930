/** Multiplication of polynomials over GF(2). */
import { helper, type I64, type SemanticsBuilder } from '../semantics.ts';
import { reverseBits64 } from './helpers.ts';

/** Every fourth bit, from bit `i`. */
const everyFourth = (i: number) => 0x1111_1111_1111_1111n << BigInt(i);

/**
 * The low 64 bits of a product without carries. Integers that have ones only in every fourth bit multiply with sums of at
 * most 16 in each group of four bits, of which the lowest bit is the sum without carry; only the highest group could
 * overflow, and it does so out of the word.
 */
export const polynomialProductLow = helper('polynomialProductLow', ['i64', 'i64'], 'i64', (b, x: I64, y: I64) => {
  const part = (v: I64, i: number) => b.and(v, b.i64(BigInt.asIntN(64, everyFourth(i))));
  let result = b.i64(0);
  for (let place = 0; place < 4; place++) {
    let products = b.i64(0);
    for (let i = 0; i < 4; i++) products = b.xor(products, b.mul(part(x, i), part(y, (place - i) & 3)));
    result = b.or(result, part(products, place));
  }
  return result;
});

/** The high 64 bits: the low ones of the reversed factors, reversed, one place down. */
export function polynomialProductHigh(b: SemanticsBuilder, x: I64, y: I64): I64 {
  const reverse = (v: I64) => b.call('i64', reverseBits64, v);
  return b.shrUnsigned(reverse(b.call('i64', polynomialProductLow, reverse(x), reverse(y))), b.i64(1));
}
