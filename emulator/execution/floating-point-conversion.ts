/** Conversions between floating-point formats and integers (Arm ARM: FPConvert, FPToFixed, FixedToFP, FPRoundInt). */
import {
  BFLOAT,
  DOUBLE,
  type FloatFormat,
  FloatingPoint,
  FPSR,
  isNotANumber,
  type NumberValue,
  Rounding,
  roundsUp,
  SINGLE,
  type Unpacked,
} from './floating-point.ts';
import type { FloatResult } from './floating-point-arithmetic.ts';

/** FPConvert; `rounding` overrides FPCR's. */
export function floatConvert(
  from: FloatFormat,
  to: FloatFormat,
  x: bigint,
  fpcr: number,
  rounding?: number,
): FloatResult {
  const source = new FloatingPoint(from, fpcr, { conversion: true });
  const target = new FloatingPoint(to, fpcr, { conversion: true });
  if (rounding !== undefined) target.rounding = rounding;
  const value = source.unpack(x);
  const bits = convert(source, target, value);
  return { bits, flags: source.flags | target.flags };
}

function convert(source: FloatingPoint, target: FloatingPoint, value: Unpacked): bigint {
  if (isNotANumber(value)) {
    if (value.kind === 'signalling' || target.alternative) target.flags |= FPSR.IOC;
    if (target.alternative) return target.zero(value.negative);
    if (target.defaultsNaN) return target.defaultNaN();
    const { fraction } = source.format;
    const low = value.bits & ((1n << BigInt(fraction)) - 1n);
    const grows = target.format.fraction - fraction;
    const moved = grows >= 0 ? low << BigInt(grows) : low >> BigInt(-grows);
    return target.infinity(value.negative) | target.quietBit | moved;
  }
  if (value.kind === 'infinity') {
    if (!target.alternative) return target.infinity(value.negative);
    target.flags |= FPSR.IOC;
    return target.zero(value.negative) | (target.signBit - 1n);
  }
  if (value.kind !== 'number') return target.zero(value.negative);
  return target.round(value.negative, value.mantissa, value.exponent);
}

/** Single precision to BFloat16 (FPConvertBF). */
export const floatToBfloat = (x: bigint, fpcr: number): FloatResult => floatConvert(SINGLE, BFLOAT, x, fpcr);

/** The magnitude of a number times 2^scale, rounded to an integer. */
function toIntegerMagnitude(value: NumberValue, rounding: number, scale = 0): { whole: bigint; inexact: boolean } {
  const exponent = value.exponent + scale;
  if (exponent >= 0) return { whole: value.mantissa << BigInt(exponent), inexact: false };
  const drop = BigInt(-exponent);
  const kept = value.mantissa >> drop;
  const rest = value.mantissa - (kept << drop);
  const up = roundsUp(rounding, value.negative, (kept & 1n) === 1n, rest, 1n << (drop - 1n), false);
  return { whole: up ? kept + 1n : kept, inexact: rest !== 0n };
}

/** FPRoundInt: an integer in the same format. `exact` reports what was lost as inexact (FRINTX). */
export function floatRoundToIntegral(
  format: FloatFormat,
  x: bigint,
  rounding: number,
  exact: boolean,
  fpcr: number,
): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const bits = (() => {
    const nan = fp.processNaNs([value]);
    if (nan !== undefined) return nan;
    if (value.kind === 'infinity') return fp.infinity(value.negative);
    if (value.kind !== 'number') return fp.zero(value.negative);
    const { whole, inexact } = toIntegerMagnitude(value, rounding);
    if (inexact && exact) fp.flags |= FPSR.IXC;
    return whole === 0n ? fp.zero(value.negative) : fp.round(value.negative, whole, 0);
  })();
  return { bits, flags: fp.flags };
}

/** FPRoundIntN: an integer of so many bits in the same format; what does not fit is the most negative one. */
export function floatRoundToSized(
  format: FloatFormat,
  x: bigint,
  rounding: number,
  size: 32 | 64,
  fpcr: number,
): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const limit = 1n << BigInt(size - 1);
  const invalid = () => {
    fp.flags |= FPSR.IOC;
    return fp.round(true, limit, 0);
  };
  const bits = (() => {
    if (value.kind === 'zero') return fp.zero(value.negative);
    if (value.kind !== 'number') return invalid();
    const { whole, inexact } = toIntegerMagnitude(value, rounding);
    if (whole > (value.negative ? limit : limit - 1n)) return invalid();
    if (inexact) fp.flags |= FPSR.IXC;
    return whole === 0n ? fp.zero(value.negative) : fp.round(value.negative, whole, 0);
  })();
  return { bits, flags: fp.flags };
}

export interface IntegerFormat {
  readonly width: 16 | 32 | 64;
  readonly unsigned: boolean;
  /** Bits behind the point. */
  readonly fractionBits: number;
}

/** FPToFixed: the value times 2^fractionBits as an integer, saturated. */
export function floatToInteger(
  format: FloatFormat,
  x: bigint,
  to: IntegerFormat,
  rounding: number,
  fpcr: number,
): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  const value = fp.unpack(x);
  const least = to.unsigned ? 0n : -(1n << BigInt(to.width - 1));
  const most = (1n << BigInt(to.unsigned ? to.width : to.width - 1)) - 1n;
  const integer = (() => {
    if (isNotANumber(value) || value.kind === 'infinity') {
      fp.flags |= FPSR.IOC;
      return isNotANumber(value) ? 0n : value.negative ? least : most;
    }
    if (value.kind !== 'number') return 0n;
    const { whole, inexact } = toIntegerMagnitude(value, rounding, to.fractionBits);
    const signed = value.negative ? -whole : whole;
    if (signed < least || signed > most) {
      fp.flags |= FPSR.IOC;
      return signed < least ? least : most;
    }
    if (inexact) fp.flags |= FPSR.IXC;
    return signed;
  })();
  return { bits: BigInt.asUintN(64, BigInt.asUintN(to.width, integer)), flags: fp.flags };
}

/** FixedToFP: an integer (of the format's width, as a number with its sign) times 2^-fractionBits. */
export function floatFromInteger(
  format: FloatFormat,
  integer: bigint,
  fractionBits: number,
  fpcr: number,
): FloatResult {
  const fp = new FloatingPoint(format, fpcr);
  if (integer === 0n) return { bits: 0n, flags: 0 };
  const negative = integer < 0n;
  const bits = fp.round(negative, negative ? -integer : integer, -fractionBits);
  return { bits, flags: fp.flags };
}

/** FPToFixedJS: the low 32 bits of the integer part, and whether that was the number (bit 32). */
export function floatToJavaScriptInteger(x: bigint, fpcr: number): FloatResult {
  const fp = new FloatingPoint(DOUBLE, fpcr);
  const value = fp.unpack(x);
  const same = 1n << 32n;
  if (isNotANumber(value) || value.kind === 'infinity') {
    fp.flags |= FPSR.IOC;
    return { bits: 0n, flags: fp.flags };
  }
  // A subnormal number that counts as zero is not the number it stood for.
  if (value.kind !== 'number') return { bits: value.bits === 0n ? same : 0n, flags: fp.flags };
  const { whole, inexact } = toIntegerMagnitude(value, Rounding.towardsZero);
  const integer = value.negative ? -whole : whole;
  const fits = integer === BigInt.asIntN(32, integer);
  if (!fits) fp.flags |= FPSR.IOC;
  else if (inexact) fp.flags |= FPSR.IXC;
  return { bits: BigInt.asUintN(32, integer) | (fits && !inexact ? same : 0n), flags: fp.flags };
}
