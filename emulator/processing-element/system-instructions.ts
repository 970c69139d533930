/** Executing MRS, MSR (register and immediate): checks, effects and the step to the next instruction (Arm ARM C6.2). */
import { systemEncodingKey } from '../architecture/system-register.ts';
import { isInHost } from './effective-registers.ts';
import type { InstructionTrap } from './floating-point-access.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { writeInterruptMasks, writeStackPointerSelect } from './register-views.ts';
import { defaultTarget, raiseTrap, raiseUndefined } from './synchronous-exceptions.ts';
import { trappedSystemKey } from './syndrome.ts';
import type { SystemRegisterAccess } from './system-register-access.ts';

const INSTRUCTION_BYTES = 4n;
const UMA = registerField('SCTLR_EL1', 'UMA');
const ZERO_REGISTER = 31;

/** Ends an instruction that did what it says. */
export function completeInstruction(pe: ProcessingElement): void {
  pe.state.pc += INSTRUCTION_BYTES;
}

/** Where the memory at VNCR_EL2 holds a register; BADDR is sign-extended by RESS as software writes it. */
const nestedAddress = (pe: ProcessingElement, offset: number): bigint =>
  (pe.state.read('VNCR_EL2') & ~0xfffn) + BigInt(offset);

/** MRS Xt: `key` is bits 20:5 of the instruction (op0:op1:CRn:CRm:op2). */
export function executeReadSystemRegister(
  pe: ProcessingElement,
  registers: SystemRegisterAccess,
  key: number,
  rt: number,
): void {
  const decision = registers.check(key, 'read', rt);
  if (decision.kind === 'permitted') {
    pe.state.writeX(rt, decision.register.read());
    completeInstruction(pe);
  } else if (decision.kind === 'memory') {
    const value = pe.host.nestedMemory(pe, nestedAddress(pe, decision.offset));
    if (value === undefined) return;
    pe.state.writeX(rt, value);
    completeInstruction(pe);
  } else if (decision.kind === 'trapped') {
    raiseTrap(pe, decision);
  } else {
    raiseUndefined(pe);
  }
}

/** MSR from Xt. */
export function executeWriteSystemRegister(
  pe: ProcessingElement,
  registers: SystemRegisterAccess,
  key: number,
  rt: number,
): void {
  const decision = registers.check(key, 'write', rt);
  if (decision.kind === 'permitted') {
    decision.register.write(pe.state.readX(rt));
    completeInstruction(pe);
  } else if (decision.kind === 'memory') {
    const written = pe.state.readX(rt);
    if (pe.host.nestedMemory(pe, nestedAddress(pe, decision.offset), written) !== undefined) completeInstruction(pe);
  } else if (decision.kind === 'trapped') {
    raiseTrap(pe, decision);
  } else {
    raiseUndefined(pe);
  }
}

/** One form of MSR (immediate): op1 and op2 select the field, CRm holds the value. */
interface ImmediateForm {
  readonly op1: number;
  readonly op2: number;
  readonly feature?: string;
  /** UNDEFINED at EL0. */
  readonly privileged?: boolean;
  /** At EL0 under the control of SCTLR_EL1.UMA. */
  readonly masksAtEl0?: boolean;
  apply(pe: ProcessingElement, immediate: number): void;
}

const IMMEDIATE_FORMS: readonly ImmediateForm[] = [
  {
    op1: 0,
    op2: 3,
    feature: 'FEAT_UAO',
    privileged: true,
    apply: (pe, immediate) => {
      pe.state.uao = immediate & 1;
      pe.host.contextChanged(pe);
    },
  },
  {
    op1: 0,
    op2: 4,
    feature: 'FEAT_PAN',
    privileged: true,
    apply: (pe, immediate) => {
      pe.state.pan = immediate & 1;
      pe.host.contextChanged(pe);
    },
  },
  { op1: 0, op2: 5, privileged: true, apply: (pe, immediate) => writeStackPointerSelect(pe, immediate & 1) },
  {
    op1: 3,
    op2: 1,
    feature: 'FEAT_SSBS2',
    apply: ({ state }, immediate) => {
      state.ssbs = immediate & 1;
    },
  },
  {
    op1: 3,
    op2: 2,
    feature: 'FEAT_DIT',
    apply: ({ state }, immediate) => {
      state.dit = immediate & 1;
    },
  },
  {
    op1: 3,
    op2: 4,
    feature: 'FEAT_MTE',
    apply: ({ state }, immediate) => {
      state.tco = immediate & 1;
    },
  },
  // DAIFSet and DAIFClr: the immediate's bits are D, A, I, F in DAIF's order.
  {
    op1: 3,
    op2: 6,
    masksAtEl0: true,
    apply: (pe, immediate) => writeInterruptMasks(pe, pe.state.daif | (immediate << 6)),
  },
  {
    op1: 3,
    op2: 7,
    masksAtEl0: true,
    apply: (pe, immediate) => writeInterruptMasks(pe, pe.state.daif & ~(immediate << 6)),
  },
];

/** The trap of an access to the interrupt masks at EL0 (SCTLR_EL1.UMA = 0, and always in a host's EL0). */
function checkUserMaskAccess(pe: ProcessingElement, key: number): InstructionTrap | undefined {
  if (pe.state.el !== 0) return undefined;
  const host = isInHost(pe);
  if (!host && pe.field(UMA) === 1) return undefined;
  return {
    to: defaultTarget(pe),
    syndrome: trappedSystemKey(key, ZERO_REGISTER, 'write'),
    reason: host ? 'HCR_EL2.{E2H,TGE} = 3' : 'SCTLR_EL1.UMA = 0',
  };
}

/** MSR (immediate): `op1`, `op2` and CRm (`immediate`) as encoded. */
export function executeWritePstateField(pe: ProcessingElement, op1: number, op2: number, immediate: number): void {
  const form = IMMEDIATE_FORMS.find(one => one.op1 === op1 && one.op2 === op2);
  const missing = form?.feature !== undefined && !pe.implementation.hasFeature(form.feature);
  if (form === undefined || missing || (form.privileged && pe.state.el === 0)) {
    raiseUndefined(pe);
    return;
  }
  if (form.masksAtEl0) {
    const trap = checkUserMaskAccess(pe, systemEncodingKey([0, op1, 4, immediate, op2]));
    if (trap !== undefined) {
      raiseTrap(pe, trap);
      return;
    }
  }
  form.apply(pe, immediate);
  completeInstruction(pe);
}
