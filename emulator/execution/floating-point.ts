/**
 * Floating-point numbers as the Arm ARM's pseudocode treats them (A1.5; FPUnpack, FPProcessNaNs, FPRound): exact
 * intermediate results, every rounding mode, NaN rules and the cumulative exception bits.
 *
 * Numbers are bit patterns. One `FloatingPoint` serves one operation: it knows the format, what FPCR asks for, and
 * collects the FPSR bits that the operation sets. Operations are in `floating-point-arithmetic.ts`,
 * `floating-point-conversion.ts` and `floating-point-estimate.ts`.
 */

export interface FloatFormat {
  readonly width: number;
  /** Bits of the fraction; the rest but one is the exponent. */
  readonly fraction: number;
}

export const HALF: FloatFormat = { width: 16, fraction: 10 };
export const BFLOAT: FloatFormat = { width: 16, fraction: 7 };
export const SINGLE: FloatFormat = { width: 32, fraction: 23 };
export const DOUBLE: FloatFormat = { width: 64, fraction: 52 };

/** Cumulative exception bits of FPSR. */
export const FPSR = { IOC: 1, DZC: 2, OFC: 4, UFC: 8, IXC: 16, IDC: 128 } as const;

/** Bits of FPCR. */
export const FPCR = { FZ16: 1 << 19, FZ: 1 << 24, DN: 1 << 25, AHP: 1 << 26 } as const;

/** Rounding: 0 to 3 are FPCR.RMode's values. */
export const Rounding = {
  nearest: 0,
  towardsPlusInfinity: 1,
  towardsMinusInfinity: 2,
  towardsZero: 3,
  nearestTiesAway: 4,
  /** Inexact results get an odd last bit; overflow gives the greatest number. */
  odd: 5,
  /** The same, but overflow gives infinity. */
  oddOrInfinity: 6,
} as const;

/** Whether a magnitude of `kept` and a rest is rounded away from zero. `rest` is compared with `half` a unit. */
export function roundsUp(
  rounding: number,
  negative: boolean,
  odd: boolean,
  rest: bigint,
  half: bigint,
  sticky: boolean,
): boolean {
  const inexact = rest !== 0n || sticky;
  switch (rounding) {
    case Rounding.nearest:
      return half !== 0n && (rest > half || (rest === half && (sticky || odd)));
    case Rounding.nearestTiesAway:
      return half !== 0n && rest >= half;
    case Rounding.towardsPlusInfinity:
      return inexact && !negative;
    case Rounding.towardsMinusInfinity:
      return inexact && negative;
    case Rounding.odd:
    case Rounding.oddOrInfinity:
      return inexact && !odd;
    default:
      return false;
  }
}

export interface SpecialValue {
  readonly kind: 'zero' | 'infinity' | 'quiet' | 'signalling';
  readonly negative: boolean;
  readonly bits: bigint;
}
/** ±mantissa * 2^exponent, the mantissa not zero. */
export interface NumberValue {
  readonly kind: 'number';
  readonly negative: boolean;
  readonly bits: bigint;
  readonly mantissa: bigint;
  readonly exponent: number;
}
export type Unpacked = SpecialValue | NumberValue;

export const isNotANumber = (value: Unpacked): boolean => value.kind === 'quiet' || value.kind === 'signalling';

export function negated(value: Unpacked): Unpacked {
  return { ...value, negative: !value.negative };
}

/** How many bits a positive number has. */
export function bitLength(value: bigint): number {
  return value.toString(2).length;
}

export class FloatingPoint {
  readonly format: FloatFormat;
  readonly fpcr: number;
  rounding: number;
  /** Half precision without infinities and NaNs (FPCR.AHP); conversions alone know it. */
  readonly alternative: boolean;
  readonly exponentBits: number;
  readonly bias: number;
  readonly signBit: bigint;
  readonly infinityBits: bigint;
  readonly quietBit: bigint;
  private readonly flushes: boolean;
  flags = 0;

  /** `conversion` is one between formats: half precision may be the alternative one and is never flushed. */
  constructor(format: FloatFormat, fpcr: number, { conversion = false } = {}) {
    this.format = format;
    this.fpcr = fpcr;
    this.rounding = (fpcr >>> 22) & 3;
    const half = format === HALF;
    this.alternative = half && conversion && (fpcr & FPCR.AHP) !== 0;
    this.flushes = half ? !conversion && (fpcr & FPCR.FZ16) !== 0 : (fpcr & FPCR.FZ) !== 0;
    this.exponentBits = format.width - 1 - format.fraction;
    this.bias = 2 ** (this.exponentBits - 1) - 1;
    this.signBit = 1n << BigInt(format.width - 1);
    this.infinityBits = ((1n << BigInt(this.exponentBits)) - 1n) << BigInt(format.fraction);
    this.quietBit = 1n << BigInt(format.fraction - 1);
  }

  get defaultsNaN(): boolean {
    return (this.fpcr & FPCR.DN) !== 0;
  }
  /** Subnormal numbers count as zero, as operands and as results. */
  get flushesToZero(): boolean {
    return this.flushes;
  }

  /** FPUnpack: where subnormal operands count as zero, FPSR.IDC tells so (for half precision it does not). */
  unpack(value: bigint): Unpacked {
    const { fraction, width } = this.format;
    const bits = BigInt.asUintN(width, value);
    const negative = bits >= this.signBit;
    const exponent = Number((bits & this.infinityBits) >> BigInt(fraction));
    const low = bits & ((1n << BigInt(fraction)) - 1n);
    if (exponent === 2 ** this.exponentBits - 1 && !this.alternative) {
      if (low === 0n) return { kind: 'infinity', negative, bits };
      return { kind: low & this.quietBit ? 'quiet' : 'signalling', negative, bits };
    }
    if (exponent !== 0) {
      const mantissa = low | (1n << BigInt(fraction));
      return { kind: 'number', negative, bits, mantissa, exponent: exponent - this.bias - fraction };
    }
    if (low === 0n) return { kind: 'zero', negative, bits };
    if (this.flushes) {
      if (this.format !== HALF) this.flags |= FPSR.IDC;
      return { kind: 'zero', negative, bits };
    }
    return { kind: 'number', negative, bits, mantissa: low, exponent: 1 - this.bias - fraction };
  }

  defaultNaN(): bigint {
    return this.infinityBits | this.quietBit;
  }
  invalid(): bigint {
    this.flags |= FPSR.IOC;
    return this.defaultNaN();
  }
  zero(negative: boolean): bigint {
    return negative ? this.signBit : 0n;
  }
  infinity(negative: boolean): bigint {
    return this.zero(negative) | this.infinityBits;
  }
  /** The greatest finite number. */
  greatest(negative: boolean): bigint {
    return this.infinity(negative) - 1n;
  }

  /** FPProcessNaNs: the first signalling NaN, else the first quiet one, made quiet; undefined when there is none. */
  processNaNs(operands: readonly Unpacked[]): bigint | undefined {
    const chosen = operands.find(o => o.kind === 'signalling') ?? operands.find(o => o.kind === 'quiet');
    if (!chosen) return undefined;
    if (chosen.kind === 'signalling') this.flags |= FPSR.IOC;
    return this.defaultsNaN ? this.defaultNaN() : chosen.bits | this.quietBit;
  }

  /** FPRound of ±(mantissa + something below its last bit when `sticky`) * 2^exponent; the mantissa is not zero. */
  round(negative: boolean, mantissa: bigint, exponent: number, sticky = false): bigint {
    const { fraction } = this.format;
    const minimum = 1 - this.bias;
    const top = bitLength(mantissa) - 1 + exponent;
    if (this.flushes && top < minimum) {
      this.flags |= FPSR.UFC;
      return this.zero(negative);
    }
    const unit = Math.max(top, minimum) - fraction;
    const drop = unit - exponent;
    let kept = drop > 0 ? mantissa >> BigInt(drop) : mantissa << BigInt(-drop);
    const rest = drop > 0 ? mantissa - (kept << BigInt(drop)) : 0n;
    const half = drop > 0 ? 1n << BigInt(drop - 1) : 0n;
    const inexact = rest !== 0n || sticky;
    // Tininess is detected before rounding.
    if (top < minimum && inexact) this.flags |= FPSR.UFC;
    if (roundsUp(this.rounding, negative, (kept & 1n) === 1n, rest, half, sticky)) kept += 1n;
    let biased = Math.max(top, minimum) + this.bias;
    if (kept >> BigInt(fraction + 1)) {
      kept >>= 1n;
      biased++;
    }
    // A subnormal that rounding made normal has its leading bit now.
    if (!(kept >> BigInt(fraction))) biased = 0;
    if (this.alternative) {
      if (biased > 2 ** this.exponentBits - 1) {
        this.flags |= FPSR.IOC;
        return this.zero(negative) | (this.signBit - 1n);
      }
    } else if (biased >= 2 ** this.exponentBits - 1) {
      this.flags |= FPSR.OFC | FPSR.IXC;
      return this.overflow(negative);
    }
    if (inexact) this.flags |= FPSR.IXC;
    const low = kept & ((1n << BigInt(fraction)) - 1n);
    return this.zero(negative) | (BigInt(biased) << BigInt(fraction)) | low;
  }

  /** What is too great for the format becomes infinity or the greatest number, as the rounding mode says. */
  overflow(negative: boolean): bigint {
    const { rounding } = this;
    const toInfinity =
      rounding === Rounding.nearest ||
      rounding === Rounding.nearestTiesAway ||
      rounding === Rounding.oddOrInfinity ||
      rounding === (negative ? Rounding.towardsMinusInfinity : Rounding.towardsPlusInfinity);
    return toInfinity ? this.infinity(negative) : this.greatest(negative);
  }

  /** A sum that is exactly zero: positive, but negative when rounding towards minus infinity. */
  cancelled(): bigint {
    return this.zero(this.rounding === Rounding.towardsMinusInfinity);
  }

  /** The exact sum of numbers and zeros, not both zero, times 2^scale, rounded. */
  sum(a: Unpacked, b: Unpacked, scale = 0): bigint {
    const exponents = [a, b].flatMap(o => (o.kind === 'number' ? [o.exponent] : []));
    const exponent = Math.min(...exponents);
    const signed = (o: Unpacked) => {
      if (o.kind !== 'number') return 0n;
      const value = o.mantissa << BigInt(o.exponent - exponent);
      return o.negative ? -value : value;
    };
    const total = signed(a) + signed(b);
    if (total === 0n) return this.cancelled();
    return total < 0n ? this.round(true, -total, exponent + scale) : this.round(false, total, exponent + scale);
  }
}
