/** Floating-point numbers for tests. */
import type { Random } from '../translation/random.ts';

/** A format of floating-point numbers: bits of the fraction and of the whole. */
export interface Format {
  readonly fraction: number;
  readonly width: number;
}
export const floatFormats: readonly Format[] = [
  { fraction: 52, width: 64 },
  { fraction: 23, width: 32 },
  { fraction: 10, width: 16 },
];

/**
 * A floating-point number: one that arithmetic treats specially, one of a common size so that results round, or any bits;
 * when it is to be `tame`, of a common size.
 */
export function randomFloat(random: Random, { fraction, width }: Format, tame = false): bigint {
  const one = 1n << BigInt(fraction);
  const sign = random.bits(1) << BigInt(width - 1);
  const bias = (1n << BigInt(width - fraction - 2)) - 1n;
  const infinity = (2n * bias + 1n) * one;
  const kind = tame ? 6 : random.below(10);
  if (kind < 3) {
    const magnitudes = [
      0n,
      bias * one,
      infinity,
      infinity + one / 2n,
      infinity + 1n,
      infinity + one - 1n,
      1n,
      one - 1n,
      one,
    ];
    magnitudes.push(one + 1n, infinity - 1n, infinity - one, 2n * one, (bias - 1n) * one, (bias + 1n) * one + one / 2n);
    return sign | random.pick(magnitudes);
  }
  if (kind < 4) return sign | random.bits(fraction);
  // Around the limits of integers, and of the lesser formats.
  const middle = kind < 6 ? random.pick([15n, 16n, 31n, 32n, 63n, 64n, -14n, -24n, -126n, -149n, 127n]) : 0n;
  if (kind < 9) {
    const exponent = bias + middle + BigInt(random.below(7) - 3);
    const low = random.chance(0.3)
      ? random.pick([0n, 1n, one - 1n, one / 2n, one / 2n - 1n, one / 4n])
      : random.chance(0.3)
        ? random.bits(fraction) & ~((1n << BigInt(random.below(fraction))) - 1n)
        : random.bits(fraction);
    return sign | (exponent > 0n && exponent < 2n * bias + 1n ? exponent * one : 0n) | low;
  }
  return random.bits(width);
}
