/** One processing element as its behaviour sees it: state, implementation, interrupt inputs and the machine around it. */
import type { PeInterruptPins } from '../bus/types.ts';
import type { ExceptionRecord } from './exception-record.ts';
import { type Implementation, type ProcessStateFeatures, processStateFeatures } from './implementation.ts';
import type { RegisterField } from './register-field.ts';
import { type ProcessingElementState, stateOffsets } from './state.ts';
import type { SystemRegisterHandlers } from './system-register-handlers.ts';

/** What a write to a system register may have done to address translation. */
export type TranslationChange =
  /** Controls of a regime or of stage 2: everything derived from them is stale. */
  | { readonly what: 'controls'; readonly register: string }
  /** Table bases without a new identifier: cached translations stay legal until software invalidates them. */
  | { readonly what: 'tables'; readonly register: string }
  /** The current ASID of the EL1&0 or EL2&0 regime changed. */
  | { readonly what: 'asid'; readonly register: string }
  /** The current VMID changed. */
  | { readonly what: 'vmid'; readonly register: string };

/** What a processing element tells the machine around it. */
export interface ProcessingElementHost {
  /** Retired instructions of the whole machine. */
  position(): number;
  /** Called once for every exception taken and every exception return, after the state has changed. */
  recordException(record: ExceptionRecord): void;
  /** A register that address translation depends on was written. */
  translationChanged(pe: ProcessingElement, change: TranslationChange): void;
  /** EL, Security state, HCR_EL2.{E2H,TGE} or PSTATE.PAN changed: another translation context may be in force. */
  contextChanged(pe: ProcessingElement): void;
  /** A mask, route or virtual interrupt changed: an interrupt may have become deliverable. */
  interruptsChanged(pe: ProcessingElement): void;
  /** Breakpoint, watchpoint or step controls changed. */
  debugChanged(pe: ProcessingElement): void;
  /** The level of the performance monitors' overflow interrupt, told whenever it may have changed. */
  performanceInterrupt(pe: ProcessingElement, level: boolean): void;
  /**
   * Reads or writes a doubleword of EL2's memory that stands for a register (FEAT_NV2). Undefined when the access took
   * an exception, or stopped the run.
   */
  nestedMemory(pe: ProcessingElement, address: bigint, written?: bigint): bigint | undefined;
  /**
   * Offers a call to the firmware that the machine provides; the function identifier is in W0.
   * Returns false when the firmware knows no such function; otherwise the call has been done and X0–X3 hold its results.
   */
  firmwareCall(pe: ProcessingElement, conduit: 'smc' | 'hvc'): boolean;
}

/** What exception entry and turns of the machine owe to the performance monitors. */
export interface PerformanceCounting {
  /** A counter is switched on, so that the level at which code runs matters. */
  readonly active: boolean;
  /** A counter that is switched on may interrupt when it overflows. */
  readonly interrupting: boolean;
  /** Counts what was executed since the last time under the rules in force until now. */
  synchronize(): void;
  /** Instructions of this PE until a counter overflows and interrupts, should nothing change before; or infinity. */
  untilInterrupt(): number;
  /** Tells the machine the level of the overflow interrupt. */
  updateInterrupt(): void;
}

export interface ProcessingElementOptions {
  readonly memory: WebAssembly.Memory;
  readonly state: ProcessingElementState;
  readonly implementation: Implementation;
  readonly handlers: SystemRegisterHandlers;
  readonly host: ProcessingElementHost;
}

export class ProcessingElement {
  readonly state: ProcessingElementState;
  readonly implementation: Implementation;
  readonly features: ProcessStateFeatures;
  readonly handlers: SystemRegisterHandlers;
  readonly host: ProcessingElementHost;
  /** Inputs from the interrupt controller. */
  readonly pins: PeInterruptPins = { irq: false, fiq: false, vIrq: false, vFiq: false };
  /** A physical SError interrupt is pending; taking it clears this. */
  systemErrorPending = false;
  /** Set by the room of the performance monitors; absent without FEAT_PMUv3. */
  performance: PerformanceCounting | undefined;
  private readonly words: Uint32Array;

  constructor({ memory, state, implementation, handlers, host }: ProcessingElementOptions) {
    this.state = state;
    this.implementation = implementation;
    this.features = processStateFeatures(implementation);
    this.handlers = handlers;
    this.host = host;
    this.words = new Uint32Array(memory.buffer);
  }

  get index(): number {
    return this.state.index;
  }

  /** Instructions that this PE has retired. */
  retired(): number {
    return this.host.position() - Number(this.state.engine.getWide('retiredElsewhere'));
  }

  /** The machine turns to another PE: what is retired from now on is not this one's. */
  leave(): void {
    this.performance?.synchronize();
    this.state.engine.setWide('turnEndedAt', BigInt(this.host.position()));
  }

  /** The machine turns to this PE. */
  enter(): void {
    const { engine } = this.state;
    const elsewhere = BigInt(this.host.position()) - engine.getWide('turnEndedAt');
    engine.setWide('retiredElsewhere', engine.getWide('retiredElsewhere') + elsewhere);
  }

  /** A field of a register as stored, unsigned. Neither effective values nor access checks apply. */
  field(field: RegisterField): number {
    return (this.word(field) >>> field.shift) & field.mask;
  }

  /** The 32-bit half of a register in which a field lies. */
  word({ word }: RegisterField): number {
    return this.words[((this.state.address + stateOffsets.systemRegisters) >>> 2) + word] as number;
  }
}
