/**
 * Records of instruction words that were decoded before: programs repeat themselves, and pages of code come and go.
 * Direct-mapped; a word that was pushed out is decoded again.
 */
import { RECORD_SIZE } from './record.ts';

const ENTRY_BITS = 17;
/** Words of an entry: the instruction word, what is known of it, its record. */
const WORDS = 8;
const RECORD_WORDS = RECORD_SIZE / 4;
const NOTHING = 0;
const GOES_ON = 1;
const ENDS = 2;

export class KnownRecords {
  private readonly entries = new Uint32Array(WORDS << ENTRY_BITS);

  private at(word: number): number {
    // Fibonacci hashing: neighbouring words differ in few bits.
    return (Math.imul(word, 0x9e37_79b1) >>> (32 - ENTRY_BITS)) * WORDS;
  }

  /**
   * Writes the record of a word to `to`, an index into `memory`. Tells whether the instruction always leaves the
   * sequence; undefined when the word is not known.
   */
  recall(word: number, memory: Uint32Array, to: number): boolean | undefined {
    const { entries } = this;
    const at = this.at(word);
    const known = entries[at + 1];
    if (known === NOTHING || entries[at] !== word) return undefined;
    for (let i = 0; i < RECORD_WORDS; i++) memory[to + i] = entries[at + 2 + i] as number;
    return known === ENDS;
  }

  /** Remembers the record at `from`, an index into `memory`. */
  learn(word: number, memory: Uint32Array, from: number, ends: boolean): void {
    const { entries } = this;
    const at = this.at(word);
    entries[at] = word;
    entries[at + 1] = ends ? ENDS : GOES_ON;
    for (let i = 0; i < RECORD_WORDS; i++) entries[at + 2 + i] = memory[from + i] as number;
  }
}
