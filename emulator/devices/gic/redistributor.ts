/**
 * GICv3 redistributor of one processing element: its SGIs and PPIs, and its power state
 * (GICv3 architecture, "The GIC Redistributor register map"). Two 64 KiB frames: RD_base and SGI_base.
 */
import type { BusAccess } from '../../bus/types.ts';
import { implementerIdentification, peripheralIdentification } from './distributor.ts';
import { InterruptBank } from './interrupt-bank.ts';
import { firstSharedInterrupt, softwareGeneratedInterrupts } from './interrupt-id.ts';
import { type InterruptFrame, type InterruptWord, interruptRegisters } from './interrupt-registers.ts';
import { field, fieldMask, identificationRows, RegisterFile, type RegisterRow } from './register-file.ts';

/** Size of both frames of a redistributor, in bytes. */
export const redistributorSize = 0x2_0000;
const sgiFrame = 0x1_0000;

const wakerFields = [
  field('1', 'ProcessorSleep', 'The processing element sleeps, or is about to.'),
  field('2', 'ChildrenAsleep', 'The interface to the processing element is quiet.'),
] as const;
const processorSleep = fieldMask(wakerFields, 'ProcessorSleep');
const childrenAsleep = fieldMask(wakerFields, 'ChildrenAsleep');

export interface RedistributorOptions {
  readonly pe: number;
  /** Affinity of the processing element: Aff3 in bits 31:24 down to Aff0 in bits 7:0. */
  readonly affinity: number;
  /** It is the last redistributor of its region. */
  readonly last: boolean;
  readonly twoSecurityStates: () => boolean;
  /** State of a private interrupt changed. */
  readonly onChange: () => void;
}

export class Redistributor implements InterruptFrame {
  readonly private: InterruptBank;
  readonly fixedSgis = false;
  readonly #options: RedistributorOptions;
  #asleep = true;

  constructor(options: RedistributorOptions) {
    this.#options = options;
    this.private = new InterruptBank(0, firstSharedInterrupt);
    this.private.setBits('edge', 0, (1 << softwareGeneratedInterrupts) - 1);
  }

  get twoSecurityStates(): boolean {
    return this.#options.twoSecurityStates();
  }

  /** GICR_WAKER says that the processing element sleeps. Nothing is held back for it. */
  get asleep(): boolean {
    return this.#asleep;
  }

  set asleep(asleep: boolean) {
    this.#asleep = asleep;
  }

  interruptWord(): InterruptWord {
    return { bank: this.private, word: 0 };
  }

  /** SGIs are edge-triggered for ever; PPIs are what software says. */
  configurable(): number {
    return (0xffff_ffff << softwareGeneratedInterrupts) >>> 0;
  }

  changed(): void {
    this.#options.onChange();
  }

  readType(): bigint {
    const { affinity, pe, last } = this.#options;
    return (BigInt(affinity) << 32n) | (BigInt(pe) << 8n) | (last ? 1n << 4n : 0n);
  }

  readWaker(access: BusAccess): number {
    if (this.twoSecurityStates && !access.secure) return 0;
    return this.#asleep ? processorSleep | childrenAsleep : 0;
  }

  writeWaker(value: number, access: BusAccess): void {
    if (this.twoSecurityStates && !access.secure) return;
    this.#asleep = (value & processorSleep) !== 0;
  }

  save(): unknown {
    return { asleep: this.#asleep, private: this.private.save() };
  }

  restore(saved: unknown): void {
    const state = saved as { asleep: boolean; private: unknown };
    this.#asleep = state.asleep;
    this.private.restore(state.private);
  }
}

const sgiRows: readonly RegisterRow<Redistributor>[] = interruptRegisters<Redistributor>(
  'GICR',
  firstSharedInterrupt,
).map(row => ({ ...row, offset: sgiFrame + row.offset }));

/** The registers of both frames of a redistributor. */
export const redistributorRegisters = new RegisterFile<Redistributor>([
  { name: 'GICR_CTLR', offset: 0x0000, brief: 'Control of LPIs, which are absent.' },
  {
    name: 'GICR_IIDR',
    offset: 0x0004,
    brief: 'Implementer and product.',
    read: () => implementerIdentification,
  },
  {
    name: 'GICR_TYPER',
    offset: 0x0008,
    width: 64,
    brief: 'Affinity and number of the processing element, and whether this is the last redistributor.',
    fields: [
      field('63:32', 'Affinity_Value', 'Affinity of the processing element.'),
      field('23:8', 'Processor_Number', 'Index of the processing element.'),
      field('4', 'Last', 'Last redistributor of its region.'),
      field('0', 'PLPIS', 'LPIs are implemented.'),
    ],
    read: redistributor => redistributor.readType(),
  },
  {
    name: 'GICR_WAKER',
    offset: 0x0014,
    brief: 'Power state of the processing element.',
    fields: wakerFields,
    read: (redistributor, _, access) => redistributor.readWaker(access),
    write: (redistributor, value, _, access) => redistributor.writeWaker(value, access),
  },
  identificationRows<Redistributor>('GICR', 0xffd0, peripheralIdentification(0x93)),
  ...sgiRows,
]);
