/** Advanced SIMD and scalar by element (Arm ARM C4.1.96): every element of a vector with one element of another. */
import { instruction } from '../instruction.ts';
import {
  always,
  bytesByQ,
  halfOrFull,
  hiddenImmediate,
  indexOfBits,
  scalarRegister,
  vectorElement,
  vectorRegister,
} from '../operands/vector.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { halves } from './simd-halves.ts';
import { extentOf, finish, Lanes, scalarExtent } from './simd-lanes.ts';
import {
  type Combine,
  dotProduct,
  doublingProductLong,
  productLong,
  roundingDoublingAccumulate,
} from './simd-products.ts';

const common = { traits: ['vector'], rare: true } as const;

interface Operation {
  readonly name: string;
  /** U and opcode of the encoding. */
  readonly code: string;
  /** The result has twice the size. */
  readonly long?: boolean;
  readonly scalar?: boolean;
  readonly feature?: string;
  readonly brief: string;
  readonly combine: Combine;
}

const signs = (
  names: readonly [string, string],
  opcode: string,
  brief: string,
  accumulate: 'none' | 'add' | 'sub',
): Operation[] =>
  names.map((name, U) => ({
    name,
    code: `${U} ${opcode}`,
    long: true,
    brief: brief.replace('*', U ? 'unsigned' : 'signed'),
    combine: productLong(U === 0, accumulate),
  }));

const operations: readonly Operation[] = [
  {
    name: 'mul',
    code: '0 1000',
    brief: 'Multiplies elements by one element.',
    combine: ({ lanes, n, m }) => lanes.mul(n, m),
  },
  {
    name: 'mla',
    code: '1 0000',
    brief: 'Adds products of elements with one element to the destination.',
    combine: ({ lanes, n, m, d }) => lanes.add(d(), lanes.mul(n, m)),
  },
  {
    name: 'mls',
    code: '1 0100',
    brief: 'Subtracts products of elements with one element from the destination.',
    combine: ({ lanes, n, m, d }) => lanes.sub(d(), lanes.mul(n, m)),
  },
  ...signs(['smull', 'umull'], '1010', 'Multiplies * elements by one element to twice their size.', 'none'),
  ...signs(
    ['smlal', 'umlal'],
    '0010',
    'Adds products of * elements with one element to the destination’s of twice their size.',
    'add',
  ),
  ...signs(
    ['smlsl', 'umlsl'],
    '0110',
    'Subtracts products of * elements with one element from the destination’s of twice their size.',
    'sub',
  ),
  {
    name: 'sqdmull',
    code: '0 1011',
    long: true,
    scalar: true,
    brief: 'Doubles products of elements with one element at twice their size and saturates.',
    combine: doublingProductLong('none'),
  },
  {
    name: 'sqdmlal',
    code: '0 0011',
    long: true,
    scalar: true,
    brief: 'Adds doubled products of elements with one element to the destination’s of twice their size and saturates.',
    combine: doublingProductLong('add'),
  },
  {
    name: 'sqdmlsl',
    code: '0 0111',
    long: true,
    scalar: true,
    brief:
      'Subtracts doubled products of elements with one element from the destination’s of twice their size and saturates.',
    combine: doublingProductLong('sub'),
  },
  {
    name: 'sqdmulh',
    code: '0 1100',
    scalar: true,
    brief: 'Takes the upper half of doubled products of elements with one element and saturates.',
    combine: ({ lanes, n, m }) => lanes.doublingMultiplyHigh(n, m, { rounding: false }),
  },
  {
    name: 'sqrdmulh',
    code: '0 1101',
    scalar: true,
    brief: 'Takes the upper half of doubled products of elements with one element, rounds and saturates.',
    combine: ({ lanes, n, m }) => lanes.doublingMultiplyHigh(n, m, { rounding: true }),
  },
  {
    name: 'sqrdmlah',
    code: '1 1101',
    scalar: true,
    feature: 'FEAT_RDM',
    brief: 'Adds the upper half of doubled products of elements with one element, rounds and saturates.',
    combine: roundingDoublingAccumulate(false),
  },
  {
    name: 'sqrdmlsh',
    code: '1 1111',
    scalar: true,
    feature: 'FEAT_RDM',
    brief: 'Subtracts the upper half of doubled products of elements with one element, rounds and saturates.',
    combine: roundingDoublingAccumulate(true),
  },
];

const halfwordIndex = indexOfBits('H', 'L', 'M');
const wordIndex = indexOfBits('H', 'L');

/** The fields of a halfword's register and index, and of a word's: the bit of the index that the size spares. */
const forms = [
  {
    size: 1,
    letter: 'h',
    wide: 's',
    encoding: '01 L M Rm:4',
    index: halfwordIndex,
    element: vectorElement('Rm', 'h', halfwordIndex, 16),
    halfAndFull: ['4h', '8h'],
  },
  {
    size: 2,
    letter: 's',
    wide: 'd',
    encoding: '10 L Rm:5',
    index: wordIndex,
    element: vectorElement('Rm', 's', wordIndex),
    halfAndFull: ['2s', '4s'],
  },
] as const;

const vectors = operations.flatMap(({ name, code, long = false, feature = 'FEAT_AdvSIMD', brief, combine }) => {
  const [U, opcode] = code.split(' ') as ['0', '0000'];
  return forms.map(({ size, letter, encoding, index, element, halfAndFull }) => {
    const arrangement = halfOrFull(halfAndFull[0], halfAndFull[1]);
    const hidden = hiddenImmediate('the index of the element', index.of);
    const operands = long
      ? halves(name, '{d}, {n}, {m}', Q => ({
          d: vectorRegister('Rd', always(size === 1 ? '4s' : '2d')),
          n: vectorRegister('Rn', always(halfAndFull[Q])),
          m: element,
          index: hidden,
        }))
      : {
          operands: {
            d: vectorRegister('Rd', arrangement),
            n: vectorRegister('Rn', arrangement),
            m: element,
            index: hidden,
          },
          syntax: `${name} {d}, {n}, {m}`,
        };
    return instruction(
      `${name.toUpperCase()} (by element, ${letter})`,
      `0 Q ${U} 01111 ${encoding as '10 L Rm:5'} ${opcode} H 0 Rn:5 Rd:5`,
      {
        ...common,
        feature,
        ...operands,
        brief,
        shape: ['Q'],
        semantics: (b, o, { Q }) => {
          checkFloatingPoint(b);
          const lanes = new Lanes(b, size);
          const n = b.read('v128', o.n);
          const m = lanes.splatElement(b.read('v128', o.m), b.immediate('i32', o.index));
          const value = combine({ lanes, n, m, d: () => b.read('v128', o.d), half: Q });
          finish(lanes, o.d, value, long ? 128 : extentOf(Q));
        },
      },
    );
  });
});

const scalars = operations
  .filter(({ scalar }) => scalar)
  .flatMap(({ name, code, long = false, feature = 'FEAT_AdvSIMD', brief, combine }) => {
    const [U, opcode] = code.split(' ') as ['0', '0000'];
    return forms.map(({ size, letter, wide, encoding, index, element }) =>
      instruction(
        `${name.toUpperCase()} (scalar, by element, ${letter})`,
        `01 ${U} 11111 ${encoding as '10 L Rm:5'} ${opcode} H 0 Rn:5 Rd:5`,
        {
          ...common,
          feature,
          operands: {
            d: scalarRegister('Rd', long ? wide : letter),
            n: scalarRegister('Rn', letter),
            m: element,
            index: hiddenImmediate('the index of the element', index.of),
          },
          syntax: `${name} {d}, {n}, {m}`,
          brief: brief.replace('elements', 'a scalar'),
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const lanes = new Lanes(b, size);
            const n = b.read('v128', o.n);
            const m = lanes.splatElement(b.read('v128', o.m), b.immediate('i32', o.index));
            const value = combine({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 });
            finish(lanes, o.d, value, scalarExtent(long ? size + 1 : size));
          },
        },
      ),
    );
  });

const dots = (
  [
    { name: 'sdot', code: '0 10 1110', signed: [true, true], feature: 'FEAT_DotProd', what: 'signed bytes' },
    { name: 'udot', code: '1 10 1110', signed: [false, false], feature: 'FEAT_DotProd', what: 'unsigned bytes' },
    { name: 'sudot', code: '0 00 1111', signed: [true, false], feature: 'FEAT_I8MM', what: 'signed bytes' },
    { name: 'usdot', code: '0 10 1111', signed: [false, true], feature: 'FEAT_I8MM', what: 'unsigned bytes' },
  ] as const
).map(({ name, code, signed, feature, what }) => {
  const [U, size, opcode] = code.split(' ') as ['0', '10', '1110'];
  const others = signed[0] === signed[1] ? '' : ` with ${signed[1] ? 'signed' : 'unsigned'} ones`;
  return instruction(`${name.toUpperCase()} (by element)`, `0 Q ${U} 01111 ${size} L Rm:5 ${opcode} H 0 Rn:5 Rd:5`, {
    ...common,
    feature,
    operands: {
      d: vectorRegister('Rd', halfOrFull('2s', '4s')),
      n: vectorRegister('Rn', bytesByQ),
      m: vectorElement('Rm', '4b', wordIndex),
      index: hiddenImmediate('the index of the group of four bytes', wordIndex.of),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Adds to each word the products of its four ${what} with one group of four${others}.`,
    shape: ['Q'],
    semantics: (b, o, { Q }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, 0);
      const n = b.read('v128', o.n);
      const m = new Lanes(b, 2).splatElement(b.read('v128', o.m), b.immediate('i32', o.index));
      const value = dotProduct(signed)({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 });
      finish(lanes, o.d, value, extentOf(Q));
    },
  });
});

export const byElement = [...vectors, ...scalars, ...dots];
