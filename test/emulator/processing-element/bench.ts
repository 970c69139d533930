/** A processing element on a test bench: its state in a memory of its own, everything it reports kept. */
import type { SystemRegisterName } from '../../../emulator/architecture/system-registers/index.ts';
import type { ExceptionRecord } from '../../../emulator/processing-element/exception-record.ts';
import { ProcessingElement, type TranslationChange } from '../../../emulator/processing-element/processing-element.ts';
import { resetProcessingElement } from '../../../emulator/processing-element/reset.ts';
import { ACTIVE_WINDOW, ProcessingElementState, STATE_SIZE } from '../../../emulator/processing-element/state.ts';
import { SystemRegisterAccess } from '../../../emulator/processing-element/system-register-access.ts';
import type { SystemRegisterHandlers } from '../../../emulator/processing-element/system-register-handlers.ts';

export const DEFAULT_FEATURES: readonly string[] = [
  'FEAT_PAN',
  'FEAT_PAN2',
  'FEAT_UAO',
  'FEAT_DIT',
  'FEAT_SSBS',
  'FEAT_SSBS2',
  'FEAT_BTI',
  'FEAT_VHE',
  'FEAT_RAS',
  'FEAT_IDST',
  'FEAT_GICv3',
  'FEAT_PMUv3',
];

export interface BenchOptions {
  readonly el2?: boolean;
  readonly el3?: boolean;
  readonly features?: readonly string[];
  readonly handlers?: SystemRegisterHandlers;
  readonly conduit?: 'smc' | 'hvc' | 'none';
  /** Calls that the firmware knows, by the value of W0. */
  readonly firmware?: (call: number) => boolean;
}

export class Bench {
  readonly pe: ProcessingElement;
  readonly registers: SystemRegisterAccess;
  readonly records: ExceptionRecord[] = [];
  readonly translationChanges: TranslationChange[] = [];
  readonly reports: string[] = [];
  /** Doublewords of memory that stand for registers; reading one that is not there fails. */
  readonly nestedMemory = new Map<bigint, bigint>();
  /** The address of the last access to it. */
  nestedAccess: bigint | undefined;
  position = 0;
  /** Level of the performance monitors' interrupt, as the machine was last told. */
  performanceInterrupt = false;

  constructor(options: BenchOptions = {}) {
    const { el2 = true, el3 = false, features = DEFAULT_FEATURES, handlers = {}, conduit = 'none' } = options;
    const memory = new WebAssembly.Memory({ initial: Math.ceil((ACTIVE_WINDOW + STATE_SIZE) / 65536) });
    const named = new Set(features);
    this.pe = new ProcessingElement({
      memory,
      state: new ProcessingElementState(memory, ACTIVE_WINDOW, 0),
      implementation: {
        el2,
        el3,
        hasFeature: name => named.has(name),
        resetValues: new Map(),
        caches: [0x701f_e00an, 0x201f_e012n],
        firmwareConduit: conduit,
      },
      handlers,
      host: {
        position: () => this.position,
        recordException: record => this.records.push(record),
        translationChanged: (_pe, change) => this.translationChanges.push(change),
        contextChanged: () => this.reports.push('context'),
        interruptsChanged: () => this.reports.push('interrupts'),
        debugChanged: () => this.reports.push('debug'),
        performanceInterrupt: (_pe, level) => {
          this.performanceInterrupt = level;
        },
        nestedMemory: (_pe, address, written) => {
          this.nestedAccess = address;
          if (written !== undefined) this.nestedMemory.set(address, written);
          return written ?? this.nestedMemory.get(address);
        },
        firmwareCall: pe => options.firmware?.(Number(pe.state.readX(0) & 0xffff_ffffn)) ?? false,
      },
    });
    this.registers = new SystemRegisterAccess(this.pe);
    resetProcessingElement(this.pe);
  }

  get state(): ProcessingElementState {
    return this.pe.state;
  }

  /** Puts the PE at an Exception level, with SP_ELx and everything unmasked. */
  at(el: 0 | 1 | 2 | 3, pc = 0x1000n): this {
    this.state.setLevel(el, el === 0 ? 0 : 1);
    this.state.daif = 0;
    this.state.pc = pc;
    return this;
  }

  /** Sets raw register values, past all checks. */
  with(values: Partial<Record<SystemRegisterName, bigint>>): this {
    for (const [name, value] of Object.entries(values)) this.state.write(name as SystemRegisterName, value);
    return this;
  }

  /** The last record, which must be an exception. */
  get lastException(): Extract<ExceptionRecord, { kind: 'exception' }> {
    const last = this.records.at(-1);
    if (last?.kind !== 'exception') throw new Error(`the last record is ${last?.kind ?? 'missing'}, not an exception`);
    return last;
  }

  /** The last exception as a person would say it: `EL1 → EL2, class 0x16`. */
  get story(): string {
    const { from, to, cause, exceptionClass } = this.lastException;
    const what = exceptionClass === undefined ? cause : `class 0x${exceptionClass.toString(16).padStart(2, '0')}`;
    return `EL${from} → EL${to}, ${what}`;
  }
}

/** Bit `n` as a register value. */
export const bit = (...positions: number[]): bigint => positions.reduce((value, n) => value | (1n << BigInt(n)), 0n);

/** Bits of HCR_EL2 by name. */
export const HCR = {
  VM: bit(0),
  FMO: bit(3),
  IMO: bit(4),
  AMO: bit(5),
  VF: bit(6),
  VI: bit(7),
  VSE: bit(8),
  TWI: bit(13),
  TWE: bit(14),
  TID3: bit(18),
  TSC: bit(19),
  TVM: bit(26),
  TGE: bit(27),
  HCD: bit(29),
  TRVM: bit(30),
  RW: bit(31),
  E2H: bit(34),
  TEA: bit(37),
  NV: bit(42),
  NV1: bit(43),
  AT: bit(44),
  NV2: bit(45),
};

/** Bits of SCR_EL3 by name. */
export const SCR = {
  NS: bit(0),
  IRQ: bit(1),
  FIQ: bit(2),
  EA: bit(3),
  SMD: bit(7),
  HCE: bit(8),
  RW: bit(10),
  EEL2: bit(18),
};
