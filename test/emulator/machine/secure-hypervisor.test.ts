import { expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { BARE_METAL_NEEDS } from '../processing-element/bare-metal.ts';
import { runOnBoth } from '../processing-element/both-machines.ts';

/**
 * The shape of a secure partition manager: a monitor at EL3, a hypervisor at Secure EL2, a partition at Secure EL1, and a
 * Non-secure hypervisor beside them. Every exception notes what it was told.
 */
const program = `
        .macro  note register
        str     \\register, [x22], #8
        .endm
        .macro  note_system name
        mrs     x10, \\name
        note    x10
        .endm

        .globl  _start
_start: ldr     x22, =RESULTS
        adr     x0, monitor_vectors
        msr     vbar_el3, x0
        mov     x0, #0xf
        msr     icc_sre_el3, x0
        ldr     x0, =(1 << 18) | (1 << 10) | (1 << 8) | 0x30   // EEL2, RW, HCE
        msr     scr_el3, x0
        isb
        mov     x0, #0xf
        msr     icc_sre_el2, x0
        adr     x0, partition_manager
        msr     elr_el3, x0
        mov     x0, #0x3c9
        msr     spsr_el3, x0
        eret

// ---- Secure EL2 -----------------------------------------------------------------------------------------------------
partition_manager:
        note_system CurrentEL
        adr     x0, hypervisor_vectors
        msr     vbar_el2, x0
        adr     x0, secure_stage2
        msr     vsttbr_el2, x0
        ldr     x0, =(1 << 31) | (1 << 6) | 32
        msr     vstcr_el2, x0
        note_system vstcr_el2
        adr     x0, non_secure_stage2
        movk    x0, #7, lsl #48
        msr     vttbr_el2, x0
        ldr     x0, =(1 << 31) | (1 << 6) | (2 << 16) | 32
        msr     vtcr_el2, x0
        ldr     x0, =(1 << 31) | (1 << 4) | (1 << 3) | 1       // RW, IMO, FMO, VM
        msr     hcr_el2, x0
        isb
        tlbi    alle1
        dsb     sy
        isb
        ldr     x0, =0x0e000040
        at      s12e1r, x0
        isb
        note_system par_el1
        ldr     x0, =0x80000000
        at      s12e1r, x0
        isb
        note_system par_el1
        adr     x0, partition
        msr     elr_el2, x0
        mov     x0, #0x3c5
        msr     spsr_el2, x0
        eret

hypervisor_call:                                // X11 is ESR_EL2
        and     x12, x11, #0xffff
        cmp     x12, #1
        b.eq    output_non_secure
        cmp     x12, #2
        b.eq    change_virtual
        cmp     x12, #3
        b.eq    tables_non_secure
        eret
output_non_secure:
        mrs     x12, vstcr_el2
        eor     x12, x12, #1 << 30              // SA
        b       new_controls
tables_non_secure:
        mrs     x12, vstcr_el2
        eor     x12, x12, #1 << 29              // SW
new_controls:
        msr     vstcr_el2, x12
        isb
        tlbi    vmalls12e1
        dsb     sy
        isb
        eret
change_virtual:
        mrs     x12, hcr_el2
        eor     x12, x12, #1 << 7               // VI
        msr     hcr_el2, x12
        isb
        eret

// ---- Secure EL1 -----------------------------------------------------------------------------------------------------
partition:
        note_system CurrentEL
        adr     x0, partition_vectors
        msr     vbar_el1, x0
        ldr     x1, =0x0e000040                 // memory that only the Secure world has
        ldr     x2, =0x1234567812345678
        str     x2, [x1]
        ldr     x3, [x1]
        note    x3
        hvc     #1                              // the same address, now Non-secure
        ldr     x3, [x1]
        hvc     #1
        ldr     x3, [x1]
        note    x3
        hvc     #3                              // tables in Non-secure memory are the same ones: RAM is in both
        ldr     x3, [x1]
        hvc     #3
        ldr     x1, =0x80000000                 // stage 2 does not map it
        ldr     x3, [x1, #0x40]
        str     x3, [x1, #0x80]

        adr     x0, stage1                      // stage 1 on, with Non-secure pages
        msr     ttbr0_el1, x0
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =(1 << 23) | (3 << 12) | 32
        msr     tcr_el1, x0
        isb
        tlbi    vmalle1
        dsb     sy
        mrs     x0, sctlr_el1
        mov     x2, #5                          // M and C
        orr     x0, x0, x2
        msr     sctlr_el1, x0
        isb
        ldr     x1, =0x80000000                 // a Non-secure address that stage 2 does not map
        ldr     x3, [x1, #0x48]
        ldr     x1, =0xc0000000                 // RAM as Non-secure memory
        adr     x2, word
        mov     x3, #0x40000000
        sub     x2, x2, x3
        ldr     x3, [x1, x2]
        note    x3
        at      s1e1r, x1
        isb
        note_system par_el1

        hvc     #2                              // a virtual interrupt
        msr     daifclr, #2
        isb
        msr     daifset, #2
        mov     x0, #1
        smc     #5                              // to the Non-secure world and back
        note    x0
        mrs     x3, vstcr_el2                   // UNDEFINED here
        mrs     x3, cptr_el2
        mov     x0, #99
        smc     #6

// ---- Non-secure EL2 -------------------------------------------------------------------------------------------------
normal: note_system CurrentEL
        mrs     x3, vstcr_el2                   // UNDEFINED here
        note_system hcr_el2
        mov     x0, #77
        smc     #7
        b       .

// ---- vectors --------------------------------------------------------------------------------------------------------
        .balign 2048
monitor_vectors:
        .space  0x400
        note_system esr_el3
        mrs     x23, scr_el3
        note    x23
        tbnz    x23, #0, 1f
        cmp     x0, #99
        b.eq    finish
        note_system hpfar_el2
        mrs     x24, elr_el3
        mrs     x25, spsr_el3
        orr     x23, x23, #1
        msr     scr_el3, x23
        isb
        mov     x0, #0xf
        msr     icc_sre_el2, x0
        adr     x0, normal
        msr     elr_el3, x0
        mov     x0, #0x3c9
        msr     spsr_el3, x0
        eret
1:      bic     x23, x23, #1
        msr     scr_el3, x23
        msr     elr_el3, x24
        msr     spsr_el3, x25
        eret
        .balign 2048
hypervisor_vectors:
        .space  0x200
        note_system esr_el2
        mrs     x10, elr_el2
        add     x10, x10, #4
        msr     elr_el2, x10
        eret
        .balign 0x400
        mrs     x11, esr_el2
        note    x11
        lsr     x10, x11, #26
        cmp     x10, #0x16
        b.eq    hypervisor_call
        note_system far_el2
        note_system hpfar_el2
        note_system spsr_el2
        mrs     x10, elr_el2
        add     x10, x10, #4
        msr     elr_el2, x10
        eret
        .balign 2048
partition_vectors:
        .space  0x200
        note_system esr_el1
        note_system far_el1
        mrs     x10, elr_el1
        add     x10, x10, #4
        msr     elr_el1, x10
        eret
        .balign 128
        note_system isr_el1
        hvc     #2
        note_system isr_el1
        eret

        .balign 4096
secure_stage2:
        .quad   0x7fd, 0x400007fd, 0, 0x400007fd
        .balign 4096
non_secure_stage2:
        .quad   0, 0x400007fd, 0, 0
        .balign 4096
stage1: .quad   0x701, 0x40000701, 0x80000721, 0x40000721
word:   .quad   0x5ec0de5ec0de5ec0
        .ltorg
`;

testWith(...BARE_METAL_NEEDS)('a partition manager at Secure EL2 sees and does what it does on QEMU', () => {
  const { ours, theirs } = runOnBoth(program, 'armv8.4-a');
  const text = (values: readonly bigint[]) => values.map(value => `0x${value.toString(16)}`);
  expect(text(ours)).toEqual(text(theirs));
  // It went all the way.
  expect(ours.at(-1)).toBe((1n << 18n) | (1n << 10n) | (1n << 8n) | 0x30n);
});
