import type { Instruction } from '../../../emulator/architecture/instruction.ts';
import { instructions } from '../../../emulator/architecture/instructions/index.ts';
import { scalableInstructions } from '../../../emulator/architecture/instructions/scalable.ts';

/** Every row of the tables: those with semantics, and those for reading. */
export const allInstructions: readonly Instruction[] = [...instructions, ...scalableInstructions()];
