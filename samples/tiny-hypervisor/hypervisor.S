// A tiny hypervisor.
//
// EL2 runs this file: it gives a guest its own view of memory (stage 2), runs it at EL1 and EL0, and looks at every
// exit: hypercalls, trapped registers, WFI, accesses to a serial port that is not there, and a timer interrupt that it
// passes on. When the guest is done it prints how often each happened.
//
// Set a breakpoint on handle_exit, or tick "VM exit" under Breakpoints, and press F5.

#include "board.h"
        .include "macros.inc"

        .text
        .global _start
_start:
        mrs     x0, CurrentEL               // we must be the hypervisor
        cmp     x0, #(2 << 2)
        b.ne    wrong_level
        adr     x0, hypervisor_stack_top
        mov     sp, x0
        adr     x0, hypervisor_vectors
        msr     vbar_el2, x0
        adr     x0, hello_text
        bl      print

        bl      enable_interrupt_controller
        bl      build_stage_2

        // What exits, and what EL1 may use without one.
        constant x0, (HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TID3 | HCR_RW)
        msr     hcr_el2, x0
        mov     x0, #3                      // the guest may read the counter and use the timers
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mrs     x0, midr_el1                // the guest sees the real processor's identity
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        constant x0, 0x30d00800             // SCTLR_EL1: MMU and caches off
        msr     sctlr_el1, x0
        isb

        // Enter the guest as if we returned from an exception that it took.
        constant x0, EL1H
        msr     spsr_el2, x0
        adr     x0, guest_start
        msr     elr_el2, x0
        eret                                // the first VM entry: EL2 -> EL1

wrong_level:
        b       wrong_level                 // start with virtualization=on


// ---- exits -----------------------------------------------------------------------------------------------------

        .balign 2048
hypervisor_vectors:
        vector  hypervisor_fault            // from EL2 with SP_EL0
        vector  hypervisor_fault
        vector  hypervisor_fault
        vector  hypervisor_fault
        vector  hypervisor_fault            // from EL2 itself
        vector  hypervisor_fault
        vector  hypervisor_fault
        vector  hypervisor_fault
        vector  guest_exit                  // from the guest: synchronous
        vector  guest_interrupt             //                 IRQ
        vector  hypervisor_fault            //                 FIQ
        vector  hypervisor_fault            //                 SError
        vector  hypervisor_fault            // from a 32-bit guest
        vector  hypervisor_fault
        vector  hypervisor_fault
        vector  hypervisor_fault

guest_exit:
        save_registers
        bl      handle_exit
        restore_registers
        eret                                // back into the guest

guest_interrupt:
        save_registers
        bl      handle_interrupt
        restore_registers
        eret

// A synchronous exit. ESR_EL2.EC says what the guest did; the frame on the stack holds its registers.
handle_exit:
        stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        add     x28, sp, #16                // x28: the guest's registers
        mrs     x27, esr_el2                // x27: the syndrome
        lsr     x0, x27, #26
        cmp     x0, #EC_HVC
        b.eq    exit_hypercall
        cmp     x0, #EC_DATA_ABORT
        b.eq    exit_data_abort
        cmp     x0, #EC_SYSREG
        b.eq    exit_system_register
        cmp     x0, #EC_WFX
        b.eq    exit_wait
        b       hypervisor_fault

handled:
        ldp     x29, x30, [sp], #16
        ret

// The instruction that exited has been done for the guest: go on behind it.
skip_instruction:
        mrs     x0, elr_el2
        add     x0, x0, #4
        msr     elr_el2, x0
        b       handled

// HVC. ELR_EL2 is already behind the instruction. x0 of the guest: 0 = the guest is done, 1 = add x1 and x2.
exit_hypercall:
        bl      count_hypercall
        ldr     x0, [x28, #0]
        cbz     x0, guest_done
        ldp     x1, x2, [x28, #8]
        add     x0, x1, x2
        str     x0, [x28, #0]
        b       handled

// A data abort at stage 2: the guest touched an address that it does not have. It is meant for the serial port:
// HPFAR_EL2 says which intermediate physical page, the syndrome says which register was stored.
exit_data_abort:
        tbz     x27, #24, hypervisor_fault  // ISV: the syndrome must describe the access
        mrs     x0, hpfar_el2
        lsr     x0, x0, #4                  // number of the page
        constant x1, (UART >> 12)
        cmp     x0, x1
        b.ne    hypervisor_fault
        bl      count_mmio
        ubfx    x1, x27, #16, #5            // SRT: which register
        tbz     x27, #6, emulate_read       // WnR: a write?
        mov     x0, xzr
        cmp     x1, #31
        b.eq    1f
        ldr     x0, [x28, x1, lsl #3]
1:      bl      print_character
        b       skip_instruction
emulate_read:                               // the flag register reads as zero: ready
        cmp     x1, #31
        b.eq    skip_instruction
        str     xzr, [x28, x1, lsl #3]
        b       skip_instruction

// MRS of an identification register (HCR_EL2.TID3). The syndrome says which one and where the value is to go. The guest
// asks for ID_AA64PFR0_EL1 only, and is told that the processor has no floating point.
exit_system_register:
        constant x1, ISS_REGISTER
        and     x1, x27, x1
        constant x2, ISS_ID_AA64PFR0_EL1
        cmp     x1, x2
        b.ne    hypervisor_fault
        bl      count_register
        ubfx    x1, x27, #5, #5             // Rt
        mrs     x0, id_aa64pfr0_el1
        orr     x0, x0, #0xff0000           // FP and AdvSIMD: not implemented
        cmp     x1, #31
        b.eq    skip_instruction
        str     x0, [x28, x1, lsl #3]
        b       skip_instruction

// WFI (HCR_EL2.TWI): sleep in the guest's place until an interrupt comes. It is taken when the guest runs again.
exit_wait:
        bl      count_wait
        wfi
        b       skip_instruction

// A physical interrupt while the guest ran. The only one is the guest's timer: pass it on through a list register, as
// an interrupt that is linked to the physical one, so that the guest's end-of-interrupt ends both.
handle_interrupt:
        stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        mrs     x0, icc_iar1_el1
        cmp     x0, #VIRTUAL_TIMER
        b.ne    hypervisor_fault
        bl      count_interrupt
        mov     x0, #VIRTUAL_TIMER
        msr     icc_eoir1_el1, x0           // drops the priority; the guest deactivates
        constant x1, 0x70a0000000000000     // pending, linked to hardware, group 1, priority 0xa0
        orr     x1, x1, x0                  // virtual interrupt number
        orr     x1, x1, x0, lsl #32         // physical interrupt number
        msr     ich_lr0_el2, x1
        b       handled

hypervisor_fault:
        adr     x0, fault_text
        bl      print
        mrs     x0, esr_el2
        mrs     x1, elr_el2
        mrs     x2, far_el2
        b       power_off


// ---- the end ---------------------------------------------------------------------------------------------------

guest_done:
        adr     x0, table_text
        bl      print
        adr     x19, exit_names
        adr     x20, exit_counts
        mov     x21, #EXIT_KINDS
1:      ldr     x0, [x20], #8
        bl      print_number
        mov     x0, x19
        bl      print
2:      ldrb    w0, [x19], #1               // on to the next name
        cbnz    w0, 2b
        subs    x21, x21, #1
        b.ne    1b
power_off:
        constant x0, PSCI_SYSTEM_OFF
        smc     #0
        b       .


// ---- counting --------------------------------------------------------------------------------------------------

        .macro  counter name, number
\name:
        adr     x9, exit_counts
        ldr     x10, [x9, #8 * \number]
        add     x10, x10, #1
        str     x10, [x9, #8 * \number]
        ret
        .endm

        counter count_hypercall, 0
        counter count_mmio, 1
        counter count_register, 2
        counter count_wait, 3
        counter count_interrupt, 4
        .equ    EXIT_KINDS, 5


// ---- memory ----------------------------------------------------------------------------------------------------

// Stage 2: the guest's pages are where it was linked; one more page lies elsewhere; everything else exits.
// 32-bit intermediate addresses, 4 KiB pages: the walk begins at level 1.
build_stage_2:
        adr     x0, stage_2_level_1
        adr     x1, stage_2_level_2
        orr     x2, x1, #VALID_TABLE
        str     x2, [x0, #8]                // 0x40000000 .. 0x7fffffff
        adr     x2, stage_2_level_3
        orr     x3, x2, #VALID_TABLE
        str     x3, [x1]                    // 0x40000000 .. 0x401fffff
        adr     x4, stage_2_level_3_data
        orr     x5, x4, #VALID_TABLE
        str     x5, [x1, #8 * ((GUEST_DATA_IPA - 0x40000000) >> 21)]

        constant x6, (S2_NORMAL | S2_READ | S2_WRITE | INNER_SHARED | AF | VALID_PAGE)
        adrp    x7, guest_pages             // the guest's image, page by page
        adrp    x8, guest_pages_end
1:      ubfx    x9, x7, #12, #9
        orr     x10, x7, x6
        str     x10, [x2, x9, lsl #3]
        add     x7, x7, #PAGE
        cmp     x7, x8
        b.lo    1b
        adrp    x7, guest_data_page         // the page that is somewhere else for the guest
        orr     x7, x7, x6
        str     x7, [x4]

        constant x1, 0x80023560             // VTCR_EL2: T0SZ 32, start at level 1, 4 KiB, write-back, 40-bit output
        msr     vtcr_el2, x1
        movk    x0, #1, lsl #48             // VMID 1: what the TLB holds of this guest bears its number
        msr     vttbr_el2, x0
        dsb     ish
        tlbi    vmalls12e1
        dsb     ish
        isb
        ret


// ---- interrupts ------------------------------------------------------------------------------------------------

enable_interrupt_controller:
        mrs     x0, icc_sre_el2             // use the controller through system registers, and let EL1 do so too
        mov     x1, #(1 | 8)
        orr     x0, x0, x1
        msr     icc_sre_el2, x0
        isb
        constant x0, GICD
        mov     w1, #0x12                   // affinity routing, group 1
        str     w1, [x0, #GICD_CTLR]
        constant x0, GICR
        str     wzr, [x0, #GICR_WAKER]
        constant x0, GICR_SGI
        mov     w1, #(1 << VIRTUAL_TIMER)
        str     w1, [x0, #GICR_IGROUPR0]
        mov     w2, #0xa0
        strb    w2, [x0, #GICR_IPRIORITYR + VIRTUAL_TIMER]
        str     w1, [x0, #GICR_ISENABLER0]
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #2                      // end of interrupt only drops the priority
        msr     icc_ctlr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        msr     ich_hcr_el2, x0             // the virtual interface is on
        isb
        ret


// ---- the serial port -------------------------------------------------------------------------------------------

print_character:
        constant x9, UART
        str     w0, [x9, #UART_DR]
        ret

print:                                      // x0: text that ends with a zero byte
        constant x9, UART
1:      ldrb    w10, [x0], #1
        cbz     w10, 2f
        str     w10, [x9, #UART_DR]
        b       1b
2:      ret

print_number:                               // x0: decimal, right-aligned in six places
        sub     sp, sp, #16
        mov     x9, #6
        mov     x10, #10
1:      udiv    x11, x0, x10
        msub    x12, x11, x10, x0
        add     x12, x12, #'0'
        cbnz    x0, 2f                      // leading zeros are blanks, but not the last digit
        cmp     x9, #6
        mov     x13, #' '
        csel    x12, x12, x13, eq
2:      sub     x9, x9, #1
        strb    w12, [sp, x9]
        mov     x0, x11
        cbnz    x9, 1b
        constant x11, UART
        mov     x9, #0
3:      ldrb    w12, [sp, x9]
        str     w12, [x11, #UART_DR]
        add     x9, x9, #1
        cmp     x9, #6
        b.ne    3b
        add     sp, sp, #16
        ret

        .ltorg

hello_text:
        .asciz  "hypervisor: starting the guest\n"
table_text:
        .asciz  "hypervisor: the guest is done; its exits were\n"
fault_text:
        .asciz  "hypervisor: an exception that I do not expect\n"
exit_names:
        .asciz  "  hypercalls (HVC)\n"
        .asciz  "  accesses to the serial port (stage 2 data aborts)\n"
        .asciz  "  reads of identification registers (HCR_EL2.TID3)\n"
        .asciz  "  waits (WFI, HCR_EL2.TWI)\n"
        .asciz  "  timer interrupts, passed on through a list register\n"

        .balign 8
exit_counts:
        .skip   8 * EXIT_KINDS

#include "guest.S"

        .balign PAGE
guest_data_page:
        .skip   PAGE
stage_2_level_1:
        .skip   PAGE
stage_2_level_2:
        .skip   PAGE
stage_2_level_3:
        .skip   PAGE
stage_2_level_3_data:
        .skip   PAGE
        .skip   PAGE
hypervisor_stack_top:
