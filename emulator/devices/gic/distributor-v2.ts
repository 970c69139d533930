/**
 * GICv2 distributor: all interrupts, the private ones once for each processing element that accesses them, with up to
 * eight processing elements (GICv2 architecture, "Distributor register descriptions"). One security state.
 */
import type { BusAccess } from '../../bus/types.ts';
import { InterruptBank } from './interrupt-bank.ts';
import { firstSharedInterrupt, softwareGeneratedInterrupts } from './interrupt-id.ts';
import { type InterruptFrame, type InterruptWord, interruptRegisters } from './interrupt-registers.ts';
import { field, fieldMask, identificationRows, RegisterFile } from './register-file.ts';

/** Implementer and product, without the architecture version that CPU interfaces add. */
export const implementerIdentificationV2 = 0x43b;

/** Number of processing elements that the eight-bit target masks can name. */
export const processingElementLimitV2 = 8;

const everySgi = (1 << softwareGeneratedInterrupts) - 1;

const controlFields = [
  field('0', 'EnableGrp0', 'Forward Group 0 interrupts.'),
  field('1', 'EnableGrp1', 'Forward Group 1 interrupts.'),
] as const;
const forwardGroup = [fieldMask(controlFields, 'EnableGrp0'), fieldMask(controlFields, 'EnableGrp1')] as const;

export interface DistributorV2Options {
  /** Number of shared interrupts, a multiple of 32. */
  readonly sharedInterrupts: number;
  readonly processingElements: number;
  /** State of an interrupt or a group enable changed. */
  readonly onChange: () => void;
}

interface DistributorV2State {
  control: number;
  /** Bit mask of processing elements for each shared interrupt. */
  targets: Uint8Array;
  /** For each processing element and SGI, bit mask of the processing elements that sent it. */
  senders: Uint8Array[];
}

export class DistributorV2 implements InterruptFrame {
  readonly shared: InterruptBank;
  /** Private interrupts of each processing element. */
  readonly private: readonly InterruptBank[];
  /** For each processing element, the shared interrupts that go to it, 32 to a word. */
  readonly targeted: readonly Uint32Array[];
  readonly twoSecurityStates = false;
  readonly fixedSgis = true;
  readonly #options: DistributorV2Options;
  #state: DistributorV2State;

  constructor(options: DistributorV2Options) {
    this.#options = options;
    this.shared = new InterruptBank(firstSharedInterrupt, options.sharedInterrupts);
    this.private = Array.from({ length: options.processingElements }, () => {
      const bank = new InterruptBank(0, firstSharedInterrupt);
      bank.setBits('edge', 0, everySgi);
      bank.setBits('enabled', 0, everySgi);
      return bank;
    });
    this.targeted = this.private.map(() => new Uint32Array(this.shared.words));
    this.#state = {
      control: 0,
      targets: new Uint8Array(options.sharedInterrupts),
      senders: this.private.map(() => new Uint8Array(softwareGeneratedInterrupts)),
    };
    this.#computeTargets();
  }

  forwards(group: 0 | 1): boolean {
    return (this.#state.control & forwardGroup[group]) !== 0;
  }

  /** Number of interrupts, private ones included. */
  get interrupts(): number {
    return firstSharedInterrupt + this.shared.count;
  }

  interruptWord(index: number, access: BusAccess): InterruptWord | undefined {
    const own = this.private[access.pe];
    if (index === 0) return own && { bank: own, word: 0 };
    return index <= this.shared.words ? { bank: this.shared, word: index - 1 } : undefined;
  }

  configurable(index: number): number {
    return index === 0 ? ~everySgi >>> 0 : 0xffff_ffff;
  }

  changed(): void {
    this.#options.onChange();
  }

  get control(): number {
    return this.#state.control;
  }

  set control(value: number) {
    this.#state.control = value & fieldMask(controlFields);
    this.changed();
  }

  readType(): number {
    return this.shared.words | ((this.#options.processingElements - 1) << 5);
  }

  /** Processing elements that an interrupt goes to, as a mask. A single processing element gets all of them. */
  targetsOf(intid: number, pe: number): number {
    if (intid < firstSharedInterrupt) return 1 << pe;
    return this.#options.processingElements === 1 ? 1 : (this.#state.targets[intid - firstSharedInterrupt] ?? 0);
  }

  /** With a single processing element there is nothing to choose, and the target registers read as zero. */
  readTargets(intid: number, access: BusAccess): number {
    return this.#options.processingElements === 1 ? 0 : this.targetsOf(intid, access.pe);
  }

  writeTargets(intid: number, mask: number): void {
    if (intid < firstSharedInterrupt || this.#options.processingElements === 1) return;
    const present = (1 << this.#options.processingElements) - 1;
    if (intid < firstSharedInterrupt + this.shared.count) {
      this.#state.targets[intid - firstSharedInterrupt] = mask & present;
      this.#computeTarget(intid);
    }
    this.changed();
  }

  #computeTargets(): void {
    for (let i = 0; i < this.shared.count; i++) this.#computeTarget(firstSharedInterrupt + i);
  }

  #computeTarget(intid: number): void {
    const word = (intid - firstSharedInterrupt) >> 5;
    const bit = 1 << (intid & 31);
    this.targeted.forEach((words, pe) => {
      const goes = ((this.targetsOf(intid, pe) >> pe) & 1) !== 0;
      words[word] = goes ? (words[word] ?? 0) | bit : (words[word] ?? 0) & ~bit;
    });
  }

  /** Sends an SGI as a write to GICD_SGIR says. */
  generate(value: number, sender: number): void {
    const intid = value & 0xf;
    const list = (value >>> 16) & 0xff;
    const filter = (value >>> 24) & 3;
    this.private.forEach((_, pe) => {
      const addressed = [(list >> pe) & 1, pe !== sender, pe === sender, false][filter];
      if (addressed) this.setSenders(pe, intid, this.senders(pe, intid) | (1 << sender));
    });
    this.changed();
  }

  /** Mask of the processing elements that sent a pending SGI. */
  senders(pe: number, intid: number): number {
    return this.#state.senders[pe]?.[intid] ?? 0;
  }

  setSenders(pe: number, intid: number, mask: number): void {
    const senders = this.#state.senders[pe];
    const bank = this.private[pe];
    if (!senders || !bank) return;
    senders[intid] = mask & ((1 << this.#options.processingElements) - 1);
    if (senders[intid] !== 0) bank.latch(0, 1 << intid);
    else bank.unlatch(0, 1 << intid);
  }

  /** Sender whose SGI is acknowledged next: the lowest one. */
  nextSender(pe: number, intid: number): number {
    const mask = this.senders(pe, intid);
    return mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  }

  activate(pe: number, intid: number): void {
    this.#bankOf(pe, intid)?.activate(intid);
    if (intid < softwareGeneratedInterrupts) {
      this.setSenders(pe, intid, this.senders(pe, intid) & ~(1 << this.nextSender(pe, intid)));
    }
  }

  deactivate(pe: number, intid: number): void {
    this.#bankOf(pe, intid)?.deactivate(intid);
  }

  groupOf(pe: number, intid: number): 0 | 1 {
    return this.#bankOf(pe, intid)?.test('group1', intid) ? 1 : 0;
  }

  #bankOf(pe: number, intid: number): InterruptBank | undefined {
    if (intid < firstSharedInterrupt) return this.private[pe];
    return intid < firstSharedInterrupt + this.shared.count ? this.shared : undefined;
  }

  save(): unknown {
    return {
      own: structuredClone(this.#state),
      shared: this.shared.save(),
      private: this.private.map(bank => bank.save()),
    };
  }

  restore(saved: unknown): void {
    const state = saved as { own: DistributorV2State; shared: unknown; private: unknown[] };
    this.#state = structuredClone(state.own);
    this.shared.restore(state.shared);
    this.private.forEach((bank, pe) => {
      bank.restore(state.private[pe]);
    });
    this.#computeTargets();
  }
}

/** The distributor's registers. */
export const distributorRegistersV2 = new RegisterFile<DistributorV2>([
  {
    name: 'GICD_CTLR',
    offset: 0x000,
    brief: 'Which groups are forwarded.',
    fields: controlFields,
    read: distributor => distributor.control,
    write: (distributor, value) => {
      distributor.control = value;
    },
  },
  {
    name: 'GICD_TYPER',
    offset: 0x004,
    brief: 'What the distributor implements.',
    fields: [
      field('4:0', 'ITLinesNumber', 'Number of interrupts: 32 × (this + 1).'),
      field('7:5', 'CPUNumber', 'Number of processing elements, minus one.'),
      field('10', 'SecurityExtn', 'Two security states.'),
    ],
    read: distributor => distributor.readType(),
  },
  { name: 'GICD_IIDR', offset: 0x008, brief: 'Implementer and product.', read: () => implementerIdentificationV2 },
  ...interruptRegisters<DistributorV2>('GICD', 1024).filter(row => !['GICD_IGRPMODR', 'GICD_NSACR'].includes(row.name)),
  {
    name: 'GICD_ITARGETSR',
    offset: 0x800,
    count: 255,
    width: 8,
    brief: 'Processing elements that four interrupts go to, a byte each.',
    read: (distributor, intid, access) => distributor.readTargets(intid, access),
    write: (distributor, value, intid) => distributor.writeTargets(intid, value),
  },
  {
    name: 'GICD_SGIR',
    offset: 0xf00,
    brief: 'Sends a software generated interrupt.',
    fields: [
      field('25:24', 'TargetListFilter', 'To the list (0), to all others (1), to the sender itself (2).'),
      field('23:16', 'CPUTargetList', 'Processing elements to send to.'),
      field('3:0', 'SGIINTID', 'INTID.'),
    ],
    write: (distributor, value, _, access) => distributor.generate(value, access.pe),
  },
  {
    name: 'GICD_CPENDSGIR',
    offset: 0xf10,
    count: 4,
    width: 8,
    brief: 'Takes back pending SGIs by sender; reads the senders of four SGIs, a byte each.',
    read: (distributor, intid, access) => distributor.senders(access.pe, intid),
    write: (distributor, value, intid, access) => {
      distributor.setSenders(access.pe, intid, distributor.senders(access.pe, intid) & ~value);
      distributor.changed();
    },
  },
  {
    name: 'GICD_SPENDSGIR',
    offset: 0xf20,
    count: 4,
    width: 8,
    brief: 'Makes SGIs pending as if sent; reads the senders of four SGIs, a byte each.',
    read: (distributor, intid, access) => distributor.senders(access.pe, intid),
    write: (distributor, value, intid, access) => {
      distributor.setSenders(access.pe, intid, distributor.senders(access.pe, intid) | value);
      distributor.changed();
    },
  },
  identificationRows<DistributorV2>('GICD', 0xfd0, [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1]),
]);
