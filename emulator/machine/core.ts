/**
 * The processing elements of a machine, the engine that runs them, and virtual time.
 *
 * One thread, one order: the elements take turns of a fixed number of instructions. Virtual time is the position (what
 * all elements have executed together) plus what was skipped while all of them waited.
 */
import type { AddressMap } from '../bus/address-map.ts';
import type { MachineMemory } from '../bus/memory.ts';
import type { InterruptLine } from '../bus/types.ts';
import type { MemoryObserver } from '../execution/access-path.ts';
import { engineArea } from '../execution/engine-area.ts';
import { ExecutionUnit, type Wait } from '../execution/execution-unit.ts';
import { type CheckFlags, Executor } from '../execution/executor.ts';
import { InstructionTlb } from '../execution/instruction-tlb.ts';
import type { Interpreter } from '../execution/interpreter/interpreter.ts';
import type { SystemOperationHost } from '../execution/system-operations.ts';
import { effectiveHcr } from '../processing-element/effective-registers.ts';
import type { ExceptionRecord } from '../processing-element/exception-record.ts';
import type { Implementation } from '../processing-element/implementation.ts';
import { takeInterrupt, wakesFromWaitForInterrupt } from '../processing-element/interrupts.ts';
import { ProcessingElement } from '../processing-element/processing-element.ts';
import { ACTIVE_WINDOW, ProcessingElementState, STATE_SIZE } from '../processing-element/state.ts';
import type { SystemRegisterHandlers } from '../processing-element/system-register-handlers.ts';
import { consumeEvent } from '../processing-element/wait.ts';
import { AddressTranslator } from '../translation/address-translator.ts';
import type { TranslationInputs } from '../translation/inputs.ts';
import { FastTlb } from '../translation/tlb.ts';
import type { MachineClock } from './virtual-clock.ts';

/** Instructions of one turn when several elements run. */
const TURN = 10_000;
/** Ticks of the system counter: years, and times still exact as numbers. */
const LONGEST_WAIT = 2n ** 40n;

const unlimited = () => Number.POSITIVE_INFINITY;

/** Why a run came to rest. */
export type CoreStop =
  | { readonly kind: 'limit' }
  | { readonly kind: 'breakpoint'; readonly pe: number }
  | { readonly kind: 'watchpoint'; readonly pe: number }
  | { readonly kind: 'pause'; readonly pe: number }
  /** Nothing runs and no event is scheduled. */
  | { readonly kind: 'idle' }
  /** Nothing runs before this virtual time, which is later than time may go on by itself. */
  | { readonly kind: 'waiting'; readonly until: number };

export interface CoreOptions {
  readonly memory: MachineMemory;
  readonly map: AddressMap;
  readonly clock: MachineClock;
  readonly processingElements: number;
  readonly implementation: Implementation;
  readonly interpreter: Interpreter;
  readonly observer: MemoryObserver;
  /** Rate of the system counter. */
  readonly instructionsPerTick: number;
  readonly operations: Omit<SystemOperationHost, 'sendEvent' | 'timeInTicks' | 'yieldTurn'>;
  handlers(pe: number): SystemRegisterHandlers;
  firmwareCall(pe: ProcessingElement, conduit: 'smc' | 'hvc'): boolean;
  recordException(record: ExceptionRecord): void;
  /** EL or Security state changed: the interrupt controller routes by them. */
  levelChanged(pe: ProcessingElement): void;
  /** The performance monitors' interrupt to the interrupt controller. */
  performanceLine(pe: number): InterruptLine;
}

export class MachineCore {
  readonly units: readonly ExecutionUnit[];
  readonly executor: Executor;
  readonly clock: MachineClock;
  /** Index of the element whose turn it is. */
  current = 0;
  /** Virtual time that passed while every element waited. */
  private idle = 0;
  private turnEnd = TURN;
  private readonly memory: MachineMemory;
  private readonly restingStates: readonly number[];

  constructor(options: CoreOptions) {
    const { memory, map, clock } = options;
    this.memory = memory;
    this.clock = clock;
    const area = engineArea(options.processingElements);
    this.restingStates = area.restingStates;
    const host = {
      position: () => this.executor.now(),
      recordException: options.recordException,
      translationChanged: (pe: ProcessingElement) => this.unitOf(pe).translationChanged(),
      contextChanged: (pe: ProcessingElement) => {
        this.unitOf(pe).contextStale = true;
        options.levelChanged(pe);
      },
      interruptsChanged: () => this.executor.requestCheck(),
      debugChanged: (pe: ProcessingElement) => {
        const unit = this.unitOf(pe);
        unit.contextStale = true;
        unit.debugStale = true;
      },
      performanceInterrupt: (pe: ProcessingElement, level: boolean) => options.performanceLine(pe.index).set(level),
      nestedMemory: (pe: ProcessingElement, address: bigint, written?: bigint) =>
        this.executor.nestedMemory(this.unitOf(pe), address, written),
      firmwareCall: options.firmwareCall,
    };
    this.units = area.restingStates.map((resting, index) => {
      const base = index === 0 ? ACTIVE_WINDOW : resting;
      const state = new ProcessingElementState(memory.memory, base, index);
      const pe = new ProcessingElement({
        memory: memory.memory,
        state,
        implementation: options.implementation,
        handlers: options.handlers(index),
        host,
      });
      for (const [name, value] of options.implementation.resetValues) state.write(name as never, value);
      const translator = new AddressTranslator(this.translationInputs(pe, map));
      const tlb = new FastTlb(memory.memory, area.dataTlbs[index] as number);
      return new ExecutionUnit(
        pe,
        translator,
        tlb,
        new InstructionTlb(memory.memory, area.instructionTlbs[index] as number),
      );
    });
    this.executor = new Executor({
      memory,
      map,
      area,
      interpreter: options.interpreter,
      hasFeature: name => options.implementation.hasFeature(name),
      observer: options.observer,
      host: {
        ...options.operations,
        idle: () => this.idle,
        instructionsPerTick: options.instructionsPerTick,
        deadline: () => this.deadline(),
        sendEvent: () => {
          for (const { state } of this.units) state.eventRegister = 1;
        },
        timeInTicks: ticks => {
          if (ticks > LONGEST_WAIT) return undefined;
          const { instructionsPerTick } = options;
          return (Math.floor(this.time() / instructionsPerTick) + Number(ticks)) * instructionsPerTick;
        },
        yieldTurn: () => {
          this.turnEnd = this.executor.position;
          this.executor.requestCheck();
        },
      },
    });
    clock.follow(() => this.time());
    // A device that is written may schedule something earlier than what generated code runs towards.
    clock.onEarliestChanged = () => this.executor.requestCheck();
  }

  /** The position at which something besides executing instructions is due. */
  private deadline(): number {
    const { performance } = (this.units[this.current] as ExecutionUnit).pe;
    const event = this.nextEventAt() - this.idle;
    const turn = this.units.length > 1 ? this.turnEnd : Number.POSITIVE_INFINITY;
    const overflow = performance?.interrupting ? this.executor.position + performance.untilInterrupt() : turn;
    return Math.min(event, turn, overflow);
  }

  /** Virtual time of the next event or of the first end of a wait. */
  private nextEventAt(): number {
    let next = this.clock.nextEventAt();
    for (const { power, wait } of this.units)
      if (power === 'waiting' && wait.until !== undefined && wait.until < next) next = wait.until;
    return next;
  }

  /** Virtual time in instruction units. */
  time(): number {
    return this.executor.now() + this.idle;
  }

  private unitOf(pe: ProcessingElement): ExecutionUnit {
    return this.units[pe.index] as ExecutionUnit;
  }

  private translationInputs(pe: ProcessingElement, map: AddressMap): TranslationInputs {
    const { view } = this.memory;
    const linear = (physicalAddress: number, nonSecure: boolean): number | undefined => {
      const range = map.find(physicalAddress, !nonSecure);
      if (!range?.memory || !range.directRead) return undefined;
      return range.memory.host + (physicalAddress - range.memory.base);
    };
    return {
      generation: () => pe.state.generation,
      register: name => pe.state.read(name),
      effectiveHypervisorConfiguration: () => effectiveHcr(pe),
      readWord: (physicalAddress, nonSecure) => {
        const at = linear(physicalAddress, nonSecure);
        return at === undefined ? undefined : view.getUint32(at, true);
      },
      compareAndSwap: (physicalAddress, nonSecure, expected, replacement) => {
        const at = linear(physicalAddress, nonSecure);
        if (at === undefined || !map.find(physicalAddress, !nonSecure)?.directWrite) return 'unsupported';
        if (view.getBigUint64(at, true) !== expected) return 'changed';
        this.executor.memoryWritten(at, 8);
        view.setBigUint64(at, replacement, true);
        return 'swapped';
      },
    };
  }

  /** Makes an element the one whose state is in the active window. */
  switchTo(index: number): void {
    if (index === this.current) return;
    const from = this.units[this.current] as ExecutionUnit;
    const to = this.units[index] as ExecutionUnit;
    const { u8 } = this.memory;
    const resting = this.restingStates[this.current] as number;
    from.pe.leave();
    u8.copyWithin(resting, ACTIVE_WINDOW, ACTIVE_WINDOW + STATE_SIZE);
    from.state.moveTo(resting);
    // Another element's stores could have taken the reservation; losing it is always allowed, and an event.
    if (from.wait.forEvent && from.state.engine.get('exclusiveValid')) from.state.eventRegister = 1;
    from.state.clearExclusive();
    u8.copyWithin(ACTIVE_WINDOW, to.state.address, to.state.address + STATE_SIZE);
    to.state.moveTo(ACTIVE_WINDOW);
    to.pe.enter();
    this.current = index;
  }

  /**
   * Runs to a position at most. `skipBreakpoint`: the breakpoint under the first instruction is not reported.
   * `idleLimit`: virtual time is not moved beyond what it says while all elements wait.
   */
  run(limit: number, skipBreakpoint: boolean, idleLimit = unlimited): CoreStop {
    const { executor } = this;
    let skip = skipBreakpoint;
    if (executor.checkOwed) this.check();
    for (;;) {
      if (executor.takePause()) return { kind: 'pause', pe: this.current };
      if (executor.position >= limit) return { kind: 'limit' };
      const unit = this.units[this.current] as ExecutionUnit;
      if (unit.power !== 'running') {
        const next = this.nextRunning();
        if (next !== undefined) {
          this.beginTurn(next);
          continue;
        }
        if (this.skipIdle(idleLimit())) continue;
        const until = this.nextEventAt();
        return Number.isFinite(until) ? { kind: 'waiting', until } : { kind: 'idle' };
      }
      const end = executor.run(unit, limit, skip, this.units);
      skip = false;
      switch (end) {
        case 'limit':
          this.clock.moveTo(this.time());
          return { kind: 'limit' };
        case 'check':
        case 'stopped':
          this.check();
          break;
        default:
          this.clock.moveTo(this.time());
          return { kind: end, pe: this.current };
      }
    }
  }

  private nextRunning(): number | undefined {
    for (let i = 1; i <= this.units.length; i++) {
      const index = (this.current + i) % this.units.length;
      if ((this.units[index] as ExecutionUnit).power === 'running') return index;
    }
    return undefined;
  }

  private beginTurn(index: number): void {
    this.switchTo(index);
    this.turnEnd = this.executor.position + TURN;
    this.takeInterrupt();
  }

  /** Lets due events happen, wakes elements, ends a turn, takes an interrupt. */
  private check(): void {
    const { executor, clock } = this;
    executor.checkOwed = false;
    executor.checkMade();
    clock.moveTo(this.time());
    clock.runDueEvents();
    const { performance } = (this.units[this.current] as ExecutionUnit).pe;
    if (performance?.interrupting) performance.synchronize();
    this.wake();
    if (this.units.length > 1 && executor.position >= this.turnEnd) {
      const next = this.nextRunning();
      if (next !== undefined) this.beginTurn(next);
      return;
    }
    if ((this.units[this.current] as ExecutionUnit).power === 'running') this.takeInterrupt();
  }

  private takeInterrupt(): void {
    const { pe } = this.units[this.current] as ExecutionUnit;
    if (takeInterrupt(pe)) this.executor.position++;
  }

  private wake(): void {
    for (const unit of this.units) {
      if (unit.power !== 'waiting' || !this.wakes(unit)) continue;
      unit.power = 'running';
      unit.wait = {};
    }
  }

  private wakes({ pe, wait }: ExecutionUnit): boolean {
    if (wait.until !== undefined && this.time() >= wait.until) return true;
    return wait.forEvent === true ? consumeEvent(pe) : wakesFromWaitForInterrupt(pe);
  }

  /** All elements wait: moves time to the next event. False when there is none up to `limit`. */
  skipIdle(limit = Number.POSITIVE_INFINITY): boolean {
    const { clock } = this;
    this.wake();
    if (this.units.some(unit => unit.power === 'running')) return true;
    const next = this.nextEventAt();
    if (!Number.isFinite(next) || next > limit) return false;
    this.idle += Math.max(0, next - this.time());
    clock.moveTo(this.time());
    clock.runDueEvents();
    this.wake();
    if ((this.units[this.current] as ExecutionUnit).power === 'running') this.takeInterrupt();
    return true;
  }

  /** What the clock and the order of turns need beside the elements' states. */
  save(): SavedCore {
    const { current, idle, turnEnd } = this;
    const { position } = this.executor;
    const flags = this.executor.saveFlags();
    return {
      current,
      idle,
      turnEnd,
      position,
      flags,
      power: this.units.map(unit => unit.power),
      waits: this.units.map(unit => unit.wait),
    };
  }

  /** The states in linear memory have been put back already. */
  restore(saved: SavedCore): void {
    this.current = saved.current;
    this.idle = saved.idle;
    this.turnEnd = saved.turnEnd;
    this.executor.position = saved.position;
    this.executor.restoreFlags(saved.flags);
    this.units.forEach((unit, index) => {
      unit.power = saved.power[index] ?? 'off';
      unit.wait = saved.waits[index] ?? {};
      unit.state.moveTo(index === saved.current ? ACTIVE_WINDOW : (this.restingStates[index] as number));
      unit.forgetTranslations();
    });
  }
}

export interface SavedCore {
  readonly current: number;
  readonly idle: number;
  readonly turnEnd: number;
  readonly position: number;
  readonly flags: CheckFlags;
  readonly power: readonly ExecutionUnit['power'][];
  readonly waits: readonly Wait[];
}
