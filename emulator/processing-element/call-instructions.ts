/** HVC, SMC and ERET: who may execute them, who traps them, and where they lead (Arm ARM C6.2). */
import { el2Enabled, hcrField } from './effective-registers.ts';
import { exceptionReturn, takeException } from './exception.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { raiseTrap, raiseUndefined } from './synchronous-exceptions.ts';
import { hypervisorCall, secureMonitorCall, trappedExceptionReturn } from './syndrome.ts';

const HCE = registerField('SCR_EL3', 'HCE');
const SMD = registerField('SCR_EL3', 'SMD');
const HCD = registerField('HCR_EL2', 'HCD');
const TSC = registerField('HCR_EL2', 'TSC');
const NV = registerField('HCR_EL2', 'NV');
const INSTRUCTION_BYTES = 4n;

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
  if (state.el === 0 || !(implementation.el3 || firmware)) {
    raiseUndefined(pe);
    return;
  }
  if (state.el === 1 && hcrField(pe, TSC) === 1) {
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
  } else if (el === 1 && pe.features.nestedVirtualization && hcrField(pe, NV) === 1) {
    raiseTrap(pe, { to: 2, syndrome: trappedExceptionReturn(key), reason: 'HCR_EL2.NV = 1' });
  } else {
    exceptionReturn(pe, target);
  }
}
