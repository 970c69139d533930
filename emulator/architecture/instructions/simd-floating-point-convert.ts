/**
 * Advanced SIMD conversions between floating-point formats (Arm ARM C4.1: Advanced SIMD two-register miscellaneous), and with
 * fixed-point numbers (Advanced SIMD shift by immediate).
 */
import { type Instruction, instruction } from '../instruction.ts';
import { fractionBits } from '../operands/floating-point.ts';
import { always, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { SemanticsBuilder } from '../semantics.ts';
import { convertFormat, fromInteger, narrowToOdd, toBfloat, toInteger } from './floating-point-conversions.ts';
import {
  type Bits,
  DOUBLE,
  HALF,
  indexes,
  lane,
  laneCount,
  readScalar,
  SINGLE,
  vectorOf,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import {
  asInteger,
  asLane,
  common,
  extent,
  lanewise,
  SIGNS,
  scalars,
  shapeOfQ,
  vectors,
} from './simd-floating-point-common.ts';

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
          shape: shapeOfQ(type),
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

export const simdFloatingPointConvert: readonly Instruction[] = [
  ...lengthening,
  ...narrowing,
  narrowScalar,
  ...fixedPoint,
];
