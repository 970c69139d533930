/** Advanced SIMD and scalar three different (Arm ARM C4.1.96): results of twice or half the size of a source. */
import { instruction } from '../instruction.ts';
import { bySizeAlone, hasSize, type Sizes, scalarBySize, vectorRegister } from '../operands/vector.ts';
import type { V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { halves } from './simd-halves.ts';
import { finish, finishNarrow, Lanes, scalarExtent } from './simd-lanes.ts';
import { type Combine, doublingProductLong, productLong } from './simd-products.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

interface Operation {
  readonly name: string;
  /** U and opcode of the encoding. */
  readonly code: string;
  readonly sizes: Sizes;
  readonly scalar?: Sizes;
  readonly brief: string;
  readonly combine: Combine;
}

function bothSigns(
  names: readonly [string, string],
  opcode: string,
  brief: string,
  combine: (signed: boolean) => Combine,
): Operation[] {
  return names.map((name, U) => ({
    name,
    code: `${U} ${opcode}`,
    sizes: 'bhs',
    brief: brief.replace('*', U ? 'unsigned' : 'signed'),
    combine: combine(U === 0),
  }));
}

/** Both sources extended to twice their size. */
const extended =
  (signed: boolean, compute: (wide: Lanes, n: V128, m: V128, d: () => V128) => V128): Combine =>
  ({ lanes, n, m, d, half }) =>
    compute(lanes.wider, lanes.extend(half, signed, n), lanes.extend(half, signed, m), d);

/** Long: both sources narrow, the result wide. */
const long: readonly Operation[] = [
  ...bothSigns(['saddl', 'uaddl'], '0000', 'Adds * elements at twice their size.', signed =>
    extended(signed, (wide, n, m) => wide.add(n, m)),
  ),
  ...bothSigns(['ssubl', 'usubl'], '0010', 'Subtracts * elements at twice their size.', signed =>
    extended(signed, (wide, n, m) => wide.sub(n, m)),
  ),
  ...bothSigns(
    ['sabal', 'uabal'],
    '0101',
    'Adds the distances of * elements to the destination’s elements of twice their size.',
    signed => extended(signed, (wide, n, m, d) => wide.add(d(), wide.absoluteDifference(true, n, m))),
  ),
  ...bothSigns(['sabdl', 'uabdl'], '0111', 'Takes the distances of * elements at twice their size.', signed =>
    extended(signed, (wide, n, m) => wide.absoluteDifference(true, n, m)),
  ),
  ...bothSigns(['smull', 'umull'], '1100', 'Multiplies * elements to twice their size.', signed =>
    productLong(signed, 'none'),
  ),
  ...bothSigns(
    ['smlal', 'umlal'],
    '1000',
    'Adds products of * elements to the destination’s of twice their size.',
    signed => productLong(signed, 'add'),
  ),
  ...bothSigns(
    ['smlsl', 'umlsl'],
    '1010',
    'Subtracts products of * elements from the destination’s of twice their size.',
    signed => productLong(signed, 'sub'),
  ),
  {
    name: 'sqdmull',
    code: '0 1101',
    sizes: 'hs',
    scalar: 'hs',
    brief: 'Doubles products of signed elements at twice their size and saturates.',
    combine: doublingProductLong('none'),
  },
  {
    name: 'sqdmlal',
    code: '0 1001',
    sizes: 'hs',
    scalar: 'hs',
    brief: 'Adds doubled products of signed elements to the destination’s of twice their size and saturates.',
    combine: doublingProductLong('add'),
  },
  {
    name: 'sqdmlsl',
    code: '0 1011',
    sizes: 'hs',
    scalar: 'hs',
    brief: 'Subtracts doubled products of signed elements from the destination’s of twice their size and saturates.',
    combine: doublingProductLong('sub'),
  },
  {
    name: 'pmull',
    code: '0 1110',
    sizes: 'b',
    brief: 'Multiplies bytes as polynomials of bits to twice their size.',
    combine: ({ lanes, n, m, half }) => {
      const wide = lanes.wider;
      const [x, y] = [lanes.extend(half, false, n), lanes.extend(half, false, m)];
      let product = wide.zero;
      for (let bit = 0; bit < 8; bit++)
        product = wide.xor(product, wide.and(wide.shl(x, bit), wide.sign(wide.shl(y, 15 - bit))));
      return product;
    },
  },
];

const longVectors = long.map(({ name, code, sizes, brief, combine }) => {
  const [U, opcode] = code.split(' ') as ['0', '0000'];
  const exists = (f: { size: number }) => hasSize(sizes, f.size);
  const title = name === 'pmull' ? 'PMULL (bytes)' : `${name.toUpperCase()} (vector)`;
  return instruction(title, `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`, {
    ...common,
    ...halves(name, '{d}, {n}, {m}', Q => ({
      d: vectorRegister('Rd', bySizeAlone(sizes, 1, 1)),
      n: vectorRegister('Rn', bySizeAlone(sizes, Q)),
      m: vectorRegister('Rm', bySizeAlone(sizes, Q)),
    })),
    brief,
    allocated: exists,
    shape: ['Q', 'size'],
    possible: exists,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      finish(lanes, o.d, combine({ lanes, n, m, d: () => b.read('v128', o.d), half: Q }), 128);
    },
  });
});

const longScalars = long.flatMap(({ name, code, scalar, brief, combine }) => {
  if (!scalar) return [];
  const [U, opcode] = code.split(' ') as ['0', '0000'];
  const exists = (f: { size: number }) => hasSize(scalar, f.size);
  return instruction(`${name.toUpperCase()} (scalar)`, `01 ${U} 11110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: scalarBySize('Rd', scalar, { wider: 1 }),
      n: scalarBySize('Rn', scalar),
      m: scalarBySize('Rm', scalar),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief: brief.replace('elements', 'scalars'),
    allocated: exists,
    shape: ['size'],
    possible: exists,
    semantics: (b, o, { size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      const value = combine({ lanes, n, m, d: () => b.read('v128', o.d), half: 0 });
      finish(lanes, o.d, value, scalarExtent(size + 1));
    },
  });
});

const isNarrow = (f: { readonly size: number }) => f.size !== 3;

/** Wide: the first source and the result of twice the size of the second source. */
const wide = (
  [
    { name: 'saddw', operation: 'add', U: '0', opcode: '0001' },
    { name: 'uaddw', operation: 'add', U: '1', opcode: '0001' },
    { name: 'ssubw', operation: 'sub', U: '0', opcode: '0011' },
    { name: 'usubw', operation: 'sub', U: '1', opcode: '0011' },
  ] as const
).map(({ name, operation, U, opcode }) => {
  const signed = U === '0';
  const adds = operation === 'add';
  return instruction(name.toUpperCase(), `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`, {
    ...common,
    ...halves(name, '{d}, {n}, {m}', Q => ({
      d: vectorRegister('Rd', bySizeAlone('bhs', 1, 1)),
      n: vectorRegister('Rn', bySizeAlone('bhs', 1, 1)),
      m: vectorRegister('Rm', bySizeAlone('bhs', Q)),
    })),
    brief: `${adds ? 'Adds' : 'Subtracts'} ${signed ? 'signed' : 'unsigned'} elements ${adds ? 'to' : 'from'} elements of twice their size.`,
    allocated: isNarrow,
    shape: ['Q', 'size'],
    possible: isNarrow,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const n = b.read('v128', o.n);
      finish(lanes, o.d, lanes.wider[operation](n, lanes.extend(Q, signed, b.read('v128', o.m))), 128);
    },
  });
});

/** Narrow: the upper halves of sums or differences of wide elements. */
const narrow = (
  [
    { name: 'addhn', operation: 'add', U: '0', opcode: '0100' },
    { name: 'raddhn', operation: 'add', U: '1', opcode: '0100' },
    { name: 'subhn', operation: 'sub', U: '0', opcode: '0110' },
    { name: 'rsubhn', operation: 'sub', U: '1', opcode: '0110' },
  ] as const
).map(({ name, operation, U, opcode }) => {
  const rounding = U === '1';
  return instruction(name.toUpperCase(), `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`, {
    ...common,
    ...halves(name, '{d}, {n}, {m}', Q => ({
      d: vectorRegister('Rd', bySizeAlone('bhs', Q)),
      n: vectorRegister('Rn', bySizeAlone('bhs', 1, 1)),
      m: vectorRegister('Rm', bySizeAlone('bhs', 1, 1)),
    })),
    brief: `Keeps the upper halves of ${operation === 'add' ? 'sums' : 'differences'}${rounding ? ', rounded' : ''}.`,
    allocated: isNarrow,
    shape: ['Q', 'size'],
    possible: isNarrow,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const exact = lanes.wider[operation](b.read('v128', o.n), b.read('v128', o.m));
      const half = lanes.wider.all(1n << BigInt(lanes.bits - 1));
      const value = rounding ? lanes.wider.add(exact, half) : exact;
      finishNarrow(lanes, o.d, lanes.odd(value, value), Q);
    },
  });
});

export const threeDifferent = [...longVectors, ...longScalars, ...wide, ...narrow];
