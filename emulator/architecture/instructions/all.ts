/** All rows: those that processors here execute, and those for reading. */
import type { Instruction } from '../instruction.ts';
import { instructions } from './index.ts';
import { scalableInstructions } from './scalable.ts';

let all: readonly Instruction[] | undefined;

/** Every row of the tables; `instructions` alone are those with semantics. */
export function allInstructions(): readonly Instruction[] {
  all ??= [...instructions, ...scalableInstructions()];
  return all;
}
