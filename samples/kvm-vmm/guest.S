/*
 * The guest: bare metal at EL1, then EL0, under a hypervisor that it knows nothing about but PSCI. X0 has the version
 * of its interrupt controller (2, 3, or 0 for none). Linked into the VMM as data; it runs at RAM_BASE, stage 1 off.
 */
#include "guest.h"

#define TIMER_INTERRUPT 27
#define PSCI_VERSION    0x84000000
#define PSCI_SYSTEM_OFF 0x84000008

#ifdef GUEST_ALONE
        .text                           /* where it runs, for its symbols */
#else
        .section .rodata, "a"           /* data of the VMM */
#endif
        .balign 4096
        .globl  guest_start
guest_start:
        mov     x28, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        adr     x0, stack_end
        mov     sp, x0
        isb

        /* 1. A device that the VMM plays: a write for each character. */
        adr     x0, hello
        bl      print

        /* 2. A read of that device: the VMM's answer comes back in the register. */
        mov     x19, #DEVICE_BASE
        ldr     x1, [x19, #DEVICE_NUMBER]
        add     x1, x1, #1
        str     x1, [x19, #DEVICE_RESULT]

        /* 3. A hypercall that the kernel answers itself. */
        ldr     w0, =PSCI_VERSION
        hvc     #0

        /* 4. An identification register: the hypervisor hides what it does not give. */
        mrs     x0, id_aa64pfr0_el1

        /* 5. The first touch of a page, and another one: only the first leaves the guest. */
        ldr     x1, =UNTOUCHED_PAGE
        str     x0, [x1]
        str     x0, [x1, #8]

        /* 6. The virtual timer, waited for. */
        cbz     x28, no_timer
        bl      enable_timer_interrupt
        adr     x0, waiting
        bl      print
        mov     x1, #20000
        msr     cntv_tval_el0, x1
        mov     x1, #1
        msr     cntv_ctl_el0, x1
        isb
        adr     x20, ticks
1:      ldr     w1, [x20]
        cbnz    w1, 2f
        wfi
        b       1b
2:      adr     x0, ticked
        bl      print
no_timer:

        /* 7. An application: its system call stays in the guest, its access to the device does not. */
        adr     x0, application
        msr     elr_el1, x0
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        eret
application:
        mov     x19, #DEVICE_BASE
        str     x19, [x19, #DEVICE_EL0]
        svc     #0
        b       .

        /* After the application's system call: the end. */
finish:
        adr     x0, bye
        bl      print
        ldr     w0, =PSCI_SYSTEM_OFF
        hvc     #0
        b       .

print:
        mov     x1, #DEVICE_BASE
1:      ldrb    w2, [x0], #1
        cbz     w2, 2f
        strb    w2, [x1, #DEVICE_CONSOLE]
        b       1b
2:      ret

/* Lets the virtual timer's interrupt through the distributor (version 2) or the redistributor (version 3). */
enable_timer_interrupt:
        cmp     x28, #3
        b.eq    1f
        ldr     x0, =GICD_BASE
        mov     w1, #(1 << TIMER_INTERRUPT)
        str     w1, [x0, #0x100]        /* GICD_ISENABLER0 */
        mov     w1, #1
        str     w1, [x0]                /* GICD_CTLR */
        ldr     x0, =GICC_BASE
        mov     w1, #0xff
        str     w1, [x0, #4]            /* GICC_PMR */
        mov     w1, #1
        str     w1, [x0]                /* GICC_CTLR */
        b       2f
1:      ldr     x0, =GICD_BASE
        mov     w1, #0x12
        str     w1, [x0]                /* GICD_CTLR: affinity routing, group 1 */
        ldr     x0, =(GICR_BASE + 0x10000)
        mov     w1, #(1 << TIMER_INTERRUPT)
        str     w1, [x0, #0x80]         /* GICR_IGROUPR0 */
        str     w1, [x0, #0x100]        /* GICR_ISENABLER0 */
        mov     x1, #0xff
        msr     s3_0_c4_c6_0, x1        /* ICC_PMR_EL1 */
        mov     x1, #1
        msr     s3_0_c12_c12_7, x1      /* ICC_IGRPEN1_EL1 */
2:      isb
        msr     daifclr, #2
        ret

interrupt:
        stp     x0, x1, [sp, #-32]!
        str     x2, [sp, #16]
        msr     cntv_ctl_el0, xzr
        isb
        cmp     x28, #3
        b.eq    1f
        ldr     x2, =GICC_BASE
        ldr     w0, [x2, #12]           /* GICC_IAR */
        str     w0, [x2, #16]           /* GICC_EOIR */
        b       2f
1:      mrs     x0, s3_0_c12_c12_0      /* ICC_IAR1_EL1 */
        msr     s3_0_c12_c12_1, x0      /* ICC_EOIR1_EL1 */
2:      adr     x1, ticks
        ldr     w2, [x1]
        add     w2, w2, #1
        str     w2, [x1]
        ldr     x2, [sp, #16]
        ldp     x0, x1, [sp], #32
        eret

        .balign 2048
vectors:
        .rept   5                       /* synchronous with SP_EL0 … synchronous with SP_EL1 */
        b       .
        .balign 128
        .endr
        b       interrupt               /* IRQ with SP_EL1 */
        .balign 128
        .rept   2
        b       .
        .balign 128
        .endr
        b       finish                  /* synchronous from EL0 */
        .balign 128
        .rept   7
        b       .
        .balign 128
        .endr

hello:   .asciz  "Hello from EL1\n"
waiting: .asciz  "waiting\n"
ticked:  .asciz  "tick\n"
bye:     .asciz  "bye\n"
        .balign 8
ticks:  .word   0
        .balign 8
        .ltorg
        .balign 16
        .space  256
stack_end:
        .globl  guest_end
guest_end:
