/**
 * Authentication codes in pointers (Arm ARM D8.10): the codes themselves, and how pointers take and lose them.
 *
 * What depends on control registers arrives as one word, which the processing element keeps up to date.
 */
import { type Helper, helper, type I32, type I64, type SemanticsBuilder, type V128 } from '../semantics.ts';

/** Bits of the word that tells what instructions of pointer authentication do here and now. */
export const authenticationWord = {
  /** Four bits, for the keys in the order of `AuthenticationKey`: the instructions change pointers. */
  enabled: 0,
  /** Four bits: they are trapped. */
  trapped: 4,
  /** PACGA is trapped. */
  genericTrapped: 8,
  /** Two bits, for the lower and the upper address range: instruction addresses have a top byte that is ignored. */
  instructionTags: 9,
  /** Two bits: data addresses have. */
  dataTags: 11,
  /** A wrong code raises an exception (FEAT_FPAC), and also in branches, returns and loads that authenticate (FEAT_FPACCOMBINE). */
  faults: 13,
  combinedFaults: 14,
  /** Six bits each: the lowest bit above the address, in the lower and the upper range. */
  bottomLower: 16,
  bottomUpper: 22,
  /** The code is a hash instead of QARMA5. */
  hashed: 28,
  /** Codes are exclusive-ORed into pointers (FEAT_PAuth2). */
  enhanced: 29,
} as const;

export type AuthenticationKey = 0 | 1 | 2 | 3;
/** Keys by number: IA, IB, DA, DB. */
export const authenticationKeys = ['APIAKey', 'APIBKey', 'APDAKey', 'APDBKey'] as const;

// ---- QARMA5 (R. Avanzi, "The QARMA block cipher family", 2017): 16 cells of four bits, the first the highest

/** The order of cells after the permutation τ, and of the tweak after h. */
const CELLS = [0, 11, 6, 13, 10, 1, 12, 7, 5, 14, 3, 8, 15, 4, 9, 2];
const TWEAK_CELLS = [6, 5, 14, 15, 0, 1, 2, 3, 7, 12, 13, 4, 8, 9, 10, 11];
/** Cells of the tweak that step through a shift register. */
const STEPPING = [0, 1, 3, 4, 8, 11, 13];
/** The S-box σ2. */
const SUBSTITUTION = [11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10];
const ROUND_CONSTANTS = [0n, 0x13198a2e03707344n, 0xa4093822299f31d0n, 0x082efa98ec4e6c89n, 0x452821e638d01377n];
const ALPHA = 0xc0ac29b7c97c50ddn;
/** The number of the last of the forward rounds. */
const LAST_ROUND = 4;

const inverted = (order: readonly number[]) => order.map((_, i) => order.indexOf(i));
const sixteen = (value: (i: number) => number) => Array.from({ length: 16 }, (_, i) => value(i));
const cellsOf = (value: bigint) => sixteen(i => Number((value >> BigInt(60 - 4 * i)) & 15n));

/** Operations on cells, one in each byte of a vector. */
class Cells {
  private readonly b: SemanticsBuilder;
  constructor(b: SemanticsBuilder) {
    this.b = b;
  }
  private op(code: string, ...args: V128[]): V128 {
    return this.b.wasm('v128', code, args);
  }
  constant(value: bigint): V128 {
    return this.b.v128(cellsOf(value));
  }
  xor(first: V128, ...rest: V128[]): V128 {
    return rest.reduce((all, one) => this.op('v128.xor', all, one), first);
  }
  private shift(x: V128, direction: 'shl' | 'shr_u', by: number): V128 {
    return this.b.wasm('v128', `i8x16.${direction}`, [x, this.b.i32(by)]);
  }
  private four(x: V128): V128 {
    return this.op('v128.and', x, this.b.v128(sixteen(() => 15)));
  }
  order(x: V128, order: readonly number[]): V128 {
    return this.b.wasm('v128', 'i8x16.shuffle', [x, x], order);
  }
  substitute(x: V128, table: readonly number[]): V128 {
    return this.op('i8x16.swizzle', this.b.v128(table), x);
  }
  /** The doubleword's byte k holds the cells 15 - 2k and 14 - 2k. */
  from(value: I64): V128 {
    const bytes = this.b.wasm<'v128'>('v128', 'i64x2.splat', [value]);
    const order = sixteen(i => 7 - (i >> 1) + 16 * (i & 1));
    return this.b.wasm('v128', 'i8x16.shuffle', [this.shift(bytes, 'shr_u', 4), this.four(bytes)], order);
  }
  to(x: V128): I64 {
    const high = this.order(
      x,
      sixteen(i => 14 - 2 * (i & 7)),
    );
    const low = this.order(
      x,
      sixteen(i => 15 - 2 * (i & 7)),
    );
    return this.b.wasm('i64', 'i64x2.extract_lane', [this.op('v128.or', this.shift(high, 'shl', 4), low)], 0);
  }
  private rotate(x: V128, by: number): V128 {
    return this.four(this.op('v128.or', this.shift(x, 'shl', by), this.shift(x, 'shr_u', 4 - by)));
  }
  /** Multiplies each column with the circulant matrix of rotations 0, 1, 2, 1, of which the first is nothing. */
  multiply(x: V128): V128 {
    const up = (rows: number) =>
      this.order(
        x,
        sixteen(i => (i + 4 * rows) & 15),
      );
    return this.xor(this.rotate(up(1), 1), this.rotate(up(2), 2), this.rotate(up(3), 1));
  }
  private inStepping(changed: V128, kept: V128): V128 {
    const mask = this.b.v128(sixteen(i => (STEPPING.includes(i) ? 255 : 0)));
    return this.op('v128.bitselect', changed, kept, mask);
  }
  /** The tweak of the next round. */
  nextTweak(tweak: V128): V128 {
    const moved = this.order(tweak, TWEAK_CELLS);
    const low = this.xor(moved, this.shift(moved, 'shr_u', 1));
    const stepped = this.op('v128.or', this.shift(moved, 'shr_u', 1), this.four(this.shift(low, 'shl', 3)));
    return this.inStepping(stepped, moved);
  }
  /** The tweak of the round before. */
  previousTweak(tweak: V128): V128 {
    const low = this.xor(this.shift(tweak, 'shr_u', 3), this.op('v128.and', tweak, this.b.v128(sixteen(() => 1))));
    const stepped = this.op('v128.or', this.four(this.shift(tweak, 'shl', 1)), low);
    return this.order(this.inStepping(stepped, tweak), inverted(TWEAK_CELLS));
  }
}

/** QARMA5 of a doubleword with a tweak; the key's upper half whitens, its lower half is that of the rounds. */
export const qarma5 = helper(
  'qarma5',
  ['i64', 'i64', 'i64', 'i64'],
  'i64',
  (b, data: I64, modifier: I64, keyHigh: I64, keyLow: I64) => {
    const cells = new Cells(b);
    const outer = cells.from(keyHigh);
    const turned = b.xor(b.rotateRight(keyHigh, b.i64(1)), b.shrUnsigned(keyHigh, b.i64(63)));
    const otherOuter = cells.from(turned);
    const round = cells.from(keyLow);
    const forward = (x: V128) => cells.multiply(cells.order(x, CELLS));
    const backward = (x: V128) => cells.order(cells.multiply(x), inverted(CELLS));
    const undo = (x: V128) => cells.substitute(x, inverted(SUBSTITUTION));

    let tweak = cells.from(modifier);
    let state = cells.xor(cells.from(data), outer);
    for (let i = 0; i <= LAST_ROUND; i++) {
      state = cells.xor(state, round, tweak, cells.constant(ROUND_CONSTANTS[i] as bigint));
      if (i > 0) state = forward(state);
      state = cells.substitute(state, SUBSTITUTION);
      tweak = cells.nextTweak(tweak);
    }
    // The middle: one more round each way around the reflector.
    state = cells.substitute(forward(cells.xor(state, otherOuter, tweak)), SUBSTITUTION);
    state = cells.xor(forward(state), round);
    state = undo(cells.order(state, inverted(CELLS)));
    state = cells.xor(backward(state), outer, tweak);
    for (let i = 0; i <= LAST_ROUND; i++) {
      state = undo(state);
      if (i < LAST_ROUND) state = backward(state);
      tweak = cells.previousTweak(tweak);
      const constant = (ROUND_CONSTANTS[LAST_ROUND - i] as bigint) ^ ALPHA;
      state = cells.xor(state, round, tweak, cells.constant(constant));
    }
    return cells.to(cells.xor(state, otherOuter));
  },
);

// ---- the quick alternative: XXH64 (Y. Collet) of data, modifier and key, with seed 1 and without the length

const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const SEED = 1n;

export const hashedCode = helper(
  'hashedCode',
  ['i64', 'i64', 'i64', 'i64'],
  'i64',
  (b, data: I64, modifier: I64, keyHigh: I64, keyLow: I64) => {
    const number = (value: bigint) => b.i64(BigInt.asIntN(64, value));
    const [p1, p2, p3, p4] = PRIMES;
    const round = (lane: I64, input: I64) =>
      b.mul(b.rotateLeft(b.add(lane, b.mul(input, number(p2))), b.i64(31)), number(p1));
    const lanes = [
      round(number(SEED + p1 + p2), data),
      round(number(SEED + p2), modifier),
      round(number(SEED), keyLow),
      round(number(SEED - p1), keyHigh),
    ] as const;
    let hash = lanes
      .map((lane, i) => b.rotateLeft(lane, b.i64([1, 7, 12, 18][i] as number)))
      .reduce((sum, one) => b.add(sum, one));
    for (const lane of lanes) {
      const merged = b.xor(hash, round(b.i64(0), lane));
      hash = b.add(b.mul(merged, number(p1)), number(p4));
    }
    hash = b.mul(b.xor(hash, b.shrUnsigned(hash, b.i64(33))), number(p2));
    hash = b.mul(b.xor(hash, b.shrUnsigned(hash, b.i64(29))), number(p3));
    return b.xor(hash, b.shrUnsigned(hash, b.i64(32)));
  },
);

// ---- pointers

const field = (b: SemanticsBuilder, word: I32, at: number, width: number): I32 =>
  b.and(b.shrUnsigned(word, b.i32(at)), b.i32(2 ** width - 1));

function computeCode(b: SemanticsBuilder, data: I64, modifier: I64, keyHigh: I64, keyLow: I64, word: I32): I64 {
  const code = b.variable(b.i64(0));
  b.if(
    field(b, word, authenticationWord.hashed, 1),
    () => b.assign(code, b.call('i64', hashedCode, data, modifier, keyHigh, keyLow)),
    () => b.assign(code, b.call('i64', qarma5, data, modifier, keyHigh, keyLow)),
  );
  return b.valueOf(code);
}

/** Bit 55 tells the address range; it is never part of a code. */
const RANGE = 55;

interface Shape {
  /** 1 in the upper address range. */
  readonly upper: I32;
  /** 1 when the top byte is a tag. */
  readonly tagged: I32;
  /** The bits above the address and below a tag. */
  readonly extension: I64;
  /** The pointer without a code: those bits all alike. */
  readonly plain: I64;
}

function shapeOf(b: SemanticsBuilder, pointer: I64, word: I32, tags: I32, upper: I32): Shape {
  const tagged = b.and(b.shrUnsigned(tags, bitOf(b, pointer, RANGE)), b.i32(1));
  const { bottomLower, bottomUpper } = authenticationWord;
  const bottom = b.select(upper, field(b, word, bottomUpper, 6), field(b, word, bottomLower, 6));
  const above = b.shl(b.i64(-1), b.zeroExtend(bottom));
  const extension = b.and(above, b.select(tagged, b.i64((1n << 56n) - 1n), b.i64(-1)));
  const cleared = b.and(pointer, b.not(extension));
  const plain = b.or(cleared, b.select(upper, extension, b.i64(0)));
  return { upper, tagged, extension, plain };
}

const bitOf = (b: SemanticsBuilder, value: I64, at: number): I32 =>
  b.and(b.wrap(b.shrUnsigned(value, b.i64(at))), b.i32(1));

const isEnhanced = (b: SemanticsBuilder, word: I32): I32 => field(b, word, authenticationWord.enhanced, 1);

const codeBits = (b: SemanticsBuilder, { extension }: Shape): I64 => b.and(extension, b.i64(~(1n << BigInt(RANGE))));

const tagsAt = (b: SemanticsBuilder, word: I32, data: boolean): I32 =>
  field(b, word, data ? authenticationWord.dataTags : authenticationWord.instructionTags, 2);

const pointerHelper = (
  name: string,
  build: (b: SemanticsBuilder, pointer: I64, modifier: I64, keyHigh: I64, keyLow: I64, word: I32) => I64,
): Helper => helper(name, ['i64', 'i64', 'i64', 'i64', 'i32'], 'i64', build);

/**
 * AddPAC. A pointer that is no address gets a code that no authentication accepts; with FEAT_PAuth2 its upper bits change the
 * code, and authentication gives them back.
 */
const sign = (data: boolean) =>
  pointerHelper(`sign${data ? 'Data' : 'Instruction'}`, (b, pointer, modifier, keyHigh, keyLow, word) => {
    const tags = tagsAt(b, word, data);
    // With tags the top bit says nothing about the range.
    const upper = b.select(tags, bitOf(b, pointer, RANGE), bitOf(b, pointer, 63));
    const shape = shapeOf(b, pointer, word, tags, upper);
    const code = computeCode(b, shape.plain, modifier, keyHigh, keyLow, word);
    const given = b.and(pointer, shape.extension);
    const bad = b.and(b.notEqual(given, b.i64(0)), b.notEqual(given, shape.extension));
    const mark = b.select(shape.tagged, b.i64(1n << 54n), b.i64(1n << 62n));
    const replacing = b.select(bad, b.xor(code, mark), code);
    const marked = b.select(isEnhanced(b, word), b.xor(code, pointer), replacing);
    const range = b.shl(b.zeroExtend(upper), b.i64(RANGE));
    return b.or(
      b.or(b.and(marked, codeBits(b, shape)), range),
      b.and(pointer, b.not(b.or(shape.extension, b.i64(1n << BigInt(RANGE))))),
    );
  });

/**
 * Auth. A wrong code leaves an address that cannot be used: one that tells the key by two bits, with FEAT_PAuth2 what
 * taking out the right code makes of it.
 */
const authenticate = (data: boolean, keyB: boolean) =>
  pointerHelper(
    `authenticate${data ? 'Data' : 'Instruction'}${keyB ? 'B' : 'A'}`,
    (b, pointer, modifier, keyHigh, keyLow, word) => {
      const shape = shapeOf(b, pointer, word, tagsAt(b, word, data), bitOf(b, pointer, RANGE));
      const code = computeCode(b, shape.plain, modifier, keyHigh, keyLow, word);
      const wrong = b.and(b.xor(code, pointer), codeBits(b, shape));
      const at = b.select(shape.tagged, b.i64(53), b.i64(61));
      const failed = b.or(b.and(shape.plain, b.not(b.shl(b.i64(3), at))), b.shl(b.i64(keyB ? 2 : 1), at));
      const replaced = b.select(b.isZero(wrong), shape.plain, failed);
      return b.select(isEnhanced(b, word), b.xor(pointer, b.and(code, codeBits(b, shape))), replaced);
    },
  );

/** Strip. */
const strip = (data: boolean) =>
  helper(
    `strip${data ? 'Data' : 'Instruction'}`,
    ['i64', 'i32'],
    'i64',
    (b, pointer: I64, word: I32) => shapeOf(b, pointer, word, tagsAt(b, word, data), bitOf(b, pointer, RANGE)).plain,
  );

export const signPointer = { instruction: sign(false), data: sign(true) } as const;
export const stripPointer = { instruction: strip(false), data: strip(true) } as const;
/** By the number of the key. */
export const authenticatePointer: readonly [Helper, Helper, Helper, Helper] = [
  authenticate(false, false),
  authenticate(false, true),
  authenticate(true, false),
  authenticate(true, true),
];

/** PACGA: the upper half of a code of any 64 bits. */
export const genericCode = pointerHelper('genericCode', (b, data, modifier, keyHigh, keyLow, word) =>
  b.and(computeCode(b, data, modifier, keyHigh, keyLow, word), b.i64(~0xffff_ffffn)),
);
