/**
 * Advanced SIMD two-register miscellaneous, floating point (Arm ARM C4.1, with the FP16 and scalar forms): rounding,
 * conversions with integers, comparisons with zero, estimates. Conversions between formats are in
 * `simd-floating-point-convert.ts`.
 */
import { type Instruction, instruction } from '../instruction.ts';
import { floatZero } from '../operands/floating-point.ts';
import type { SemanticsBuilder, V128 } from '../semantics.ts';
import {
  floatReciprocalEstimate,
  floatReciprocalExponent,
  floatReciprocalSquareRootEstimate,
  floatSquareRoot,
} from './floating-point-arithmetic.ts';
import { fromInteger, roundToIntegral, roundToSized, toInteger } from './floating-point-conversions.ts';
import {
  absoluteBits,
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  type HelperByType,
  lane,
  negateBits,
  readScalar,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { absoluteVector, negateVector, squareRootVectors } from './simd-floating-point-arithmetic.ts';
import {
  asInteger,
  asLane,
  callOn,
  common,
  compareAsMask,
  extent,
  lanewise,
  SIGNS,
  scalars,
  shapeOfQ,
  VECTOR_FORMS,
  vectors,
} from './simd-floating-point-common.ts';

type Compute = (b: SemanticsBuilder, type: FloatType, n: Bits) => Bits;

interface Operation {
  readonly name: string;
  readonly U: '0' | '1';
  readonly a: '0' | '1';
  readonly opcode: string;
  readonly compute: Compute;
  readonly brief: string;
  /** Which forms there are: vector (all do but one), scalar. */
  readonly forms: 'vector' | 'both' | 'scalar';
  readonly withZero?: boolean;
  readonly feature?: string;
}

const one =
  (helper: HelperByType): Compute =>
  (b, type, n) =>
    callOn(helper)(b, type, n);

const rounding: readonly Operation[] = [
  {
    name: 'frintn',
    U: '0',
    a: '0',
    opcode: '11000',
    forms: 'vector',
    compute: one(roundToIntegral('nearest', false)),
    brief: 'Rounds lanes to the nearest integers, ties to even ones',
  },
  {
    name: 'frintm',
    U: '0',
    a: '0',
    opcode: '11001',
    forms: 'vector',
    compute: one(roundToIntegral('minus', false)),
    brief: 'Rounds lanes down to integers',
  },
  {
    name: 'frintp',
    U: '0',
    a: '1',
    opcode: '11000',
    forms: 'vector',
    compute: one(roundToIntegral('plus', false)),
    brief: 'Rounds lanes up to integers',
  },
  {
    name: 'frintz',
    U: '0',
    a: '1',
    opcode: '11001',
    forms: 'vector',
    compute: one(roundToIntegral('zero', false)),
    brief: 'Rounds lanes towards zero to integers',
  },
  {
    name: 'frinta',
    U: '1',
    a: '0',
    opcode: '11000',
    forms: 'vector',
    compute: one(roundToIntegral('away', false)),
    brief: 'Rounds lanes to the nearest integers, ties away from zero',
  },
  {
    name: 'frintx',
    U: '1',
    a: '0',
    opcode: '11001',
    forms: 'vector',
    compute: one(roundToIntegral('current', true)),
    brief: 'Rounds lanes to integers as FPCR says, and reports when that changed them',
  },
  {
    name: 'frinti',
    U: '1',
    a: '1',
    opcode: '11001',
    forms: 'vector',
    compute: one(roundToIntegral('current', false)),
    brief: 'Rounds lanes to integers as FPCR says',
  },
  ...([32, 64] as const).flatMap(size =>
    (['zero', 'current'] as const).map(
      (mode): Operation => ({
        name: `frint${size}${mode === 'zero' ? 'z' : 'x'}`,
        U: mode === 'zero' ? '0' : '1',
        a: '0',
        opcode: size === 32 ? '11110' : '11111',
        forms: 'vector',
        feature: 'FEAT_FRINTTS',
        compute: one(roundToSized(mode, size)),
        brief: `Rounds lanes ${mode === 'zero' ? 'towards zero' : 'as FPCR says'} to integers that fit ${size} bits`,
      }),
    ),
  ),
];

const toIntegers: readonly Operation[] = SIGNS.flatMap(({ U, letter, unsigned, what }) =>
  (
    [
      { mode: 'n', a: '0', opcode: '11010', round: 'nearest', how: 'to the nearest, ties to even ones' },
      { mode: 'm', a: '0', opcode: '11011', round: 'minus', how: 'down' },
      { mode: 'a', a: '0', opcode: '11100', round: 'away', how: 'to the nearest, ties away from zero' },
      { mode: 'p', a: '1', opcode: '11010', round: 'plus', how: 'up' },
      { mode: 'z', a: '1', opcode: '11011', round: 'zero', how: 'towards zero' },
    ] as const
  ).map(
    ({ mode, a, opcode, round, how }): Operation => ({
      name: `fcvt${mode}${letter}`,
      U,
      a,
      opcode,
      forms: 'both',
      compute: (b, type, n) => {
        const helper = toInteger(round, { width: type.width, unsigned }, false)[type.letter];
        return asLane(b, type, b.call('i64', helper, n));
      },
      brief: `Converts lanes to ${what} integers, rounding ${how}`,
    }),
  ),
);

const fromIntegers: readonly Operation[] = SIGNS.map(({ U, letter, unsigned, what }) => ({
  name: `${letter}cvtf`,
  U,
  a: '0',
  opcode: '11101',
  forms: 'both',
  compute: (b, type, n) => {
    const helper = fromInteger({ width: type.width, unsigned }, false)[type.letter];
    return b.call(type.word, helper, asInteger(b, type, n, unsigned));
  },
  brief: `Converts ${what} integers of lanes to numbers`,
}));

const zero = (b: SemanticsBuilder, type: FloatType) => b.constant(type.word, 0) as Bits;

const comparisons: readonly Operation[] = (
  [
    {
      name: 'fcmgt',
      U: '0',
      opcode: '01100',
      what: 'above zero',
      compute: (b, t, n) => compareAsMask(b, t, 'gt', n, zero(b, t)),
    },
    {
      name: 'fcmeq',
      U: '0',
      opcode: '01101',
      what: 'zero',
      compute: (b, t, n) => compareAsMask(b, t, 'eq', n, zero(b, t)),
    },
    {
      name: 'fcmlt',
      U: '0',
      opcode: '01110',
      what: 'below zero',
      compute: (b, t, n) => compareAsMask(b, t, 'gt', zero(b, t), n),
    },
    {
      name: 'fcmge',
      U: '1',
      opcode: '01100',
      what: 'not below zero',
      compute: (b, t, n) => compareAsMask(b, t, 'ge', n, zero(b, t)),
    },
    {
      name: 'fcmle',
      U: '1',
      opcode: '01101',
      what: 'not above zero',
      compute: (b, t, n) => compareAsMask(b, t, 'ge', zero(b, t), n),
    },
  ] satisfies { name: string; U: '0' | '1'; opcode: string; what: string; compute: Compute }[]
).map(({ name, U, opcode, what, compute }) => ({
  name,
  U: U as '0',
  a: '1',
  opcode,
  forms: 'both',
  withZero: true,
  compute,
  brief: `Sets lanes to all ones where ${what}`,
}));

const others: readonly Operation[] = [
  {
    name: 'fabs',
    U: '0',
    a: '1',
    opcode: '01111',
    forms: 'vector',
    compute: absoluteBits,
    brief: 'Clears the signs of lanes',
  },
  {
    name: 'fneg',
    U: '1',
    a: '1',
    opcode: '01111',
    forms: 'vector',
    compute: negateBits,
    brief: 'Inverts the signs of lanes',
  },
  {
    name: 'frecpe',
    U: '0',
    a: '1',
    opcode: '11101',
    forms: 'both',
    compute: one(floatReciprocalEstimate),
    brief: 'Estimates the reciprocals of lanes to eight bits',
  },
  {
    name: 'frsqrte',
    U: '1',
    a: '1',
    opcode: '11101',
    forms: 'both',
    compute: one(floatReciprocalSquareRootEstimate),
    brief: 'Estimates the reciprocal square roots of lanes to eight bits',
  },
  {
    name: 'frecpx',
    U: '0',
    a: '1',
    opcode: '11111',
    forms: 'scalar',
    compute: one(floatReciprocalExponent),
    brief: 'Makes powers of two near the reciprocals of lanes',
  },
  {
    name: 'fsqrt',
    U: '1',
    a: '1',
    opcode: '11111',
    forms: 'vector',
    compute: one(floatSquareRoot),
    brief: 'Computes the square roots of lanes',
  },
];

const operations: readonly Operation[] = [...rounding, ...toIntegers, ...fromIntegers, ...comparisons, ...others];

/** Bits 23 to 10: half precision has an encoding of its own. */
const middle = (type: FloatType, a: string, opcode: string) =>
  type === HALF
    ? (`${a as '0'} 111100 ${opcode as '00000'} 10` as const)
    : (`${a as '0'} ${type.width === 64 ? '1' : '0'} 10000 ${opcode as '00000'} 10` as const);

/** Operations with a faster way than lane by lane, on whole vectors. */
const wholeVectors: Readonly<Record<string, (b: SemanticsBuilder, type: FloatType, n: V128) => V128 | undefined>> = {
  fneg: negateVector,
  fabs: absoluteVector,
  fsqrt: (b, type, n) =>
    type === HALF ? undefined : b.call('v128', squareRootVectors[type === DOUBLE ? 'd' : 's'], n),
};

const exists = ({ feature }: Operation, type: FloatType) => !feature || type !== HALF;
const title = ({ name, withZero }: Operation) => `${name.toUpperCase()} (${withZero ? 'zero, ' : ''}`;

const vectorForms = operations
  .filter(({ forms }) => forms !== 'scalar')
  .flatMap(operation =>
    VECTOR_FORMS.filter(({ type }) => exists(operation, type)).map(({ type, Q }) => {
      const { name, U, a, opcode, compute, brief, feature, withZero } = operation;
      return instruction(
        `${title(operation)}vector, ${type.what})`,
        `0 ${Q} ${U} 01110 ${middle(type, a, opcode)} Rn:5 Rd:5`,
        {
          ...common,
          feature: feature ?? type.vectorFeature,
          operands: { ...vectors(type), ...(withZero && { zero: floatZero }) },
          syntax: `${name} {d}, {n}${withZero ? ', {zero}' : ''}`,
          brief: `${brief}, in ${type.what} precision.`,
          shape: shapeOfQ(type),
          semantics: (b, o, f) => {
            checkFloatingPoint(b);
            const n = b.read('v128', o.n);
            const Q = extent(type, f);
            const whole = Q ? wholeVectors[name]?.(b, type, n) : undefined;
            b.write(o.d, whole ?? lanewise(b, type, Q, i => compute(b, type, lane(b, type, n, i))));
          },
        },
      );
    }),
  );

const scalarForms = operations
  .filter(({ forms }) => forms !== 'vector')
  .flatMap(operation =>
    FLOAT_TYPES.map(type => {
      const { name, U, a, opcode, compute, brief, withZero } = operation;
      return instruction(
        `${title(operation)}SIMD scalar, ${type.what})`,
        `01 ${U} 11110 ${middle(type, a, opcode)} Rn:5 Rd:5`,
        {
          ...common,
          feature: type.vectorFeature,
          operands: { ...scalars(type), ...(withZero && { zero: floatZero }) },
          syntax: `${name} {d}, {n}${withZero ? ', {zero}' : ''}`,
          brief: `${brief.replace(/lanes/g, 'a register')}, in ${type.what} precision.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const value = compute(b, type, readScalar(b, o.n, type));
            writeScalar(b, o.d, type === HALF ? b.and(value, b.constant('i32', 0xffff) as Bits) : value);
          },
        },
      );
    }),
  );

export const simdFloatingPointTwoRegister: readonly Instruction[] = [...vectorForms, ...scalarForms];
