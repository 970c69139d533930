// Four processing elements share a counter and a serial port, each by its own way of locking. Whoever finishes last
// switches the machine off. What is printed tells in which order they came.

        .equ    UART, 0x09000000
        .equ    ELEMENTS, 4
        .equ    ROUNDS, 400

        .text
        .global _start
_start:
        mov     x19, #(ELEMENTS - 1)
1:      ldr     x0, =0xc4000003             // PSCI CPU_ON
        mov     x1, x19
        adr     x2, work
        mov     x3, x19
        smc     #0
        cbnz    x0, failed
        subs    x19, x19, #1
        b.ne    1b
        mov     x0, #0

work:                                       // x0: which element
        mov     x20, x0
        adr     x21, lock
        adr     x22, counter
        mov     x23, #ROUNDS
        ldr     x24, =UART
        add     w25, w20, #'0'
round:
        tbnz    x20, #0, 3f
1:      ldaxr   w1, [x21]                   // even ones: exclusives, waiting for an event
        cbz     w1, 2f
        wfe
        b       1b
2:      mov     w2, #1
        stxr    w3, w2, [x21]
        cbnz    w3, 1b
        b       4f
3:      mov     w1, wzr                     // odd ones: compare and swap
        mov     w2, #1
        casa    w1, w2, [x21]
        cbnz    w1, 3b
4:      ldr     x1, [x22]
        add     x1, x1, #1
        str     x1, [x22]
        ands    xzr, x1, #63
        b.ne    5f
        str     w25, [x24]
5:      stlr    wzr, [x21]
        subs    x23, x23, #1
        b.ne    round

        adr     x1, left
        mov     w2, #-1
        ldaddal w2, w3, [x1]
        cmp     w3, #1
        b.eq    6f
        ldr     x0, =0x84000002             // PSCI CPU_OFF
        smc     #0
        b       .
6:      ldr     x1, [x22]
        ldr     x2, =(ELEMENTS * ROUNDS)
        cmp     x1, x2
        b.ne    failed
        mov     w1, #'\n'
        str     w1, [x24]
        ldr     x0, =0x84000008             // PSCI SYSTEM_OFF
        smc     #0
failed:
        ldr     x24, =UART
        mov     w1, #'!'
        str     w1, [x24]
        b       .

        .ltorg
        .data
        .balign 8
counter:
        .quad   0
left:   .word   ELEMENTS
lock:   .word   0
