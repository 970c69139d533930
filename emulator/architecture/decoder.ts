/** Finds the row of an instruction word. */
import type { Instruction } from './instruction.ts';
import { instructions } from './instructions/index.ts';
import { scalableInstructions } from './instructions/scalable.ts';
import { extractFields, type Fields } from './pattern.ts';

export interface Decoded {
  readonly row: Instruction;
  readonly fields: Fields;
}

/** Rows whose patterns contain others': the more fixed bits a pattern has, the earlier it is tried. */
const order = (rows: readonly Instruction[]) => [...rows].sort((a, b) => fixedBits(b) - fixedBits(a));
const ordered = order(instructions);
let orderedScalable: readonly Instruction[] | undefined;

/** Whether a word is in the part of the encoding space that SVE and SME have (Arm ARM C4.1). */
export const isScalable = (word: number): boolean => {
  const op0 = (word >>> 25) & 15;
  return op0 === 0b0010 || (op0 === 0 && word >>> 31 === 1);
};

function fixedBits(row: Instruction): number {
  let count = 0;
  for (let mask = row.pattern.mask; mask; mask = (mask & (mask - 1)) >>> 0) count++;
  return count;
}

const BUCKET_SHIFT = 21;
const buckets: (readonly Instruction[] | undefined)[] = new Array(1 << (32 - BUCKET_SHIFT));

/** Rows that a word with these top bits may be, most specific first. */
function bucket(index: number): readonly Instruction[] {
  const known = buckets[index];
  if (known) return known;
  const bits = (index << BUCKET_SHIFT) >>> 0;
  const top = (0xffffffff << BUCKET_SHIFT) >>> 0;
  const all = isScalable(bits) ? (orderedScalable ??= order(scalableInstructions())) : ordered;
  const rows = all.filter(({ pattern }) => ((bits ^ pattern.value) & pattern.mask & top) >>> 0 === 0);
  buckets[index] = rows;
  return rows;
}

/** The row and fields of a word, or undefined when no row of the tables has it. */
export function decode(word: number): Decoded | undefined {
  for (const row of bucket(word >>> BUCKET_SHIFT)) {
    if ((word & row.pattern.mask) >>> 0 !== row.pattern.value) continue;
    const fields = extractFields(row.pattern, word);
    if (row.allocated(fields)) return { row, fields };
  }
  return undefined;
}
