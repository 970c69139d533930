/**
 * Advanced SIMD floating point with one result out of many lanes, and the same number in many lanes (Arm ARM C4.1: Advanced
 * SIMD across lanes, scalar pairwise, modified immediate).
 */
import { type Instruction, instruction } from '../instruction.ts';
import { floatImmediate } from '../operands/floating-point.ts';
import { always, halfOrFull, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { SemanticsBuilder } from '../semantics.ts';
import {
  floatAdd,
  floatMaximum,
  floatMaximumNumber,
  floatMinimum,
  floatMinimumNumber,
} from './floating-point-arithmetic.ts';
import {
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  type HelperByType,
  indexes,
  lane,
  laneCount,
  SINGLE,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { arrangementOf, callOn, common, extent, shapeOfQ } from './simd-floating-point-common.ts';

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
    shape: shapeOfQ(type),
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const value = b.immediate('i64', o.imm);
      if (extent(type, f)) b.write(o.d, b.wasm('v128', 'i64x2.splat', [value]));
      else b.write(o.d, value);
    },
  }),
);

export const simdFloatingPointAcross: readonly Instruction[] = [...acrossLanes, ...pairs, ...immediates];
