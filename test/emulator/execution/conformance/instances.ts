/** Random instances of instruction rows. */

import { decode } from '../../../../emulator/architecture/decoder.ts';
import type { Instruction } from '../../../../emulator/architecture/instruction.ts';
import { extractFields, type Fields } from '../../../../emulator/architecture/pattern.ts';
import type { Random } from '../../translation/random.ts';

export interface Instance {
  readonly row: Instruction;
  readonly word: number;
  readonly fields: Fields;
}

/**
 * A random word that decodes to the row (a narrower row may not own it), or undefined when none was found.
 * Half of the fields are extreme values, which random numbers seldom are.
 */
export function randomInstance(row: Instruction, random: Random, accept = (_: Fields) => true): Instance | undefined {
  for (let tries = 0; tries < 2000; tries++) {
    let word = (row.pattern.value | row.pattern.shouldBeOne) >>> 0;
    for (const { low, width } of row.pattern.fields) {
      const last = 2 ** width - 1;
      const value = random.chance(0.25)
        ? random.pick([0, last, 1, last >>> 1, 2 ** (width - 1)])
        : Math.floor(random.below(2 ** 31) % (last + 1));
      word = (word | (Math.min(value, last) << low)) >>> 0;
    }
    const fields = extractFields(row.pattern, word);
    if (row.allocated(fields) && accept(fields) && decode(word)?.row === row) return { row, word, fields };
  }
  return undefined;
}
