/** What the debugger takes from the description of the architecture. */

import type { Trait } from '../../emulator/architecture/index.ts';
import {
  decode,
  findField,
  findSystemRegister,
  maskOfBits,
  systemRegisters,
} from '../../emulator/architecture/index.ts';

export type { Field, Layout, SystemRegister } from '../../emulator/architecture/index.ts';
export { disassemble as instructionText } from '../../emulator/architecture/index.ts';
export { findField, findSystemRegister, maskOfBits, systemRegisters };

/** Whether the word is an instruction with this trait. */
export function hasTrait(word: number, trait: Trait): boolean {
  return decode(word)?.row.traits.has(trait) ?? false;
}
