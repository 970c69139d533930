/** Whether SIMD and floating-point instructions may be executed (Arm ARM D1.3.4, CheckFPAdvSIMDEnabled). */
import { el2Enabled, hostExtension, isInHost, trapsGeneralExceptions } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { floatingPointAccess, type Syndrome, uncategorized } from './syndrome.ts';

const CPACR_FPEN = registerField('CPACR_EL1', 'FPEN');
const HOST_FPEN = registerField('CPTR_EL2', 'FPEN');
const CPTR_EL2_TFP = registerField('CPTR_EL2', 'TFP');
const CPTR_EL3_TFP = registerField('CPTR_EL3', 'TFP');

/** A trap that an instruction runs into before it does anything. */
export interface InstructionTrap {
  readonly to: 1 | 2 | 3;
  readonly syndrome: Syndrome;
  /** The control that made it trap, in words. */
  readonly reason: string;
}

/** FPEN = 0 and 2 trap everything, 1 traps only EL0, 3 nothing. */
const trapsLevel = (fpen: number, unprivileged: boolean): boolean => (fpen & 1) === 0 || (fpen === 1 && unprivileged);

/** The trap that a SIMD or floating-point instruction meets at the current level, or undefined when it may execute. */
export function checkFloatingPointAccess(pe: ProcessingElement): InstructionTrap | undefined {
  const { el } = pe.state;
  if (el < 2 && !isInHost(pe)) {
    const fpen = pe.field(CPACR_FPEN);
    if (trapsLevel(fpen, el === 0)) {
      const reason = `CPACR_EL1.FPEN = ${fpen}`;
      // There is no EL1 to send it to, and EL2 does not take it as a floating-point trap.
      if (trapsGeneralExceptions(pe)) return { to: 2, syndrome: uncategorized(), reason };
      return { to: 1, syndrome: floatingPointAccess(), reason };
    }
  }
  if (el < 3 && el2Enabled(pe)) {
    if (hostExtension(pe)) {
      const fpen = pe.field(HOST_FPEN);
      if (trapsLevel(fpen, el === 0 && trapsGeneralExceptions(pe))) {
        return { to: 2, syndrome: floatingPointAccess(), reason: `CPTR_EL2.FPEN = ${fpen}` };
      }
    } else if (pe.field(CPTR_EL2_TFP) === 1) {
      return { to: 2, syndrome: floatingPointAccess(), reason: 'CPTR_EL2.TFP = 1' };
    }
  }
  if (pe.implementation.el3 && pe.field(CPTR_EL3_TFP) === 1) {
    return { to: 3, syndrome: floatingPointAccess(), reason: 'CPTR_EL3.TFP = 1' };
  }
  return undefined;
}
