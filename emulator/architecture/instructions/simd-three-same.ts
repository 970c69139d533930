/**
 * Advanced SIMD three same (Arm ARM C4.1.96): two sources and a result of one arrangement, as vectors and, where they
 * exist, as scalars. Integer and bitwise operations.
 */
import { instruction } from '../instruction.ts';
import {
  bySizes,
  bytesByQ,
  hasSize,
  makesVector,
  type Sizes,
  sameRegister,
  scalarBySize,
  vectorRegister,
} from '../operands/vector.ts';
import type { V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, finish, Lanes, scalarExtent } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

/** What an operation computes from. */
interface Sources {
  readonly lanes: Lanes;
  readonly n: V128;
  readonly m: V128;
  /** The destination's old value. */
  readonly d: () => V128;
  /** Whether whole vectors are meant; halves and scalars say 0. */
  readonly Q: number;
}

interface Operation {
  readonly name: string;
  /** U and opcode of the encoding. */
  readonly code: string;
  readonly sizes: Sizes;
  readonly scalar?: Sizes;
  readonly brief: string;
  readonly compute: (s: Sources) => V128;
}

/** An operation with signed numbers (U = 0) and with unsigned ones (U = 1). */
function bothSigns(
  names: readonly [string, string],
  opcode: string,
  sizes: Sizes,
  brief: string,
  compute: (signed: boolean, s: Sources) => V128,
  scalar?: Sizes,
): Operation[] {
  return names.map((name, U) => ({
    name,
    code: `${U} ${opcode}`,
    sizes,
    ...(scalar && { scalar }),
    brief: `${brief} ${U ? 'unsigned' : 'signed'} elements.`,
    compute: s => compute(U === 0, s),
  }));
}

/** A comparison: its signed form (U = 0) and its unsigned form (U = 1). */
const comparisons: readonly Operation[] = [
  {
    name: 'cmgt',
    code: '0 00110',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where the first is greater, signed.',
    compute: ({ lanes, n, m }) => lanes.greater(true, n, m),
  },
  {
    name: 'cmhi',
    code: '1 00110',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where the first is higher, unsigned.',
    compute: ({ lanes, n, m }) => lanes.greater(false, n, m),
  },
  {
    name: 'cmge',
    code: '0 00111',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where the first is greater or equal, signed.',
    compute: ({ lanes, n, m }) => lanes.atLeast(true, n, m),
  },
  {
    name: 'cmhs',
    code: '1 00111',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where the first is higher or the same, unsigned.',
    compute: ({ lanes, n, m }) => lanes.atLeast(false, n, m),
  },
  {
    name: 'cmtst',
    code: '0 10001',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where both have a one bit in the same place.',
    compute: ({ lanes, n, m }) => lanes.notEqual(lanes.and(n, m), lanes.zero),
  },
  {
    name: 'cmeq',
    code: '1 10001',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Sets elements to all ones where both are equal.',
    compute: ({ lanes, n, m }) => lanes.equal(n, m),
  },
];

const shift = (rounding: boolean, saturating: boolean) => (signed: boolean, s: Sources) =>
  s.lanes.shiftByVector(s.n, s.m, { signed, rounding, saturating });

const shifts: readonly Operation[] = [
  ...bothSigns(['sshl', 'ushl'], '01000', 'bhsd', 'Shifts each by a signed amount:', shift(false, false), 'd'),
  ...bothSigns(
    ['sqshl', 'uqshl'],
    '01001',
    'bhsd',
    'Shifts each by a signed amount and saturates:',
    shift(false, true),
    'bhsd',
  ),
  ...bothSigns(
    ['srshl', 'urshl'],
    '01010',
    'bhsd',
    'Shifts each by a signed amount and rounds:',
    shift(true, false),
    'd',
  ),
  ...bothSigns(
    ['sqrshl', 'uqrshl'],
    '01011',
    'bhsd',
    'Shifts each by a signed amount, rounds and saturates:',
    shift(true, true),
    'bhsd',
  ),
];

const arithmetic: readonly Operation[] = [
  {
    name: 'add',
    code: '0 10000',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Adds elements.',
    compute: ({ lanes, n, m }) => lanes.add(n, m),
  },
  {
    name: 'sub',
    code: '1 10000',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Subtracts elements.',
    compute: ({ lanes, n, m }) => lanes.sub(n, m),
  },
  ...bothSigns(
    ['sqadd', 'uqadd'],
    '00001',
    'bhsd',
    'Adds and saturates',
    (g, s) => s.lanes.saturatingAdd(g, s.n, s.m),
    'bhsd',
  ),
  ...bothSigns(
    ['sqsub', 'uqsub'],
    '00101',
    'bhsd',
    'Subtracts and saturates',
    (g, s) => s.lanes.saturatingSub(g, s.n, s.m),
    'bhsd',
  ),
  ...bothSigns(['shadd', 'uhadd'], '00000', 'bhs', 'Halves the sums of', (g, s) => s.lanes.halvingAdd(g, s.n, s.m)),
  ...bothSigns(['srhadd', 'urhadd'], '00010', 'bhs', 'Halves and rounds the sums of', (g, s) =>
    s.lanes.roundingHalvingAdd(g, s.n, s.m),
  ),
  ...bothSigns(['shsub', 'uhsub'], '00100', 'bhs', 'Halves the differences of', (g, s) =>
    s.lanes.halvingSub(g, s.n, s.m),
  ),
  ...bothSigns(['smax', 'umax'], '01100', 'bhs', 'Takes the greater of', (g, s) => s.lanes.max(g, s.n, s.m)),
  ...bothSigns(['smin', 'umin'], '01101', 'bhs', 'Takes the smaller of', (g, s) => s.lanes.min(g, s.n, s.m)),
  ...bothSigns(['sabd', 'uabd'], '01110', 'bhs', 'Takes the distance of', (g, s) =>
    s.lanes.absoluteDifference(g, s.n, s.m),
  ),
  ...bothSigns(['saba', 'uaba'], '01111', 'bhs', 'Adds to the destination the distance of', (g, s) =>
    s.lanes.add(s.d(), s.lanes.absoluteDifference(g, s.n, s.m)),
  ),
  {
    name: 'mul',
    code: '0 10011',
    sizes: 'bhs',
    brief: 'Multiplies elements.',
    compute: ({ lanes, n, m }) => lanes.mul(n, m),
  },
  {
    name: 'mla',
    code: '0 10010',
    sizes: 'bhs',
    brief: 'Adds products of elements to the destination.',
    compute: ({ lanes, n, m, d }) => lanes.add(d(), lanes.mul(n, m)),
  },
  {
    name: 'mls',
    code: '1 10010',
    sizes: 'bhs',
    brief: 'Subtracts products of elements from the destination.',
    compute: ({ lanes, n, m, d }) => lanes.sub(d(), lanes.mul(n, m)),
  },
  {
    name: 'pmul',
    code: '1 10011',
    sizes: 'b',
    brief: 'Multiplies elements as polynomials of bits.',
    compute: ({ lanes, n, m }) => {
      let product = lanes.zero;
      for (let bit = 0; bit < 8; bit++)
        product = lanes.xor(product, lanes.and(lanes.shl(n, bit), lanes.sign(lanes.shl(m, 7 - bit))));
      return product;
    },
  },
  {
    name: 'sqdmulh',
    code: '0 10110',
    sizes: 'hs',
    scalar: 'hs',
    brief: 'Takes the upper half of doubled products and saturates.',
    compute: ({ lanes, n, m }) => lanes.doublingMultiplyHigh(n, m, { rounding: false }),
  },
  {
    name: 'sqrdmulh',
    code: '1 10110',
    sizes: 'hs',
    scalar: 'hs',
    brief: 'Takes the upper half of doubled products, rounds and saturates.',
    compute: ({ lanes, n, m }) => lanes.doublingMultiplyHigh(n, m, { rounding: true }),
  },
];

const pairwise: readonly Operation[] = [
  {
    name: 'addp',
    code: '0 10111',
    sizes: 'bhsd',
    brief: 'Adds neighbours, first those of the first source.',
    compute: ({ lanes, n, m, Q }) => lanes.pairwise(n, m, Q, (x, y) => lanes.add(x, y)),
  },
  ...bothSigns(['smaxp', 'umaxp'], '10100', 'bhs', 'Takes the greater of neighbouring', (g, { lanes, n, m, Q }) =>
    lanes.pairwise(n, m, Q, (x, y) => lanes.max(g, x, y)),
  ),
  ...bothSigns(['sminp', 'uminp'], '10101', 'bhs', 'Takes the smaller of neighbouring', (g, { lanes, n, m, Q }) =>
    lanes.pairwise(n, m, Q, (x, y) => lanes.min(g, x, y)),
  ),
];

const operations = [...arithmetic, ...comparisons, ...shifts, ...pairwise];

/** The name of a page of which the scalar and the vector form are rows of their own. */
const title = (name: string, form: string) => `${name.toUpperCase()} (${form})`;

const vectors = operations.map(({ name, code, sizes, brief, compute }) => {
  const [U, opcode] = code.split(' ') as ['0', '10000'];
  const arrangement = bySizes(sizes);
  return instruction(title(name, 'vector'), `0 Q ${U} 01110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: vectorRegister('Rd', arrangement),
      n: vectorRegister('Rn', arrangement),
      m: vectorRegister('Rm', arrangement),
    },
    syntax: `${name} {d}, {n}, {m}`,
    brief,
    allocated: makesVector(sizes),
    shape: ['Q', 'size'],
    possible: makesVector(sizes),
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      finish(lanes, o.d, compute({ lanes, n, m, d: () => b.read('v128', o.d), Q }), extentOf(Q));
    },
  });
});

const scalars = operations.flatMap(({ name, code, scalar, brief, compute }) => {
  if (!scalar) return [];
  const [U, opcode] = code.split(' ') as ['0', '10000'];
  const exists = (f: { size: number }) => hasSize(scalar, f.size);
  return instruction(title(name, 'scalar'), `01 ${U} 11110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: scalarBySize('Rd', scalar),
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
      finish(lanes, o.d, compute({ lanes, n, m, d: () => b.read('v128', o.d), Q: 0 }), scalarExtent(size));
    },
  });
});

const bytes = {
  d: vectorRegister('Rd', bytesByQ),
  n: vectorRegister('Rn', bytesByQ),
  m: vectorRegister('Rm', bytesByQ),
};

/** Operations on bits, which `size` tells apart. */
const bitwise = (
  [
    {
      name: 'and',
      code: '0 00',
      brief: 'ANDs two vectors.',
      compute: ({ lanes, n, m }) => lanes.and(n, m),
    },
    {
      name: 'bic',
      code: '0 01',
      brief: 'ANDs a vector with the complement of another.',
      compute: ({ lanes, n, m }) => lanes.andNot(n, m),
    },
    {
      name: 'orr',
      code: '0 10',
      brief: 'ORs two vectors.',
      compute: ({ lanes, n, m }) => lanes.or(n, m),
    },
    {
      name: 'orn',
      code: '0 11',
      brief: 'ORs a vector with the complement of another.',
      compute: ({ lanes, n, m }) => lanes.or(n, lanes.not(m)),
    },
    {
      name: 'eor',
      code: '1 00',
      brief: 'Exclusive-ORs two vectors.',
      compute: ({ lanes, n, m }) => lanes.xor(n, m),
    },
    {
      name: 'bsl',
      code: '1 01',
      brief: 'Selects bits of two vectors by the destination.',
      compute: ({ lanes, n, m, d }) => lanes.select(d(), n, m),
    },
    {
      name: 'bit',
      code: '1 10',
      brief: 'Inserts bits where the second vector has ones.',
      compute: ({ lanes, n, m, d }) => lanes.select(m, n, d()),
    },
    {
      name: 'bif',
      code: '1 11',
      brief: 'Inserts bits where the second vector has zeros.',
      compute: ({ lanes, n, m, d }) => lanes.select(m, d(), n),
    },
  ] satisfies { name: string; code: string; brief: string; compute: (s: Sources) => V128 }[]
).map(({ name, code, brief, compute }) => {
  const [U, size] = code.split(' ') as ['0', '00'];
  return instruction(title(name, 'vector, register'), `0 Q ${U} 01110 ${size} 1 Rm:5 00011 1 Rn:5 Rd:5`, {
    ...common,
    operands: bytes,
    syntax: `${name} {d}, {n}, {m}`,
    aliases:
      name === 'orr'
        ? [
            {
              syntax: 'mov {d}, {both}',
              when: f => f['Rn'] === f['Rm'],
              operands: { both: sameRegister(bytes.n, 'Rn', 'Rm') },
            },
          ]
        : [],
    brief,
    shape: ['Q'],
    semantics: (b, o, { Q }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, 0);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      finish(lanes, o.d, compute({ lanes, n, m, d: () => b.read('v128', o.d), Q }), extentOf(Q));
    },
  });
});

export const threeSame = [...vectors, ...scalars, ...bitwise];
