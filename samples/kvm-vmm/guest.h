/* What the guest and its VMM agree on. Included by C and by assembly. */
#ifndef GUEST_H
#define GUEST_H

#define RAM_BASE        0x40000000
#define RAM_SIZE        0x00200000
/* The last page of RAM: nothing touches it before the guest does. */
#define UNTOUCHED_PAGE  0x401ff000

#define GICD_BASE       0x08000000
#define GICC_BASE       0x08010000
#define GICR_BASE       0x080a0000

/* A device of the VMM: it has no memory behind it, so that each access comes out of KVM_RUN. */
#define DEVICE_BASE     0x09000000
#define DEVICE_CONSOLE  0x00    /* write: one character */
#define DEVICE_NUMBER   0x08    /* read: a number of the VMM's choice */
#define DEVICE_RESULT   0x10    /* write: what the guest thinks of it */
#define DEVICE_EL0      0x18    /* write, from EL0 */

#define DEVICE_ANSWER   0xcafe

#endif
