// Names for numbers: the virt board's addresses and the bits of the registers that the sample uses.
#ifndef BOARD_H
#define BOARD_H

// ---- the board
#define UART            0x09000000          // PL011 serial port
#define UART_DR         0x00                // data register: a store sends a byte
#define GICD            0x08000000          // interrupt controller: distributor
#define GICR            0x080a0000          // interrupt controller: this processor's redistributor
#define GICR_SGI        0x080b0000          // its second frame, for private interrupts

#define GICD_CTLR       0x0000
#define GICR_WAKER      0x0014
#define GICR_IGROUPR0   0x0080
#define GICR_ISENABLER0 0x0100
#define GICR_IPRIORITYR 0x0400
#define VIRTUAL_TIMER   27                  // interrupt number of the EL1 virtual timer

// ---- HCR_EL2: what the hypervisor keeps for itself
#define HCR_VM          (1 << 0)            // stage 2 translation is on
#define HCR_FMO         (1 << 3)            // physical FIQs go to EL2
#define HCR_IMO         (1 << 4)            // physical IRQs go to EL2, EL1 gets virtual ones
#define HCR_AMO         (1 << 5)            // SErrors go to EL2
#define HCR_TWI         (1 << 13)           // WFI exits
#define HCR_TID3        (1 << 18)           // reads of the identification registers exit
#define HCR_RW          (1 << 31)           // EL1 is AArch64

// ---- ESR_EL2.EC: why the guest exited
#define EC_WFX          0x01
#define EC_HVC          0x16
#define EC_SYSREG       0x18
#define EC_DATA_ABORT   0x24

// ---- ESR_EL2.ISS of a trapped MRS or MSR
#define ISS_REGISTER        0x3ffc1f        // which register (op0, op2, op1, CRn, CRm), and that it is read
#define ISS_ID_AA64PFR0_EL1 ((3 << 20) | (4 << 1) | 1)

// ---- translation table entries
#define VALID_TABLE     0x3
#define VALID_PAGE      0x3
#define VALID_BLOCK     0x1
#define AF              (1 << 10)           // access flag: already accessed
#define INNER_SHARED    (3 << 8)
// stage 2
#define S2_NORMAL       (0xf << 2)          // memory, write-back
#define S2_READ         (1 << 6)
#define S2_WRITE        (2 << 6)
// stage 1
#define S1_DEVICE       (0 << 2)            // MAIR_EL1 attribute 0
#define S1_NORMAL       (1 << 2)            // MAIR_EL1 attribute 1
#define S1_EL0          (1 << 6)            // EL0 may access
#define S1_READ_ONLY    (2 << 6)
#define PXN             (1 << 53)           // EL1 may not execute
#define UXN             (1 << 54)           // EL0 may not execute

#define PAGE            4096

// ---- the guest's view of the world
#define GUEST_DATA_VA   0x50000000          // where the guest kernel sees its data page
#define GUEST_DATA_IPA  0x60000000          // where the guest believes that page to be in memory

// ---- PSTATE on entry
#define EL1H            0x3c5               // EL1 with its own stack, interrupts masked
#define EL0T            0x000               // EL0, interrupts on
#define PSCI_SYSTEM_OFF 0x84000008

#endif
