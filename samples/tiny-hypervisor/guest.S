// The guest: a kernel at EL1 with its own stage 1 translation, and an application at EL0.
// It knows nothing of the hypervisor, except that it calls it with HVC.

#include "board.h"
        .include "macros.inc"

        .balign PAGE
guest_pages:
        .type   guest_start, %function
guest_start:                                // EL1, MMU off
        adr     x0, guest_stack_top
        mov     sp, x0
        adr     x0, guest_vectors
        msr     vbar_el1, x0
        bl      build_stage_1
        adr     x0, kernel_text
        bl      guest_print                 // every character exits: there is no serial port

        // A hypercall.
        mov     x0, #1
        mov     x1, #40
        mov     x2, #2
        hvc     #0                          // exits to the hypervisor, which adds
        cmp     x0, #42
        b.ne    guest_failed

        // A register that the hypervisor does not let us read directly.
        mrs     x0, id_aa64pfr0_el1         // exits
        ubfx    x0, x0, #16, #4
        cmp     x0, #0xf                    // "no floating point"
        b.ne    guest_failed

        // Memory whose three addresses all differ: virtual, intermediate physical, physical.
        ldr     x0, =GUEST_DATA_VA
        mov     x1, #0x1234
        str     x1, [x0]
        ldr     x2, [x0]
        cmp     x1, x2
        b.ne    guest_failed

        // Wait for the timer. The interrupt comes to EL2 first and from there to us, through a list register.
        mov     x0, #1
        msr     icc_sre_el1, x0
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        isb
        ldr     x0, =12500000               // 0.2 s of the counter
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
1:      ldr     x0, timer_ticks             // look with interrupts masked, so that none comes between look and wait
        cbnz    x0, 2f
        wfi                                 // exits; a masked interrupt ends the wait too
        msr     daifclr, #2                 // here it is taken
        isb
        msr     daifset, #2
        b       1b
2:
        adr     x0, timer_text
        bl      guest_print

        // Run the application.
        adr     x0, application_stack_top
        msr     sp_el0, x0
        adr     x0, application
        msr     elr_el1, x0
        mov     x0, #EL0T
        msr     spsr_el1, x0
        eret                                // EL1 -> EL0

guest_failed:
        adr     x0, failed_text
        bl      guest_print
guest_exit_to_hypervisor:
        mov     x0, #0
        hvc     #0                          // the guest is done
        b       .


// Stage 1: the kernel's pages for EL1, the application's for EL0, the serial port, and the data page.
// 32-bit virtual addresses, 4 KiB pages.
build_stage_1:
        adr     x0, stage_1_level_1
        ldr     x1, =(UXN | PXN | S1_DEVICE | AF | VALID_BLOCK)
        str     x1, [x0]                    // the first GiB: devices
        adr     x1, stage_1_level_2
        orr     x2, x1, #VALID_TABLE
        str     x2, [x0, #8]                // 0x40000000 .. 0x7fffffff
        adr     x2, stage_1_level_3
        orr     x3, x2, #VALID_TABLE
        str     x3, [x1]
        adr     x4, stage_1_level_3_data
        orr     x5, x4, #VALID_TABLE
        str     x5, [x1, #8 * ((GUEST_DATA_VA - 0x40000000) >> 21)]

        ldr     x6, =(UXN | S1_NORMAL | INNER_SHARED | AF | VALID_PAGE)
        adrp    x7, guest_pages
        adrp    x8, application_pages
        mov     x11, x30
        bl      map_pages
        ldr     x6, =(PXN | S1_EL0 | S1_NORMAL | INNER_SHARED | AF | VALID_PAGE)
        adrp    x8, guest_pages_end
        bl      map_pages
        ldr     x6, =(UXN | PXN | S1_NORMAL | INNER_SHARED | AF | VALID_PAGE)
        ldr     x7, =GUEST_DATA_IPA
        orr     x7, x7, x6
        str     x7, [x4]

        mov     x1, #0xff00                 // MAIR_EL1: attribute 0 device, attribute 1 memory
        msr     mair_el1, x1
        ldr     x1, =0x803520               // TCR_EL1: T0SZ 32, 4 KiB, write-back, no upper half
        msr     tcr_el1, x1
        msr     ttbr0_el1, x0
        dsb     ish
        isb
        mrs     x1, sctlr_el1
        orr     x1, x1, #1                  // MMU on
        msr     sctlr_el1, x1
        isb
        ret     x11

map_pages:                                  // x7 .. x8 with attributes x6 into the table at x2
1:      ubfx    x9, x7, #12, #9
        orr     x10, x7, x6
        str     x10, [x2, x9, lsl #3]
        add     x7, x7, #PAGE
        cmp     x7, x8
        b.lo    1b
        ret


// ---- exceptions of the guest -----------------------------------------------------------------------------------

        .balign 2048
guest_vectors:
        vector  guest_failed                // from EL1 with SP_EL0
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed                // from EL1 itself
        vector  guest_timer                 // IRQ
        vector  guest_failed
        vector  guest_failed
        vector  system_call                 // from EL0
        vector  guest_timer
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed
        vector  guest_failed

guest_timer:                                // a virtual interrupt
        stp     x0, x1, [sp, #-16]!
        mrs     x0, icc_iar1_el1            // really ICV_IAR1_EL1: the list register answers
        msr     cntv_ctl_el0, xzr           // the timer is quiet
        adr     x1, timer_ticks
        str     x0, [x1]
        isb
        msr     icc_eoir1_el1, x0           // ends the virtual and the physical interrupt
        ldp     x0, x1, [sp], #16
        eret

system_call:                                // x8: 0 = the application is done, 1 = print the text at x0
        cbz     x8, guest_exit_to_hypervisor
        stp     x30, xzr, [sp, #-16]!
        bl      guest_print
        ldp     x30, xzr, [sp], #16
        eret                                // EL1 -> EL0


guest_print:                                // x0: text; like any driver, it thinks that the port is there
        ldr     x9, =UART
1:      ldrb    w10, [x0], #1
        cbz     w10, 2f
        str     w10, [x9, #UART_DR]         // exits
        b       1b
2:      ret

        .ltorg
kernel_text:
        .asciz  "guest kernel: hello from EL1\n"
timer_text:
        .asciz  "guest kernel: the timer interrupt arrived\n"
failed_text:
        .asciz  "guest kernel: something is wrong\n"

        .balign 8
timer_ticks:
        .quad   0

        .balign PAGE
stage_1_level_1:
        .skip   PAGE
stage_1_level_2:
        .skip   PAGE
stage_1_level_3:
        .skip   PAGE
stage_1_level_3_data:
        .skip   PAGE
        .skip   PAGE
guest_stack_top:


// ---- the application, at EL0 -----------------------------------------------------------------------------------

application_pages:
        .type   application, %function
application:
        adr     x0, application_text
        mov     x8, #1
        svc     #0                          // EL0 -> EL1
        mov     x8, #0
        svc     #0

application_text:
        .asciz  "application: hello from EL0\n"
        .balign PAGE
        .skip   PAGE
application_stack_top:
guest_pages_end:
