/**
 * INTIDs: the numbers that name interrupts, and the groups interrupts belong to (GICv3 architecture, "INTIDs" and
 * "Interrupt grouping").
 */

/** Software Generated Interrupts are INTIDs 0–15, private to each processing element. */
export const softwareGeneratedInterrupts = 16;
/** INTIDs below this one (SGIs and PPIs) are private to each processing element; SPIs start here. */
export const firstSharedInterrupt = 32;
/** INTIDs from here on name no interrupt. */
export const firstSpecialInterrupt = 1020;

/** Special INTIDs that an acknowledge or highest-pending register answers instead of an interrupt. */
export const specialInterrupt = {
  /** Read at EL3: the pending interrupt is one for Secure EL1. */
  forSecureEl1: 1020,
  /** Read at EL3: the pending interrupt is one for Non-secure EL1 or EL2. */
  forNonSecure: 1021,
  /** GICv2: the pending interrupt is in Group 1 and was not asked for. */
  forGroup1: 1022,
  /** Nothing to acknowledge. */
  spurious: 1023,
} as const;

/** INTID of the maintenance interrupt, the PPI by which list registers ask the hypervisor for attention. */
export const maintenanceInterrupt = 25;

/** Number of list registers of every processing element's virtual interface. */
export const listRegisterCount = 4;

/** Interrupt groups. With a single security state every Group 1 interrupt is `nonSecureGroup1`. */
export const group0 = 0;
export const secureGroup1 = 1;
export const nonSecureGroup1 = 2;
export type InterruptGroup = typeof group0 | typeof secureGroup1 | typeof nonSecureGroup1;

/** Name of a group as a person reads it. */
export function groupName(group: InterruptGroup, twoSecurityStates: boolean): string {
  if (group === group0) return 'Group 0';
  if (!twoSecurityStates) return 'Group 1';
  return group === secureGroup1 ? 'Secure Group 1' : 'Non-secure Group 1';
}
