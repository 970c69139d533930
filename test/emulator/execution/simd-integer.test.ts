/**
 * Advanced SIMD on integers against the manual's arithmetic, written here a second time with unbounded integers: every
 * element of the result, and FPSR.QC.
 */
import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';
import { Random } from '../translation/random.ts';

const SEED = 20;
/** Random operands for each instruction and arrangement. */
const TRIALS = 6;

const ARRANGEMENTS = { '8b': 8, '16b': 8, '4h': 16, '8h': 16, '2s': 32, '4s': 32, '2d': 64 } as const;
type Arrangement = keyof typeof ARRANGEMENTS;
const countOf = (arrangement: Arrangement) => Number.parseInt(arrangement, 10);
const all = Object.keys(ARRANGEMENTS) as Arrangement[];
const without = (...bits: number[]) => all.filter(one => !bits.includes(ARRANGEMENTS[one]));
/** The whole vector with elements of a size, and half of one. */
const whole = (bits: number) => `${128 / bits}${LETTER[bits]}` as Arrangement;
const LETTER: Readonly<Record<number, string>> = { 8: 'b', 16: 'h', 32: 's', 64: 'd' };

/** Whether something saturated in the model of one instruction. */
let saturated = false;

const signedOf = (value: bigint, bits: number) => BigInt.asIntN(bits, value);
const unsignedOf = (value: bigint, bits: number) => BigInt.asUintN(bits, value);
/** SignedSatQ and UnsignedSatQ. */
function saturate(value: bigint, bits: number, signed: boolean): bigint {
  const least = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const greatest = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const result = value < least ? least : value > greatest ? greatest : value;
  saturated ||= result !== value;
  return result;
}
const read = (signed: boolean) => (signed ? signedOf : unsignedOf);
const max = (x: bigint, y: bigint) => (x > y ? x : y);
const min = (x: bigint, y: bigint) => (x < y ? x : y);
const absolute = (x: bigint) => (x < 0n ? -x : x);
/** A shift by a signed amount, left or right, as Arm's variable shifts do it. */
function shift(value: bigint, amount: bigint, rounding: boolean): bigint {
  if (amount >= 0n) return value << amount;
  return (value + (rounding ? 1n << (-amount - 1n) : 0n)) >> -amount;
}
function polynomial(x: bigint, y: bigint): bigint {
  let product = 0n;
  for (let bit = 0n; bit < 8n; bit++) if ((y >> bit) & 1n) product ^= x << bit;
  return product;
}
function leadingZeros(value: bigint, bits: number): bigint {
  return BigInt(bits - value.toString(2).length + (value === 0n ? 1 : 0));
}

/** An element of the result out of elements: read as unsigned numbers of `bits`. */
type Element = (x: bigint, y: bigint, d: bigint, bits: number) => bigint;

const flag = (holds: boolean) => (holds ? -1n : 0n);
/** One operation with signed and with unsigned numbers. */
const both = (name: string, element: (x: bigint, y: bigint, d: bigint, bits: number, signed: boolean) => bigint) =>
  [true, false].map((signed): [string, Element] => [
    name.replace('*', signed ? 's' : 'u'),
    (x, y, d, bits) => element(read(signed)(x, bits), read(signed)(y, bits), read(signed)(d, bits), bits, signed),
  ]);

const threeSame: readonly (readonly [string, readonly Arrangement[], Element])[] = [
  ['add', all, (x, y) => x + y],
  ['sub', all, (x, y) => x - y],
  ['mul', without(64), (x, y) => x * y],
  ['mla', without(64), (x, y, d) => d + x * y],
  ['mls', without(64), (x, y, d) => d - x * y],
  ['pmul', ['8b', '16b'], polynomial],
  ['cmeq', all, (x, y) => flag(x === y)],
  ['cmtst', all, (x, y) => flag((x & y) !== 0n)],
  ['cmhi', all, (x, y) => flag(x > y)],
  ['cmhs', all, (x, y) => flag(x >= y)],
  ['cmgt', all, (x, y, _, bits) => flag(signedOf(x, bits) > signedOf(y, bits))],
  ['cmge', all, (x, y, _, bits) => flag(signedOf(x, bits) >= signedOf(y, bits))],
  ...both('*hadd', (x, y) => (x + y) >> 1n).map(([name, e]) => [name, without(64), e] as const),
  ...both('*rhadd', (x, y) => (x + y + 1n) >> 1n).map(([name, e]) => [name, without(64), e] as const),
  ...both('*hsub', (x, y) => (x - y) >> 1n).map(([name, e]) => [name, without(64), e] as const),
  ...both('*max', max).map(([name, e]) => [name, without(64), e] as const),
  ...both('*min', min).map(([name, e]) => [name, without(64), e] as const),
  ...both('*abd', (x, y) => absolute(x - y)).map(([name, e]) => [name, without(64), e] as const),
  ...both('*aba', (x, y, d) => d + absolute(x - y)).map(([name, e]) => [name, without(64), e] as const),
  ...both('*qadd', (x, y, _, bits, s) => saturate(x + y, bits, s)).map(([name, e]) => [name, all, e] as const),
  ...both('*qsub', (x, y, _, bits, s) => saturate(x - y, bits, s)).map(([name, e]) => [name, all, e] as const),
  ...(['', 'r', 'q', 'qr'] as const).flatMap(how =>
    both(`*${how}shl`, (x, y, _, bits, s) => {
      const result = shift(x, signedOf(y, 8), how.includes('r'));
      return how.includes('q') ? saturate(result, bits, s) : result;
    }).map(([name, e]) => [name, all, e] as const),
  ),
  ...(['', 'r'] as const).map(
    rounding =>
      [
        `sq${rounding}dmulh`,
        without(8, 64),
        (x: bigint, y: bigint, _: bigint, bits: number) => {
          const product = 2n * signedOf(x, bits) * signedOf(y, bits);
          return saturate((product + (rounding ? 1n << BigInt(bits - 1) : 0n)) >> BigInt(bits), bits, true);
        },
      ] as const,
  ),
  ...(['a', 's'] as const).map(
    way =>
      [
        `sqrdml${way}h`,
        without(8, 64),
        (x: bigint, y: bigint, d: bigint, bits: number) => {
          const product = 2n * signedOf(x, bits) * signedOf(y, bits);
          const sum = (signedOf(d, bits) << BigInt(bits)) + (way === 'a' ? product : -product);
          return saturate((sum + (1n << BigInt(bits - 1))) >> BigInt(bits), bits, true);
        },
      ] as const,
  ),
];

const twoRegister: readonly (readonly [string, readonly Arrangement[], Element])[] = [
  ['abs', all, (x, _, __, bits) => absolute(signedOf(x, bits))],
  ['neg', all, x => -x],
  ['sqabs', all, (x, _, __, bits) => saturate(absolute(signedOf(x, bits)), bits, true)],
  ['sqneg', all, (x, _, __, bits) => saturate(-signedOf(x, bits), bits, true)],
  ['suqadd', all, (x, _, d, bits) => saturate(signedOf(d, bits) + x, bits, true)],
  ['usqadd', all, (x, _, d, bits) => saturate(d + signedOf(x, bits), bits, false)],
  ['clz', without(64), (x, _, __, bits) => leadingZeros(x, bits)],
  ['cls', without(64), (x, _, __, bits) => leadingZeros(unsignedOf(x ^ (signedOf(x, bits) >> 1n), bits), bits) - 1n],
  ['cnt', ['8b', '16b'], x => BigInt([...x.toString(2)].filter(bit => bit === '1').length)],
  ['rbit', ['8b', '16b'], x => BigInt(`0b${[...x.toString(2).padStart(8, '0')].reverse().join('')}`)],
  ['not', ['8b', '16b'], x => ~x],
  [
    'urecpe',
    ['2s', '4s'],
    x => {
      if (x >> 31n === 0n) return -1n;
      const middle = 2n * (x >> 23n) + 1n;
      return (((1n << 19n) / middle + 1n) / 2n) << 23n;
    },
  ],
  [
    'ursqrte',
    ['2s', '4s'],
    x => {
      if (x >> 30n === 0n) return -1n;
      const upper = x >> 23n;
      const scaled = upper < 256n ? 2n * upper + 1n : 2n * (2n * (upper >> 1n) + 1n);
      let root = 512n;
      while (scaled * (root + 1n) * (root + 1n) < 1n << 28n) root++;
      return ((root + 1n) / 2n) << 23n;
    },
  ],
];

/** Long and wide operations: elements of the low half, or for the second form of the upper one. */
const long: readonly (readonly [string, readonly number[], Element])[] = [
  ...both('*addl', (x, y) => x + y).map(([name, e]) => [name, [8, 16, 32], e] as const),
  ...both('*subl', (x, y) => x - y).map(([name, e]) => [name, [8, 16, 32], e] as const),
  ...both('*abdl', (x, y) => absolute(x - y)).map(([name, e]) => [name, [8, 16, 32], e] as const),
  ...both('*mull', (x, y) => x * y).map(([name, e]) => [name, [8, 16, 32], e] as const),
  ['pmull', [8], polynomial],
  ['sqdmull', [16, 32], (x, y, _, bits) => saturate(2n * signedOf(x, bits) * signedOf(y, bits), 2 * bits, true)],
];
/** The same with the destination, whose elements have twice the bits. */
const accumulating: typeof long = [
  ...both('*mlal', (x, y) => x * y).map(
    ([name, e]) => [name, [8, 16, 32], ((x, y, d, bits) => d + e(x, y, 0n, bits)) as Element] as const,
  ),
  ...both('*mlsl', (x, y) => x * y).map(
    ([name, e]) => [name, [8, 16, 32], ((x, y, d, bits) => d - e(x, y, 0n, bits)) as Element] as const,
  ),
  ...both('*abal', (x, y) => absolute(x - y)).map(
    ([name, e]) => [name, [8, 16, 32], ((x, y, d, bits) => d + e(x, y, 0n, bits)) as Element] as const,
  ),
  ...(['a', 's'] as const).map(
    way =>
      [
        `sqdml${way}l`,
        [16, 32],
        ((x, y, d, bits) => {
          const product = saturate(2n * signedOf(x, bits) * signedOf(y, bits), 2 * bits, true);
          const old = signedOf(d, 2 * bits);
          return saturate(way === 'a' ? old + product : old - product, 2 * bits, true);
        }) as Element,
      ] as const,
  ),
];

interface Case {
  readonly text: string;
  /** The result out of the sources and the destination. */
  model(n: bigint, m: bigint, d: bigint): bigint;
}

function elements(vector: bigint, bits: number, count: number, from = 0): bigint[] {
  return Array.from({ length: count }, (_, i) => unsignedOf(vector >> BigInt((from + i) * bits), bits));
}
const pack = (list: readonly bigint[], bits: number): bigint =>
  list.reduce((all, element, i) => all | (unsignedOf(element, bits) << BigInt(i * bits)), 0n);

const cases: Case[] = [];

for (const [name, arrangements, element] of threeSame)
  for (const t of arrangements) {
    const bits = ARRANGEMENTS[t];
    const model = (n: bigint, m: bigint, d: bigint, count: number) => {
      const [x, y, old] = [n, m, d].map(vector => elements(vector, bits, count)) as [bigint[], bigint[], bigint[]];
      return pack(
        x.map((_, i) => element(x[i]!, y[i]!, old[i]!, bits)),
        bits,
      );
    };
    cases.push({ text: `${name} v0.${t}, v1.${t}, v2.${t}`, model: (n, m, d) => model(n, m, d, countOf(t)) });
    if (/^(sq|uq)/.test(name) && t === whole(bits))
      cases.push({
        text: `${name} ${LETTER[bits]}0, ${LETTER[bits]}1, ${LETTER[bits]}2`,
        model: (n, m, d) => model(n, m, d, 1),
      });
  }

for (const [name, arrangements, element] of twoRegister)
  for (const t of arrangements) {
    const bits = ARRANGEMENTS[t];
    cases.push({
      text: `${name} v0.${t}, v1.${t}`,
      model: (n, _, d) => {
        const [x, old] = [n, d].map(vector => elements(vector, bits, countOf(t))) as [bigint[], bigint[]];
        return pack(
          x.map((_, i) => element(x[i]!, 0n, old[i]!, bits)),
          bits,
        );
      },
    });
  }

for (const [list, reads] of [
  [long, false],
  [accumulating, true],
] as const)
  for (const [name, sizes, element] of list)
    for (const bits of sizes)
      for (const half of [0, 1]) {
        const count = 64 / bits;
        const narrow = half ? whole(bits) : `${count}${LETTER[bits]}`;
        cases.push({
          text: `${name}${half ? '2' : ''} v0.${whole(2 * bits)}, v1.${narrow}, v2.${narrow}`,
          model: (n, m, d) => {
            const [x, y] = [n, m].map(vector => elements(vector, bits, count, half * count)) as [bigint[], bigint[]];
            const old = elements(d, 2 * bits, count);
            return pack(
              x.map((_, i) => element(x[i]!, y[i]!, reads ? old[i]! : 0n, bits)),
              2 * bits,
            );
          },
        });
      }

/** From wide elements to narrow ones, with what saturates. */
const narrowing: readonly (readonly [string, boolean, boolean | undefined])[] = [
  ['xtn', false, undefined],
  ['sqxtn', true, true],
  ['uqxtn', false, false],
  ['sqxtun', true, false],
];
const narrowingShifts: readonly (readonly [string, boolean, boolean | undefined])[] = [
  ['*shrn', false, undefined],
  ['sq*shrn', true, true],
  ['uq*shrn', false, false],
  ['sq*shrun', true, false],
];
for (const bits of [8, 16, 32])
  for (const half of [0, 1]) {
    const count = 64 / bits;
    const narrow = half ? whole(bits) : `${count}${LETTER[bits]}`;
    const suffix = half ? '2' : '';
    const put = (d: bigint, list: readonly bigint[]) =>
      half ? unsignedOf(d, 64) | (pack(list, bits) << 64n) : pack(list, bits);
    const reduce = (value: bigint, to: boolean | undefined) => (to === undefined ? value : saturate(value, bits, to));
    for (const [name, signed, to] of narrowing)
      cases.push({
        text: `${name}${suffix} v0.${narrow}, v1.${whole(2 * bits)}`,
        model: (n, _, d) =>
          put(
            d,
            elements(n, 2 * bits, count).map(x => reduce(read(signed)(x, 2 * bits), to)),
          ),
      });
    for (const [name, signed, to] of narrowingShifts)
      for (const rounding of ['', 'r'])
        for (const by of [1, bits >> 1, bits])
          cases.push({
            text: `${name.replace('*', rounding)}${suffix} v0.${narrow}, v1.${whole(2 * bits)}, #${by}`,
            model: (n, _, d) =>
              put(
                d,
                elements(n, 2 * bits, count).map(x =>
                  reduce(shift(read(signed)(x, 2 * bits), BigInt(-by), rounding === 'r'), to),
                ),
              ),
          });
  }

/** Shifts by immediates: what becomes of an element, read as signed or unsigned. */
const shifts: readonly (readonly [
  string,
  boolean,
  'left' | 'right',
  (x: bigint, by: bigint, d: bigint, bits: number) => bigint,
])[] = [
  ...(['sshr', 'ushr', 'srshr', 'urshr', 'ssra', 'usra', 'srsra', 'ursra'] as const).map(
    name =>
      [
        name,
        name[0] === 's',
        'right',
        (x: bigint, by: bigint, d: bigint) =>
          shift(x, -by, name.slice(1).includes('rs')) + (name.endsWith('a') ? d : 0n),
      ] as const,
  ),
  ['shl', false, 'left', (x, by) => x << by],
  ['sli', false, 'left', (x, by, d) => (x << by) | (d & ((1n << by) - 1n))],
  ['sri', false, 'right', (x, by, d, bits) => (x >> by) | ((d >> (BigInt(bits) - by)) << (BigInt(bits) - by))],
  ['sqshl', true, 'left', (x, by, _, bits) => saturate(x << by, bits, true)],
  ['uqshl', false, 'left', (x, by, _, bits) => saturate(x << by, bits, false)],
  ['sqshlu', true, 'left', (x, by, _, bits) => saturate(x << by, bits, false)],
];
for (const [name, signed, direction, element] of shifts)
  for (const t of all) {
    const bits = ARRANGEMENTS[t];
    for (const by of direction === 'left' ? [0, 3, bits - 1] : [1, 3, bits])
      cases.push({
        text: `${name} v0.${t}, v1.${t}, #${by}`,
        model: (n, _, d) => {
          const [x, old] = [n, d].map(vector => elements(vector, bits, countOf(t))) as [bigint[], bigint[]];
          return pack(
            x.map((_, i) => element(read(signed)(x[i]!, bits), BigInt(by), old[i]!, bits)),
            bits,
          );
        },
      });
  }

/** Pairs, and all elements of a vector. */
for (const t of without(64)) {
  const bits = ARRANGEMENTS[t];
  const count = countOf(t);
  const pairs = (list: readonly bigint[], combine: (x: bigint, y: bigint) => bigint) =>
    Array.from({ length: list.length / 2 }, (_, i) => combine(list[2 * i]!, list[2 * i + 1]!));
  for (const [name, signed, combine] of [
    ['addp', false, (x: bigint, y: bigint) => x + y],
    ['smaxp', true, max],
    ['umaxp', false, max],
    ['sminp', true, min],
    ['uminp', false, min],
  ] as const) {
    cases.push({
      text: `${name} v0.${t}, v1.${t}, v2.${t}`,
      model: (n, m) => {
        const list = [...elements(n, bits, count), ...elements(m, bits, count)].map(x => read(signed)(x, bits));
        return pack(pairs(list, combine), bits);
      },
    });
    if (t !== '2s')
      cases.push({
        text: `${name.replace('p', 'v')} ${LETTER[bits]}0, v1.${t}`,
        model: n => {
          const list = elements(n, bits, count).map(x => read(signed)(x, bits));
          return unsignedOf(list.reduce(combine), bits);
        },
      });
  }
  for (const signed of [true, false]) {
    const letter = signed ? 's' : 'u';
    const wide = `${count / 2}${LETTER[2 * bits]}`;
    const sums = (n: bigint) =>
      pairs(
        elements(n, bits, count).map(x => read(signed)(x, bits)),
        (x, y) => x + y,
      );
    cases.push({ text: `${letter}addlp v0.${wide}, v1.${t}`, model: n => pack(sums(n), 2 * bits) });
    cases.push({
      text: `${letter}adalp v0.${wide}, v1.${t}`,
      model: (n, _, d) => {
        const old = elements(d, 2 * bits, count / 2);
        return pack(
          sums(n).map((sum, i) => old[i]! + sum),
          2 * bits,
        );
      },
    });
    if (t !== '2s')
      cases.push({
        text: `${letter}addlv ${LETTER[2 * bits]}0, v1.${t}`,
        model: n =>
          unsignedOf(
            sums(n).reduce((x, y) => x + y),
            2 * bits,
          ),
      });
  }
}

/** Dot products and matrices of bytes. */
for (const [name, signs] of [
  ['sdot', [true, true]],
  ['udot', [false, false]],
  ['usdot', [false, true]],
] as const)
  cases.push({
    text: `${name} v0.4s, v1.16b, v2.16b`,
    model: (n, m, d) => {
      const x = elements(n, 8, 16).map(e => read(signs[0])(e, 8));
      const y = elements(m, 8, 16).map(e => read(signs[1])(e, 8));
      return pack(
        elements(d, 32, 4).map((old, i) => [0, 1, 2, 3].reduce((sum, k) => sum + x[4 * i + k]! * y[4 * i + k]!, old)),
        32,
      );
    },
  });
for (const [name, signs] of [
  ['smmla', [true, true]],
  ['ummla', [false, false]],
  ['usmmla', [false, true]],
] as const)
  cases.push({
    text: `${name} v0.4s, v1.16b, v2.16b`,
    model: (n, m, d) => {
      const x = elements(n, 8, 16).map(e => read(signs[0])(e, 8));
      const y = elements(m, 8, 16).map(e => read(signs[1])(e, 8));
      const sum = (row: number, column: number) =>
        Array.from({ length: 8 }, (_, k) => x[8 * row + k]! * y[8 * column + k]!).reduce((a, b) => a + b);
      return pack(
        elements(d, 32, 4).map((old, i) => old + sum(i >> 1, i & 1)),
        32,
      );
    },
  });

/** A vector with elements of one width, many of them near its limits. */
function vector(random: Random): bigint {
  const bits = random.pick([8, 16, 32, 64]);
  const limits = [1n << BigInt(bits - 1), (1n << BigInt(bits - 1)) - 1n, (1n << BigInt(bits)) - 1n, 0n, 1n];
  const element = () => {
    if (random.chance(0.4)) return random.pick(limits);
    return random.chance(0.3) ? BigInt(random.below(140) - 70) : random.bits(bits);
  };
  return pack(
    Array.from({ length: 128 / bits }, () => element()),
    bits,
  );
}

const hex = (value: bigint) => value.toString(16).padStart(32, '0');

describe(`Advanced SIMD on integers (seed ${SEED})`, () => {
  test(`${cases.length} instructions compute what the manual says, and saturate where it says`, () => {
    const random = new Random(SEED);
    const trials = cases.flatMap(one =>
      Array.from({ length: TRIALS }, () => ({ ...one, n: vector(random), m: vector(random), d: vector(random) })),
    );
    const quads = (value: bigint) => `.quad 0x${unsignedOf(value, 64).toString(16)}, 0x${(value >> 64n).toString(16)}`;
    const { machine, symbols } = guest(
      `        .globl  _start
_start: mov     x0, #3 << 20
        msr     cpacr_el1, x0
        isb
        ldr     x0, =operands
        ldr     x1, =results
${cases
  .map(
    ({ text }) => `        mov     x3, #${TRIALS}
1:      ldp     q1, q2, [x0], #32
        ldr     q0, [x0], #16
        msr     fpsr, xzr
        ${text}
        mrs     x2, fpsr
        str     q0, [x1], #16
        str     x2, [x1], #16
        subs    x3, x3, #1
        b.ne    1b`,
  )
  .join('\n')}
done:   b       done
        .ltorg
        .data
        .balign 16
operands:
${trials.map(({ n, m, d }) => `        ${quads(n)}\n        ${quads(m)}\n        ${quads(d)}`).join('\n')}
results: .space ${32 * trials.length}
`,
    );
    machine.run(12 * trials.length + 100);
    const bytes = machine.board.memory.bytes(Number(symbols.get('results')), 32 * trials.length)!.slice();
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, 4 * trials.length);
    const problems = trials.flatMap(({ text, n, m, d, model }, i) => {
      saturated = false;
      const expected = model(n, m, d);
      const fpsr = saturated ? 1n << 27n : 0n;
      const result = words[4 * i]! | (words[4 * i + 1]! << 64n);
      const found = words[4 * i + 2]!;
      if (result === expected && found === fpsr) return [];
      return [
        `${text} with ${hex(n)}, ${hex(m)}, ${hex(d)}: ${hex(result)}, FPSR ${found.toString(16)}, not ${hex(expected)}, FPSR ${fpsr.toString(16)}`,
      ];
    });
    expect(problems.slice(0, 5)).toEqual([]);
  });
});
