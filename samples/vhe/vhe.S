// A host kernel with a guest, without VHE and with it.
//
// Without VHE the host runs at EL1 and cannot enter a guest itself: it calls a stub at EL2, which moves the registers of
// EL1 and enters the guest; an interrupt leads to the stub, which moves them back and returns to the host.
// With VHE the host runs at EL2. It enters the guest by one ERET, and the interrupt leads straight to it.
//
// The host's work (`host`) is the same code both times. It names registers of EL1; with VHE the processor takes those
// of EL2 for them. Break on "VM exit" and watch which.

#include "board.h"
#include "print.inc"
        .include "world.inc"

        .text
        .global _start
_start:
        adr     x0, hypervisor_stack_top
        mov     sp, x0
        bl      enable_interrupt_controller
        mov     x0, #3                      // EL1 may use the physical timer and the counter
        msr     cnthctl_el2, x0

        bl      without_vhe
        mrs     x0, id_aa64mmfr1_el1
        tst     x0, #0xf00                  // VH: is there a VHE?
        b.eq    no_vhe
        bl      with_vhe

power_off:
        ldr     x0, =PSCI_SYSTEM_OFF
        smc     #0
        b       .

no_vhe:
        say     "this processor has no VHE\n"
        b       power_off


// ==== the host's work ===========================================================================================
// Runs at EL1 or, with VHE, at EL2. x19: how to enter the guest.

host:
        str     x30, [sp, #-16]!
        say     "  the host runs at EL"
        mrs     x20, CurrentEL
        lsr     x20, x20, #2
        say_number x20

        mov     x0, #1000                   // a timer interrupt is to end the guest's run
        msr     cntp_tval_el0, x0           // with VHE this is CNTHP_TVAL_EL2
        mov     x0, #1
        msr     cntp_ctl_el0, x0            // CNTHP_CTL_EL2
        isb

        bl      clear_counters
        blr     x19                         // the guest runs, until the interrupt

        mrs     x20, icc_iar1_el1           // which one was it?
        msr     cntp_ctl_el0, xzr           // the timer is quiet
        isb
        msr     icc_eoir1_el1, x20

        say     "\n  interrupt "
        say_number x20
        say     " ended the guest's run; traps to EL2: "
        adr     x20, traps
        ldr     x20, [x20]
        say_number x20
        say     ", ERETs: "
        adr     x20, erets
        ldr     x20, [x20]
        say_number x20
        say     ", EL1 registers moved: "
        adr     x20, registers_moved
        ldr     x20, [x20]
        say_number x20
        say     "\n"
        ldr     x30, [sp], #16
        ret

clear_counters:
        adr     x0, traps
        stp     xzr, xzr, [x0]
        str     xzr, [x0, #16]
        ret

guest:                                      // counts, and knows nothing of hosts
        add     x0, x0, #1
        b       guest


// ==== without VHE: the host at EL1, a stub at EL2 ===============================================================

without_vhe:
        str     x30, [sp, #-16]!
        say     "without VHE\n"
        adr     x0, stub_vectors
        msr     vbar_el2, x0
        bl      prepare_guest
        ldr     x0, =HCR_HOST_EL1
        msr     hcr_el2, x0
        ldr     x0, =SCTLR_EL1_OFF
        msr     sctlr_el1, x0
        adr     x0, host_stack_top
        msr     sp_el1, x0
        adr     x0, host_at_el1
        msr     elr_el2, x0
        mov     x0, #EL1H
        msr     spsr_el2, x0
        eret                                // the host's kernel starts, at EL1

host_at_el1:
        adr     x0, unexpected_vectors
        msr     vbar_el1, x0
        adr     x19, enter_through_stub
        bl      host
        hvc     #1                          // done: on at EL2

enter_through_stub:
        hvc     #0                          // only EL2 can enter a guest: trap 1
        ret                                 // here the stub returns when the guest's run is over

stub_call:                                  // HVC of the host: 0 enters the guest, 1 ends this part
        stp     x0, x1, [sp, #-16]!
        mrs     x0, esr_el2
        lsr     x1, x0, #26
        cmp     x1, #EC_HVC
        b.ne    unexpected
        ubfx    x1, x0, #0, #16
        cbnz    x1, stub_end
        ldp     x0, x1, [sp], #16

        save_world host_world
        save_el1_registers                  // the host's kernel, out
        adr     x0, guest_world
        load_el1_registers                  // the guest's kernel, in
        ldr     x1, =HCR_GUEST
        msr     hcr_el2, x1
        isb
        enter_world                         // ERET 1: the guest runs

stub_interrupt:                             // trap 2: the interrupt
        save_world guest_world
        save_el1_registers                  // the guest's kernel, out
        adr     x0, host_world
        load_el1_registers                  // the host's kernel, in
        ldr     x1, =HCR_HOST_EL1
        msr     hcr_el2, x1
        isb
        enter_world                         // ERET 2: the host goes on behind its HVC

stub_end:
        ldp     x0, x1, [sp], #16
        ldr     x30, [sp], #16
        ret


// ==== with VHE: the host at EL2 =================================================================================

with_vhe:
        str     x30, [sp, #-16]!
        say     "with VHE\n"
        bl      prepare_guest
        ldr     x0, =HCR_HOST_EL2
        msr     hcr_el2, x0
        isb
        adr     x0, host_vectors            // from now on this is VBAR_EL2
        msr     vbar_el1, x0
        adr     x0, guest_world             // the guest's EL1 registers are loaded once, and stay:
        ldr     x2, [x0, #WORLD_EL1]        // nothing of the host lies there
        msr     sctlr_el12, x2
        adr     x19, enter_directly
        bl      host
        ldr     x30, [sp], #16
        ret

enter_directly:
        stp     x29, x30, [sp, #-16]!       // what a call must keep is all there is to keep of the host
        stp     x19, x20, [sp, #-16]!
        ldr     x1, =HCR_GUEST_VHE
        msr     hcr_el2, x1
        isb
        adr     x0, guest_world
        enter_world                         // the only ERET

host_interrupt:                             // the only trap: the interrupt, from the guest
        save_world guest_world
        ldr     x1, =HCR_HOST_EL2
        msr     hcr_el2, x1
        isb
        ldp     x19, x20, [sp], #16
        ldp     x29, x30, [sp], #16
        ret                                 // the host goes on: it is where it has to be


// ==== the rest ==================================================================================================

prepare_guest:                              // its registers are zero, but for these
        adr     x0, guest_world
        adr     x1, guest
        mov     x2, #GUEST_PSTATE
        stp     x1, x2, [x0, #WORLD_PC]
        ldr     x1, =SCTLR_EL1_OFF
        str     x1, [x0, #WORLD_EL1]
        ret

enable_interrupt_controller:
        mov     x0, #(1 | 8)                // through system registers, at EL1 too
        msr     icc_sre_el2, x0
        isb
        ldr     x0, =GICD_CTLR
        mov     w1, #0x12                   // affinity routing, group 1
        str     w1, [x0]
        ldr     x0, =GICR_WAKER
        str     wzr, [x0]
        ldr     w1, =((1 << EL1_TIMER) | (1 << EL2_TIMER))
        ldr     x0, =GICR_IGROUPR0
        str     w1, [x0]
        ldr     x0, =GICR_ISENABLER0
        str     w1, [x0]
        mov     x0, #1
        msr     icc_sre_el1, x0
        isb
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        isb
        ret

unexpected:
        say     "an exception that nobody expected\n"
        b       power_off

        .ltorg

        .macro  vector target
        .balign 128
        b       \target
        .endm

        .macro  vectors name, call, interrupt
        .balign 2048
\name:
        .rept   8                           // from the same level
        vector  unexpected
        .endr
        vector  \call                       // from EL1: synchronous
        vector  \interrupt                  //           IRQ
        .rept   6
        vector  unexpected
        .endr
        .endm

        vectors stub_vectors, stub_call, stub_interrupt
        vectors host_vectors, unexpected, host_interrupt
        vectors unexpected_vectors, unexpected, unexpected

        .data
        .balign 8
traps:  .quad   0
erets:  .quad   0
registers_moved:
        .quad   0
guest_world:
        .skip   WORLD_SIZE
host_world:
        .skip   WORLD_SIZE

        .bss
        .balign 16
        .skip   4096
hypervisor_stack_top:
        .skip   4096
host_stack_top:
