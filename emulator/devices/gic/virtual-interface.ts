/**
 * The virtual interface of one processing element: list registers that a hypervisor fills, and the virtual CPU
 * interface through which its guest acknowledges and ends the interrupts in them.
 *
 * GICv3 reaches it by ICH_*_EL2 and, from the guest, by the ICC_* names; GICv2 by the GICH and GICV frames. This is
 * what they share (GICv3 architecture, "Virtual interrupt handling and prioritization"; GICv2 architecture, "GIC
 * Support for Virtualization").
 */
import { firstSpecialInterrupt, listRegisterCount, specialInterrupt } from './interrupt-id.ts';
import {
  emptyListRegister,
  type ListRegister,
  type ListState,
  listState,
  wantsEndMaintenance,
} from './list-register.ts';
import { ActivePriorities, groupPriorityMask, idlePriority, priorityMask } from './priority.ts';
import { field, fieldMasks } from './register-file.ts';

/** ICH_HCR_EL2, and GICH_HCR as far as bit 7 and EOIcount. */
export const hypervisorControlFields = [
  field('0', 'En', 'The virtual interface is on.'),
  field('1', 'UIE', 'Maintenance interrupt when at most one list register holds an interrupt.'),
  field('2', 'LRENPIE', 'Maintenance interrupt when an interrupt ended that no list register holds.'),
  field('3', 'NPIE', 'Maintenance interrupt when no list register is pending.'),
  field('4', 'VGrp0EIE', 'Maintenance interrupt while the guest has Group 0 enabled.'),
  field('5', 'VGrp0DIE', 'Maintenance interrupt while the guest has Group 0 disabled.'),
  field('6', 'VGrp1EIE', 'Maintenance interrupt while the guest has Group 1 enabled.'),
  field('7', 'VGrp1DIE', 'Maintenance interrupt while the guest has Group 1 disabled.'),
  field('10', 'TC', 'Trap guest accesses to registers common to both groups.'),
  field('11', 'TALL0', 'Trap guest accesses to Group 0 registers.'),
  field('12', 'TALL1', 'Trap guest accesses to Group 1 registers.'),
  field('13', 'TSEI', 'Trap SErrors that the virtual interface would generate.'),
  field('14', 'TDIR', 'Trap guest writes to ICC_DIR_EL1.'),
  field('31:27', 'EOIcount', 'Interrupts that ended without a list register.'),
] as const;
/** Bits of the hypervisor control by name. */
const asks = fieldMasks(hypervisorControlFields);
const countMask = asks.EOIcount;
const countStep = countMask & -countMask;

/** ICH_MISR_EL2 and GICH_MISR: why the maintenance interrupt is asserted. */
export const maintenanceFields = [
  field('0', 'EOI', 'An interrupt ended whose list register asked to be told.'),
  field('1', 'U', 'Underflow: at most one list register holds an interrupt.'),
  field('2', 'LRENP', 'An interrupt ended that no list register holds.'),
  field('3', 'NP', 'No list register is pending.'),
  field('4', 'VGrp0E', 'The guest has Group 0 enabled.'),
  field('5', 'VGrp0D', 'The guest has Group 0 disabled.'),
  field('6', 'VGrp1E', 'The guest has Group 1 enabled.'),
  field('7', 'VGrp1D', 'The guest has Group 1 disabled.'),
] as const;

const reason = fieldMasks(maintenanceFields);

/** Virtual priorities have five bits, all of which decide preemption. */
export const virtualPriorityBits = 5;
const implementedPriority = priorityMask(virtualPriorityBits);
/** Smallest Group 0 binary point; the smallest of Group 1 is one more, as it splits one bit further left. */
const smallestBinaryPoint = 7 - virtualPriorityBits;

/** What the virtual CPU interface's registers hold; `binaryPoint` and `enabled` by group. */
export interface VirtualControl {
  enabled: [boolean, boolean];
  binaryPoint: [number, number];
  priorityMask: number;
  /** Both groups use the binary point of Group 0. */
  commonBinaryPoint: boolean;
  /** Ending an interrupt drops its priority; deactivating it is a second step. */
  splitEnd: boolean;
  /** GICv2: Group 1 interrupts are acknowledged by the Group 0 register too. */
  acknowledgeControl: boolean;
  /** Group 0 is signalled as virtual FIQ; always so in GICv3. */
  fiqEnabled: boolean;
}

export interface VirtualInterfaceOptions {
  /** GICv2 keeps the active priorities of both groups in one register, and lets software choose vIRQ for Group 0. */
  readonly version: 2 | 3;
  /** Deactivates the physical interrupt that a list register with `hardware` stands for. */
  readonly deactivatePhysical: (intid: number) => void;
  /** State changed, so that virtual interrupts and the maintenance interrupt have to be computed anew. */
  readonly onChange: () => void;
}

interface VirtualInterfaceState {
  hypervisorControl: number;
  control: VirtualControl;
  listRegisters: ListRegister[];
  activePriorities: [Uint32Array, Uint32Array];
}

export class VirtualInterface {
  readonly #options: VirtualInterfaceOptions;
  readonly #activePriorities: readonly [ActivePriorities, ActivePriorities];
  #hypervisorControl = 0;
  #listRegisters: ListRegister[] = Array.from({ length: listRegisterCount }, emptyListRegister);
  #control: VirtualControl;

  constructor(options: VirtualInterfaceOptions) {
    this.#options = options;
    this.#activePriorities = [new ActivePriorities(virtualPriorityBits), new ActivePriorities(virtualPriorityBits)];
    this.#control = {
      enabled: [false, false],
      binaryPoint: [smallestBinaryPoint, smallestBinaryPoint + 1],
      priorityMask: 0,
      commonBinaryPoint: false,
      splitEnd: false,
      acknowledgeControl: false,
      fiqEnabled: options.version === 3,
    };
  }

  // What the hypervisor sees.

  get hypervisorControl(): number {
    return this.#hypervisorControl;
  }

  /** Writes ICH_HCR_EL2 or GICH_HCR, of which only `writable` bits exist. */
  writeHypervisorControl(value: number, writable: number): void {
    this.#hypervisorControl = (value & writable) >>> 0;
    this.#options.onChange();
  }

  get enabled(): boolean {
    return (this.#hypervisorControl & asks.En) !== 0;
  }

  listRegister(index: number): Readonly<ListRegister> {
    return this.#listRegisters[index] ?? emptyListRegister();
  }

  writeListRegister(index: number, lr: ListRegister): void {
    if (index >= this.#listRegisters.length) return;
    this.#listRegisters[index] = lr;
    this.#options.onChange();
  }

  /** Active priorities of a group; GICv2 has one set, that of Group 0, for both. */
  readActivePriorities(group: 0 | 1, word: number): number {
    return this.#activePriorities[group].read(word);
  }

  writeActivePriorities(group: 0 | 1, word: number, value: number): void {
    this.#activePriorities[group].write(word, value);
    this.#options.onChange();
  }

  /** Bits of the list registers that are empty and free to use (ICH_ELRSR_EL2). */
  get emptyListRegisters(): number {
    return this.#bitsOf(lr => lr.state === listState.invalid && !wantsEndMaintenance(lr));
  }

  /** Bits of the list registers whose interrupt ended and that asked to be told (ICH_EISR_EL2). */
  get endedListRegisters(): number {
    return this.#bitsOf(lr => lr.state === listState.invalid && wantsEndMaintenance(lr));
  }

  /** Reasons for the maintenance interrupt (ICH_MISR_EL2). */
  get maintenanceStatus(): number {
    const control = this.#hypervisorControl;
    const [group0, group1] = this.#control.enabled;
    let valid = 0;
    let pending = 0;
    for (const lr of this.#listRegisters) {
      if (lr.state !== listState.invalid) valid++;
      if (lr.state === listState.pending) pending++;
    }
    let status = 0;
    if (this.endedListRegisters !== 0) status |= reason.EOI;
    if ((control & asks.UIE) !== 0 && valid < 2) status |= reason.U;
    if ((control & asks.LRENPIE) !== 0 && (control & countMask) !== 0) status |= reason.LRENP;
    if ((control & asks.NPIE) !== 0 && pending === 0) status |= reason.NP;
    if ((control & asks.VGrp0EIE) !== 0 && group0) status |= reason.VGrp0E;
    if ((control & asks.VGrp0DIE) !== 0 && !group0) status |= reason.VGrp0D;
    if ((control & asks.VGrp1EIE) !== 0 && group1) status |= reason.VGrp1E;
    if ((control & asks.VGrp1DIE) !== 0 && !group1) status |= reason.VGrp1D;
    return status;
  }

  /** Level of the maintenance interrupt. */
  get maintenance(): boolean {
    return this.enabled && this.maintenanceStatus !== 0;
  }

  // What the guest sees.

  get control(): Readonly<VirtualControl> {
    return this.#control;
  }

  /** Changes what the guest's CPU interface holds; values are made to fit what is implemented. */
  configure(changes: Partial<VirtualControl>): void {
    const control = { ...this.#control, ...changes };
    const [zero, one] = control.binaryPoint;
    control.binaryPoint = [Math.max(zero, smallestBinaryPoint), Math.max(one, smallestBinaryPoint + 1)];
    control.priorityMask &= implementedPriority;
    if (this.#options.version === 3) control.fiqEnabled = true;
    if (this.#options.version === 3) control.acknowledgeControl = false;
    this.#control = control;
    this.#options.onChange();
  }

  /** Bits of a priority that decide preemption within a group. */
  groupMask(group: 0 | 1): number {
    const { binaryPoint, commonBinaryPoint } = this.#control;
    return groupPriorityMask(group === 0 || commonBinaryPoint ? binaryPoint[0] : binaryPoint[1] - 1);
  }

  /** Most urgent priority among acknowledged interrupts, or `idlePriority`. */
  get runningPriority(): number {
    return Math.min(this.#activePriorities[0].highest(), this.#activePriorities[1].highest());
  }

  /** The pending interrupt of highest priority in an enabled group. */
  highestPending(): Readonly<ListRegister> | undefined {
    let best: ListRegister | undefined;
    for (const lr of this.#listRegisters) {
      if (lr.state !== listState.pending || !this.#control.enabled[lr.group]) continue;
      if (!best || lr.priority < best.priority) best = lr;
    }
    return best;
  }

  /** Whether an interrupt is urgent enough to be signalled now. */
  canSignal(lr: Readonly<ListRegister>): boolean {
    if (!this.enabled || lr.priority >= this.#control.priorityMask) return false;
    // As in the physical CPU interfaces of the two versions (see PriorityModel.comparesWhole).
    const mask = this.#options.version === 2 ? 0xff : this.groupMask(lr.group);
    const running = this.runningPriority;
    return running === idlePriority || (lr.priority & mask) < (running & mask);
  }

  /** Group of the virtual interrupt that is signalled to the guest, if one is. */
  get signalled(): 0 | 1 | undefined {
    if (!this.enabled) return undefined;
    const lr = this.highestPending();
    return lr && this.canSignal(lr) ? lr.group : undefined;
  }

  /**
   * Acknowledges the interrupt of highest priority if it belongs to a group of `groups` and can be signalled.
   * Answers its list register as it now is.
   */
  acknowledge(...groups: readonly (0 | 1)[]): Readonly<ListRegister> | undefined {
    const pending = this.highestPending();
    if (!pending || !groups.includes(pending.group) || !this.canSignal(pending)) return undefined;
    const index = this.#listRegisters.indexOf(pending);
    if (pending.virtualId >= firstSpecialInterrupt && pending.virtualId <= specialInterrupt.spurious) {
      // A hypervisor's mistake: there is no interrupt of that number to activate.
      return { ...pending };
    }
    this.#prioritiesOf(pending.group).set(pending.priority & this.groupMask(pending.group));
    const local = pending.virtualId < firstSpecialInterrupt;
    const acknowledged = { ...pending, state: (local ? listState.active : listState.invalid) as ListState };
    this.#listRegisters[index] = acknowledged;
    this.#options.onChange();
    return acknowledged;
  }

  /**
   * Ends an interrupt: drops the most urgent active priority and, unless split, deactivates the interrupt. GICv3 says
   * by which `group`'s register it is ended, and deactivates only what that drop belongs to.
   */
  end(intid: number, group?: 0 | 1): void {
    if (intid >= firstSpecialInterrupt && intid <= specialInterrupt.spurious) return;
    const index = this.#findActive(intid);
    const dropped = this.#dropPriority();
    if (dropped === idlePriority) return;
    if (!this.#control.splitEnd) {
      const lr = this.listRegister(index);
      const belongs = (g: 0 | 1) => lr.group === g && (lr.priority & this.groupMask(g)) === dropped;
      if (index < 0) this.#countEnd();
      else if (group === undefined || belongs(group)) this.#deactivate(index);
    }
    this.#options.onChange();
  }

  /** Deactivates an interrupt whose priority was dropped before, when the two steps are split. */
  deactivate(intid: number): void {
    if (!this.#control.splitEnd || intid >= firstSpecialInterrupt) return;
    const index = this.#findActive(intid);
    if (index < 0) this.#countEnd();
    else this.#deactivate(index);
    this.#options.onChange();
  }

  #prioritiesOf(group: 0 | 1): ActivePriorities {
    return this.#activePriorities[this.#options.version === 2 ? 0 : group];
  }

  /** Drops the most urgent active priority, whichever group it belongs to. */
  #dropPriority(): number {
    const [zero, one] = this.#activePriorities;
    return zero.highest() <= one.highest() ? zero.drop() : one.drop();
  }

  #findActive(intid: number): number {
    return this.#listRegisters.findIndex(lr => lr.virtualId === intid && (lr.state & listState.active) !== 0);
  }

  #deactivate(index: number): void {
    const lr = this.listRegister(index);
    this.#listRegisters[index] = { ...lr, state: (lr.state & ~listState.active) as ListState };
    if (lr.hardware && lr.physicalField < firstSpecialInterrupt) this.#options.deactivatePhysical(lr.physicalField);
  }

  /** Counts an interrupt that ended without a list register; the count wraps at 32. */
  #countEnd(): void {
    const count = ((this.#hypervisorControl & countMask) + countStep) & countMask;
    this.#hypervisorControl = ((this.#hypervisorControl & ~countMask) | count) >>> 0;
  }

  #bitsOf(condition: (lr: ListRegister) => boolean): number {
    let bits = 0;
    this.#listRegisters.forEach((lr, index) => {
      if (condition(lr)) bits |= 1 << index;
    });
    return bits;
  }

  save(): unknown {
    const state: VirtualInterfaceState = {
      hypervisorControl: this.#hypervisorControl,
      control: this.#control,
      listRegisters: this.#listRegisters,
      activePriorities: [this.#activePriorities[0].words, this.#activePriorities[1].words],
    };
    return structuredClone(state);
  }

  restore(saved: unknown): void {
    const state = structuredClone(saved as VirtualInterfaceState);
    this.#hypervisorControl = state.hypervisorControl;
    this.#control = state.control;
    this.#listRegisters = state.listRegisters;
    state.activePriorities.forEach((words, group) => {
      this.#activePriorities[group as 0 | 1].words.set(words);
    });
  }
}
