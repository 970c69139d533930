/** One processing element with everything that executes it: translation, TLBs, register access. */
import { placedBreakpoints, placedWatchpoints } from '../processing-element/debug-exceptions.ts';
import { refreshDerivedState } from '../processing-element/derived-state.ts';
import { hcrField, isInHost, isSecure, nestsPlainHypervisor } from '../processing-element/effective-registers.ts';
import { tagCheckFaults } from '../processing-element/memory-tagging.ts';
import type { ProcessingElement } from '../processing-element/processing-element.ts';
import { registerField } from '../processing-element/register-field.ts';
import type { ProcessingElementState } from '../processing-element/state.ts';
import { SystemRegisterAccess } from '../processing-element/system-register-access.ts';
import type { AddressTranslator } from '../translation/address-translator.ts';
import { contextOf, type TranslationContext, type TranslationRegime } from '../translation/regime.ts';
import type { FastTlb } from '../translation/tlb.ts';
import { TlbKeeper } from '../translation/tlb-keeper.ts';
import type { InstructionTlb } from './instruction-tlb.ts';

/** HCR_EL2 pends virtual interrupts by software. */
const VIRTUAL = ['VF', 'VI', 'VSE'].map(name => registerField('HCR_EL2', name));

/** Of an element that waits. */
export interface Wait {
  /** Virtual time in instruction units at which it ends. */
  readonly until?: number;
  /** The event register ends it too. */
  readonly forEvent?: boolean;
}

export class ExecutionUnit {
  readonly pe: ProcessingElement;
  readonly state: ProcessingElementState;
  readonly registers: SystemRegisterAccess;
  readonly translator: AddressTranslator;
  readonly tlb: FastTlb;
  readonly keeper: TlbKeeper;
  readonly instructionTlb: InstructionTlb;
  /** The context of instruction fetches and ordinary accesses at the current level. */
  context: TranslationContext = 0;
  /** The regime that serves the current level, as of the last refresh. */
  regime: TranslationRegime = 'EL1&0';
  /** `off` until firmware starts it; `waiting` in WFI, WFIT and WFET. */
  power: 'running' | 'waiting' | 'off' = 'off';
  /** What else ends the waiting, besides the interrupts that end every waiting. */
  wait: Wait = {};
  /** Level, masks or controls changed: what is derived from them must be brought up to date before code runs. */
  contextStale = true;
  /** The instruction at the PC has done a part of its work, and will go on with the rest. */
  unfinished = false;
  /** Breakpoint or watchpoint registers of the guest changed. */
  debugStale = true;
  /** Where breakpoints of the guest's own debugger may match, whatever the level. */
  guestBreakpoints: readonly bigint[] = [];
  /** What watchpoints of the guest's own debugger may watch, whatever the level. */
  guestWatchpoints: readonly { readonly first: bigint; readonly last: bigint }[] = [];

  constructor(pe: ProcessingElement, translator: AddressTranslator, tlb: FastTlb, instructionTlb: InstructionTlb) {
    this.pe = pe;
    this.state = pe.state;
    this.registers = new SystemRegisterAccess(pe);
    this.translator = translator;
    this.tlb = tlb;
    this.keeper = new TlbKeeper([tlb, instructionTlb], translator, regime => tagCheckFaults(pe, regime));
    this.instructionTlb = instructionTlb;
  }

  /** Nothing is executed until something wakes the element. */
  suspend(wait: Wait = {}): void {
    this.power = 'waiting';
    this.wait = wait;
  }

  /** Registers that translation depends on were written. */
  translationChanged(): void {
    this.keeper.controlsWritten();
    this.contextStale = true;
  }

  /** Nothing cached is to be trusted: a snapshot was restored, or a route changed. */
  forgetTranslations(): void {
    this.keeper.clear();
    this.contextStale = true;
    this.debugStale = true;
  }

  /** Brings what the guest's debug registers say up to date. */
  refreshDebug(): void {
    this.debugStale = false;
    this.guestBreakpoints = placedBreakpoints(this.pe);
    const before = this.guestWatchpoints;
    this.guestWatchpoints = placedWatchpoints(this.pe);
    // Watched pages must not be reached directly any more.
    if (before.length > 0 || this.guestWatchpoints.length > 0) this.keeper.clear();
  }

  /** Whether the guest watches some of the page of a virtual address. */
  guestWatchesPage(address: bigint): boolean {
    const page = address >> 12n;
    return this.guestWatchpoints.some(({ first, last }) => first >> 12n <= page && page <= last >> 12n);
  }

  /** Brings the words that generated code reads up to date with level and controls. */
  refreshContext(): void {
    this.contextStale = false;
    const { pe, state, translator } = this;
    const regime = translator.regimeOf(state.el as 0 | 1 | 2 | 3);
    this.regime = regime;
    this.keeper.synchronize(regime, isSecure(pe));
    const privileged = state.el > 0;
    this.context = contextOf(regime, privileged, state.pan === 1);
    const unprivileged = this.actsUnprivileged() ? contextOf(regime, false, false) : this.context;
    refreshDerivedState(pe);
    // Generated code knows little-endian data only: what is big-endian never hits.
    const table = (context: TranslationContext) =>
      state.engine.get('bigEndianData') ? this.tlb.emptyAddress : this.tlb.contextAddress(context);
    state.engine.set('tlb', table(this.context));
    state.engine.set('tlbUnprivileged', table(unprivileged));
    state.engine.set('instructionTlb', this.instructionTlb.contextAddress(this.context));
    state.engine.setWide('directOperations', 0n);
    this.refreshPending();
  }

  /** LDTR and STTR act as EL0 at EL1, and at EL2 for a host; PSTATE.UAO makes them ordinary. */
  actsUnprivileged(): boolean {
    const { pe, state } = this;
    if (state.uao === 1) return false;
    return (state.el === 1 && !nestsPlainHypervisor(pe)) || (state.el === 2 && isInHost(pe));
  }

  /** Whether something waits that an unmasking instruction would let through. */
  refreshPending(): void {
    const { pe, state } = this;
    const { irq, fiq, vIrq, vFiq } = pe.pins;
    const bySoftware = VIRTUAL.some(field => hcrField(pe, field) === 1);
    const pending = irq || fiq || vIrq || vFiq || pe.systemErrorPending || bySoftware;
    state.engine.set('interruptPending', pending ? 1 : 0);
  }
}
