/**
 * Advanced SIMD three same, floating point (Arm ARM C4.1: Advanced SIMD three same, three same (FP16), scalar three same):
 * arithmetic, comparisons, maxima, pairwise operations, steps of reciprocals.
 */
import { instruction } from '../instruction.ts';
import { scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { Helper, SemanticsBuilder, V128 } from '../semantics.ts';
import {
  floatAdd,
  floatDivide,
  floatMaximum,
  floatMaximumNumber,
  floatMinimum,
  floatMinimumNumber,
  floatMultiply,
  floatMultiplyAdd,
  floatMultiplyExtended,
  floatReciprocalSquareRootStep,
  floatReciprocalStep,
  floatSubtract,
} from './floating-point-arithmetic.ts';
import {
  absoluteBits,
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  lane,
  laneCount,
  negateBits,
  readScalar,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import {
  addVectors,
  divideVectors,
  multiplyAddVectors,
  multiplyVectors,
  negateVector,
  subtractVectors,
} from './simd-floating-point-arithmetic.ts';
import {
  arrangementOf,
  callOn,
  common,
  compareAsMask,
  compareMagnitudes,
  extent,
  lanewise,
  scalars,
  shapeOfQ,
  VECTOR_FORMS,
  vectors,
} from './simd-floating-point-common.ts';

type Compute = (b: SemanticsBuilder, type: FloatType, n: Bits, m: Bits, d: Bits) => Bits;

interface Operation {
  readonly name: string;
  readonly U: '0' | '1';
  /** Bit 23. */
  readonly a: '0' | '1';
  readonly opcode: string;
  readonly compute: Compute;
  /** The same on a whole vector of singles or doubles, where there is a faster way than lane by lane. */
  readonly whole?: (b: SemanticsBuilder, type: FloatType, n: V128, m: V128, d: V128) => V128;
  readonly brief: string;
  /** Neighbours of both vectors are combined, those of the first below. */
  readonly pairwise?: boolean;
  /** The destination's lanes are operands too. */
  readonly accumulates?: boolean;
  readonly scalar?: boolean;
}

const wholly =
  (helpers: Readonly<Record<'s' | 'd', Helper>>): NonNullable<Operation['whole']> =>
  (b, type, n, m) =>
    b.call('v128', helpers[type === DOUBLE ? 'd' : 's'], n, m);

const two =
  (helper: Parameters<typeof callOn>[0]): Compute =>
  (b, type, n, m) =>
    callOn(helper)(b, type, n, m);

const multiplyAddWhole: NonNullable<Operation['whole']> = (b, type, n, m, d) =>
  b.call('v128', multiplyAddVectors[type === DOUBLE ? 'd' : 's'], d, n, m);

const operations: readonly Operation[] = [
  {
    name: 'fmaxnm',
    U: '0',
    a: '0',
    opcode: '000',
    compute: two(floatMaximumNumber),
    brief: 'Takes the greater number of each two lanes, of which one may be a quiet NaN',
  },
  {
    name: 'fminnm',
    U: '0',
    a: '1',
    opcode: '000',
    compute: two(floatMinimumNumber),
    brief: 'Takes the lesser number of each two lanes, of which one may be a quiet NaN',
  },
  {
    name: 'fmla',
    U: '0',
    a: '0',
    opcode: '001',
    accumulates: true,
    compute: (b, type, n, m, d) => callOn(floatMultiplyAdd)(b, type, d, n, m),
    whole: multiplyAddWhole,
    brief: 'Adds products of lanes to lanes, rounding once',
  },
  {
    name: 'fmls',
    U: '0',
    a: '1',
    opcode: '001',
    accumulates: true,
    compute: (b, type, n, m, d) => callOn(floatMultiplyAdd)(b, type, d, negateBits(b, type, n), m),
    whole: (b, type, n, m, d) => multiplyAddWhole(b, type, negateVector(b, type, n), m, d),
    brief: 'Subtracts products of lanes from lanes, rounding once',
  },
  {
    name: 'fadd',
    U: '0',
    a: '0',
    opcode: '010',
    compute: two(floatAdd),
    whole: wholly(addVectors),
    brief: 'Adds lanes',
  },
  {
    name: 'fsub',
    U: '0',
    a: '1',
    opcode: '010',
    compute: two(floatSubtract),
    whole: wholly(subtractVectors),
    brief: 'Subtracts lanes',
  },
  {
    name: 'fmulx',
    U: '0',
    a: '0',
    opcode: '011',
    scalar: true,
    compute: two(floatMultiplyExtended),
    brief: 'Multiplies lanes, zero times infinity giving two',
  },
  {
    name: 'fcmeq',
    U: '0',
    a: '0',
    opcode: '100',
    scalar: true,
    compute: (b, type, n, m) => compareAsMask(b, type, 'eq', n, m),
    brief: 'Sets lanes to all ones where equal',
  },
  {
    name: 'fmax',
    U: '0',
    a: '0',
    opcode: '110',
    compute: two(floatMaximum),
    brief: 'Takes the greater of each two lanes',
  },
  {
    name: 'fmin',
    U: '0',
    a: '1',
    opcode: '110',
    compute: two(floatMinimum),
    brief: 'Takes the lesser of each two lanes',
  },
  {
    name: 'frecps',
    U: '0',
    a: '0',
    opcode: '111',
    scalar: true,
    compute: two(floatReciprocalStep),
    brief: 'Computes 2 less a product, a step of a reciprocal’s iteration',
  },
  {
    name: 'frsqrts',
    U: '0',
    a: '1',
    opcode: '111',
    scalar: true,
    compute: two(floatReciprocalSquareRootStep),
    brief: 'Computes half of 3 less a product, a step of a reciprocal square root’s iteration',
  },
  {
    name: 'fmaxnmp',
    U: '1',
    a: '0',
    opcode: '000',
    pairwise: true,
    compute: two(floatMaximumNumber),
    brief: 'Takes the greater number of neighbouring lanes, of which one may be a quiet NaN',
  },
  {
    name: 'fminnmp',
    U: '1',
    a: '1',
    opcode: '000',
    pairwise: true,
    compute: two(floatMinimumNumber),
    brief: 'Takes the lesser number of neighbouring lanes, of which one may be a quiet NaN',
  },
  {
    name: 'faddp',
    U: '1',
    a: '0',
    opcode: '010',
    pairwise: true,
    compute: two(floatAdd),
    brief: 'Adds neighbouring lanes',
  },
  {
    name: 'fabd',
    U: '1',
    a: '1',
    opcode: '010',
    scalar: true,
    compute: (b, type, n, m) => absoluteBits(b, type, callOn(floatSubtract)(b, type, n, m)),
    brief: 'Subtracts lanes and clears the sign of the difference',
  },
  {
    name: 'fmul',
    U: '1',
    a: '0',
    opcode: '011',
    compute: two(floatMultiply),
    whole: wholly(multiplyVectors),
    brief: 'Multiplies lanes',
  },
  {
    name: 'fcmge',
    U: '1',
    a: '0',
    opcode: '100',
    scalar: true,
    compute: (b, type, n, m) => compareAsMask(b, type, 'ge', n, m),
    brief: 'Sets lanes to all ones where greater or equal',
  },
  {
    name: 'fcmgt',
    U: '1',
    a: '1',
    opcode: '100',
    scalar: true,
    compute: (b, type, n, m) => compareAsMask(b, type, 'gt', n, m),
    brief: 'Sets lanes to all ones where greater',
  },
  {
    name: 'facge',
    U: '1',
    a: '0',
    opcode: '101',
    scalar: true,
    compute: (b, type, n, m) => compareMagnitudes(b, type, 'ge', n, m),
    brief: 'Sets lanes to all ones where the magnitude is greater or equal',
  },
  {
    name: 'facgt',
    U: '1',
    a: '1',
    opcode: '101',
    scalar: true,
    compute: (b, type, n, m) => compareMagnitudes(b, type, 'gt', n, m),
    brief: 'Sets lanes to all ones where the magnitude is greater',
  },
  {
    name: 'fmaxp',
    U: '1',
    a: '0',
    opcode: '110',
    pairwise: true,
    compute: two(floatMaximum),
    brief: 'Takes the greater of neighbouring lanes',
  },
  {
    name: 'fminp',
    U: '1',
    a: '1',
    opcode: '110',
    pairwise: true,
    compute: two(floatMinimum),
    brief: 'Takes the lesser of neighbouring lanes',
  },
  {
    name: 'fdiv',
    U: '1',
    a: '0',
    opcode: '111',
    compute: two(floatDivide),
    whole: wholly(divideVectors),
    brief: 'Divides lanes',
  },
];

/** Bits 23 to 10 without Rm: half precision has an encoding of its own. */
const middle = (type: FloatType, a: string, opcode: string) =>
  type === HALF
    ? (`${a as '0'} 10 Rm:5 00 ${opcode as '000'} 1` as const)
    : (`${a as '0'} ${type.width === 64 ? '1' : '0'} 1 Rm:5 11 ${opcode as '000'} 1` as const);

const vectorForms = operations.flatMap(({ name, U, a, opcode, compute, whole, brief, pairwise, accumulates }) =>
  VECTOR_FORMS.map(({ type, Q }) =>
    instruction(
      `${name.toUpperCase()} (vector, ${type.what})`,
      `0 ${Q} ${U} 01110 ${middle(type, a, opcode)} Rn:5 Rd:5`,
      {
        ...common,
        feature: type.vectorFeature,
        operands: { ...vectors(type), m: vectorRegister('Rm', arrangementOf(type)) },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `${brief}, in ${type.what} precision.`,
        shape: shapeOfQ(type),
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const Q = extent(type, f);
          const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
          const d = accumulates ? b.read('v128', o.d) : n;
          if (whole && Q && type !== HALF) {
            b.write(o.d, whole(b, type, n, m, d));
            return;
          }
          const count = laneCount(type, Q);
          const result = lanewise(b, type, Q, i => {
            if (!pairwise) return compute(b, type, lane(b, type, n, i), lane(b, type, m, i), lane(b, type, d, i));
            const source = 2 * i < count ? n : m;
            const first = (2 * i) % count;
            const [low, high] = [lane(b, type, source, first), lane(b, type, source, first + 1)];
            return compute(b, type, low, high, low);
          });
          b.write(o.d, result);
        },
      },
    ),
  ),
);

const scalarForms = operations
  .filter(operation => operation.scalar)
  .flatMap(({ name, U, a, opcode, compute, brief }) =>
    FLOAT_TYPES.map(type =>
      instruction(
        `${name.toUpperCase()} (scalar, ${type.what})`,
        `01 ${U} 11110 ${middle(type, a, opcode)} Rn:5 Rd:5`,
        {
          ...common,
          feature: type.vectorFeature,
          operands: { ...scalars(type), m: scalarRegister('Rm', type.letter) },
          syntax: `${name} {d}, {n}, {m}`,
          brief: `${brief.replace(/lanes/g, 'numbers')}, in ${type.what} precision.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const [n, m] = [readScalar(b, o.n, type), readScalar(b, o.m, type)];
            writeScalar(b, o.d, compute(b, type, n, m, n));
          },
        },
      ),
    ),
  );

export const simdFloatingPointThreeSame = [...vectorForms, ...scalarForms];
