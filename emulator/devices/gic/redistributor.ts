/**
 * GICv3 redistributor of one processing element: its SGIs and PPIs, and its power state
 * (GICv3 architecture, "The GIC Redistributor register map"). Two 64 KiB frames: RD_base and SGI_base.
 */
import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { BusAccess } from '../../bus/types.ts';
import { implementerIdentification, peripheralIdentification } from './distributor.ts';
import { InterruptBank } from './interrupt-bank.ts';
import { firstSharedInterrupt, softwareGeneratedInterrupts } from './interrupt-id.ts';
import { type InterruptFrame, type InterruptWord, interruptRegisters } from './interrupt-registers.ts';
import { LocalitySpecificInterrupts } from './locality-specific.ts';
import { field, fieldMask, identificationRows, RegisterFile, type RegisterRow } from './register-file.ts';

/** Size of both frames of a redistributor, in bytes. */
export const redistributorSize = 0x2_0000;
const sgiFrame = 0x1_0000;
/** GICR_TYPER.PLPIS and GICR_TYPER.CommonLPIAff. */
const physicalLpis = 1n;
const sharedConfiguration = 1n << 24n;

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
  /** Memory with the tables of LPIs; without it there are none. */
  readonly memory?: DirectMemoryAccess;
  /** State of a private interrupt changed. */
  readonly onChange: () => void;
}

export class Redistributor implements InterruptFrame {
  readonly private: InterruptBank;
  readonly fixedSgis = false;
  readonly lpis: LocalitySpecificInterrupts | undefined;
  readonly #options: RedistributorOptions;
  #asleep = true;

  constructor(options: RedistributorOptions) {
    this.#options = options;
    this.private = new InterruptBank(0, firstSharedInterrupt);
    this.private.setBits('edge', 0, (1 << softwareGeneratedInterrupts) - 1);
    const { memory, twoSecurityStates, onChange } = options;
    this.lpis = memory && new LocalitySpecificInterrupts({ memory, twoSecurityStates, onChange });
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
    const common = this.lpis ? physicalLpis | sharedConfiguration : 0n;
    return (BigInt(affinity) << 32n) | (BigInt(pe) << 8n) | (last ? 1n << 4n : 0n) | common;
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
    return { asleep: this.#asleep, private: this.private.save(), lpis: this.lpis?.save() };
  }

  restore(saved: unknown): void {
    const state = saved as { asleep: boolean; private: unknown; lpis: unknown };
    this.#asleep = state.asleep;
    this.private.restore(state.private);
    this.lpis?.restore(state.lpis);
  }
}

const sgiRows: readonly RegisterRow<Redistributor>[] = interruptRegisters<Redistributor>(
  'GICR',
  firstSharedInterrupt,
).map(row => ({ ...row, offset: sgiFrame + row.offset }));

/** The registers of both frames of a redistributor. */
export const redistributorRegisters = new RegisterFile<Redistributor>([
  {
    name: 'GICR_CTLR',
    offset: 0x0000,
    brief: 'Switches LPIs on.',
    fields: [field('0', 'EnableLPIs', 'LPIs are on.'), field('1', 'CES', 'LPIs can be switched off again.')],
    read: ({ lpis }) => (lpis ? (lpis.enabled ? 3 : 2) : 0),
    write: ({ lpis }, value) => {
      if (lpis) lpis.enabled = (value & 1) !== 0;
    },
  },
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
      field('25:24', 'CommonLPIAff', 'Which redistributors share the configuration of LPIs: those with the same Aff3.'),
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
  {
    name: 'GICR_PROPBASER',
    offset: 0x0070,
    width: 64,
    brief: 'Address and size of the table that configures LPIs.',
    read: ({ lpis }) => lpis?.properties ?? 0n,
    write: ({ lpis }, value) => {
      if (lpis) lpis.properties = value;
    },
  },
  {
    name: 'GICR_PENDBASER',
    offset: 0x0078,
    width: 64,
    brief: 'Address of the table of pending LPIs.',
    read: ({ lpis }) => lpis?.pendingTable ?? 0n,
    write: ({ lpis }, value) => {
      if (lpis) lpis.pendingTable = value;
    },
  },
  identificationRows<Redistributor>('GICR', 0xffd0, peripheralIdentification(0x93)),
  ...sgiRows,
]);
