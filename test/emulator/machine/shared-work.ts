/**
 * A guest whose elements add to one counter under a lock made of LDAXR, STLXR, WFE and SEV. When all have started, the
 * first greets the others by a software-generated interrupt, which they count in `greeted`; then it switches off.
 */
export function sharedWork(count: number, gicVersion: 2 | 3, forever = false): string {
  const setUp = {
    2: `
        ldr     x1, =0x08000000
        mov     w0, #1
        str     w0, [x1]                    // GICD_CTLR
        mov     w0, #0xffff
        str     w0, [x1, #0x100]            // GICD_ISENABLER0: SGIs
        ldr     x1, =0x08010000
        mov     w0, #0xff
        str     w0, [x1, #4]
        mov     w0, #1
        str     w0, [x1]
`,
    3: `
        mov     x0, #1
        msr     icc_sre_el1, x0
        isb
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        isb
        ldr     x1, =0x08000000
        mov     w0, #0x12
        str     w0, [x1]                    // GICD_CTLR: affinity routing, group 1
        ldr     x1, =0x080a0000
        mov     x0, #0x20000
        madd    x1, x19, x0, x1             // the element's own redistributor
        ldr     w0, [x1, #0x14]
        bic     w0, w0, #2
        str     w0, [x1, #0x14]             // awake
        add     x1, x1, #0x10000
        mov     w0, #0xffff
        str     w0, [x1, #0x80]
        str     w0, [x1, #0x100]
`,
  }[gicVersion];
  const send = {
    2: `
        ldr     x1, =0x08000000
        ldr     w0, =0x01000003             // SGI 3 to all others
        str     w0, [x1, #0xf00]
`,
    3: `
        ldr     x0, =(1 << 40) | (3 << 24)
        msr     icc_sgi1r_el1, x0
        isb
`,
  }[gicVersion];
  const acknowledge = {
    2: `
        ldr     x10, =0x08010000
        ldr     w11, [x10, #0xc]
        str     w11, [x10, #0x10]
`,
    3: `
        mrs     x11, icc_iar1_el1
        msr     icc_eoir1_el1, x11
`,
  }[gicVersion];
  return `
        .globl  _start
_start: mov     x19, #0
        bl      prepare
        mov     x20, #1
start:  cmp     x20, #${count}
        b.eq    started
        ldr     x0, =0xc4000003             // CPU_ON
        mov     x1, x20
        adr     x2, secondary
        mov     x3, x20
        hvc     #0
        cbnz    x0, .
        add     x20, x20, #1
        b       start
started:
        bl      work
1:      ldr     x1, =ready
        ldr     x0, [x1]
        cmp     x0, #${count - 1}
        b.eq    2f
        wfe
        b       1b
2:${send}
3:      ldr     x1, =greeted
        ldar    x0, [x1]
        cmp     x0, #${count - 1}
        b.ne    3b
${forever ? '        mov x21, #0\n' : `        ldr     x0, =0x84000008\n        hvc     #0\n`}
4:      bl      work
        b       4b

secondary:
        mov     x19, x0
        bl      prepare
        bl      work
        ldr     x2, =ready
        bl      increment
        sev
        msr     daifclr, #2
5:      wfi
${forever ? '        bl      work\n' : ''}
        b       5b

prepare:
        ldr     x0, =0x40f00000             // a stack for each element
        lsl     x1, x19, #12
        sub     x0, x0, x1
        mov     sp, x0
        adr     x0, vectors
        msr     vbar_el1, x0
${setUp}
        ret

work:   mov     x22, x30
        mov     x21, #500
6:      ldr     x2, =counter
        bl      increment
        subs    x21, x21, #1
        b.ne    6b
        mov     x30, x22
        ret

increment:                                  // adds one to [x2] under the lock
        ldr     x1, =lock
        mov     w4, #1
        sevl
7:      wfe
8:      ldaxr   w3, [x1]
        cbnz    w3, 7b
        stlxr   w3, w4, [x1]
        cbnz    w3, 8b
        ldr     x3, [x2]
        add     x3, x3, #1
        str     x3, [x2]
        stlr    wzr, [x1]
        sev
        ret

        .balign 2048
vectors: .space 0x280
        stp     x10, x11, [sp, #-16]!
${acknowledge}
        ldr     x10, =greeted
        mov     x11, #1
        ldadd   x11, x11, [x10]
        ldp     x10, x11, [sp], #16
        eret
        .ltorg
        .data
        .balign 8
lock:   .word   0, 0
counter: .quad  0
ready:  .quad   0
greeted: .quad  0
`;
}
