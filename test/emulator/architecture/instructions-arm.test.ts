import { describe, expect, test } from 'vitest';
import type { Instruction } from '../../../emulator/architecture/instruction.ts';
import { extractFields } from '../../../emulator/architecture/pattern.ts';
import { Random } from '../translation/random.ts';
import { allInstructions } from './all-instructions.ts';
import { type Agreement, compareAliases, compareEncodings, findInventions } from './arm-instructions.ts';
import { systemOperations } from './arm-registers.ts';

const SEED = 0x5eed;
const hex = (word: number) => `0x${word.toString(16).padStart(8, '0')}`;

function report(what: string, { agreed, uncovered }: Agreement): void {
  const count = [...uncovered.values()].reduce((sum, names) => sum + names.length, 0);
  const list = [...uncovered].map(([feature, names]) => `${feature} ${names.length}`).join(', ');
  console.info(`${what}: ${agreed} agree, ${count} not covered (${list})`);
}

describe('Instruction rows and Arm’s lists', () => {
  test('every encoding of the machine’s features is exactly one row, with its name and feature', () => {
    const result = compareEncodings(100, SEED);
    report('encodings', result);
    expect(result.disagreed.slice(0, 20)).toEqual([]);
  });

  test('an alias is chosen exactly when Arm prefers it', () => {
    const result = compareAliases(1000, SEED, systemOperations);
    report('aliases', result);
    expect(result.disagreed.slice(0, 20)).toEqual([]);
  });

  test('no word outside of Arm’s list has a row', () => {
    expect(findInventions(200_000, SEED + 1).slice(0, 20)).toEqual([]);
  });

  test('no word is allocated to two rows, unless one row contains the other', () => {
    const random = new Random(SEED + 2);
    const problems: string[] = [];
    const owns = (row: Instruction, word: number) => row.allocated(extractFields(row.pattern, word));
    for (const [i, a] of allInstructions.entries())
      for (const b of allInstructions.slice(i + 1)) {
        const common = (a.pattern.mask & b.pattern.mask) >>> 0;
        if (((a.pattern.value ^ b.pattern.value) & common) >>> 0 !== 0) continue;
        if (common === a.pattern.mask || common === b.pattern.mask) continue;
        // Patterns that cross: fields that both leave open must keep the rows apart.
        for (let tries = 0; tries < 64; tries++) {
          const open = (random.word() & ~a.pattern.mask & ~b.pattern.mask) >>> 0;
          const word = (open | a.pattern.value | b.pattern.value) >>> 0;
          if (!owns(a, word) || !owns(b, word)) continue;
          problems.push(`${a.name} and ${b.name}: ${hex(word)}`);
          break;
        }
      }
    expect(problems).toEqual([]);
  });
});
