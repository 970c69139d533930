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
const all = [...exclusive, ...ordered];

const program = `        .globl  _start
_start: ldr     x0, =vectors
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
${all.map(({ text }, i) => `one${i}:   ${text}\n        b       done`).join('\n')}
add:    ldxr    w3, [x1]
        add     w3, w3, #1
        stlxr   w4, w3, [x1]
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
    run.control(6, 1);
    all.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(i < exclusive.length ? crossing(size) : []);
    });
    run.control(1, 1);
    all.forEach(({ text, size }, i) => {
      expect(faultsAt(run, `one${i}`), text).toEqual(offsets.filter(offset => offset % size !== 0));
    });
  });

  test('must be aligned without it', () => {
    const run = world('max');
    all.forEach(({ text, size }, i) => {
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
});
