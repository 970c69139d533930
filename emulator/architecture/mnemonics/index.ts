/** Notes on the mnemonics that make up nearly all of system code. */
import { branchesAndExceptions } from './branches-and-exceptions.ts';
import { logicAndBits } from './logic-and-bits.ts';
import { memory } from './memory.ts';
import { memoryTagging } from './memory-tagging.ts';
import { movesAndArithmetic } from './moves-and-arithmetic.ts';
import type { MnemonicNote } from './note.ts';
import { system } from './system.ts';
import { vector } from './vector.ts';

export type { MnemonicNote } from './note.ts';

export const mnemonicNotes: readonly MnemonicNote[] = [
  ...movesAndArithmetic,
  ...logicAndBits,
  ...branchesAndExceptions,
  ...memory,
  ...memoryTagging,
  ...system,
  ...vector,
];

const byMnemonic = new Map(mnemonicNotes.flatMap(note => note.mnemonics.map(mnemonic => [mnemonic, note] as const)));

/** The note on a mnemonic in lower case, if there is one. */
export function noteOn(mnemonic: string): MnemonicNote | undefined {
  return byMnemonic.get(mnemonic);
}
