/**
 * Floating-point values in semantics: the three formats, their lanes in vectors, and how an operation is computed.
 *
 * Values travel as bit patterns: half and single precision as i32 (half with the upper bits zero), double as i64. So no
 * NaN's bits depend on what the host does with them. Every operation is a helper that reads FPCR and adds to FPSR. Where
 * it is proven that WebAssembly's own operation has the same bits it is used; everything else goes to the exact arithmetic
 * of the host (`execution/floating-point*.ts`).
 */
import {
  type F32,
  type F64,
  type Helper,
  helper,
  hostHelper,
  type I32,
  type I64,
  type RegisterRef,
  type SemanticsBuilder,
  type V128,
  type Value,
} from '../semantics.ts';

/** The bits of a number. */
export type Bits = Value<'i32' | 'i64'>;

export interface FloatType {
  readonly letter: 'h' | 's' | 'd';
  readonly what: 'half' | 'single' | 'double';
  /** The scalar instructions' `ftype`. */
  readonly ftype: '11' | '00' | '01';
  readonly width: 16 | 32 | 64;
  readonly fraction: 10 | 23 | 52;
  /** What holds the bits. */
  readonly word: 'i32' | 'i64';
  /** WebAssembly's name of a vector of them, as integers. */
  readonly lanes: 'i16x8' | 'i32x4' | 'i64x2';
  readonly feature: 'FEAT_FP16' | 'FEAT_FP';
  readonly vectorFeature: 'FEAT_FP16' | 'FEAT_AdvSIMD';
}

export const HALF: FloatType = {
  letter: 'h',
  what: 'half',
  ftype: '11',
  width: 16,
  fraction: 10,
  word: 'i32',
  lanes: 'i16x8',
  feature: 'FEAT_FP16',
  vectorFeature: 'FEAT_FP16',
};
export const SINGLE: FloatType = {
  letter: 's',
  what: 'single',
  ftype: '00',
  width: 32,
  fraction: 23,
  word: 'i32',
  lanes: 'i32x4',
  feature: 'FEAT_FP',
  vectorFeature: 'FEAT_AdvSIMD',
};
export const DOUBLE: FloatType = {
  letter: 'd',
  what: 'double',
  ftype: '01',
  width: 64,
  fraction: 52,
  word: 'i64',
  lanes: 'i64x2',
  feature: 'FEAT_FP',
  vectorFeature: 'FEAT_AdvSIMD',
};
export const FLOAT_TYPES: readonly FloatType[] = [SINGLE, DOUBLE, HALF];

/** A helper for each format. */
export type HelperByType = Readonly<Record<FloatType['letter'], Helper>>;

export function byType(make: (type: FloatType) => Helper): HelperByType {
  return { h: make(HALF), s: make(SINGLE), d: make(DOUBLE) };
}

export const signBit = (type: FloatType): bigint => 1n << BigInt(type.width - 1);
export const infinityBits = (type: FloatType): bigint => signBit(type) - (1n << BigInt(type.fraction));

export function negateBits(b: SemanticsBuilder, type: FloatType, value: Bits): Bits {
  return b.xor(value, b.constant(type.word, signBit(type)));
}
export function absoluteBits(b: SemanticsBuilder, type: FloatType, value: Bits): Bits {
  return b.and(value, b.constant(type.word, signBit(type) - 1n));
}

// ---- registers and lanes

export function readScalar(b: SemanticsBuilder, register: RegisterRef, type: FloatType): Bits {
  if (type.word === 'i64') return b.read('i64', register);
  const value = b.read('i32', register);
  return type === HALF ? b.and(value, b.i32(0xffff)) : value;
}
/** The rest of the register is cleared. */
export function writeScalar(b: SemanticsBuilder, register: RegisterRef, value: Bits): void {
  b.write(register, value);
}

export function lane(b: SemanticsBuilder, type: FloatType, vector: V128, index: number): Bits {
  return b.wasm(type.word, `${type.lanes}.extract_lane${type === HALF ? '_u' : ''}`, [vector], index);
}
/** A vector of lanes from the lowest on; what is missing is zero. */
export function vectorOf(b: SemanticsBuilder, type: FloatType, lanes: readonly Bits[]): V128 {
  let vector = b.v128(Array.from({ length: 16 }, () => 0));
  lanes.forEach((value, i) => {
    vector = b.wasm('v128', `${type.lanes}.replace_lane`, [vector, value], i);
  });
  return vector;
}
/** How many lanes an operation on 64 or 128 bits has. */
export const laneCount = (type: FloatType, Q: number): number => (Q ? 128 : 64) / type.width;

export const indexes = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

// ---- control and status

const CONTROL = { FZ16: 1 << 19, RMode: 3 << 22, FZ: 1 << 24, AHP: 1 << 26 } as const;
const INEXACT = 16;

export function controlWord(b: SemanticsBuilder): I32 {
  return b.wrap(b.wideState('fpcr'));
}
/** Not zero unless FPCR rounds to nearest without flushing, and FPSR.IXC is set already. */
export function needsExactness(b: SemanticsBuilder): I32 {
  const exact = b.isZero(b.and(b.wrap(b.wideState('fpsr')), b.i32(INEXACT)));
  return b.or(b.and(controlWord(b), b.i32(CONTROL.RMode | CONTROL.FZ)), exact);
}
/** FPCR.AHP, not zero when it is set. */
export function alternativeHalf(b: SemanticsBuilder): I32 {
  return b.and(controlWord(b), b.i32(CONTROL.AHP));
}

const lastFlags = hostHelper('floatFlags', [], 'i32');

/** Computes with the host's exact arithmetic, which takes the control word last, and adds its exceptions to FPSR. */
export function exactly<T extends 'i32' | 'i64'>(
  b: SemanticsBuilder,
  name: string,
  result: T,
  args: readonly Value[],
): Value<T> {
  const host = hostHelper(name, [...args.map(a => a.type), 'i32'], result);
  const value = b.variable(b.call(result, host, ...args, controlWord(b)));
  b.setWideState('fpsr', b.or(b.wideState('fpsr'), b.zeroExtend(b.call('i32', lastFlags))));
  return b.valueOf(value);
}

/** A helper that is the host's exact arithmetic and nothing else. */
export function exactHelper(name: string, parameters: readonly ('i32' | 'i64')[], result: 'i32' | 'i64'): Helper {
  return helper(`exact ${name}`, parameters, result, (b, ...args: Value[]) => exactly(b, name, result, args));
}

/** A result of WebAssembly's own operations, and when it is right. */
interface FastWay<T extends 'i32' | 'i64'> {
  readonly result: Value<T>;
  /** Not zero where the bits may be wrong, or exceptions other than inexactness may be due, whatever FPCR says. */
  readonly doubtful: I32;
  /** The rounding mode matters: only rounding to nearest is right. */
  readonly rounds?: boolean;
  /** Numbers of one format that FPCR.FZ or FZ16 would change if they were subnormal, unless that is `doubtful` anyway. */
  readonly flushed?: readonly (readonly [FloatType, Bits])[];
  /**
   * Whether something may have been lost. It is asked only while FPSR.IXC is clear, and may say so too often: the exact
   * arithmetic then decides and sets the bit, which stays set, so that a guest pays for it once.
   */
  readonly inexact?: () => I32;
  readonly exact: () => Value<T>;
}

/** The fast way where it is right, else the exact one. */
export function fast<T extends 'i32' | 'i64'>(b: SemanticsBuilder, way: FastWay<T>): Value<T> {
  const { result, doubtful, rounds = false, flushed = [], inexact, exact } = way;
  const value = b.variable(result);
  const decide = () => b.assign(value, exact());
  const finish = () => {
    if (!inexact) return;
    const unset = b.wasm('i32', 'i64.eqz', [b.and(b.wideState('fpsr'), b.i64(INEXACT))]);
    b.if(unset, () => b.if(inexact(), decide));
  };
  const flush = flushed.length === 0 ? 0 : flushed[0]?.[0] === HALF ? CONTROL.FZ16 : CONTROL.FZ;
  const mask = (rounds ? CONTROL.RMode : 0) | flush;
  if (mask === 0) {
    b.if(doubtful, decide, inexact && finish);
    return b.valueOf(value);
  }
  const control = b.and(controlWord(b), b.i32(mask));
  const unusual = () => {
    if (flushed.length === 0) return decide();
    // Flushing changes nothing where there is nothing to be flushed.
    const subnormal = flushed
      .map(([type, bits]) => isSubnormalBits(b, type, bits))
      .reduce((any, one) => b.or(any, one));
    const harmless = b.and(b.equal(control, b.i32(flush)), b.isZero(b.or(doubtful, subnormal)));
    b.if(harmless, finish, decide);
  };
  b.if(b.or(doubtful, control), unusual, inexact && finish);
  return b.valueOf(value);
}

// ---- the host's numbers

export type HostFloat = Value<'f32' | 'f64'>;
/** WebAssembly's type of numbers of a format (half precision has none). */
export const hostType = (type: FloatType): 'f32' | 'f64' => (type === DOUBLE ? 'f64' : 'f32');

export function toHost(b: SemanticsBuilder, type: FloatType, bits: Bits): HostFloat {
  return b.wasm(hostType(type), `${hostType(type)}.reinterpret_${type.word}`, [bits]);
}
export function fromHost(b: SemanticsBuilder, type: FloatType, value: HostFloat): Bits {
  return b.wasm(type.word, `${type.word}.reinterpret_${hostType(type)}`, [value]);
}
export function hostConstant(b: SemanticsBuilder, type: FloatType, value: number): HostFloat {
  return type === DOUBLE ? b.f64(value) : b.f32(value);
}
export function promote(b: SemanticsBuilder, value: HostFloat): F64 {
  return b.wasm('f64', 'f64.promote_f32', [value]);
}
export function demote(b: SemanticsBuilder, value: F64): F32 {
  return b.wasm('f32', 'f32.demote_f64', [value]);
}
export function compareHost(b: SemanticsBuilder, operation: string, x: HostFloat, y: HostFloat): I32 {
  return b.wasm('i32', `${x.type}.${operation}`, [x, y]);
}
export function computeHost<T extends 'f32' | 'f64'>(
  b: SemanticsBuilder,
  operation: string,
  ...values: readonly Value<T>[]
): Value<T> {
  const [first] = values as readonly [Value<T>];
  return b.wasm(first.type, `${first.type}.${operation}`, values);
}

/** A half-precision number as a double; infinities and NaNs become numbers beyond its range. */
export function widenHalf(b: SemanticsBuilder, bits: Bits): F64 {
  // Moved to single precision's place the exponent is too small by the difference of the biases.
  const small = toHost(b, SINGLE, b.shl(absoluteBits(b, HALF, bits), b.i32(13)));
  const sign = toHost(b, SINGLE, b.shl(b.shrUnsigned(bits, b.i32(15)), b.i32(31)));
  return promote(b, computeHost(b, 'copysign', computeHost(b, 'mul', small, b.f32(2 ** 112)), sign));
}

/**
 * A double rounded to half precision, to nearest. `doubtful` unless the result is zero or well within the normal numbers;
 * `inexact` where rounding loses something.
 */
export function narrowToHalf(b: SemanticsBuilder, value: F64): { bits: I32; doubtful: I32; inexact: () => I32 } {
  const bits: I64 = b.wasm('i64', 'i64.reinterpret_f64', [value]);
  const magnitude = b.and(bits, b.i64((1n << 63n) - 1n));
  // The exponent with half precision's bias, then half of the last kept bit and what decides ties.
  const rebiased = b.sub(magnitude, b.i64(1008n << 52n));
  const tie = b.and(b.shrUnsigned(magnitude, b.i64(42)), b.i64(1));
  const rounded = b.shrUnsigned(b.add(b.add(rebiased, b.i64((1n << 41n) - 1n)), tie), b.i64(42));
  const zero = b.isZero(magnitude);
  const sign = b.wrap(b.shl(b.shrUnsigned(bits, b.i64(63)), b.i64(15)));
  const least = doubleBits(2 ** -14) + 1n;
  const within = b.lessUnsigned(b.sub(magnitude, b.i64(least)), b.i64(doubleBits(65520) - least));
  return {
    bits: b.or(sign, b.select(zero, b.i32(0), b.wrap(rounded))),
    doubtful: b.isZero(b.or(within, zero)),
    inexact: () => b.isZero(b.isZero(b.shl(magnitude, b.i64(22)))),
  };
}

function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Whether a bit pattern is an infinity or a NaN. */
export function notFinite(b: SemanticsBuilder, type: FloatType, bits: Bits): I32 {
  const infinity = b.constant(type.word, infinityBits(type));
  return b.equal(b.and(bits, infinity), infinity);
}
/**
 * Whether a magnitude is not above the smallest normal number, or not finite. A rounded result of just that number may
 * have been below it before.
 */
export function notWellNormal(b: SemanticsBuilder, type: FloatType, bits: Bits): I32 {
  const least = (1n << BigInt(type.fraction)) + 1n;
  const span = infinityBits(type) - least;
  const magnitude = absoluteBits(b, type, bits);
  return b.atLeastUnsigned(b.sub(magnitude, b.constant(type.word, least)), b.constant(type.word, span));
}
export function isZeroBits(b: SemanticsBuilder, type: FloatType, bits: Bits): I32 {
  return b.isZero(absoluteBits(b, type, bits));
}
export function isSubnormalBits(b: SemanticsBuilder, type: FloatType, bits: Bits): I32 {
  const least = 1n << BigInt(type.fraction);
  return b.lessUnsigned(
    b.sub(absoluteBits(b, type, bits), b.constant(type.word, 1)),
    b.constant(type.word, least - 1n),
  );
}
export function isNaNBits(b: SemanticsBuilder, type: FloatType, bits: Bits): I32 {
  return b.greaterUnsigned(absoluteBits(b, type, bits), b.constant(type.word, infinityBits(type)));
}
