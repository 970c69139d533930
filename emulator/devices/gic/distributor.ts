/**
 * GICv3 distributor: the shared interrupts, where each is routed, and which groups are forwarded at all
 * (GICv3 architecture, "The GIC Distributor register map"). Affinity routing is always on.
 */
import type { BusAccess } from '../../bus/types.ts';
import { InterruptBank } from './interrupt-bank.ts';
import { firstSharedInterrupt, type InterruptGroup } from './interrupt-id.ts';
import { type InterruptFrame, type InterruptWord, interruptRegisters } from './interrupt-registers.ts';
import { field, fieldMask, identificationRows, RegisterFile } from './register-file.ts';

/** Implementer and product as in the IIDR registers: Arm, as QEMU's model reports it. */
export const implementerIdentification = 0x43b;
/** Peripheral identification of a GICv3 (architecture revision 3 in PIDR2), from offset 0xffd0 of each frame. */
export const peripheralIdentification = (part: number): readonly number[] => [
  0x44,
  0,
  0,
  0,
  part,
  0xb4,
  0x3b,
  0,
  0x0d,
  0xf0,
  0x05,
  0xb1,
];

/** GICD_CTLR as it is stored, which is also the view of Secure software when there are two security states. */
const controlFields = [
  field('0', 'EnableGrp0', 'Forward Group 0 interrupts.'),
  field('1', 'EnableGrp1NS', 'Forward Non-secure Group 1 interrupts (all of Group 1 with one security state).'),
  field('2', 'EnableGrp1S', 'Forward Secure Group 1 interrupts.'),
  field('4', 'ARE_S', 'Affinity routing (for the Secure state); always on.'),
  field('5', 'ARE_NS', 'Affinity routing for the Non-secure state; always on.'),
  field('6', 'DS', 'One security state: Non-secure software handles all interrupts.'),
] as const;
const control = {
  enableGroup0: fieldMask(controlFields, 'EnableGrp0'),
  enableNonSecureGroup1: fieldMask(controlFields, 'EnableGrp1NS'),
  enableSecureGroup1: fieldMask(controlFields, 'EnableGrp1S'),
  affinityRouting: fieldMask(controlFields, 'ARE_S'),
  affinityRoutingNonSecure: fieldMask(controlFields, 'ARE_NS'),
  disableSecurity: fieldMask(controlFields, 'DS'),
};
/** The enable of each group, in the order of the groups. */
const forwardGroup = [control.enableGroup0, control.enableSecureGroup1, control.enableNonSecureGroup1] as const;
/** Non-secure view of GICD_CTLR with two security states. */
const nonSecureControl = { enableGroup1: 1 << 1, affinityRouting: 1 << 4 };

const typerFields = [
  field('4:0', 'ITLinesNumber', 'Number of interrupts: 32 × (this + 1).'),
  field('10', 'SecurityExtn', 'Two security states.'),
  field('17', 'LPIS', 'There are LPIs.'),
  field('23:19', 'IDbits', 'Bits of an INTID, minus one.'),
  field('24', 'A3V', 'Affinity level 3 may be other than zero.'),
  field('25', 'No1N', 'Interrupts cannot be routed to any one of the processing elements.'),
] as const;
const interruptIdBits = 16;

const routeFields = { any: 1n << 31n, affinity: 0xff_00ff_ffffn };

export interface DistributorOptions {
  /** Number of shared interrupts, a multiple of 32. */
  readonly sharedInterrupts: number;
  readonly securityExtensions: boolean;
  /** There are LPIs. */
  readonly lpis: boolean;
  /** Affinity of every processing element: Aff3 in bits 31:24 down to Aff0 in bits 7:0. */
  readonly affinities: readonly number[];
  /** State of a shared interrupt or a group enable changed. */
  readonly onChange: () => void;
}

interface DistributorState {
  control: number;
  routes: BigUint64Array;
}

export class Distributor implements InterruptFrame {
  readonly shared: InterruptBank;
  readonly fixedSgis = false;
  /** For each processing element, the shared interrupts that are routed to it, 32 to a word. */
  readonly routedTo: readonly Uint32Array[];
  /** The shared interrupts that are routed to any one of the processing elements. */
  readonly routedToAny: Uint32Array;
  readonly #options: DistributorOptions;
  #state: DistributorState;

  constructor(options: DistributorOptions) {
    this.#options = options;
    this.shared = new InterruptBank(firstSharedInterrupt, options.sharedInterrupts);
    this.routedTo = options.affinities.map(() => new Uint32Array(this.shared.words));
    this.routedToAny = new Uint32Array(this.shared.words);
    this.#state = {
      control: options.securityExtensions
        ? control.affinityRouting | control.affinityRoutingNonSecure
        : control.affinityRouting | control.disableSecurity,
      routes: new BigUint64Array(options.sharedInterrupts),
    };
    this.#computeRoutes();
  }

  get twoSecurityStates(): boolean {
    return (this.#state.control & control.disableSecurity) === 0;
  }

  /** Whether interrupts of a group are forwarded. */
  forwards(group: InterruptGroup): boolean {
    return (this.#state.control & forwardGroup[group]) !== 0;
  }

  interruptWord(index: number): InterruptWord | undefined {
    return index > 0 && index <= this.shared.words ? { bank: this.shared, word: index - 1 } : undefined;
  }

  configurable(): number {
    return 0xffff_ffff;
  }

  changed(): void {
    this.#options.onChange();
  }

  readControl(access: BusAccess): number {
    const { control: stored } = this.#state;
    if (!this.twoSecurityStates || access.secure) return stored;
    const enabled = stored & control.enableNonSecureGroup1 ? nonSecureControl.enableGroup1 : 0;
    return enabled | nonSecureControl.affinityRouting;
  }

  writeControl(value: number, access: BusAccess): void {
    let writable = control.enableGroup0 | control.enableNonSecureGroup1;
    if (this.twoSecurityStates) {
      // The only writable bit of the Non-secure view stands where its stored bit stands.
      writable = access.secure
        ? writable | control.enableSecureGroup1 | control.disableSecurity
        : control.enableNonSecureGroup1;
    }
    const state = this.#state;
    state.control = (state.control & ~writable) | (value & writable);
    if (!this.twoSecurityStates) {
      // Giving up the second security state cannot be undone before reset, and leaves one Group 1.
      state.control &= ~(control.enableSecureGroup1 | control.affinityRoutingNonSecure);
    }
    this.changed();
  }

  readType(): number {
    const linesNumber = this.shared.words;
    const security = this.twoSecurityStates ? fieldMask(typerFields, 'SecurityExtn') : 0;
    const lpis = this.#options.lpis ? fieldMask(typerFields, 'LPIS') : 0;
    return linesNumber | security | lpis | ((interruptIdBits - 1) << 19) | fieldMask(typerFields, 'A3V');
  }

  /** Where a shared interrupt goes: its GICD_IROUTER register. */
  route(intid: number): bigint {
    return this.#state.routes[intid - firstSharedInterrupt] ?? 0n;
  }

  readRoute(intid: number, access: BusAccess): bigint {
    return this.#mayRoute(intid, access) ? this.route(intid) : 0n;
  }

  writeRoute(intid: number, value: bigint, access: BusAccess): void {
    if (!this.#mayRoute(intid, access)) return;
    this.#state.routes[intid - firstSharedInterrupt] = value & (routeFields.any | routeFields.affinity);
    this.#computeRoute(intid);
    this.changed();
  }

  #mayRoute(intid: number, access: BusAccess): boolean {
    if (intid >= firstSharedInterrupt + this.shared.count) return false;
    if (!this.twoSecurityStates || access.secure) return true;
    return this.shared.test('group1', intid) || this.shared.nonSecureAccess(intid) === 3;
  }

  #computeRoutes(): void {
    for (let i = 0; i < this.shared.count; i++) this.#computeRoute(firstSharedInterrupt + i);
  }

  #computeRoute(intid: number): void {
    const route = this.route(intid);
    const affinity = Number((((route >> 32n) & 0xffn) << 24n) | (route & 0xff_ffffn));
    const any = (route & routeFields.any) !== 0n;
    const word = (intid - firstSharedInterrupt) >> 5;
    const bit = 1 << (intid & 31);
    const assign = (words: Uint32Array, on: boolean) => {
      words[word] = on ? (words[word] ?? 0) | bit : (words[word] ?? 0) & ~bit;
    };
    assign(this.routedToAny, any);
    this.routedTo.forEach((words, pe) => {
      assign(words, !any && this.#options.affinities[pe] === affinity);
    });
  }

  save(): unknown {
    return { own: structuredClone(this.#state), shared: this.shared.save() };
  }

  restore(saved: unknown): void {
    const { own, shared } = saved as { own: DistributorState; shared: unknown };
    this.#state = structuredClone(own);
    this.shared.restore(shared);
    this.#computeRoutes();
  }
}

/** The distributor's registers. */
export const distributorRegisters = new RegisterFile<Distributor>([
  {
    name: 'GICD_CTLR',
    offset: 0x0000,
    brief: 'Which groups are forwarded, and the number of security states.',
    fields: controlFields,
    read: (distributor, _, access) => distributor.readControl(access),
    write: (distributor, value, _, access) => distributor.writeControl(value, access),
  },
  {
    name: 'GICD_TYPER',
    offset: 0x0004,
    brief: 'What the distributor implements.',
    fields: typerFields,
    read: distributor => distributor.readType(),
  },
  {
    name: 'GICD_IIDR',
    offset: 0x0008,
    brief: 'Implementer and product.',
    read: () => implementerIdentification,
  },
  { name: 'GICD_TYPER2', offset: 0x000c, brief: 'What the distributor implements of GICv4.1: nothing.' },
  ...interruptRegisters<Distributor>('GICD', 1024),
  {
    name: 'GICD_IROUTER',
    offset: 0x6100,
    count: 1020 - firstSharedInterrupt,
    width: 64,
    brief: 'Affinity of the processing element that takes a shared interrupt, or any one of them (bit 31).',
    read: (distributor, index, access) => distributor.readRoute(firstSharedInterrupt + index, access),
    write: (distributor, value, index, access) => distributor.writeRoute(firstSharedInterrupt + index, value, access),
  },
  ...[identificationRows<Distributor>('GICD', 0xffd0, peripheralIdentification(0x92))],
]);
