/** Big-endian data at each Exception level as on QEMU: memory, devices, translation tables of both stages. */
import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { BARE_METAL_NEEDS } from './bare-metal.ts';
import { runOnBoth } from './both-machines.ts';

const EE = 1 << 25;
const E0E = 1 << 24;

/** What a level does with memory that it sees big-endian or not; literals are not used. X19 points to data, X22 to results. */
const accesses = (memory: 'normal' | 'device') => `
        adr     x19, pattern
        ldr     x0, [x19]
        ldr     w1, [x19, #4]
        ldrh    w2, [x19, #8]
        ldrsh   x3, [x19, #${memory === 'normal' ? 3 : 2}]
        ldp     w4, w5, [x19, #16]
        add     x6, x19, #24
        ldxr    x6, [x6]
        ldr     q0, [x19, #16]
        ld2     {v1.4h, v2.4h}, [x19]
        ldur    d3, [x19, #${memory === 'normal' ? 13 : 8}]
        mov     x7, #0x09010000             // the identification of the real-time clock
        ldr     w8, [x7, #0xfe0]
        stp     x0, x1, [x22], #16
        stp     x2, x3, [x22], #16
        stp     w4, w5, [x22], #8
        str     x6, [x22], #8
        str     q0, [x22], #16
        st1     {v1.8b, v2.8b}, [x22], #16
        str     d3, [x22], #8
        str     x8, [x22], #8
        mov     x0, #0x1234
        strh    w0, [x22], #2
        strb    w0, [x22], #6
        mov     x1, #5
        ldaddal x1, x2, [x22]
        stp     x2, xzr, [x22, #8]
        add     x22, x22, #24               // a multiple of 16 in all
`;

const program = `
        .arch   armv8.1-a
        .macro  control register, bits
        mrs     x9, \\register
        movz    x10, #((\\bits) >> 16), lsl #16
        orr     x9, x9, x10
        movz    x10, #((\\bits) & 0xffff)
        orr     x9, x9, x10
        msr     \\register, x9
        isb
        .endm
        .macro  go level, spsr, target      // leaves EL3 or EL2 downwards
        mov     x9, #\\spsr
        msr     spsr_el\\level, x9
        adr     x9, \\target
        msr     elr_el\\level, x9
        isb
        eret
        .endm
        .global _start
_start: ldr     x22, =RESULTS
        ldr     x0, =0x30501                // SCR_EL3: NS, RW, HCE
        msr     scr_el3, x0
        msr     cptr_el3, xzr
        mov     x0, #0x33ff
        msr     cptr_el2, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        adr     x0, vectors3
        msr     vbar_el3, x0
        adr     x0, vectors1
        msr     vbar_el1, x0
        ldr     x0, =0x80000000             // HCR_EL2.RW
        msr     hcr_el2, x0
        ldr     x0, =0x30c50830
        msr     sctlr_el2, x0
        ldr     x0, =0x30d00980
        msr     sctlr_el1, x0
        ldr     x20, =stage1
        ldr     x21, =stage2
        ldr     x23, =0xff                  // MAIR: Normal at 0, Device at 1
        msr     mair_el1, x23
        msr     mair_el2, x23
        ldr     x24, =0x80803519            // TCR_EL2: 39 bits
        msr     tcr_el2, x24
        ldr     x24, =0x200803519           // TCR_EL1
        msr     tcr_el1, x24
        ldr     x24, =0x80023559            // VTCR_EL2: 39 bits from level 1
        msr     vtcr_el2, x24
        control sctlr_el3, ${EE}
${accesses('device')}
        control sctlr_el2, ${EE}
        go      3, 0x3c9, level2

level2: // tables written and read big-endian: 1 GiB of devices, 1 GiB of memory
        mov     x0, #0x405
        movk    x0, #0x60, lsl #48
        str     x0, [x20]
        mov     x0, #0x701
        movk    x0, #0x4000, lsl #16
        str     x0, [x20, #8]
        mov     x0, #0x4c1
        str     x0, [x21]
        mov     x0, #0x7fd
        movk    x0, #0x4000, lsl #16
        str     x0, [x21, #8]
        msr     ttbr0_el2, x20
        msr     ttbr0_el1, x20
        msr     vttbr_el2, x21
        dsb     sy
        tlbi    alle2
        tlbi    alle1
        dsb     sy
        control sctlr_el2, 1
${accesses('normal')}
        mrs     x9, hcr_el2
        orr     x9, x9, #1                  // stage 2
        msr     hcr_el2, x9
        control sctlr_el1, ${EE + 1}
        go      2, 0x3c5, level1
level1:
${accesses('normal')}
        mrs     x9, sctlr_el1               // little-endian from here, and EL0 big-endian
        and     x9, x9, #~${EE}
        and     x9, x9, #~1
        msr     sctlr_el1, x9
        isb
${accesses('device')}
        control sctlr_el1, ${E0E}
        go      1, 0x3c0, level0
level0:
${accesses('device')}
        svc     #0                          // ends at EL3, as everything

        .balign 2048
vectors1:
        .skip   0x400
        smc     #0
        .balign 2048
vectors3:
        .skip   0x400
        mrs     x9, sctlr_el3
        and     x9, x9, #~${EE}
        msr     sctlr_el3, x9
        isb
        b       finish
        .balign 16
pattern: .byte  0x81,0x92,0xa3,0xb4,0xc5,0xd6,0xe7,0xf8,0x19,0x2a,0x3b,0x4c,0x5d,0x6e,0x7f,0x80
        .byte   0x01,0x12,0x23,0x34,0x45,0x56,0x67,0x78,0x89,0x9a,0xab,0xbc,0xcd,0xde,0xef,0xf0
        .bss
        .balign 4096
stage1: .skip   4096
stage2: .skip   4096
`;

/** Doublewords that a level stores. */
const WORDS = 16;

describe('Big-endian data', () => {
  testWith(...BARE_METAL_NEEDS)('read and write as on QEMU at each level, with tables in their byte order', () => {
    const { ours, theirs } = runOnBoth(program, 'armv8.1-a');
    const hex = (words: readonly bigint[]) => words.map(word => word.toString(16).padStart(16, '0'));
    expect(theirs.length).toBe(5 * WORDS);
    expect(hex(ours)).toEqual(hex(theirs));
    const level = (index: number) => hex(theirs.slice(index * WORDS, (index + 1) * WORDS));
    // EL3 and EL0 did the same in the same byte order, EL1 at last in the other.
    expect(level(4)).toEqual(level(0));
    expect(level(3)).not.toEqual(level(0));
  });
});
