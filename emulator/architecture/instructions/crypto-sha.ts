/** The steps of SHA-1, SHA-256 and SHA-512 (FIPS 180-4) as the instructions divide them. */
import { helper, type I32, type I64, type SemanticsBuilder, type V128 } from '../semantics.ts';
import {
  choose,
  doublewordsOf,
  majority,
  mixRotations,
  parity,
  sum,
  vectorOfDoublewords,
  vectorOfWords,
  wordsOf,
} from './crypto-words.ts';

type Words = [I32, I32, I32, I32];
type Mix = (b: SemanticsBuilder, x: I32, y: I32, z: I32) => I32;

/** Four rounds of SHA-1: the hash a to d, then e, and four words of the schedule with the constant added. */
const sha1Rounds = (name: string, mix: Mix) =>
  helper(name, ['v128', 'i32', 'v128'], 'v128', (b, hash: V128, last: I32, schedule: V128) => {
    let [a, second, c, d] = wordsOf(b, hash);
    let e = last;
    for (const word of wordsOf(b, schedule)) {
      const next = sum(b, e, b.rotateLeft(a, b.i32(5)), mix(b, second, c, d), word);
      [a, second, c, d, e] = [next, a, b.rotateLeft(second, b.i32(30)), c, d];
    }
    return vectorOfWords(b, [a, second, c, d]);
  });

export const sha1Choose = sha1Rounds('sha1Choose', choose);
export const sha1Parity = sha1Rounds('sha1Parity', parity);
export const sha1Majority = sha1Rounds('sha1Majority', majority);

/** The second half of four words of the schedule: rotations, of which the last needs the first. */
export const sha1Schedule = helper('sha1Schedule', ['v128', 'v128'], 'v128', (b, partial: V128, before: V128) => {
  const p = wordsOf(b, partial);
  const [, w1, w2, w3] = wordsOf(b, before);
  const turn = (x: I32, by: number) => b.rotateLeft(x, b.i32(by));
  const first = b.xor(p[0], w1);
  return vectorOfWords(b, [
    turn(first, 1),
    turn(b.xor(p[1], w2), 1),
    turn(b.xor(p[2], w3), 1),
    b.xor(turn(p[3], 1), turn(first, 2)),
  ]);
});

/** Four rounds of SHA-256; the result is the half a to d or the half e to h. */
const sha256Rounds = (name: string, upper: boolean) =>
  helper(name, ['v128', 'v128', 'v128'], 'v128', (b, abcd: V128, efgh: V128, schedule: V128) => {
    let x: Words = wordsOf(b, abcd);
    let y: Words = wordsOf(b, efgh);
    for (const word of wordsOf(b, schedule)) {
      const t = sum(b, y[3], mixRotations(b, y[0], 6, 11, 25), choose(b, y[0], y[1], y[2]), word);
      const e = b.add(x[3], t);
      const a = sum(b, t, mixRotations(b, x[0], 2, 13, 22), majority(b, x[0], x[1], x[2]));
      x = [a, x[0], x[1], x[2]];
      y = [e, y[0], y[1], y[2]];
    }
    return vectorOfWords(b, upper ? x : y);
  });

export const sha256Upper = sha256Rounds('sha256Upper', true);
export const sha256Lower = sha256Rounds('sha256Lower', false);

/** Words 1 to 4 of eight consecutive ones. */
export const nextWords = (b: SemanticsBuilder, first: V128, second: V128): V128 =>
  b.wasm(
    'v128',
    'i8x16.shuffle',
    [first, second],
    Array.from({ length: 16 }, (_, i) => i + 4),
  );

const mixedWithShift = (b: SemanticsBuilder, x: I32, one: number, other: number, shift: number): I32 =>
  b.xor(mixRotations(b, x, one, other), b.shrUnsigned(x, b.i32(shift)));

export const sha256ScheduleFirst = helper('sha256ScheduleFirst', ['v128', 'v128'], 'v128', (b, w: V128, next: V128) => {
  const mixed = wordsOf(b, nextWords(b, w, next)).map(x => mixedWithShift(b, x, 7, 18, 3)) as Words;
  return b.wasm('v128', 'i32x4.add', [w, vectorOfWords(b, mixed)]);
});

export const sha256ScheduleSecond = helper(
  'sha256ScheduleSecond',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, w: V128, n: V128, m: V128) => {
    const partial = wordsOf(b, b.wasm('v128', 'i32x4.add', [w, nextWords(b, n, m)]));
    const [, , m2, m3] = wordsOf(b, m);
    const mixed = (x: I32) => mixedWithShift(b, x, 17, 19, 10);
    const first = b.add(partial[0], mixed(m2));
    const second = b.add(partial[1], mixed(m3));
    return vectorOfWords(b, [first, second, b.add(partial[2], mixed(first)), b.add(partial[3], mixed(second))]);
  },
);

/** Two rounds of SHA-512, the half of the sums that e and f need. */
export const sha512First = helper(
  'sha512First',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, partial: V128, gh: V128, ef: V128) => {
    const [w0, w1] = doublewordsOf(b, partial);
    const [x0, x1] = doublewordsOf(b, gh);
    const [y0, y1] = doublewordsOf(b, ef);
    const high = sum(b, choose(b, y1, x0, x1), mixRotations(b, y1, 14, 18, 41), w1);
    const e = b.add(high, y0);
    const low = sum(b, choose(b, e, y1, x0), mixRotations(b, e, 14, 18, 41), w0);
    return vectorOfDoublewords(b, low, high);
  },
);

/** Two rounds of SHA-512, the half that a and b need. */
export const sha512Second = helper(
  'sha512Second',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, partial: V128, cd: V128, ab: V128) => {
    const [w0, w1] = doublewordsOf(b, partial);
    const [x0] = doublewordsOf(b, cd);
    const [y0, y1] = doublewordsOf(b, ab);
    const high = sum(b, majority(b, x0, y1, y0), mixRotations(b, y0, 28, 34, 39), w1);
    const low = sum(b, majority(b, high, y0, y1), mixRotations(b, high, 28, 34, 39), w0);
    return vectorOfDoublewords(b, low, high);
  },
);

const mixed64 = (b: SemanticsBuilder, x: I64, one: number, other: number, shift: number): I64 =>
  b.xor(mixRotations(b, x, one, other), b.shrUnsigned(x, b.i64(shift)));

export const sha512ScheduleFirst = helper('sha512ScheduleFirst', ['v128', 'v128'], 'v128', (b, w: V128, next: V128) => {
  const [w0, w1] = doublewordsOf(b, w);
  const [n0] = doublewordsOf(b, next);
  return vectorOfDoublewords(b, b.add(w0, mixed64(b, w1, 1, 8, 7)), b.add(w1, mixed64(b, n0, 1, 8, 7)));
});

export const sha512ScheduleSecond = helper(
  'sha512ScheduleSecond',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, w: V128, x: V128, y: V128) => {
    const [low, high] = doublewordsOf(b, x).map(one => mixed64(b, one, 19, 61, 6)) as [I64, I64];
    const mixed = vectorOfDoublewords(b, low, high);
    return b.wasm('v128', 'i64x2.add', [b.wasm('v128', 'i64x2.add', [w, y]), mixed]);
  },
);
