/** Instructions that only the model `trapdoor` has, against what they are defined by. */
import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';
import { Random } from '../translation/random.ts';

const SEED = 0xc55c;
const values = (random: Random) => [0n, 1n, (1n << 64n) - 1n, 1n << 63n, (1n << 63n) - 1n, 0x80n, random.bits(64)];

const signed = (x: bigint, width: number) => BigInt.asIntN(width, x);
const unsigned = (x: bigint, width: number) => BigInt.asUintN(width, x);
const ones = (x: bigint) => BigInt(x.toString(2).replaceAll('0', '').length);
const larger = (x: bigint, y: bigint) => (x > y ? x : y);
const smaller = (x: bigint, y: bigint) => (x < y ? x : y);

/** What each gives for numbers of a width. */
const one: Readonly<Record<string, (x: bigint, width: number) => bigint>> = {
  abs: (x, width) => (signed(x, width) < 0n ? -signed(x, width) : x),
  cnt: (x, width) => ones(unsigned(x, width)),
  ctz: (x, width) => (unsigned(x, width) === 0n ? BigInt(width) : ones((x & -x) - 1n)),
};
const two: Readonly<Record<string, (x: bigint, y: bigint, width: number) => bigint>> = {
  smax: (x, y, width) => larger(signed(x, width), signed(y, width)),
  smin: (x, y, width) => smaller(signed(x, width), signed(y, width)),
  umax: (x, y, width) => larger(unsigned(x, width), unsigned(y, width)),
  umin: (x, y, width) => smaller(unsigned(x, width), unsigned(y, width)),
};

interface Expected {
  readonly what: string;
  readonly value: bigint;
}

/** Runs lines that each leave X2 behind, and compares. */
function check(lines: readonly { text: string; expected: Expected }[], words: readonly string[]): string[] {
  const program = `        .globl  _start
_start: ldr     x9, =results
${lines.map(({ text }, i) => `${text}\n        str     x2, [x9], #8${i % 100 === 99 ? `\n        b       l${i}\n        .ltorg\nl${i}:` : ''}`).join('\n')}
done:   b       done
        .ltorg
        .data
        .balign 8
results: .space ${8 * lines.length}
`;
  const { machine, symbols } = guest(program, words);
  machine.run(10 * lines.length + 100);
  const bytes = machine.board.memory.bytes(Number(symbols.get('results')), 8 * lines.length)!.slice();
  const results = new BigUint64Array(bytes.buffer);
  return lines.flatMap(({ expected: { what, value } }, i) =>
    results[i] === value ? [] : [`${what} gives ${results[i]!.toString(16)}, not ${value.toString(16)}`],
  );
}

describe(`The model trapdoor (seed ${SEED})`, () => {
  test('counts, compares and takes absolute values of 32 and 64 bits', () => {
    const random = new Random(SEED);
    const lines: { text: string; expected: Expected }[] = [];
    const set = (x: bigint, y: bigint) =>
      `        ldr     x0, =0x${x.toString(16)}\n        ldr     x1, =0x${y.toString(16)}`;
    for (const width of [32, 64]) {
      const r = width === 64 ? 'x' : 'w';
      const add = (text: string, x: bigint, y: bigint, value: bigint) =>
        lines.push({
          text: `${set(x, y)}\n        ${text}`,
          expected: { what: `${text} of ${x.toString(16)}, ${y.toString(16)}`, value: unsigned(value, width) },
        });
      for (const x of values(random)) {
        for (const [name, compute] of Object.entries(one)) add(`${name} ${r}2, ${r}0`, x, 0n, compute(x, width));
        for (const [name, compute] of Object.entries(two)) {
          for (const y of values(random)) add(`${name} ${r}2, ${r}0, ${r}1`, x, y, compute(x, y, width));
          const immediate = name.startsWith('s') ? random.below(256) - 128 : random.below(256);
          add(`${name} ${r}2, ${r}0, #${immediate}`, x, 0n, compute(x, BigInt(immediate), width));
        }
      }
    }
    expect(check(lines, ['-cpu', 'trapdoor']).slice(0, 10)).toEqual([]);
  });

  test('branches on conditions with a hint as without', () => {
    const conditions = 'eq ne cs cc mi pl vs vc hi ls ge lt gt le al'.split(' ');
    const lines = conditions.flatMap((condition, i) =>
      [0, 4, 8, 2, 1, 9, 6, 15].map((nzcv, j) => {
        const [n, z, c, v] = [nzcv >> 3, (nzcv >> 2) & 1, (nzcv >> 1) & 1, nzcv & 1] as const;
        const bases = [z, c, n, v, c & ~z, Number(n === v), Number(n === v) & ~z, 1];
        const holds = condition === 'al' ? 1 : (bases[i >> 1] as number) ^ (i & 1);
        const text = `        mov     x2, #${nzcv << 4}
        lsl     x2, x2, #24
        msr     nzcv, x2
        mov     x2, #1
        bc.${condition} t${i}_${j}
        mov     x2, #0
t${i}_${j}:`;
        return { text, expected: { what: `bc.${condition} with NZCV ${nzcv}`, value: BigInt(holds) } };
      }),
    );
    expect(check(lines, ['-cpu', 'trapdoor'])).toEqual([]);
  });

  test('waits no longer than a limit says', () => {
    const wait = (name: string) => ({
      text: `        mrs     x3, cntvct_el0
        add     x3, x3, #50
1:      ${name}    x3
        mrs     x4, cntvct_el0
        cmp     x4, x3
        b.lo    1b
        cset    x2, hs`,
      expected: { what: name, value: 1n },
    });
    const { machine, symbols } = guest(
      `        .globl  _start
_start: ldr     x9, =results
${wait('wfit').text}
        str     x2, [x9]
${wait('wfet').text}
        str     x2, [x9, #8]
done:   b       done
        .ltorg
        .data
results: .quad  0, 0
`,
      ['-cpu', 'trapdoor'],
    );
    machine.run(20_000);
    const bytes = machine.board.memory.bytes(Number(symbols.get('results')), 16)!.slice();
    expect([...new BigUint64Array(bytes.buffer)]).toEqual([1n, 1n]);
  });

  test('has instructions that are UNDEFINED on max', () => {
    const { machine, symbols } = guest(
      `        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        cnt     x2, x2
done:   b       done
        .balign 2048
vectors: .skip  0x200
taken:  b       taken
`,
      ['-cpu', 'max'],
    );
    machine.run(100);
    const { state } = machine.core.units[0]!;
    expect(state.pc).toBe(symbols.get('taken'));
    expect(state.read('ESR_EL1') >> 26n).toBe(0n);
  });
});

describe('Newer hints and maintenance', () => {
  const lines = {
    hints: ['clrbhb', 'chkfeat x16', 'rprfm pldstrm, x1, [x2]', 'rprfm #63, x1, [sp]'],
    others: ['cosp rctx, x1', 'dsb ishnxs', 'tlbi vae1isnxs, x1', 'tlbi vmalle1osnxs', 'tlbi rvae1nxs, x1'],
  };
  /** The registers that lines leave changed, or the class of the exception that one took. */
  const outcome = (cpu: string, texts: readonly string[]) => {
    const { machine, symbols } = guest(
      `        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x1, #0x1000
        mov     x16, #-1
        mov     x2, #8
${texts.map(text => `        ${text}`).join('\n')}
done:   b       done
        .balign 2048
vectors: .skip  0x200
taken:  b       taken
`,
      ['-cpu', cpu],
    );
    machine.run(100);
    const { state } = machine.core.units[0]!;
    if (state.pc === symbols.get('taken')) return `class ${state.read('ESR_EL1') >> 26n}`;
    expect(state.pc).toBe(symbols.get('done'));
    return [1, 2, 16].map(n => BigInt.asIntN(64, state.readX(n)));
  };

  test('change nothing that a program sees', () => {
    expect(outcome('trapdoor', [...lines.hints, ...lines.others])).toEqual([0x1000n, 8n, -1n]);
  });

  test('are nothing, or UNDEFINED, where the features are absent', () => {
    expect(outcome('max', lines.hints)).toEqual([0x1000n, 8n, -1n]);
    for (const line of lines.others) expect(outcome('max', [line]), line).toBe('class 0');
  });
});

describe('Random numbers of a processing element', () => {
  const program = `        .globl  _start
_start: ldr     x9, =results
        mov     x3, #8
1:      mrs     x0, s3_3_c2_c4_0
        mrs     x1, s3_3_c2_c4_1
        cset    x2, eq
        stp     x0, x1, [x9], #16
        str     x2, [x9], #8
        subs    x3, x3, #1
        b.ne    1b
done:   b       done
        .ltorg
        .data
results: .space 8 * 24
`;
  const numbers = (...words: string[]) => {
    const { machine, symbols } = guest(program, ['-cpu', 'max', ...words]);
    machine.run(200);
    const bytes = machine.board.memory.bytes(Number(symbols.get('results')), 8 * 24)!.slice();
    const all = [...new BigUint64Array(bytes.buffer)];
    return { values: all.filter((_, i) => i % 3 < 2), empty: all.filter((_, i) => i % 3 === 2) };
  };

  test('differ from each other, are always there, and follow from the seed', () => {
    const first = numbers('-seed', '5');
    expect(new Set(first.values).size).toBe(16);
    expect(first.empty).toEqual(Array(8).fill(0n));
    expect(numbers('-seed', '5').values).toEqual(first.values);
    expect(numbers('-seed', '6').values).not.toEqual(first.values);
  });
});
