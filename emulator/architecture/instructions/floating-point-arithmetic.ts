/**
 * Floating-point arithmetic as helpers of semantics.
 *
 * WebAssembly's operations round to nearest as
 * Arm's do; what may differ is NaNs (there the host is not even deterministic), what happens near the smallest normal
 * number, and that WebAssembly has no exceptions. So a result that is no NaN and no infinity, and where underflow is
 * possible is well above the smallest normal number, is Arm's result, and only inexactness is left to find out.
 */
import { type F64, type Helper, helper, type I32, type I64, type SemanticsBuilder } from '../semantics.ts';
import {
  absoluteBits,
  type Bits,
  byType,
  compareHost,
  computeHost,
  demote,
  exactHelper,
  exactly,
  type FloatType,
  fast,
  fromHost,
  HALF,
  type HelperByType,
  type HostFloat,
  hostConstant,
  infinityBits,
  isNaNBits,
  isZeroBits,
  narrowToHalf,
  notFinite,
  notWellNormal,
  promote,
  SINGLE,
  signBit,
  toHost,
  widenHalf,
} from './floating-point-values.ts';

type Two = readonly [Bits, Bits];

/** The biased exponent of a double. */
function biasedExponent(b: SemanticsBuilder, bits: I64): I32 {
  return b.and(b.wrap(b.shrUnsigned(bits, b.i64(52))), b.i32(0x7ff));
}

/** Whether x * y ≠ product, or may be, for normal doubles with a normal product: by the low bits of the mantissas' product. */
function productMayBeInexact(b: SemanticsBuilder, x: I64, y: I64, product: I64): I32 {
  const mantissa = (v: I64) => b.or(b.and(v, b.i64((1n << 52n) - 1n)), b.i64(1n << 52n));
  const [ex, ey, ep] = [biasedExponent(b, x), biasedExponent(b, y), biasedExponent(b, product)];
  // The product of the mantissas has 105 or 106 bits; the exponent tells which, and so how many do not fit.
  const longer = b.notEqual(b.add(ex, ey), b.add(ep, b.i32(1023)));
  const low = b.mul(mantissa(x), mantissa(y));
  const lost = b.shl(low, b.select(longer, b.i64(64 - 53), b.i64(64 - 52)));
  const subnormal = b.or(b.or(b.isZero(ex), b.isZero(ey)), b.isZero(ep));
  return b.or(b.isZero(b.isZero(lost)), subnormal);
}

/** Whether x * y ≠ product, or may be; all are finite and the product is not zero. */
function mayDiffer(b: SemanticsBuilder, type: FloatType, x: Bits, y: Bits, product: Bits): I32 {
  const [hx, hy, hp] = [toHost(b, type, x), toHost(b, type, y), toHost(b, type, product)];
  if (type === SINGLE)
    return compareHost(b, 'ne', computeHost(b, 'mul', promote(b, hx), promote(b, hy)), promote(b, hp));
  return b.or(
    compareHost(b, 'ne', computeHost(b, 'mul', hx, hy), hp),
    productMayBeInexact(b, x as I64, y as I64, product as I64),
  );
}

/**
 * An operation on half-precision numbers by one on doubles: sums and products are exact there, quotients and square roots
 * have more than twice the bits and two, so that rounding twice is rounding once.
 */
function throughDoubles(
  b: SemanticsBuilder,
  operands: readonly Bits[],
  compute: (...values: F64[]) => F64,
  exact: () => Bits,
): Bits {
  const special = operands.map(bits => notFinite(b, HALF, bits)).reduce((any, one) => b.or(any, one));
  const { bits, doubtful, inexact } = narrowToHalf(b, compute(...operands.map(one => widenHalf(b, one))));
  const flushed = operands.map(one => [HALF, one] as const);
  return fast<'i32' | 'i64'>(b, {
    result: bits,
    doubtful: b.or(doubtful, special),
    rounds: true,
    flushed,
    inexact,
    exact,
  });
}

/** Makes the helpers of an operation on two numbers; `ofHalves` is the operation on doubles that serves half precision. */
function binary(
  name: string,
  ofHalves: 'add' | 'sub' | 'mul' | 'div' | undefined,
  quick: (b: SemanticsBuilder, type: FloatType, operands: Two, exact: () => Bits) => Bits,
) {
  return byType(type => {
    const exactName = `${name}${type.width}`;
    if (type === HALF && !ofHalves) return exactHelper(exactName, [type.word, type.word], type.word);
    if (type === HALF)
      return helper(`fast ${exactName}`, [type.word, type.word], type.word, (b, x: Bits, y: Bits) =>
        throughDoubles(
          b,
          [x, y],
          (p, q) => b.wasm('f64', `f64.${ofHalves}`, [p, q]),
          () => exactly(b, exactName, type.word, [x, y]),
        ),
      );
    return helper(`fast ${exactName}`, [type.word, type.word], type.word, (b, x: Bits, y: Bits) =>
      quick(b, type, [x, y], () => exactly(b, exactName, type.word, [x, y])),
    );
  });
}

/** Sums never underflow inexactly: what is below the normal numbers is exact. */
function sum(name: string, operation: 'add' | 'sub'): HelperByType {
  return binary(name, operation, (b, type, [x, y], exact) => {
    const [p, q] = [toHost(b, type, x), toHost(b, type, y)];
    const s = computeHost(b, operation, p, q);
    const bits = fromHost(b, type, s);
    // The difference of the sum and the greater operand is exact; so the sum is if it gives back the other operand.
    const inexact = () => {
      const second = operation === 'add' ? computeHost(b, 'sub', s, p) : computeHost(b, 'sub', p, s);
      const first = operation === 'add' ? computeHost(b, 'sub', s, q) : computeHost(b, 'add', s, q);
      return b.or(compareHost(b, 'ne', second, q), compareHost(b, 'ne', first, p));
    };
    const flushed = [x, y, bits].map(v => [type, v] as const);
    return fast(b, { result: bits, doubtful: notFinite(b, type, bits), rounds: true, flushed, inexact, exact });
  });
}
export const floatAdd = sum('floatAdd', 'add');
export const floatSubtract = sum('floatSubtract', 'sub');

function multiplication(name: string): HelperByType {
  return binary(name, 'mul', (b, type, [x, y], exact) => {
    const bits = fromHost(b, type, computeHost(b, 'mul', toHost(b, type, x), toHost(b, type, y)));
    // A zero is exact when an operand is zero (the other is finite, or the product were a NaN).
    const zero = b.and(isZeroBits(b, type, bits), b.or(isZeroBits(b, type, x), isZeroBits(b, type, y)));
    const doubtful = b.and(notWellNormal(b, type, bits), b.isZero(zero));
    const inexact = () => b.and(b.isZero(zero), mayDiffer(b, type, x, y, bits));
    const flushed = [x, y].map(v => [type, v] as const);
    return fast(b, { result: bits, doubtful, rounds: true, flushed, inexact, exact });
  });
}
export const floatMultiply = multiplication('floatMultiply');
export const floatMultiplyExtended = multiplication('floatMultiplyExtended');

export const floatDivide = binary('floatDivide', 'div', (b, type, [x, y], exact) => {
  const bits = fromHost(b, type, computeHost(b, 'div', toHost(b, type, x), toHost(b, type, y)));
  const zero = b.and(isZeroBits(b, type, bits), isZeroBits(b, type, x));
  const doubtful = b.and(notWellNormal(b, type, bits), b.isZero(zero));
  const inexact = () => b.and(b.isZero(zero), mayDiffer(b, type, bits, y, x));
  const flushed = [x, y].map(v => [type, v] as const);
  return fast(b, { result: bits, doubtful, rounds: true, flushed, inexact, exact });
});

/** Makes the helpers of an operation on one number. */
function unary(name: string, quick: (b: SemanticsBuilder, type: FloatType, x: Bits, exact: () => Bits) => Bits) {
  return byType(type => {
    const exactName = `${name}${type.width}`;
    if (type === HALF)
      return helper(`fast ${exactName}`, [type.word], type.word, (b, x: Bits) =>
        throughDoubles(
          b,
          [x],
          p => b.wasm('f64', 'f64.sqrt', [p]),
          () => exactly(b, exactName, type.word, [x]),
        ),
      );
    return helper(`fast ${exactName}`, [type.word], type.word, (b, x: Bits) =>
      quick(b, type, x, () => exactly(b, exactName, type.word, [x])),
    );
  });
}

export const floatSquareRoot = unary('floatSquareRoot', (b, type, x, exact) => {
  const bits = fromHost(b, type, computeHost(b, 'sqrt', toHost(b, type, x)));
  const zero = isZeroBits(b, type, x);
  const doubtful = b.and(notFinite(b, type, bits), b.isZero(zero));
  const inexact = () => b.and(b.isZero(zero), mayDiffer(b, type, bits, bits, x));
  return fast(b, { result: bits, doubtful, rounds: true, flushed: [[type, x]], inexact, exact });
});

/** Maxima and minima of numbers that are no NaNs; WebAssembly orders the zeros as Arm does. */
function extreme(name: string, operation: 'max' | 'min'): HelperByType {
  return binary(name, undefined, (b, type, [x, y], exact) => {
    const bits = fromHost(b, type, computeHost(b, operation, toHost(b, type, x), toHost(b, type, y)));
    const doubtful = b.or(isNaNBits(b, type, x), isNaNBits(b, type, y));
    const flushed = [x, y].map(v => [type, v] as const);
    return fast(b, { result: bits, doubtful, flushed, exact });
  });
}
export const floatMaximum = extreme('floatMaximum', 'max');
export const floatMinimum = extreme('floatMinimum', 'min');
export const floatMaximumNumber = extreme('floatMaximumNumber', 'max');
export const floatMinimumNumber = extreme('floatMinimumNumber', 'min');

// ---- multiply-add

/** `sum + error` is exactly `x + y` (Knuth's TwoSum; nothing overflows). */
function twoSum(b: SemanticsBuilder, x: F64, y: F64): { sum: F64; error: F64 } {
  const s = b.add(x, y);
  const shadow = b.sub(s, x);
  return { sum: s, error: b.add(b.sub(x, b.sub(s, shadow)), b.sub(y, shadow)) };
}

/** `product + error` is exactly `x * y` (Dekker, with Veltkamp's splitting; nothing overflows or underflows). */
function twoProduct(b: SemanticsBuilder, x: F64, y: F64): { product: F64; error: F64 } {
  const split = (v: F64) => {
    const scaled = b.mul(v, b.f64(2 ** 27 + 1));
    const high = b.sub(scaled, b.sub(scaled, v));
    return { high, low: b.sub(v, high) };
  };
  const p = b.mul(x, y);
  const [s, t] = [split(x), split(y)];
  const rest = b.sub(b.sub(b.sub(p, b.mul(s.high, t.high)), b.mul(s.low, t.high)), b.mul(s.high, t.low));
  return { product: p, error: b.sub(b.mul(s.low, t.low), rest) };
}

/** `sum + error` rounded to odd: an inexact sum gets an odd last bit, on the side where the exact one lies. */
function roundedToOdd(b: SemanticsBuilder, s: F64, error: F64): F64 {
  const bits = b.wasm('i64', 'i64.reinterpret_f64', [s]);
  const inexact = compareHost(b, 'ne', error, b.f64(0));
  const even = b.isZero(b.and(b.wrap(bits), b.i32(1)));
  const away = b.shrSigned(b.xor(bits, b.wasm('i64', 'i64.reinterpret_f64', [error])), b.i64(63));
  // +1 makes the magnitude greater, when error and sum have the same sign; -1 smaller.
  const moved = b.add(bits, b.or(away, b.i64(1)));
  return b.wasm('f64', 'f64.reinterpret_i64', [b.select(b.and(inexact, even), moved, bits)]);
}

/** Whether the exponent of a double is within ±`reach`. */
function exponentWithin(b: SemanticsBuilder, bits: I64, reach: number): I32 {
  return b.lessUnsigned(b.sub(biasedExponent(b, bits), b.i32(1023 - reach)), b.i32(2 * reach + 1));
}

/**
 * `addend + x * y` rounded once. The operands' exponents are kept where no intermediate result over- or underflows.
 *
 * Single precision: the product is exact in double precision, the sum is rounded to odd there, and a number rounded to odd
 * with 53 bits rounds to 24 bits as the exact one does, because 53 ≥ 24 + 2.
 * Double precision: the product is a sum of two numbers, so that three must be added. Following Boldo and Melquiond
 * (Emulation of FMA and correctly rounded sums, 2008) the two lesser ones are added rounding to odd.
 */
export const floatMultiplyAdd: HelperByType = byType(type => {
  const name = `floatMultiplyAdd${type.width}`;
  const parameters = [type.word, type.word, type.word] as const;
  if (type === HALF)
    return helper(`fast ${name}`, parameters, type.word, (b, a: Bits, x: Bits, y: Bits) =>
      throughDoubles(
        b,
        [a, x, y],
        (c, p, q) => {
          // The sum may have too many bits for a double; an odd last one keeps the second rounding right.
          const { sum: s, error } = twoSum(b, b.mul(p as F64, q as F64), c as F64);
          return roundedToOdd(b, s, error);
        },
        () => exactly(b, name, type.word, [a, x, y]),
      ),
    );
  if (type === SINGLE)
    return helper(`fast ${name}`, parameters, type.word, (b, a: Bits, x: Bits, y: Bits) => {
      const wide = (v: Bits) => promote(b, toHost(b, type, v));
      const { sum: s, error } = twoSum(b, b.mul(wide(x), wide(y)), wide(a));
      const odd = roundedToOdd(b, s, error);
      const bits = fromHost(b, type, demote(b, odd));
      const notZero = compareHost(b, 'ne', s, b.f64(0));
      const doubtful = b.and(notWellNormal(b, type, bits), notZero);
      const inexact = () => compareHost(b, 'ne', promote(b, toHost(b, type, bits)), odd);
      const flushed = [a, x, y].map(v => [type, v] as const);
      const exact = () => exactly(b, name, type.word, [a, x, y]);
      return fast(b, { result: bits, doubtful, rounds: true, flushed, inexact, exact });
    });
  return helper(`fast ${name}`, parameters, type.word, (b, a: I64, x: I64, y: I64) => {
    const host = (v: I64): F64 => b.wasm('f64', 'f64.reinterpret_i64', [v]);
    const [c, p, q] = [host(a), host(x), host(y)];
    const high = twoProduct(b, p, q);
    const low = twoSum(b, c, high.error);
    const upper = twoSum(b, high.product, low.sum);
    const rest = twoSum(b, low.error, upper.error);
    const odd = roundedToOdd(b, rest.sum, rest.error);
    const [zeroA, zeroX, zeroY] = [isZeroBits(b, type, a), isZeroBits(b, type, x), isZeroBits(b, type, y)];
    // Where a factor is zero, so is the product, and the sum is exact; but the way round would lose its sign.
    const total = b.select(b.or(zeroX, zeroY), b.add(c, high.product), b.add(upper.sum, odd));
    const bits = b.wasm('i64', 'i64.reinterpret_f64', [total]);
    // Everything is a multiple of 2^-904 then, and far from overflow: nothing is subnormal.
    const within = b.and(
      b.and(b.or(exponentWithin(b, x, 400), zeroX), b.or(exponentWithin(b, y, 400), zeroY)),
      b.or(exponentWithin(b, a, 800), zeroA),
    );
    const doubtful = b.isZero(within);
    const inexact = () => {
      const last = twoSum(b, upper.sum, odd);
      return b.or(compareHost(b, 'ne', rest.error, b.f64(0)), compareHost(b, 'ne', last.error, b.f64(0)));
    };
    return fast(b, { result: bits, doubtful, rounds: true, inexact, exact: () => exactly(b, name, 'i64', [a, x, y]) });
  });
});

/** 2 - x * y and (3 - x * y) / 2, rounded once: multiply-adds, but for special values. */
function step(name: string, constant: number, halved: boolean): HelperByType {
  return binary(name, undefined, (b, type, [x, y], exact) => {
    const minus = b.xor(x, b.constant(type.word, signBit(type)));
    // Halving is exact: the exponents that are let through leave room for it.
    const factor = halved
      ? fromHost(b, type, computeHost(b, 'mul', toHost(b, type, minus), hostConstant(b, type, 0.5)))
      : minus;
    const term = fromHost(b, type, hostConstant(b, type, constant));
    const moderate = (v: Bits) => {
      const [low, high] = [0.25, 0.75].map(part => BigInt(Math.floor(part * Number(infinityBits(type)))));
      const magnitude = absoluteBits(b, type, v);
      return b.and(
        b.greaterUnsigned(magnitude, b.constant(type.word, low as bigint)),
        b.lessUnsigned(magnitude, b.constant(type.word, high as bigint)),
      );
    };
    const result = b.variable(term);
    b.if(
      b.and(moderate(x), moderate(y)),
      () => b.assign(result, b.call(type.word, floatMultiplyAdd[type.letter], term, factor, y)),
      () => b.assign(result, exact()),
    );
    return b.valueOf(result);
  });
}
export const floatReciprocalStep = step('floatReciprocalStep', 2, false);
export const floatReciprocalSquareRootStep = step('floatReciprocalSquareRootStep', 1.5, true);

// ---- comparison

/** NZCV of a comparison as four bits, N the highest. The third argument is 1 to signal every NaN. */
export const floatCompare: HelperByType = byType(type => {
  const name = `floatCompare${type.width}`;
  const parameters = [type.word, type.word, 'i32'] as const;
  return helper(`fast ${name}`, parameters, 'i32', (b, x: Bits, y: Bits, signal: I32) => {
    const host = (bits: Bits): HostFloat => (type === HALF ? widenHalf(b, bits) : toHost(b, type, bits));
    const [p, q] = [host(x), host(y)];
    const nzcv = b.select(
      compareHost(b, 'lt', p, q),
      b.i32(0b1000),
      b.select(compareHost(b, 'eq', p, q), b.i32(0b0110), b.i32(0b0010)),
    );
    const doubtful = b.or(isNaNBits(b, type, x), isNaNBits(b, type, y));
    const flushed = [x, y].map(v => [type, v] as const);
    return fast(b, { result: nzcv, doubtful, flushed, exact: () => exactly(b, name, 'i32', [x, y, signal]) });
  });
});

// ---- estimates and what has no fast way

const plain = (name: string): HelperByType =>
  byType(type => exactHelper(`${name}${type.width}`, [type.word], type.word));
export const floatReciprocalEstimate = plain('floatReciprocalEstimate');
export const floatReciprocalSquareRootEstimate = plain('floatReciprocalSquareRootEstimate');
export const floatReciprocalExponent = plain('floatReciprocalExponent');

/** `addend + x * y` in single precision of halves (FMLAL and its kin). */
export const floatMultiplyAddHalves: Helper = exactHelper('floatMultiplyAddHalves', ['i32', 'i32', 'i32'], 'i32');
/** `addend + x1 * y1 + x2 * y2` of pairs of BFloat16 numbers; reads FPCR as little as it sets FPSR. */
export const bfloatDotAdd: Helper = exactHelper('bfloatDotAdd', ['i32', 'i32', 'i32'], 'i32');
