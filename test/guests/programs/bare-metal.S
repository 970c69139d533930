/*
 * A guest of QEMU's virt board (-M virt,gic-version=3) without an operating system: for EL1, under a hypervisor that answers
 * PSCI by HVC. It says what it meets and switches the machine off.
 *
 *   aarch64-linux-gnu-gcc -static -nostdlib -Wl,-Ttext=0x40080000,-s,--build-id=none,-z,max-page-size=4096 \
 *     -o bare-metal bare-metal.S
 */

#define UART                    0x09000000      /* PL011 */
#define UARTFR                  0x18
#define UARTFR_TXFF_BIT         5               /* the transmit FIFO is full */

#define GICD_CTLR               0x08000000
#define GICD_CTLR_VALUE         0x12            /* affinity routing, group 1 */
#define GICR                    0x080a0000      /* of the first processing element */
#define GICR_WAKER              0x14
#define GICR_SGI                0x080b0000      /* its frame of private interrupts */
#define GICR_IGROUPR0           0x80
#define GICR_ISENABLER0         0x100

#define TIMER_INTERRUPT         27              /* of the EL1 virtual timer */
#define PSCI_VERSION            0x84000000
#define PSCI_SYSTEM_OFF         0x84000008

/* Prints a text. Changes x0-x2. */
        .macro  say     text
        adr     x0, .Ltext\@
        bl      print
        b       .Lbehind\@
.Ltext\@:
        .asciz  "\text"
        .balign 4
.Lbehind\@:
        .endm

/* Prints a number below 100 that ends the line. Changes x0-x4. */
        .macro  say_number register
        mov     x0, \register
        bl      print_number
        .endm

        .globl  _start
_start:
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        mrs     x19, currentel
        ubfx    x19, x19, #2, #2
        say     "bare-metal: CurrentEL is EL"
        say_number x19

        ldr     w0, =PSCI_VERSION
        hvc     #0
        mov     w19, w0
        say     "bare-metal: by HVC, PSCI "
        lsr     w0, w19, #16
        bl      print_decimal
        say     "."
        and     w19, w19, #0xffff
        say_number x19

        bl      enable_timer_interrupt
        say     "bare-metal: waiting\n"
        mov     x19, #-1                        /* which interrupt came */
        mov     x0, #20000
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
1:      wfi                                     /* wakes for an interrupt that is masked, too */
        msr     daifclr, #2
        isb                                     /* it is taken here */
        msr     daifset, #2
        tbnz    x19, #63, 1b
        say     "bare-metal: interrupt "
        say_number x19

        adr     x0, application
        msr     elr_el1, x0
        mov     x0, #0x3c0                      /* EL0, all masked */
        msr     spsr_el1, x0
        eret
application:
        mov     x19, #42
        svc     #7

from_application:
        mrs     x20, esr_el1
        ubfx    x21, x20, #26, #6
        cmp     x21, #0x15                      /* SVC */
        b.ne    unexpected
        and     x20, x20, #0xffff
        say     "bare-metal: EL0 called SVC "
        say_number x20
        say     "bare-metal: switching off\n"
switch_off:
        ldr     w0, =PSCI_SYSTEM_OFF
        hvc     #0
        b       .

unexpected:
        say     "bare-metal: AN EXCEPTION THAT NOBODY EXPECTED\n"
        b       switch_off

interrupt:
        mrs     x19, icc_iar1_el1
        msr     cntv_ctl_el0, xzr
        isb
        msr     icc_eoir1_el1, x19
        eret

print:                                          /* x0: text that ends with a zero byte */
        mov     x1, #UART
1:      ldrb    w2, [x0], #1
        cbz     w2, 3f
2:      ldr     w3, [x1, #UARTFR]
        tbnz    w3, #UARTFR_TXFF_BIT, 2b
        str     w2, [x1]
        b       1b
3:      ret

print_number:
        mov     x4, lr
        bl      print_decimal
        adr     x0, end_of_line
        mov     lr, x4
        b       print

print_decimal:                                  /* w0: below 100 */
        mov     x1, #UART
        mov     w2, #10
        udiv    w3, w0, w2
        msub    w0, w3, w2, w0
        cbz     w3, 1f
        add     w3, w3, #'0'
        str     w3, [x1]
1:      add     w0, w0, #'0'
        str     w0, [x1]
        ret

enable_timer_interrupt:
        ldr     x0, =GICD_CTLR
        mov     w1, #GICD_CTLR_VALUE
        str     w1, [x0]
        ldr     x0, =GICR
        str     wzr, [x0, #GICR_WAKER]
1:      ldr     w1, [x0, #GICR_WAKER]
        tbnz    w1, #2, 1b                      /* ChildrenAsleep */
        ldr     x0, =GICR_SGI
        mov     w1, #(1 << TIMER_INTERRUPT)
        str     w1, [x0, #GICR_IGROUPR0]
        str     w1, [x0, #GICR_ISENABLER0]
        mov     x1, #1
        msr     icc_sre_el1, x1
        isb
        mov     x1, #0xff
        msr     icc_pmr_el1, x1
        mov     x1, #1
        msr     icc_igrpen1_el1, x1
        isb
        ret

end_of_line:
        .asciz  "\n"

        .balign 2048
vectors:
        .rept   5                               /* synchronous with SP_EL0 … synchronous with SP_EL1 */
        b       unexpected
        .balign 128
        .endr
        b       interrupt                       /* IRQ with SP_EL1 */
        .balign 128
        .rept   2
        b       unexpected
        .balign 128
        .endr
        b       from_application                /* synchronous from EL0 */
        .balign 128
        .rept   7
        b       unexpected
        .balign 128
        .endr
