/**
 * Advanced SIMD and scalar three same extra (Arm ARM C4.1.96): rounding doubling multiply accumulate, dot products and
 * matrix products of integers.
 */
import { instruction } from '../instruction.ts';
import {
  always,
  bySizes,
  bytesByQ,
  halfOrFull,
  hasSize,
  makesVector,
  scalarBySize,
  vectorRegister,
} from '../operands/vector.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, finish, Lanes, scalarExtent } from './simd-lanes.ts';
import { byteProducts, dotProduct, roundingDoublingAccumulate } from './simd-products.ts';

const common = { traits: ['vector'], rare: true } as const;

const accumulates = (
  [
    {
      name: 'sqrdmlah',
      opcode: '0000',
      subtract: false,
      brief: 'Adds the upper half of doubled products, rounds and saturates.',
    },
    {
      name: 'sqrdmlsh',
      opcode: '0001',
      subtract: true,
      brief: 'Subtracts the upper half of doubled products, rounds and saturates.',
    },
  ] as const
).flatMap(({ name, opcode, subtract, brief }) => {
  const combine = roundingDoublingAccumulate(subtract);
  const vector = instruction(`${name.toUpperCase()} (vector)`, `0 Q 1 01110 size:2 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_RDM',
    operands: {
      d: vectorRegister('Rd', bySizes('hs')),
      n: vectorRegister('Rn', bySizes('hs')),
      m: vectorRegister('Rm', bySizes('hs')),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief,
    allocated: makesVector('hs'),
    shape: ['Q', 'size'],
    possible: makesVector('hs'),
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      finish(lanes, o.d, combine({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 }), extentOf(Q));
    },
  });
  const exists = (f: { size: number }) => hasSize('hs', f.size);
  const scalar = instruction(`${name.toUpperCase()} (scalar)`, `01 1 11110 size:2 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_RDM',
    operands: { d: scalarBySize('Rd', 'hs'), n: scalarBySize('Rn', 'hs'), m: scalarBySize('Rm', 'hs') },
    syntax: `${name} {d}, {n}, {m}`,
    brief,
    allocated: exists,
    shape: ['size'],
    possible: exists,
    semantics: (b, o, { size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      finish(lanes, o.d, combine({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 }), scalarExtent(size));
    },
  });
  return [vector, scalar];
});

/** Which sources of a product of bytes are signed. */
const kinds = { s: [true, true], u: [false, false], us: [false, true] } as const;
const people = { s: 'signed bytes', u: 'unsigned bytes', us: 'unsigned bytes with signed ones' } as const;

const dots = (
  [
    { name: 'sdot', kind: 's', U: '0', opcode: '0010', feature: 'FEAT_DotProd' },
    { name: 'udot', kind: 'u', U: '1', opcode: '0010', feature: 'FEAT_DotProd' },
    { name: 'usdot', kind: 'us', U: '0', opcode: '0011', feature: 'FEAT_I8MM' },
  ] as const
).map(({ name, kind, U, opcode, feature }) =>
  instruction(`${name.toUpperCase()} (vector)`, `0 Q ${U} 01110 10 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    feature,
    operands: {
      d: vectorRegister('Rd', halfOrFull('2s', '4s')),
      n: vectorRegister('Rn', bytesByQ),
      m: vectorRegister('Rm', bytesByQ),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Adds to each word the products of its four ${people[kind]}.`,
    shape: ['Q'],
    semantics: (b, o, { Q }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, 0);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      const value = dotProduct(kinds[kind])({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 });
      finish(lanes, o.d, value, extentOf(Q));
    },
  }),
);

const matrices = (
  [
    { name: 'smmla', kind: 's', U: '0', opcode: '0100' },
    { name: 'ummla', kind: 'u', U: '1', opcode: '0100' },
    { name: 'usmmla', kind: 'us', U: '0', opcode: '0101' },
  ] as const
).map(({ name, kind, U, opcode }) =>
  instruction(name.toUpperCase(), `0 1 ${U} 01110 10 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_I8MM',
    operands: {
      d: vectorRegister('Rd', always('4s')),
      n: vectorRegister('Rn', always('16b')),
      m: vectorRegister('Rm', always('16b')),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Adds the product of two matrices of 2 by 8 and 8 by 2 ${people[kind]}.`,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      const bytes = new Lanes(b, 0);
      const words = new Lanes(b, 2);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      // A row of the first in one half of its register, a column of the second in one half of its own.
      const row = (halfN: number) => {
        const [left, right] = [0, 1].map(halfM => byteProducts(bytes, n, m, kinds[kind], halfN, halfM));
        return words.add(words.even(left!, right!), words.odd(left!, right!));
      };
      const [upper, lower] = [row(0), row(1)];
      const products = words.add(words.even(upper, lower), words.odd(upper, lower));
      finish(words, o.d, words.add(b.read('v128', o.d), products), 128);
    },
  }),
);

export const threeSameExtra = [...accumulates, ...dots, ...matrices];
