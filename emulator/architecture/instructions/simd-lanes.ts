/**
 * Arithmetic on the elements of vectors, in the semantics language.
 *
 * `Lanes` computes on all elements of a size at once and remembers where elements saturated; `finish` writes what an
 * instruction's width takes of the result, and FPSR.QC by the same width. WebAssembly's vectors lack what is written
 * out here: arithmetic of doublewords that saturates or compares without sign, halving, shifts by vectors, narrowing.
 */
import type { I32, RegisterRef, SemanticsBuilder, V128, Value } from '../semantics.ts';
import { accumulate } from './simd-common.ts';

/** WebAssembly's name of vectors by the element's size: 1, 2, 4, 8 bytes. */
const SHAPES = ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const;

/** FPSR.QC, cumulative saturation. */
const QC = 27;

/** Bits of a register that an instruction computes: a vector, half of one, or one element. */
export type Extent = 128 | 64 | 32 | 16 | 8;

export const extentOf = (Q: number): Extent => (Q ? 128 : 64);
/** The extent of a scalar of `8 << size` bits. */
export const scalarExtent = (size: number): Extent => (8 << size) as Extent;

const lowBytes = (extent: Extent) => Array.from({ length: 16 }, (_, i) => (i < extent / 8 ? 0xff : 0));

/** The low bits of a vector, the others zero. */
export function keepLow(b: SemanticsBuilder, value: V128, extent: Extent): V128 {
  return extent === 128 ? value : b.wasm('v128', 'v128.and', [value, b.v128(lowBytes(extent))]);
}

/** Bytes chosen from two vectors: 0 to 15 from the first, 16 to 31 from the second. */
export function shuffle(b: SemanticsBuilder, x: V128, y: V128, bytes: readonly number[]): V128 {
  return b.wasm('v128', 'i8x16.shuffle', [x, y], bytes);
}

const sixteen = (byte: (i: number) => number) => Array.from({ length: 16 }, (_, i) => byte(i));

/** The low halves of two vectors, the first's lowest. */
export function lowHalves(b: SemanticsBuilder, x: V128, y: V128): V128 {
  return shuffle(
    b,
    x,
    y,
    sixteen(i => (i < 8 ? i : i + 8)),
  );
}

/** The upper half of a vector in the low half. */
export function upperHalfOf(b: SemanticsBuilder, x: V128): V128 {
  return shuffle(
    b,
    x,
    x,
    sixteen(i => (i & 7) + 8),
  );
}

export class Lanes {
  readonly b: SemanticsBuilder;
  /** 0 to 3: elements of `8 << size` bits. */
  readonly size: number;
  /** Vectors that are not zero where an element saturated. */
  readonly saturations: V128[];

  constructor(b: SemanticsBuilder, size: number, saturations: V128[] = []) {
    this.b = b;
    this.size = size;
    this.saturations = saturations;
  }

  get bits(): number {
    return 8 << this.size;
  }
  /** Elements of twice the size. */
  get wider(): Lanes {
    return new Lanes(this.b, this.size + 1, this.saturations);
  }

  op(name: string, ...args: Value[]): V128 {
    return this.b.wasm('v128', `${SHAPES[this.size]}.${name}`, args);
  }
  private bitwise(name: string, ...args: V128[]): V128 {
    return this.b.wasm('v128', `v128.${name}`, args);
  }
  and(x: V128, y: V128): V128 {
    return this.bitwise('and', x, y);
  }
  or(x: V128, y: V128): V128 {
    return this.bitwise('or', x, y);
  }
  xor(x: V128, y: V128): V128 {
    return this.bitwise('xor', x, y);
  }
  not(x: V128): V128 {
    return this.bitwise('not', x);
  }
  /** `x` where `mask` is zero. */
  andNot(x: V128, mask: V128): V128 {
    return this.bitwise('andnot', x, mask);
  }
  select(mask: V128, ones: V128, zeros: V128): V128 {
    return this.bitwise('bitselect', ones, zeros, mask);
  }

  /** Every element the same constant. */
  all(value: number | bigint): V128 {
    const element = BigInt.asUintN(this.bits, BigInt(value));
    return this.b.v128(sixteen(i => Number((element >> BigInt(8 * (i & (this.bits / 8 - 1)))) & 0xffn)));
  }
  get zero(): V128 {
    return this.all(0);
  }
  private get greatest(): V128 {
    return this.all((1n << BigInt(this.bits - 1)) - 1n);
  }
  private get least(): V128 {
    return this.all(1n << BigInt(this.bits - 1));
  }

  add(x: V128, y: V128): V128 {
    return this.op('add', x, y);
  }
  sub(x: V128, y: V128): V128 {
    return this.op('sub', x, y);
  }
  mul(x: V128, y: V128): V128 {
    if (this.size !== 0) return this.op('mul', x, y);
    // Bytes: even and odd ones as halfwords.
    const wide = this.wider;
    const odd = wide.shl(wide.mul(wide.shr(false, x, 8), wide.shr(false, y, 8)), 8);
    return this.or(wide.and(wide.mul(x, y), wide.all(0xff)), odd);
  }
  private amount(by: number | I32): I32 {
    return typeof by === 'number' ? this.b.i32(by) : by;
  }
  /** Amounts are less than the element's bits. */
  shl(x: V128, by: number | I32): V128 {
    return this.op('shl', x, this.amount(by));
  }
  shr(signed: boolean, x: V128, by: number | I32): V128 {
    return this.op(signed ? 'shr_s' : 'shr_u', x, this.amount(by));
  }
  /** All ones where the element is negative. */
  sign(x: V128): V128 {
    return this.shr(true, x, this.bits - 1);
  }

  equal(x: V128, y: V128): V128 {
    return this.op('eq', x, y);
  }
  notEqual(x: V128, y: V128): V128 {
    return this.op('ne', x, y);
  }
  greater(signed: boolean, x: V128, y: V128): V128 {
    return this.ordered('gt', signed, x, y);
  }
  atLeast(signed: boolean, x: V128, y: V128): V128 {
    return this.ordered('ge', signed, x, y);
  }
  private ordered(test: 'gt' | 'ge', signed: boolean, x: V128, y: V128): V128 {
    if (signed || this.size !== 3) return this.op(`${test}_${signed ? 's' : 'u'}`, x, y);
    // Unsigned doublewords compare as signed ones with their top bits inverted.
    return this.op(`${test}_s`, this.xor(x, this.least), this.xor(y, this.least));
  }
  min(signed: boolean, x: V128, y: V128): V128 {
    if (this.size === 3) return this.select(this.greater(signed, x, y), y, x);
    return this.op(signed ? 'min_s' : 'min_u', x, y);
  }
  max(signed: boolean, x: V128, y: V128): V128 {
    if (this.size === 3) return this.select(this.greater(signed, x, y), x, y);
    return this.op(signed ? 'max_s' : 'max_u', x, y);
  }
  absoluteDifference(signed: boolean, x: V128, y: V128): V128 {
    return this.sub(this.max(signed, x, y), this.min(signed, x, y));
  }

  /** `(x + y) >> 1` without losing the carry. */
  halvingAdd(signed: boolean, x: V128, y: V128): V128 {
    return this.add(this.and(x, y), this.shr(signed, this.xor(x, y), 1));
  }
  /** `(x + y + 1) >> 1` without losing the carry. */
  roundingHalvingAdd(signed: boolean, x: V128, y: V128): V128 {
    if (!signed && this.size < 2) return this.op('avgr_u', x, y);
    return this.sub(this.or(x, y), this.shr(signed, this.xor(x, y), 1));
  }
  /** `(x - y) >> 1` without losing the borrow. */
  halvingSub(signed: boolean, x: V128, y: V128): V128 {
    return this.sub(this.shr(signed, this.xor(x, y), 1), this.andNot(y, x));
  }

  /** Elements of `where` that are not zero have saturated. */
  saturated(where: V128): void {
    this.saturations.push(where);
  }
  /** The limit that lies on the side of `x`: the greatest or the least signed number. */
  private limitToward(x: V128): V128 {
    return this.xor(this.sign(x), this.greatest);
  }
  saturatingAdd(signed: boolean, x: V128, y: V128): V128 {
    const sum = this.add(x, y);
    if (this.size < 2) {
      const result = this.op(signed ? 'add_sat_s' : 'add_sat_u', x, y);
      this.saturated(this.xor(result, sum));
      return result;
    }
    if (!signed) {
      const carry = this.greater(false, x, sum);
      this.saturated(carry);
      return this.or(sum, carry);
    }
    const overflow = this.sign(this.and(this.xor(x, sum), this.xor(y, sum)));
    this.saturated(overflow);
    return this.select(overflow, this.limitToward(x), sum);
  }
  saturatingSub(signed: boolean, x: V128, y: V128): V128 {
    const difference = this.sub(x, y);
    if (this.size < 2) {
      const result = this.op(signed ? 'sub_sat_s' : 'sub_sat_u', x, y);
      this.saturated(this.xor(result, difference));
      return result;
    }
    if (!signed) {
      const borrow = this.greater(false, y, x);
      this.saturated(borrow);
      return this.andNot(difference, borrow);
    }
    const overflow = this.sign(this.and(this.xor(x, y), this.xor(x, difference)));
    this.saturated(overflow);
    return this.select(overflow, this.limitToward(x), difference);
  }
  /** A signed number plus an unsigned one, saturating as signed. */
  saturatingAddUnsigned(x: V128, unsigned: V128): V128 {
    const sum = this.add(x, unsigned);
    const overflow = this.greater(true, x, sum);
    this.saturated(overflow);
    return this.select(overflow, this.greatest, sum);
  }
  /** An unsigned number plus a signed one, saturating as unsigned. */
  saturatingAddSigned(x: V128, signed: V128): V128 {
    const sum = this.add(x, signed);
    const negative = this.sign(signed);
    const overflow = this.andNot(this.greater(false, x, sum), negative);
    const underflow = this.and(this.greater(false, sum, x), negative);
    this.saturated(this.or(overflow, underflow));
    return this.andNot(this.or(sum, overflow), underflow);
  }
  /** The least number has no counterpart and becomes the greatest. */
  private withoutLeast(result: V128): V128 {
    const least = this.equal(result, this.least);
    this.saturated(least);
    return this.xor(result, least);
  }
  saturatingAbsolute(x: V128): V128 {
    return this.withoutLeast(this.op('abs', x));
  }
  saturatingNegate(x: V128): V128 {
    return this.withoutLeast(this.op('neg', x));
  }

  /** Elements of the low (0) or upper (1) half at twice their size. */
  extend(half: number, signed: boolean, x: V128): V128 {
    return this.wider.op(`extend_${half ? 'high' : 'low'}_${SHAPES[this.size]}_${signed ? 's' : 'u'}`, x);
  }
  /** Products of the elements of one half at twice their size. */
  multiplyLong(half: number, signed: boolean, x: V128, y: V128): V128 {
    return this.wider.op(`extmul_${half ? 'high' : 'low'}_${SHAPES[this.size]}_${signed ? 's' : 'u'}`, x, y);
  }
  /** Twice the signed products at twice the size; only the product of two least numbers saturates. */
  doublingMultiplyLong(half: number, x: V128, y: V128): V128 {
    const product = this.multiplyLong(half, true, x, y);
    return this.wider.saturatingAdd(true, product, product);
  }
  /** Sums of neighbours at twice their size. */
  pairwiseAddLong(signed: boolean, x: V128): V128 {
    const wide = this.wider;
    if (this.size < 2) return wide.op(`extadd_pairwise_${SHAPES[this.size]}_${signed ? 's' : 'u'}`, x);
    return wide.add(wide.shr(signed, x, 32), wide.shr(signed, wide.shl(x, 32), 32));
  }

  /** Elements 0, 2, 4… of both vectors, the first's lowest. */
  even(x: V128, y: V128): V128 {
    return this.everySecond(x, y, 0);
  }
  /** Elements 1, 3, 5… of both vectors, the first's lowest. */
  odd(x: V128, y: V128): V128 {
    return this.everySecond(x, y, 1);
  }
  private everySecond(x: V128, y: V128, first: number): V128 {
    const bytes = 1 << this.size;
    return shuffle(
      this.b,
      x,
      y,
      sixteen(i => (2 * Math.floor(i / bytes) + first) * bytes + (i % bytes)),
    );
  }
  /** Combines neighbours of the first vector, then of the second; `Q` = 0 takes their low halves. */
  pairwise(x: V128, y: V128, Q: number, combine: (even: V128, odd: V128) => V128): V128 {
    if (Q) return combine(this.even(x, y), this.odd(x, y));
    const both = lowHalves(this.b, x, y);
    return combine(this.even(both, both), this.odd(both, both));
  }

  /** Every element of twice the size brought into the range of this size; what was outside has saturated. */
  clampWide(from: 'signed' | 'unsigned', to: 'signed' | 'unsigned', x: V128): V128 {
    const wide = this.wider;
    const top = BigInt(to === 'signed' ? this.bits - 1 : this.bits);
    const below = wide.min(from === 'signed', x, wide.all((1n << top) - 1n));
    const clamped = from === 'unsigned' ? below : wide.max(true, below, wide.all(to === 'signed' ? -(1n << top) : 0n));
    this.saturated(this.xor(clamped, x));
    return clamped;
  }
  /** The low halves of the elements of a vector of twice the size, in the low half of the result. */
  narrow(x: V128): V128 {
    return this.even(x, x);
  }

  /** One element in all places; the index is below 16 >> size. */
  splatElement(x: V128, index: I32): V128 {
    const first = this.b.wasm<'v128'>('v128', 'i8x16.splat', [this.b.shl(index, this.b.i32(this.size))]);
    const places = this.b.v128(sixteen(i => i % (1 << this.size)));
    return this.b.wasm('v128', 'i8x16.swizzle', [x, this.b.wasm('v128', 'i8x16.add', [first, places])]);
  }
  splat(value: Value): V128 {
    return this.op('splat', value);
  }
  /** All ones in the element of that index. */
  maskOfElement(index: I32): V128 {
    const numbers = this.b.v128(sixteen(i => (i % (1 << this.size) === 0 ? i >> this.size : 0)));
    return this.equal(this.splat(this.size === 3 ? this.b.zeroExtend(index) : index), numbers);
  }

  /** A shift right of which the amount may be all of the element's bits. */
  shiftRight(signed: boolean, x: V128, by: I32): V128 {
    return this.shr(signed, this.shr(signed, x, this.b.sub(by, this.b.i32(1))), 1);
  }
  /** Adds half of what is lost before shifting right by 1 to all bits, as if elements were wider. */
  roundingShiftRight(signed: boolean, x: V128, by: I32): V128 {
    return this.roundingHalf(signed, this.shr(signed, x, this.b.sub(by, this.b.i32(1))));
  }
  private roundingHalf(signed: boolean, x: V128): V128 {
    return this.add(this.shr(signed, x, 1), this.and(x, this.all(1)));
  }

  /** A shift left that saturates; `signed` numbers, and whether the result is. */
  saturatingShiftLeft(signed: boolean, toSigned: boolean, x: V128, by: I32): V128 {
    const shifted = this.shl(x, by);
    const lost = this.notEqual(this.shr(toSigned, shifted, by), x);
    if (toSigned) {
      this.saturated(lost);
      return this.select(lost, this.limitToward(x), shifted);
    }
    if (!signed) {
      this.saturated(lost);
      return this.or(shifted, lost);
    }
    // Signed to unsigned: what is negative becomes zero.
    const negative = this.sign(x);
    this.saturated(this.or(lost, negative));
    return this.andNot(this.or(shifted, lost), negative);
  }

  /**
   * Shifts each element by the signed number in the low byte of the other vector's: left where it is positive, right
   * where it is negative (SSHL and its kin). One step per bit of the amount; saturation is what a step loses.
   */
  shiftByVector(x: V128, by: V128, how: { signed: boolean; rounding: boolean; saturating: boolean }): V128 {
    const { bits } = this;
    const { signed } = how;
    const amount = this.size === 0 ? by : this.shr(true, this.shl(by, bits - 8), bits - 8);
    const steps = Array.from({ length: 3 + this.size }, (_, i) => ({
      by: 1 << i,
      mask: this.sign(this.shl(amount, bits - 1 - i)),
    }));
    const negative = this.sign(amount);

    const beyondLeft = this.greater(true, amount, this.all(bits - 1));
    let left = x;
    let lost = this.and(beyondLeft, this.notEqual(x, this.zero));
    for (const step of steps) {
      const shifted = this.shl(left, step.by);
      const back = this.shr(signed, shifted, step.by);
      lost = this.or(lost, this.and(step.mask, this.notEqual(back, left)));
      left = this.select(step.mask, shifted, left);
    }
    left = this.andNot(left, beyondLeft);
    if (how.saturating) {
      lost = this.andNot(lost, negative);
      this.saturated(lost);
      left = signed ? this.select(lost, this.limitToward(x), left) : this.or(left, lost);
    }

    // Right by one less, the complement of the amount, and then by one more, so that the last bit lost can round.
    let right = x;
    for (const step of steps) right = this.select(step.mask, right, this.shr(signed, right, step.by));
    const beyondRight = this.greater(true, this.all(-bits), amount);
    right = signed ? this.select(beyondRight, this.sign(x), right) : this.andNot(right, beyondRight);
    right = how.rounding ? this.roundingHalf(signed, right) : this.shr(signed, right, 1);
    return this.select(negative, right, left);
  }

  /** Numbers of ones in each element. */
  countOnes(x: V128): V128 {
    const bytes = this.b.wasm<'v128'>('v128', 'i8x16.popcnt', [x]);
    let sums = bytes;
    for (let size = 0; size < this.size; size++) sums = new Lanes(this.b, size).pairwiseAddLong(false, sums);
    return sums;
  }
  countLeadingZeros(x: V128): V128 {
    let spread = x;
    for (let by = 1; by < this.bits; by *= 2) spread = this.or(spread, this.shr(false, spread, by));
    return this.countOnes(this.not(spread));
  }
  /** How many bits below the top one are equal to it, without a break. */
  countLeadingSigns(x: V128): V128 {
    return this.sub(this.countLeadingZeros(this.xor(x, this.shr(true, x, 1))), this.all(1));
  }

  /**
   * The upper half of twice the product, plus an accumulator where there is one, rounded or not (SQDMULH, SQRDMULH,
   * SQRDMLAH, SQRDMLSH). Halfwords and words.
   */
  doublingMultiplyHigh(
    x: V128,
    y: V128,
    { rounding, accumulator, subtract = false }: { rounding: boolean; accumulator?: V128; subtract?: boolean },
  ): V128 {
    const { bits } = this;
    const wide = this.wider;
    if (!accumulator) {
      // Only the product of two least numbers is out of range.
      const overflow = this.and(this.equal(x, this.least), this.equal(y, this.least));
      this.saturated(overflow);
      if (rounding && this.size === 1) return this.op('q15mulr_sat_s', x, y);
      const half = (which: number) => {
        const product = this.multiplyLong(which, true, x, y);
        return wide.shr(true, rounding ? wide.add(product, wide.all(1n << BigInt(bits - 2))) : product, bits - 1);
      };
      return this.xor(this.even(half(0), half(1)), overflow);
    }
    // Half of the sum that the manual forms: it fits twice the bits whatever the operands are.
    const half = (which: number) => {
      const product = this.multiplyLong(which, true, x, y);
      const scaled = wide.shl(this.extend(which, true, accumulator), bits - 1);
      const sum = subtract ? wide.sub(scaled, product) : wide.add(scaled, product);
      return wide.shr(true, rounding ? wide.add(sum, wide.all(1n << BigInt(bits - 2))) : sum, bits - 1);
    };
    const [low, high] = [half(0), half(1)];
    const result = this.even(this.clampQuietly(low), this.clampQuietly(high));
    const exact = this.even(low, high);
    // A result that does not fit differs in its low half, or its upper half is no extension of it.
    this.saturated(this.or(this.xor(result, exact), this.xor(this.odd(low, high), this.sign(exact))));
    return result;
  }
  private clampQuietly(x: V128): V128 {
    return new Lanes(this.b, this.size).clampWide('signed', 'signed', x);
  }
}

/**
 * Writes the low bits of a vector, clearing the rest of the register, and sets FPSR.QC when one of the elements that
 * count saturated (those in the low `counted` bits).
 */
export function finish(
  lanes: Lanes,
  register: RegisterRef,
  value: V128,
  extent: Extent,
  counted: Extent = extent,
): void {
  const { b } = lanes;
  b.write(register, keepLow(b, value, extent));
  setSaturation(lanes, counted);
}

/** Writes a narrowed result, in the low half of `value`, to the half that `Q` chooses; the upper one keeps the low. */
export function finishNarrow(lanes: Lanes, register: RegisterRef, value: V128, Q: number): void {
  const { b } = lanes;
  b.write(register, Q ? lowHalves(b, b.read('v128', register), value) : keepLow(b, value, 64));
  setSaturation(lanes, 128);
}

function setSaturation(lanes: Lanes, counted: Extent): void {
  const { b, saturations } = lanes;
  const [first, ...others] = saturations;
  if (!first) return;
  const all = others.reduce((any, where) => lanes.or(any, where), first);
  accumulate(b, b.shl(b.wasm('i32', 'v128.any_true', [keepLow(b, all, counted)]), b.i32(QC)));
}
