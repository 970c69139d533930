import type { AssemblyOperand, OperandFixup, OperandSpan } from '../architecture.ts';

/** What an instruction becomes, or why it becomes nothing. */
export type AssembledInstruction =
  | { readonly word: number; readonly fixups: readonly OperandFixup[] }
  | { readonly problem: string; readonly span?: OperandSpan };

/** The assembler's view of the instruction rows. */
export interface InstructionSet {
  /** Whether some instruction has this mnemonic (lower case, with its condition: `b.eq`). */
  knows(mnemonic: string): boolean;
  /** Chooses the encoding that the operands fit. */
  assemble(mnemonic: string, operands: readonly AssemblyOperand[]): AssembledInstruction;
}
