/**
 * GICv3: a distributor, and for each processing element a redistributor, a physical CPU interface and a virtual
 * interface with four list registers. With memory for their tables there are LPIs and an ITS.
 */
import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { InterruptLine, MmioRegion, PeInterruptPins } from '../../bus/types.ts';
import type { SystemRegisterHandlers } from '../../processing-element/system-register-handlers.ts';
import { CpuInterface, type InterruptSource, type PendingInterrupt } from './cpu-interface.ts';
import {
  describeBank,
  describeLpis,
  describeVirtualInterface,
  type InterruptControllerDescription,
} from './description.ts';
import { Distributor, distributorRegisters } from './distributor.ts';
import type { InterruptBank } from './interrupt-bank.ts';
import type { InterruptController } from './interrupt-controller.ts';
import {
  firstSharedInterrupt,
  group0,
  groupName,
  type InterruptGroup,
  listRegisterCount,
  maintenanceInterrupt,
  nonSecureGroup1,
  secureGroup1,
  softwareGeneratedInterrupts,
} from './interrupt-id.ts';
import { InterruptTranslationService, type LpiTargets } from './its.ts';
import { firstLpi } from './locality-specific.ts';
import { mostUrgent } from './most-urgent.ts';
import { Redistributor, redistributorRegisters, redistributorSize } from './redistributor.ts';
import { gicV3SystemRegisters, physicalPriorities, type SgiRequest } from './system-registers.ts';
import { VirtualInterface } from './virtual-interface.ts';

export interface GicV3Options {
  /** Affinity of every processing element as in MPIDR_EL1: Aff3 in bits 31:24 down to Aff0 in bits 7:0. */
  readonly affinities: readonly number[];
  /** Number of shared interrupts, a multiple of 32; 256 when absent. */
  readonly sharedInterrupts?: number;
  /** Two security states (a machine with EL3). */
  readonly securityExtensions?: boolean;
  /** Memory for the tables of LPIs and of the ITS; without it there are neither. */
  readonly memory?: DirectMemoryAccess;
  /** Called after the interrupt inputs of a processing element changed. */
  readonly onPinsChanged?: (pe: number) => void;
}

const groups = [group0, secureGroup1, nonSecureGroup1] as const;

/** What belongs to one processing element. */
class Connection implements InterruptSource {
  readonly redistributor: Redistributor;
  readonly cpuInterface: CpuInterface;
  readonly virtual: VirtualInterface;
  readonly pins: PeInterruptPins = { irq: false, fiq: false, vIrq: false, vFiq: false };
  el = 0;
  secure = false;
  readonly #gic: GicV3;
  readonly #pe: number;

  constructor(gic: GicV3, pe: number, { affinities, memory }: GicV3Options) {
    this.#gic = gic;
    this.#pe = pe;
    this.redistributor = new Redistributor({
      pe,
      affinity: affinities[pe] ?? 0,
      last: pe === affinities.length - 1,
      twoSecurityStates: () => gic.distributor.twoSecurityStates,
      ...(memory && { memory }),
      onChange: () => gic.update(pe),
    });
    this.cpuInterface = new CpuInterface(this, physicalPriorities);
    this.virtual = new VirtualInterface({
      version: 3,
      deactivatePhysical: intid => this.deactivate(intid),
      onChange: () => gic.update(pe),
    });
  }

  get twoSecurityStates(): boolean {
    return this.#gic.distributor.twoSecurityStates;
  }

  bankOf(intid: number): InterruptBank | undefined {
    if (intid < firstSharedInterrupt) return this.redistributor.private;
    const { shared } = this.#gic.distributor;
    return intid < firstSharedInterrupt + shared.count ? shared : undefined;
  }

  groupOf(intid: number): InterruptGroup {
    if (intid >= firstLpi) return nonSecureGroup1;
    return this.bankOf(intid)?.groupOf(intid, this.twoSecurityStates) ?? group0;
  }

  activate(intid: number): void {
    // LPIs have no active state.
    if (intid >= firstLpi) this.redistributor.lpis?.clearPending(intid);
    this.bankOf(intid)?.activate(intid);
  }

  deactivate(intid: number): void {
    this.bankOf(intid)?.deactivate(intid);
    if (intid >= firstSharedInterrupt && intid < firstLpi) this.#gic.updateAll();
  }

  changed(): void {
    this.#gic.update(this.#pe);
  }

  enablesChanged(): void {
    this.#gic.updateAll();
  }

  highestPending(): PendingInterrupt | undefined {
    return this.#gic.highestPending(this.#pe);
  }
}

export class GicV3 implements InterruptController {
  readonly name = 'gic';
  readonly version = 3;
  readonly distributor: Distributor;
  readonly regions: {
    readonly distributor: MmioRegion;
    readonly redistributors: MmioRegion;
    readonly its?: MmioRegion;
  };
  readonly its: InterruptTranslationService | undefined;
  readonly securityExtensions: boolean;
  readonly #options: GicV3Options;
  readonly #connections: readonly Connection[];
  readonly #handlers: readonly SystemRegisterHandlers[];

  constructor(options: GicV3Options) {
    this.#options = options;
    this.securityExtensions = options.securityExtensions ?? false;
    this.distributor = new Distributor({
      sharedInterrupts: options.sharedInterrupts ?? 256,
      securityExtensions: this.securityExtensions,
      lpis: options.memory !== undefined,
      affinities: options.affinities,
      onChange: () => this.updateAll(),
    });
    this.#connections = options.affinities.map((_, pe) => new Connection(this, pe, options));
    this.its = options.memory && new InterruptTranslationService(options.memory, this.#lpiTargets());
    this.#handlers = this.#connections.map((connection, pe) => gicV3SystemRegisters(this, pe, connection));
    const frames = this.#connections.map(({ redistributor }, pe) =>
      redistributorRegisters.region(`GIC redistributor ${pe}`, redistributor),
    );
    this.regions = {
      distributor: distributorRegisters.region('GIC distributor', this.distributor),
      redistributors: {
        name: 'GIC redistributors',
        read: (offset, size, access) =>
          frames[Math.floor(offset / redistributorSize)]?.read(offset % redistributorSize, size, access) ?? 0n,
        write: (offset, size, value, access) =>
          frames[Math.floor(offset / redistributorSize)]?.write(offset % redistributorSize, size, value, access),
      },
      ...(this.its && { its: this.its.region }),
    };
    this.updateAll();
  }

  /** The LPIs of the redistributors as the ITS sees them. */
  #lpiTargets(): LpiTargets {
    const lpis = (pe: number) => this.#connections[pe]?.redistributor.lpis;
    return {
      processingElements: this.#connections.length,
      setPending: (pe, intid) => lpis(pe)?.setPending(intid),
      clearPending: (pe, intid) => lpis(pe)?.clearPending(intid),
      isPending: (pe, intid) => lpis(pe)?.isPending(intid) ?? false,
      invalidate: (pe, intid) => lpis(pe)?.invalidate(intid),
      invalidateAll: pe => lpis(pe)?.invalidateAll(),
      moveAll: (from, to) => {
        for (const intid of lpis(from)?.pending ?? []) {
          lpis(from)?.clearPending(intid);
          lpis(to)?.setPending(intid);
        }
      },
    };
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
    const { redistributor } = this.#connection(pe);
    return {
      set: level => {
        if (redistributor.private.setLine(intid, level)) this.update(pe);
      },
    };
  }

  systemRegisterHandlers(pe: number): SystemRegisterHandlers {
    return this.#handlers[pe] ?? {};
  }

  setExecutionState(pe: number, el: number, secure: boolean): void {
    const connection = this.#connection(pe);
    connection.el = el;
    connection.secure = secure;
    if (this.distributor.twoSecurityStates) this.update(pe);
  }

  /** Lets Non-secure software handle all interrupts, as Secure firmware does before it starts an operating system. */
  assignAllToNonSecure(): void {
    for (const bank of [this.distributor.shared, ...this.#connections.map(c => c.redistributor.private)]) {
      for (let word = 0; word < bank.words; word++) bank.setBits('group1', word, 0xffff_ffff);
    }
    for (const { redistributor } of this.#connections) redistributor.asleep = false;
    this.updateAll();
  }

  sendSgi(sender: number, request: SgiRequest): void {
    this.#options.affinities.forEach((affinity, pe) => {
      const addressed = request.targets === 'others' ? pe !== sender : request.targets.includes(affinity);
      if (!addressed || !this.#acceptsSgi(pe, request)) return;
      this.#connection(pe).redistributor.private.latch(0, 1 << request.intid);
      this.update(pe);
    });
  }

  /** Whether a target's configuration of the SGI's group lets the request through ("Forwarding an SGI"). */
  #acceptsSgi(pe: number, { intid, group, nonSecure }: SgiRequest): boolean {
    const bank = this.#connection(pe).redistributor.private;
    const { twoSecurityStates } = this.distributor;
    const configured = bank.groupOf(intid, twoSecurityStates);
    // A request for Secure Group 1 also reaches an interrupt that is in Group 0.
    const matches = configured === group || (group === secureGroup1 && configured === group0);
    if (!matches) return false;
    if (!nonSecure || !twoSecurityStates || configured === nonSecureGroup1) return true;
    return bank.nonSecureAccess(intid) >= (configured === group0 ? 1 : 2);
  }

  /** Most urgent interrupt that is pending, enabled, not active, and that this processing element may take. */
  highestPending(pe: number): PendingInterrupt | undefined {
    const { distributor } = this;
    const { cpuInterface, redistributor } = this.#connection(pe);
    const { twoSecurityStates } = distributor;
    let best: PendingInterrupt | undefined;
    for (const group of groups) {
      if (!cpuInterface.enabled(group) || !distributor.forwards(group)) continue;
      best = mostUrgent(redistributor.private, group, twoSecurityStates, best);
      const any = this.#firstToTake(group) === pe ? distributor.routedToAny : undefined;
      best = mostUrgent(distributor.shared, group, twoSecurityStates, best, distributor.routedTo[pe], any);
      if (group === nonSecureGroup1 && redistributor.lpis) best = redistributor.lpis.mostUrgent(best);
    }
    return best;
  }

  /** The processing element that takes interrupts of a group which can go to any: the first that has it enabled. */
  #firstToTake(group: InterruptGroup): number {
    return this.#connections.findIndex(({ cpuInterface }) => cpuInterface.enabled(group));
  }

  updateAll(): void {
    for (let pe = 0; pe < this.#connections.length; pe++) this.update(pe);
  }

  /** Computes the interrupt inputs of a processing element from the state, and tells of a change. */
  update(pe: number): void {
    const connection = this.#connections[pe];
    if (!connection) return;
    connection.redistributor.private.setLine(maintenanceInterrupt, connection.virtual.maintenance);
    const pending = this.highestPending(pe);
    const physical =
      pending && connection.cpuInterface.canSignal(pending) ? this.#signal(connection, pending) : undefined;
    const virtual = connection.virtual.signalled;
    const { pins } = connection;
    const irq = physical === 'irq';
    const fiq = physical === 'fiq';
    const vIrq = virtual === 1;
    const vFiq = virtual === 0;
    if (pins.irq === irq && pins.fiq === fiq && pins.vIrq === vIrq && pins.vFiq === vFiq) return;
    Object.assign(pins, { irq, fiq, vIrq, vFiq });
    this.#options.onPinsChanged?.(pe);
  }

  /** IRQ or FIQ for an interrupt, by its group and what executes ("Interrupt signals and security states"). */
  #signal({ el, secure }: Connection, { group }: PendingInterrupt): 'irq' | 'fiq' {
    if (group === group0) return 'fiq';
    if (!this.distributor.twoSecurityStates) return 'irq';
    if (el === 3) return 'fiq';
    return (group === secureGroup1) === secure ? 'irq' : 'fiq';
  }

  #connection(pe: number): Connection {
    const connection = this.#connections[pe];
    if (!connection) throw new RangeError(`processing element ${pe}: the GIC serves ${this.#connections.length}`);
    return connection;
  }

  describe(): InterruptControllerDescription {
    const { distributor } = this;
    const { twoSecurityStates } = distributor;
    const present = twoSecurityStates ? groups : ([group0, nonSecureGroup1] as const);
    const names = (list: readonly InterruptGroup[]) => list.map(group => groupName(group, twoSecurityStates));
    const targets = (intid: number) => {
      const word = (intid - firstSharedInterrupt) >> 5;
      const goes = (words: Uint32Array) => (((words[word] ?? 0) >>> (intid & 31)) & 1) !== 0;
      return this.#connections
        .map((_, pe) => pe)
        .filter(pe => goes(distributor.routedToAny) || goes(distributor.routedTo[pe] ?? new Uint32Array()));
    };
    return {
      version: 3,
      twoSecurityStates,
      groupsForwarded: names(present.filter(group => distributor.forwards(group))),
      interrupts: [
        ...this.#connections.flatMap(({ redistributor }, pe) =>
          describeBank(redistributor.private, twoSecurityStates, { pe }),
        ),
        ...describeBank(distributor.shared, twoSecurityStates, { targets }),
        ...this.#connections.flatMap(({ redistributor: { lpis } }, pe) =>
          lpis ? describeLpis(lpis, pe, groupName(nonSecureGroup1, twoSecurityStates)) : [],
        ),
      ],
      processingElements: this.#connections.map(({ pins, cpuInterface, virtual }, pe) => {
        const pending = this.highestPending(pe);
        return {
          pe,
          pins: { ...pins },
          priorityMask: cpuInterface.priorityMask,
          runningPriority: cpuInterface.runningPriority,
          groupsEnabled: names(present.filter(group => cpuInterface.enabled(group))),
          ...(pending && { highestPending: pending.intid }),
          virtual: describeVirtualInterface(virtual, listRegisterCount),
        };
      }),
    };
  }

  save(): unknown {
    return {
      distributor: this.distributor.save(),
      its: this.its?.save(),
      connections: this.#connections.map(({ redistributor, cpuInterface, virtual, el, secure }) => ({
        redistributor: redistributor.save(),
        cpuInterface: cpuInterface.save(),
        virtual: virtual.save(),
        el,
        secure,
      })),
    };
  }

  restore(saved: unknown): void {
    const { distributor, its, connections } = saved as {
      distributor: unknown;
      its: unknown;
      connections: { redistributor: unknown; cpuInterface: unknown; virtual: unknown; el: number; secure: boolean }[];
    };
    this.distributor.restore(distributor);
    this.its?.restore(its);
    connections.forEach((state, pe) => {
      const connection = this.#connection(pe);
      connection.redistributor.restore(state.redistributor);
      connection.cpuInterface.restore(state.cpuInterface);
      connection.virtual.restore(state.virtual);
      connection.el = state.el;
      connection.secure = state.secure;
    });
    this.updateAll();
  }
}
