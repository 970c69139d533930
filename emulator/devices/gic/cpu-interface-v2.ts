/**
 * GICv2 CPU interface frames: GICC for the host and GICV for its guest have the same registers at the same offsets
 * (GICv2 architecture, "CPU interface register descriptions" and "GIC virtual CPU interface"). One security state:
 * the plain registers are those of Secure software, the aliased ones those of Group 1.
 */
import type { BusAccess } from '../../bus/types.ts';
import type { CpuInterface, InterruptSource } from './cpu-interface.ts';
import type { DistributorV2 } from './distributor-v2.ts';
import { implementerIdentificationV2 } from './distributor-v2.ts';
import { group0, type InterruptGroup, nonSecureGroup1, specialInterrupt } from './interrupt-id.ts';
import { field, fieldMask, RegisterFile, type RegisterRow } from './register-file.ts';
import type { VirtualInterface } from './virtual-interface.ts';

const controlFields = [
  field('0', 'EnableGrp0', 'Signal Group 0 interrupts.'),
  field('1', 'EnableGrp1', 'Signal Group 1 interrupts.'),
  field('2', 'AckCtl', 'Group 1 interrupts are acknowledged by the Group 0 register as well.'),
  field('3', 'FIQEn', 'Signal Group 0 interrupts as FIQ.'),
  field('4', 'CBPR', 'Both groups use the Group 0 binary point.'),
  field('9', 'EOImode', 'Ending an interrupt drops its priority only.'),
] as const;
const control = {
  enable: [fieldMask(controlFields, 'EnableGrp0'), fieldMask(controlFields, 'EnableGrp1')] as const,
  acknowledgeControl: fieldMask(controlFields, 'AckCtl'),
  fiqEnable: fieldMask(controlFields, 'FIQEn'),
  commonBinaryPoint: fieldMask(controlFields, 'CBPR'),
  splitEnd: fieldMask(controlFields, 'EOImode'),
};

/** INTID in bits 9:0; for an SGI the sender stands in bits 12:10. */
const intidOf = (value: number) => value & 0x3ff;

/** What a CPU interface frame does; `aliased` registers are those of Group 1. */
export interface CpuInterfaceFrame {
  control: number;
  priorityMask: number;
  readonly runningPriority: number;
  binaryPoint(group: 0 | 1): number;
  setBinaryPoint(group: 0 | 1, value: number): void;
  acknowledge(aliased: boolean): number;
  highestPending(aliased: boolean): number;
  end(value: number): void;
  deactivate(value: number): void;
  /** Words of active priorities, of Group 0 (GICC_APRn) and Group 1 (GICC_NSAPRn); a guest's are all in the first. */
  readActivePriorities(group: 0 | 1, word: number): number;
  writeActivePriorities(group: 0 | 1, word: number, value: number): void;
}

const wide = (group: 0 | 1): InterruptGroup => (group === 0 ? group0 : nonSecureGroup1);

/** GICC: the physical CPU interface of one processing element. */
export class PhysicalFrame implements CpuInterfaceFrame {
  /** AckCtl and FIQEn; the other controls are the CPU interface's. */
  #ownControl = 0;
  readonly #cpu: CpuInterface;
  readonly #source: InterruptSource;
  readonly #distributor: DistributorV2;
  readonly #pe: number;

  constructor(cpu: CpuInterface, source: InterruptSource, distributor: DistributorV2, pe: number) {
    this.#cpu = cpu;
    this.#source = source;
    this.#distributor = distributor;
    this.#pe = pe;
  }

  /** Group 0 interrupts are signalled as FIQ. */
  get fiqEnabled(): boolean {
    return (this.#ownControl & control.fiqEnable) !== 0;
  }

  get control(): number {
    return (
      this.#ownControl |
      (this.#cpu.enabled(group0) ? control.enable[0] : 0) |
      (this.#cpu.enabled(nonSecureGroup1) ? control.enable[1] : 0) |
      (this.#cpu.commonBinaryPoint(nonSecureGroup1) ? control.commonBinaryPoint : 0) |
      (this.#cpu.splitEnd(group0) ? control.splitEnd : 0)
    );
  }

  set control(value: number) {
    this.#ownControl = value & (control.acknowledgeControl | control.fiqEnable);
    this.#cpu.setSplitEnd(group0, (value & control.splitEnd) !== 0);
    this.#cpu.setCommonBinaryPoint(nonSecureGroup1, (value & control.commonBinaryPoint) !== 0);
    this.#cpu.enable(group0, (value & control.enable[0]) !== 0);
    this.#cpu.enable(nonSecureGroup1, (value & control.enable[1]) !== 0);
  }

  get priorityMask(): number {
    return this.#cpu.priorityMask;
  }

  set priorityMask(value: number) {
    this.#cpu.priorityMask = value;
  }

  get runningPriority(): number {
    return this.#cpu.runningPriority;
  }

  binaryPoint(group: 0 | 1): number {
    return this.#cpu.binaryPoint(wide(group));
  }

  setBinaryPoint(group: 0 | 1, value: number): void {
    this.#cpu.setBinaryPoint(wide(group), value);
  }

  acknowledge(aliased: boolean): number {
    const pending = this.#source.highestPending();
    if (!pending || !this.#cpu.canSignal(pending)) return specialInterrupt.spurious;
    const shown = this.highestPending(aliased);
    if (intidOf(shown) === pending.intid) this.#cpu.take(pending);
    return shown;
  }

  highestPending(aliased: boolean): number {
    const pending = this.#source.highestPending();
    if (!pending) return specialInterrupt.spurious;
    if (pending.group === group0) {
      if (aliased) return specialInterrupt.spurious;
    } else if (!aliased && (this.#ownControl & control.acknowledgeControl) === 0) {
      return specialInterrupt.forGroup1;
    }
    return pending.intid | (this.#distributor.nextSender(this.#pe, pending.intid) << 10);
  }

  end(value: number): void {
    const intid = intidOf(value);
    if (intid >= this.#distributor.interrupts || this.runningPriority === 0xff) return;
    this.#cpu.drop(wide(this.#distributor.groupOf(this.#pe, intid)));
    if (!this.#cpu.splitEnd(group0)) this.#cpu.deactivate(intid, true);
  }

  deactivate(value: number): void {
    if (this.#cpu.splitEnd(group0)) this.#cpu.deactivate(intidOf(value), true);
  }

  readActivePriorities(group: 0 | 1, word: number): number {
    return this.#cpu.readActivePriorities(wide(group), word);
  }

  writeActivePriorities(group: 0 | 1, word: number, value: number): void {
    this.#cpu.writeActivePriorities(wide(group), word, value);
  }

  save(): unknown {
    return this.#ownControl;
  }

  restore(saved: unknown): void {
    this.#ownControl = saved as number;
  }
}

/** GICV: the guest's view of the virtual interface. */
export class VirtualFrame implements CpuInterfaceFrame {
  readonly #virtual: VirtualInterface;

  constructor(virtual: VirtualInterface) {
    this.#virtual = virtual;
  }

  get control(): number {
    const { enabled, acknowledgeControl, fiqEnabled, commonBinaryPoint, splitEnd } = this.#virtual.control;
    return (
      (enabled[0] ? control.enable[0] : 0) |
      (enabled[1] ? control.enable[1] : 0) |
      (acknowledgeControl ? control.acknowledgeControl : 0) |
      (fiqEnabled ? control.fiqEnable : 0) |
      (commonBinaryPoint ? control.commonBinaryPoint : 0) |
      (splitEnd ? control.splitEnd : 0)
    );
  }

  set control(value: number) {
    this.#virtual.configure({
      enabled: [(value & control.enable[0]) !== 0, (value & control.enable[1]) !== 0],
      acknowledgeControl: (value & control.acknowledgeControl) !== 0,
      fiqEnabled: (value & control.fiqEnable) !== 0,
      commonBinaryPoint: (value & control.commonBinaryPoint) !== 0,
      splitEnd: (value & control.splitEnd) !== 0,
    });
  }

  get priorityMask(): number {
    return this.#virtual.control.priorityMask;
  }

  set priorityMask(value: number) {
    this.#virtual.configure({ priorityMask: value });
  }

  get runningPriority(): number {
    return this.#virtual.runningPriority;
  }

  binaryPoint(group: 0 | 1): number {
    return this.#virtual.control.binaryPoint[group];
  }

  setBinaryPoint(group: 0 | 1, value: number): void {
    const binaryPoint: [number, number] = [...this.#virtual.control.binaryPoint];
    binaryPoint[group] = value;
    this.#virtual.configure({ binaryPoint });
  }

  acknowledge(aliased: boolean): number {
    const pending = this.#virtual.highestPending();
    if (!pending || !this.#virtual.canSignal(pending)) return specialInterrupt.spurious;
    const shown = this.highestPending(aliased);
    if (intidOf(shown) === pending.virtualId) this.#virtual.acknowledge(pending.group);
    return shown;
  }

  highestPending(aliased: boolean): number {
    const pending = this.#virtual.highestPending();
    if (!pending) return specialInterrupt.spurious;
    if (pending.group === 0) {
      if (aliased) return specialInterrupt.spurious;
    } else if (!aliased && !this.#virtual.control.acknowledgeControl) {
      return specialInterrupt.forGroup1;
    }
    return pending.virtualId | (pending.hardware ? 0 : (pending.physicalField & 7) << 10);
  }

  end(value: number): void {
    this.#virtual.end(intidOf(value));
  }

  deactivate(value: number): void {
    this.#virtual.deactivate(intidOf(value));
  }

  readActivePriorities(group: 0 | 1, word: number): number {
    return this.#virtual.readActivePriorities(group, word);
  }

  writeActivePriorities(group: 0 | 1, word: number, value: number): void {
    this.#virtual.writeActivePriorities(group, word, value);
  }
}

/** Finds the frame that an access reaches: every processing element sees its own at the same address. */
export interface FramesByAccess {
  frame(access: BusAccess): CpuInterfaceFrame;
}

/** The registers of GICC or GICV. */
function cpuInterfaceRegisters(prefix: 'GICC' | 'GICV'): RegisterFile<FramesByAccess> {
  const alias = (name: string) => `${prefix}_${name}`;
  const activePriorities = (name: string, offset: number, group: 0 | 1): RegisterRow<FramesByAccess> => ({
    name: alias(name),
    offset,
    count: 4,
    brief: prefix === 'GICC' ? `Active priorities of Group ${group}.` : 'Active priorities.',
    read: (frames, word, access) => frames.frame(access).readActivePriorities(group, word),
    write: (frames, value, word, access) => frames.frame(access).writeActivePriorities(group, word, value),
  });
  const binaryPoint = (name: string, offset: number, group: 0 | 1): RegisterRow<FramesByAccess> => ({
    name: alias(name),
    offset,
    brief: `Binary point of Group ${group}.`,
    read: (frames, _, access) => frames.frame(access).binaryPoint(group),
    write: (frames, value, _, access) => frames.frame(access).setBinaryPoint(group, value & 7),
  });
  const acknowledge = (name: string, offset: number, aliased: boolean): RegisterRow<FramesByAccess> => ({
    name: alias(name),
    offset,
    brief: 'Acknowledges the signalled interrupt; reads its INTID and, for an SGI, its sender.',
    read: (frames, _, access) => frames.frame(access).acknowledge(aliased),
  });
  const end = (name: string, offset: number): RegisterRow<FramesByAccess> => ({
    name: alias(name),
    offset,
    brief: 'Ends an interrupt.',
    write: (frames, value, _, access) => frames.frame(access).end(value),
  });
  const highestPending = (name: string, offset: number, aliased: boolean): RegisterRow<FramesByAccess> => ({
    name: alias(name),
    offset,
    brief: 'Highest-priority pending interrupt.',
    read: (frames, _, access) => frames.frame(access).highestPending(aliased),
  });
  return new RegisterFile<FramesByAccess>([
    {
      name: alias('CTLR'),
      offset: 0x00,
      brief: 'Controls of the CPU interface.',
      fields: controlFields,
      read: (frames, _, access) => frames.frame(access).control,
      write: (frames, value, _, access) => {
        frames.frame(access).control = value;
      },
    },
    {
      name: alias('PMR'),
      offset: 0x04,
      brief: 'Only interrupts more urgent than this priority are signalled.',
      read: (frames, _, access) => frames.frame(access).priorityMask,
      write: (frames, value, _, access) => {
        frames.frame(access).priorityMask = value & 0xff;
      },
    },
    binaryPoint('BPR', 0x08, 0),
    acknowledge('IAR', 0x0c, false),
    end('EOIR', 0x10),
    {
      name: alias('RPR'),
      offset: 0x14,
      brief: 'Running priority.',
      read: (frames, _, access) => frames.frame(access).runningPriority,
    },
    highestPending('HPPIR', 0x18, false),
    binaryPoint('ABPR', 0x1c, 1),
    acknowledge('AIAR', 0x20, true),
    end('AEOIR', 0x24),
    highestPending('AHPPIR', 0x28, true),
    activePriorities('APR', 0xd0, 0),
    // A guest's active priorities are not kept by group.
    ...(prefix === 'GICC' ? [activePriorities('NSAPR', 0xe0, 1)] : []),
    {
      name: alias('IIDR'),
      offset: 0xfc,
      brief: 'Implementer, product and architecture version.',
      read: () => (2 << 16) | implementerIdentificationV2,
    },
    {
      name: alias('DIR'),
      offset: 0x1000,
      brief: 'Deactivates an interrupt whose priority was dropped before.',
      write: (frames, value, _, access) => frames.frame(access).deactivate(value),
    },
  ]);
}

export const physicalCpuInterfaceRegisters = cpuInterfaceRegisters('GICC');
export const virtualCpuInterfaceRegisters = cpuInterfaceRegisters('GICV');
