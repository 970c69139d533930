/** The steps of the hash SM3 (GB/T 32905) and the cipher SM4 (GB/T 32907) as the instructions divide them. */
import { helper, type I32, type SemanticsBuilder, type V128 } from '../semantics.ts';
import { fieldInverse, substituteBytes } from './crypto-substitution.ts';
import { choose, majority, mixLeft, parity, sum, vectorOfWords, wordsOf } from './crypto-words.ts';

type Mix = (b: SemanticsBuilder, x: I32, y: I32, z: I32) => I32;

const turn = (b: SemanticsBuilder, x: I32, by: number) => b.rotateLeft(x, b.i32(by));

/** The word that both halves of a round add: only the highest word of each operand counts. */
export const sm3Sum = helper('sm3Sum', ['v128', 'v128', 'v128'], 'v128', (b, x: V128, y: V128, z: V128) => {
  const top = (v: V128) => wordsOf(b, v)[3];
  const word = turn(b, sum(b, turn(b, top(x), 12), top(y), top(z)), 7);
  return vectorOfWords(b, [b.i32(0), b.i32(0), b.i32(0), word]);
});

/** One round of the half A to D. The operands: D to A, SS1 in the highest word, the word of the message. */
const sm3First = (name: string, mix: Mix) =>
  helper(name, ['v128', 'v128', 'i32'], 'v128', (b, hash: V128, ss1: V128, word: I32) => {
    const [d, c, second, a] = wordsOf(b, hash);
    const ss2 = b.xor(wordsOf(b, ss1)[3], turn(b, a, 12));
    const next = sum(b, mix(b, a, second, c), d, ss2, word);
    return vectorOfWords(b, [c, turn(b, second, 9), a, next]);
  });

export const sm3FirstParity = sm3First('sm3FirstParity', parity);
export const sm3FirstMajority = sm3First('sm3FirstMajority', majority);

/** One round of the half E to H. */
const sm3Second = (name: string, mix: Mix) =>
  helper(name, ['v128', 'v128', 'i32'], 'v128', (b, hash: V128, ss1: V128, word: I32) => {
    const [h, g, f, e] = wordsOf(b, hash);
    const next = sum(b, mix(b, e, f, g), h, wordsOf(b, ss1)[3], word);
    return vectorOfWords(b, [g, turn(b, f, 19), e, mixLeft(b, next, 9, 17)]);
  });

export const sm3SecondParity = sm3Second('sm3SecondParity', parity);
export const sm3SecondChoose = sm3Second('sm3SecondChoose', choose);

/** The first part of four words of the message's expansion. */
export const sm3ExpandFirst = helper(
  'sm3ExpandFirst',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, d: V128, n: V128, m: V128) => {
    const x = wordsOf(b, b.wasm('v128', 'v128.xor', [d, n]));
    const [, m1, m2, m3] = wordsOf(b, m);
    const permuted = (one: I32) => mixLeft(b, one, 15, 23);
    const first = permuted(b.xor(x[0], turn(b, m1, 15)));
    const last = permuted(b.xor(x[3], turn(b, first, 15)));
    return vectorOfWords(b, [
      first,
      permuted(b.xor(x[1], turn(b, m2, 15))),
      permuted(b.xor(x[2], turn(b, m3, 15))),
      last,
    ]);
  },
);

/** The second part. */
export const sm3ExpandSecond = helper(
  'sm3ExpandSecond',
  ['v128', 'v128', 'v128'],
  'v128',
  (b, d: V128, n: V128, m: V128) => {
    const [n0, n1, n2, n3] = wordsOf(b, n);
    const [m0, m1, m2, m3] = wordsOf(b, m);
    const partial = [
      b.xor(n0, turn(b, m0, 7)),
      b.xor(n1, turn(b, m1, 7)),
      b.xor(n2, turn(b, m2, 7)),
      b.xor(n3, turn(b, m3, 7)),
    ] as const;
    const last = mixLeft(b, turn(b, partial[0], 15), 15, 23);
    const all = vectorOfWords(b, [partial[0], partial[1], partial[2], b.xor(partial[3], last)]);
    return b.wasm('v128', 'v128.xor', [d, all]);
  },
);

/** x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1. */
const POLYNOMIAL = 0x1f5;

/** The affine map of SM4's S-box: a circulant matrix of bits with first row 0xa7, and a constant. */
function affine(x: number): number {
  let y = 0;
  for (let bit = 0; bit < 8; bit++) {
    const row = ((0xa7 << bit) | (0xa7 >> (8 - bit))) & 0xff;
    let ones = row & x;
    ones ^= ones >> 4;
    ones ^= ones >> 2;
    y |= ((ones ^ (ones >> 1)) & 1) << bit;
  }
  return y ^ 0xd3;
}

/** SM4's S-box: the affine map before and after the inverse in the field. */
export const sm4Substitution: readonly number[] = Array.from({ length: 256 }, (_, x) =>
  affine(fieldInverse(affine(x), POLYNOMIAL)),
);

/** Four rounds; `mix` is the linear map of the cipher or of its key schedule. */
const sm4Rounds = (name: string, mix: (b: SemanticsBuilder, x: I32) => I32) =>
  helper(name, ['v128', 'v128'], 'v128', (b, block: V128, keys: V128) => {
    let [x0, x1, x2, x3] = wordsOf(b, block);
    for (const key of wordsOf(b, keys)) {
      const bytes = b.wasm<'v128'>('v128', 'i32x4.splat', [b.xor(parity(b, x1, x2, x3), key)]);
      const word = b.wasm<'i32'>('i32', 'i32x4.extract_lane', [substituteBytes(b, bytes, sm4Substitution)], 0);
      [x0, x1, x2, x3] = [x1, x2, x3, b.xor(x0, mix(b, word))];
    }
    return vectorOfWords(b, [x0, x1, x2, x3]);
  });

export const sm4Encrypt = sm4Rounds('sm4Encrypt', (b, x) => mixLeft(b, x, 2, 10, 18, 24));
export const sm4Keys = sm4Rounds('sm4Keys', (b, x) => mixLeft(b, x, 13, 23));
