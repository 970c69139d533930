/** Floating-point arithmetic (Arm ARM: FPAdd, FPMul, FPDiv, FPSqrt, FPMulAdd, FPMax, FPCompare and their kin). */
import {
  bitLength,
  type FloatFormat,
  FloatingPoint,
  FPSR,
  HALF,
  isNotANumber,
  type NumberValue,
  negated,
  Rounding,
  SINGLE,
  type Unpacked,
} from './floating-point.ts';

/** The bits of a result, and the FPSR bits to be set. */
export interface FloatResult {
  readonly bits: bigint;
  readonly flags: number;
}

const outcome = (fp: FloatingPoint, bits: bigint): FloatResult => ({ bits, flags: fp.flags });

function addUnpacked(fp: FloatingPoint, a: Unpacked, b: Unpacked, scale = 0): bigint {
  if (a.kind === 'infinity' && b.kind === 'infinity' && a.negative !== b.negative) return fp.invalid();
  if (a.kind === 'infinity') return fp.infinity(a.negative);
  if (b.kind === 'infinity') return fp.infinity(b.negative);
  if (a.kind === 'zero' && b.kind === 'zero') return a.negative === b.negative ? fp.zero(a.negative) : fp.cancelled();
  return fp.sum(a, b, scale);
}

export function floatAdd(format: FloatFormat, x: bigint, y: bigint, fpcr: number, subtract = false): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(x);
  const b = fp.unpack(y);
  return outcome(fp, fp.processNaNs([a, b]) ?? addUnpacked(fp, a, subtract ? negated(b) : b));
}

/** The product of two values that are no NaNs and not zero and infinity. */
function product(a: Unpacked, b: Unpacked): Unpacked {
  const negative = a.negative !== b.negative;
  if (a.kind === 'number' && b.kind === 'number')
    return {
      kind: 'number',
      negative,
      bits: 0n,
      mantissa: a.mantissa * b.mantissa,
      exponent: a.exponent + b.exponent,
    };
  return { kind: a.kind === 'infinity' || b.kind === 'infinity' ? 'infinity' : 'zero', negative, bits: 0n };
}

const isZeroTimesInfinity = (a: Unpacked, b: Unpacked) =>
  (a.kind === 'zero' && b.kind === 'infinity') || (a.kind === 'infinity' && b.kind === 'zero');

function pack(fp: FloatingPoint, value: Unpacked): bigint {
  if (value.kind === 'number') return fp.round(value.negative, value.mantissa, value.exponent);
  return value.kind === 'infinity' ? fp.infinity(value.negative) : fp.zero(value.negative);
}

/** `extended` is FMULX: zero times infinity is 2. */
export function floatMultiply(format: FloatFormat, x: bigint, y: bigint, fpcr: number, extended = false): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(x);
  const b = fp.unpack(y);
  const nan = fp.processNaNs([a, b]);
  if (nan !== undefined) return outcome(fp, nan);
  if (isZeroTimesInfinity(a, b))
    return outcome(fp, extended ? fp.round(a.negative !== b.negative, 1n, 1) : fp.invalid());
  return outcome(fp, pack(fp, product(a, b)));
}

export function floatDivide(format: FloatFormat, x: bigint, y: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(x);
  const b = fp.unpack(y);
  const negative = a.negative !== b.negative;
  const nan = fp.processNaNs([a, b]);
  if (nan !== undefined) return outcome(fp, nan);
  if (a.kind === b.kind && a.kind !== 'number') return outcome(fp, fp.invalid());
  if (a.kind === 'infinity') return outcome(fp, fp.infinity(negative));
  if (b.kind === 'zero') {
    fp.flags |= FPSR.DZC;
    return outcome(fp, fp.infinity(negative));
  }
  if (a.kind !== 'number' || b.kind !== 'number') return outcome(fp, fp.zero(negative));
  // Enough bits that the quotient has more than the format, whatever the operands' lengths.
  const shift = 2 * format.fraction + 4;
  const dividend = a.mantissa << BigInt(shift);
  const quotient = dividend / b.mantissa;
  const sticky = quotient * b.mantissa !== dividend;
  return outcome(fp, fp.round(negative, quotient, a.exponent - b.exponent - shift, sticky));
}

/** The greatest integer whose square is not above `value`. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function floatSquareRoot(format: FloatFormat, x: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(x);
  const nan = fp.processNaNs([a]);
  if (nan !== undefined) return outcome(fp, nan);
  if (a.kind === 'zero') return outcome(fp, fp.zero(a.negative));
  if (a.negative) return outcome(fp, fp.invalid());
  if (a.kind !== 'number') return outcome(fp, fp.infinity(false));
  const shift = 2 * format.fraction + 6 + ((a.exponent & 1) === 0 ? 0 : 1);
  const value = a.mantissa << BigInt(shift);
  const root = squareRoot(value);
  return outcome(fp, fp.round(false, root, (a.exponent - shift) / 2, root * root !== value));
}

function multiplyAdd(fp: FloatingPoint, c: Unpacked, a: Unpacked, b: Unpacked): bigint {
  const invalid = isZeroTimesInfinity(a, b);
  const nan = fp.processNaNs([c, a, b]);
  if (c.kind === 'quiet' && invalid) return fp.invalid();
  if (nan !== undefined) return nan;
  if (invalid) return fp.invalid();
  return addUnpacked(fp, c, product(a, b));
}

/** `addend + x * y` with one rounding (FPMulAdd). */
export function floatMultiplyAdd(format: FloatFormat, addend: bigint, x: bigint, y: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const c = fp.unpack(addend);
  const a = fp.unpack(x);
  const b = fp.unpack(y);
  return outcome(fp, multiplyAdd(fp, c, a, b));
}

/** A half-precision value as single precision sees it, a NaN with its fraction aligned. */
function widened(value: Unpacked): Unpacked {
  const grows = BigInt(SINGLE.fraction - HALF.fraction);
  const sign = value.negative ? 1n << 31n : 0n;
  return isNotANumber(value) ? { ...value, bits: sign | (0xffn << 23n) | ((value.bits & 0x3ffn) << grows) } : value;
}

/** `addend + x * y` in single precision of two half-precision numbers, with one rounding (FPMulAddH). */
export function floatMultiplyAddHalves(addend: bigint, x: bigint, y: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(SINGLE, fpcr);
  const halves = new FloatingPoint(HALF, fpcr);
  const c = fp.unpack(addend);
  const a = widened(halves.unpack(x));
  const b = widened(halves.unpack(y));
  return outcome(fp, multiplyAdd(fp, c, a, b));
}

/** A constant as an operand. */
const constant = (mantissa: bigint): NumberValue => ({
  kind: 'number',
  negative: false,
  bits: 0n,
  mantissa,
  exponent: 0,
});

/** 2 - x * y, or (3 - x * y) / 2, with one rounding (FPRecipStepFused, FPRSqrtStepFused). */
function step(format: FloatFormat, x: bigint, y: bigint, fpcr: number, root: boolean): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(BigInt.asUintN(format.width, x) ^ fp.signBit);
  const b = fp.unpack(y);
  const nan = fp.processNaNs([a, b]);
  if (nan !== undefined) return outcome(fp, nan);
  if (isZeroTimesInfinity(a, b)) return outcome(fp, root ? fp.round(false, 3n, -1) : fp.round(false, 2n, 0));
  return outcome(fp, addUnpacked(fp, constant(root ? 3n : 2n), product(a, b), root ? -1 : 0));
}
export const floatReciprocalStep = (format: FloatFormat, x: bigint, y: bigint, fpcr: number): FloatResult =>
  step(format, x, y, fpcr, false);
export const floatReciprocalSquareRootStep = (format: FloatFormat, x: bigint, y: bigint, fpcr: number): FloatResult =>
  step(format, x, y, fpcr, true);

/** The rank of a value that is no NaN: ordered as the values are. */
function rank(fp: FloatingPoint, value: Unpacked): bigint {
  if (value.kind === 'zero') return 0n;
  const magnitude = value.bits & (fp.signBit - 1n);
  return value.negative ? -magnitude : magnitude;
}

/** FPMax and FPMin; with `number`, FPMaxNum and FPMinNum: a quiet NaN gives way to a number. */
export function floatExtreme(
  format: FloatFormat,
  x: bigint,
  y: bigint,
  fpcr: number,
  { minimum, number }: { readonly minimum: boolean; readonly number: boolean },
): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  let a = fp.unpack(x);
  let b = fp.unpack(y);
  if (number && (a.kind === 'quiet') !== (b.kind === 'quiet')) {
    const least: Unpacked = { kind: 'infinity', negative: !minimum, bits: fp.infinity(!minimum) };
    if (a.kind === 'quiet') a = least;
    else b = least;
  }
  const nan = fp.processNaNs([a, b]);
  if (nan !== undefined) return outcome(fp, nan);
  if (a.kind === 'zero' && b.kind === 'zero')
    return outcome(fp, fp.zero(minimum ? a.negative || b.negative : a.negative && b.negative));
  const first = minimum ? rank(fp, a) < rank(fp, b) : rank(fp, a) > rank(fp, b);
  return outcome(fp, pack(fp, first ? a : b));
}

/** NZCV as four bits, N the highest (FPCompare). */
export function floatCompare(
  format: FloatFormat,
  x: bigint,
  y: bigint,
  signalAllNaNs: boolean,
  fpcr: number,
): { nzcv: number; flags: number } {
  const fp = new FloatingPoint(format, fpcr);
  const a = fp.unpack(x);
  const b = fp.unpack(y);
  if (isNotANumber(a) || isNotANumber(b)) {
    if (signalAllNaNs || a.kind === 'signalling' || b.kind === 'signalling') fp.flags |= FPSR.IOC;
    return { nzcv: 0b0011, flags: fp.flags };
  }
  const [p, q] = [rank(fp, a), rank(fp, b)];
  return { nzcv: p === q ? 0b0110 : p < q ? 0b1000 : 0b0010, flags: fp.flags };
}

/**
 * `addend + x1 * y1 + x2 * y2` in single precision of BFloat16 numbers (BFDotAdd without FEAT_EBF16): each product and each
 * sum is rounded to odd, subnormal numbers are zero, every NaN is the default one, and neither FPCR nor FPSR has a part in it.
 */
export function bfloatDotAdd(addend: bigint, x: readonly [bigint, bigint], y: readonly [bigint, bigint]): bigint {
  const control = (1 << 24) | (1 << 25);
  const rounded = <T>(compute: (fp: FloatingPoint) => T): T => {
    const fp = new FloatingPoint(SINGLE, control);
    fp.rounding = Rounding.oddOrInfinity;
    return compute(fp);
  };
  const times = (p: bigint, q: bigint) =>
    rounded(fp => {
      const [a, b] = [fp.unpack(p << 16n), fp.unpack(q << 16n)];
      if (isZeroTimesInfinity(a, b)) return fp.defaultNaN();
      return fp.processNaNs([a, b]) ?? pack(fp, product(a, b));
    });
  const plus = (p: bigint, q: bigint) =>
    rounded(fp => {
      const [a, b] = [fp.unpack(p), fp.unpack(q)];
      return fp.processNaNs([a, b]) ?? addUnpacked(fp, a, b);
    });
  return plus(addend, plus(times(x[0], y[0]), times(x[1], y[1])));
}
