/** Everything that translation knows about the rest of the machine. */

/** The registers that translation reads, and no others. */
export type TranslationRegister =
  | 'HCR_EL2'
  | 'ID_AA64ISAR1_EL1'
  | 'ID_AA64ISAR2_EL1'
  | 'ID_AA64MMFR0_EL1'
  | 'ID_AA64MMFR1_EL1'
  | 'ID_AA64MMFR2_EL1'
  | 'ID_AA64PFR1_EL1'
  | 'MAIR_EL1'
  | 'MAIR_EL2'
  | 'MAIR_EL3'
  | 'SCR_EL3'
  | 'SCTLR_EL1'
  | 'SCTLR_EL2'
  | 'SCTLR_EL3'
  | 'TCR_EL1'
  | 'TCR_EL2'
  | 'TCR_EL3'
  | 'TTBR0_EL1'
  | 'TTBR0_EL2'
  | 'TTBR0_EL3'
  | 'TTBR1_EL1'
  | 'TTBR1_EL2'
  | 'VSTCR_EL2'
  | 'VSTTBR_EL2'
  | 'VTCR_EL2'
  | 'VTTBR_EL2';

/** What became of a compare-and-swap of a descriptor; 'unsupported' where the memory cannot be written so. */
export type SwapOutcome = 'swapped' | 'changed' | 'unsupported';

/** The PE's registers and the memory that holds the tables. */
export interface TranslationInputs {
  /** A number that is another one whenever a register may have changed. */
  generation(): number;
  /** The stored value, without access checks or redirection. */
  register(name: TranslationRegister): bigint;
  /**
   * HCR_EL2 as it takes effect: zero where EL2 is not implemented or disabled in the current Security state, and with
   * the bits that TGE and E2H override already overridden (Arm ARM, HCR_EL2).
   */
  effectiveHypervisorConfiguration(): bigint;
  /**
   * The 32 bits, little-endian and unsigned, at a multiple of 4 in a physical address space; undefined where nothing
   * but an external abort answers. Must not disturb devices.
   */
  readWord(physicalAddress: number, nonSecure: boolean): number | undefined;
  /** Replaces the 64 bits (little-endian) at a multiple of 8 if they are still as expected. */
  compareAndSwap(physicalAddress: number, nonSecure: boolean, expected: bigint, replacement: bigint): SwapOutcome;
}
