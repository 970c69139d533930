/** What the implemented architecture offers to translation, read from the ID registers that software reads. */
import { GRANULE_4KB, GRANULE_16KB, GRANULE_64KB, type Granule } from './granule.ts';
import type { TranslationRegister } from './inputs.ts';

export interface TranslationImplementation {
  /** Bits of a physical address, at most 48 (FEAT_LPA is not implemented). */
  readonly physicalAddressSize: number;
  readonly stage1Granules: readonly Granule[];
  readonly stage2Granules: readonly Granule[];
  readonly asidBits: 8 | 16;
  readonly vmidBits: 8 | 16;
  /** FEAT_HAFDBS: hardware may set the access flag. */
  readonly updatesAccessFlag: boolean;
  /** FEAT_HAFDBS: hardware may also mark pages dirty. */
  readonly updatesDirtyState: boolean;
  /** FEAT_HPDS. */
  readonly disablesHierarchicalPermissions: boolean;
  /** FEAT_PAN. */
  readonly privilegedAccessNever: boolean;
  /** FEAT_PAN3: SCTLR_ELx.EPAN. */
  readonly enhancedPrivilegedAccessNever: boolean;
  /** FEAT_XNX: stage 2 tells execution at EL1 from execution at EL0. */
  readonly separateStage2ExecuteNever: boolean;
  /** FEAT_TTST. */
  readonly smallTables: boolean;
  /** FEAT_S2FWB. */
  readonly forcesWriteBack: boolean;
  /** FEAT_E0PD. */
  readonly preventsEl0Access: boolean;
  /** FEAT_PAuth brings TCR_ELx.TBID. */
  readonly tagsDataOnly: boolean;
  /** FEAT_BTI: descriptors mark guarded pages. */
  readonly guardsPages: boolean;
}

const PHYSICAL_ADDRESS_SIZES = [32, 36, 40, 42, 44, 48];
const LARGEST_PHYSICAL_ADDRESS_SIZE = 48;

/** Bits of an address for ID_AA64MMFR0_EL1.PARange, TCR_ELx.IPS and the PS fields; reserved values mean the largest. */
export function addressSizeOf(encoded: number): number {
  return PHYSICAL_ADDRESS_SIZES[encoded] ?? LARGEST_PHYSICAL_ADDRESS_SIZE;
}

/** Decodes the ID registers; `read` gives their values as EL1 of a plain machine would see them. */
export function readImplementation(read: (name: TranslationRegister) => bigint): TranslationImplementation {
  const field = (name: TranslationRegister, low: number): number => Number((read(name) >> BigInt(low)) & 0xfn);
  const granules: [Granule, boolean, number][] = [
    [GRANULE_4KB, field('ID_AA64MMFR0_EL1', 28) !== 0xf, field('ID_AA64MMFR0_EL1', 40)],
    [GRANULE_16KB, field('ID_AA64MMFR0_EL1', 20) !== 0, field('ID_AA64MMFR0_EL1', 32)],
    [GRANULE_64KB, field('ID_AA64MMFR0_EL1', 24) !== 0xf, field('ID_AA64MMFR0_EL1', 36)],
  ];
  const hardwareUpdates = field('ID_AA64MMFR1_EL1', 0);
  const pan = field('ID_AA64MMFR1_EL1', 20);
  const addressAuthentication =
    (read('ID_AA64ISAR1_EL1') & 0xff0n) !== 0n || (read('ID_AA64ISAR2_EL1') & 0xf000n) !== 0n;
  return {
    physicalAddressSize: addressSizeOf(field('ID_AA64MMFR0_EL1', 0)),
    stage1Granules: granules.filter(([, stage1]) => stage1).map(([granule]) => granule),
    // The stage 2 fields: 0 says "as in stage 1", 1 says "absent".
    stage2Granules: granules.filter(([, stage1, stage2]) => (stage2 === 0 ? stage1 : stage2 !== 1)).map(([g]) => g),
    asidBits: field('ID_AA64MMFR0_EL1', 4) === 2 ? 16 : 8,
    vmidBits: field('ID_AA64MMFR1_EL1', 4) === 2 ? 16 : 8,
    updatesAccessFlag: hardwareUpdates >= 1,
    updatesDirtyState: hardwareUpdates >= 2,
    disablesHierarchicalPermissions: field('ID_AA64MMFR1_EL1', 12) >= 1,
    privilegedAccessNever: pan >= 1,
    enhancedPrivilegedAccessNever: pan >= 3,
    separateStage2ExecuteNever: field('ID_AA64MMFR1_EL1', 28) >= 1,
    smallTables: field('ID_AA64MMFR2_EL1', 28) >= 1,
    forcesWriteBack: field('ID_AA64MMFR2_EL1', 40) >= 1,
    preventsEl0Access: field('ID_AA64MMFR2_EL1', 60) >= 1,
    tagsDataOnly: addressAuthentication,
    guardsPages: field('ID_AA64PFR1_EL1', 0) >= 1,
  };
}

/** The granule asked for, or another implemented one where it is reserved or not implemented. */
export function implementedGranule(asked: Granule | undefined, implemented: readonly Granule[]): Granule {
  if (asked && implemented.includes(asked)) return asked;
  return implemented[0] ?? GRANULE_4KB;
}
