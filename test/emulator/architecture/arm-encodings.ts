/** Arm's own list of A64 encodings (`test/data/arm/encodings.txt`, made by scripts/arm-data/instructions.mjs). */
import { readFileSync } from 'node:fs';
import { findFeature } from '../../../emulator/architecture/feature.ts';
import type { Random } from '../translation/random.ts';

interface BitTest {
  readonly mask: number;
  readonly value: number;
}

export interface ArmEncoding extends BitTest {
  readonly group: string;
  readonly name: string;
  readonly mnemonic: string;
  /** Bits that should have a value, which decoding ignores. */
  readonly should: BitTest;
  readonly features: string;
  readonly excluded: readonly BitTest[];
  /** The machine has the features that the encoding needs. */
  readonly present: boolean;
}

function bitTest(text: string, one: string, zero: string): BitTest {
  let mask = 0;
  let value = 0;
  for (const [i, bit] of [...text].entries()) {
    if (bit === one || bit === zero) mask |= 1 << (31 - i);
    if (bit === one) value |= 1 << (31 - i);
  }
  return { mask: mask >>> 0, value: value >>> 0 };
}

const has = (name: string) => findFeature(name)?.implemented ?? false;
const holds = (name: string) => (name.startsWith('!') ? !has(name.slice(1)) : has(name));

function read(line: string): ArmEncoding {
  const [group, name, mnemonic, bits, features, ...excluded] = line.split(' ') as [
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    group,
    name,
    mnemonic,
    ...bitTest(bits, '1', '0'),
    should: bitTest(bits, 'o', 'z'),
    features,
    excluded: excluded.map(text => bitTest(text, '1', '0')),
    present: features === '-' || features.split('|').some(all => all.split('&').every(holds)),
  };
}

export const armEncodings: readonly ArmEncoding[] = readFileSync('test/data/arm/encodings.txt', 'utf8')
  .trim()
  .split('\n')
  .map(read);

const matches = (word: number, { mask, value }: BitTest) => (word & mask) >>> 0 === value;

export function isEncoding(encoding: ArmEncoding, word: number): boolean {
  return matches(word, encoding) && !encoding.excluded.some(pattern => matches(word, pattern));
}

const byTop = new Map<number, ArmEncoding[]>();

/** The encodings that a word is; of a hint and HINT, or of an alias of bits, there may be two. */
export function encodingsOf(word: number): ArmEncoding[] {
  const top = word >>> 24;
  let candidates = byTop.get(top);
  if (!candidates) {
    candidates = armEncodings.filter(e => (((top << 24) ^ e.value) & e.mask & 0xff000000) >>> 0 === 0);
    byTop.set(top, candidates);
  }
  return candidates.filter(e => isEncoding(e, word));
}

/** A random word of an encoding, with the bits that should have a value having it; `shape` may prefer some words. */
export function randomWord(encoding: ArmEncoding, random: Random, shape = (word: number) => word): number {
  for (let tries = 0; ; tries++) {
    const chosen = tries < 100 ? shape(random.word()) : random.word();
    const free = (chosen & ~encoding.mask & ~encoding.should.mask) >>> 0;
    const word = (free | encoding.value | encoding.should.value) >>> 0;
    if (isEncoding(encoding, word)) return word;
  }
}
