/** Taking an exception and returning from one: the change of state itself (Arm ARM D1.3, D1.4). */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import { branchAddress } from './branch-address.ts';
import { debugExceptionsEnabled, debugExceptionsEnabledFrom, stepRequested } from './debug-enable.ts';
import { refreshDerivedState } from './derived-state.ts';
import {
  currentVmid,
  isInHost,
  isSecure,
  nestsHypervisor,
  nestsPlainHypervisor,
  nestsThroughMemory,
} from './effective-registers.ts';
import type { ExceptionKind } from './exception-record.ts';
import type { ProcessingElement } from './processing-element.ts';
import { debugMasked, legalReturn, packSavedState, restoreSavedState, savedStep } from './pstate.ts';
import { type RegisterField, registerField } from './register-field.ts';
import { encodeSyndrome, type Syndrome } from './syndrome.ts';

/** An exception whose target has been decided. */
export interface ExceptionEntry {
  readonly cause: ExceptionKind;
  /** The level that takes it: never below the current one, never EL0. */
  readonly to: 1 | 2 | 3;
  /** Absent for IRQ and FIQ, which do not write ESR_ELx. */
  readonly syndrome?: Syndrome;
  /** Goes to ELR_ELx. */
  readonly preferredReturn: bigint;
  /** Goes to FAR_ELx. */
  readonly faultAddress?: bigint;
  /** The intermediate physical address of a stage 2 fault, in bytes, and what goes to HPFAR_EL2 about it. */
  readonly ipa?: bigint;
  readonly hypervisorFaultAddress?: bigint;
  /** The control that caused a trap, in words. */
  readonly reason?: string;
}

type ByLevel<T> = readonly [undefined, T, T, T];
const SPSR = [undefined, 'SPSR_EL1', 'SPSR_EL2', 'SPSR_EL3'] as const;
const ELR = [undefined, 'ELR_EL1', 'ELR_EL2', 'ELR_EL3'] as const;
const ESR = [undefined, 'ESR_EL1', 'ESR_EL2', 'ESR_EL3'] as const;
const FAR = [undefined, 'FAR_EL1', 'FAR_EL2', 'FAR_EL3'] as const;
const VBAR = [undefined, 'VBAR_EL1', 'VBAR_EL2', 'VBAR_EL3'] as const;

/** A field that SCTLR_EL1, SCTLR_EL2 and SCTLR_EL3 share. */
const sctlr = (name: string): ByLevel<RegisterField> => [
  undefined,
  registerField('SCTLR_EL1', name),
  registerField('SCTLR_EL2', name),
  registerField('SCTLR_EL3', name),
];
const SPAN = [undefined, registerField('SCTLR_EL1', 'SPAN'), registerField('SCTLR_EL2', 'SPAN')] as const;
const DSSBS = sctlr('DSSBS');

const ALL_MASKED = 0x3c0;
const VECTOR_OFFSET: Readonly<Record<ExceptionKind, bigint>> = {
  synchronous: 0x000n,
  irq: 0x080n,
  virtualIrq: 0x080n,
  fiq: 0x100n,
  virtualFiq: 0x100n,
  serror: 0x180n,
  virtualSError: 0x180n,
};
/** Offsets of the four groups of vectors. */
const FROM_SAME_LEVEL_SP0 = 0x000n;
const FROM_SAME_LEVEL_SPX = 0x200n;
const FROM_LOWER_LEVEL = 0x400n;
const VECTOR_BASE_MASK = ~0x7ffn;

/** A hypervisor at EL1 finds in SPSR_EL1 that its own exceptions came from EL2 (Arm ARM D8.11.3, FEAT_NV). */
function seesItselfAtEl2(pe: ProcessingElement): boolean {
  return nestsHypervisor(pe) && (nestsThroughMemory(pe) || !nestsPlainHypervisor(pe));
}
/** Turns EL1 in SPSR_ELx.M[3:2] into EL2. */
const EL1_AND_EL2 = 0xcn;

/** Enters the exception's vector, leaving SPSR, ELR, ESR, FAR and HPFAR as the architecture says (AArch64.TakeException). */
export function takeException(pe: ProcessingElement, entry: ExceptionEntry): void {
  const { state, features } = pe;
  const { to, preferredReturn } = entry;
  const from = state.el as ExceptionLevel;
  if (to < from) throw new Error(`an exception cannot be taken from EL${from} to EL${to}`);
  const instruction = state.pc;
  if (pe.performance?.active) pe.performance.synchronize();
  const group = to > from ? FROM_LOWER_LEVEL : state.spSel ? FROM_SAME_LEVEL_SPX : FROM_SAME_LEVEL_SP0;

  const savedState = packSavedState(pe);
  state.write(SPSR[to], from === 1 && to === 1 && seesItselfAtEl2(pe) ? savedState ^ EL1_AND_EL2 : savedState);
  state.write(ELR[to], preferredReturn);
  const syndrome = entry.syndrome && encodeSyndrome(entry.syndrome, to === from);
  if (syndrome !== undefined) state.write(ESR[to], syndrome);
  if (entry.faultAddress !== undefined) state.write(FAR[to], entry.faultAddress);
  const ipa = to === 2 && entry.ipa !== undefined ? entry.ipa & ~0xfffn : undefined;
  if (to === 2 && entry.hypervisorFaultAddress !== undefined) state.write('HPFAR_EL2', entry.hypervisorFaultAddress);
  const vmid = currentVmid(pe);

  state.setLevel(to, 1);
  state.ss = 0;
  state.il = 0;
  state.daif = ALL_MASKED;
  if (features.pan && (to === 1 || (to === 2 && isInHost(pe))) && pe.field(SPAN[to]) === 0) state.pan = 1;
  state.uao = 0;
  state.btype = 0;
  if (features.ssbs) state.ssbs = pe.field(DSSBS[to]);
  if (features.mte) state.tco = 1;
  const target = (state.read(VBAR[to]) & VECTOR_BASE_MASK) + group + VECTOR_OFFSET[entry.cause];
  state.pc = target;
  state.clearExclusive();
  refreshDerivedState(pe);
  pe.host.contextChanged(pe);

  pe.host.recordException({
    kind: 'exception',
    pe: pe.index,
    position: pe.host.position(),
    from,
    to,
    fromSecure: isSecure(pe, from),
    toSecure: isSecure(pe, to),
    instruction,
    target,
    cause: entry.cause,
    syndrome: syndrome ?? 0n,
    preferredReturn,
    ...(syndrome !== undefined && { exceptionClass: Number(syndrome >> 26n) & 0x3f }),
    ...(entry.faultAddress !== undefined && { faultAddress: entry.faultAddress }),
    ...(ipa !== undefined && { ipa }),
    ...(vmid !== undefined && { vmid }),
    ...(entry.reason !== undefined && { reason: entry.reason }),
    ...(to === 2 && from < 2 && vmid !== undefined && { guest: 'exit' as const }),
  });
}

/**
 * Returns to the state in SPSR_ELx and the address in ELR_ELx of the current level (AArch64.ExceptionReturn).
 * Traps of the ERET instruction itself are checked by `executeExceptionReturn`.
 * `target` is given by ERETAA and ERETAB: ELR_ELx after authentication.
 */
export function exceptionReturn(pe: ProcessingElement, target?: bigint): void {
  const { state } = pe;
  const from = state.el as ExceptionLevel;
  if (from === 0) throw new Error('there is no exception return from EL0');
  const instruction = state.pc;
  if (pe.performance?.active) pe.performance.synchronize();
  const savedState = state.read(SPSR[from]);
  const mode = legalReturn(pe, savedState);
  const step = stepAfterReturn(pe, savedState, mode?.el ?? from);

  restoreSavedState(pe, savedState, mode);
  state.ss = step;
  const to = state.el as ExceptionLevel;
  state.pc = branchAddress(pe, target ?? state.read(ELR[from]));
  state.clearExclusive();
  // An exception return is an event for WFE, so that a loop that waits for what a handler did looks again.
  state.eventRegister = 1;
  refreshDerivedState(pe);
  pe.host.contextChanged(pe);
  pe.host.interruptsChanged(pe);

  const vmid = currentVmid(pe);
  pe.host.recordException({
    kind: 'return',
    pe: pe.index,
    position: pe.host.position(),
    from,
    to,
    fromSecure: isSecure(pe, from),
    toSecure: isSecure(pe, to),
    instruction,
    target: state.pc,
    savedState,
    illegal: mode === undefined,
    ...(vmid !== undefined && { vmid }),
    ...(from === 2 && to < 2 && vmid !== undefined && { guest: 'entry' as const }),
  });
}

/** PSTATE.SS after a return (Arm ARM D2.11): taken from SPSR only when stepping is off here and on where we go. */
function stepAfterReturn(pe: ProcessingElement, savedState: bigint, to: ExceptionLevel): number {
  if (!stepRequested(pe) || debugExceptionsEnabled(pe)) return 0;
  return debugExceptionsEnabledFrom(pe, to, debugMasked(savedState)) ? savedStep(savedState) : 0;
}
