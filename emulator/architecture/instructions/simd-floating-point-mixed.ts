/**
 * Vector products in a greater precision than their factors' (Arm ARM C4.1): half into single precision (FEAT_FHM), and
 * BFloat16 into single precision (FEAT_BF16).
 */
import { type Instruction, instruction } from '../instruction.ts';
import { always, halfOrFull, hiddenImmediate, indexOfBits, vectorElement, vectorRegister } from '../operands/vector.ts';
import type { I32, SemanticsBuilder, V128 } from '../semantics.ts';
import { bfloatDotAdd, floatMultiplyAdd, floatMultiplyAddHalves } from './floating-point-arithmetic.ts';
import { HALF, lane, SINGLE } from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { broadcast, common, lanewise } from './simd-floating-point-common.ts';

const single = halfOrFull('2s', '4s');
const halfIndex = indexOfBits('H', 'L', 'M');
const pairIndex = indexOfBits('H', 'L');

const laneOfHalves = (b: SemanticsBuilder, vector: V128, i: number): I32 => lane(b, HALF, vector, i) as I32;
const laneOfSingles = (b: SemanticsBuilder, vector: V128, i: number): I32 => lane(b, SINGLE, vector, i) as I32;

// ---- half precision

const lengthening: readonly Instruction[] = (
  [
    { name: 'fmlal', upper: false, subtract: false, U: '0', a: '0', opcode: '111011', element: '0000' },
    { name: 'fmlsl', upper: false, subtract: true, U: '0', a: '1', opcode: '111011', element: '0100' },
    { name: 'fmlal2', upper: true, subtract: false, U: '1', a: '0', opcode: '110011', element: '1000' },
    { name: 'fmlsl2', upper: true, subtract: true, U: '1', a: '1', opcode: '110011', element: '1100' },
  ] as const
).flatMap(({ name, upper, subtract, U, a, opcode, element }) => {
  const verb = subtract ? 'Subtracts' : 'Adds';
  const where = upper ? 'upper' : 'lower';
  const compute = (b: SemanticsBuilder, Q: number, n: V128, m: (i: number) => I32, d: V128): V128 => {
    const first = upper ? (Q ? 4 : 2) : 0;
    return lanewise(b, SINGLE, Q, i => {
      const factor = laneOfHalves(b, n, first + i);
      const signed = subtract ? b.xor(factor, b.i32(0x8000)) : factor;
      return b.call('i32', floatMultiplyAddHalves, laneOfSingles(b, d, i), signed, m(first + i));
    });
  };
  return [
    instruction(`${name.toUpperCase()} (vector)`, `0 Q ${U} 01110 ${a} 01 Rm:5 ${opcode} Rn:5 Rd:5`, {
      ...common,
      feature: 'FEAT_FHM',
      operands: {
        d: vectorRegister('Rd', single),
        n: vectorRegister('Rn', halfOrFull('2h', '4h')),
        m: vectorRegister('Rm', halfOrFull('2h', '4h')),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: `${verb} products of the ${where} half-precision lanes in single precision, rounding once.`,
      shape: ['Q'],
      semantics: (b, o, f) => {
        checkFloatingPoint(b);
        const [n, m, d] = [b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.d)];
        b.write(
          o.d,
          compute(b, f.Q, n, i => laneOfHalves(b, m, i), d),
        );
      },
    }),
    instruction(`${name.toUpperCase()} (by element)`, `0 Q ${U} 01111 10 L M Rm:4 ${element} H 0 Rn:5 Rd:5`, {
      ...common,
      feature: 'FEAT_FHM',
      operands: {
        d: vectorRegister('Rd', single),
        n: vectorRegister('Rn', halfOrFull('2h', '4h')),
        m: vectorElement('Rm', 'h', halfIndex, 16),
        index: hiddenImmediate('the index of the element', halfIndex.of),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: `${verb} products of the ${where} half-precision lanes with an element in single precision, rounding once.`,
      shape: ['Q'],
      semantics: (b, o, f) => {
        checkFloatingPoint(b);
        const [n, d] = [b.read('v128', o.n), b.read('v128', o.d)];
        const m = laneOfHalves(b, broadcast(b, 2, b.read('v128', o.m), b.immediate('i32', o.index)), 0);
        b.write(
          o.d,
          compute(b, f.Q, n, () => m, d),
        );
      },
    }),
  ];
});

// ---- BFloat16

const bfloat = { ...common, feature: 'FEAT_BF16' } as const;
const halves = halfOrFull('4h', '8h');

const dots: readonly Instruction[] = [
  instruction('BFDOT (vector)', '0 Q 1 01110 01 0 Rm:5 111111 Rn:5 Rd:5', {
    ...bfloat,
    operands: {
      d: vectorRegister('Rd', single),
      n: vectorRegister('Rn', halves),
      m: vectorRegister('Rm', halves),
    },
    syntax: 'bfdot {d}, {n}, {m}',
    brief: 'Adds two products of BFloat16 neighbours to each single-precision lane.',
    shape: ['Q'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const [n, m, d] = [b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.d)];
      // Both factors of a lane are the pair of BFloat16 numbers in the same 32 bits.
      const result = lanewise(b, SINGLE, f.Q, i =>
        b.call('i32', bfloatDotAdd, laneOfSingles(b, d, i), laneOfSingles(b, n, i), laneOfSingles(b, m, i)),
      );
      b.write(o.d, result);
    },
  }),
  instruction('BFDOT (by element)', '0 Q 0 01111 01 L Rm:5 1111 H 0 Rn:5 Rd:5', {
    ...bfloat,
    operands: {
      d: vectorRegister('Rd', single),
      n: vectorRegister('Rn', halves),
      m: vectorElement('Rm', '2h', pairIndex),
      index: hiddenImmediate('the index of the pair', pairIndex.of),
    },
    syntax: 'bfdot {d}, {n}, {m}',
    brief: 'Adds two products of BFloat16 neighbours with a pair of elements to each single-precision lane.',
    shape: ['Q'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const [n, d] = [b.read('v128', o.n), b.read('v128', o.d)];
      const m = laneOfSingles(b, broadcast(b, 4, b.read('v128', o.m), b.immediate('i32', o.index)), 0);
      const result = lanewise(b, SINGLE, f.Q, i =>
        b.call('i32', bfloatDotAdd, laneOfSingles(b, d, i), laneOfSingles(b, n, i), m),
      );
      b.write(o.d, result);
    },
  }),
];

/** BFMLALB and BFMLALT: the even or the odd lanes; FPCR and FPSR have their part here. */
const products: readonly Instruction[] = ([0, 1] as const).flatMap(odd => {
  const name = odd ? 'bfmlalt' : 'bfmlalb';
  const which = odd ? 'odd' : 'even';
  // A BFloat16 number is the upper half of a single-precision one.
  const widened = (b: SemanticsBuilder, bits: I32) => b.shl(bits, b.i32(16));
  const compute = (b: SemanticsBuilder, n: V128, m: (i: number) => I32, d: V128): V128 =>
    lanewise(b, SINGLE, 1, i =>
      b.call(
        'i32',
        floatMultiplyAdd.s,
        laneOfSingles(b, d, i),
        widened(b, laneOfHalves(b, n, 2 * i + odd)),
        widened(b, m(2 * i + odd)),
      ),
    );
  return [
    instruction(`${name.toUpperCase()} (vector)`, `0 ${odd} 1 01110 11 0 Rm:5 111111 Rn:5 Rd:5`, {
      ...bfloat,
      operands: {
        d: vectorRegister('Rd', always('4s')),
        n: vectorRegister('Rn', always('8h')),
        m: vectorRegister('Rm', always('8h')),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: `Adds products of the ${which} BFloat16 lanes in single precision, rounding once.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        const [n, m, d] = [b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.d)];
        b.write(
          o.d,
          compute(b, n, i => laneOfHalves(b, m, i), d),
        );
      },
    }),
    instruction(`${name.toUpperCase()} (by element)`, `0 ${odd} 0 01111 11 L M Rm:4 1111 H 0 Rn:5 Rd:5`, {
      ...bfloat,
      operands: {
        d: vectorRegister('Rd', always('4s')),
        n: vectorRegister('Rn', always('8h')),
        m: vectorElement('Rm', 'h', halfIndex, 16),
        index: hiddenImmediate('the index of the element', halfIndex.of),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: `Adds products of the ${which} BFloat16 lanes with an element in single precision, rounding once.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        const [n, d] = [b.read('v128', o.n), b.read('v128', o.d)];
        const m = laneOfHalves(b, broadcast(b, 2, b.read('v128', o.m), b.immediate('i32', o.index)), 0);
        b.write(
          o.d,
          compute(b, n, () => m, d),
        );
      },
    }),
  ];
});

/** The first vector holds two rows of four numbers, the second two columns; the destination two by two sums. */
const matrix = instruction('BFMMLA', '0 1 1 01110 01 0 Rm:5 111011 Rn:5 Rd:5', {
  ...bfloat,
  operands: {
    d: vectorRegister('Rd', always('4s')),
    n: vectorRegister('Rn', always('8h')),
    m: vectorRegister('Rm', always('8h')),
  },
  syntax: 'bfmmla {d}, {n}, {m}',
  brief: 'Multiplies a 2×4 matrix of BFloat16 numbers with a 4×2 one and adds it to a 2×2 one of single precision.',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    const [n, m, d] = [b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.d)];
    const result = lanewise(b, SINGLE, 1, i => {
      const [row, column] = [2 * (i >> 1), 2 * (i & 1)];
      const step = (sum: I32, pair: number) =>
        b.call('i32', bfloatDotAdd, sum, laneOfSingles(b, n, row + pair), laneOfSingles(b, m, column + pair));
      return step(step(laneOfSingles(b, d, i), 0), 1);
    });
    b.write(o.d, result);
  },
});

export const simdFloatingPointMixed: readonly Instruction[] = [...lengthening, ...dots, ...products, matrix];
