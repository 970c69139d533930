/**
 * Numbers that an instruction need not be able to hold: what GNU as refuses we refuse, naming what is legal, and what it
 * takes we take to the same word.
 */
import { Random } from '../../translation/random.ts';
import { assembleText, type Checked, type Difference, gnuWords } from './binutils.ts';

/** A number that is neither part of a name nor a label. */
const NUMBER = /#-?(?:0x[0-9a-f]+|\d+)(?![.\w])/g;
const LABEL = /(?<!#)\b0x[0-9a-f]+$/;

/** Where GNU as takes what it should not. */
const careless: readonly { readonly row: RegExp; readonly text?: RegExp; readonly why: string }[] = [
  { row: /^LDFF1\w+ \(SVE, vector and immediate/, why: 'offsets out of range are taken, modulo the field' },
  {
    row: /\(SVE, scalar index|\(SME, tile slice/,
    text: /lsl #0\]/,
    why: 'an index without its shift is taken, and shifted',
  },
  {
    row: /^MOV[NZ]$|^(AND|ORR|EOR|ANDS) \(immediate|\(SVE, (bitmask )?immediate/,
    why: 'numbers are taken modulo the size of the register or element',
  },
];

/** One text for each number of an instance, in which that number is replaced by another, near or far. */
function withOtherNumbers(instance: Checked, random: Random): Checked[] {
  return [...instance.text.matchAll(NUMBER)].map(match => {
    const [text] = match;
    const value = text.startsWith('#-') ? -BigInt(text.slice(2)) : BigInt(text.slice(1));
    const power = 1n << BigInt(random.below(17));
    const others = [value + 1n, value + power, value - power, -value, power, -power, power - 1n, value * 2n];
    const before = instance.text.slice(0, match.index);
    const after = instance.text.slice(match.index + text.length);
    return { ...instance, text: `${before}#${random.pick(others)}${after}` };
  });
}

export interface NumberResult {
  readonly lines: number;
  /** Lines that GNU as refused. */
  readonly refused: number;
  readonly differences: readonly Difference[];
}

/** Assembles instances with other numbers in GNU as and here. */
export function compareNumbers(instances: readonly Checked[], seed: number): NumberResult {
  const random = new Random(seed);
  const list = instances.flatMap(one => withOtherNumbers(one, random));
  const theirs = gnuWords(list.map(({ text }) => text.replace(LABEL, '.')));
  let refused = 0;
  const differences: Difference[] = [];
  for (const [i, { row, pc, text }] of list.entries()) {
    const expected = theirs[i] as number | string;
    const ours = assembleText(text.replace(LABEL, `0x${pc.toString(16)}`), pc);
    if (typeof expected === 'string') refused++;
    const same = typeof expected === 'string' ? typeof ours === 'string' && /\d/.test(ours) : ours === expected;
    if (same || careless.some(one => one.row.test(row.name) && (one.text?.test(text) ?? true))) continue;
    const word = typeof ours === 'number' ? ours : 0;
    differences.push({ row: row.name, word, ours: `${text}” gives “${ours}`, theirs: `${expected}` });
  }
  return { lines: list.length, refused, differences };
}
