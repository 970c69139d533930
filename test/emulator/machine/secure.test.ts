import { describe, expect, test } from 'vitest';
import { readElfImage } from '../../../emulator/machine/elf-image.ts';
import { assemble, guest, machineWith } from './support.ts';

const SECURE = ['-M', 'virt,secure=on,virtualization=on,gic-version=3'];

describe('a machine with secure=on', () => {
  test('starts a program at EL3, which goes down to EL2 and EL1 and is called back by SMC', () => {
    const { machine, symbols } = guest(
      `
        .globl  _start
_start: mrs     x20, currentel
        adr     x0, monitor_vectors
        msr     vbar_el3, x0
        ldr     x0, =0x531                  // RW, HCE, and Non-secure
        msr     scr_el3, x0
        adr     x0, hypervisor
        msr     elr_el3, x0
        mov     x0, #0x3c9
        msr     spsr_el3, x0
        eret
hypervisor:
        mrs     x21, currentel
        mov     x0, #0x80000000
        msr     hcr_el2, x0
        adr     x0, kernel
        msr     elr_el2, x0
        mov     x0, #0x3c5
        msr     spsr_el2, x0
        eret
kernel: mrs     x22, currentel
        mov     x0, #0x55
        smc     #0x123
        mov     x24, x0
        b       .
        .balign 2048
monitor_vectors:
        .space  0x400
        mrs     x23, esr_el3                // from a lower level, AArch64, synchronous
        add     x0, x0, #1
        eret
`,
      SECURE,
    );
    machine.run(40);
    const { state } = machine.core.units[0]!;
    expect([20, 21, 22].map(n => state.readX(n) >> 2n)).toEqual([3n, 2n, 1n]);
    expect(state.readX(23)).toBe((0x17n << 26n) | (1n << 25n) | 0x123n);
    expect(state.readX(24)).toBe(0x56n);
    const levels = [0, 1, 2, 3].map(i => machine.exceptions.at(i)!).map(r => `${r.kind} ${r.from} ${r.to}`);
    expect(levels).toEqual(['return 3 2', 'return 2 1', 'exception 1 3', 'return 3 1']);
    expect(machine.exceptions.at(2)).toMatchObject({ fromSecure: false, toSecure: true });
    expect(machine.exceptions.at(2)).toMatchObject({ instruction: symbols.get('kernel')! + 8n });
  });

  test('gives a guest of Secure EL2 virtual interrupts', () => {
    const { machine } = guest(
      `
        .globl  _start
_start: ldr     x0, =(1 << 18) | (1 << 10)  // EEL2, RW
        msr     scr_el3, x0
        mov     x0, #0xf
        msr     icc_sre_el3, x0
        isb
        msr     icc_sre_el2, x0
        ldr     x0, =(1 << 31) | (1 << 4)   // RW, IMO
        msr     hcr_el2, x0
        mov     x0, #1
        msr     ich_hcr_el2, x0
        ldr     x0, =(0xff << 24) | 2       // VPMR, VENG1
        msr     ich_vmcr_el2, x0
        ldr     x0, =(1 << 62) | (1 << 60) | (0x80 << 48) | 42
        msr     ich_lr0_el2, x0
        adr     x0, 1f
        msr     elr_el3, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        eret
1:      mrs     x20, isr_el1
        mrs     x21, icc_iar1_el1
        msr     icc_eoir1_el1, x21
        mrs     x22, isr_el1
        b       .
        .ltorg
`,
      SECURE,
    );
    machine.run(60);
    const { state } = machine.core.units[0]!;
    expect([20, 21, 22].map(n => state.readX(n))).toEqual([0x80n, 42n, 0n]);
  });

  test('is not the firmware itself: an unhandled SMC is an exception at EL3', () => {
    const { machine } = guest(
      `
        .globl  _start
_start: ldr     x0, =0x84000008
        smc     #0
        b       .
`,
      SECURE,
    );
    expect(machine.run(10)).toEqual({ kind: 'budget' });
    expect(machine.exceptions.at(0)).toMatchObject({ kind: 'exception', from: 3, to: 3 });
  });

  test('enters a raw kernel at Non-secure EL2, with its interrupts and firmware at hand', () => {
    const { elf } = assemble(`
        .globl  _start
_start: mrs     x20, currentel
        mrs     x21, icc_sre_el2
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        ldr     x1, =0x08000000
        mov     w0, #0x12
        str     w0, [x1]                    // GICD_CTLR: group 1 for Non-secure
        ldr     x1, =0x080b0000             // SGI frame of the first redistributor
        ldr     w22, [x1, #0x80]            // GICR_IGROUPR0 is not for Non-secure eyes
        mov     w0, #1 << 5
        str     w0, [x1, #0x100]
        str     w0, [x1, #0x200]
        mrs     x23, isr_el1
        mrs     x24, icc_iar1_el1
        ldr     x0, =0x84000000
        smc     #0
        mov     x25, x0
        ldr     x0, =0x84000008
        smc     #0
        b       .
        .ltorg
`);
    const bytes = readElfImage('kernel', elf).pieces[0]!.bytes;
    const { machine, runToEnd } = machineWith(new Map([['kernel', bytes]]), ['-kernel', 'kernel', ...SECURE]);
    expect(runToEnd(1000)).toMatchObject({ kind: 'ended', how: 'shutdown' });
    const { state } = machine.core.units[0]!;
    expect(state.readX(20) >> 2n).toBe(2n);
    expect(state.readX(21) & 1n).toBe(1n);
    expect(state.readX(24)).toBe(5n);
    expect(state.readX(25)).toBe(0x1_0001n);
  });
});
