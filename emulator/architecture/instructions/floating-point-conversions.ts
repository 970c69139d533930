/** Conversions between floating-point formats and integers as helpers of semantics. See `floating-point-arithmetic.ts`. */
import { type F64, type Helper, helper, type I32, type I64, type SemanticsBuilder } from '../semantics.ts';
import {
  alternativeHalf,
  type Bits,
  byType,
  compareHost,
  computeHost,
  controlWord,
  DOUBLE,
  demote,
  exactHelper,
  exactly,
  FLOAT_TYPES,
  type FloatType,
  fast,
  fromHost,
  HALF,
  type HelperByType,
  type HostFloat,
  hostConstant,
  hostType,
  isNaNBits,
  isZeroBits,
  narrowToHalf,
  notFinite,
  notWellNormal,
  promote,
  toHost,
  widenHalf,
} from './floating-point-values.ts';

/** How FRINT and FCVT to integers round: as their names say, or as FPCR says (`current`). */
export type RoundingName = 'nearest' | 'plus' | 'minus' | 'zero' | 'away' | 'current';

const HOST_OPERATION = { nearest: 'nearest', plus: 'ceil', minus: 'floor', zero: 'trunc', current: 'nearest' } as const;
/** The host's numbers of rounding modes (`execution/floating-point.ts`). */
const NUMBER = { nearest: 0, plus: 1, minus: 2, zero: 3, away: 4 } as const;

/** A number rounded to an integer by WebAssembly; for `current` when FPCR rounds to nearest. */
function roundHost(b: SemanticsBuilder, type: FloatType, value: HostFloat, rounding: RoundingName): HostFloat {
  if (rounding !== 'away') return computeHost(b, HOST_OPERATION[rounding], value);
  const whole = computeHost(b, 'trunc', value);
  const rest = computeHost(b, 'abs', computeHost(b, 'sub', value, whole));
  const unit = computeHost(b, 'copysign', hostConstant(b, type, 1), value);
  const isHalf = compareHost(b, 'ge', rest, hostConstant(b, type, 0.5));
  return computeHost(b, 'copysign', b.select(isHalf, computeHost(b, 'add', whole, unit), whole), value);
}

/** The host's number of the rounding mode, at run time for `current`. */
function roundingNumber(b: SemanticsBuilder, rounding: RoundingName): I32 {
  if (rounding !== 'current') return b.i32(NUMBER[rounding]);
  return b.and(b.shrUnsigned(controlWord(b), b.i32(22)), b.i32(3));
}

const made = new Map<string, HelperByType>();

/** The helpers of that name, made once, so that all rows share them. */
function once(name: string, make: () => HelperByType): HelperByType {
  const known = made.get(name) ?? make();
  made.set(name, known);
  return known;
}

// ---- to integers in the same format

/** FRINTx; `exact` says whether a loss is reported as inexact. */
export function roundToIntegral(rounding: RoundingName, exact: boolean): HelperByType {
  const name = `floatRound ${rounding}${exact ? ' exact' : ''}`;
  const make = (type: FloatType) =>
    helper(`${name} ${type.width}`, [type.word], type.word, (b, x: Bits) => {
      const slow = () => {
        const how = b.or(roundingNumber(b, rounding), b.i32(exact ? 8 : 0));
        return exactly(b, `floatRoundToIntegral${type.width}`, type.word, [x, how]);
      };
      if (type === HALF) return slow();
      const value = toHost(b, type, x);
      const rounded = roundHost(b, type, value, rounding);
      return fast(b, {
        result: fromHost(b, type, rounded),
        doubtful: isNaNBits(b, type, x),
        rounds: rounding === 'current',
        flushed: [[type, x]],
        ...(exact && { inexact: () => compareHost(b, 'ne', rounded, value) }),
        exact: slow,
      });
    });
  return once(name, () => byType(make));
}

/** FRINT32Z and its kin; there is no half-precision form. */
export function roundToSized(rounding: 'zero' | 'current', size: 32 | 64): HelperByType {
  const name = `floatRound ${rounding} to ${size}`;
  const make = (type: FloatType) =>
    helper(`${name} ${type.width}`, [type.word], type.word, (b, x: Bits) => {
      const slow = () => {
        const how = b.or(roundingNumber(b, rounding), b.i32(size << 8));
        return exactly(b, `floatRoundToSized${type.width}`, type.word, [x, how]);
      };
      if (type === HALF) return slow();
      const value = toHost(b, type, x);
      const rounded = roundHost(b, type, value, rounding);
      const limit = (sign: number) => hostConstant(b, type, sign * 2 ** (size - 1));
      const fits = b.and(compareHost(b, 'ge', rounded, limit(-1)), compareHost(b, 'lt', rounded, limit(1)));
      return fast(b, {
        result: fromHost(b, type, rounded),
        doubtful: b.isZero(fits),
        rounds: rounding === 'current',
        flushed: [[type, x]],
        inexact: () => compareHost(b, 'ne', rounded, value),
        exact: slow,
      });
    });
  return once(name, () => byType(make));
}

// ---- to and from integers

export interface IntegerType {
  readonly width: 16 | 32 | 64;
  readonly unsigned: boolean;
}

/** 2^±bits for bits up to 64, as the host's number. */
function powerOfTwo(b: SemanticsBuilder, type: FloatType, exponent: I32): HostFloat {
  const bits = b.shl(b.add(exponent, b.i32(1023)), b.i32(20));
  const double: F64 = b.wasm('f64', 'f64.reinterpret_i64', [b.shl(b.zeroExtend(bits), b.i64(32))]);
  return type === DOUBLE ? double : demote(b, double);
}

const suffix = ({ width, unsigned }: IntegerType, fixed: boolean) =>
  `${unsigned ? 'u' : 's'}${width}${fixed ? ' fixed' : ''}`;

/** What the host is told of an integer type; `fractionBits` at run time. */
function describeInteger(b: SemanticsBuilder, { width, unsigned }: IntegerType, fractionBits: I32 | undefined): I32 {
  const constant = b.i32((unsigned ? 8 : 0) | (width << 8));
  return fractionBits ? b.or(constant, b.shl(fractionBits, b.i32(16))) : constant;
}

/**
 * FCVTxS and FCVTxU: the number as an integer in 64 bits with zeros above its width. With `fixed` the second argument says how many
 * bits are behind the point.
 */
export function toInteger(rounding: Exclude<RoundingName, 'current'>, to: IntegerType, fixed: boolean): HelperByType {
  const name = `floatTo ${suffix(to, fixed)} ${rounding}`;
  const make = (type: FloatType) => {
    const parameters = fixed ? ([type.word, 'i32'] as const) : [type.word];
    return helper(`${name} ${type.width}`, parameters, 'i64', (b, x: Bits, bits: I32) => {
      const slow = () => {
        const how = b.or(describeInteger(b, to, fixed ? bits : undefined), b.i32(NUMBER[rounding]));
        return exactly(b, `floatToInteger${type.width}`, 'i64', [x, how]);
      };
      if (type === HALF) return slow();
      // Scaling up is exact, or gives what is out of range anyhow.
      const value = fixed ? computeHost(b, 'mul', toHost(b, type, x), powerOfTwo(b, type, bits)) : toHost(b, type, x);
      const rounded = roundHost(b, type, value, rounding);
      const [least, limit] = to.unsigned ? [0, 2 ** to.width] : [-(2 ** (to.width - 1)), 2 ** (to.width - 1)];
      const fits = b.and(
        compareHost(b, 'ge', rounded, hostConstant(b, type, least)),
        compareHost(b, 'lt', rounded, hostConstant(b, type, limit)),
      );
      const safe = b.select(fits, rounded, hostConstant(b, type, 0));
      const integer: I64 = b.wasm('i64', `i64.trunc_${hostType(type)}_${to.unsigned ? 'u' : 's'}`, [safe]);
      const result = to.width === 64 ? integer : b.and(integer, b.i64((1n << BigInt(to.width)) - 1n));
      return fast(b, {
        result,
        doubtful: b.isZero(fits),
        flushed: [[type, x]],
        inexact: () => compareHost(b, 'ne', rounded, value),
        exact: slow,
      });
    });
  };
  return once(name, () => byType(make));
}

/** SCVTF and UCVTF of an integer in 64 bits, extended by its sign or by zeros. */
export function fromInteger(from: IntegerType, fixed: boolean): HelperByType {
  const name = `floatFrom ${suffix(from, fixed)}`;
  const make = (type: FloatType) => {
    const parameters = fixed ? (['i64', 'i32'] as const) : (['i64'] as const);
    return helper(`${name} ${type.width}`, parameters, type.word, (b, x: I64, bits: I32) => {
      const slow = () => {
        const how = describeInteger(b, from, fixed ? bits : undefined);
        return exactly(b, `floatFromInteger${type.width}`, type.word, [x, how]);
      };
      if (type === HALF) return slow();
      const value: HostFloat = b.wasm(hostType(type), `${hostType(type)}.convert_i64_${from.unsigned ? 'u' : 's'}`, [
        x,
      ]);
      // The result is never near the smallest normal number, so that scaling loses nothing.
      const scaled = fixed ? computeHost(b, 'mul', value, powerOfTwo(b, type, b.negate(bits))) : value;
      if (type.fraction >= from.width) return fromHost(b, type, scaled);
      const magnitude = from.unsigned ? x : b.select(b.lessSigned(x, b.i64(0)), b.negate(x), x);
      const inexact = () => {
        const unused = b.add(b.countLeadingZeros(magnitude), b.countTrailingZeros(magnitude));
        return b.lessUnsigned(unused, b.i64(64 - (type.fraction + 1)));
      };
      return fast(b, { result: fromHost(b, type, scaled), doubtful: b.i32(0), rounds: true, inexact, exact: slow });
    });
  };
  return once(name, () => byType(make));
}

/** FJCVTZS: the integer in bits 31:0, and in bit 32 whether it is the number. */
export const toJavaScriptInteger: Helper = helper('floatToJavaScript', ['i64'], 'i64', (b, x: I64) => {
  const value: F64 = b.wasm('f64', 'f64.reinterpret_i64', [x]);
  const rounded = computeHost(b, 'trunc', value);
  const fits = b.and(compareHost(b, 'ge', rounded, b.f64(-(2 ** 31))), compareHost(b, 'lt', rounded, b.f64(2 ** 31)));
  const integer: I64 = b.wasm('i64', 'i64.trunc_f64_s', [b.select(fits, rounded, b.f64(0))]);
  const result = b.or(b.and(integer, b.i64(0xffff_ffff)), b.i64(1n << 32n));
  // Whatever is not the number itself, minus zero included, is left to the exact way.
  const minusZero = b.equal(x, b.i64(-1n << 63n));
  const doubtful = b.or(b.or(compareHost(b, 'ne', rounded, value), b.isZero(fits)), minusZero);
  return fast(b, { result, doubtful, exact: () => exactly(b, 'floatToJavaScriptInteger', 'i64', [x]) });
});

// ---- between formats

function conversion(from: FloatType, to: FloatType): Helper {
  const name = `floatConvert${from.width}To${to.width}`;
  return helper(`fast ${name}`, [from.word], to.word, (b, x: Bits) => {
    const slow = () => exactly(b, name, to.word, [x]);
    if (to === HALF) {
      const double = from === DOUBLE ? toHost(b, from, x) : promote(b, toHost(b, from, x));
      const { bits, doubtful, inexact } = narrowToHalf(b, double as F64);
      return fast<'i32' | 'i64'>(b, {
        result: bits,
        doubtful: b.or(doubtful, alternativeHalf(b)),
        rounds: true,
        inexact,
        exact: slow,
      });
    }
    if (from === HALF) {
      const double = widenHalf(b, x);
      const bits = fromHost(b, to, to === DOUBLE ? double : demote(b, double));
      const special = notFinite(b, HALF, x);
      return fast(b, { result: bits, doubtful: b.or(special, alternativeHalf(b)), exact: slow });
    }
    const value = toHost(b, from, x);
    if (to === DOUBLE) {
      const result = fromHost(b, to, promote(b, value));
      return fast(b, { result, doubtful: isNaNBits(b, from, x), flushed: [[from, x]], exact: slow });
    }
    const narrow = demote(b, value as F64);
    const bits = fromHost(b, to, narrow);
    const doubtful = b.and(notWellNormal(b, to, bits), b.isZero(isZeroBits(b, from, x)));
    const inexact = () => compareHost(b, 'ne', promote(b, narrow), value);
    return fast(b, { result: bits, doubtful, rounds: true, inexact, exact: slow });
  });
}

const conversions = new Map<FloatType, Map<FloatType, Helper>>(
  FLOAT_TYPES.map(from => [from, new Map(FLOAT_TYPES.filter(to => to !== from).map(to => [to, conversion(from, to)]))]),
);

/** FCVT between two different formats. */
export function convertFormat(from: FloatType, to: FloatType): Helper {
  const found = conversions.get(from)?.get(to);
  if (!found) throw new Error(`there is no conversion from ${from.what} to ${to.what}`);
  return found;
}

/** Double to single precision, rounding to odd (FCVTXN). */
export const narrowToOdd: Helper = exactHelper('floatNarrowToOdd', ['i64'], 'i32');
/** Single precision to BFloat16. */
export const toBfloat: Helper = exactHelper('floatToBfloat', ['i32'], 'i32');
