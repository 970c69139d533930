/** Exclusive, atomic and ordered accesses that are not aligned: FEAT_LSE2. */
import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';

/** Instructions on [x1], with the bytes that they access. */
const exclusive = [
  { text: 'ldxrh w3, [x1]', size: 2 },
  { text: 'ldaxr w3, [x1]', size: 4 },
  { text: 'ldxr x3, [x1]', size: 8 },
  { text: 'ldxp w3, w4, [x1]', size: 8 },
  { text: 'ldaxp x3, x4, [x1]', size: 16 },
  { text: 'ldaddal w2, w3, [x1]', size: 4 },
  { text: 'swph w2, w3, [x1]', size: 2 },
  { text: 'ldumax x2, x3, [x1]', size: 8 },
  { text: 'cas x2, x3, [x1]', size: 8 },
  { text: 'casp w2, w3, w4, w5, [x1]', size: 8 },
  { text: 'casp x2, x3, x4, x5, [x1]', size: 16 },
];
const ordered = [
  { text: 'ldar x3, [x1]', size: 8 },
  { text: 'ldarh w3, [x1]', size: 2 },
  { text: 'stlr w2, [x1]', size: 4 },
  { text: 'stlr x2, [x1]', size: 8 },
  { text: 'ldapr w3, [x1]', size: 4 },
  { text: 'ldapur x3, [x1]', size: 8 },
  { text: 'stlurh w2, [x1]', size: 2 },
];
/** FEAT_LRCPC3. */
const newer = [
  { text: 'ldapr w3, [x1], #4', size: 4 },
  { text: 'ldapr x3, [x1], #8', size: 8 },
  { text: 'ldapur q3, [x1]', size: 16 },
  { text: 'ldapur h3, [x1]', size: 2 },
  { text: 'stlur d2, [x1]', size: 8 },
  { text: 'stlur q2, [x1]', size: 16 },
  { text: 'ldap1 {v3.d}[1], [x1]', size: 8 },
  { text: 'stl1 {v2.d}[0], [x1]', size: 8 },
];
/** Of two parts, each of which may be where it is aligned; `size` is that of a part. */
const pairs = [
  { text: 'ldiapp w3, w4, [x1]', size: 4 },
  { text: 'ldiapp x3, x4, [x1], #16', size: 8 },
  { text: 'stilp w2, w3, [x1]', size: 4 },
  { text: 'stilp x2, x3, [x1]', size: 8 },
];
const old = [...exclusive, ...ordered];
const all = [...old, ...newer];
const texts = [...all, ...pairs].map(({ text }) => text);

const program = `        .globl  _start
_start: mov     x0, #3 << 20
        msr     cpacr_el1, x0
        ldr     x0, =vectors
        msr     vbar_el1, x0
        ldr     x1, =level1
        msr     ttbr0_el1, x1
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =0x2500803519
        msr     tcr_el1, x0
        ldr     x0, =0x40000701
        str     x0, [x1, #8]
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        msr     sctlr_el1, x0
        isb
ready:  b       ready
${texts.map((text, i) => `one${i}:   ${text}\n        b       done`).join('\n')}
add:    ldxr    w3, [x1]
        add     w3, w3, #1
        stlxr   w4, w3, [x1]
        b       done
moving: ldiapp  w3, w4, [x1], #8
        ldiapp  x5, x6, [x1], #16
        ldapr   w7, [x1], #4
        ldapr   x8, [x1], #8
        mov     x9, x1
        stlr    x8, [x1, #-8]!
        stlr    w3, [x1, #-4]!
        stilp   x6, x5, [x1, #-16]!
        stilp   w4, w7, [x1, #-8]!
        b       done
vector: movi    v0.16b, #0xee
        ldapur  q1, [x1, #1]
        ldapur  b2, [x1, #3]
        ldapur  s3, [x1, #8]
        ldap1   {v0.d}[1], [x1]
        stlur   q1, [x1, #33]
        stl1    {v0.d}[1], [x1]
        stlur   h1, [x1, #-2]
        mov     x3, v0.d[0]
        mov     x4, v0.d[1]
        mov     x5, v2.d[0]
        mov     x6, v3.d[0]
        mov     x7, v3.d[1]
done:   b       done
        .balign 2048
vectors: .space 512
fault:  b       fault
        .space  1532
        .data
        .balign 4096
level1: .space  4096
bytes:  .space  64
`;

function world(cpu: string) {
  const { machine, symbols } = guest(program, ['-cpu', cpu]);
  const { state } = machine.core.units[0]!;
  const address = (name: string) => symbols.get(name) as bigint;
  const go = (from: string, to: string) => {
    machine.change(() => {
      state.pc = address(from);
    });
    machine.setBreakpoints(new Set([address(to), address('fault')]));
    machine.run(10_000);
    return state.pc === address('fault') ? 'fault' : 'done';
  };
  go('_start', 'ready');
  const memory = machine.board.memory.bytes(Number(address('bytes')), 64) as Uint8Array;
  const control = (bit: number, value: 0 | 1) =>
    machine.change(() => {
      const before = state.read('SCTLR_EL1');
      const mask = 1n << BigInt(bit);
      state.write('SCTLR_EL1', value ? before | mask : before & ~mask);
    });
  const at = (label: string, offset: number) => {
    machine.change(() => {
      state.writeX(1, address('bytes') + BigInt(offset));
    });
    const result = go(label, 'done');
    if (result === 'fault') {
      expect(state.read('ESR_EL1') & 63n, label).toBe(0x21n);
      expect(state.read('FAR_EL1')).toBe(address('bytes') + BigInt(offset));
    }
    return result;
  };
  return { at, control, memory, state };
}

const offsets = [...Array(16).keys()];
const faultsAt = (run: ReturnType<typeof world>, label: string) =>
  offsets.filter(offset => run.at(label, offset) === 'fault');

describe('Exclusive, atomic and ordered accesses', () => {
  test('may be anywhere within 16 bytes with FEAT_LSE2, and beyond when ordered and SCTLR_ELx.nAA = 1', () => {
    const run = world('trapdoor');
    const crossing = (size: number) => offsets.filter(offset => offset + size > 16);
    all.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(crossing(size));
    });
    pairs.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${all.length + i}`), text).toEqual(
        crossing(2 * size).filter(offset => offset % size !== 0),
      );
    });
    run.control(6, 1);
    all.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(i < exclusive.length ? crossing(size) : []);
    });
    run.control(1, 1);
    [...all, ...pairs].forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(offsets.filter(offset => offset % size !== 0));
    });
  });

  test('must be aligned without it', () => {
    const run = world('max');
    old.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(offsets.filter(offset => offset % size !== 0));
    });
  });

  test('change the bytes that they name', () => {
    const run = world('trapdoor');
    run.memory.set(offsets.map(i => i));
    expect(run.at('add', 5)).toBe('done');
    expect(run.state.readX(4)).toBe(0n);
    expect([...run.memory.subarray(0, 16)]).toEqual(offsets.map(i => (i === 5 ? 6 : i)));
  });

  test('move pairs, registers with write-back and vectors in order (FEAT_LRCPC3)', () => {
    const run = world('trapdoor');
    const given = offsets.flatMap(i => [i, i + 16, i + 32, 255 - i]).sort((a, b) => a - b);
    const bytes = Uint8Array.from(given);
    const word = (at: number, size: number) =>
      [...bytes.subarray(at, at + size)].reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    run.memory.set(bytes);
    run.control(6, 1);
    const start = run.at('moving', 0) === 'done' ? run.state.readX(1) : -1n;
    expect([3, 4, 5, 6, 7, 8].map(n => run.state.readX(n))).toEqual([
      ...[word(0, 4), word(4, 4), word(8, 8), word(16, 8), word(24, 4), word(28, 8)],
    ]);
    expect(run.state.readX(9) - start).toBe(36n);
    const stored = [bytes.subarray(4, 8), bytes.subarray(24, 28), bytes.subarray(16, 24), bytes.subarray(8, 16)];
    expect([...run.memory.subarray(0, 36)]).toEqual(
      [...stored, bytes.subarray(0, 4), bytes.subarray(28, 36)].flatMap(part => [...part]),
    );

    run.memory.set(bytes);
    expect(run.at('vector', 8)).toBe('done');
    expect([3, 4, 5, 6, 7].map(n => run.state.readX(n))).toEqual([
      ...[0xeeee_eeee_eeee_eeeen, word(8, 8), word(11, 1), word(16, 4), 0n],
    ]);
    expect([...run.memory.subarray(41, 57)]).toEqual([...bytes.subarray(9, 25)]);
    expect([...run.memory.subarray(6, 8)]).toEqual([...bytes.subarray(9, 11)]);
  });
});
