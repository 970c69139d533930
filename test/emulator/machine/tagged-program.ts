/** A bare-metal program with tagged memory. */

/** 2 MiB at 0x40000000 for the program and 2 MiB with tags behind it; checks are synchronous. X19 counts Data Aborts. */
export const taggedProgram = (body: string): string => `
        .global _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #0xf0ff                     // MAIR_EL1: plain and tagged
        msr     mair_el1, x0
        ldr     x0, =0x2000803519               // TCR_EL1: 39 bits, TBI0
        msr     tcr_el1, x0
        adrp    x0, level_one
        msr     ttbr0_el1, x0
        adrp    x1, level_two
        add     x2, x1, #3
        str     x2, [x0, #8]
        ldr     x2, =0x40000701
        str     x2, [x1]
        ldr     x2, =0x40200705
        str     x2, [x1, #8]
        dsb     sy
        isb
        ldr     x0, =0x90030d01805              // SCTLR_EL1: M, C, I, ATA, TCF = 1
        msr     sctlr_el1, x0
        isb
        mov     x19, #0
        mov     x20, #0x40200000
        ldr     x21, =0x0500000040200000
${body}
done:   ldr     x0, =0x84000008                 // PSCI: off
        hvc     #0

/* Gives the page at X20 the tag of X21. */
tag_page:
        mov     x0, #0
1:      add     x1, x21, x0
        stg     x1, [x1]
        add     x0, x0, #16
        cmp     x0, #4096
        b.ne    1b
        ret
        .balign 2048
vectors:
        .skip   0x200
        add     x19, x19, #1
        mrs     x22, esr_el1
        mrs     x23, far_el1
        mrs     x24, elr_el1
        add     x24, x24, #4
        msr     elr_el1, x24
        eret
        .ltorg
        .bss
        .balign 4096
level_one: .skip 4096
level_two: .skip 4096
`;
