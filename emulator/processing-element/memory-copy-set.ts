/** Who may copy and set memory by instruction, and who hears of registers that do not fit (Arm ARM D1.3.6, FEAT_MOPS). */
import { el2Enabled, isInHost, scrField, trapsGeneralExceptions } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { defaultTarget, raiseTrap } from './synchronous-exceptions.ts';
import { type MemoryOperationSyndrome, memoryOperation } from './syndrome.ts';

const EL1_ENABLE = registerField('SCTLR_EL1', 'MSCEn');
const HOST_ENABLE = registerField('SCTLR_EL2', 'MSCEn');
const HYPERVISOR_ENABLE = registerField('HCRX_EL2', 'MSCEn');
const MCE2 = registerField('HCRX_EL2', 'MCE2');
const HXEn = registerField('SCR_EL3', 'HXEn');

/** HCRX_EL2 is in force; without SCR_EL3.HXEn it counts as zero. */
const extendedControls = (pe: ProcessingElement): boolean => !pe.implementation.el3 || scrField(pe, HXEn) === 1;

/** The control that makes the instructions UNDEFINED at the current level, or undefined when they are permitted. */
export function memoryOperationsDisabledBy(pe: ProcessingElement): string | undefined {
  const { el } = pe.state;
  if (el > 1) return undefined;
  const host = isInHost(pe);
  if (el2Enabled(pe) && !host && (!extendedControls(pe) || pe.field(HYPERVISOR_ENABLE) === 0))
    return 'HCRX_EL2.MSCEn = 0';
  if (el === 0 && pe.field(host ? HOST_ENABLE : EL1_ENABLE) === 0) return `SCTLR_EL${host ? 2 : 1}.MSCEn = 0`;
  return undefined;
}

/** The registers of the current instruction do not belong to it. */
export function raiseMemoryOperation(pe: ProcessingElement, found: MemoryOperationSyndrome): void {
  const routed =
    pe.state.el === 1 && el2Enabled(pe) && !trapsGeneralExceptions(pe) && extendedControls(pe) && pe.field(MCE2) === 1;
  raiseTrap(pe, {
    to: routed ? 2 : defaultTarget(pe),
    syndrome: memoryOperation(found),
    reason: routed ? 'HCRX_EL2.MCE2 = 1' : 'registers that do not belong to the instruction',
  });
}
