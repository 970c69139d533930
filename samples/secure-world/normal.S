// The normal world: a hypervisor that does little, and a kernel that has questions.

#include "board.h"
#include "print.inc"

// ==== EL2 =======================================================================================================

hypervisor:
        adr     x0, hypervisor_vectors
        msr     vbar_el2, x0
        ldr     x0, =SCTLR_EL2_OFF
        msr     sctlr_el2, x0
        ldr     x0, =HCR_RW                 // no HCR_EL2.TSC: an SMC of EL1 goes straight to EL3
        msr     hcr_el2, x0
        say     "normal world, EL2: starting the kernel\n"
        adr     x0, kernel_stack_top
        msr     sp_el1, x0
        adr     x0, kernel
        msr     elr_el2, x0
        mov     x0, #(FIQ_OPEN | EL1)
        msr     spsr_el2, x0
        eret

// The kernel asks by HVC for what EL2 asks by SMC in its place. x0-x3 go through as they are.
hypervisor_call:
        mrs     x9, esr_el2
        lsr     x9, x9, #26
        cmp     x9, #EC_HVC
        b.ne    hypervisor_unexpected
        mov     x20, x0
        mov     x21, x1
        mov     x22, x2
        say     "  normal world, EL2: passing a call on\n"
        mov     x0, x20
        mov     x1, x21
        mov     x2, x22
        smc     #0                          // EL2 -> EL3
        eret

hypervisor_unexpected:
        say     "normal world, EL2: this should not have happened\n"
        b       .


// ==== EL1 =======================================================================================================

kernel:
        adr     x0, kernel_vectors
        msr     vbar_el1, x0
        ldr     x0, =SMCCC_VERSION
        smc     #0                          // EL1 -> EL3, which answers itself
        lsr     x19, x0, #16
        say     "normal world, EL1: the monitor answers; calls as of version 1, "
        say_number x19

        ldr     x0, =SERVICE_ADD
        mov     x1, #40
        mov     x2, #2
        smc     #0                          // EL1 -> EL3 -> Secure EL1 -> EL3 -> EL1
        mov     x19, x0
        say     "normal world, EL1: the service says "
        say_number x19

        ldr     x0, =SERVICE_ADD
        mov     x1, #1000
        mov     x2, #24
        hvc     #0                          // EL1 -> EL2 -> EL3 -> Secure EL1, and all the way back
        mov     x19, x0
        say     "normal world, EL1: by way of the hypervisor it says "
        say_number x19

        say     "normal world, EL1: looking at the secret\n"
        bl      look_at_secret

        say     "normal world, EL1: waiting for an alarm that I asked the service for\n"
        ldr     x0, =SERVICE_ALARM
        mov     x1, #5000
        smc     #0
        adr     x1, alarm_rang
1:      ldr     w0, [x1]
        cbz     w0, 1b                      // somewhere here the Secure interrupt comes
        say     "normal world, EL1: it rang\n"

        ldr     x0, =PSCI_SYSTEM_OFF
        smc     #0
        b       .

look_at_secret:
        ldr     x1, =(SECURE_MEMORY + 0x2000)
        ldr     x0, [x1]                    // at this address the normal world has nothing: an external abort
        ret

kernel_abort:
        mrs     x9, esr_el1
        lsr     x9, x9, #26
        cmp     x9, #EC_DATA_ABORT
        b.ne    kernel_unexpected
        mov     x10, x30                    // the code that aborted still needs it
        say     "  normal world, EL1: a data abort; there is nothing to see\n"
        mov     x30, x10
        mrs     x9, elr_el1
        add     x9, x9, #4
        msr     elr_el1, x9
        eret

kernel_unexpected:
        say     "normal world, EL1: this should not have happened\n"
        b       .

        .ltorg
        .balign 2048
hypervisor_vectors:
        .rept   8
        vector  hypervisor_unexpected
        .endr
        vector  hypervisor_call             // from EL1: synchronous
        .rept   7
        vector  hypervisor_unexpected
        .endr

        .balign 2048
kernel_vectors:
        .rept   4
        vector  kernel_unexpected
        .endr
        vector  kernel_abort                // from EL1 itself: synchronous
        .rept   11
        vector  kernel_unexpected
        .endr
        .balign 128

        .bss
        .balign 16
alarm_rang:                                 // shared by the worlds: in normal memory, which both reach
        .skip   16
        .skip   4096
kernel_stack_top:
