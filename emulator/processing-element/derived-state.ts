/** The words of PE state that generated code tests in place of control registers. */
import { controllingLevel } from './effective-registers.ts';
import { checkFloatingPointAccess } from './floating-point-access.ts';
import { allocationTagAccess } from './memory-tagging.ts';
import { authenticationControls } from './pointer-authentication.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';

const controls = (name: 'A' | 'SA' | 'EE'): readonly [undefined, RegisterField, RegisterField, RegisterField] => [
  undefined,
  registerField('SCTLR_EL1', name),
  registerField('SCTLR_EL2', name),
  registerField('SCTLR_EL3', name),
];
const A = controls('A');
const SA = controls('SA');
const EE = controls('EE');
const E0E = [undefined, registerField('SCTLR_EL1', 'E0E'), registerField('SCTLR_EL2', 'E0E')] as const;
const SA0 = [undefined, registerField('SCTLR_EL1', 'SA0'), registerField('SCTLR_EL2', 'SA0')] as const;

/** SP must be a multiple of 16 when it is the base of an access. */
const SP_ALIGNMENT = 15;

/** Whether the data of an Exception level are big-endian: SCTLR_ELx.EE, and E0E at EL0 (FEAT_MixedEnd). */
export function hasBigEndianData(pe: ProcessingElement, el: number): boolean {
  const level = controllingLevel(pe, el);
  return pe.field(el === 0 ? E0E[level as 1 | 2] : EE[level]) === 1;
}

/**
 * Recomputes `spAlignMask`, `alignmentCheck`, `bigEndianData`, `fpTrapped`, `pointerAuthentication` and `allocationTags`: due
 * after a change of level and of their controls.
 */
export function refreshDerivedState(pe: ProcessingElement): void {
  const { state } = pe;
  const level = controllingLevel(pe);
  const spControl = state.el === 0 ? SA0[level as 1 | 2] : SA[level];
  state.engine.set('spAlignMask', pe.field(spControl) === 1 ? SP_ALIGNMENT : 0);
  state.engine.set('alignmentCheck', pe.field(A[level]));
  state.engine.set('bigEndianData', hasBigEndianData(pe, state.el) ? 1 : 0);
  state.engine.set('pointerAuthentication', authenticationControls(pe));
  state.engine.set('allocationTags', allocationTagAccess(pe, state.el) ? 1 : 0);
  state.engine.set('fpTrapped', checkFloatingPointAccess(pe) === undefined ? 0 : 1);
}
