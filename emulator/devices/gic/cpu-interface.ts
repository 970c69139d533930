/**
 * Physical CPU interface of one processing element: what the ICC_* registers of GICv3, or the GICC registers of GICv2,
 * hold and do (GICv3 architecture, "CPU interface" and "Interrupt lifecycle").
 *
 * Group 1 registers exist twice when there are two security states; here they are indexed by group.
 */
import {
  firstSpecialInterrupt,
  group0,
  type InterruptGroup,
  nonSecureGroup1,
  secureGroup1,
  specialInterrupt,
} from './interrupt-id.ts';
import { ActivePriorities, groupPriorityMask, idlePriority, priorityMask } from './priority.ts';

/** How a CPU interface treats priorities. */
export interface PriorityModel {
  /** Number of bits that priorities have. */
  readonly implementedBits: number;
  /** Number of those that decide preemption. */
  readonly preemptionBits: number;
  /**
   * Preemption compares whole priorities rather than as many bits as the binary point leaves. The running priority has
   * no more than these, so that it matters only when the binary points of groups differ, or change while an interrupt
   * is active.
   */
  readonly comparesWhole: boolean;
}

/** A pending interrupt that the distributor or a redistributor offers. */
export interface PendingInterrupt {
  readonly intid: number;
  readonly priority: number;
  readonly group: InterruptGroup;
}

/** Copy of a Group 1 register: Secure or Non-secure. */
export type Bank = typeof secureGroup1 | typeof nonSecureGroup1;

/** Who uses the CPU interface: software in a security state, or at EL3 (which counts as Secure). */
export interface Viewer {
  readonly secure: boolean;
  readonly atEl3: boolean;
}

/** What the CPU interface needs of the rest of the controller. */
export interface InterruptSource {
  /** Most urgent interrupt that is pending, enabled, not active and forwarded to this processing element. */
  highestPending(): PendingInterrupt | undefined;
  activate(intid: number): void;
  deactivate(intid: number): void;
  /** Group of any interrupt as it is configured now. */
  groupOf(intid: number): InterruptGroup;
  readonly twoSecurityStates: boolean;
  /** The state that decides what is signalled to this processing element changed. */
  changed(): void;
  /** So did a group's enable, which may decide who takes an interrupt that can go to any processing element. */
  enablesChanged(): void;
}

interface CpuInterfaceState {
  priorityMask: number;
  /** By group. */
  enabled: [boolean, boolean, boolean];
  binaryPoint: [number, number, number];
  /** By group; Group 0 has none of its own. */
  commonBinaryPoint: [boolean, boolean, boolean];
  /** By group; the first is EL3's. */
  splitEnd: [boolean, boolean, boolean];
  activePriorities: [Uint32Array, Uint32Array, Uint32Array];
}

export class CpuInterface {
  readonly #source: InterruptSource;
  readonly #activePriorities: readonly [ActivePriorities, ActivePriorities, ActivePriorities];
  readonly #model: PriorityModel;
  readonly #implementedPriority: number;
  readonly #smallestBinaryPoint: number;
  #state: Omit<CpuInterfaceState, 'activePriorities'>;

  constructor(source: InterruptSource, model: PriorityModel) {
    this.#source = source;
    this.#model = model;
    this.#implementedPriority = priorityMask(model.implementedBits);
    this.#smallestBinaryPoint = 7 - model.preemptionBits;
    const levels = () => new ActivePriorities(model.preemptionBits);
    this.#activePriorities = [levels(), levels(), levels()];
    const smallest = this.#smallestBinaryPoint;
    this.#state = {
      priorityMask: 0,
      enabled: [false, false, false],
      binaryPoint: [smallest, smallest, smallest + 1],
      commonBinaryPoint: [false, false, false],
      splitEnd: [false, false, false],
    };
  }

  get priorityMask(): number {
    return this.#state.priorityMask;
  }

  set priorityMask(value: number) {
    this.#state.priorityMask = value & this.#implementedPriority;
    this.#source.changed();
  }

  enabled(group: InterruptGroup): boolean {
    return this.#state.enabled[group];
  }

  enable(group: InterruptGroup, on: boolean): void {
    this.#state.enabled[group] = on;
    this.#source.enablesChanged();
  }

  binaryPoint(group: InterruptGroup): number {
    return this.#state.binaryPoint[group];
  }

  /** Sets a binary point, at least the smallest that the implemented priority bits allow. */
  setBinaryPoint(group: InterruptGroup, value: number): void {
    // The Non-secure binary point splits one bit further left, so its smallest value is one more.
    const smallest = this.#smallestBinaryPoint + (group === nonSecureGroup1 ? 1 : 0);
    this.#state.binaryPoint[group] = Math.max(value, smallest);
    this.#source.changed();
  }

  /** Whether a Group 1 uses the binary point of Group 0. */
  commonBinaryPoint(bank: Bank): boolean {
    return this.#state.commonBinaryPoint[bank];
  }

  setCommonBinaryPoint(bank: Bank, on: boolean): void {
    this.#state.commonBinaryPoint[bank] = on;
    this.#source.changed();
  }

  /** Whether software of a security state ends and deactivates in two steps; `group0` stands for EL3. */
  splitEnd(who: InterruptGroup): boolean {
    return this.#state.splitEnd[who];
  }

  setSplitEnd(who: InterruptGroup, on: boolean): void {
    this.#state.splitEnd[who] = on;
  }

  readActivePriorities(group: InterruptGroup, word: number): number {
    return this.#activePriorities[group].read(word);
  }

  writeActivePriorities(group: InterruptGroup, word: number, value: number): void {
    this.#activePriorities[group].write(word, value);
    this.#source.changed();
  }

  /** Bits of a priority that decide preemption within a group. */
  groupMask(group: InterruptGroup): number {
    if (group === group0 || this.#state.commonBinaryPoint[group]) return groupPriorityMask(this.#state.binaryPoint[0]);
    const binaryPoint = this.#state.binaryPoint[group];
    return groupPriorityMask(group === nonSecureGroup1 ? binaryPoint - 1 : binaryPoint);
  }

  /** Most urgent priority among acknowledged interrupts, or `idlePriority`. */
  get runningPriority(): number {
    const [zero, secure, nonSecure] = this.#activePriorities;
    return Math.min(zero.highest(), secure.highest(), nonSecure.highest());
  }

  /** Whether an interrupt is urgent enough to be signalled now. */
  canSignal(interrupt: PendingInterrupt): boolean {
    if (interrupt.priority >= this.#state.priorityMask) return false;
    const running = this.runningPriority;
    const mask = this.#model.comparesWhole ? 0xff : this.groupMask(interrupt.group);
    return running === idlePriority || (interrupt.priority & mask) < (running & mask);
  }

  /** INTID that a highest-pending register answers. At EL3 that of Group 0 shows other groups as special INTIDs. */
  highestPending(register: 0 | 1, viewer: Viewer): number {
    const pending = this.#source.highestPending();
    if (!pending) return specialInterrupt.spurious;
    if (this.#handles(register, viewer, pending.group)) return pending.intid;
    if (register === 1 || !viewer.atEl3 || !this.#source.twoSecurityStates) return specialInterrupt.spurious;
    return pending.group === secureGroup1 ? specialInterrupt.forSecureEl1 : specialInterrupt.forNonSecure;
  }

  /** Acknowledges the pending interrupt of highest priority; answers its INTID, or a special one. */
  acknowledge(register: 0 | 1, viewer: Viewer): number {
    const pending = this.#source.highestPending();
    if (!pending || !this.canSignal(pending)) return specialInterrupt.spurious;
    const intid = this.highestPending(register, viewer);
    if (intid !== pending.intid) return intid;
    this.take(pending);
    return intid;
  }

  /** Makes a pending interrupt active, at its group priority. */
  take({ intid, priority, group }: PendingInterrupt): void {
    this.#activePriorities[group].set(priority & this.groupMask(group));
    this.#source.activate(intid);
    this.#source.changed();
  }

  /** Ends an interrupt: drops the running priority if its group is this register's, and deactivates unless `split`. */
  end(intid: number, register: 0 | 1, viewer: Viewer, split: boolean): void {
    if (intid >= firstSpecialInterrupt && intid <= specialInterrupt.spurious) return;
    const group = this.#highestActiveGroup();
    if (group === undefined || !this.#handles(register, viewer, group)) return;
    this.drop(group);
    if (!split) this.#source.deactivate(intid);
    this.#source.changed();
  }

  /** Drops the most urgent active priority of a group. */
  drop(group: InterruptGroup): void {
    this.#activePriorities[group].drop();
    this.#source.changed();
  }

  /** Deactivates an interrupt (the second step, when ending is split); `secure` access may do so for all groups. */
  deactivate(intid: number, secure: boolean): void {
    if (intid >= firstSpecialInterrupt) return;
    const forbidden = this.#source.twoSecurityStates && !secure && this.#source.groupOf(intid) !== nonSecureGroup1;
    if (forbidden) return;
    this.#source.deactivate(intid);
    this.#source.changed();
  }

  /** Group of the most urgent active priority. */
  #highestActiveGroup(): InterruptGroup | undefined {
    const running = this.runningPriority;
    if (running === idlePriority) return undefined;
    return ([group0, secureGroup1, nonSecureGroup1] as const).find(
      group => this.#activePriorities[group].highest() === running,
    );
  }

  /** Whether the acknowledge and end registers of Group 0 or Group 1 are for interrupts of a group. */
  #handles(register: 0 | 1, { secure, atEl3 }: Viewer, group: InterruptGroup): boolean {
    if ((register === 0) !== (group === group0)) return false;
    if (!this.#source.twoSecurityStates) return true;
    return group === nonSecureGroup1 ? !secure || atEl3 : secure;
  }

  save(): unknown {
    return structuredClone({ ...this.#state, activePriorities: this.#activePriorities.map(levels => levels.words) });
  }

  restore(saved: unknown): void {
    const { activePriorities, ...state } = structuredClone(saved as CpuInterfaceState);
    this.#state = state;
    activePriorities.forEach((words, group) => {
      this.#activePriorities[group as InterruptGroup].words.set(words);
    });
  }
}
