/** Whether and where debug exceptions of the guest's own debug facilities are taken (Arm ARM D2.4). */
import { el2Enabled, isSecure } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';

const SS = registerField('MDSCR_EL1', 'SS');
const KDE = registerField('MDSCR_EL1', 'KDE');
const TDE = registerField('MDCR_EL2', 'TDE');
const TGE = registerField('HCR_EL2', 'TGE');
const SDD = registerField('MDCR_EL3', 'SDD');
const OSLK = registerField('OSLSR_EL1', 'OSLK');
const PSTATE_D = 0x200;

/** The level that takes debug exceptions from EL0 and EL1: EL2 with HCR_EL2.TGE or MDCR_EL2.TDE. */
export function debugTarget(pe: ProcessingElement): 1 | 2 {
  return el2Enabled(pe) && (pe.field(TGE) === 1 || pe.field(TDE) === 1) ? 2 : 1;
}

/** Breakpoint, watchpoint and software step exceptions can be taken from a level with PSTATE.D as given. */
export function debugExceptionsEnabledFrom(pe: ProcessingElement, el: number, masked: boolean): boolean {
  if (pe.field(OSLK) === 1) return false;
  if (pe.implementation.el3 && isSecure(pe, el) && pe.field(SDD) === 1) return false;
  const target = debugTarget(pe);
  return el === target ? pe.field(KDE) === 1 && !masked : target > el;
}

/** As above, at the current level and with the current PSTATE.D. */
export function debugExceptionsEnabled(pe: ProcessingElement): boolean {
  return debugExceptionsEnabledFrom(pe, pe.state.el, (pe.state.daif & PSTATE_D) !== 0);
}

/** MDSCR_EL1.SS: the guest's debugger wants single steps. */
export function stepRequested(pe: ProcessingElement): boolean {
  return pe.field(SS) === 1;
}
