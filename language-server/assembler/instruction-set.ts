import type { AssembledInstruction, AssemblyOperand } from '../architecture.ts';

export type { AssembledInstruction };

/** The assembler's view of the instruction rows. */
export interface InstructionSet {
  /** Whether some instruction has this mnemonic (lower case, with its condition: `b.eq`). */
  knows(mnemonic: string): boolean;
  /** Chooses the encoding that the operands fit. */
  assemble(mnemonic: string, operands: readonly AssemblyOperand[]): AssembledInstruction;
}
