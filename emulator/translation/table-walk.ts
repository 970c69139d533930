/** The walk of translation tables that both stages share (Arm ARM D8.2, D8.3). */

import type { Shareability } from './attributes.ts';
import type { FaultKind, TableLevel, TranslationStage } from './fault.ts';
import { type Granule, lowestResolvedBit } from './granule.ts';

/**
 * Where a descriptor holds the bits of an address above 47 (Arm ARM D8.3): nowhere; bits 51:48 in 15:12 (FEAT_LPA, the
 * 64 KB granule); or bits 49:48 in place and 51:50 in 9:8 (FEAT_LPA2).
 */
export type AddressLayout = 'bits 47:0' | 'bits 51:48 in 15:12' | 'bits 51:50 in 9:8';

/** Where a walk starts and how its tables look. */
export interface TableFormat {
  readonly stage: TranslationStage;
  readonly granule: Granule;
  /** Bits of the input address. */
  readonly inputSize: number;
  /** 2 to the power of `inputSize` and of `outputSize`. */
  readonly inputLimit: number;
  readonly outputLimit: number;
  readonly startLevel: TableLevel;
  /** The first level at which a block descriptor is legal. */
  readonly firstBlockLevel: TableLevel;
  readonly addressLayout: AddressLayout;
  /** Set where descriptors hold address bits in place of SH: the shareability that TCR or VTCR gives to all. */
  readonly shareability: Shareability | undefined;
  /** Bits of an output address that a descriptor may use (IPS or PS, limited by the implementation). */
  readonly outputSize: number;
  /** Address of the first table, aligned to its size. */
  readonly base: number;
  /** The base register holds an address of more than `outputSize` bits. */
  readonly baseTooLarge: boolean;
  /** SCTLR_ELx.EE: descriptors are big-endian. */
  readonly bigEndian: boolean;
}

/** Names a failure inside of a walk; the stage that walks makes a Fault of it. */
export interface WalkFailure {
  readonly failed: true;
  readonly kind: FaultKind;
  readonly level: TableLevel;
  /** Set where the failure is that of stage 2 translating a descriptor's address. */
  readonly nested?: Stage2Failure;
}

/** A failure of stage 2; the address is the one it was asked to translate. */
export interface Stage2Failure {
  readonly failed: true;
  readonly kind: FaultKind;
  readonly level: TableLevel;
  readonly intermediatePhysicalAddress: number;
  readonly intermediateNonSecure: boolean;
  /** A write was refused that reads would not have been. */
  readonly refusedWrite: boolean;
}

/** The descriptor that ends a walk. Halves of a descriptor are unsigned 32-bit numbers. */
export interface Leaf {
  readonly failed: false;
  readonly low: number;
  readonly high: number;
  readonly level: TableLevel;
  /** Where the descriptor lies in physical memory, and in the output space of the stage that walks. */
  readonly descriptorPhysicalAddress: number;
  readonly descriptorPhysicalNonSecure: boolean;
  readonly descriptorAddress: number;
  readonly descriptorNonSecure: boolean;
  readonly outputAddress: number;
  /** log2 of the size that the descriptor maps. */
  readonly sizeBits: number;
  /** Bits 63:59 of all table descriptors on the way, ORed, at bits 31:27. */
  readonly tableAttributes: number;
}

/** One look-up, for the people who watch. */
export interface WalkStep {
  readonly stage: TranslationStage;
  /** Stage 2 on behalf of stage 1 reading a descriptor. */
  readonly onStage1Walk: boolean;
  readonly level: TableLevel;
  readonly tableAddress: number;
  readonly index: number;
  /** In the output space of the stage: an intermediate physical address for stage 1 under stage 2. */
  readonly descriptorAddress: number;
  /** Undefined where stage 2 refused to translate the descriptor's address. */
  readonly descriptorPhysicalAddress: number | undefined;
  /** Undefined where the descriptor could not be read. */
  readonly descriptor: bigint | undefined;
  readonly kind: 'table' | 'block' | 'page' | 'invalid' | 'unreadable';
  /** The input bits that chose the descriptor, `high` down to `low`. */
  readonly inputBits: { readonly high: number; readonly low: number };
  /** Next table, or the address that the descriptor maps the input to; undefined for an invalid descriptor. */
  readonly outputAddress: number | undefined;
}

/** Receives the steps of a walk in the order in which they happen. */
export interface WalkRecorder {
  step(step: WalkStep): void;
}

/** Reads descriptors for a walk. */
export interface DescriptorSource {
  /**
   * Reads the 64 bits at an address of the walk's output space into `low` and `high` (memory order) and sets
   * `physicalAddress` and `physicalNonSecure`.
   */
  load(address: number, nonSecure: boolean, level: TableLevel): WalkFailure | undefined;
  low: number;
  high: number;
  physicalAddress: number;
  physicalNonSecure: boolean;
}

export const HIGH_WORD = 0x1_0000_0000;

/** Bits 63:59 of a descriptor within its high half. */
export const TABLE_ATTRIBUTES = 0xf800_0000;
/** NSTable, bit 63. */
export const NS_TABLE = 0x8000_0000;

/** Swaps the bytes of a 32-bit number. */
export function swapBytes(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/** The descriptor's halves as one value. */
export function joinHalves(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Bits `highest` down to `lowest` (1 to 31 of them, lowest at least 1) of a number in two halves. */
function bitsOf(high: number, low: number, highest: number, lowest: number): number {
  const mask = (1 << (highest - lowest + 1)) - 1;
  return (lowest >= 32 ? high >>> (lowest - 32) : (low >>> lowest) | (high << (32 - lowest))) & mask;
}

/** The lowest bits of an address in two halves, at most 52 of them. */
export function lowBits(high: number, low: number, count: number): number {
  return count >= 32 ? (high & ((1 << (count - 32)) - 1)) * HIGH_WORD + low : (low & ((1 << count) - 1)) >>> 0;
}

/** The output address that a descriptor holds, a multiple of 2^lowest. */
function addressIn(layout: AddressLayout, high: number, low: number, lowest: number): number {
  let upper = high & 0xffff;
  if (layout === 'bits 51:48 in 15:12') upper |= (low & 0xf000) << 4;
  else if (layout === 'bits 51:50 in 9:8') upper |= (high & 0x3_0000) | ((low & 0x300) << 10);
  if (lowest >= 32) return (upper & -(1 << (lowest - 32))) * HIGH_WORD;
  return upper * HIGH_WORD + ((low & -(1 << lowest)) >>> 0);
}

/**
 * Follows the tables to the block or page descriptor of an input address.
 * @param input the address, less than 2^inputSize
 * @param nonSecure the tables' address space at the start; a table descriptor with NSTable changes it
 */
export function walkTables(
  source: DescriptorSource,
  format: TableFormat,
  input: number,
  nonSecure: boolean,
  recorder: WalkRecorder | undefined,
  onStage1Walk: boolean,
): Leaf | WalkFailure {
  const { granule, outputLimit } = format;
  if (format.baseTooLarge) return { failed: true, kind: 'addressSize', level: 0 };
  let level = format.startLevel;
  let table = format.base;
  let highest = format.inputSize - 1;
  let attributes = 0;
  let space = nonSecure;
  const inputLow = input >>> 0;
  const inputHigh = (input - inputLow) / HIGH_WORD;
  for (;;) {
    const lowest = lowestResolvedBit(granule, level);
    const index = bitsOf(inputHigh, inputLow, highest, lowest);
    const address = table + index * 8;
    const failure = source.load(address, space, level);
    if (failure) {
      recorder?.step(
        step(format, onStage1Walk, level, table, index, highest, lowest, {
          descriptorPhysicalAddress: failure.nested ? undefined : source.physicalAddress,
          descriptor: undefined,
          kind: 'unreadable',
          outputAddress: undefined,
        }),
      );
      return failure;
    }
    let low = source.low;
    let high = source.high;
    if (format.bigEndian) {
      low = swapBytes(source.high);
      high = swapBytes(source.low);
    }
    const isTable = level < 3 && (low & 3) === 3;
    const isLeaf = level === 3 ? (low & 3) === 3 : (low & 3) === 1 && level >= format.firstBlockLevel;
    const next = addressIn(format.addressLayout, high, low, isLeaf ? lowest : granule.bits);
    recorder?.step(
      step(format, onStage1Walk, level, table, index, highest, lowest, {
        descriptorPhysicalAddress: source.physicalAddress,
        descriptor: joinHalves(high, low),
        kind: isTable ? 'table' : isLeaf ? (level === 3 ? 'page' : 'block') : 'invalid',
        outputAddress: isTable || isLeaf ? next : undefined,
      }),
    );
    if (!isTable && !isLeaf) return { failed: true, kind: 'translation', level };
    if (next >= outputLimit) return { failed: true, kind: 'addressSize', level };
    if (isLeaf) {
      return {
        failed: false,
        low,
        high,
        level,
        descriptorPhysicalAddress: source.physicalAddress,
        descriptorPhysicalNonSecure: source.physicalNonSecure,
        descriptorAddress: address,
        descriptorNonSecure: space,
        outputAddress: next + lowBits(inputHigh, inputLow, lowest),
        sizeBits: lowest,
        tableAttributes: attributes,
      };
    }
    attributes |= high & TABLE_ATTRIBUTES;
    if (format.stage === 1 && high & NS_TABLE) space = true;
    table = next;
    highest = lowest - 1;
    level = (level + 1) as TableLevel;
  }
}

function step(
  format: TableFormat,
  onStage1Walk: boolean,
  level: TableLevel,
  tableAddress: number,
  index: number,
  high: number,
  low: number,
  found: Pick<WalkStep, 'descriptorPhysicalAddress' | 'descriptor' | 'kind' | 'outputAddress'>,
): WalkStep {
  return {
    stage: format.stage,
    onStage1Walk,
    level,
    tableAddress,
    index,
    descriptorAddress: tableAddress + index * 8,
    inputBits: { high, low },
    ...found,
  };
}
