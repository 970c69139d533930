/** What the implemented architecture offers to translation, read from the ID registers that software reads. */
import { GRANULE_4KB, GRANULE_16KB, GRANULE_64KB, type Granule } from './granule.ts';
import type { TranslationRegister } from './inputs.ts';

export interface TranslationImplementation {
  /** Bits of a physical address; more than 48 with FEAT_LPA. */
  readonly physicalAddressSize: number;
  readonly stage1Granules: readonly Granule[];
  readonly stage2Granules: readonly Granule[];
  /** FEAT_LPA2: the granules whose descriptors can hold addresses of 52 bits when TCR_ELx.DS or VTCR_EL2.DS asks for it. */
  readonly stage1WideGranules: readonly Granule[];
  readonly stage2WideGranules: readonly Granule[];
  /** FEAT_LVA: virtual addresses of 52 bits with the 64 KB granule. */
  readonly largeVirtualAddresses: boolean;
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
  /** FEAT_MTE2: memory may have allocation tags. */
  readonly tagsMemory: boolean;
}

const PHYSICAL_ADDRESS_SIZES = [32, 36, 40, 42, 44, 48, 52];
const LARGEST_PHYSICAL_ADDRESS_SIZE = 52;

/** Bits of an address for ID_AA64MMFR0_EL1.PARange, TCR_ELx.IPS and the PS fields; reserved values mean the largest. */
export function addressSizeOf(encoded: number): number {
  return PHYSICAL_ADDRESS_SIZES[encoded] ?? LARGEST_PHYSICAL_ADDRESS_SIZE;
}

/** Decodes the ID registers; `read` gives their values as EL1 of a plain machine would see them. */
export function readImplementation(read: (name: TranslationRegister) => bigint): TranslationImplementation {
  const field = (name: TranslationRegister, low: number): number => Number((read(name) >> BigInt(low)) & 0xfn);
  const [tGran4, tGran16, tGran64] = [28, 20, 24].map(low => field('ID_AA64MMFR0_EL1', low));
  // Of stage 2: 0 says "as in stage 1", 1 "absent", 2 "present", 3 "with 52-bit addresses".
  const granules: { granule: Granule; stage1: boolean; wide: boolean; stage2: number }[] = [
    { granule: GRANULE_4KB, stage1: tGran4 !== 0xf, wide: tGran4 === 1, stage2: field('ID_AA64MMFR0_EL1', 40) },
    { granule: GRANULE_16KB, stage1: tGran16 !== 0, wide: tGran16 === 2, stage2: field('ID_AA64MMFR0_EL1', 32) },
    { granule: GRANULE_64KB, stage1: tGran64 !== 0xf, wide: false, stage2: field('ID_AA64MMFR0_EL1', 36) },
  ];
  const those = (which: (one: (typeof granules)[number]) => boolean): Granule[] =>
    granules.filter(which).map(({ granule }) => granule);
  const hardwareUpdates = field('ID_AA64MMFR1_EL1', 0);
  const pan = field('ID_AA64MMFR1_EL1', 20);
  const addressAuthentication =
    (read('ID_AA64ISAR1_EL1') & 0xff0n) !== 0n || (read('ID_AA64ISAR2_EL1') & 0xf000n) !== 0n;
  return {
    physicalAddressSize: addressSizeOf(field('ID_AA64MMFR0_EL1', 0)),
    stage1Granules: those(({ stage1 }) => stage1),
    stage2Granules: those(({ stage1, stage2 }) => (stage2 === 0 ? stage1 : stage2 !== 1)),
    stage1WideGranules: those(({ wide }) => wide),
    stage2WideGranules: those(({ wide, stage2 }) => (stage2 === 0 ? wide : stage2 === 3)),
    largeVirtualAddresses: field('ID_AA64MMFR2_EL1', 16) >= 1,
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
    tagsMemory: field('ID_AA64PFR1_EL1', 8) >= 2,
  };
}

/** The granule asked for, or another implemented one where it is reserved or not implemented. */
export function implementedGranule(asked: Granule | undefined, implemented: readonly Granule[]): Granule {
  if (asked && implemented.includes(asked)) return asked;
  return implemented[0] ?? GRANULE_4KB;
}
