/**
 * Arithmetic on whole vectors as helpers of semantics: WebAssembly's vector operations where every lane's result is right,
 * else lane by lane. The conditions are those of `floating-point-arithmetic.ts`, for all lanes at once.
 *
 * The fast ways hold while FPSR.IXC is set (so that inexactness need not be found out), FPCR rounds to nearest and does
 * not flush. Programs that compute with numbers have the first after a few operations.
 */
import { type Helper, helper, type I32, type SemanticsBuilder, type V128, type Value } from '../semantics.ts';
import {
  floatAdd,
  floatDivide,
  floatMultiply,
  floatMultiplyAdd,
  floatSquareRoot,
  floatSubtract,
} from './floating-point-arithmetic.ts';
import {
  type Bits,
  DOUBLE,
  type FloatType,
  type HelperByType,
  lane,
  laneCount,
  needsExactness,
  SINGLE,
  signBit,
  vectorOf,
} from './floating-point-values.ts';

/** Vector operations on lanes of one type. */
class HostVectors {
  private readonly b: SemanticsBuilder;
  private readonly lanes: 'f32x4' | 'f64x2';
  private readonly integers: 'i32x4' | 'i64x2';

  constructor(b: SemanticsBuilder, type: FloatType) {
    this.b = b;
    this.lanes = type === DOUBLE ? 'f64x2' : 'f32x4';
    this.integers = type === DOUBLE ? 'i64x2' : 'i32x4';
  }

  compute(operation: string, ...values: V128[]): V128 {
    return this.b.wasm('v128', `${this.lanes}.${operation}`, values);
  }
  add(x: V128, y: V128): V128 {
    return this.compute('add', x, y);
  }
  sub(x: V128, y: V128): V128 {
    return this.compute('sub', x, y);
  }
  mul(x: V128, y: V128): V128 {
    return this.compute('mul', x, y);
  }
  integer(operation: string, ...values: V128[]): V128 {
    return this.b.wasm('v128', `${this.integers}.${operation}`, values);
  }
  constant(value: number): V128 {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < 16; at += this.lanes === 'f64x2' ? 8 : 4) {
      if (this.lanes === 'f64x2') view.setFloat64(at, value, true);
      else view.setFloat32(at, value, true);
    }
    return this.b.v128([...bytes]);
  }
  and(x: V128, y: V128): V128 {
    return this.b.wasm('v128', 'v128.and', [x, y]);
  }
  or(x: V128, y: V128): V128 {
    return this.b.wasm('v128', 'v128.or', [x, y]);
  }
  xor(x: V128, y: V128): V128 {
    return this.b.wasm('v128', 'v128.xor', [x, y]);
  }
  isZero(x: V128): V128 {
    return this.compute('eq', x, this.constant(0));
  }
  /** Lanes whose magnitude is within limits, both included; no NaN is. */
  within(x: V128, least: number, most: number): V128 {
    const magnitude = this.compute('abs', x);
    return this.and(
      this.compute('ge', magnitude, this.constant(least)),
      this.compute('le', magnitude, this.constant(most)),
    );
  }
}

const GREATEST = { s: (2 - 2 ** -23) * 2 ** 127, d: Number.MAX_VALUE } as const;
/** The least number above the smallest normal one. */
const WELL_NORMAL = { s: 2 ** -126 + 2 ** -149, d: 2 ** -1022 + 2 ** -1074 } as const;
type Letter = 's' | 'd';

interface Quick {
  readonly result: V128;
  /** A mask of the lanes that are right. */
  readonly right: V128;
}
type Compute = (vectors: HostVectors, letter: Letter, ...operands: V128[]) => Quick;

/** The quick result where all lanes are right, else the helper of one lane on each. */
function orLanewise(
  b: SemanticsBuilder,
  type: FloatType,
  lanewise: HelperByType,
  { result, right }: Quick,
  operands: readonly V128[],
): V128 {
  const value = b.variable(result);
  // Masks are all ones or zeros in each lane of 32 or 64 bits, so that it does not matter how they are looked at.
  const all: I32 = b.wasm('i32', 'i32x4.all_true', [right]);
  b.if(b.or(needsExactness(b), b.isZero(all)), () => {
    const lanes: Bits[] = [];
    for (let i = 0; i < laneCount(type, 1); i++) {
      const values: Value[] = operands.map(operand => lane(b, type, operand, i));
      lanes.push(b.call(type.word, lanewise[type.letter], ...values));
    }
    b.assign(value, vectorOf(b, type, lanes));
  });
  return b.valueOf(value);
}

/** Makes the helpers of an operation for vectors of singles and of doubles. */
function whole(
  name: string,
  count: number,
  lanewise: HelperByType,
  compute: Compute,
): Readonly<Record<Letter, Helper>> {
  const make = (type: FloatType, letter: Letter) =>
    helper(
      `vector ${name}${type.width}`,
      Array.from({ length: count }, () => 'v128' as const),
      'v128',
      (b, ...operands: V128[]) => {
        const vectors = new HostVectors(b, type);
        const { result, right } = compute(vectors, letter, ...operands);
        return orLanewise(b, type, lanewise, { result, right }, operands);
      },
    );
  return { s: make(SINGLE, 's'), d: make(DOUBLE, 'd') };
}

const finite = (v: HostVectors, letter: Letter, x: V128) => v.within(x, 0, GREATEST[letter]);
const wellNormal = (v: HostVectors, letter: Letter, x: V128) => v.within(x, WELL_NORMAL[letter], GREATEST[letter]);

const sum =
  (operation: 'add' | 'sub'): Compute =>
  (v, letter, x, y) => {
    const result = v.compute(operation, x, y);
    return { result, right: finite(v, letter, result) };
  };
export const addVectors = whole('floatAdd', 2, floatAdd, sum('add'));
export const subtractVectors = whole('floatSubtract', 2, floatSubtract, sum('sub'));

export const multiplyVectors = whole('floatMultiply', 2, floatMultiply, (v, letter, x, y) => {
  const result = v.mul(x, y);
  const zero = v.and(v.isZero(result), v.or(v.isZero(x), v.isZero(y)));
  return { result, right: v.or(wellNormal(v, letter, result), zero) };
});

export const divideVectors = whole('floatDivide', 2, floatDivide, (v, letter, x, y) => {
  const result = v.compute('div', x, y);
  const zero = v.and(v.isZero(result), v.isZero(x));
  return { result, right: v.or(wellNormal(v, letter, result), zero) };
});

export const squareRootVectors = whole('floatSquareRoot', 1, floatSquareRoot, (v, letter, x) => {
  const result = v.compute('sqrt', x);
  return { result, right: finite(v, letter, result) };
});

// ---- multiply-add: the scalar way on two lanes of doubles

function twoSum(v: HostVectors, x: V128, y: V128): { sum: V128; error: V128 } {
  const s = v.add(x, y);
  const shadow = v.sub(s, x);
  return { sum: s, error: v.add(v.sub(x, v.sub(s, shadow)), v.sub(y, shadow)) };
}

function roundedToOdd(b: SemanticsBuilder, v: HostVectors, s: V128, error: V128): V128 {
  const one = b.v128([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const zero = b.v128(Array.from({ length: 16 }, () => 0));
  const changes = v.and(v.compute('ne', error, zero), v.integer('eq', v.and(s, one), zero));
  // All ones where error and sum differ in sign: -1 makes the magnitude smaller, 1 greater.
  const opposite = v.integer('lt_s', v.xor(s, error), zero);
  const step = v.and(changes, v.or(opposite, one));
  return v.integer('add', s, step);
}

function multiplyAddDoubles(b: SemanticsBuilder, v: HostVectors, a: V128, x: V128, y: V128): Quick {
  const split = (value: V128) => {
    const scaled = v.mul(value, v.constant(2 ** 27 + 1));
    const high = v.sub(scaled, v.sub(scaled, value));
    return { high, low: v.sub(value, high) };
  };
  const product = v.mul(x, y);
  const [s, t] = [split(x), split(y)];
  const rest = v.sub(v.sub(v.sub(product, v.mul(s.high, t.high)), v.mul(s.low, t.high)), v.mul(s.high, t.low));
  const error = v.sub(v.mul(s.low, t.low), rest);
  const low = twoSum(v, a, error);
  const upper = twoSum(v, product, low.sum);
  const lesser = twoSum(v, low.error, upper.error);
  const odd = roundedToOdd(b, v, lesser.sum, lesser.error);
  const zero = v.or(v.isZero(x), v.isZero(y));
  const exactSum = v.add(a, product);
  const result: V128 = b.wasm('v128', 'v128.bitselect', [exactSum, v.add(upper.sum, odd), zero]);
  const moderate = (value: V128, reach: number) => v.or(v.within(value, 2 ** -reach, 2 ** reach), v.isZero(value));
  const right = v.and(v.and(moderate(x, 400), moderate(y, 400)), moderate(a, 800));
  return { result, right };
}

/** Two singles of each operand, as doubles: the result's singles are in the lower half. */
function multiplyAddSingles(b: SemanticsBuilder, v: HostVectors, a: V128, x: V128, y: V128): Quick {
  const { sum: s, error } = twoSum(v, v.mul(x, y), a);
  const narrow: V128 = b.wasm('v128', 'f32x4.demote_f64x2_zero', [roundedToOdd(b, v, s, error)]);
  const wide: V128 = b.wasm('v128', 'f64x2.promote_low_f32x4', [narrow]);
  return { result: narrow, right: v.or(wellNormal(v, 's', wide), v.isZero(s)) };
}

const doubles = (b: SemanticsBuilder) => new HostVectors(b, DOUBLE);
const ofTwo = (low: number, high: number) => Array.from({ length: 16 }, (_, i) => (i < 8 ? low + i : high + i - 8));

/** `addend + x * y` on every lane, rounded once. */
export const multiplyAddVectors: Readonly<Record<Letter, Helper>> = {
  d: helper('vector floatMultiplyAdd64', ['v128', 'v128', 'v128'], 'v128', (b, a: V128, x: V128, y: V128) =>
    orLanewise(b, DOUBLE, floatMultiplyAdd, multiplyAddDoubles(b, doubles(b), a, x, y), [a, x, y]),
  ),
  s: helper('vector floatMultiplyAdd32', ['v128', 'v128', 'v128'], 'v128', (b, a: V128, x: V128, y: V128) => {
    const v = doubles(b);
    const low = (value: V128): V128 => b.wasm('v128', 'f64x2.promote_low_f32x4', [value]);
    const high = (value: V128) => low(b.wasm('v128', 'i8x16.shuffle', [value, value], ofTwo(8, 0)));
    const lower = multiplyAddSingles(b, v, low(a), low(x), low(y));
    const upper = multiplyAddSingles(b, v, high(a), high(x), high(y));
    const result: V128 = b.wasm('v128', 'i8x16.shuffle', [lower.result, upper.result], ofTwo(0, 16));
    return orLanewise(b, SINGLE, floatMultiplyAdd, { result, right: v.and(lower.right, upper.right) }, [a, x, y]);
  }),
};

const signs = (b: SemanticsBuilder, type: FloatType): V128 => {
  const sign = signBit(type);
  return b.v128(Array.from({ length: 16 }, (_, i) => Number((sign >> BigInt(8 * (i % (type.width / 8)))) & 0xffn)));
};
/** Every lane with its sign inverted. */
export function negateVector(b: SemanticsBuilder, type: FloatType, vector: V128): V128 {
  return b.wasm('v128', 'v128.xor', [vector, signs(b, type)]);
}
/** Every lane without its sign. */
export function absoluteVector(b: SemanticsBuilder, type: FloatType, vector: V128): V128 {
  return b.wasm('v128', 'v128.andnot', [vector, signs(b, type)]);
}
