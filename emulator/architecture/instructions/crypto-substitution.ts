/** Substitution of bytes by a table of 256, on all bytes of a vector at once. */
import type { SemanticsBuilder, V128 } from '../semantics.ts';

/**
 * The table is cut into 16 rows. A byte's low half chooses within a row; the row of its high half is the only one for
 * which the byte without its row's number is below 16, and choosing beyond 15 gives zero.
 */
export function substituteBytes(b: SemanticsBuilder, bytes: V128, table: readonly number[]): V128 {
  let result: V128 | undefined;
  for (let row = 0; row < 16; row++) {
    const index = b.wasm<'v128'>('v128', 'v128.xor', [bytes, b.v128(new Array(16).fill(row << 4))]);
    const chosen = b.wasm<'v128'>('v128', 'i8x16.swizzle', [b.v128(table.slice(row << 4, (row + 1) << 4)), index]);
    result = result ? b.wasm('v128', 'v128.or', [result, chosen]) : chosen;
  }
  return result as V128;
}

/** Multiplication in GF(2^8) modulo a polynomial of degree 8. */
function multiply(x: number, y: number, polynomial: number): number {
  let [a, b, product] = [x, y, 0];
  for (; b; b >>= 1) {
    if (b & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? polynomial : 0);
  }
  return product;
}

/** The inverse in GF(2^8) modulo a polynomial; 0 stays 0. */
export function fieldInverse(x: number, polynomial: number): number {
  for (let y = 1; y < 256; y++) if (multiply(x, y, polynomial) === 1) return y;
  return 0;
}
