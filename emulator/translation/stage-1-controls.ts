/** SCTLR_ELx, TCR_ELx, TTBRn_ELx and MAIR_ELx decoded into what a stage 1 walk needs. */
import { firstTable, outputAddresses, shareabilityOfAll, sizeFieldLimits } from './address-size.ts';
import type { TableLevel } from './fault.ts';
import { granuleOfTg0, granuleOfTg1, lowestResolvedBit } from './granule.ts';
import { implementedGranule, type TranslationImplementation } from './implementation.ts';
import { HYPERVISOR, hasUnprivileged, type TranslationRegime } from './regime.ts';
import type { TableFormat } from './table-walk.ts';

/** One of the address ranges of a regime: the lower (TTBR0) or the upper (TTBR1) one. */
export interface AddressRange {
  /** False where TxSZ is out of bounds: every access faults. */
  readonly sizeValid: boolean;
  /** EPDn: no walks through this range. */
  readonly walksDisabled: boolean;
  /** E0PDn: no unprivileged access to this range. */
  readonly unprivilegedDisabled: boolean;
  /** TBIn: bits 63:56 of data addresses are not part of the address; … */
  readonly ignoresTopByte: boolean;
  /** … and of instruction addresses (TBIn without TBIDn). */
  readonly ignoresTopByteOfInstructions: boolean;
  /** TCMAn: addresses whose tag repeats bit 55 are not checked against allocation tags. */
  readonly uncheckedWhereTagMatches: boolean;
  /** HPDn. */
  readonly ignoresHierarchicalPermissions: boolean;
  readonly format: TableFormat;
}

export interface Stage1Controls {
  readonly regime: TranslationRegime;
  /** The values these controls were decoded from, to see when they are out of date. */
  readonly source: Stage1Registers;
  /** False with SCTLR_ELx.M = 0, and for EL1&0 under HCR_EL2.DC or TGE. */
  readonly enabled: boolean;
  /** HCR_EL2.DC: with stage 1 off, memory is Normal Write-Back. */
  readonly defaultCacheable: boolean;
  /** HCR_EL2.DCT: and has allocation tags. */
  readonly defaultTagged: boolean;
  /** SCTLR_ELx.C and I. */
  readonly dataCacheable: boolean;
  readonly instructionCacheable: boolean;
  /** SCTLR_ELx.WXN. */
  readonly writeImpliesExecuteNever: boolean;
  /** SCTLR_ELx.EPAN. */
  readonly enhancedPan: boolean;
  /** HCR_EL2.{NV,NV1}: EL1 runs a hypervisor without VHE, whose tables have the form of EL2's. */
  readonly formOfEl2: boolean;
  readonly updatesAccessFlag: boolean;
  readonly updatesDirtyState: boolean;
  readonly mair: bigint;
  readonly asid: number;
  readonly lower: AddressRange;
  readonly upper: AddressRange | undefined;
}

/** Of SCTLR_ELx and HCR_EL2 only the bits that steer translation. */
export interface Stage1Registers {
  readonly sctlr: bigint;
  readonly tcr: bigint;
  readonly mair: bigint;
  readonly ttbr0: bigint;
  readonly ttbr1: bigint;
  /** Effective HCR_EL2. */
  readonly hcr: bigint;
}

/** Where the fields of one range lie in TCR_ELx. */
interface RangeFields {
  readonly sizeShift: number;
  readonly granule: (tcr: bigint) => ReturnType<typeof granuleOfTg0>;
  /** Bit numbers; undefined where the layout has no such control. */
  readonly walksDisabled: number | undefined;
  readonly topByteIgnored: number;
  readonly matchingUnchecked: number;
  readonly hierarchicalDisabled: number;
  readonly dataOnly: number;
  readonly unprivilegedDisabled: number | undefined;
  /** SHn, IPS or PS, and DS. */
  readonly shareability: number;
  readonly outputSize: number;
  readonly wide: number;
}

const LOWER_OF_TWO: RangeFields = {
  sizeShift: 0,
  granule: tcr => granuleOfTg0(field(tcr, 14, 2)),
  walksDisabled: 7,
  topByteIgnored: 37,
  matchingUnchecked: 57,
  hierarchicalDisabled: 41,
  dataOnly: 51,
  unprivilegedDisabled: 55,
  shareability: 12,
  outputSize: 32,
  wide: 59,
};

const UPPER_OF_TWO: RangeFields = {
  sizeShift: 16,
  granule: tcr => granuleOfTg1(field(tcr, 30, 2)),
  walksDisabled: 23,
  topByteIgnored: 38,
  matchingUnchecked: 58,
  hierarchicalDisabled: 42,
  dataOnly: 52,
  unprivilegedDisabled: 56,
  shareability: 28,
  outputSize: 32,
  wide: 59,
};

const ONLY_RANGE: RangeFields = {
  sizeShift: 0,
  granule: tcr => granuleOfTg0(field(tcr, 14, 2)),
  walksDisabled: undefined,
  topByteIgnored: 20,
  matchingUnchecked: 30,
  hierarchicalDisabled: 24,
  dataOnly: 29,
  unprivilegedDisabled: undefined,
  shareability: 12,
  outputSize: 16,
  wide: 32,
};

function field(value: bigint, low: number, width: number): number {
  return Number((value >> BigInt(low)) & ((1n << BigInt(width)) - 1n));
}

function bit(value: bigint, position: number | undefined): boolean {
  return position !== undefined && ((value >> BigInt(position)) & 1n) === 1n;
}

function decodeRange(
  registers: Stage1Registers,
  fields: RangeFields,
  implementation: TranslationImplementation,
): AddressRange {
  const { tcr } = registers;
  const granule = implementedGranule(fields.granule(tcr), implementation.stage1Granules);
  const asked = field(tcr, fields.sizeShift, 6);
  const wide = bit(tcr, fields.wide) && implementation.stage1WideGranules.includes(granule);
  const { smallest, largest } = sizeFieldLimits(implementation, granule.bits, wide);
  const inputSize = 64 - Math.min(Math.max(asked, smallest), largest);
  const startLevel = (3 - Math.floor((inputSize - 1 - granule.bits) / granule.stride)) as TableLevel;
  const tableBytes = 8 * 2 ** (inputSize - lowestResolvedBit(granule, startLevel));
  const output = outputAddresses(field(tcr, fields.outputSize, 3), granule, wide, implementation);
  const ignoresTopByte = bit(tcr, fields.topByteIgnored);
  return {
    sizeValid: asked >= smallest && asked <= largest,
    walksDisabled: bit(tcr, fields.walksDisabled),
    unprivilegedDisabled: implementation.preventsEl0Access && bit(tcr, fields.unprivilegedDisabled),
    ignoresTopByte,
    ignoresTopByteOfInstructions: ignoresTopByte && !(implementation.tagsDataOnly && bit(tcr, fields.dataOnly)),
    uncheckedWhereTagMatches: implementation.tagsMemory && bit(tcr, fields.matchingUnchecked),
    ignoresHierarchicalPermissions:
      implementation.disablesHierarchicalPermissions && bit(tcr, fields.hierarchicalDisabled),
    format: {
      stage: 1,
      granule,
      inputSize,
      inputLimit: 2 ** inputSize,
      outputLimit: 2 ** output.outputSize,
      startLevel,
      ...output,
      shareability: shareabilityOfAll(output.addressLayout, field(tcr, fields.shareability, 2)),
      ...firstTable(fields === UPPER_OF_TWO ? registers.ttbr1 : registers.ttbr0, output, tableBytes),
      bigEndian: bit(registers.sctlr, 25),
    },
  };
}

/** Decodes the registers of a regime. */
export function decodeStage1(
  regime: TranslationRegime,
  registers: Stage1Registers,
  implementation: TranslationImplementation,
): Stage1Controls {
  const { sctlr, tcr, hcr } = registers;
  const twoRanges = hasUnprivileged(regime);
  const underStage2 = regime === 'EL1&0';
  const defaultCacheable = underStage2 && (hcr & HYPERVISOR.DC) !== 0n;
  const turnedOff = underStage2 && (hcr & (HYPERVISOR.DC | HYPERVISOR.TGE)) !== 0n;
  const asidSource = bit(tcr, 22) ? registers.ttbr1 : registers.ttbr0;
  const longAsid = implementation.asidBits === 16 && bit(tcr, 36);
  const updatesAccessFlag = implementation.updatesAccessFlag && bit(tcr, twoRanges ? 39 : 21);
  return {
    regime,
    source: registers,
    enabled: bit(sctlr, 0) && !turnedOff,
    defaultCacheable,
    defaultTagged: defaultCacheable && implementation.tagsMemory && (hcr & HYPERVISOR.DCT) !== 0n,
    dataCacheable: bit(sctlr, 2),
    instructionCacheable: bit(sctlr, 12),
    writeImpliesExecuteNever: bit(sctlr, 19),
    enhancedPan: implementation.enhancedPrivilegedAccessNever && twoRanges && bit(sctlr, 57),
    formOfEl2: underStage2 && (hcr & HYPERVISOR.NV) !== 0n && (hcr & HYPERVISOR.NV1) !== 0n,
    updatesAccessFlag,
    updatesDirtyState: updatesAccessFlag && implementation.updatesDirtyState && bit(tcr, twoRanges ? 40 : 22),
    mair: registers.mair,
    asid: twoRanges ? field(asidSource, 48, longAsid ? 16 : 8) : 0,
    lower: decodeRange(registers, twoRanges ? LOWER_OF_TWO : ONLY_RANGE, implementation),
    upper: twoRanges ? decodeRange(registers, UPPER_OF_TWO, implementation) : undefined,
  };
}
