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

/** Lists of rows by the top bits of words, each made when it is first needed, from what `among` gives. */
class Buckets {
  private readonly shift: number;
  private readonly among: (word: number) => readonly Instruction[];
  private readonly lists: (readonly Instruction[] | undefined)[];

  constructor(bits: number, among: (word: number) => readonly Instruction[]) {
    this.shift = 32 - bits;
    this.among = among;
    this.lists = new Array(1 << bits);
  }

  /** Rows that a word may be by its top bits, most specific first. */
  of(word: number): readonly Instruction[] {
    const index = word >>> this.shift;
    const known = this.lists[index];
    if (known) return known;
    const top = 0xffff_ffff << this.shift;
    const rows = this.among(word).filter(({ pattern }) => ((word ^ pattern.value) & pattern.mask & top) === 0);
    this.lists[index] = rows;
    return rows;
  }
}
/** Bits 31:25 tell whose part of the encoding space it is. */
const coarse = new Buckets(7, word =>
  isScalable(word) ? (orderedScalable ??= order(scalableInstructions())) : ordered,
);
const buckets = new Buckets(11, word => coarse.of(word));

/** The row and fields of a word, or undefined when no row of the tables has it. */
export function decode(word: number): Decoded | undefined {
  for (const row of buckets.of(word)) {
    if ((word & row.pattern.mask) >>> 0 !== row.pattern.value) continue;
    const fields = extractFields(row.pattern, word);
    if (row.allocated(fields)) return { row, fields };
  }
  return undefined;
}
