// The secure world: a service at Secure EL1. It is asked by SMC and answers by SMC; between the two it is not there.
// Its code stands where the program was loaded, so that it can be stepped through; firmware would bring it into secure
// memory first. Its stack and its secret are there already.

#include "board.h"
#include "print.inc"

#define SECRET_PLACE        (SECURE_MEMORY + 0x2000)

service:
        adr     x0, service_vectors
        msr     vbar_el1, x0
        ldr     x0, =SECRET_PLACE
        ldr     x1, =0x5ec2e7
        str     x1, [x0]                    // a Secure store: the same one reaches nothing in the normal world
        say     "secure world, EL1: ready; the secret is put away\n"

        ldr     x0, =SECURE_READY
next_call:
        smc     #0                          // Secure EL1 -> EL3. It returns with the next call in x0-x2.
        ldr     x3, =SERVICE_ADD
        cmp     x0, x3
        b.eq    service_add
        ldr     x3, =SERVICE_ALARM
        cmp     x0, x3
        b.eq    service_alarm
        ldr     x3, =SECURE_INTERRUPT
        cmp     x0, x3
        b.eq    service_interrupt
        b       service_unexpected

service_add:
        add     x19, x1, x2
        say     "  secure world, EL1: asked for a sum\n"
        mov     x1, x19
        ldr     x0, =SECURE_ANSWER
        b       next_call

service_alarm:                              // x1: ticks
        msr     cntps_tval_el1, x1
        mov     x1, #1
        msr     cntps_ctl_el1, x1
        mov     x1, #0
        ldr     x0, =SECURE_ANSWER
        b       next_call

// The monitor has brought us here because our timer's interrupt waits.
service_interrupt:
        mrs     x19, icc_iar0_el1           // which one it is; now it is ours
        cmp     x19, #SECURE_TIMER
        b.ne    service_unexpected
        msr     cntps_ctl_el1, xzr
        msr     icc_eoir0_el1, x19
        isb
        say     "  secure world, EL1: my timer; the normal world was interrupted and does not know it\n"
        adr     x0, alarm_rang
        mov     w1, #1
        str     w1, [x0]                    // unless we tell it
        ldr     x0, =SECURE_RESUME
        b       next_call

service_unexpected:
        say     "secure world, EL1: this should not have happened\n"
        b       .

        .ltorg
        .balign 2048
service_vectors:
        .rept   16
        vector  service_unexpected
        .endr
        .balign 128
