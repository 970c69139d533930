import { describe, expect, test } from 'vitest';
import { guest, semihostingMacros } from './support.ts';

const ENABLED = ['-semihosting-config', 'enable=on'];

describe('a guest that calls semihosting by HLT #0xF000', () => {
  const greeting = `${semihostingMacros}
        .globl  _start
_start: ldr     x1, =text
        semihost 4
        exit    7
        .data
text:   .asciz  "Hello\\n"
        exit_block
`;

  test('writes to the terminal and ends with its own status', () => {
    const { output, runToEnd } = guest(greeting, ENABLED);
    expect(runToEnd()).toMatchObject({ kind: 'ended', how: 'exit', status: 7 });
    expect(output()).toBe('Hello\n');
  });

  test('meets an undefined instruction where it is not enabled', () => {
    const { machine, output } = guest(greeting);
    machine.run(20);
    expect(output()).toBe('');
    expect(machine.exceptions.at(0)).toMatchObject({ kind: 'exception', from: 1, to: 1 });
  });

  test('writes the same text once, however often it is gone back', () => {
    const { machine, output, runToEnd } = guest(greeting, ENABLED);
    runToEnd();
    for (const position of [0, 1, machine.position - 1]) {
      machine.travelTo(position);
      expect(runToEnd()).toMatchObject({ kind: 'ended', status: 7 });
    }
    expect(output()).toBe('Hello\n');
  });

  test('at EL0 does so only where the options allow it', () => {
    const program = `${semihostingMacros}
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        adr     x0, user
        msr     elr_el1, x0
        msr     spsr_el1, xzr
        eret
user:   exit    1
        .balign 2048
vectors: .space 0x400
        exit    2
        .data
        exit_block
`;
    expect(guest(program, ENABLED).runToEnd()).toMatchObject({ how: 'exit', status: 2 });
    const allowed = ['-semihosting-config', 'enable=on,userspace=on'];
    expect(guest(program, allowed).runToEnd()).toMatchObject({ how: 'exit', status: 1 });
  });

  test('waits for what is typed, and no other instruction is executed meanwhile', () => {
    const program = `${semihostingMacros}
        .globl  _start
_start: mov     x20, #0
read:   mov     x1, #0
        add     x20, x20, #1
        semihost 7
        ldr     x1, =letter
        strb    w0, [x1]
        semihost 3
        cmp     x20, #3
        b.ne    read
        exit    0
        .data
letter: .byte   0
        exit_block
`;
    const { machine, output, runToEnd } = guest(program, ENABLED);
    expect(runToEnd()).toEqual({ kind: 'idle' });
    const idleAt = machine.position;
    expect(runToEnd()).toEqual({ kind: 'idle' });
    expect(machine.position).toBe(idleAt);
    machine.sendSerialInput(Uint8Array.of(0x61, 0x62));
    expect(runToEnd()).toEqual({ kind: 'idle' });
    expect(output()).toBe('ab');
    const afterTwo = { position: machine.position, hash: machine.stateHash() };
    machine.sendSerialInput(Uint8Array.of(0x63));
    expect(runToEnd()).toMatchObject({ how: 'exit', status: 0 });
    const end = { position: machine.position, hash: machine.stateHash() };
    machine.travelTo(afterTwo.position - 1);
    machine.travelTo(end.position);
    expect(machine.stateHash()).toBe(end.hash);
    expect(output()).toBe('abc');
  });

  test('learns its command line and where its heap may be', () => {
    const program = `${semihostingMacros}
        .globl  _start
_start: ldr     x1, =line
        semihost 0x15
        ldr     x1, =buffer
        semihost 4
        ldr     x1, =heap
        semihost 0x16
        ldr     x1, =areas
        ldp     x2, x3, [x1]
        ldp     x4, x5, [x1, #16]
        str     x2, [x2]
        str     x3, [x3, #-8]
        sub     x6, x3, x2
        mov     x7, x2
        exit    0
        .data
        .balign 8
line:   .quad   buffer, 64
heap:   .quad   areas
areas:  .quad   0, 0, 0, 0
buffer: .space  64
        exit_block
`;
    const { machine, output, runToEnd } = guest(program, ['-semihosting-config', 'enable=on,arg=guest,arg=fast']);
    expect(runToEnd()).toMatchObject({ how: 'exit', status: 0 });
    expect(output()).toBe('guest fast');
    const { state } = machine.core.units[0]!;
    expect(state.readX(6)).toBeGreaterThan(8n << 20n);
    expect([state.readX(4), state.readX(5)]).toEqual([state.readX(3), state.readX(7)]);
  });

  test('reaches memory through its own translation, and only what it may write', () => {
    const program = `${semihostingMacros}
        .globl  _start
_start: ldr     x0, =table
        ldr     x1, =0x40000000 | 0x701           // 1 GiB: its own addresses
        str     x1, [x0, #8]
        ldr     x1, =0x40000000 | 0x781           // 1 GiB at 0x80000000: the same, read-only
        str     x1, [x0, #16]
        msr     ttbr0_el1, x0
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =0x200803519
        msr     tcr_el1, x0
        isb
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        msr     sctlr_el1, x0
        isb
        ldr     x1, =text + 0x40000000
        semihost 4
        ldr     x1, =line + 0x40000000
        semihost 0x15                             // its answer would go to read-only memory
        mov     x20, x0
        ldr     x1, =0x2000000000
        semihost 4
        mov     x21, x0
        exit    0
        .ltorg
        .data
        .balign 4096
table:  .space  4096
line:   .quad   buffer + 0x40000000, 64
buffer: .space  64
text:   .asciz  "mapped"
        exit_block
`;
    const { machine, output, runToEnd } = guest(program, ENABLED);
    expect(runToEnd()).toMatchObject({ how: 'exit', status: 0 });
    expect(output()).toBe('mapped');
    const { state } = machine.core.units[0]!;
    const failed = (1n << 64n) - 1n;
    expect([state.readX(20), state.readX(21)]).toEqual([failed, failed]);
  });
});

describe('virtual time as a guest reads it', () => {
  test('goes on with every instruction and does not depend on how the run is cut', () => {
    const program = `
        .globl  _start
_start: mov     x9, #0
again:  mrs     x1, cntvct_el0
        mov     x2, #400
1:      subs    x2, x2, #1
        b.ne    1b
        mrs     x3, cntvct_el0
        sub     x4, x3, x1
        add     x9, x9, x4
        b       again
`;
    const whole = guest(program).machine;
    whole.run(100_000);
    const cut = guest(program).machine;
    while (cut.position < 100_000) cut.run(Math.min(777, 100_000 - cut.position));
    expect(whole.core.units[0]!.state.readX(4)).toBeGreaterThanOrEqual(50n);
    expect(cut.stateHash()).toBe(whole.stateHash());
  });
});
