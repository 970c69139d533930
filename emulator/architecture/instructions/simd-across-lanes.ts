/** Advanced SIMD across lanes, and the scalar pairwise ADDP (Arm ARM C4.1.96): one result out of all elements. */
import { instruction } from '../instruction.ts';
import { always, byTexts, scalarBySize, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { finish, Lanes, scalarExtent, shuffle, upperHalfOf } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

/** Combines all elements of a vector, or of its low half, into the lowest. */
function reduce(lanes: Lanes, x: V128, Q: number, combine: (x: V128, y: V128) => V128): V128 {
  const { b } = lanes;
  let result = Q ? combine(x, upperHalfOf(b, x)) : x;
  for (let distance = 4; distance >= lanes.bits / 8; distance /= 2) {
    const moved = Array.from({ length: 16 }, (_, i) => (i + distance) & 15);
    result = combine(result, shuffle(b, result, result, moved));
  }
  return result;
}

const exists = (f: { readonly size: number; readonly Q: number }) => f.size < 2 || (f.size === 2 && f.Q === 1);

const operations: readonly {
  name: string;
  code: string;
  long?: boolean;
  brief: string;
  combine: (lanes: Lanes, x: V128, y: V128) => V128;
}[] = [
  {
    name: 'addv',
    code: '0 11011',
    brief: 'Adds all elements of a vector.',
    combine: (lanes, x, y) => lanes.add(x, y),
  },
  {
    name: 'saddlv',
    code: '0 00011',
    long: true,
    brief: 'Adds all signed elements of a vector, at twice their size.',
    combine: (lanes, x, y) => lanes.add(x, y),
  },
  {
    name: 'uaddlv',
    code: '1 00011',
    long: true,
    brief: 'Adds all unsigned elements of a vector, at twice their size.',
    combine: (lanes, x, y) => lanes.add(x, y),
  },
  {
    name: 'smaxv',
    code: '0 01010',
    brief: 'Takes the greatest signed element of a vector.',
    combine: (lanes, x, y) => lanes.max(true, x, y),
  },
  {
    name: 'umaxv',
    code: '1 01010',
    brief: 'Takes the greatest unsigned element of a vector.',
    combine: (lanes, x, y) => lanes.max(false, x, y),
  },
  {
    name: 'sminv',
    code: '0 11010',
    brief: 'Takes the smallest signed element of a vector.',
    combine: (lanes, x, y) => lanes.min(true, x, y),
  },
  {
    name: 'uminv',
    code: '1 11010',
    brief: 'Takes the smallest unsigned element of a vector.',
    combine: (lanes, x, y) => lanes.min(false, x, y),
  },
];

const across = operations.map(({ name, code, long = false, brief, combine }) => {
  const [U, opcode] = code.split(' ') as ['0', '11011'];
  return instruction(name.toUpperCase(), `0 Q ${U} 01110 size:2 11000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: scalarBySize('Rd', 'bhs', { wider: long ? 1 : 0 }),
      n: vectorRegister('Rn', byTexts('8b', '16b', '4h', '8h', '4s')),
    },
    syntax: `${name} {d}, {n}`,
    brief,
    allocated: exists,
    shape: ['Q', 'size'],
    possible: exists,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const elements = new Lanes(b, size);
      const n = b.read('v128', o.n);
      const lanes = long ? elements.wider : elements;
      const sums = long ? elements.pairwiseAddLong(U === '0', n) : n;
      finish(
        lanes,
        o.d,
        reduce(lanes, sums, Q, (x, y) => combine(lanes, x, y)),
        scalarExtent(lanes.size),
      );
    },
  });
});

const addPair = instruction('ADDP (scalar)', '01 0 11110 11 11000 11011 10 Rn:5 Rd:5', {
  ...common,
  operands: { d: scalarRegister('Rd', 'd'), n: vectorRegister('Rn', always('2d')) },
  syntax: 'addp {d}, {n}',
  brief: 'Adds both doublewords of a vector.',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, 3);
    const n = b.read('v128', o.n);
    finish(lanes, o.d, lanes.add(n, upperHalfOf(b, n)), 64);
  },
});

export const acrossLanes = [...across, addPair];
