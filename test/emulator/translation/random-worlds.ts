/**
 * Random translation tables and register values. All tables of a stage lie in one pool, and every table descriptor
 * points somewhere into it, so that any address takes a long and surprising walk. Stage 2 sends every address into the
 * pool of stage 1, so that stage 1 finds its descriptors wherever it looks.
 */
import { FETCHES, OPERATIONS, type Question, TABLES_AT, UPPER_TABLE_AT, type World } from './qemu-oracle.ts';
import type { Random } from './random.ts';

export const POOL_BYTES = 0x10_0000;
export const STAGE1_POOL = TABLES_AT;
export const STAGE2_POOL = TABLES_AT + POOL_BYTES;

/** Kinds of worlds that must not share tables, because hardware updates would leak from one into the other. */
export interface WorldKind {
  readonly name: string;
  /** TCR_ELx.HA and HD, VTCR_EL2.HA and HD. */
  readonly accessFlagUpdates: boolean;
  readonly dirtyUpdates: boolean;
  /** Some descriptors hold addresses of more than 44 bits, and no world allows those. */
  readonly largeAddresses: boolean;
  /** HCR_EL2.FWB, which gives MemAttr of stage 2 another meaning. */
  readonly forcesWriteBack: boolean;
  /**
   * Some descriptors are blocks. QEMU 7.2 takes them at levels that have none and goes on from there, so the tables
   * afterwards can be compared only without them.
   */
  readonly blocks: boolean;
  /** Address sizes of up to 52 bits, for which the tables keep the bits that hold upper address bits mostly clear. */
  readonly wide: boolean;
  /** Secure worlds have EL2, as SCR_EL3.EEL2 allows. */
  readonly secureEl2: boolean;
}

const STAGE_2_ATTRIBUTES_FORCING = [0, 1, 2, 3, 5, 6, 7, 7, 7];
const STAGE_2_ATTRIBUTES = [0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 15, 15, 15, 15, 15];
const MAIR_BYTES = [0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0xaa, 0xee, 0x4f, 0xf4, 0x77, 0x33, 0xdd];

/** Fills both pools. */
export function randomTables(random: Random, kind: WorldKind): Uint8Array {
  const words = new Uint32Array((2 * POOL_BYTES) / 4);
  for (let i = 0; i < words.length; i += 2) {
    const [low, high] = randomDescriptor(random, kind, i * 4 >= POOL_BYTES);
    words[i] = low;
    words[i + 1] = high;
  }
  return new Uint8Array(words.buffer);
}

function randomDescriptor(random: Random, kind: WorldKind, stage2: boolean): [low: number, high: number] {
  if (random.chance(0.02)) return [random.word() & ~1, random.word()];
  const isBlock = kind.blocks && random.chance(0.15);
  // As a page descriptor the same bits are attributes, so both meanings matter.
  let low = isBlock ? 1 : 3;
  let high = 0;
  if (random.chance(stage2 ? 0.95 : 0.9)) low |= 1 << 10;
  if (!kind.wide) low |= random.pick([0, 2, 3]) << 8;
  else if (random.chance(0.03)) low |= random.below(4) << 8;
  const attributes = kind.forcesWriteBack ? STAGE_2_ATTRIBUTES_FORCING : STAGE_2_ATTRIBUTES;
  if (stage2) {
    low |= random.pick(attributes) << 2;
    low |= random.pick([1, 3, 3, 3, 3, 0, 2]) << 6;
  } else {
    // Stage 2 may read these as its own, and then NS and AttrIndx are MemAttr.
    low |= random.pick(attributes) << 2;
    low |= random.below(4) << 6;
  }
  if (random.chance(0.5)) low |= 1 << 11;
  // The next table, or what a page maps, lies in the pool of stage 1 except for stage 2's own tables.
  const pool = stage2 ? random.pick([STAGE1_POOL, STAGE2_POOL]) : STAGE1_POOL;
  const distance = random.below(POOL_BYTES / 4096) * 4096;
  low |= pool + (kind.wide && random.chance(0.9) ? distance & ~0xffff : distance);
  high |= random.word() & 0x00ff_0000;
  if (random.chance(0.1)) high |= (random.word() & 0x7800_0000) >>> 0;
  if (!stage2 && random.chance(0.05)) high |= 0x8000_0000;
  if (kind.largeAddresses && random.chance(0.01)) high |= random.pick([0x8000, 0x4000, 0x2000, 0x1000]);
  if (kind.wide && random.chance(0.01)) high |= random.below(4) << 16;
  return [low >>> 0, high >>> 0];
}

/** SCR_EL3.SIF, with which EL1 could not fetch its vectors from everywhere. */
const SIF = 1n << 9n;

const bit = (position: number, set: boolean): bigint => (set ? 1n << BigInt(position) : 0n);
const put = (value: number, position: number): bigint => BigInt(value) << BigInt(position);

/**
 * What decides about 52-bit addresses in a TCR or VTCR, SH0 being at `shareability`. QEMU 7.2 overlooks upper bits of
 * descriptors while DS is set with a smaller output size, so that DS comes with 52 bits.
 */
function wideControls(
  random: Random,
  kind: WorldKind,
  { outputSize, wide }: { readonly outputSize: number; readonly wide: number },
): bigint {
  if (!kind.wide) return put(outputSizeField(random, kind), outputSize);
  const shareability = put(random.pick([0, 2, 3]), 12);
  if (random.chance(0.6)) return put(6, outputSize) | (1n << BigInt(wide)) | shareability;
  return put(random.pick([5, 6, 6, 7]), outputSize) | shareability;
}

/** TCR_EL1, or TCR_EL2 while E2H is set. */
function randomTcr(random: Random, kind: WorldKind): bigint {
  return (
    put(sizeField(random, kind), 0) |
    bit(7, random.chance(0.08)) |
    put(random.pick([0, 1, 2]), 14) |
    put(sizeField(random, kind), 16) |
    bit(22, random.chance(0.5)) |
    bit(23, random.chance(0.08)) |
    put(random.pick([1, 2, 3]), 30) |
    wideControls(random, kind, { outputSize: 32, wide: 59 }) |
    put(random.pick([0, 2, 3]), 28) |
    bit(36, random.chance(0.5)) |
    bit(37, random.chance(0.5)) |
    bit(38, random.chance(0.5)) |
    bit(39, kind.accessFlagUpdates) |
    bit(40, kind.dirtyUpdates) |
    bit(41, random.chance(0.3)) |
    bit(42, random.chance(0.3)) |
    bit(51, random.chance(0.2)) |
    bit(52, random.chance(0.2)) |
    bit(55, random.chance(0.08)) |
    bit(56, random.chance(0.08))
  );
}

/** TCR_EL2 while E2H is clear. */
function randomSingleTcr(random: Random, kind: WorldKind): bigint {
  return (
    put(sizeField(random, kind), 0) |
    put(random.pick([0, 1, 2]), 14) |
    wideControls(random, kind, { outputSize: 16, wide: 32 }) |
    bit(20, random.chance(0.5)) |
    bit(21, kind.accessFlagUpdates) |
    bit(22, kind.dirtyUpdates) |
    bit(24, random.chance(0.3)) |
    bit(29, random.chance(0.2)) |
    (1n << 23n) |
    (1n << 31n)
  );
}

function sizeField(random: Random, kind: WorldKind): number {
  if (kind.wide && random.chance(0.6)) return 11 + random.below(7);
  if (random.chance(0.04)) return random.pick([0, 5, 11, 48, 49, 55, 63]);
  return 16 + random.below(33);
}

function outputSizeField(random: Random, kind: WorldKind): number {
  return kind.largeAddresses ? random.pick([0, 1, 2, 3, 4, 4, 4]) : random.pick([0, 1, 2, 3, 4, 5, 5, 5]);
}

/** Mostly combinations of SL0 and T0SZ that fit, some that do not. */
function randomVtcr(random: Random, kind: WorldKind): bigint {
  const tg0 = random.pick([0, 1, 2]);
  const granuleBits = [12, 16, 14][tg0]!;
  const stride = granuleBits - 3;
  const levels = random.pick(kind.wide ? (granuleBits === 12 ? [3, 4, 5] : [2, 3]) : [1, 2, 3]);
  const further = levels === 5;
  const startField = further ? 0 : levels - 1;
  const lowest = granuleBits + (levels - 1) * stride;
  let inputSize = lowest + 1 + random.below(stride + 4);
  if (random.chance(0.7)) inputSize = Math.max(inputSize, 32);
  inputSize = Math.min(Math.max(inputSize, 17), kind.wide ? 52 : 44);
  // QEMU 7.2 begins at level -1 for exactly 52 bits only.
  if (further) inputSize = 52;
  // QEMU 7.2 does not know the start at level 0 with 16 KB tables.
  const sl0 = random.chance(0.05) ? random.below(kind.wide && granuleBits === 14 ? 3 : 4) : startField;
  return (
    put(random.chance(0.04) ? 20 + random.below(44) : 64 - inputSize, 0) |
    put(sl0, 6) |
    put(tg0, 14) |
    (kind.wide
      ? // QEMU 7.2 refuses input addresses larger than PS.
        wideControls(random, kind, { outputSize: 16, wide: 32 }) | put(6, 16)
      : put(kind.largeAddresses ? 4 : random.pick([4, 5]), 16)) |
    bit(33, further || random.chance(0.02)) |
    bit(19, random.chance(0.5)) |
    bit(21, kind.accessFlagUpdates) |
    bit(22, kind.dirtyUpdates) |
    (1n << 31n)
  );
}

/** The fields of VSTCR_EL2 that VTCR_EL2 has as well, and SA and SW. */
function randomVstcr(random: Random, kind: WorldKind): bigint {
  const common = 0x2_0000_c0ffn;
  return (randomVtcr(random, kind) & common) | spaces(random) | (1n << 31n);
}

/** SA and SW of VSTCR_EL2, NSA and NSW of VTCR_EL2. */
function spaces(random: Random): bigint {
  return bit(29, random.chance(0.3)) | bit(30, random.chance(0.3));
}

function randomSctlr(random: Random): bigint {
  return (
    bit(0, random.chance(0.92)) |
    bit(2, true) |
    bit(12, true) |
    bit(19, random.chance(0.3)) |
    bit(25, random.chance(0.02))
  );
}

function randomMair(random: Random): bigint {
  let mair = 0n;
  for (let i = 0; i < 8; i++) mair |= put(random.pick(MAIR_BYTES), i * 8);
  return mair;
}

function randomBase(random: Random, kind: WorldKind, pool: number): bigint {
  let base = pool + random.below(POOL_BYTES);
  // Bits 5:2 may be address bits; QEMU 7.2 takes 5:3 for a place within a small table as well.
  if (kind.wide) base = (base & ~0x3e) | (random.chance(0.02) ? 4 : 0);
  return put(random.below(0x1_0000), 48) | BigInt(base);
}

export function randomWorld(random: Random, kind: WorldKind, questions: number): World {
  const nonSecure = random.chance(kind.secureEl2 ? 0.15 : 0.85);
  const hypervisor = nonSecure || kind.secureEl2;
  const host = random.chance(0.4);
  // Without Secure EL2, QEMU 7.2 lets NSTable lead a Secure walk into stage 2.
  const stage2 = hypervisor && random.chance(0.6);
  const hcr =
    bit(0, stage2) |
    // QEMU 7.2 heeds PTW even while stage 2 is off, and sets the access flag before PTW forbids the walk.
    bit(2, stage2 && kind.blocks && random.chance(0.3)) |
    bit(12, hypervisor && random.chance(0.1)) |
    // QEMU 7.2 does not let TGE alone turn stage 1 of EL1&0 off.
    bit(27, host && random.chance(0.3)) |
    bit(31, true) |
    bit(32, random.chance(0.15)) |
    bit(34, host) |
    bit(46, kind.forcesWriteBack);
  const registers = {
    // RW, HCE and NS.
    SCR_EL3: (1n << 10n) | (1n << 8n) | (nonSecure ? 1n : 0n) | bit(9, random.chance(0.3)) | bit(18, kind.secureEl2),
    HCR_EL2: hcr,
    SCTLR_EL1: randomSctlr(random),
    TCR_EL1: randomTcr(random, kind),
    MAIR_EL1: randomMair(random),
    TTBR0_EL1: randomBase(random, kind, STAGE1_POOL),
    TTBR1_EL1: randomBase(random, kind, STAGE1_POOL),
    SCTLR_EL2: randomSctlr(random),
    TCR_EL2: host ? randomTcr(random, kind) : randomSingleTcr(random, kind),
    MAIR_EL2: randomMair(random),
    TTBR0_EL2: randomBase(random, kind, STAGE1_POOL),
    TTBR1_EL2: randomBase(random, kind, STAGE1_POOL),
    VTCR_EL2: randomVtcr(random, kind) | (kind.secureEl2 ? spaces(random) : 0n),
    VTTBR_EL2: randomBase(random, kind, STAGE2_POOL),
    VSTCR_EL2: kind.secureEl2 ? randomVstcr(random, kind) : 0n,
    VSTTBR_EL2: kind.secureEl2 ? randomBase(random, kind, STAGE2_POOL) : 0n,
  };
  // Without Secure EL2 nothing names EL2 in Secure state.
  const operations = hypervisor ? OPERATIONS : OPERATIONS.filter(name => name.startsWith('S1E') && name[3] !== '2');
  return {
    registers,
    pan: random.chance(0.5),
    questions: Array.from({ length: questions }, () => randomQuestion(random, registers, operations)),
  };
}

/** An EL1 guest that fetches instructions from its lower address range. */
export function randomFetchWorld(random: Random, kind: WorldKind, questions: number): World {
  const plain = randomWorld(random, kind, 0);
  const stage2 = random.chance(0.6);
  const outputSize = kind.wide ? 6n : 5n;
  // Stage 2 refuses the tables of the upper range: none of its input addresses is that large.
  const wide = (plain.registers.TCR_EL1 & (1n << 59n)) !== 0n;
  const [refusedTable, smallestSizeField] = wide ? [1n << 5n, 13n] : kind.wide ? [1n << 47n, 17n] : [1n << 46n, 0n];
  const fromLevelMinus1 = 1n << 33n;
  const fromLevel0 = 2n << 6n;
  const asked = plain.registers.VTCR_EL2;
  const vtcr = (asked & fromLevelMinus1) === 0n ? asked : (asked & ~fromLevelMinus1) | fromLevel0;
  const vtcrSize = vtcr & 0x3fn;
  // Neither EPD1 nor another granule: EL1's vectors are in the upper range.
  const upperRange = (1n << 23n) | (3n << 30n);
  const registers = {
    ...plain.registers,
    SCR_EL3: kind.secureEl2 ? plain.registers.SCR_EL3 & ~SIF : (1n << 10n) | (1n << 8n) | 1n,
    HCR_EL2: bit(0, stage2) | bit(2, stage2 && random.chance(0.3)) | bit(31, true),
    SCTLR_EL1: (plain.registers.SCTLR_EL1 | 1n) & ~(1n << 25n),
    TCR_EL1:
      (plain.registers.TCR_EL1 & ~((7n << 32n) | upperRange | (0x3fn << 16n))) |
      (outputSize << 32n) |
      (25n << 16n) |
      (2n << 30n),
    TTBR1_EL1: stage2 ? refusedTable : BigInt(UPPER_TABLE_AT),
    VTCR_EL2: (vtcr & ~0x3fn) | (vtcrSize < smallestSizeField ? smallestSizeField : vtcrSize),
    SCTLR_EL2: plain.registers.SCTLR_EL2 & ~1n,
  };
  const sizeBits = Math.min(Math.max(64 - Number(registers.TCR_EL1 & 0x3fn), 12), 52);
  return {
    registers,
    pan: false,
    questions: Array.from({ length: questions }, () => ({
      operation: random.pick(FETCHES),
      virtualAddress: random.bits(random.chance(0.03) ? 55 : sizeBits) & ~3n,
    })),
  };
}

function randomQuestion(
  random: Random,
  registers: World['registers'],
  operations: readonly (typeof OPERATIONS)[number][],
): Question {
  const operation = random.pick(operations);
  const tcr = operation.includes('E2') ? registers.TCR_EL2 : registers.TCR_EL1;
  const upper = random.chance(0.5);
  const sizeBits = 64 - Number((tcr >> (upper ? 16n : 0n)) & 0x3fn);
  let virtualAddress = random.bits(Math.min(Math.max(sizeBits, 12), 52));
  if (random.chance(0.03)) virtualAddress = random.bits(64);
  if (upper) virtualAddress |= ((1n << 64n) - 1n) & ~((1n << BigInt(Math.min(Math.max(sizeBits, 12), 52))) - 1n);
  if (random.chance(0.2)) virtualAddress = (virtualAddress & ((1n << 56n) - 1n)) | (random.bits(8) << 56n);
  return { operation, virtualAddress };
}
