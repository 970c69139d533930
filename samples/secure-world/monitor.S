// Two worlds on one machine, and the monitor between them.
//
//      EL3  the monitor (this file): owns the machine, and changes the Security state
//      EL2  normal world: the hypervisor (normal.S)        -- there is none in the secure world
//      EL1  normal world: the kernel (normal.S)            secure world: the service (secure.S)
//
// A processing element is in one world at a time. SCR_EL3.NS says in which one the levels below EL3 are; only EL3 may
// change it. The registers of EL1 are there once, for both worlds: the monitor keeps those of the world that waits.
// Real firmware is made like this; there the monitor is BL31 and the service is BL32.

#include "board.h"
#include "print.inc"

// What the monitor keeps of a world: x0-x30, then what EL3 and EL1 have of it.
#define KEPT_SP_EL0         248
#define KEPT_ELR_EL3        256
#define KEPT_SPSR_EL3       264
#define KEPT_SCR_EL3        272
#define KEPT_SP_EL1         280
#define KEPT_ELR_EL1        288
#define KEPT_SPSR_EL1       296
#define KEPT_ESR_EL1        304
#define KEPT_FAR_EL1        312
#define KEPT_VBAR_EL1       320
#define KEPT_SCTLR_EL1      328
#define KEPT_ENTERED        336             // how often this world was switched to
#define KEPT_SIZE           512

// All of it is in secure memory: the normal world cannot even look at it.
#define NORMAL              SECURE_MEMORY
#define SECURE              (SECURE_MEMORY + KEPT_SIZE)
#define SECURE_STACK_TOP    (SECURE_MEMORY + 0x10000)

        .text
        .global _start
_start:
        adr     x0, monitor_vectors
        msr     vbar_el3, x0
        say     "monitor, EL3: here the machine starts\n"
        bl      prepare_interrupts

        // Two worlds that have not begun: a place to begin, a level, a Security state, and everything else zero.
        ldr     x19, =NORMAL
        mov     x1, #(2 * KEPT_SIZE)
1:      sub     x1, x1, #8
        str     xzr, [x19, x1]
        cbnz    x1, 1b
        adr     x0, hypervisor
        mov     x1, #(MASKED | EL2)
        stp     x0, x1, [x19, #KEPT_ELR_EL3]
        ldr     x0, =NORMAL_STATE
        str     x0, [x19, #KEPT_SCR_EL3]

        ldr     x20, =SECURE
        adr     x0, service
        mov     x1, #(MASKED | EL1)
        stp     x0, x1, [x20, #KEPT_ELR_EL3]
        ldr     x0, =SECURE_STATE
        str     x0, [x20, #KEPT_SCR_EL3]
        ldr     x0, =SECURE_STACK_TOP
        str     x0, [x20, #KEPT_SP_EL1]
        ldr     x0, =SCTLR_EL1_OFF
        str     x0, [x19, #KEPT_SCTLR_EL1]
        str     x0, [x20, #KEPT_SCTLR_EL1]

        // The secure world begins first. SP_EL3 is where the monitor keeps the world that runs.
        say     "monitor, EL3: entering the secure world\n"
        mov     sp, x20
        b       enter_world


// ---- from a world into the monitor -----------------------------------------------------------------------------

        .balign 2048
monitor_vectors:
        vector  unexpected                  // from EL3 with SP_EL0
        vector  unexpected
        vector  unexpected
        vector  unexpected
        vector  unexpected                  // from EL3 itself
        vector  unexpected
        vector  unexpected
        vector  unexpected
        vector  monitor_call                // from below: synchronous
        vector  unexpected                  //             IRQ
        vector  monitor_interrupt           //             FIQ
        vector  unexpected                  //             SError
        vector  unexpected                  // from below, 32-bit
        vector  unexpected
        vector  unexpected
        vector  unexpected
        .balign 128

        .macro  keep_registers
        stp     x0, x1, [sp, #0]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        str     x30, [sp, #240]
        mrs     x0, sp_el0
        mrs     x1, elr_el3
        stp     x0, x1, [sp, #KEPT_SP_EL0]
        mrs     x0, spsr_el3
        mrs     x1, scr_el3
        stp     x0, x1, [sp, #KEPT_SPSR_EL3]
        mrs     x0, sp_el1
        mrs     x1, elr_el1
        stp     x0, x1, [sp, #KEPT_SP_EL1]
        mrs     x0, spsr_el1
        mrs     x1, esr_el1
        stp     x0, x1, [sp, #KEPT_SPSR_EL1]
        mrs     x0, far_el1
        mrs     x1, vbar_el1
        stp     x0, x1, [sp, #KEPT_FAR_EL1]
        mrs     x0, sctlr_el1
        str     x0, [sp, #KEPT_SCTLR_EL1]
        mov     x21, sp                     // the world that called
        ldr     x19, =NORMAL
        ldr     x20, =SECURE
        .endm

// An SMC. Who asks is in the state that it came from; what it asks is in x0.
monitor_call:
        keep_registers
        mrs     x0, esr_el3
        lsr     x0, x0, #26
        cmp     x0, #EC_SMC
        b.ne    unexpected
        ldr     x22, [x21]                  // the number of the call
        cmp     x21, x20
        b.eq    call_of_secure_world

call_of_normal_world:
        ldr     x0, =SMCCC_VERSION
        cmp     x22, x0
        b.eq    tell_version
        ldr     x0, =PSCI_SYSTEM_OFF
        cmp     x22, x0
        b.eq    switch_off
        ldr     x0, =SERVICE_ADD
        cmp     x22, x0
        b.eq    pass_to_service
        ldr     x0, =SERVICE_ALARM
        cmp     x22, x0
        b.eq    pass_to_service
        mov     x0, #NOT_KNOWN
        str     x0, [x21]
        b       enter_world

tell_version:                               // SMCCC 1.2: no need to leave this world
        ldr     x0, =0x10002
        str     x0, [x21]
        b       enter_world

// The call is what the secure world's own last SMC returns with.
pass_to_service:
        ldp     x0, x1, [x21]
        stp     x0, x1, [x20]
        ldr     x2, [x21, #16]
        str     x2, [x20, #16]
        mov     sp, x20
        b       enter_world

call_of_secure_world:
        ldr     x0, =SECURE_READY
        cmp     x22, x0
        b.eq    begin_normal_world
        ldr     x0, =SECURE_RESUME
        cmp     x22, x0
        b.eq    to_normal_world
        ldr     x0, =SECURE_ANSWER
        cmp     x22, x0
        b.ne    unexpected
        ldr     x0, [x21, #8]               // the answer is what the normal world's SMC returns with
        str     x0, [x19]
to_normal_world:
        mov     sp, x19
        b       enter_world

begin_normal_world:
        say     "monitor, EL3: entering the normal world\n"
        mov     sp, x19
        b       enter_world

// An interrupt of the secure world while the normal world runs: FIQ comes here, because SCR_EL3.FIQ is set there.
monitor_interrupt:
        keep_registers
        cmp     x21, x19
        b.ne    unexpected
        ldr     x0, =SECURE_INTERRUPT
        str     x0, [x20]
        mov     sp, x20
        b       enter_world


// ---- from the monitor into a world -----------------------------------------------------------------------------

// SP is where the world is kept. ERET changes the level; SCR_EL3.NS, which it finds set or clear, the world.
enter_world:
        ldr     x0, [sp, #KEPT_ENTERED]
        add     x0, x0, #1
        str     x0, [sp, #KEPT_ENTERED]
        ldp     x0, x1, [sp, #KEPT_SP_EL0]
        msr     sp_el0, x0
        msr     elr_el3, x1
        ldp     x0, x1, [sp, #KEPT_SPSR_EL3]
        msr     spsr_el3, x0
        msr     scr_el3, x1
        ldp     x0, x1, [sp, #KEPT_SP_EL1]
        msr     sp_el1, x0
        msr     elr_el1, x1
        ldp     x0, x1, [sp, #KEPT_SPSR_EL1]
        msr     spsr_el1, x0
        msr     esr_el1, x1
        ldp     x0, x1, [sp, #KEPT_FAR_EL1]
        msr     far_el1, x0
        msr     vbar_el1, x1
        ldr     x0, [sp, #KEPT_SCTLR_EL1]
        msr     sctlr_el1, x0
        ldp     x0, x1, [sp, #0]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldr     x30, [sp, #240]
        eret


// ---- the machine -----------------------------------------------------------------------------------------------

// Group 0 is the secure world's, and arrives as FIQ. The interrupt of its timer is in that group, as all are at reset.
prepare_interrupts:
        ldr     x0, =GICD
        mov     w1, #0x31                   // affinity routing for both states; Group 0 on
        str     w1, [x0, #GICD_CTLR]
        ldr     x0, =GICR
        str     wzr, [x0, #GICR_WAKER]      // awake
1:      ldr     w1, [x0, #GICR_WAKER]
        tbnz    w1, #2, 1b
        ldr     x1, =(GICR + GICR_ISENABLER0)
        ldr     w2, =(1 << SECURE_TIMER)
        str     w2, [x1]
        mov     x0, #0xf                    // EL3 uses system registers for the rest, and lets the levels below
        msr     icc_sre_el3, x0
        isb
        mov     x0, #0xff
        msr     icc_pmr_el1, x0             // every priority passes
        mov     x0, #1
        msr     icc_igrpen0_el1, x0
        isb
        ret

switch_off:
        say     "monitor, EL3: switching off; entries into the secure world: "
        ldr     x0, [x20, #KEPT_ENTERED]
        say_number x0
        ldr     x0, =SECURE_GPIO
        mov     w1, #POWER_OFF_PIN
        str     w1, [x0, #GPIO_DIRECTION]   // the pin is an output
        str     w1, [x0, #(POWER_OFF_PIN << 2)] // up: an address says which pins a store means
        b       .

unexpected:
        say     "monitor, EL3: this should not have happened\n"
        b       .

        .ltorg

#include "secure.S"
#include "normal.S"
