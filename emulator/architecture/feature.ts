/**
 * Architecture features: what reports each, and whether the machine has it (Arm ARM A2, D24.2).
 *
 * A CPU model lists what the real CPU reports; what the machine lacks is taken out of the identification registers,
 * so that software never believes in something that is not there.
 */

/** `register.field` is at least `value`. */
export interface FeatureReport {
  readonly register: string;
  readonly field: string;
  readonly value: number;
}

export interface Feature {
  readonly name: string;
  readonly brief: string;
  readonly report: FeatureReport;
  /** The machine implements it, when the CPU model has it. */
  readonly implemented: boolean;
}

const row =
  (implemented: boolean) =>
  <const Name extends string>(name: Name, register: string, field: string, value: number, brief: string) => ({
    name,
    brief,
    report: { register, field, value },
    implemented,
  });

const has = row(true);
const lacks = row(false);

const rows = [
  // ID_AA64PFR0_EL1
  lacks('FEAT_AA32EL0', 'ID_AA64PFR0_EL1', 'EL0', 2, 'AArch32 at EL0'),
  lacks('FEAT_AA32EL1', 'ID_AA64PFR0_EL1', 'EL1', 2, 'AArch32 at EL1'),
  lacks('FEAT_AA32EL2', 'ID_AA64PFR0_EL1', 'EL2', 2, 'AArch32 at EL2'),
  lacks('FEAT_AA32EL3', 'ID_AA64PFR0_EL1', 'EL3', 2, 'AArch32 at EL3'),
  has('FEAT_FP', 'ID_AA64PFR0_EL1', 'FP', 0, 'Floating point'),
  has('FEAT_AdvSIMD', 'ID_AA64PFR0_EL1', 'AdvSIMD', 0, 'Advanced SIMD'),
  has('FEAT_FP16', 'ID_AA64PFR0_EL1', 'FP', 1, 'Half-precision arithmetic'),
  has('FEAT_GICv3', 'ID_AA64PFR0_EL1', 'GIC', 1, 'GIC CPU interface in system registers'),
  has('FEAT_RAS', 'ID_AA64PFR0_EL1', 'RAS', 1, 'Reliability, availability, serviceability'),
  has('FEAT_RASv1p1', 'ID_AA64PFR0_EL1', 'RAS', 2, 'RAS version 1.1'),
  lacks('FEAT_SVE', 'ID_AA64PFR0_EL1', 'SVE', 1, 'Scalable vectors'),
  lacks('FEAT_RME', 'ID_AA64PFR0_EL1', 'RME', 1, 'Realms'),
  has('FEAT_SEL2', 'ID_AA64PFR0_EL1', 'SEL2', 1, 'Secure EL2'),
  has('FEAT_DIT', 'ID_AA64PFR0_EL1', 'DIT', 1, 'Data-independent timing'),
  has('FEAT_CSV2', 'ID_AA64PFR0_EL1', 'CSV2', 1, 'Branch predictions kept apart by address space'),
  has('FEAT_CSV2_2', 'ID_AA64PFR0_EL1', 'CSV2', 2, 'Branch predictions kept apart by SCXTNUM_ELx'),
  has('FEAT_CSV3', 'ID_AA64PFR0_EL1', 'CSV3', 1, 'Speculation after faults does not leak'),
  // ID_AA64PFR1_EL1
  has('FEAT_BTI', 'ID_AA64PFR1_EL1', 'BT', 1, 'Branch target identification'),
  has('FEAT_SSBS', 'ID_AA64PFR1_EL1', 'SSBS', 1, 'Speculative store bypass control'),
  has('FEAT_SSBS2', 'ID_AA64PFR1_EL1', 'SSBS', 2, 'MRS and MSR of SSBS'),
  has('FEAT_MTE', 'ID_AA64PFR1_EL1', 'MTE', 1, 'Memory tagging instructions'),
  has('FEAT_MTE2', 'ID_AA64PFR1_EL1', 'MTE', 2, 'Memory tagging'),
  has('FEAT_MTE_ASYNC', 'ID_AA64PFR1_EL1', 'MTE', 2, 'Tag check faults that are only noted'),
  has('FEAT_MTE_ASYM_FAULT', 'ID_AA64PFR1_EL1', 'MTE', 3, 'Tag check faults that are only noted for writes'),
  lacks('FEAT_SME', 'ID_AA64PFR1_EL1', 'SME', 1, 'Scalable matrices'),
  lacks('FEAT_NMI', 'ID_AA64PFR1_EL1', 'NMI', 1, 'Non-maskable interrupts'),
  // ID_AA64ZFR0_EL1 and ID_AA64SMFR0_EL1
  lacks('FEAT_SVE2', 'ID_AA64ZFR0_EL1', 'SVEver', 1, 'Scalable vectors, version 2'),
  lacks('FEAT_SVE_AES', 'ID_AA64ZFR0_EL1', 'AES', 1, 'AES on scalable vectors'),
  lacks('FEAT_SVE_PMULL128', 'ID_AA64ZFR0_EL1', 'AES', 2, '64-bit polynomial multiply on scalable vectors'),
  lacks('FEAT_SVE_BitPerm', 'ID_AA64ZFR0_EL1', 'BitPerm', 1, 'Bit permutation on scalable vectors'),
  lacks('FEAT_SVE_SHA3', 'ID_AA64ZFR0_EL1', 'SHA3', 1, 'SHA3 on scalable vectors'),
  lacks('FEAT_SVE_SM4', 'ID_AA64ZFR0_EL1', 'SM4', 1, 'SM4 on scalable vectors'),
  lacks('FEAT_F32MM', 'ID_AA64ZFR0_EL1', 'F32MM', 1, 'Single-precision matrix multiply'),
  lacks('FEAT_F64MM', 'ID_AA64ZFR0_EL1', 'F64MM', 1, 'Double-precision matrix multiply'),
  lacks('FEAT_SME_F64F64', 'ID_AA64SMFR0_EL1', 'F64F64', 1, 'Double-precision outer products'),
  lacks('FEAT_SME_I16I64', 'ID_AA64SMFR0_EL1', 'I16I64', 15, 'Outer products of halfwords to doublewords'),
  // ID_AA64DFR0_EL1
  has('FEAT_Debugv8p1', 'ID_AA64DFR0_EL1', 'DebugVer', 7, 'Debug with VHE'),
  has('FEAT_Debugv8p2', 'ID_AA64DFR0_EL1', 'DebugVer', 8, 'Debug of Armv8.2'),
  has('FEAT_Debugv8p4', 'ID_AA64DFR0_EL1', 'DebugVer', 9, 'Debug of Armv8.4'),
  has('FEAT_PMUv3', 'ID_AA64DFR0_EL1', 'PMUVer', 1, 'Performance monitors'),
  has('FEAT_PMUv3p1', 'ID_AA64DFR0_EL1', 'PMUVer', 4, 'Performance monitors of Armv8.1'),
  has('FEAT_PMUv3p4', 'ID_AA64DFR0_EL1', 'PMUVer', 5, 'Performance monitors of Armv8.4'),
  has('FEAT_PMUv3p5', 'ID_AA64DFR0_EL1', 'PMUVer', 6, 'Performance monitors of Armv8.5'),
  lacks('FEAT_PMUv3p7', 'ID_AA64DFR0_EL1', 'PMUVer', 7, 'Performance monitors of Armv8.7'),
  has('FEAT_DoubleLock', 'ID_AA64DFR0_EL1', 'DoubleLock', 0, 'OS double lock'),
  has('FEAT_HPMN0', 'ID_AA64DFR0_EL1', 'HPMN0', 1, 'A hypervisor may leave its guest no event counter'),
  // ID_AA64ISAR0_EL1
  has('FEAT_AES', 'ID_AA64ISAR0_EL1', 'AES', 1, 'AES instructions'),
  has('FEAT_PMULL', 'ID_AA64ISAR0_EL1', 'AES', 2, '64-bit polynomial multiply'),
  has('FEAT_SHA1', 'ID_AA64ISAR0_EL1', 'SHA1', 1, 'SHA1 instructions'),
  has('FEAT_SHA256', 'ID_AA64ISAR0_EL1', 'SHA2', 1, 'SHA256 instructions'),
  has('FEAT_SHA512', 'ID_AA64ISAR0_EL1', 'SHA2', 2, 'SHA512 instructions'),
  has('FEAT_CRC32', 'ID_AA64ISAR0_EL1', 'CRC32', 1, 'CRC32 instructions'),
  has('FEAT_LSE', 'ID_AA64ISAR0_EL1', 'Atomic', 2, 'Atomic memory operations'),
  has('FEAT_RDM', 'ID_AA64ISAR0_EL1', 'RDM', 1, 'Rounding doubling multiply accumulate'),
  has('FEAT_SHA3', 'ID_AA64ISAR0_EL1', 'SHA3', 1, 'SHA3 instructions'),
  has('FEAT_SM3', 'ID_AA64ISAR0_EL1', 'SM3', 1, 'SM3 instructions'),
  has('FEAT_SM4', 'ID_AA64ISAR0_EL1', 'SM4', 1, 'SM4 instructions'),
  has('FEAT_DotProd', 'ID_AA64ISAR0_EL1', 'DP', 1, 'Dot product'),
  has('FEAT_FHM', 'ID_AA64ISAR0_EL1', 'FHM', 1, 'Half to single precision multiply accumulate'),
  has('FEAT_FlagM', 'ID_AA64ISAR0_EL1', 'TS', 1, 'Flag manipulation'),
  has('FEAT_FlagM2', 'ID_AA64ISAR0_EL1', 'TS', 2, 'Flag format conversion'),
  has('FEAT_TLBIOS', 'ID_AA64ISAR0_EL1', 'TLB', 1, 'Outer Shareable TLB maintenance'),
  has('FEAT_TLBIRANGE', 'ID_AA64ISAR0_EL1', 'TLB', 2, 'TLB maintenance by range'),
  has('FEAT_RNG', 'ID_AA64ISAR0_EL1', 'RNDR', 1, 'Random numbers'),
  // ID_AA64ISAR1_EL1
  has('FEAT_DPB', 'ID_AA64ISAR1_EL1', 'DPB', 1, 'Clean to the point of persistence'),
  has('FEAT_DPB2', 'ID_AA64ISAR1_EL1', 'DPB', 2, 'Clean to the point of deep persistence'),
  has('FEAT_PAuth', 'ID_AA64ISAR1_EL1', 'APA', 1, 'Pointer authentication'),
  has(
    'FEAT_PAuth2',
    'ID_AA64ISAR1_EL1',
    'APA',
    3,
    'Pointer authentication with codes that pointers carry exclusive-ORed',
  ),
  has('FEAT_FPAC', 'ID_AA64ISAR1_EL1', 'APA', 4, 'Failed pointer authentication is an exception'),
  has('FEAT_FPACCOMBINE', 'ID_AA64ISAR1_EL1', 'APA', 5, 'And within branches, returns and loads'),
  has('FEAT_PACQARMA5', 'ID_AA64ISAR1_EL1', 'APA', 1, 'Pointer authentication by QARMA5'),
  has('FEAT_PACIMP', 'ID_AA64ISAR1_EL1', 'API', 1, 'Pointer authentication by an algorithm of its own'),
  has('FEAT_JSCVT', 'ID_AA64ISAR1_EL1', 'JSCVT', 1, 'JavaScript conversion'),
  has('FEAT_FCMA', 'ID_AA64ISAR1_EL1', 'FCMA', 1, 'Complex arithmetic'),
  has('FEAT_LRCPC', 'ID_AA64ISAR1_EL1', 'LRCPC', 1, 'Load-acquire with weaker order'),
  has('FEAT_LRCPC2', 'ID_AA64ISAR1_EL1', 'LRCPC', 2, 'Load-acquire with weaker order and offset'),
  has('FEAT_LRCPC3', 'ID_AA64ISAR1_EL1', 'LRCPC', 3, 'Load-acquire with weaker order of pairs and SIMD&FP registers'),
  has('FEAT_FRINTTS', 'ID_AA64ISAR1_EL1', 'FRINTTS', 1, 'Rounding to 32 and 64 bits'),
  has('FEAT_SB', 'ID_AA64ISAR1_EL1', 'SB', 1, 'Speculation barrier'),
  has('FEAT_SPECRES', 'ID_AA64ISAR1_EL1', 'SPECRES', 1, 'Prediction restriction'),
  has('FEAT_SPECRES2', 'ID_AA64ISAR1_EL1', 'SPECRES', 2, 'Restriction of all other predictions'),
  has('FEAT_BF16', 'ID_AA64ISAR1_EL1', 'BF16', 1, 'BFloat16'),
  has('FEAT_DGH', 'ID_AA64ISAR1_EL1', 'DGH', 1, 'Data gathering hint'),
  has('FEAT_I8MM', 'ID_AA64ISAR1_EL1', 'I8MM', 1, 'Integer matrix multiply'),
  has('FEAT_XS', 'ID_AA64ISAR1_EL1', 'XS', 1, 'XS attribute'),
  // ID_AA64ISAR2_EL1
  has('FEAT_WFxT', 'ID_AA64ISAR2_EL1', 'WFxT', 2, 'WFE and WFI with timeout'),
  has('FEAT_MOPS', 'ID_AA64ISAR2_EL1', 'MOPS', 1, 'Memory copy and set'),
  has('FEAT_CLRBHB', 'ID_AA64ISAR2_EL1', 'CLRBHB', 1, 'Instruction that clears branch history'),
  has('FEAT_RPRFM', 'ID_AA64ISAR2_EL1', 'RPRFM', 1, 'Prefetch of ranges'),
  has('FEAT_HBC', 'ID_AA64ISAR2_EL1', 'BC', 1, 'Conditional branches with a hint'),
  has('FEAT_CSSC', 'ID_AA64ISAR2_EL1', 'CSSC', 1, 'Common short sequences in one instruction'),
  // ID_AA64MMFR0_EL1
  has('FEAT_LPA', 'ID_AA64MMFR0_EL1', 'PARange', 6, '52-bit physical addresses'),
  has('FEAT_ASID16', 'ID_AA64MMFR0_EL1', 'ASIDBits', 2, '16-bit ASIDs'),
  has('FEAT_MixedEnd', 'ID_AA64MMFR0_EL1', 'BigEnd', 1, 'Big-endian data'),
  has('FEAT_MixedEndEL0', 'ID_AA64MMFR0_EL1', 'BigEnd', 1, 'Big-endian data at EL0'),
  has('FEAT_TGran16K', 'ID_AA64MMFR0_EL1', 'TGran16', 1, '16 KiB granule'),
  has('FEAT_LPA2', 'ID_AA64MMFR0_EL1', 'TGran16', 2, '52-bit addresses with small granules'),
  has('FEAT_TGran4K', 'ID_AA64MMFR0_EL1', 'TGran4', 0, '4 KiB granule'),
  has('FEAT_TGran64K', 'ID_AA64MMFR0_EL1', 'TGran64', 0, '64 KiB granule'),
  lacks('FEAT_ExS', 'ID_AA64MMFR0_EL1', 'ExS', 1, 'Exception entry and return need not synchronize'),
  has('FEAT_FGT', 'ID_AA64MMFR0_EL1', 'FGT', 1, 'Fine-grained traps'),
  lacks('FEAT_ECV', 'ID_AA64MMFR0_EL1', 'ECV', 1, 'Enhanced counter virtualization'),
  lacks('FEAT_ECV_POFF', 'ID_AA64MMFR0_EL1', 'ECV', 2, 'Physical counter offset'),
  lacks('FEAT_SRMASK', 'ID_AA64MMFR4_EL1', 'SRMASK', 1, 'Mask registers of control registers'),
  // ID_AA64MMFR1_EL1
  has('FEAT_HAF', 'ID_AA64MMFR1_EL1', 'HAFDBS', 1, 'Hardware update of the access flag'),
  has('FEAT_HAFDBS', 'ID_AA64MMFR1_EL1', 'HAFDBS', 2, 'Hardware update of access flag and dirty state'),
  has('FEAT_VMID16', 'ID_AA64MMFR1_EL1', 'VMIDBits', 2, '16-bit VMIDs'),
  has('FEAT_VHE', 'ID_AA64MMFR1_EL1', 'VH', 1, 'A host operating system at EL2'),
  has('FEAT_HPDS', 'ID_AA64MMFR1_EL1', 'HPDS', 1, 'Hierarchical permissions can be disabled'),
  has('FEAT_HPDS2', 'ID_AA64MMFR1_EL1', 'HPDS', 2, 'Page-based hardware attributes'),
  has('FEAT_LOR', 'ID_AA64MMFR1_EL1', 'LO', 1, 'Limited ordering regions'),
  has('FEAT_PAN', 'ID_AA64MMFR1_EL1', 'PAN', 1, 'Privileged access never'),
  has('FEAT_PAN2', 'ID_AA64MMFR1_EL1', 'PAN', 2, 'AT S1E1RP and S1E1WP'),
  has('FEAT_PAN3', 'ID_AA64MMFR1_EL1', 'PAN', 3, 'SCTLR_ELx.EPAN'),
  has('FEAT_XNX', 'ID_AA64MMFR1_EL1', 'XNX', 1, 'Stage 2 execute-never by Exception level'),
  lacks('FEAT_TWED', 'ID_AA64MMFR1_EL1', 'TWED', 1, 'Delayed trap of WFE'),
  has('FEAT_ETS', 'ID_AA64MMFR1_EL1', 'ETS', 1, 'Enhanced translation synchronization'),
  has('FEAT_HCX', 'ID_AA64MMFR1_EL1', 'HCX', 1, 'HCRX_EL2'),
  lacks('FEAT_AFP', 'ID_AA64MMFR1_EL1', 'AFP', 1, 'Alternate floating-point behaviour'),
  lacks('FEAT_TIDCP1', 'ID_AA64MMFR1_EL1', 'TIDCP1', 1, 'Traps of implementation-defined registers at EL0'),
  lacks('FEAT_CMOW', 'ID_AA64MMFR1_EL1', 'CMOW', 1, 'Cache maintenance needs write permission'),
  has('FEAT_ECBHB', 'ID_AA64MMFR1_EL1', 'ECBHB', 1, 'Branch history of lower levels is not used at higher ones'),
  // ID_AA64MMFR2_EL1
  has('FEAT_TTCNP', 'ID_AA64MMFR2_EL1', 'CnP', 1, 'Common not private translations'),
  has('FEAT_UAO', 'ID_AA64MMFR2_EL1', 'UAO', 1, 'User access override'),
  lacks('FEAT_LSMAOC', 'ID_AA64MMFR2_EL1', 'LSM', 1, 'Control of AArch32 load and store multiple'),
  has('FEAT_IESB', 'ID_AA64MMFR2_EL1', 'IESB', 1, 'Implicit error synchronization'),
  has('FEAT_LVA', 'ID_AA64MMFR2_EL1', 'VARange', 1, '52-bit virtual addresses'),
  lacks('FEAT_CCIDX', 'ID_AA64MMFR2_EL1', 'CCIDX', 1, '64-bit CCSIDR_EL1'),
  has('FEAT_NV', 'ID_AA64MMFR2_EL1', 'NV', 1, 'Nested virtualization'),
  has('FEAT_NV2', 'ID_AA64MMFR2_EL1', 'NV', 2, 'Nested virtualization through memory'),
  has('FEAT_TTST', 'ID_AA64MMFR2_EL1', 'ST', 1, 'Small translation tables'),
  has('FEAT_LSE2', 'ID_AA64MMFR2_EL1', 'AT', 1, 'Atomicity within 16 bytes'),
  has('FEAT_IDST', 'ID_AA64MMFR2_EL1', 'IDS', 1, 'Identification accesses at EL0 report class 0x18'),
  has('FEAT_S2FWB', 'ID_AA64MMFR2_EL1', 'FWB', 1, 'Stage 2 forces write-back'),
  has('FEAT_TTL', 'ID_AA64MMFR2_EL1', 'TTL', 1, 'Level hints in TLB maintenance'),
  has('FEAT_EVT', 'ID_AA64MMFR2_EL1', 'EVT', 2, 'Enhanced virtualization traps'),
  has('FEAT_E0PD', 'ID_AA64MMFR2_EL1', 'E0PD', 1, 'EL0 kept from one half of the address space'),
] as const;

export type FeatureName = (typeof rows)[number]['name'];

export const features: readonly (Feature & { readonly name: FeatureName })[] = rows;

const byName = new Map<string, Feature>(features.map(one => [one.name, one]));

/** The row of a `FEAT_*` name, or undefined for a feature that no register or instruction of the tables asks for. */
export function findFeature(name: string): Feature | undefined {
  return byName.get(name);
}
