// The smallest hypervisor: enters a guest at EL1, counts its hypercalls in x20, switches the machine off at HVC #0.

        .text
        .global _start
_start:
        adr     x0, vectors
        msr     vbar_el2, x0
        mov     x0, #(1 << 31)          // HCR_EL2.RW: EL1 is AArch64
        msr     hcr_el2, x0
        mov     x0, #0x3c5              // EL1h, all interrupts masked
        msr     spsr_el2, x0
        adr     x0, guest
        msr     elr_el2, x0
        isb
        eret

guest:
        mov     x19, #3
again:  hvc     #7
        subs    x19, x19, #1
        b.ne    again
        hvc     #0
        b       .

        .balign 2048
vectors:
        .rept   8
        .balign 128
        b       .
        .endr
        .balign 128
lower_sync:
        mrs     x1, esr_el2
        and     x2, x1, #0xffff         // the number that HVC was given
        cbz     x2, power_off
        add     x20, x20, #1
        eret
power_off:
        ldr     x0, =0x84000008         // PSCI SYSTEM_OFF
        smc     #0
        b       .
        .rept   7
        .balign 128
        b       .
        .endr
