// Names for numbers: what the sample needs of the board and of the registers.
#ifndef BOARD_H
#define BOARD_H

#define UART_DATA       0x09000000          // PL011 serial port: a store sends a byte
#define GICD_CTLR       0x08000000          // interrupt controller: distributor
#define GICR_WAKER      0x080a0014          // interrupt controller: this processor's redistributor
#define GICR_IGROUPR0   0x080b0080
#define GICR_ISENABLER0 0x080b0100

#define EL1_TIMER       30                  // interrupt number of the EL1 physical timer
#define EL2_TIMER       26                  // interrupt number of the EL2 physical timer

// ---- HCR_EL2
#define HCR_IMO         (1 << 4)            // physical IRQs go to EL2
#define HCR_TGE         (1 << 27)           // EL0 belongs to a host at EL2
#define HCR_RW          (1 << 31)           // EL1 is AArch64
#define HCR_E2H         (1 << 34)           // a host kernel runs at EL2: VHE

// Who rules while whom runs.
#define HCR_HOST_EL1    HCR_RW                          // the host at EL1 takes its interrupts itself
#define HCR_GUEST       (HCR_RW | HCR_IMO)              // interrupts end the guest's run
#define HCR_HOST_EL2    (HCR_RW | HCR_E2H | HCR_TGE)
#define HCR_GUEST_VHE   (HCR_RW | HCR_E2H | HCR_IMO)

#define EC_HVC          0x16

// ---- PSTATE
#define MASKED          0x3c0               // debug exceptions, SError, IRQ and FIQ are masked
#define EL1H            (MASKED | 0x5)
#define GUEST_PSTATE    EL1H                // the guest's mask does not keep the host's interrupts from EL2

#define SCTLR_EL1_OFF   0x30d00800          // the bits that are one in any case: MMU and caches are off

#define PSCI_SYSTEM_OFF 0x84000008

#endif
