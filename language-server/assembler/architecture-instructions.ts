import { assembleInstruction, isMnemonic } from '../architecture.ts';
import type { InstructionSet } from './instruction-set.ts';

export { mnemonics, type Spelling, spellingsOf } from '../architecture.ts';

/** The instructions of the architecture's tables. */
export const architectureInstructions: InstructionSet = {
  knows: isMnemonic,
  assemble: (mnemonic, operands) => assembleInstruction(mnemonic, operands),
};
