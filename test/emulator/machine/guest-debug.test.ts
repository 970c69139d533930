import { describe, expect, test } from 'vitest';
import { guest } from './support.ts';

/**
 * EL1 debugs EL0. The handler keeps ESR, ELR and FAR of each exception in a log at X28, and goes on by `next` in X27:
 * an SVC ends the program.
 */
const program = (setUp: string, user: string, handled: string) => `
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        msr     oslar_el1, xzr
        ldr     x28, =log
        mov     x27, #0
        mov     x0, #1 << 15                // MDSCR_EL1.MDE
        msr     mdscr_el1, x0
${setUp}
        isb
        adr     x0, user
        msr     elr_el1, x0
        msr     spsr_el1, xzr
        eret
user:
${user}
        svc     #0
        .balign 2048
vectors: .space 0x400
        mrs     x16, esr_el1
        mrs     x17, elr_el1
        mrs     x18, far_el1
        stp     x16, x17, [x28], #16
        str     x18, [x28], #8
        lsr     x16, x16, #26
        cmp     x16, #0x15
        b.eq    finish
${handled}
        eret
finish: ldr     x0, =0x84000008
        hvc     #0
        .ltorg
        .data
        .balign 64
log:    .space  1024
data:   .quad   0x1122334455667788, 2, 3, 4
`;

interface Logged {
  readonly esr: bigint;
  readonly elr: bigint;
  readonly far: bigint;
}

function run(text: string) {
  const { machine, symbols, runToEnd } = guest(text);
  expect(runToEnd(10_000)).toMatchObject({ kind: 'ended', how: 'shutdown' });
  const { memory } = machine.board;
  const read = (at: bigint) => memory.view.getBigUint64(memory.linearAddress(Number(at)) as number, true);
  const start = symbols.get('log')!;
  const end = machine.core.units[0]!.state.readX(28);
  const log: Logged[] = [];
  for (let at = start; at < end; at += 24n) log.push({ esr: read(at), elr: read(at + 8n), far: read(at + 16n) });
  return { log, symbols, machine };
}

const classOf = ({ esr }: Logged) => Number(esr >> 26n);
const stepOver = `
        mrs     x16, elr_el1
        add     x16, x16, #4
        msr     elr_el1, x16
`;

describe('breakpoints of the guest itself', () => {
  const setUp = `
        adr     x0, here
        msr     dbgbvr0_el1, x0
        ldr     x0, =0x1e5                  // enabled, EL0, all bytes
        msr     dbgbcr0_el1, x0
`;
  const user = `
        mov     x5, #0
1:      add     x5, x5, #1
here:   add     x6, x6, #1
        cmp     x5, #3
        b.ne    1b
`;
  test('raise their exception before the instruction, each time', () => {
    const { log, symbols, machine } = run(program(setUp, user, stepOver));
    expect(log.map(classOf)).toEqual([0x30, 0x30, 0x30, 0x15]);
    expect(log.slice(0, 3).map(({ elr }) => elr)).toEqual(Array(3).fill(symbols.get('here')));
    expect(log[0]!.esr & 0x3fn).toBe(0x22n);
    expect(machine.core.units[0]!.state.readX(6)).toBe(0n);
  });

  test('do not match at a level that they do not name', () => {
    const { log, machine } = run(program(setUp.replace('0x1e5', '0x1e3'), user, stepOver));
    expect(log.map(classOf)).toEqual([0x15]);
    expect(machine.core.units[0]!.state.readX(6)).toBe(3n);
  });

  test('are taken after a breakpoint of the outer debugger at the same place has been reported', () => {
    const { machine, symbols } = guest(program(setUp, user, stepOver));
    machine.setBreakpoints(new Set([symbols.get('here')!]));
    expect(machine.run(10_000)).toMatchObject({ kind: 'breakpoint' });
    machine.run(1);
    const last = machine.exceptions.at(machine.exceptions.end - 1)!;
    expect(last).toMatchObject({ kind: 'exception', from: 0, to: 1, instruction: symbols.get('here') });
    expect(machine.run(10_000)).toMatchObject({ kind: 'breakpoint' });
    expect(machine.core.units[0]!.state.readX(5)).toBe(2n);
  });
});

describe('watchpoints of the guest itself', () => {
  const watch = (control: string) => `
        ldr     x0, =data + 8
        msr     dbgwvr0_el1, x0
        ldr     x0, =${control}
        msr     dbgwcr0_el1, x0
`;
  const user = `
        ldr     x1, =data
        ldr     x2, [x1, #8]                // read
        ldr     x2, [x1]                    // beside it
        str     x2, [x1, #8]                // write
        ldp     x2, x7, [x1]                // reaches into it
        mov     x3, #1
        ldadd   x3, x4, [x1, #8]            // does both
        strb    w3, [x1, #16]               // beside it
`.replace('ldadd   x3, x4, [x1, #8]', 'add x9, x1, #8\nldadd   x3, x4, [x9]');

  test('raise their exception before the access, with its address and direction', () => {
    const { log, symbols } = run(program(watch('0x1ffd'), user, stepOver));
    const data = symbols.get('data')!;
    expect(log.map(classOf)).toEqual([0x34, 0x34, 0x34, 0x34, 0x15]);
    expect(log.slice(0, 4).map(({ far }) => far - data)).toEqual([8n, 8n, 8n, 8n]);
    expect(log.slice(0, 4).map(({ esr }) => (esr >> 6n) & 1n)).toEqual([0n, 1n, 0n, 0n]);
  });

  test('watch stores only, where they say so', () => {
    const { log } = run(program(watch('0x1ff5'), user, stepOver));
    expect(log.map(classOf)).toEqual([0x34, 0x34, 0x15]);
    expect(log.slice(0, 2).map(({ esr }) => (esr >> 6n) & 1n)).toEqual([1n, 1n]);
  });

  test('watch the bytes that they select', () => {
    const bytes = `
        ldr     x1, =data
        ldrb    w2, [x1, #8]
        ldrb    w2, [x1, #10]
        ldrh    w2, [x1, #10]
`;
    const { log, symbols } = run(program(watch('0x040d'), bytes, stepOver));
    expect(log.map(classOf)).toEqual([0x15]);
    const third = run(program(watch('0x008d'), bytes, stepOver)).log;
    expect(third.map(({ far }) => far - symbols.get('data')!).slice(0, 2)).toEqual([10n, 10n]);
  });

  test('come into force although the page was reached before, and cease to be', () => {
    const { log } = run(
      program(
        '        ldr x1, =data\n        str xzr, [x1, #8]\n        ldr x2, [x1, #8]\n' + watch('0x1ffd'),
        user,
        `${stepOver}        msr dbgwcr0_el1, xzr\n`,
      ),
    );
    expect(log.map(classOf)).toEqual([0x34, 0x15]);
  });
});

describe('software step by the guest itself', () => {
  test('takes an exception after each instruction and tells which was a load-exclusive', () => {
    const { log, symbols } = run(
      program(
        '        mov x0, #1\n        msr mdscr_el1, x0\n',
        `
        ldr     x1, =data
        ldxr    x2, [x1]
        add     x2, x2, #1
`,
        '        mrs x16, spsr_el1\n        orr x16, x16, #1 << 21\n        msr spsr_el1, x16\n',
      ).replace('msr     spsr_el1, xzr', 'mov x0, #1 << 21\n        msr spsr_el1, x0'),
    );
    expect(log.map(classOf)).toEqual([0x32, 0x32, 0x32, 0x15]);
    const user = symbols.get('user')!;
    expect(log.slice(0, 3).map(({ elr }) => elr - user)).toEqual([4n, 8n, 12n]);
    expect(log.slice(0, 3).map(({ esr }) => esr & 0x1ff_ffffn)).toEqual([0x100_0022n, 0x100_0062n, 0x100_0022n]);
  });
});
