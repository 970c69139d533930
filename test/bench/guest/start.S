// Entry at EL1 with the MMU off: maps devices by a 1 GiB block and the first 16 MiB of RAM by 4 KiB pages, identity.
    .section .text.start, "ax"
    .global _start
_start:
    ldr     x0, =stack_top
    mov     sp, x0
    adrp    x1, level_1
    adrp    x2, level_2
    adrp    x3, level_3
    ldr     x4, =0x401                  // block, access flag, attribute 0
    str     x4, [x1]
    orr     x4, x2, #3
    str     x4, [x1, #8]
    mov     x5, #0
1:  add     x4, x3, x5, lsl #12
    orr     x4, x4, #3
    str     x4, [x2, x5, lsl #3]
    add     x5, x5, #1
    cmp     x5, #8
    b.ne    1b
    mov     x5, #0
    ldr     x6, =0x40000707             // page, access flag, inner shareable, attribute 1
2:  str     x6, [x3, x5, lsl #3]
    add     x6, x6, #0x1000
    add     x5, x5, #1
    cmp     x5, #4096
    b.ne    2b
    ldr     x0, =0xff00                 // 0: Device-nGnRnE, 1: Normal write-back
    msr     mair_el1, x0
    ldr     x0, =0x200803519            // 39-bit addresses, 4 KiB pages, write-back, TTBR1 off
    msr     tcr_el1, x0
    msr     ttbr0_el1, x1
    dsb     ish
    tlbi    vmalle1
    dsb     ish
    isb
    mrs     x0, sctlr_el1
    ldr     x2, =0x1005                 // M, C, I
    orr     x0, x0, x2
    bic     x0, x0, #2                  // A
    msr     sctlr_el1, x0
    isb
    mov     x0, #3 << 20                // FP and SIMD
    msr     cpacr_el1, x0
    isb
    bl      main
3:  b       3b

    .section .bss
    .balign 4096
level_1: .space 4096
level_2: .space 4096
level_3: .space 4096 * 8
    .space  65536
stack_top:
