/**
 * Advanced SIMD two-register miscellaneous, floating point (Arm ARM C4.1, with the FP16 and scalar forms, across lanes,
 * scalar pairwise, shift by immediate and modified immediate): rounding, conversions, comparisons with zero, estimates.
 */
import { type Instruction, instruction } from '../instruction.ts';
import { floatImmediate, floatZero, fractionBits } from '../operands/floating-point.ts';
import { always, halfOrFull, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { I64, SemanticsBuilder, V128 } from '../semantics.ts';
import {
  floatAdd,
  floatMaximum,
  floatMaximumNumber,
  floatMinimum,
  floatMinimumNumber,
  floatReciprocalEstimate,
  floatReciprocalExponent,
  floatReciprocalSquareRootEstimate,
  floatSquareRoot,
} from './floating-point-arithmetic.ts';
import {
  convertFormat,
  fromInteger,
  narrowToOdd,
  roundToIntegral,
  roundToSized,
  toBfloat,
  toInteger,
} from './floating-point-conversions.ts';
import {
  absoluteBits,
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  type HelperByType,
  indexes,
  lane,
  laneCount,
  negateBits,
  readScalar,
  SINGLE,
  vectorOf,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { absoluteVector, negateVector, squareRootVectors } from './simd-floating-point-arithmetic.ts';
import {
  arrangementOf,
  callOn,
  common,
  compareAsMask,
  extent,
  lanewise,
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

/** An integer as a lane of the format's width. */
const asLane = (b: SemanticsBuilder, type: FloatType, value: I64): Bits => (type === DOUBLE ? value : b.wrap(value));

/** A lane as an integer of 64 bits. */
function asInteger(b: SemanticsBuilder, type: FloatType, value: Bits, unsigned: boolean): I64 {
  if (type === DOUBLE) return value as I64;
  const word = value as Extract<Bits, { type: 'i32' }>;
  if (unsigned) return b.zeroExtend(word as never);
  return b.signExtend(type === HALF ? b.signExtendLow(word as never, 16) : (word as never));
}

const SIGNS = [
  { U: '0', letter: 's', unsigned: false, what: 'signed' },
  { U: '1', letter: 'u', unsigned: true, what: 'unsigned' },
] as const;

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
          shape: shapeOfQ(type) as ['Q'],
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

// ---- conversions between formats

/** FCVTL, FCVTL2: the lower or the upper half of the lanes at twice their width. */
const lengthening = (
  [
    { from: HALF, to: SINGLE, sz: '0', source: ['4h', '8h'], target: '4s' },
    { from: SINGLE, to: DOUBLE, sz: '1', source: ['2s', '4s'], target: '2d' },
  ] as const
).flatMap(({ from, to, sz, source, target }) =>
  ([0, 1] as const).map(Q => {
    const name = Q ? 'fcvtl2' : 'fcvtl';
    return instruction(
      `${name.toUpperCase()} (${from.what} to ${to.what})`,
      `0 ${Q} 0 01110 0 ${sz} 10000 10111 10 Rn:5 Rd:5`,
      {
        ...common,
        feature: 'FEAT_AdvSIMD',
        operands: { d: vectorRegister('Rd', always(target)), n: vectorRegister('Rn', always(source[Q])) },
        syntax: `${name} {d}, {n}`,
        brief: `Converts the ${Q ? 'upper' : 'lower'} lanes from ${from.what} to ${to.what} precision.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const n = b.read('v128', o.n);
          const count = laneCount(to, 1);
          b.write(
            o.d,
            lanewise(b, to, 1, i => b.call(to.word, convertFormat(from, to), lane(b, from, n, i + Q * count))),
          );
        },
      },
    );
  }),
);

/** FCVTN, FCVTXN, BFCVTN: lanes at half their width in the lower half, or in the upper one, of which the other stays. */
const narrowing = (
  [
    {
      name: 'fcvtn',
      U: '0',
      sz: '00',
      from: SINGLE,
      to: HALF,
      feature: 'FEAT_AdvSIMD',
      helper: convertFormat(SINGLE, HALF),
      texts: ['4h', '8h'],
    },
    {
      name: 'fcvtn',
      U: '0',
      sz: '01',
      from: DOUBLE,
      to: SINGLE,
      feature: 'FEAT_AdvSIMD',
      helper: convertFormat(DOUBLE, SINGLE),
      texts: ['2s', '4s'],
    },
    {
      name: 'fcvtxn',
      U: '1',
      sz: '01',
      from: DOUBLE,
      to: SINGLE,
      feature: 'FEAT_AdvSIMD',
      helper: narrowToOdd,
      texts: ['2s', '4s'],
    },
    {
      name: 'bfcvtn',
      U: '0',
      sz: '10',
      from: SINGLE,
      to: HALF,
      feature: 'FEAT_BF16',
      helper: toBfloat,
      texts: ['4h', '8h'],
    },
  ] as const
).flatMap(({ name, U, sz, from, to, feature, helper, texts }) =>
  ([0, 1] as const).map(Q => {
    const mnemonic = Q ? `${name}2` : name;
    const how = name === 'bfcvtn' ? 'BFloat16' : `${to.what} precision`;
    return instruction(
      `${mnemonic.toUpperCase()} (${from.what} to ${name === 'bfcvtn' ? 'BFloat16' : to.what})`,
      `0 ${Q} ${U} 01110 ${sz} 10000 10110 10 Rn:5 Rd:5`,
      {
        ...common,
        feature,
        operands: {
          d: vectorRegister('Rd', always(texts[Q])),
          n: vectorRegister('Rn', always(from === SINGLE ? '4s' : '2d')),
        },
        syntax: `${mnemonic} {d}, {n}`,
        brief: `Converts lanes to ${how}${name === 'fcvtxn' ? ', rounding to odd' : ''}, into the ${Q ? 'upper' : 'lower'} half.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const n = b.read('v128', o.n);
          const count = laneCount(from, 1);
          const narrow = indexes(count).map(i => b.call(to.word, helper, lane(b, from, n, i)));
          const old = Q ? b.read('v128', o.d) : n;
          const kept = Q ? indexes(count).map(i => lane(b, to, old, i)) : [];
          b.write(o.d, vectorOf(b, to, [...kept, ...narrow]));
        },
      },
    );
  }),
);

const narrowScalar = instruction('FCVTXN (scalar)', '01 1 11110 01 10000 10110 10 Rn:5 Rd:5', {
  ...common,
  feature: 'FEAT_AdvSIMD',
  operands: { d: scalarRegister('Rd', 's'), n: scalarRegister('Rn', 'd') },
  syntax: 'fcvtxn {d}, {n}',
  brief: 'Converts a number from double to single precision, rounding to odd.',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    b.write(o.d, b.call('i32', narrowToOdd, b.read('i64', o.n)));
  },
});

// ---- fixed-point numbers

/** `immh:immb` holds twice the lane's width less the number of bits behind the point. */
const fixedWidths = [
  { type: HALF, immediate: '001 fbits:4', width: 4 },
  { type: SINGLE, immediate: '01 fbits:5', width: 5 },
  { type: DOUBLE, immediate: '1 fbits:6', width: 6 },
] as const;

const fixedPoint = fixedWidths.flatMap(({ type, immediate, width }) =>
  SIGNS.flatMap(({ U, letter, unsigned, what }) => {
    const integer = { width: type.width, unsigned };
    const bits = fractionBits('fbits', width, type.width);
    return (
      [
        {
          name: `${letter}cvtf`,
          opcode: '11100',
          brief: `Converts ${what} fixed-point numbers of lanes`,
          compute: (b: SemanticsBuilder, n: Bits, count: Parameters<SemanticsBuilder['shl']>[0]) =>
            b.call(type.word, fromInteger(integer, true)[type.letter], asInteger(b, type, n, unsigned), count) as Bits,
        },
        {
          name: `fcvtz${letter}`,
          opcode: '11111',
          brief: `Converts lanes to ${what} fixed-point numbers, rounding towards zero`,
          compute: (b: SemanticsBuilder, n: Bits, count: Parameters<SemanticsBuilder['shl']>[0]) =>
            asLane(b, type, b.call('i64', toInteger('zero', integer, true)[type.letter], n, count)),
        },
      ] as const
    ).flatMap(({ name, opcode, brief, compute }) => [
      instruction(
        `${name.toUpperCase()} (fixed-point, vector, ${type.what})`,
        `0 ${type === DOUBLE ? '1' : 'Q'} ${U} 011110 ${immediate} ${opcode} 1 Rn:5 Rd:5`,
        {
          ...common,
          feature: type.vectorFeature,
          operands: { ...vectors(type), bits },
          syntax: `${name} {d}, {n}, {bits}`,
          brief: `${brief}, in ${type.what} precision.`,
          shape: shapeOfQ(type) as ['Q'],
          semantics: (b, o, f) => {
            checkFloatingPoint(b);
            const n = b.read('v128', o.n);
            const count = b.immediate('i32', o.bits);
            b.write(
              o.d,
              lanewise(b, type, extent(type, f), i => compute(b, lane(b, type, n, i), count)),
            );
          },
        },
      ),
      instruction(
        `${name.toUpperCase()} (fixed-point, SIMD scalar, ${type.what})`,
        `01 ${U} 111110 ${immediate} ${opcode} 1 Rn:5 Rd:5`,
        {
          ...common,
          feature: type.vectorFeature,
          operands: { ...scalars(type), bits },
          syntax: `${name} {d}, {n}, {bits}`,
          brief: `${brief.replace(/ of lanes|lanes/g, word => (word === 'lanes' ? 'a register' : ''))}, in ${type.what} precision.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            writeScalar(b, o.d, compute(b, readScalar(b, o.n, type), b.immediate('i32', o.bits)));
          },
        },
      ),
    ]);
  }),
);

// ---- one result out of many lanes

const reductions = [
  { name: 'fmaxnm', a: '0', opcode: '01100', helper: floatMaximumNumber, what: 'greatest number', pairOnly: false },
  { name: 'fminnm', a: '1', opcode: '01100', helper: floatMinimumNumber, what: 'least number', pairOnly: false },
  { name: 'fmax', a: '0', opcode: '01111', helper: floatMaximum, what: 'greatest', pairOnly: false },
  { name: 'fmin', a: '1', opcode: '01111', helper: floatMinimum, what: 'least', pairOnly: false },
  { name: 'fadd', a: '0', opcode: '01101', helper: floatAdd, what: 'sum', pairOnly: true },
] as const;

/** The lower half of the lanes is reduced, then the upper one, then both results (Reduce). */
function reduce(b: SemanticsBuilder, type: FloatType, helper: HelperByType, lanes: readonly Bits[]): Bits {
  const [first] = lanes as readonly [Bits];
  if (lanes.length === 1) return first;
  const half = lanes.length / 2;
  const [low, high] = [lanes.slice(0, half), lanes.slice(half)].map(part => reduce(b, type, helper, part));
  return callOn(helper)(b, type, low as Bits, high as Bits);
}

const acrossLanes = reductions
  .filter(({ pairOnly }) => !pairOnly)
  .flatMap(({ name, a, opcode, helper, what }) =>
    (
      [
        { type: SINGLE, head: '0 1 1', arrangement: always('4s') },
        { type: HALF, head: '0 Q 0', arrangement: arrangementOf(HALF) },
      ] as const
    ).map(({ type, head, arrangement }) =>
      instruction(`${name.toUpperCase()}V (${type.what})`, `${head} 01110 ${a} 0 11000 ${opcode} 10 Rn:5 Rd:5`, {
        ...common,
        feature: type.vectorFeature,
        operands: { d: scalarRegister('Rd', type.letter), n: vectorRegister('Rn', arrangement) },
        syntax: `${name}v {d}, {n}`,
        brief: `Takes the ${what} of all lanes, in ${type.what} precision.`,
        shape: (type === SINGLE ? [] : ['Q']) as ['Q'],
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const n = b.read('v128', o.n);
          const count = laneCount(type, type === SINGLE ? 1 : f.Q);
          const lanes = indexes(count).map(i => lane(b, type, n, i));
          writeScalar(b, o.d, reduce(b, type, helper, lanes));
        },
      }),
    ),
  );

const pairs = reductions.flatMap(({ name, a, opcode, helper, what }) =>
  FLOAT_TYPES.map(type => {
    const half = type === HALF;
    return instruction(
      `${name.toUpperCase()}P (scalar, ${type.what})`,
      `01 ${half ? '0' : '1'} 11110 ${a} ${type === DOUBLE ? '1' : '0'} 11000 ${opcode} 10 Rn:5 Rd:5`,
      {
        ...common,
        feature: type.vectorFeature,
        operands: {
          d: scalarRegister('Rd', type.letter),
          n: vectorRegister('Rn', always(`2${type.letter}`)),
        },
        syntax: `${name}p {d}, {n}`,
        brief: `Takes the ${what} of two lanes, in ${type.what} precision.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const n = b.read('v128', o.n);
          writeScalar(b, o.d, reduce(b, type, helper, [lane(b, type, n, 0), lane(b, type, n, 1)]));
        },
      },
    );
  }),
);

// ---- immediates

const immediates: readonly Instruction[] = (
  [
    { type: SINGLE, head: '0 Q 0', o2: '0', arrangement: halfOrFull('2s', '4s') },
    { type: DOUBLE, head: '0 1 1', o2: '0', arrangement: always('2d') },
    { type: HALF, head: '0 Q 0', o2: '1', arrangement: halfOrFull('4h', '8h') },
  ] as const
).map(({ type, head, o2, arrangement }) =>
  instruction(`FMOV (vector, immediate, ${type.what})`, `${head} 0111100000 abc:3 1111 ${o2} 1 defgh:5 Rd:5`, {
    ...common,
    feature: type.vectorFeature,
    operands: {
      d: vectorRegister('Rd', arrangement),
      imm: floatImmediate(type.width, { fields: 'split', spread: true }),
    },
    syntax: 'fmov {d}, {imm}',
    brief: `Fills a vector with a ${type.what}-precision number of few bits.`,
    shape: shapeOfQ(type) as ['Q'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const value = b.immediate('i64', o.imm);
      if (extent(type, f)) b.write(o.d, b.wasm('v128', 'i64x2.splat', [value]));
      else b.write(o.d, value);
    },
  }),
);

export const simdFloatingPointTwoRegister: readonly Instruction[] = [
  ...vectorForms,
  ...scalarForms,
  ...lengthening,
  ...narrowing,
  narrowScalar,
  ...fixedPoint,
  ...acrossLanes,
  ...pairs,
  ...immediates,
];
