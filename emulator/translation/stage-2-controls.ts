/** VTCR_EL2, VTTBR_EL2 and HCR_EL2 decoded into what a stage 2 walk needs. */
import { firstTable, outputAddresses, shareabilityOfAll, sizeFieldLimits } from './address-size.ts';
import type { TableLevel } from './fault.ts';
import { type Granule, granuleOfTg0, lowestResolvedBit } from './granule.ts';
import { implementedGranule, type TranslationImplementation } from './implementation.ts';
import { HYPERVISOR } from './regime.ts';
import type { TableFormat } from './table-walk.ts';

export interface Stage2Registers {
  /** The guest is Secure (FEAT_SEL2); VSTCR_EL2 and VSTTBR_EL2 count for no other. */
  readonly secure: boolean;
  readonly vtcr: bigint;
  readonly vttbr: bigint;
  readonly vstcr: bigint;
  readonly vsttbr: bigint;
  /** Effective HCR_EL2. */
  readonly hcr: bigint;
  /** SCTLR_EL2, for the endianness of the tables. */
  readonly sctlr: bigint;
}

/** Which addresses a set of tables translates, where the tables are, and where what they map is. */
export interface Stage2Space {
  /** HPFAR_EL2.NS: Non-secure addresses of a Secure guest. */
  readonly addressNonSecure: boolean;
  readonly tablesNonSecure: boolean;
  readonly outputNonSecure: boolean;
}

/** Stage 2 of a guest. A Secure guest has intermediate physical addresses of two kinds, with tables for each. */
export interface GuestStage2 {
  readonly source: Stage2Registers;
  /** HCR_EL2.VM, or DC which implies it. */
  readonly enabled: boolean;
  /** For the Secure addresses of a Secure guest. */
  readonly secure: Stage2Controls | undefined;
  readonly nonSecure: Stage2Controls;
}

/** The controls for an intermediate physical address of one kind. */
export function stage2Of({ secure, nonSecure }: GuestStage2, addressNonSecure: boolean): Stage2Controls {
  return addressNonSecure || !secure ? nonSecure : secure;
}

export interface Stage2Controls {
  readonly space: Stage2Space;
  /** False where SL0 and T0SZ do not fit each other or the implementation: every access faults. */
  readonly valid: boolean;
  readonly format: TableFormat;
  readonly vmid: number;
  readonly updatesAccessFlag: boolean;
  readonly updatesDirtyState: boolean;
  /** HCR_EL2.PTW: stage 1 tables must not lie in Device memory. */
  readonly protectsTableWalks: boolean;
  /** HCR_EL2.FWB. */
  readonly forcesWriteBack: boolean;
  /** HCR_EL2.CD and ID: stage 2 memory is Non-cacheable for data and for instructions. */
  readonly dataCacheDisabled: boolean;
  readonly instructionCacheDisabled: boolean;
}

/** Tables that may be concatenated at the start of a stage 2 walk, as address bits. */
const CONCATENATED_BITS = 4;

function bit(value: bigint, position: number): boolean {
  return field(value, position, 1) === 1;
}

function field(value: bigint, low: number, width: number): number {
  return Number((value >> BigInt(low)) & ((1n << BigInt(width)) - 1n));
}

/**
 * The level that SL2 and SL0 name, or undefined where they are reserved or too high for the physical address size.
 * @param wide the effective VTCR_EL2.DS, without which there is no SL2
 */
function startLevelOf(
  startField: number,
  furtherBit: boolean,
  granule: Granule,
  wide: boolean,
  implementation: TranslationImplementation,
): TableLevel | undefined {
  const { physicalAddressSize } = implementation;
  if (granule.bits === 12) {
    if (wide && furtherBit) return startField === 0 ? -1 : undefined;
    if (startField === 3) return implementation.smallTables ? 3 : undefined;
    if (startField === 2 && physicalAddressSize < 44) return undefined;
    return (2 - startField) as TableLevel;
  }
  if (startField === 3) return wide ? 0 : undefined;
  if (startField === 2 && physicalAddressSize < (granule.bits === 14 ? 42 : 44)) return undefined;
  return (3 - startField) as TableLevel;
}

/** Bits of VTCR_EL2 that are in force for Secure addresses as well: IRGN0 to SH0, PS, VS, HA, HD, HWU and DS. */
const SHARED_CONTROLS = 0x1_1e6f_3f00n;

/** Decodes the stage 2 registers. */
export function decodeStage2(registers: Stage2Registers, implementation: TranslationImplementation): GuestStage2 {
  const { secure, vtcr, vttbr, vstcr, vsttbr, hcr } = registers;
  const enabled = (hcr & (HYPERVISOR.VM | HYPERVISOR.DC)) !== 0n;
  const decode = (control: bigint, base: bigint, space: Stage2Space): Stage2Controls =>
    decodeTables(registers, control, base, space, implementation);
  if (!secure) {
    const space = { addressNonSecure: false, tablesNonSecure: true, outputNonSecure: true };
    return { source: registers, enabled, secure: undefined, nonSecure: decode(vtcr, vttbr, space) };
  }
  // A Non-secure output of one kind of address makes that of the next kind Non-secure, too.
  const [sw, sa] = [bit(vstcr, 29), bit(vstcr, 30)];
  const [nsw, nsa] = [bit(vtcr, 29), bit(vtcr, 30)];
  return {
    source: registers,
    enabled,
    secure: decode((vstcr & ~SHARED_CONTROLS) | (vtcr & SHARED_CONTROLS), vsttbr, {
      addressNonSecure: false,
      tablesNonSecure: sw,
      outputNonSecure: sw || sa,
    }),
    nonSecure: decode(vtcr, vttbr, {
      addressNonSecure: true,
      tablesNonSecure: nsw,
      outputNonSecure: sw || sa || nsw || nsa,
    }),
  };
}

/**
 * @param vtcr VTCR_EL2, or what VSTCR_EL2 makes of it for Secure addresses
 * @param base VTTBR_EL2 or VSTTBR_EL2
 */
function decodeTables(
  { hcr, vttbr, sctlr }: Stage2Registers,
  vtcr: bigint,
  base: bigint,
  space: Stage2Space,
  implementation: TranslationImplementation,
): Stage2Controls {
  const has = (mask: bigint): boolean => (hcr & mask) !== 0n;
  const granule = implementedGranule(granuleOfTg0(field(vtcr, 14, 2)), implementation.stage2Granules);
  const sizeField = field(vtcr, 0, 6);
  const inputSize = 64 - sizeField;
  const wide = field(vtcr, 32, 1) === 1 && implementation.stage2WideGranules.includes(granule);
  const level = startLevelOf(field(vtcr, 6, 2), field(vtcr, 33, 1) === 1, granule, wide, implementation);
  const output = outputAddresses(field(vtcr, 16, 3), granule, wide, implementation);
  // An intermediate physical address is as large as a physical one, whatever FEAT_LVA says about virtual ones.
  const { smallest, largest } = sizeFieldLimits({ ...implementation, largeVirtualAddresses: true }, granule.bits, wide);
  let valid =
    level !== undefined &&
    sizeField >= smallest &&
    sizeField <= largest &&
    inputSize <= implementation.physicalAddressSize;
  const startLevel = level ?? 3;
  // The first look-up resolves at least one bit and at most a full table and its concatenated neighbours.
  const resolved = inputSize - lowestResolvedBit(granule, startLevel);
  if (resolved < 1 || resolved > granule.stride + CONCATENATED_BITS) valid = false;
  const tableBytes = 8 * 2 ** Math.max(resolved, 1);
  const updatesAccessFlag = implementation.updatesAccessFlag && field(vtcr, 21, 1) === 1;
  return {
    space,
    valid,
    format: {
      stage: 2,
      granule,
      inputSize,
      inputLimit: 2 ** inputSize,
      outputLimit: 2 ** output.outputSize,
      startLevel,
      ...output,
      shareability: shareabilityOfAll(output.addressLayout, field(vtcr, 12, 2)),
      ...firstTable(base, output, tableBytes),
      bigEndian: field(sctlr, 25, 1) === 1,
    },
    vmid: field(vttbr, 48, implementation.vmidBits === 16 && field(vtcr, 19, 1) === 1 ? 16 : 8),
    updatesAccessFlag,
    updatesDirtyState: updatesAccessFlag && implementation.updatesDirtyState && field(vtcr, 22, 1) === 1,
    protectsTableWalks: has(HYPERVISOR.PTW),
    forcesWriteBack: implementation.forcesWriteBack && has(HYPERVISOR.FWB),
    dataCacheDisabled: has(HYPERVISOR.CD),
    instructionCacheDisabled: has(HYPERVISOR.ID),
  };
}
