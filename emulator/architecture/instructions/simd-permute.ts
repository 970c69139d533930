/** Advanced SIMD permute, extract and table lookup (Arm ARM C4.1.96): elements and bytes in other places. */
import { instruction } from '../instruction.ts';
import type { ImmediateRef, OperandKind } from '../operand.ts';
import { decimal, unsignedImmediate } from '../operands/immediate.ts';
import { always, bySizes, bytesByQ, makesVector, vectorRegister } from '../operands/vector.ts';
import { vectorList } from '../operands/vector-list.ts';
import type { RegisterRef, V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, finish, Lanes, lowHalves, shuffle } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

/** For element `i` of the result: which source it is from, and which element of it. `part` is 0 for ZIP1, 1 for ZIP2. */
const orders: readonly {
  names: readonly [string, string];
  opcode: string;
  briefs: readonly [string, string];
  from: (i: number, part: number, count: number) => { source: number; element: number };
}[] = [
  {
    names: ['uzp1', 'uzp2'],
    opcode: '01',
    briefs: [
      'Even-numbered elements of both sources, one source after the other.',
      'Odd-numbered elements of both sources, one source after the other.',
    ],
    from: (i, part, count) => ({ source: Math.floor((2 * i) / count), element: ((2 * i) % count) + part }),
  },
  {
    names: ['trn1', 'trn2'],
    opcode: '10',
    briefs: [
      'Even-numbered elements of both sources in turn, as in a transposed matrix.',
      'Odd-numbered elements of both sources in turn, as in a transposed matrix.',
    ],
    from: (i, part) => ({ source: i & 1, element: (i & ~1) + part }),
  },
  {
    names: ['zip1', 'zip2'],
    opcode: '11',
    briefs: ['Interleaves the low halves of both sources.', 'Interleaves the upper halves of both sources.'],
    from: (i, part, count) => ({ source: i & 1, element: (i >> 1) + part * (count / 2) }),
  },
];

const permutations = orders.flatMap(({ names, opcode, briefs, from }) =>
  names.map((name, part) => {
    const arrangement = bySizes('bhsd');
    return instruction(name.toUpperCase(), `0 Q 001110 size:2 0 Rm:5 0 ${part as 0} ${opcode as '01'} 10 Rn:5 Rd:5`, {
      ...common,
      operands: {
        d: vectorRegister('Rd', arrangement),
        n: vectorRegister('Rn', arrangement),
        m: vectorRegister('Rm', arrangement),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: briefs[part] as string,
      allocated: makesVector('bhsd'),
      shape: ['Q', 'size'],
      possible: makesVector('bhsd'),
      semantics: (b, o, { Q, size }) => {
        checkFloatingPoint(b);
        const count = (Q ? 16 : 8) >> size;
        const bytes = Array.from({ length: 16 }, (_, byte) => {
          const { source, element } = from((byte >> size) % count, part, count);
          return 16 * source + (element << size) + (byte & ((1 << size) - 1));
        });
        const value = shuffle(b, b.read('v128', o.n), b.read('v128', o.m), bytes);
        finish(new Lanes(b, size), o.d, value, extentOf(Q));
      },
    });
  }),
);

const BYTES = Array.from({ length: 16 }, (_, i) => i);

const firstByte: OperandKind<ImmediateRef> = {
  ...unsignedImmediate('imm4', { width: 4, print: decimal }),
  describe: 'the first byte to take, below the bytes of the vector',
  parse: input => unsignedImmediate('imm4', { width: 4, maximum: input.fields['Q'] === 0 ? 7 : 15 }).parse(input),
};

const extract = instruction('EXT', '0 Q 101110 00 0 Rm:5 0 imm4:4 0 Rn:5 Rd:5', {
  ...common,
  operands: {
    d: vectorRegister('Rd', bytesByQ),
    n: vectorRegister('Rn', bytesByQ),
    m: vectorRegister('Rm', bytesByQ),
    from: firstByte,
  },
  syntax: 'ext {d}, {n}, {m}, {from}',
  brief: 'Takes consecutive bytes out of two vectors put together, the first lowest.',
  allocated: f => f.Q === 1 || f.imm4 < 8,
  shape: ['Q'],
  semantics: (b, o, { Q }) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, 0);
    const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
    const places = lanes.add(b.v128(BYTES), lanes.splat(b.immediate('i32', o.from)));
    if (!Q) {
      finish(lanes, o.d, lanes.op('swizzle', lowHalves(b, n, m), places), 64);
      return;
    }
    // A swizzle gives zero for every place beyond its sixteen bytes.
    const fromBoth = lanes.or(lanes.op('swizzle', n, places), lanes.op('swizzle', m, lanes.sub(places, lanes.all(16))));
    finish(lanes, o.d, fromBoth, 128);
  },
});

const tables = [1, 2, 3, 4].flatMap(count =>
  (['tbl', 'tbx'] as const).map(name =>
    instruction(
      `${name.toUpperCase()} (${count === 1 ? 'one register' : `${['two', 'three', 'four'][count - 2]} registers`})`,
      `0 Q 001110 00 0 Rm:5 0 ${(count - 1).toString(2).padStart(2, '0') as '00'} ${name === 'tbl' ? '0' : '1'} 00 Rn:5 Rd:5`,
      {
        ...common,
        operands: {
          d: vectorRegister('Rd', bytesByQ),
          n: vectorList('Rn', count, always('16b')),
          m: vectorRegister('Rm', bytesByQ),
        },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `Looks up each byte in a table of ${16 * count} bytes; ${name === 'tbl' ? 'what is beyond it gives zero' : 'what is beyond it leaves the destination’s byte'}.`,
        shape: ['Q'],
        semantics: (b, o, { Q }) => {
          checkFloatingPoint(b);
          const lanes = new Lanes(b, 0);
          const places = b.read('v128', o.m);
          const register = (step: number): RegisterRef => ({ ...o.n, offset: step });
          let value: V128 = lanes.op('swizzle', b.read('v128', register(0)), places);
          for (let step = 1; step < count; step++) {
            const within = lanes.sub(places, lanes.all(16 * step));
            value = lanes.or(value, lanes.op('swizzle', b.read('v128', register(step)), within));
          }
          if (name === 'tbx') {
            const beyond = lanes.greater(false, places, lanes.all(16 * count - 1));
            value = lanes.select(beyond, b.read('v128', o.d), value);
          }
          finish(lanes, o.d, value, extentOf(Q));
        },
      },
    ),
  ),
);

export const permute = [...permutations, extract, ...tables];
