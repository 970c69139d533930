import { describe, expect, test } from 'vitest';
import { guest } from './support.ts';

/**
 * Three levels: a host at EL2, a hypervisor of its at EL1 that believes to be at EL2, and that one's guest at EL1.
 *
 * The host keeps what it is told in a log at X28 of its own (`told`), forwards HVC #0 of the guest to the hypervisor as an
 * exception of its virtual EL2, and carries out the hypervisor's ERET.
 */
const program = (options: { hcr: string; hypervisor: string; guest?: string; handled?: string }) => `
        .equ    NV, 1 << 42
        .equ    NV1, 1 << 43
        .equ    NV2, 1 << 45
        .equ    RW, 1 << 31
        .macro  number register, value
        movz    \\register, #((\\value) & 0xffff)
        movk    \\register, #(((\\value) >> 16) & 0xffff), lsl #16
        movk    \\register, #(((\\value) >> 32) & 0xffff), lsl #32
        movk    \\register, #(((\\value) >> 48) & 0xffff), lsl #48
        .endm
        .macro  tell value
        str     \\value, [x28], #8
        .endm
        .globl  _start
_start: adr     x0, host_vectors
        msr     vbar_el2, x0
        ldr     x28, =log
        number  x0, RW | ${options.hcr}
        msr     hcr_el2, x0
        ldr     x0, =nested_registers
        msr     vncr_el2, x0
        mov     x0, #0x3c5                  // EL1h, which the hypervisor sees as EL2h
        msr     spsr_el2, x0
        adr     x0, hypervisor
        msr     elr_el2, x0
        isb
        eret

hypervisor:
${options.hypervisor}
        hvc     #1                          // the end
guest:
${options.guest ?? ''}
        hvc     #1

        .balign 2048
host_vectors:
        .rept   16
        b       exited
        .balign 128
        .endr
exited: mrs     x20, esr_el2
        tell    x20
        ubfx    x21, x20, #26, #6
        cmp     x21, #0x16                  // HVC
        b.ne    1f
        tst     x20, #1
        b.ne    finish
1:
${options.handled ?? ''}
        b       finish
finish: ldr     x0, =0x84000008
        smc     #0
        .ltorg
        .data
        .balign 4096
nested_registers: .space 4096
tables: .space  4096
log:    .space  1024
`;

function run(options: Parameters<typeof program>[0]) {
  const words = ['-M', 'virt,virtualization=on', '-cpu', 'trapdoor'];
  const { machine, symbols, runToEnd } = guest(program(options), words);
  expect(runToEnd(20_000)).toMatchObject({ kind: 'ended', how: 'shutdown' });
  const { memory } = machine.board;
  const read = (at: bigint) => memory.view.getBigUint64(memory.linearAddress(Number(at)) as number, true);
  const { state } = machine.core.units[0]!;
  const log: string[] = [];
  for (let at = symbols.get('log')!; at < state.readX(28); at += 8n) log.push(read(at).toString(16));
  const nested = (offset: number) => read(symbols.get('nested_registers')! + BigInt(offset));
  return { log, nested, state, symbols };
}

const hvcEnd = '5a000001';

describe('A hypervisor at EL1', () => {
  test('has registers of EL2 in memory, and finds itself at EL2', () => {
    const { log, nested } = run({
      hcr: 'NV | NV2',
      hypervisor: `
        mrs     x0, CurrentEL
        tell    x0
        number  x1, RW | 1
        msr     hcr_el2, x1
        mov     x1, #0x1234
        msr     vttbr_el2, x1
        mrs     x2, vttbr_el2
        tell    x2
        mov     x1, #0x77
        msr     sctlr_el12, x1
        mrs     x2, ID_AA64MMFR2_EL1
        ubfx    x2, x2, #24, #4
        tell    x2`,
    });
    expect(log).toEqual(['8', '1234', '2', hvcEnd]);
    expect(nested(0x78)).toBe(0x8000_0001n);
    expect(nested(0x20)).toBe(0x1234n);
    expect(nested(0x110)).toBe(0x77n);
  });

  test('is stopped by a watchpoint on the memory of its registers, and goes on', () => {
    const text = program({ hcr: 'NV | NV2', hypervisor: '        mov     x1, #7\n        msr     vttbr_el2, x1' });
    const { machine, symbols } = guest(text, ['-M', 'virt,virtualization=on', '-cpu', 'trapdoor']);
    const at = Number(symbols.get('nested_registers')!) + 0x20;
    machine.setWatchpoints([{ id: 1, address: at, length: 8, access: 'write' }]);
    const stop = machine.run(10_000);
    expect(stop).toMatchObject({ kind: 'watchpoint', hit: { access: 'write', physicalAddress: at } });
    // What was watched is done by then.
    const { memory } = machine.board;
    expect(memory.view.getBigUint64(memory.linearAddress(at) as number, true)).toBe(7n);
    expect(machine.run(10_000)).toMatchObject({ kind: 'ended' });
  });

  test('enters its guest through the host, which carries out ERET and brings it exceptions', () => {
    const { log } = run({
      hcr: 'NV | NV2',
      hypervisor: `
        adr     x0, 2f
        msr     vbar_el2, x0                // has no place in memory: it traps
        mov     x0, #0x3c5
        msr     spsr_el2, x0
        adr     x0, guest
        msr     elr_el2, x0
        eret
2:      mrs     x0, esr_el2                 // an exception of virtual EL2
        tell    x0
        mrs     x0, elr_el2
        adr     x1, guest
        sub     x0, x0, x1
        tell    x0`,
      guest: `
        mrs     x0, CurrentEL
        tell    x0
        hvc     #2`,
      handled: `
        cmp     x21, #0x1a
        b.eq    enter
        cmp     x21, #0x18
        b.eq    trapped
        // HVC of the guest: to the hypervisor
        mrs     x0, hcr_el2
        number  x1, NV | NV2
        orr     x0, x0, x1
        msr     hcr_el2, x0
        msr     esr_el1, x20
        mrs     x0, elr_el2
        msr     elr_el1, x0
        msr     elr_el2, x25
        eret
enter:  mrs     x0, hcr_el2                 // the guest runs without nesting
        number  x1, NV | NV2
        bic     x0, x0, x1
        msr     hcr_el2, x0
        mrs     x0, elr_el1
        msr     elr_el2, x0
        eret
trapped: mov    x25, x0                     // MSR VBAR_EL2, X0
        mrs     x0, elr_el2
        add     x0, x0, #4
        msr     elr_el2, x0
        eret`,
    });
    // MSR VBAR_EL2 from X0, ERET, then the guest.
    expect(log.slice(0, 2)).toEqual(['62313000', '6a000000']);
    // The guest's CurrentEL, its HVC, what the hypervisor reads of it, and how far its guest had come.
    expect(log.slice(2)).toEqual(['4', '5a000002', '5a000002', 'c', hvcEnd]);
  });

  test('takes its own exceptions from what it believes to be EL2', () => {
    const { log } = run({
      hcr: 'NV | NV2',
      hypervisor: `
        adr     x0, own_vectors
        msr     vbar_el1, x0
        svc     #3
        b       5f
        .balign 2048
own_vectors:
        .space  0x200
        mrs     x0, spsr_el2
        and     x0, x0, #0xf
        tell    x0
        mrs     x0, esr_el2
        tell    x0
5:`,
    });
    expect(log).toEqual(['9', '56000003', hvcEnd]);
  });

  test("aborts to EL2 where the memory of its registers is not mapped, which says that it is VNCR_EL2's", () => {
    const { log, state } = run({
      hcr: 'NV | NV2',
      hypervisor: `
        hvc     #4
        mrs     x0, vttbr_el2`,
      handled: `
        cmp     x21, #0x16
        b.ne    7f
        // EL2 maps the program alone; the registers are to be behind it
        ldr     x0, =tables
        number  x1, 0x40000701
        str     x1, [x0, #8]
        msr     ttbr0_el2, x0
        mov     x1, #0xff
        msr     mair_el2, x1
        number  x1, 0x80803519
        msr     tcr_el2, x1
        number  x1, 0x30c51835
        mov     x2, #0x80000000
        msr     vncr_el2, x2
        isb
        msr     sctlr_el2, x1
        isb
        eret
7:      mrs     x0, far_el2
        tell    x0`,
    });
    // A Data Abort without change of level, VNCR, a read, translation fault at level 1.
    expect(log).toEqual(['5a000004', '96002005', '80000020']);
    expect(state.el).toBe(2);
  });

  test('without VHE keeps stage 1 tables in the form of EL2 and may use LDTR as a plain load', () => {
    const { log } = run({
      hcr: 'NV | NV1 | NV2',
      hypervisor: `
        ldr     x0, =tables                 // AP[1] and UXN in the form of EL1 would forbid to execute here
        number  x1, 0x0020000040000741      // AP[1], PXN
        str     x1, [x0, #8]
        hvc     #4                          // registers of EL1 are the guest's: the host turns stage 1 on
        tell    x0
        mov     x1, sp
        ldr     x2, =log
        ldtr    x3, [x2]
        tell    x3`,
      handled: `
        mov     x1, #0xff
        msr     mair_el1, x1
        number  x1, 0x200803519
        msr     tcr_el1, x1
        msr     ttbr0_el1, x0
        number  x1, 0x30d01805
        msr     sctlr_el1, x1
        mov     x0, #0x55
        eret`,
    });
    expect(log).toEqual(['5a000004', '55', '5a000004', hvcEnd]);
  });
});
