/** WFI and WFE: their traps, and the event register (Arm ARM D1.6). */
import { hcrField, isInHost, scrField, trapsGeneralExceptions } from './effective-registers.ts';
import type { InstructionTrap } from './floating-point-access.ts';
import { deliverableInterrupt } from './interrupts.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { type WaitInstruction, waitTrap } from './syndrome.ts';

/** The controls of one instruction, from the level that is asked first. `n` controls trap when zero. */
const controlsOf = (letter: 'I' | 'E') => ({
  el1: registerField('SCTLR_EL1', `nTW${letter}`),
  host: registerField('SCTLR_EL2', `nTW${letter}`),
  el2: registerField('HCR_EL2', `TW${letter}`),
  el3: registerField('SCR_EL3', `TW${letter}`),
});
const WFI = controlsOf('I');
const WFE = controlsOf('E');

/**
 * The trap that WFI, WFE or a form with timeout (`register` holds the limit) meets at the current level.
 * The caller asks only when the instruction would really wait: one that need not does not trap.
 */
export function checkWait(
  pe: ProcessingElement,
  instruction: WaitInstruction,
  register?: number,
): InstructionTrap | undefined {
  const controls = instruction === 'wfi' || instruction === 'wfit' ? WFI : WFE;
  const { el } = pe.state;
  const trap = (to: 1 | 2 | 3, control: string): InstructionTrap => ({
    to,
    syndrome: waitTrap(instruction, register),
    reason: control,
  });
  if (el === 0) {
    const control = isInHost(pe) ? controls.host : controls.el1;
    if (pe.field(control) === 0) {
      return trap(
        trapsGeneralExceptions(pe) ? 2 : 1,
        `${control.register}.${instruction.startsWith('wfi') ? 'nTWI' : 'nTWE'} = 0`,
      );
    }
  }
  const name = instruction.startsWith('wfi') ? 'TWI' : 'TWE';
  if (el < 2 && hcrField(pe, controls.el2) === 1) return trap(2, `HCR_EL2.${name} = 1`);
  if (el < 3 && scrField(pe, controls.el3) === 1) return trap(3, `SCR_EL3.${name} = 1`);
  return undefined;
}

/** WFE does not wait: an event was registered (which this uses up) or an interrupt is about to be taken. */
export function consumeEvent(pe: ProcessingElement): boolean {
  if (pe.state.eventRegister === 0) return deliverableInterrupt(pe) !== undefined;
  pe.state.eventRegister = 0;
  return true;
}

/** What SEV, the event stream or a lost exclusive reservation does to this PE. */
export function registerEvent(pe: ProcessingElement): void {
  pe.state.eventRegister = 1;
}
