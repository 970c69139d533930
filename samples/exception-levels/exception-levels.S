// A walk through the Exception levels.
//
//      EL0  the application     asks EL1 by SVC
//      EL1  the kernel          asks EL2 by HVC and the firmware by SMC
//      EL2  the hypervisor      asks the firmware by SMC
//
// Upwards leads only an exception: SVC, HVC, SMC, or an instruction that may not be executed. Downwards leads only ERET.
// Read from _start. Step with F10 ("Step Over"), and with F11 ("Step Into") at SVC, HVC, SMC and ERET: it follows them to
// the level that answers, and back.

#include "board.h"
#include "print.inc"

        .text
        .global _start
_start:
        b       hypervisor


// ==== EL2 =======================================================================================================

hypervisor:
        adr     x0, hypervisor_stack_top
        mov     sp, x0
        adr     x0, hypervisor_vectors      // exceptions that EL2 takes branch into this table
        msr     vbar_el2, x0

        say     "EL2: the machine starts here; CurrentEL.EL = "
        mrs     x0, CurrentEL
        lsr     x0, x0, #2                  // the level is in bits 3:2
        say_number x0

        // The firmware is one level up. Its calls have numbers, and give their answer in x0.
        ldr     x0, =PSCI_VERSION
        smc     #0
        mov     x19, x0
        say     "EL2: the firmware answers an SMC: PSCI version "
        say_number x19

        // What EL1 will be, and what of its doings we want to see.
        ldr     x0, =(HCR_RW | HCR_TSC)
        msr     hcr_el2, x0
        ldr     x0, =SCTLR_EL1_OFF
        msr     sctlr_el1, x0

        // The way down: "return" to a place where we never were. ELR_EL2 says where, SPSR_EL2 at which level.
        say     "EL2: ERET to EL1\n"
        adr     x0, kernel
        msr     elr_el2, x0
        mov     x0, #EL1
        msr     spsr_el2, x0
        eret

// An exception of EL1 arrived. ESR_EL2.EC says of which kind, the low 16 bits of ESR_EL2 are the number that stands
// behind HVC or SMC. A real hypervisor would keep EL1's registers first; here the two have agreed that EL2 may use
// x0-x3, x19, x20 and x30.
hypervisor_call:
        mrs     x19, esr_el2
        lsr     x20, x19, #26
        cmp     x20, #EC_HVC
        b.eq    hypervisor_hvc
        cmp     x20, #EC_SMC
        b.eq    hypervisor_smc
        b       unexpected

hypervisor_hvc:
        ubfx    x20, x19, #0, #16
        cbz     x20, the_end
        say     "  EL2: HVC came from EL1, with the number "
        say_number x20
        eret                                // ELR_EL2 is the instruction behind HVC: nothing to add

// HCR_EL2.TSC made this exception: the SMC has not happened. We make it, and go on behind it.
hypervisor_smc:
        mov     x20, x0                     // the call that EL1 wants
        say     "  EL2: SMC of EL1 was trapped; passing it on\n"
        mov     x0, x20
        smc     #0
        mrs     x1, elr_el2                 // ELR_EL2 is the SMC itself, as for every instruction that was trapped
        add     x1, x1, #4
        msr     elr_el2, x1
        eret

the_end:
        say     "EL2: back where we began; switching off\n"
        ldr     x0, =PSCI_SYSTEM_OFF
        smc     #0
        b       .


// ==== EL1 =======================================================================================================

kernel:
        adr     x0, kernel_stack_top        // each level has a stack pointer of its own: this is SP_EL1
        mov     sp, x0
        adr     x0, kernel_vectors          // and a vector table of its own
        msr     vbar_el1, x0

        say     "EL1: here is the kernel; CurrentEL.EL = "
        mrs     x0, CurrentEL
        lsr     x0, x0, #2
        say_number x0

        hvc     #7                          // EL1 -> EL2, and back
        say     "EL1: back behind the HVC\n"

        ldr     x0, =PSCI_VERSION
        smc     #0                          // EL1 -> EL2, which passes it on
        mov     x21, x0
        say     "EL1: the answer to the SMC: PSCI version "
        say_number x21

        say     "EL1: ERET to EL0\n"
        adr     x0, application_stack_top
        msr     sp_el0, x0
        adr     x0, application
        msr     elr_el1, x0
        mov     x0, #EL0
        msr     spsr_el1, x0
        eret

// An exception of EL0 arrived. EL1 may use x0-x3, x21, x22 and x30.
kernel_call:
        mrs     x21, esr_el1
        lsr     x22, x21, #26
        cmp     x22, #EC_SVC
        b.eq    kernel_svc
        cmp     x22, #EC_UNKNOWN
        b.eq    kernel_undefined
        b       unexpected

kernel_svc:
        ubfx    x22, x21, #0, #16
        cbz     x22, kernel_end
        say     "  EL1: SVC came from EL0, with the number "
        say_number x22
        eret

// EL0 executed what is not defined for it. A kernel ends such a program; we tell, and go on behind the instruction.
kernel_undefined:
        say     "  EL1: EL0 may not execute that (ESR_EL1.EC is zero)\n"
        mrs     x1, elr_el1
        add     x1, x1, #4
        msr     elr_el1, x1
        eret

kernel_end:
        say     "EL1: the application is done; HVC to EL2\n"
        hvc     #0
        b       .


// ==== EL0 =======================================================================================================

application:
        say     "EL0: here is the application\n"
        svc     #42                         // EL0 -> EL1, and back
        say     "EL0: back behind the SVC; now it reads CurrentEL\n"
        mrs     x0, CurrentEL               // not for EL0: an exception to EL1
        say     "EL0: back behind the MRS; now it asks EL1 to end\n"
        svc     #0
        b       .


unexpected:                                 // an exception that this program does not make
        say     "an exception that nobody expected\n"
        ldr     x0, =PSCI_SYSTEM_OFF
        smc     #0
        b       .

        .ltorg


// ==== vector tables =============================================================================================
// Sixteen entries of 128 bytes. Which one is taken depends on where the exception comes from and of what kind it is.

        .macro  vector target
        .balign 128
        b       \target
        .endm

        .macro  unexpected_vectors
        .rept   4                           // synchronous, IRQ, FIQ, SError
        vector  unexpected
        .endr
        .endm

        .macro  vectors name, from_lower
        .balign 2048
\name:
        unexpected_vectors                  // from the same level with the stack pointer of EL0
        unexpected_vectors                  // from the same level with its own
        vector  \from_lower                 // from a lower level, 64-bit: synchronous
        .rept   3                           //                             IRQ, FIQ, SError
        vector  unexpected
        .endr
        unexpected_vectors                  // from a lower level, 32-bit
        .endm

        vectors hypervisor_vectors, hypervisor_call
        vectors kernel_vectors, kernel_call


// ==== stacks ====================================================================================================

        .bss
        .balign 16
        .skip   4096
hypervisor_stack_top:
        .skip   4096
kernel_stack_top:
        .skip   4096
application_stack_top:
