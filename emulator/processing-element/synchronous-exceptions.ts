/** Raising each kind of synchronous exception: which level takes it, and what it reports (Arm ARM D1.3.5). */
import { type Fault, hypervisorFaultAddress, statusCode } from '../translation/fault.ts';
import { debugTarget } from './debug-enable.ts';
import { el2Enabled, hcrField, scrField, trapsGeneralExceptions } from './effective-registers.ts';
import { type ExceptionEntry, takeException } from './exception.ts';
import type { InstructionTrap } from './floating-point-access.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import {
  type AccessTransfer,
  branchTarget,
  breakpointInstruction,
  dataAbort,
  hardwareBreakpoint,
  illegalExecutionState,
  instructionAbort,
  pcAlignment,
  pointerAuthenticationFailure,
  type Syndrome,
  softwareStep,
  spAlignment,
  supervisorCall,
  uncategorized,
  watchpoint,
} from './syndrome.ts';

const EA = registerField('SCR_EL3', 'EA');
const TEA = registerField('HCR_EL2', 'TEA');
const INSTRUCTION_BYTES = 4n;

/** The level that takes an exception nothing else routes: the current one, but EL1 from EL0, or EL2 with HCR_EL2.TGE. */
export function defaultTarget(pe: ProcessingElement): 1 | 2 | 3 {
  const { el } = pe.state;
  if (el === 0) return trapsGeneralExceptions(pe) ? 2 : 1;
  return el as 1 | 2 | 3;
}

/** An exception of the current instruction that returns to this same instruction. */
function raise(pe: ProcessingElement, to: 1 | 2 | 3, syndrome: Syndrome, faultAddress?: bigint, reason?: string): void {
  takeException(pe, {
    cause: 'synchronous',
    to,
    syndrome,
    preferredReturn: pe.state.pc,
    ...(faultAddress !== undefined && { faultAddress }),
    ...(reason !== undefined && { reason }),
  });
}

/** UNDEFINED. `reason` is for the record only. */
export function raiseUndefined(pe: ProcessingElement, reason?: string): void {
  raise(pe, defaultTarget(pe), uncategorized(), undefined, reason);
}

/** A trap that a check of this room has found. */
export function raiseTrap(pe: ProcessingElement, { to, syndrome, reason }: InstructionTrap): void {
  raise(pe, to, syndrome, undefined, reason);
}

/** SVC. The state's PC is that of the instruction; the return address is the next one. */
export function raiseSupervisorCall(pe: ProcessingElement, immediate: number): void {
  // The call counts as executed for a debugger that steps.
  pe.state.ss = 0;
  takeException(pe, {
    cause: 'synchronous',
    to: defaultTarget(pe),
    syndrome: supervisorCall(immediate),
    preferredReturn: pe.state.pc + INSTRUCTION_BYTES,
  });
}

/** An instruction was attempted with PSTATE.IL = 1. */
export function raiseIllegalState(pe: ProcessingElement): void {
  raise(pe, defaultTarget(pe), illegalExecutionState());
}

/** The PC is not a multiple of 4; it is both the return and the fault address. */
export function raisePcAlignment(pe: ProcessingElement): void {
  raise(pe, defaultTarget(pe), pcAlignment(), pe.state.pc);
}

/** A load or store with a misaligned SP as its base. */
export function raiseSpAlignment(pe: ProcessingElement): void {
  raise(pe, defaultTarget(pe), spAlignment());
}

/** A branch landed, in a guarded page, on an instruction that does not accept PSTATE.BTYPE. */
export function raiseBranchTarget(pe: ProcessingElement): void {
  raise(pe, defaultTarget(pe), branchTarget(pe.state.btype));
}

/** A pointer failed authentication (FEAT_FPAC). */
export function raisePointerAuthenticationFailure(pe: ProcessingElement, data: boolean, keyB: boolean): void {
  raise(pe, defaultTarget(pe), pointerAuthenticationFailure(data, keyB));
}

const isExternalAbort = ({ kind }: Fault): boolean => kind === 'externalAbort' || kind === 'externalAbortOnWalk';

/** Aborts go to EL2 from stage 2, and where external aborts are routed by SCR_EL3.EA and HCR_EL2.TEA. */
function abortTarget(pe: ProcessingElement, fault: Fault): 1 | 2 | 3 {
  const { el } = pe.state;
  const external = isExternalAbort(fault);
  if (el === 3 || (external && scrField(pe, EA) === 1)) return 3;
  if (el === 2 || fault.stage === 2) return 2;
  if (trapsGeneralExceptions(pe) || (external && hcrField(pe, TEA) === 1)) return 2;
  return 1;
}

/** HPFAR_EL2 describes stage 2 faults only. */
function ipaOf(fault: Fault): Pick<ExceptionEntry, 'ipa' | 'hypervisorFaultAddress'> {
  const { stage, intermediatePhysicalAddress: ipa } = fault;
  if (stage !== 2 || ipa === undefined) return {};
  return { ipa: BigInt(ipa), hypervisorFaultAddress: hypervisorFaultAddress(fault) };
}

/** The instruction at the PC could not be fetched. */
export function raiseInstructionAbort(pe: ProcessingElement, fault: Fault): void {
  takeException(pe, {
    cause: 'synchronous',
    to: abortTarget(pe, fault),
    syndrome: instructionAbort({ statusCode: statusCode(fault), stage1Walk: fault.onStage1Walk }),
    preferredReturn: pe.state.pc,
    faultAddress: fault.virtualAddress,
    ...ipaOf(fault),
  });
}

/** What the instruction that failed is, beyond the fault. */
export interface DataAccess {
  /** Given for loads and stores of one general-purpose register without writeback. */
  readonly transfer?: AccessTransfer;
  /** DC, IC and AT instructions: reported as CM = 1 and always as writes. */
  readonly cacheMaintenance?: boolean;
  /** The access stood for one to a register of EL2's: the abort is EL2's. */
  readonly nested?: boolean;
}

/** A load, store, or cache or address operation failed. */
export function raiseDataAbort(pe: ProcessingElement, fault: Fault, access: DataAccess = {}): void {
  const routed = abortTarget(pe, fault);
  const to = access.nested && routed === 1 ? 2 : routed;
  // The description of the access is for a hypervisor that emulates it: EL2, stage 2, and not a walk.
  const described = to === 2 && pe.state.el < 2 && fault.stage === 2 && !fault.onStage1Walk;
  takeException(pe, {
    cause: 'synchronous',
    to,
    syndrome: dataAbort({
      statusCode: statusCode(fault),
      stage1Walk: fault.onStage1Walk,
      write: fault.write || access.cacheMaintenance === true,
      ...(access.cacheMaintenance && { cacheMaintenance: true }),
      ...(access.nested && { nested: true }),
      ...(described && access.transfer && { transfer: access.transfer }),
    }),
    preferredReturn: pe.state.pc,
    faultAddress: fault.virtualAddress,
    ...ipaOf(fault),
  });
}

/** Debug exceptions of lower levels go to EL2 with HCR_EL2.TGE or MDCR_EL2.TDE; EL2 and EL3 take their own. */
function debugExceptionTarget(pe: ProcessingElement): 1 | 2 | 3 {
  const { el } = pe.state;
  return el > 1 ? (el as 2 | 3) : debugTarget(pe);
}

/** BRK, which no debug control disables. */
export function raiseBreakpointInstruction(pe: ProcessingElement, comment: number): void {
  const to = debugExceptionTarget(pe);
  const reason =
    to === 2 && pe.state.el < 2 && el2Enabled(pe) && !trapsGeneralExceptions(pe) ? 'MDCR_EL2.TDE = 1' : undefined;
  raise(pe, to, breakpointInstruction(comment), undefined, reason);
}

/** The instruction at the PC has a hardware breakpoint of the guest's debugger. */
export function raiseHardwareBreakpoint(pe: ProcessingElement): void {
  raise(pe, debugExceptionTarget(pe), hardwareBreakpoint());
}

/** `stepped`: an instruction was executed since stepping began; `exclusive`: and it was a Load-Exclusive. */
export function raiseSoftwareStep(pe: ProcessingElement, stepped: boolean, exclusive: boolean): void {
  raise(pe, debugExceptionTarget(pe), softwareStep(stepped, exclusive));
}

/** The current instruction's access to `address` hit a watchpoint of the guest's debugger. */
export function raiseWatchpoint(pe: ProcessingElement, address: bigint, write: boolean): void {
  raise(pe, debugExceptionTarget(pe), watchpoint(write), address);
}
