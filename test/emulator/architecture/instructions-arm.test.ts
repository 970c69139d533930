import { describe, expect, test } from 'vitest';
import { decode } from '../../../emulator/architecture/decoder.ts';
import { findFeature } from '../../../emulator/architecture/feature.ts';
import type { Instruction } from '../../../emulator/architecture/instruction.ts';
import { instructions } from '../../../emulator/architecture/instructions/index.ts';
import { Random } from '../translation/random.ts';
import { type ArmEncoding, armEncodings, encodingsOf, randomWord } from './arm-encodings.ts';

const hex = (word: number) => `0x${word.toString(16).padStart(8, '0')}`;
const SEED = 0x5eed;

/** Groups whose every encoding must have a row; of floating point and SIMD, only what has rows is looked at. */
const isInteger = (e: ArmEncoding) =>
  !e.group.startsWith('simd_dp/') && !/FEAT_(FP|AdvSIMD)/.test(e.features) && !/_asisdl|^ldst\/asisdl/.test(e.group);

const mnemonicsOf = (row: Instruction) =>
  [...row.syntaxes, ...row.aliases.map(alias => alias.syntax)].map(template => template.mnemonic.replace(/\.$/, ''));

/** Mnemonics by which Arm's list calls what a row calls differently. */
const agreeOnName = (row: Instruction, encoding: ArmEncoding) =>
  mnemonicsOf(row).some(name => name === encoding.mnemonic.replace(/\.$/, ''));

/**
 * Encodings that Arm's list includes and that the manual's decoding then calls UNDEFINED, with the rule that says so.
 */
const reserved: readonly { readonly name: RegExp; readonly why: string }[] = [
  { name: /_addsub_shift$/, why: 'shift 3, or an amount beyond a 32-bit register' },
  { name: /_addsub_ext$/, why: 'a left shift by more than 4' },
  { name: /_log_shift$/, why: 'an amount beyond a 32-bit register' },
  { name: /_log_imm$/, why: 'an element of ones alone is no bitmask' },
  { name: /_movewide$/, why: 'a position beyond a 32-bit register' },
  { name: /_(bitfield|extract)$/, why: 'a position beyond a 32-bit register' },
  { name: /_ldst_regoff$/, why: 'an index that is not extended from a word or doubleword' },
  { name: /^(CASP|LDIAPP|STILP)/, why: 'a pair starts at an even register' },
  { name: /^MSR_SI_pstate$/, why: 'PSTATE fields of features that are absent' },
];

describe('Instruction rows and Arm’s list of encodings', () => {
  test('every integer encoding of the machine’s features is exactly one row', () => {
    const random = new Random(SEED);
    const problems: string[] = [];
    let agreed = 0;
    const uncovered: string[] = [];
    for (const encoding of armEncodings) {
      if (!encoding.present) continue;
      let found: Instruction | undefined;
      for (let i = 0; i < 100; i++) {
        const word = randomWord(encoding, random);
        const decoded = decode(word);
        if (!decoded) {
          if (isInteger(encoding) && !reserved.some(({ name }) => name.test(encoding.name)))
            problems.push(`${encoding.name} ${hex(word)} has no row`);
          continue;
        }
        // Among encodings that contain each other (hints within HINT) the narrower one is meant.
        const narrower = encodingsOf(word).some(
          e => e !== encoding && (e.mask & encoding.mask) >>> 0 === encoding.mask,
        );
        if (narrower) continue;
        found = decoded.row;
        if (!agreeOnName(decoded.row, encoding))
          problems.push(`${encoding.name} ${hex(word)} is decoded as ${decoded.row.name}`);
      }
      if (found) agreed++;
      else uncovered.push(encoding.name);
    }
    const missing = uncovered.filter(name => isInteger(armEncodings.find(e => e.name === name)!));
    console.log(
      `encodings of the machine’s features: ${agreed} agree, ${uncovered.length - missing.length} of floating point and SIMD not covered`,
    );
    expect(missing).toEqual([]);
    expect([...new Set(problems)].slice(0, 20)).toEqual([]);
  });

  test('no word outside of Arm’s list has a row', () => {
    const random = new Random(SEED + 1);
    const problems = new Set<string>();
    const check = (word: number) => {
      const decoded = decode(word);
      if (!decoded) return;
      if (
        !encodingsOf(word).some(
          e => e.present || decoded.row.feature === undefined || !findFeature(decoded.row.feature)?.implemented,
        )
      )
        problems.add(`${hex(word)} is no encoding, but ${decoded.row.name}`);
    };
    // Words one or two bits away from an instruction are the likeliest mistakes.
    for (const row of instructions)
      for (let i = 0; i < 400; i++) {
        let word = ((random.word() & ~row.pattern.mask) | row.pattern.value) >>> 0;
        for (let flips = random.below(3); flips > 0; flips--) word = (word ^ (1 << random.below(32))) >>> 0;
        check(word);
      }
    for (let i = 0; i < 200_000; i++) check(random.word());
    expect([...problems].slice(0, 20)).toEqual([]);
  });

  test('rows that share words contain one another, so that one row is the narrowest', () => {
    const problems: string[] = [];
    for (const [i, a] of instructions.entries())
      for (const b of instructions.slice(i + 1)) {
        const common = (a.pattern.mask & b.pattern.mask) >>> 0;
        if (((a.pattern.value ^ b.pattern.value) & common) >>> 0 !== 0) continue;
        if (common === a.pattern.mask || common === b.pattern.mask) continue;
        problems.push(`${a.name} and ${b.name}`);
      }
    expect(problems).toEqual([]);
  });
});
