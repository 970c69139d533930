/** Allocation tags and tag checks as the control registers set them (Arm ARM D10). */
import type { TranslationRegime } from '../translation/regime.ts';
import { el2Enabled, isInHost } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';

const SCR_ATA = registerField('SCR_EL3', 'ATA');
const HCR_ATA = registerField('HCR_EL2', 'ATA');

type Level = 1 | 2 | 3;
const ofEach = (name: 'ATA' | 'TCF'): Readonly<Record<Level, RegisterField>> => ({
  1: registerField('SCTLR_EL1', name),
  2: registerField('SCTLR_EL2', name),
  3: registerField('SCTLR_EL3', name),
});
const ofApplications = (name: 'ATA0' | 'TCF0'): Readonly<Record<1 | 2, RegisterField>> => ({
  1: registerField('SCTLR_EL1', name),
  2: registerField('SCTLR_EL2', name),
});
const ATA = ofEach('ATA');
const ATA0 = ofApplications('ATA0');
const TCF = ofEach('TCF');
const TCF0 = ofApplications('TCF0');

/** Whether software at an Exception level reaches allocation tags (Arm ARM, AllocationTagAccessIsEnabled). */
export function allocationTagAccess(pe: ProcessingElement, el: number): boolean {
  const { features, implementation } = pe;
  if (!features.tags) return false;
  if (el < 3 && implementation.el3 && pe.field(SCR_ATA) === 0) return false;
  const host = isInHost(pe);
  if (el < 2 && el2Enabled(pe) && !host && pe.field(HCR_ATA) === 0) return false;
  return pe.field(el === 0 ? ATA0[host ? 2 : 1] : ATA[el as Level]) === 1;
}

/** SCTLR_ELx.TCF as it takes effect: what a failed tag check does. */
export const TagCheckFault = { none: 0, synchronous: 1, asynchronous: 2, asymmetric: 3 } as const;

const LEVEL_OF: Readonly<Record<TranslationRegime, Level>> = { 'EL1&0': 1, 'EL2&0': 2, EL2: 2, EL3: 3 };

/** What a failed check of an access does in a regime; `none` where tags cannot be accessed. PSTATE.TCO is not in it. */
export function tagCheckFault(pe: ProcessingElement, regime: TranslationRegime, privileged: boolean): number {
  const level = LEVEL_OF[regime];
  if (!pe.features.tags || !allocationTagAccess(pe, privileged ? level : 0)) return TagCheckFault.none;
  return pe.field(privileged ? TCF[level] : TCF0[level as 1 | 2]);
}

/** Both answers for a regime, as one number to compare. */
export function tagCheckFaults(pe: ProcessingElement, regime: TranslationRegime): number {
  const unprivileged = regime === 'EL1&0' || regime === 'EL2&0';
  return tagCheckFault(pe, regime, true) | (unprivileged ? tagCheckFault(pe, regime, false) << 2 : 0);
}

/** Notes a failed check that raises no exception: TFSRE0_EL1 or TFSR_ELx, by the half of the addresses it was in. */
export function noteTagCheckFault(
  pe: ProcessingElement,
  regime: TranslationRegime,
  privileged: boolean,
  address: bigint,
): void {
  const name = privileged ? (`TFSR_EL${LEVEL_OF[regime]}` as const) : 'TFSRE0_EL1';
  const twoHalves = regime === 'EL1&0' || regime === 'EL2&0';
  const bit = twoHalves ? (address >> 55n) & 1n : 0n;
  pe.state.write(name, pe.state.read(name) | (1n << bit));
}
