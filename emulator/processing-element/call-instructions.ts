/** SVC, HVC, SMC and ERET: who may execute them, who traps them, and where they lead (Arm ARM C6.2). */
import { el2Enabled, hcrField, isInHost, nestsHypervisor } from './effective-registers.ts';
import { exceptionReturn, takeException } from './exception.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';
import { raiseSupervisorCall, raiseTrap, raiseUndefined } from './synchronous-exceptions.ts';
import { hypervisorCall, secureMonitorCall, supervisorCall, trappedExceptionReturn } from './syndrome.ts';

const HCE = registerField('SCR_EL3', 'HCE');
const SMD = registerField('SCR_EL3', 'SMD');
const HCD = registerField('HCR_EL2', 'HCD');
const TSC = registerField('HCR_EL2', 'TSC');
const FGTEn = registerField('SCR_EL3', 'FGTEn');
const SVC_EL0 = registerField('HFGITR_EL2', 'SVC_EL0');
const SVC_EL1 = registerField('HFGITR_EL2', 'SVC_EL1');
const ERET = registerField('HFGITR_EL2', 'ERET');
const INSTRUCTION_BYTES = 4n;

/** HFGITR_EL2 traps an instruction below EL2 to EL2 (FEAT_FGT). */
function fineGrainedTrap(pe: ProcessingElement, field: RegisterField): boolean {
  if (pe.field(field) === 0 || !pe.implementation.hasFeature('FEAT_FGT') || !el2Enabled(pe)) return false;
  return !pe.implementation.el3 || pe.field(FGTEn) === 1;
}

/** Executes SVC at the state's PC. A trapped one has not been executed: its exception returns to it. */
export function executeSupervisorCall(pe: ProcessingElement, immediate: number): void {
  const { el } = pe.state;
  const field = el === 0 ? SVC_EL0 : SVC_EL1;
  if (el < 2 && fineGrainedTrap(pe, field) && !(el === 0 && isInHost(pe)))
    raiseTrap(pe, { to: 2, syndrome: supervisorCall(immediate), reason: `HFGITR_EL2.SVC_EL${el} = 1` });
  else raiseSupervisorCall(pe, immediate);
}

/** HVC can reach EL2 from here. */
function hypervisorCallEnabled(pe: ProcessingElement): boolean {
  const { el } = pe.state;
  if (!pe.implementation.el2 || el === 0) return false;
  if (el === 1 && !el2Enabled(pe)) return false;
  return pe.implementation.el3 ? pe.field(HCE) === 1 : hcrField(pe, HCD) === 0;
}

/** Executes HVC at the state's PC. Firmware that answers HVC sees the call before the architecture does. */
export function executeHypervisorCall(pe: ProcessingElement, immediate: number): void {
  const { state, implementation, host } = pe;
  if (implementation.firmwareConduit === 'hvc' && state.el > 0 && host.firmwareCall(pe, 'hvc')) {
    state.pc += INSTRUCTION_BYTES;
    return;
  }
  if (!hypervisorCallEnabled(pe)) {
    raiseUndefined(pe);
    return;
  }
  state.ss = 0;
  takeException(pe, {
    cause: 'synchronous',
    to: state.el === 3 ? 3 : 2,
    syndrome: hypervisorCall(immediate),
    preferredReturn: state.pc + INSTRUCTION_BYTES,
  });
}

/**
 * Executes SMC at the state's PC. Firmware of the machine that answers SMC stands in for EL3, so that HCR_EL2.TSC
 * traps calls to it as it would calls to a real one; what it does not know is UNDEFINED.
 */
export function executeSecureMonitorCall(pe: ProcessingElement, immediate: number): void {
  const { state, implementation, host } = pe;
  const firmware = implementation.firmwareConduit === 'smc';
  const someone = implementation.el3 || firmware;
  // A hypervisor's SMC is trapped even where nobody would answer it.
  const trapped = state.el === 1 && hcrField(pe, TSC) === 1 && (someone || nestsHypervisor(pe));
  if (state.el === 0 || !(someone || trapped)) {
    raiseUndefined(pe);
    return;
  }
  if (trapped) {
    raiseTrap(pe, { to: 2, syndrome: secureMonitorCall(immediate), reason: 'HCR_EL2.TSC = 1' });
    return;
  }
  if (firmware) {
    if (host.firmwareCall(pe, 'smc')) state.pc += INSTRUCTION_BYTES;
    else raiseUndefined(pe);
    return;
  }
  if (pe.field(SMD) === 1) {
    raiseUndefined(pe);
    return;
  }
  state.ss = 0;
  takeException(pe, {
    cause: 'synchronous',
    to: 3,
    syndrome: secureMonitorCall(immediate),
    preferredReturn: state.pc + INSTRUCTION_BYTES,
  });
}

/** Which of the three return instructions is executed: ERETAA and ERETAB name a key and bring the address. */
export interface ReturnInstruction {
  readonly key?: 'A' | 'B';
  readonly target?: bigint;
}

/** Executes ERET at the state's PC. */
export function executeExceptionReturn(pe: ProcessingElement, { key, target }: ReturnInstruction = {}): void {
  const { el } = pe.state;
  if (el === 0) {
    raiseUndefined(pe);
  } else if (el === 1 && nestsHypervisor(pe)) {
    raiseTrap(pe, { to: 2, syndrome: trappedExceptionReturn(key), reason: 'HCR_EL2.NV = 1' });
  } else if (el === 1 && fineGrainedTrap(pe, ERET)) {
    raiseTrap(pe, { to: 2, syndrome: trappedExceptionReturn(key), reason: 'HFGITR_EL2.ERET = 1' });
  } else {
    exceptionReturn(pe, target);
  }
}
