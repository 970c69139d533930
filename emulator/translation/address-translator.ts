/** Translation of virtual addresses through the stages that are on: the one walk that everybody uses. */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import {
  combineAttributes,
  combineForcingWriteBack,
  combineShareability,
  combineTagged,
  effectiveShareability,
  NORMAL_NON_CACHEABLE,
  stage2Attributes,
} from './attributes.ts';
import type { Fault, TranslationStage } from './fault.ts';
import { readImplementation, type TranslationImplementation } from './implementation.ts';
import type { TranslationInputs, TranslationRegister } from './inputs.ts';
import { EXECUTE, READ, WRITE } from './permissions.ts';
import {
  HYPERVISOR_BITS,
  hasUnprivileged,
  regimeOf,
  registersOf,
  SYSTEM_CONTROL_BITS,
  type TranslationRegime,
} from './regime.ts';
import type { Translation, TranslationRequest, TranslationResult } from './request.ts';
import { neededPermissions, type Stage1Failure, type Stage1Result, Stage1Translator } from './stage-1.ts';
import { decodeStage1, type Stage1Controls } from './stage-1-controls.ts';
import { type Stage2Result, Stage2Translator } from './stage-2.ts';
import { decodeStage2, type GuestStage2, type Stage2Controls, stage2Of } from './stage-2-controls.ts';
import type { Stage2Failure, WalkStep } from './table-walk.ts';

const guestRegisters = [
  'SCTLR_EL1',
  'TCR_EL1',
  'MAIR_EL1',
  'TTBR0_EL1',
  'TTBR1_EL1',
  'VTCR_EL2',
  'VTTBR_EL2',
  'VSTCR_EL2',
  'VSTTBR_EL2',
] as const satisfies readonly TranslationRegister[];

/** How a guest's addresses are translated: a hypervisor changes these registers when it leaves the guest. */
export interface GuestTranslation {
  readonly registers: ReadonlyMap<TranslationRegister, bigint>;
  /** HCR_EL2 as it takes effect. */
  readonly hypervisorConfiguration: bigint;
}

/** What registers mean, as long as none changes. */
interface CurrentControls {
  readonly generation: number;
  readonly hypervisorConfiguration: bigint;
  readonly stage1: Map<TranslationRegime, Stage1Controls>;
  /** Of Secure guests and of Non-secure ones. */
  readonly stage2: Map<boolean, GuestStage2>;
}

/**
 * Translates for one PE. Decoded controls are kept until the registers they came from differ, and not even compared
 * until some register changed.
 */
export class AddressTranslator {
  readonly implementation: TranslationImplementation;
  private readonly inputs: TranslationInputs;
  private readonly stage1: Stage1Translator;
  private readonly stage2: Stage2Translator;
  private readonly stage1Cache = new Map<TranslationRegime, Stage1Controls>();
  private readonly stage2Cache = new Map<boolean, GuestStage2>();
  private known: CurrentControls | undefined;

  constructor(inputs: TranslationInputs) {
    this.inputs = inputs;
    this.implementation = readImplementation(name => inputs.register(name));
    this.stage2 = new Stage2Translator(inputs, this.implementation);
    this.stage1 = new Stage1Translator(inputs, this.implementation, this.stage2);
  }

  /** A translator with other values in the registers of the EL1&0 regime and its stage 2: how it was at another time. */
  asWith({ registers, hypervisorConfiguration }: GuestTranslation): AddressTranslator {
    return new AddressTranslator({
      generation: () => this.inputs.generation(),
      readWord: (address, nonSecure) => this.inputs.readWord(address, nonSecure),
      compareAndSwap: () => 'unsupported',
      register: name => registers.get(name) ?? this.inputs.register(name),
      effectiveHypervisorConfiguration: () => hypervisorConfiguration,
    });
  }

  /** What `asWith` needs to translate later as now. */
  guestTranslation(): GuestTranslation {
    const { inputs } = this;
    return {
      registers: new Map(guestRegisters.map(name => [name, inputs.register(name)])),
      hypervisorConfiguration: inputs.effectiveHypervisorConfiguration(),
    };
  }

  /** The regime that serves an Exception level now. */
  regimeOf(level: ExceptionLevel): TranslationRegime {
    return regimeOf(level, this.current().hypervisorConfiguration);
  }

  private current(): CurrentControls {
    const { inputs, known } = this;
    const generation = inputs.generation();
    if (known && known.generation === generation) return known;
    const hypervisorConfiguration = inputs.effectiveHypervisorConfiguration();
    this.known = { generation, hypervisorConfiguration, stage1: new Map(), stage2: new Map() };
    return this.known;
  }

  /** The stage 1 controls of a regime as they stand now. */
  stage1Controls(regime: TranslationRegime): Stage1Controls {
    const current = this.current();
    let controls = current.stage1.get(regime);
    if (!controls) {
      controls = this.readStage1(regime, current.hypervisorConfiguration);
      current.stage1.set(regime, controls);
    }
    return controls;
  }

  private readStage1(regime: TranslationRegime, hypervisorConfiguration: bigint): Stage1Controls {
    const names = registersOf(regime);
    const { inputs } = this;
    const sctlr = inputs.register(names.sctlr) & SYSTEM_CONTROL_BITS;
    const tcr = inputs.register(names.tcr);
    const mair = inputs.register(names.mair);
    const ttbr0 = inputs.register(names.ttbr0);
    const ttbr1 = names.ttbr1 ? inputs.register(names.ttbr1) : 0n;
    const hcr = regime === 'EL3' ? 0n : hypervisorConfiguration & HYPERVISOR_BITS;
    const known = this.stage1Cache.get(regime);
    if (known) {
      const { source } = known;
      if (
        source.sctlr === sctlr &&
        source.tcr === tcr &&
        source.mair === mair &&
        source.ttbr0 === ttbr0 &&
        source.ttbr1 === ttbr1 &&
        source.hcr === hcr
      ) {
        return known;
      }
    }
    const controls = decodeStage1(regime, { sctlr, tcr, mair, ttbr0, ttbr1, hcr }, this.implementation);
    this.stage1Cache.set(regime, controls);
    return controls;
  }

  /** Stage 2 of the EL1&0 regime in a Security state as it stands now; `enabled` says whether it is on. */
  stage2Controls(secure: boolean): GuestStage2 {
    const current = this.current();
    let controls = current.stage2.get(secure);
    if (!controls) {
      controls = this.readStage2(secure, current.hypervisorConfiguration);
      current.stage2.set(secure, controls);
    }
    return controls;
  }

  private readStage2(secure: boolean, hypervisorConfiguration: bigint): GuestStage2 {
    const { inputs } = this;
    const known = this.stage2Cache.get(secure);
    const hcr = hypervisorConfiguration & HYPERVISOR_BITS;
    const vtcr = inputs.register('VTCR_EL2');
    const vttbr = inputs.register('VTTBR_EL2');
    const vstcr = secure ? inputs.register('VSTCR_EL2') : 0n;
    const vsttbr = secure ? inputs.register('VSTTBR_EL2') : 0n;
    const sctlr = inputs.register('SCTLR_EL2') & SYSTEM_CONTROL_BITS;
    if (known) {
      const { source } = known;
      if (
        source.hcr === hcr &&
        source.vtcr === vtcr &&
        source.vttbr === vttbr &&
        source.vstcr === vstcr &&
        source.vsttbr === vsttbr &&
        source.sctlr === sctlr
      ) {
        return known;
      }
    }
    const controls = decodeStage2({ secure, vtcr, vttbr, vstcr, vsttbr, hcr, sctlr }, this.implementation);
    this.stage2Cache.set(secure, controls);
    return controls;
  }

  /** Whether TCR_ELx.DS or VTCR_EL2.DS makes the addresses of a stage 52 bits wide with every granule (FEAT_LPA2). */
  hasWideAddresses(regime: TranslationRegime, stage: TranslationStage): boolean {
    const position = stage === 2 || !hasUnprivileged(regime) ? 32n : 59n;
    const register = stage === 2 ? 'VTCR_EL2' : registersOf(regime).tcr;
    return ((this.inputs.register(register) >> position) & 1n) === 1n;
  }

  /** Translates an address, checks the access and makes the hardware updates that its purpose allows. */
  translate(request: TranslationRequest): TranslationResult {
    const controls = this.stage1Controls(request.regime);
    let stage2: GuestStage2 | undefined;
    if (request.regime === 'EL1&0') {
      const candidate = this.stage2Controls(request.secure);
      if (candidate.enabled) stage2 = candidate;
    }
    const first = this.stage1.translate(controls, stage2, request);
    if (first.failed) return { ok: false, fault: stage1Fault(request, first) };
    if (!stage2 || request.stage1Only) return stage1Translation(first);
    const tables = stage2Of(stage2, first.nonSecure);
    const second = this.stage2.translate(tables, first.outputAddress, {
      needed: neededPermissions(request.access),
      privileged: request.privileged,
      purpose: request.purpose,
      onStage1Walk: false,
      recorder: request.recorder,
    });
    if (second.failed) return { ok: false, fault: stage2Fault(request, second, false) };
    return combine(request, tables, first, second);
  }

  /**
   * Translates an intermediate physical address of the current guest, a Secure one of a Secure guest; undefined where
   * stage 2 is off and the address is already physical.
   */
  translateIntermediate(
    address: number,
    request: Pick<TranslationRequest, 'access' | 'privileged' | 'secure' | 'purpose' | 'recorder'>,
  ): Stage2Result | Stage2Failure | undefined {
    const guest = this.stage2Controls(request.secure);
    if (!guest.enabled) return undefined;
    return this.stage2.translate(stage2Of(guest, !request.secure), address, {
      needed: neededPermissions(request.access),
      privileged: request.privileged,
      purpose: request.purpose,
      onStage1Walk: false,
      recorder: request.recorder,
    });
  }

  /** The look-ups that a translation makes, in order, and its result; the machine stays as it is. */
  walkSteps(request: Omit<TranslationRequest, 'purpose' | 'recorder'>): {
    readonly steps: readonly WalkStep[];
    readonly result: TranslationResult;
  } {
    const steps: WalkStep[] = [];
    const result = this.translate({ ...request, purpose: 'inspect', recorder: { step: one => steps.push(one) } });
    return { steps, result };
  }
}

function stage1Translation(first: Stage1Result): Translation {
  return {
    ok: true,
    physicalAddress: first.outputAddress,
    nonSecure: first.nonSecure,
    attributes: first.attributes,
    shareability: effectiveShareability(first.attributes, first.shareability),
    read: (first.permissions & READ) !== 0,
    write: (first.permissions & WRITE) !== 0,
    execute: (first.permissions & EXECUTE) !== 0,
    stage1SizeBits: first.sizeBits,
    stage2SizeBits: 12,
    global: first.global,
    guarded: first.guarded,
    intermediatePhysicalAddress: first.outputAddress,
  };
}

function combine(
  request: TranslationRequest,
  controls: Stage2Controls,
  first: Stage1Result,
  second: Stage2Result,
): Translation {
  const cacheDisabled = request.access === 'execute' ? controls.instructionCacheDisabled : controls.dataCacheDisabled;
  let attributes: number;
  if (controls.forcesWriteBack) {
    attributes = combineTagged(first.attributes, plain => combineForcingWriteBack(plain, second.memoryAttributes));
  } else {
    let weakest = stage2Attributes(second.memoryAttributes);
    if (cacheDisabled && second.memoryAttributes >= 4) weakest = NORMAL_NON_CACHEABLE;
    attributes = combineTagged(first.attributes, plain => combineAttributes(plain, weakest));
  }
  const permissions = first.permissions & second.permissions;
  return {
    ok: true,
    physicalAddress: second.physicalAddress,
    nonSecure: second.nonSecure,
    attributes,
    shareability: effectiveShareability(attributes, combineShareability(first.shareability, second.shareability)),
    read: (permissions & READ) !== 0,
    write: (permissions & WRITE) !== 0,
    execute: (permissions & EXECUTE) !== 0,
    stage1SizeBits: first.sizeBits,
    stage2SizeBits: second.sizeBits,
    global: first.global,
    guarded: first.guarded,
    intermediatePhysicalAddress: first.outputAddress,
  };
}

function stage1Fault(request: TranslationRequest, failed: Stage1Failure): Fault {
  if (failed.nested) return stage2Fault(request, failed.nested, true);
  return {
    kind: failed.kind,
    level: failed.level,
    stage: 1,
    onStage1Walk: false,
    write: isWrite(request, failed.refusedWrite),
    virtualAddress: request.virtualAddress,
    intermediatePhysicalAddress: undefined,
  };
}

function stage2Fault(request: TranslationRequest, failed: Stage2Failure, onStage1Walk: boolean): Fault {
  return {
    kind: failed.kind,
    level: failed.level,
    stage: 2,
    onStage1Walk,
    write: isWrite(request, failed.refusedWrite),
    virtualAddress: request.virtualAddress,
    intermediatePhysicalAddress: failed.intermediatePhysicalAddress,
    intermediateNonSecure: failed.intermediateNonSecure,
  };
}

/**
 * ESR_ELx.WnR. Cache maintenance and AT always report a write. An atomic access reports one only where a plain read
 * would have succeeded. A descriptor that hardware may not write makes any access one.
 */
function isWrite(request: TranslationRequest, refusedWrite: boolean): boolean {
  if (request.purpose === 'cacheMaintenance' || request.purpose === 'addressTranslation') return true;
  return request.access === 'write' || refusedWrite;
}
