import { describe, expect, test } from 'vitest';
import { guest } from './support.ts';

/**
 * EL1 counts instructions of EL0 and asks for an interrupt after 1000 of them (PPI 23). The handler keeps the counter of
 * a loop that EL0 runs, and ends the program.
 */
const program = `
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        ldr     x1, =0x08000000             // GICD_CTLR: affinity routing, groups
        mov     w0, #0x12
        str     w0, [x1]
        ldr     x1, =0x080b0000             // the redistributor's SGI frame
        mov     w0, #-1
        str     w0, [x1, #0x80]             // GICR_IGROUPR0
        mov     w0, #1 << 23
        str     w0, [x1, #0x100]            // GICR_ISENABLER0
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        mov     x0, #0x08
        movk    x0, #0x8000, lsl #16        // INST_RETIRED, not at EL1
        msr     pmevtyper0_el0, x0
        ldr     x0, =0xffffffff - 999
        msr     pmevcntr0_el0, x0
        mov     x0, #1
        msr     pmintenset_el1, x0
        msr     pmcntenset_el0, x0
        msr     pmcr_el0, x0
        isb
        adr     x0, user
        msr     elr_el1, x0
        msr     spsr_el1, xzr
        mov     x5, #0
        mov     x6, #5000
        eret
user:   add     x5, x5, #1
        subs    x6, x6, #1
        b.ne    user
        b       .
        .balign 2048
vectors: .space 0x480
        mrs     x7, icc_iar1_el1
        mrs     x8, pmovsset_el0
        mrs     x9, pmevcntr0_el0
        ldr     x0, =0x84000008
        hvc     #0
`;

describe('the performance monitors’ overflow interrupt', () => {
  test('arrives at the first point after the overflow at which interrupts are taken', () => {
    const { machine, runToEnd } = guest(program, ['-M', 'gic-version=3']);
    expect(runToEnd(100_000)).toMatchObject({ kind: 'ended', how: 'shutdown' });
    const { state } = machine.core.units[0]!;
    expect(state.readX(7)).toBe(23n);
    expect(state.readX(8)).toBe(1n);
    // Three instructions a loop, and the ERET: the interrupt is taken after the loop with the thousandth instruction.
    expect(state.readX(5)).toBe(334n);
    expect(state.readX(9) & 0xffff_ffffn).toBe(BigInt(1 + 3 * 334 - 1000));
  });

  test('arrives at the same place however the run is cut', () => {
    const { machine } = guest(program, ['-M', 'gic-version=3']);
    for (;;) if (machine.run(7).kind !== 'budget') break;
    expect(machine.core.units[0]!.state.readX(5)).toBe(334n);
  });
});
