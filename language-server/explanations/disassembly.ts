import { disassemble } from '../architecture.ts';

/** An instruction word as text; `.inst` for a word that no row has. */
export function disassembleWord(word: number, offset: number): string {
  return disassemble(word, { pc: BigInt(offset) }) ?? `.inst 0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}
