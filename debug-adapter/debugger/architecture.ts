/** What the debugger takes from the description of the architecture. */
import { decode } from '../../emulator/architecture/decoder.ts';
import type { Trait } from '../../emulator/architecture/instruction.ts';
import { findField, maskOfBits } from '../../emulator/architecture/system-register.ts';
import { findSystemRegister, systemRegisters } from '../../emulator/architecture/system-registers/index.ts';

export { disassemble as instructionText } from '../../emulator/architecture/disassembler.ts';
export type { Field, Layout, SystemRegister } from '../../emulator/architecture/system-register.ts';
export { findField, findSystemRegister, maskOfBits, systemRegisters };

/** Whether the word is an instruction with this trait. */
export function hasTrait(word: number, trait: Trait): boolean {
  return decode(word)?.row.traits.has(trait) ?? false;
}
