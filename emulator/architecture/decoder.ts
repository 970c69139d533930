/** Finds the row of an instruction word. */
import type { Instruction } from './instruction.ts';
import { instructions } from './instructions/index.ts';
import { extractFields, type Fields } from './pattern.ts';

export interface Decoded {
  readonly row: Instruction;
  readonly fields: Fields;
}

/** Rows whose patterns contain others': the more fixed bits a pattern has, the earlier it is tried. */
const ordered = [...instructions].sort((a, b) => fixedBits(b) - fixedBits(a));

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
  const rows = ordered.filter(({ pattern }) => ((bits ^ pattern.value) & pattern.mask & top) >>> 0 === 0);
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
