/** Asynchronous exceptions: which one is taken now, and where (Arm ARM D1.3.6, D1.3.7). */
import { el2Enabled, hcrField, isInHost, scrField, trapsGeneralExceptions } from './effective-registers.ts';
import { takeException } from './exception.ts';
import type { ExceptionKind } from './exception-record.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';
import { type Syndrome, systemError } from './syndrome.ts';

const HCR = {
  AMO: registerField('HCR_EL2', 'AMO'),
  IMO: registerField('HCR_EL2', 'IMO'),
  FMO: registerField('HCR_EL2', 'FMO'),
  VSE: registerField('HCR_EL2', 'VSE'),
  VI: registerField('HCR_EL2', 'VI'),
  VF: registerField('HCR_EL2', 'VF'),
};
const SCR = {
  EA: registerField('SCR_EL3', 'EA'),
  IRQ: registerField('SCR_EL3', 'IRQ'),
  FIQ: registerField('SCR_EL3', 'FIQ'),
};
const VSE_BIT = 1n << 8n;

type Physical = 'serror' | 'fiq' | 'irq';
type Virtual = 'virtualSError' | 'virtualFiq' | 'virtualIrq';

interface Line {
  /** PSTATE's mask, in the position of DAIF and of ISR_EL1's pending bit. */
  readonly mask: number;
  /** Routes the physical interrupt to EL2, and enables the virtual one. */
  readonly toEl2: RegisterField;
  /** Routes the physical interrupt to EL3. */
  readonly toEl3: RegisterField;
  /** Pends the virtual interrupt by software. */
  readonly software: RegisterField;
  readonly physical: Physical;
  readonly virtual: Virtual;
}
const SERROR: Line = {
  mask: 0x100,
  toEl2: HCR.AMO,
  toEl3: SCR.EA,
  software: HCR.VSE,
  physical: 'serror',
  virtual: 'virtualSError',
};
const IRQ: Line = {
  mask: 0x080,
  toEl2: HCR.IMO,
  toEl3: SCR.IRQ,
  software: HCR.VI,
  physical: 'irq',
  virtual: 'virtualIrq',
};
const FIQ: Line = {
  mask: 0x040,
  toEl2: HCR.FMO,
  toEl3: SCR.FIQ,
  software: HCR.VF,
  physical: 'fiq',
  virtual: 'virtualFiq',
};
/** In the order in which they are taken when several are pending; the architecture leaves it open. */
const LINES: readonly Line[] = [SERROR, FIQ, IRQ];

function physicalPending(pe: ProcessingElement, { physical }: Line): boolean {
  return physical === 'serror' ? pe.systemErrorPending : pe.pins[physical];
}

function virtualPending(pe: ProcessingElement, { virtual, software }: Line): boolean {
  if (hcrField(pe, software) === 1) return true;
  return virtual === 'virtualIrq' ? pe.pins.vIrq : virtual === 'virtualFiq' ? pe.pins.vFiq : false;
}

/** A guest may be given virtual interrupts of this line: the physical ones belong to EL2, and EL1 exists. */
function virtualEnabled(pe: ProcessingElement, { toEl2 }: Line): boolean {
  return hcrField(pe, toEl2) === 1 && !trapsGeneralExceptions(pe);
}

/** The level that takes a physical interrupt. It may be below the current one: then the interrupt waits. */
function physicalTarget(pe: ProcessingElement, { toEl2, toEl3 }: Line): 1 | 2 | 3 {
  if (scrField(pe, toEl3) === 1) return 3;
  return el2Enabled(pe) && (trapsGeneralExceptions(pe) || hcrField(pe, toEl2) === 1) ? 2 : 1;
}

/**
 * Whether an interrupt to `target` is taken now. One that a higher level wants cannot be masked from below, except
 * that EL0 masks for EL1, and for EL2 where EL2 is its kernel (HCR_EL2.{E2H,TGE} = {1,1}).
 */
function taken(pe: ProcessingElement, target: number, mask: number): boolean {
  const { el, daif } = pe.state;
  if (target < el) return false;
  const unmaskable = target > el && (target === 3 || (target === 2 && !isInHost(pe)));
  return unmaskable || (daif & mask) === 0;
}

/** An asynchronous exception that can be taken now. */
export interface DeliverableInterrupt {
  readonly kind: Exclude<ExceptionKind, 'synchronous'>;
  readonly to: 1 | 2 | 3;
}

/** The asynchronous exception that is taken before the next instruction, if any. Physical ones come first. */
export function deliverableInterrupt(pe: ProcessingElement): DeliverableInterrupt | undefined {
  for (const line of LINES) {
    if (!physicalPending(pe, line)) continue;
    const to = physicalTarget(pe, line);
    if (taken(pe, to, line.mask)) return { kind: line.physical, to };
  }
  if (pe.state.el > 1) return undefined;
  for (const line of LINES) {
    if ((pe.state.daif & line.mask) === 0 && virtualEnabled(pe, line) && virtualPending(pe, line)) {
      return { kind: line.virtual, to: 1 };
    }
  }
  return undefined;
}

/** Takes the interrupt that is due before the instruction at the state's PC; returns false when there is none. */
export function takeInterrupt(pe: ProcessingElement): boolean {
  const interrupt = deliverableInterrupt(pe);
  if (interrupt === undefined) return false;
  const { kind, to } = interrupt;
  const syndrome = consumeSystemError(pe, kind);
  takeException(pe, { cause: kind, to, preferredReturn: pe.state.pc, ...(syndrome && { syndrome }) });
  return true;
}

/** SErrors are edges: taking one uses it up. */
function consumeSystemError(pe: ProcessingElement, kind: ExceptionKind): Syndrome | undefined {
  if (kind === 'serror') {
    pe.systemErrorPending = false;
    return systemError(0, true);
  }
  if (kind !== 'virtualSError') return undefined;
  pe.state.write('HCR_EL2', pe.state.read('HCR_EL2') & ~VSE_BIT);
  return virtualSystemError(pe);
}

/** The syndrome that a hypervisor chose for its guest's SError in VSESR_EL2 (FEAT_RAS), or none. */
function virtualSystemError(pe: ProcessingElement): Syndrome {
  if (!pe.features.ras) return systemError(0, true);
  const chosen = Number(pe.state.read('VSESR_EL2') & 0x1ff_ffffn);
  return systemError(chosen & 0xff_ffff, chosen >>> 24 === 1);
}

/**
 * ISR_EL1: the pending interrupts, A at bit 8, I at 7, F at 6. A guest's EL1 sees the virtual ones in place of the
 * physical ones that go to its hypervisor.
 */
export function interruptStatus(pe: ProcessingElement): number {
  let status = 0;
  for (const line of LINES) {
    const guest = pe.state.el === 1 && hcrField(pe, line.toEl2) === 1;
    if (guest ? virtualPending(pe, line) : physicalPending(pe, line)) status |= line.mask;
  }
  return status;
}

/** Something that ends WFI is pending: any physical interrupt, or a virtual one that is enabled, masked or not. */
export function wakesFromWaitForInterrupt(pe: ProcessingElement): boolean {
  return LINES.some(
    line => physicalPending(pe, line) || (pe.state.el < 2 && virtualEnabled(pe, line) && virtualPending(pe, line)),
  );
}

/**
 * ESB: a pending SError that is masked is moved to DISR_EL1 (or the guest's to VDISR_EL2, which it reads as DISR_EL1).
 * An unmasked one needs nothing: it is taken as an exception at the next instruction (Arm ARM, ESB).
 */
export function synchronizeErrors(pe: ProcessingElement): void {
  if (!pe.features.ras) return;
  const guest = pe.state.el < 2 && virtualEnabled(pe, SERROR);
  if (pe.systemErrorPending && !taken(pe, physicalTarget(pe, SERROR), SERROR.mask)) {
    pe.systemErrorPending = false;
    pe.state.write('DISR_EL1', DEFERRED | (1n << 24n));
  }
  if (guest && hcrField(pe, HCR.VSE) === 1 && (pe.state.daif & SERROR.mask) !== 0) {
    pe.state.write('HCR_EL2', pe.state.read('HCR_EL2') & ~VSE_BIT);
    pe.state.write('VDISR_EL2', DEFERRED | (pe.state.read('VSESR_EL2') & 0x1ff_ffffn));
  }
}
/** DISR_EL1.A: an SError was deferred. */
const DEFERRED = 1n << 31n;
