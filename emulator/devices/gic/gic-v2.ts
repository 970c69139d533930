/**
 * GICv2 with one security state and the virtualization extensions: a distributor, and for each of up to eight
 * processing elements a CPU interface and a virtual interface with four list registers, all memory-mapped.
 */
import type { BusAccess, InterruptLine, MmioRegion, PeInterruptPins } from '../../bus/types.ts';
import { CpuInterface, type InterruptSource, type PendingInterrupt, type PriorityModel } from './cpu-interface.ts';
import {
  PhysicalFrame,
  physicalCpuInterfaceRegisters,
  VirtualFrame,
  virtualCpuInterfaceRegisters,
} from './cpu-interface-v2.ts';
import { describeBank, describeVirtualInterface, type InterruptControllerDescription } from './description.ts';
import { DistributorV2, distributorRegistersV2, processingElementLimitV2 } from './distributor-v2.ts';
import type { InterruptController } from './interrupt-controller.ts';
import {
  firstSharedInterrupt,
  group0,
  groupName,
  type InterruptGroup,
  listRegisterCount,
  maintenanceInterrupt,
  nonSecureGroup1,
  softwareGeneratedInterrupts,
} from './interrupt-id.ts';
import { mostUrgent } from './most-urgent.ts';
import { VirtualInterface } from './virtual-interface.ts';
import { virtualInterfaceControlRegisters } from './virtual-interface-control.ts';

export interface GicV2Options {
  /** 1 to 8. */
  readonly processingElements: number;
  /** Number of shared interrupts, a multiple of 32; 256 when absent. */
  readonly sharedInterrupts?: number;
  /** Called after the interrupt inputs of a processing element changed. */
  readonly onPinsChanged?: (pe: number) => void;
}

/** All eight bits of a priority are implemented; the least significant does not decide preemption. */
const priorities: PriorityModel = { implementedBits: 8, preemptionBits: 7, comparesWhole: true };

const groups = [group0, nonSecureGroup1] as const;

/** What belongs to one processing element. */
class Connection implements InterruptSource {
  readonly cpuInterface: CpuInterface;
  readonly virtual: VirtualInterface;
  readonly physicalFrame: PhysicalFrame;
  readonly virtualFrame: VirtualFrame;
  readonly pins: PeInterruptPins = { irq: false, fiq: false, vIrq: false, vFiq: false };
  readonly twoSecurityStates = false;
  readonly #gic: GicV2;
  readonly #pe: number;

  constructor(gic: GicV2, pe: number) {
    this.#gic = gic;
    this.#pe = pe;
    this.cpuInterface = new CpuInterface(this, priorities);
    this.virtual = new VirtualInterface({
      version: 2,
      deactivatePhysical: intid => this.deactivate(intid),
      onChange: () => gic.update(pe),
    });
    this.physicalFrame = new PhysicalFrame(this.cpuInterface, this, gic.distributor, pe);
    this.virtualFrame = new VirtualFrame(this.virtual);
  }

  highestPending(): PendingInterrupt | undefined {
    return this.#gic.highestPending(this.#pe);
  }

  activate(intid: number): void {
    this.#gic.distributor.activate(this.#pe, intid);
    this.#sharedChanged(intid);
  }

  deactivate(intid: number): void {
    this.#gic.distributor.deactivate(this.#pe, intid);
    this.#sharedChanged(intid);
  }

  /** An interrupt that several may take is no longer pending for the others once one has taken it. */
  #sharedChanged(intid: number): void {
    if (intid >= firstSharedInterrupt) this.#gic.updateAll();
  }

  groupOf(intid: number): InterruptGroup {
    return this.#gic.distributor.groupOf(this.#pe, intid) ? nonSecureGroup1 : group0;
  }

  changed(): void {
    this.#gic.update(this.#pe);
  }

  enablesChanged(): void {
    this.changed();
  }
}

export class GicV2 implements InterruptController {
  readonly name = 'gic';
  readonly version = 2;
  readonly distributor: DistributorV2;
  readonly regions: {
    readonly distributor: MmioRegion;
    readonly cpuInterface: MmioRegion;
    readonly virtualInterfaceControl: MmioRegion;
    readonly virtualCpuInterface: MmioRegion;
  };
  readonly #options: GicV2Options;
  readonly #connections: readonly Connection[];

  constructor(options: GicV2Options) {
    const { processingElements } = options;
    if (!(processingElements >= 1 && processingElements <= processingElementLimitV2)) {
      throw new RangeError(
        `GICv2 serves 1 to ${processingElementLimitV2} processing elements, not ${processingElements}; GICv3 serves more`,
      );
    }
    this.#options = options;
    this.distributor = new DistributorV2({
      sharedInterrupts: options.sharedInterrupts ?? 256,
      processingElements,
      onChange: () => this.updateAll(),
    });
    this.#connections = Array.from({ length: processingElements }, (_, pe) => new Connection(this, pe));
    const connection = (access: BusAccess) => this.#connection(access.pe);
    this.regions = {
      distributor: distributorRegistersV2.region('GIC distributor', this.distributor),
      cpuInterface: physicalCpuInterfaceRegisters.region('GIC CPU interface', {
        frame: access => connection(access).physicalFrame,
      }),
      virtualInterfaceControl: virtualInterfaceControlRegisters.region('GIC virtual interface control', {
        virtual: access => connection(access).virtual,
      }),
      virtualCpuInterface: virtualCpuInterfaceRegisters.region('GIC virtual CPU interface', {
        frame: access => connection(access).virtualFrame,
      }),
    };
    this.updateAll();
  }

  pins(pe: number): Readonly<PeInterruptPins> {
    return this.#connection(pe).pins;
  }

  spi(n: number): InterruptLine {
    const { shared } = this.distributor;
    if (!(n >= 0 && n < shared.count)) throw new RangeError(`SPI ${n}: the GIC has SPIs 0 to ${shared.count - 1}`);
    return {
      set: level => {
        if (shared.setLine(firstSharedInterrupt + n, level)) this.updateAll();
      },
    };
  }

  ppi(pe: number, intid: number): InterruptLine {
    if (!(intid >= softwareGeneratedInterrupts && intid < firstSharedInterrupt)) {
      throw new RangeError(`INTID ${intid} is no PPI: PPIs are INTIDs 16 to 31`);
    }
    const bank = this.distributor.private[pe];
    if (!bank) throw new RangeError(`processing element ${pe}: the GIC serves ${this.#connections.length}`);
    return {
      set: level => {
        if (bank.setLine(intid, level)) this.update(pe);
      },
    };
  }

  systemRegisterHandlers(): Record<string, never> {
    return {};
  }

  setExecutionState(): void {
    // With one security state nothing depends on what executes.
  }

  assignAllToNonSecure(): void {
    // With one security state all interrupts belong to it.
  }

  /** Most urgent interrupt that is pending, enabled, not active, and targeted at this processing element. */
  highestPending(pe: number): PendingInterrupt | undefined {
    const { distributor } = this;
    const { cpuInterface } = this.#connection(pe);
    const own = distributor.private[pe];
    let best: PendingInterrupt | undefined;
    for (const group of groups) {
      if (!cpuInterface.enabled(group) || !distributor.forwards(group === group0 ? 0 : 1)) continue;
      if (own) best = mostUrgent(own, group, false, best);
      best = mostUrgent(distributor.shared, group, false, best, distributor.targeted[pe]);
    }
    return best;
  }

  updateAll(): void {
    for (let pe = 0; pe < this.#connections.length; pe++) this.update(pe);
  }

  /** Computes the interrupt inputs of a processing element from the state, and tells of a change. */
  update(pe: number): void {
    const connection = this.#connections[pe];
    if (!connection) return;
    const { cpuInterface, virtual, physicalFrame, pins } = connection;
    this.distributor.private[pe]?.setLine(maintenanceInterrupt, virtual.maintenance);
    const pending = this.highestPending(pe);
    const signalled = pending !== undefined && cpuInterface.canSignal(pending);
    const fiq = signalled && pending.group === group0 && physicalFrame.fiqEnabled;
    const irq = signalled && !fiq;
    const virtualGroup = virtual.signalled;
    const vFiq = virtualGroup === 0 && virtual.control.fiqEnabled;
    const vIrq = virtualGroup !== undefined && !vFiq;
    if (pins.irq === irq && pins.fiq === fiq && pins.vIrq === vIrq && pins.vFiq === vFiq) return;
    Object.assign(pins, { irq, fiq, vIrq, vFiq });
    this.#options.onPinsChanged?.(pe);
  }

  #connection(pe: number): Connection {
    const connection = this.#connections[pe];
    if (!connection) throw new RangeError(`processing element ${pe}: the GIC serves ${this.#connections.length}`);
    return connection;
  }

  describe(): InterruptControllerDescription {
    const { distributor } = this;
    const names = (list: readonly InterruptGroup[]) => list.map(group => groupName(group, false));
    const all = this.#connections.map((_, pe) => pe);
    return {
      version: 2,
      twoSecurityStates: false,
      groupsForwarded: names(groups.filter(group => distributor.forwards(group === group0 ? 0 : 1))),
      interrupts: [
        ...distributor.private.flatMap((bank, pe) => describeBank(bank, false, { pe })),
        ...describeBank(distributor.shared, false, {
          targets: intid => all.filter(pe => (distributor.targetsOf(intid, pe) >> pe) & 1),
        }),
      ],
      processingElements: this.#connections.map(({ pins, cpuInterface, virtual }, pe) => {
        const pending = this.highestPending(pe);
        return {
          pe,
          pins: { ...pins },
          priorityMask: cpuInterface.priorityMask,
          runningPriority: cpuInterface.runningPriority,
          groupsEnabled: names(groups.filter(group => cpuInterface.enabled(group))),
          ...(pending && { highestPending: pending.intid }),
          virtual: describeVirtualInterface(virtual, listRegisterCount),
        };
      }),
    };
  }

  save(): unknown {
    return {
      distributor: this.distributor.save(),
      connections: this.#connections.map(({ cpuInterface, virtual, physicalFrame }) => ({
        cpuInterface: cpuInterface.save(),
        physicalFrame: physicalFrame.save(),
        virtual: virtual.save(),
      })),
    };
  }

  restore(saved: unknown): void {
    const { distributor, connections } = saved as {
      distributor: unknown;
      connections: { cpuInterface: unknown; physicalFrame: unknown; virtual: unknown }[];
    };
    this.distributor.restore(distributor);
    connections.forEach((state, pe) => {
      const connection = this.#connection(pe);
      connection.cpuInterface.restore(state.cpuInterface);
      connection.physicalFrame.restore(state.physicalFrame);
      connection.virtual.restore(state.virtual);
    });
    this.updateAll();
  }
}
