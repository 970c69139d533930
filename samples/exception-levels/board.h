// Names for numbers: what the lesson needs of the board and of the registers.
#ifndef BOARD_H
#define BOARD_H

#define UART_DATA           0x09000000      // PL011 serial port: a store sends a byte

// ---- HCR_EL2: how EL2 rules over EL1 and EL0
#define HCR_TSC             (1 << 19)       // SMC of EL1 comes to EL2
#define HCR_RW              (1 << 31)       // EL1 is AArch64

// ---- SPSR_ELx: the state that ERET restores
#define MASKED              0x3c0           // debug exceptions, SError, IRQ and FIQ are masked
#define EL0                 (MASKED | 0x0)
#define EL1                 (MASKED | 0x5)  // EL1 with its own stack pointer

#define SCTLR_EL1_OFF       0x30d00800      // the bits that are one in any case: MMU and caches are off

// ---- ESR_ELx.EC: why the exception was taken
#define EC_UNKNOWN          0x00            // the instruction is not defined here
#define EC_SVC              0x15
#define EC_HVC              0x16
#define EC_SMC              0x17

// ---- calls of the firmware (PSCI)
#define PSCI_VERSION        0x84000000
#define PSCI_SYSTEM_OFF     0x84000008

#endif
