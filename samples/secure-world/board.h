// Names for numbers: what the lesson needs of the board and of the registers.
#ifndef BOARD_H
#define BOARD_H

#define UART_DATA           0x09000000      // PL011 serial port: a store sends a byte
#define SECURE_GPIO         0x090b0000      // PL061; only Secure accesses reach it
#define GPIO_DIRECTION      0x400
#define POWER_OFF_PIN       (1 << 0)        // this board switches off when the pin goes up
#define SECURE_MEMORY       0x0e000000      // 16 MiB that only Secure accesses reach

#define GICD                0x08000000      // interrupt controller: distributor
#define GICD_CTLR           0x0000
#define GICR                0x080a0000      // and redistributor of the first processing element
#define GICR_WAKER          0x0014
#define GICR_ISENABLER0     0x10100
#define SECURE_TIMER        29              // the interrupt of the Secure physical timer, in Group 0 from reset on

// ---- SCR_EL3: how EL3 rules over everything below
#define SCR_NS              (1 << 0)        // the levels below are Non-secure
#define SCR_FIQ             (1 << 2)        // FIQ comes to EL3
#define SCR_RES1            (3 << 4)
#define SCR_HCE             (1 << 8)        // HVC is allowed
#define SCR_RW              (1 << 10)       // the level below is AArch64
#define SCR_ST              (1 << 11)       // Secure EL1 may use the Secure timer
#define SECURE_STATE        (SCR_RES1 | SCR_RW | SCR_ST)
#define NORMAL_STATE        (SCR_RES1 | SCR_RW | SCR_HCE | SCR_FIQ | SCR_NS)

#define HCR_RW              (1 << 31)       // HCR_EL2: EL1 is AArch64
#define SCTLR_EL1_OFF       0x30d00800      // the bits that are one in any case: MMU and caches are off
#define SCTLR_EL2_OFF       0x30c50830

// ---- SPSR_ELx: the state that ERET restores
#define FIQ_OPEN            0x380           // debug exceptions, SError and IRQ are masked
#define MASKED              (FIQ_OPEN | 0x40)
#define EL1                 0x5             // each with its own stack pointer
#define EL2                 0x9

// ---- ESR_ELx.EC: why the exception was taken
#define EC_HVC              0x16
#define EC_SMC              0x17
#define EC_DATA_ABORT       0x25            // of the same level

// ---- calls of the normal world: bit 31 is a fast call, bit 30 one of 64 bits, bits 29:24 say who answers
#define SMCCC_VERSION       0x80000000      // the monitor itself
#define PSCI_SYSTEM_OFF     0x84000008      // likewise
#define SERVICE_ADD         0xf2000001      // the service in the secure world: x1 + x2
#define SERVICE_ALARM       0xf2000002      // its timer, x1 ticks from now
#define NOT_KNOWN           -1

// ---- and what the secure world tells the monitor by SMC
#define SECURE_READY        0xf2000100      // it has begun; with the next return it gets a call
#define SECURE_ANSWER       0xf2000101      // x1 is the answer to the call
#define SECURE_RESUME       0xf2000102      // the interrupt is done; nothing to tell

// ---- what the monitor hands the secure world instead of a call
#define SECURE_INTERRUPT    0xf2000200      // its timer interrupted the normal world

#endif
