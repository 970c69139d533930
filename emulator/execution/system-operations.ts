/** What the engine hands back to the processing element: exception calls, system registers, system instructions, waiting. */
import { memoryOperations } from '../architecture/instructions/memory-copy-set.ts';
import { authenticationFailures } from '../architecture/instructions/pointer-authentication.ts';
import type { Fields } from '../architecture/pattern.ts';
import { branchType } from '../processing-element/branch-target.ts';
import {
  executeExceptionReturn,
  executeHypervisorCall,
  executeSecureMonitorCall,
  executeSupervisorCall,
} from '../processing-element/call-instructions.ts';
import { synchronizeErrors, wakesFromWaitForInterrupt } from '../processing-element/interrupts.ts';
import { authenticationTrap } from '../processing-element/pointer-authentication.ts';
import {
  raiseBreakpointInstruction,
  raisePointerAuthenticationFailure,
  raiseTrap,
  raiseUndefined,
} from '../processing-element/synchronous-exceptions.ts';
import {
  completeInstruction,
  executeReadSystemRegister,
  executeWritePstateField,
  executeWriteSystemRegister,
} from '../processing-element/system-instructions.ts';
import { checkWait, consumeEvent } from '../processing-element/wait.ts';
import { instructionKey, registerKey } from './direct-operations.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import type { SlowMemory } from './memory-access.ts';
import { executeMemoryOperation } from './memory-copy-set.ts';

/** What became of a HLT: done, to be executed again when the element goes on, or not an instruction of this machine. */
export type HaltOutcome = 'completed' | 'again' | 'undefined';

/** What the machine around the engine does for system operations. */
export interface SystemOperationHost {
  /** TLBI, AT, DC, IC and the like: `key` is op0:op1:CRn:CRm:op2. */
  systemInstruction(unit: ExecutionUnit, key: number, rt: number, result: boolean): void;
  /** HLT: a semihosting call, when the machine offers it. */
  halt(unit: ExecutionUnit, immediate: number): HaltOutcome;
  /** SEV: every processing element gets an event. */
  sendEvent(): void;
  /** Virtual time at which the system counter will have counted so much further; undefined: not within a machine's life. */
  timeInTicks(ticks: bigint): number | undefined;
  /** The processing element has nothing to do for the rest of its turn. */
  yieldTurn(unit: ExecutionUnit): void;
}

/** A memory access that fails is left to the caller (`accessFailed`). */
export type SystemOperation = (
  unit: ExecutionUnit,
  fields: Fields,
  host: SystemOperationHost,
  memory: SlowMemory,
) => void;

const immediate = (f: Fields): number => f['imm16'] as number;

function waitForInterrupt(unit: ExecutionUnit): void {
  const { pe } = unit;
  if (!wakesFromWaitForInterrupt(pe)) {
    const trap = checkWait(pe, 'wfi');
    if (trap) {
      raiseTrap(pe, trap);
      return;
    }
    unit.suspend();
  }
  completeInstruction(pe);
}

function waitForEvent(unit: ExecutionUnit, _fields: Fields, host: SystemOperationHost): void {
  const { pe } = unit;
  if (!consumeEvent(pe)) {
    const trap = checkWait(pe, 'wfe');
    if (trap) {
      raiseTrap(pe, trap);
      return;
    }
    // Waking without an event is always allowed; the others get their turn first.
    host.yieldTurn(unit);
  }
  completeInstruction(pe);
}

/** WFET and WFIT: until the virtual count has reached a register, at most. */
function waitWithLimit(instruction: 'wfet' | 'wfit'): SystemOperation {
  return (unit, f, host) => {
    const { pe } = unit;
    const forEvent = instruction === 'wfet';
    const wakes = forEvent ? consumeEvent(pe) : wakesFromWaitForInterrupt(pe);
    const limit = f['Rd'] as number;
    const ticks = pe.state.readX(limit) - unit.registers.register('CNTVCT_EL0').read();
    if (!wakes && ticks > 0n) {
      const trap = checkWait(pe, instruction, limit);
      if (trap) {
        raiseTrap(pe, trap);
        return;
      }
      const until = host.timeInTicks(ticks);
      unit.suspend({ forEvent, ...(until !== undefined && { until }) });
    }
    completeInstruction(pe);
  };
}

/** An indirect branch where pages may be guarded: the address is computed, the link written. */
function guardedBranch(call: boolean): SystemOperation {
  return ({ state, instructionTlb, context }, f) => {
    const fromGuarded = instructionTlb.isGuarded(context, state.pc);
    state.btype = branchType(call, f['Rn'] as number, fromGuarded);
    state.pc = state.engine.getWide('exitAddress');
  };
}

/** Operations by the name that a row's semantics give. The state's PC is that of the instruction. */
export const systemOperations: Readonly<Record<string, SystemOperation>> = {
  svc: ({ pe }, f) => executeSupervisorCall(pe, immediate(f)),
  hvc: ({ pe }, f) => executeHypervisorCall(pe, immediate(f)),
  smc: ({ pe }, f) => executeSecureMonitorCall(pe, immediate(f)),
  brk: ({ pe }, f) => raiseBreakpointInstruction(pe, immediate(f)),
  hlt: (unit, f, host) => {
    const outcome = host.halt(unit, immediate(f));
    if (outcome === 'completed') completeInstruction(unit.pe);
    else if (outcome === 'undefined') raiseUndefined(unit.pe);
  },
  eret: ({ pe }) => executeExceptionReturn(pe),
  guardedJump: guardedBranch(false),
  guardedCall: guardedBranch(true),
  eretaa: ({ pe, state }) => executeExceptionReturn(pe, { key: 'A', target: state.engine.getWide('exitAddress') }),
  eretab: ({ pe, state }) => executeExceptionReturn(pe, { key: 'B', target: state.engine.getWide('exitAddress') }),
  ...Object.fromEntries(
    authenticationFailures.map((name, key) => [
      name,
      ({ pe }: ExecutionUnit) => raisePointerAuthenticationFailure(pe, key > 1, (key & 1) === 1),
    ]),
  ),
  pointerAuthenticationTrap: ({ pe }) => raiseTrap(pe, authenticationTrap(pe)),
  mrs: ({ pe, registers }, f) => executeReadSystemRegister(pe, registers, registerKey(f), f['Rt'] as number),
  msr: ({ pe, registers }, f) => executeWriteSystemRegister(pe, registers, registerKey(f), f['Rt'] as number),
  msrImmediate: ({ pe }, f) => executeWritePstateField(pe, f['op1'] as number, f['op2'] as number, f['CRm'] as number),
  sys: (unit, f, host) => host.systemInstruction(unit, instructionKey(f), f['Rt'] as number, false),
  sysl: (unit, f, host) => host.systemInstruction(unit, instructionKey(f), f['Rt'] as number, true),
  esb: ({ pe }) => {
    synchronizeErrors(pe);
    completeInstruction(pe);
  },
  wfi: waitForInterrupt,
  wfe: waitForEvent,
  wfit: waitWithLimit('wfit'),
  wfet: waitWithLimit('wfet'),
  ...Object.fromEntries(
    memoryOperations.map(operation => [
      operation.name,
      (unit: ExecutionUnit, f: Fields, _host: SystemOperationHost, memory: SlowMemory) =>
        executeMemoryOperation(unit, operation, f, memory),
    ]),
  ),
  sev: ({ pe }, _f, host) => {
    host.sendEvent();
    completeInstruction(pe);
  },
  sevl: ({ pe, state }) => {
    state.eventRegister = 1;
    completeInstruction(pe);
  },
};
