/** Estimates of reciprocals (Arm ARM: FPRecipEstimate, FPRSqrtEstimate, FPRecpX): eight bits by a table that is a formula. */
import { bitLength, type FloatFormat, FloatingPoint, FPSR } from './floating-point.ts';
import type { FloatResult } from './floating-point-arithmetic.ts';

/** 256 to 511 for 0.5 ≤ a/512 < 1: the reciprocal as 1.0 to 2.0 in units of 1/256 (RecipEstimate). */
export function reciprocalEstimate(a: number): number {
  const quotient = Math.floor(2 ** 19 / (2 * a + 1));
  return (quotient + 1) >> 1;
}

/** The reciprocal square root for 0.25 ≤ a/512 < 1, in the same units (RecipSqrtEstimate). */
export function reciprocalSquareRootEstimate(a: number): number {
  // The middle of the interval that a stands for; from a half on, of two of them.
  const scaled = a < 256 ? 2 * a + 1 : 2 * (a | 1);
  let b = 512;
  while (scaled * (b + 1) * (b + 1) < 2 ** 28) b++;
  return (b + 1) >> 1;
}

/** The highest nine bits of a mantissa. */
function leadingBits(mantissa: bigint): number {
  const excess = bitLength(mantissa) - 9;
  return Number(excess >= 0 ? mantissa >> BigInt(excess) : mantissa << BigInt(-excess));
}

export function floatReciprocalEstimate(format: FloatFormat, x: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const bits = (() => {
    const nan = fp.processNaNs([value]);
    if (nan !== undefined) return nan;
    if (value.kind === 'infinity') return fp.zero(value.negative);
    if (value.kind !== 'number') {
      fp.flags |= FPSR.DZC;
      return fp.infinity(value.negative);
    }
    const top = bitLength(value.mantissa) - 1 + value.exponent;
    if (top < -fp.bias - 1) {
      fp.flags |= FPSR.OFC | FPSR.IXC;
      return fp.overflow(value.negative);
    }
    if (fp.flushesToZero && top >= fp.bias - 1) {
      fp.flags |= FPSR.UFC;
      return fp.zero(value.negative);
    }
    // 1 / (a/512 * 2^(top+1)) = estimate/256 * 2^-(top+1); exact in the format, subnormal results included.
    const estimate = BigInt(reciprocalEstimate(leadingBits(value.mantissa)));
    return exactly(fp, value.negative, estimate, -(top + 1) - 8);
  })();
  return { bits, flags: fp.flags };
}

/** The bits of a number of so few bits that nothing is lost, or what is lost below a subnormal is cut off. */
function exactly(fp: FloatingPoint, negative: boolean, mantissa: bigint, exponent: number): bigint {
  const { fraction } = fp.format;
  const top = bitLength(mantissa) - 1 + exponent;
  const biased = Math.max(top + fp.bias, 0);
  const unit = Math.max(top, 1 - fp.bias) - fraction;
  const shift = exponent - unit;
  const kept = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
  return fp.zero(negative) | (BigInt(biased) << BigInt(fraction)) | (kept & ((1n << BigInt(fraction)) - 1n));
}

export function floatReciprocalSquareRootEstimate(format: FloatFormat, x: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const bits = (() => {
    const nan = fp.processNaNs([value]);
    if (nan !== undefined) return nan;
    if (value.kind === 'zero') {
      fp.flags |= FPSR.DZC;
      return fp.infinity(value.negative);
    }
    if (value.negative) return fp.invalid();
    if (value.kind !== 'number') return fp.zero(false);
    const top = bitLength(value.mantissa) - 1 + value.exponent;
    // The value is a/512 * 2^even with 0.25 ≤ a/512 < 1.
    const even = (top & 1) === 0 ? top + 2 : top + 1;
    const leading = leadingBits(value.mantissa);
    const estimate = BigInt(reciprocalSquareRootEstimate((top & 1) === 0 ? leading >> 1 : leading));
    return exactly(fp, false, estimate, -even / 2 - 8);
  })();
  return { bits, flags: fp.flags };
}

/** FPRecpX: the power of two near the reciprocal, for scaling. */
export function floatReciprocalExponent(format: FloatFormat, x: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const bits = (() => {
    const nan = fp.processNaNs([value]);
    if (nan !== undefined) return nan;
    const exponent = value.bits & fp.infinityBits;
    const greatest = fp.infinityBits - (1n << BigInt(format.fraction));
    return fp.zero(value.negative) | (exponent === 0n ? greatest : exponent ^ fp.infinityBits);
  })();
  return { bits, flags: fp.flags };
}
