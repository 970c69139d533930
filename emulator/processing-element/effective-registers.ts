/** The Security state and the control registers as they take effect: HCR_EL2 and SCR_EL3 are not always what they store. */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import { systemRegisterNamed } from '../architecture/system-registers/index.ts';
import type { ProcessingElement } from './processing-element.ts';
import { maskOfFields, type RegisterField, registerField } from './register-field.ts';

const NS = registerField('SCR_EL3', 'NS');
const EEL2 = registerField('SCR_EL3', 'EEL2');
const E2H = registerField('HCR_EL2', 'E2H');
const TGE = registerField('HCR_EL2', 'TGE');
const NV = registerField('HCR_EL2', 'NV');
const NV1 = registerField('HCR_EL2', 'NV1');
const NV2 = registerField('HCR_EL2', 'NV2');
const VMID = registerField('VTTBR_EL2', 'VMID');
const VS = registerField('VTCR_EL2', 'VS');

const SCR_EL3 = systemRegisterNamed('SCR_EL3');
const HCR_EL2 = systemRegisterNamed('HCR_EL2');

/** Whether EL1, EL0 and EL2 are Secure at present: SCR_EL3.NS = 0 with EL3 implemented. */
export function isSecureBelowEl3(pe: ProcessingElement): boolean {
  return pe.implementation.el3 && pe.field(NS) === 0;
}

/** Whether an Exception level is Secure; EL3 always is. */
export function isSecure(pe: ProcessingElement, el: number = pe.state.el): boolean {
  return el === 3 || isSecureBelowEl3(pe);
}

/** EL2 is implemented and enabled in the Security state of the lower levels (Arm ARM, EL2Enabled). */
export function el2Enabled(pe: ProcessingElement): boolean {
  const { el2, el3 } = pe.implementation;
  if (!el2 || !el3) return el2;
  return pe.field(NS) === 1 || (pe.features.secureEl2 && pe.field(EEL2) === 1);
}

/** SCR_EL3 as it takes effect: without EL3 the PE is Non-secure, what SCR_EL3 enables is enabled, and nothing is routed. */
export function effectiveScr(pe: ProcessingElement): bigint {
  return pe.implementation.el3 ? pe.state.read('SCR_EL3') : SCR_WITHOUT_EL3;
}
const SCR_WITHOUT_EL3 = maskOfFields(SCR_EL3, 'NS HCE HXEn ECVEn FGTEn ATA EnSCXT API APK'.split(' '));

/** A field of SCR_EL3 that routes or traps to EL3: zero without EL3. */
export function scrField(pe: ProcessingElement, field: RegisterField): number {
  return pe.implementation.el3 ? pe.field(field) : 0;
}

// With TGE = 1 there is no guest, so what HCR_EL2 would do to one is out of force (Arm ARM D17.2.48, field by field).
const CLEARED_BY_TGE = maskOfFields(
  HCR_EL2,
  'SWIO PTW VF VI VSE FB TID1 TID3 TSC TACR TSW TTLB TVM HCD TRVM TLOR'.split(' '),
);
const CLEARED_BY_HOST = maskOfFields(
  HCR_EL2,
  'VM FMO IMO AMO BSU DC TWI TWE TID0 TID2 TPCP TPU TDZ CD ID MIOCNCE TID4 TICAB TOCU EnSCXT TTLBIS TTLBOS TID5'.split(
    ' ',
  ),
);
const SET_BY_TGE_ALONE = maskOfFields(HCR_EL2, ['FMO', 'IMO', 'AMO']);

const lowHalf = (mask: bigint): number => Number(mask & 0xffff_ffffn);
const highHalf = (mask: bigint): number => Number(mask >> 32n);
const CLEARED_BY_TGE_ALONE_HALVES = [lowHalf(CLEARED_BY_TGE), highHalf(CLEARED_BY_TGE)] as const;
const CLEARED_IN_HOST_HALVES = [
  lowHalf(CLEARED_BY_TGE | CLEARED_BY_HOST),
  highHalf(CLEARED_BY_TGE | CLEARED_BY_HOST),
] as const;
const SET_BY_TGE_ALONE_HALVES = [lowHalf(SET_BY_TGE_ALONE), highHalf(SET_BY_TGE_ALONE)] as const;

/** HCR_EL2 as it takes effect: zero while EL2 is disabled, with the bits that TGE and E2H switch off or on. */
export function effectiveHcr(pe: ProcessingElement): bigint {
  if (!el2Enabled(pe)) return 0n;
  const stored = pe.state.read('HCR_EL2');
  if (pe.field(TGE) === 0) return stored;
  if (pe.field(E2H) === 1) return stored & ~(CLEARED_BY_TGE | CLEARED_BY_HOST);
  return (stored & ~CLEARED_BY_TGE) | SET_BY_TGE_ALONE;
}

/** A field of HCR_EL2 as it takes effect. */
export function hcrField(pe: ProcessingElement, field: RegisterField): number {
  if (!el2Enabled(pe)) return 0;
  let word = pe.word(field);
  if (pe.field(TGE) === 1) {
    const half = field.upper ? 1 : 0;
    if (pe.field(E2H) === 1) word &= ~CLEARED_IN_HOST_HALVES[half];
    else word = (word & ~CLEARED_BY_TGE_ALONE_HALVES[half]) | SET_BY_TGE_ALONE_HALVES[half];
  }
  return (word >>> field.shift) & field.mask;
}

/** HCR_EL2.NV is in force: EL1 runs a hypervisor that believes to be at EL2 (FEAT_NV). */
export function nestsHypervisor(pe: ProcessingElement): boolean {
  return hcrField(pe, NV) === 1;
}

/** HCR_EL2.{NV,NV1} are in force: that hypervisor has no VHE, so that EL1's own registers are its guest's. */
export function nestsPlainHypervisor(pe: ProcessingElement): boolean {
  return nestsHypervisor(pe) && hcrField(pe, NV1) === 1;
}

/** HCR_EL2.{NV,NV2} are in force: EL2's registers are in memory (FEAT_NV2). */
export function nestsThroughMemory(pe: ProcessingElement): boolean {
  return nestsHypervisor(pe) && hcrField(pe, NV2) === 1;
}

/** HCR_EL2.TGE is in force: EL0 runs under EL2, and there is no EL1. */
export function trapsGeneralExceptions(pe: ProcessingElement): boolean {
  return el2Enabled(pe) && pe.field(TGE) === 1;
}

/** HCR_EL2.E2H is in force: EL2 has the layout of a host's kernel level (FEAT_VHE). */
export function hostExtension(pe: ProcessingElement): boolean {
  return el2Enabled(pe) && pe.field(E2H) === 1;
}

/** EL0 runs in the EL2&0 regime: HCR_EL2.{E2H,TGE} = {1,1} (Arm ARM, ELIsInHost(EL0)). */
export function isInHost(pe: ProcessingElement): boolean {
  return hostExtension(pe) && pe.field(TGE) === 1;
}

/** The level whose SCTLR, TCR and TTBRs govern an Exception level: EL0 belongs to EL1, or to EL2 in a host. */
export function controllingLevel(pe: ProcessingElement, el: number = pe.state.el): 1 | 2 | 3 {
  if (el === 0) return isInHost(pe) ? 2 : 1;
  return el as ExceptionLevel as 1 | 2 | 3;
}

/** VTTBR_EL2.VMID, 16 bits wide with VTCR_EL2.VS; undefined while EL2 is disabled or a host runs without a guest. */
export function currentVmid(pe: ProcessingElement): number | undefined {
  if (!el2Enabled(pe) || pe.field(TGE) === 1) return undefined;
  const vmid = pe.field(VMID);
  return pe.field(VS) === 1 ? vmid : vmid & 0xff;
}
