/**
 * The generic timer of every processing element (Arm ARM D12): the system counter, seven timers per element and their
 * system registers. The counter is a fixed fraction of virtual time.
 *
 * Whether an access is allowed, trapped or redirected (VHE, `_EL02`) is decided before a handler here is reached.
 */

import type { InterruptLine, ScheduledEvent, Snapshotable, VirtualClock } from '../bus/types.ts';
import type {
  HandlerContext,
  SystemRegisterHandler,
  SystemRegisterHandlers,
} from '../processing-element/system-register-handlers.ts';

/** The timers of one element with the interrupt that each raises (a private peripheral interrupt's INTID). */
export const timers = [
  { name: 'CNTP', suffix: 'EL0', intid: 30, virtualOffset: false, brief: 'EL1 physical timer' },
  { name: 'CNTV', suffix: 'EL0', intid: 27, virtualOffset: true, brief: 'EL1 virtual timer' },
  { name: 'CNTHP', suffix: 'EL2', intid: 26, virtualOffset: false, brief: 'EL2 physical timer' },
  { name: 'CNTHV', suffix: 'EL2', intid: 28, virtualOffset: false, brief: 'EL2 virtual timer' },
  { name: 'CNTHPS', suffix: 'EL2', intid: 20, virtualOffset: false, brief: 'Secure EL2 physical timer' },
  { name: 'CNTHVS', suffix: 'EL2', intid: 19, virtualOffset: false, brief: 'Secure EL2 virtual timer' },
  { name: 'CNTPS', suffix: 'EL1', intid: 29, virtualOffset: false, brief: 'Secure EL1 physical timer' },
] as const;

/** How fast the system counter runs. */
export interface CounterRate {
  /** Value of CNTFRQ_EL0 after reset, in Hz. */
  readonly frequency: number;
  /** Instruction units of virtual time per tick of the counter. */
  readonly instructionsPerTick: number;
}

/** 62.5 MHz with one instruction a nanosecond. */
export const defaultCounterRate: CounterRate = { frequency: 62_500_000, instructionsPerTick: 16 };

const mask64 = (1n << 64n) - 1n;
const hostControlled = (1n << 34n) | (1n << 27n);
const hcrE2h = 1n << 34n;
const controlEnable = 1;
const controlInterruptMask = 2;
const controlStatus = 4;

interface TimerState {
  control: number;
  compareValue: bigint;
}

interface ElementState {
  readonly timers: TimerState[];
  virtualOffset: bigint;
  frequency: bigint;
}

interface SavedGenericTimer {
  readonly elements: readonly {
    readonly timers: readonly { readonly control: number; readonly compareValue: bigint }[];
    readonly virtualOffset: bigint;
    readonly frequency: bigint;
  }[];
}

/** A timer as a debugger shows it. */
export interface TimerView {
  readonly name: string;
  readonly brief: string;
  readonly intid: number;
  readonly enabled: boolean;
  readonly masked: boolean;
  readonly conditionMet: boolean;
  readonly compareValue: bigint;
  /** What the compare value is compared with now. */
  readonly count: bigint;
}

/** System counter and timers of all processing elements. */
export class GenericTimer implements Snapshotable {
  readonly name = 'generic timer';
  readonly rate: CounterRate;
  /** Handlers of the CNT* registers. */
  readonly systemRegisterHandlers: SystemRegisterHandlers;
  readonly #clock: VirtualClock;
  readonly #lines: readonly (readonly InterruptLine[])[];
  #elements: ElementState[];
  /** For each element, the virtual time at which one of its lines changes next. */
  readonly #nextChanges: number[];
  /** One event for all timers, at the earliest moment at which a condition becomes true. */
  #event: ScheduledEvent | undefined;

  /**
   */
  constructor(options: {
    readonly clock: VirtualClock;
    readonly processingElements: number;
    readonly line: (pe: number, intid: number) => InterruptLine;
    readonly rate?: CounterRate;
  }) {
    this.#clock = options.clock;
    this.rate = options.rate ?? defaultCounterRate;
    const indexes = Array.from({ length: options.processingElements }, (_, index) => index);
    this.#lines = indexes.map(pe => timers.map(timer => options.line(pe, timer.intid)));
    this.#elements = indexes.map(() => this.#initialElement());
    this.#nextChanges = indexes.map(() => Number.POSITIVE_INFINITY);
    this.systemRegisterHandlers = this.#handlers();
  }

  /** The system counter: ticks since virtual time zero. */
  physicalCount(): bigint {
    return BigInt(Math.floor(this.#clock.now() / this.rate.instructionsPerTick));
  }

  /** The timers of one element, for a debugger. */
  describe(pe: number): TimerView[] {
    const element = this.#element(pe);
    return timers.map((timer, index) => {
      const { control, compareValue } = element.timers[index]!;
      return {
        name: timer.name,
        brief: timer.brief,
        intid: timer.intid,
        enabled: (control & controlEnable) !== 0,
        masked: (control & controlInterruptMask) !== 0,
        conditionMet: this.#conditionMet(element, index),
        compareValue,
        count: this.#count(element, index),
      };
    });
  }

  save(): SavedGenericTimer {
    return {
      elements: this.#elements.map(element => ({
        timers: element.timers.map(timer => ({ ...timer })),
        virtualOffset: element.virtualOffset,
        frequency: element.frequency,
      })),
    };
  }

  restore(saved: unknown): void {
    this.#elements = (saved as SavedGenericTimer).elements.map(element => ({
      timers: element.timers.map(timer => ({ ...timer })),
      virtualOffset: element.virtualOffset,
      frequency: element.frequency,
    }));
    // The clock may have dropped the event when it was restored.
    if (this.#event) this.#clock.cancel(this.#event);
    this.#event = undefined;
    this.#update();
  }

  #initialElement(): ElementState {
    return {
      timers: timers.map(() => ({ control: 0, compareValue: 0n })),
      virtualOffset: 0n,
      frequency: BigInt(this.rate.frequency),
    };
  }

  #element(pe: number): ElementState {
    const element = this.#elements[pe];
    if (!element) throw new RangeError(`there is no processing element ${pe}`);
    return element;
  }

  /** The count that a timer compares with. */
  #count(element: ElementState, timer: number): bigint {
    const count = this.physicalCount();
    return timers[timer]!.virtualOffset ? (count - element.virtualOffset) & mask64 : count;
  }

  #conditionMet(element: ElementState, timer: number): boolean {
    const { control, compareValue } = element.timers[timer]!;
    return (control & controlEnable) !== 0 && this.#count(element, timer) >= compareValue;
  }

  /** Follows every element. */
  #update(): void {
    for (let pe = 0; pe < this.#elements.length; pe++) this.#drive(pe);
    this.#schedule();
  }

  /** Follows one element after a change of its registers. */
  #updateElement(pe: number): void {
    this.#drive(pe);
    this.#schedule();
  }

  /** Drives an element's lines and notes when the next of them changes. */
  #drive(pe: number): void {
    const element = this.#element(pe);
    let next = Number.POSITIVE_INFINITY;
    element.timers.forEach((timer, index) => {
      const met = this.#conditionMet(element, index);
      this.#lines[pe]![index]!.set(met && (timer.control & controlInterruptMask) === 0);
      next = Math.min(next, this.#nextChange(element, index, met));
    });
    this.#nextChanges[pe] = next;
  }

  #schedule(): void {
    const next = Math.min(...this.#nextChanges);
    if (this.#event) {
      if (this.#event.at === next) return;
      this.#clock.cancel(this.#event);
    }
    this.#event = Number.isFinite(next) ? this.#clock.schedule(next, () => this.#expire()) : undefined;
  }

  /** The moment has come for one element or several. */
  #expire(): void {
    this.#event = undefined;
    const now = this.#clock.now();
    for (let pe = 0; pe < this.#elements.length; pe++) if (this.#nextChanges[pe]! <= now) this.#drive(pe);
    this.#schedule();
  }

  /** Virtual time at which the condition of an unmasked, enabled timer turns over next; Infinity when out of reach. */
  #nextChange(element: ElementState, index: number, met: boolean): number {
    const { control, compareValue } = element.timers[index]!;
    if ((control & controlEnable) === 0 || (control & controlInterruptMask) !== 0) return Number.POSITIVE_INFINITY;
    const count = this.#count(element, index);
    const ticks = met ? (1n << 64n) - count : compareValue - count;
    const at = Number(this.physicalCount() + ticks) * this.rate.instructionsPerTick;
    return at <= Number.MAX_SAFE_INTEGER ? Math.ceil(at) : Number.POSITIVE_INFINITY;
  }

  #handlers(): SystemRegisterHandlers {
    const handlers: Record<string, SystemRegisterHandler> = {
      CNTPCT_EL0: { read: () => this.physicalCount() },
      CNTVCT_EL0: { read: pe => this.#virtualCount(pe) },
      CNTVOFF_EL2: {
        read: pe => this.#element(pe.index).virtualOffset,
        write: (pe, value) => {
          this.#element(pe.index).virtualOffset = value;
          this.#updateElement(pe.index);
        },
      },
      CNTFRQ_EL0: {
        read: pe => this.#element(pe.index).frequency,
        write: (pe, value) => {
          this.#element(pe.index).frequency = value & 0xffff_ffffn;
        },
      },
    };
    timers.forEach((timer, index) => {
      handlers[`${timer.name}_CTL_${timer.suffix}`] = this.#control(index);
      handlers[`${timer.name}_CVAL_${timer.suffix}`] = this.#compareValue(index);
      handlers[`${timer.name}_TVAL_${timer.suffix}`] = this.#timerValue(index);
    });
    return handlers;
  }

  /** CNTVCT_EL0: a host at EL2 with E2H, and its EL0 under TGE, see the counter without the offset (D12.1.2). */
  #virtualCount(pe: HandlerContext): bigint {
    const hcr = pe.read('HCR_EL2');
    const hostAtEl2 = pe.el === 2 && (hcr & hcrE2h) !== 0n;
    const hostAtEl0 = pe.el === 0 && (hcr & hostControlled) === hostControlled;
    const count = this.physicalCount();
    return hostAtEl2 || hostAtEl0 ? count : (count - this.#element(pe.index).virtualOffset) & mask64;
  }

  #control(index: number): SystemRegisterHandler {
    return {
      read: pe => {
        const element = this.#element(pe.index);
        return BigInt(element.timers[index]!.control | (this.#conditionMet(element, index) ? controlStatus : 0));
      },
      write: (pe, value) => {
        this.#element(pe.index).timers[index]!.control = Number(value & 3n);
        this.#updateElement(pe.index);
      },
    };
  }

  #compareValue(index: number): SystemRegisterHandler {
    return {
      read: pe => this.#element(pe.index).timers[index]!.compareValue,
      write: (pe, value) => {
        this.#element(pe.index).timers[index]!.compareValue = value;
        this.#updateElement(pe.index);
      },
    };
  }

  /** TVAL: the compare value seen as a signed 32-bit distance from now. */
  #timerValue(index: number): SystemRegisterHandler {
    return {
      read: pe => {
        const element = this.#element(pe.index);
        return BigInt.asUintN(32, element.timers[index]!.compareValue - this.#count(element, index));
      },
      write: (pe, value) => {
        const element = this.#element(pe.index);
        const distance = BigInt.asIntN(32, value);
        element.timers[index]!.compareValue = (this.#count(element, index) + distance) & mask64;
        this.#updateElement(pe.index);
      },
    };
  }
}
