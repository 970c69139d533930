/** What the debugger takes from the description of the architecture. */
import { decode } from '../../emulator/architecture/decoder.ts';
import type { Trait } from '../../emulator/architecture/instruction.ts';
import { printTemplate } from '../../emulator/architecture/instruction-text.ts';
import type { PrintContext } from '../../emulator/architecture/operand.ts';
import { findField, maskOfBits } from '../../emulator/architecture/system-register.ts';
import { findSystemRegister, systemRegisters } from '../../emulator/architecture/system-registers/index.ts';

export type { Field, Layout, SystemRegister } from '../../emulator/architecture/system-register.ts';
export { findField, findSystemRegister, maskOfBits, systemRegisters };

/** The assembly text of a word, preferring the alias that disassembly prefers; undefined when it is no instruction. */
export function instructionText(word: number, context: PrintContext): string | undefined {
  const decoded = decode(word);
  if (!decoded) return undefined;
  const { row, fields } = decoded;
  const alias = row.aliases.find(
    one =>
      one.preferred && Object.entries(one.fixed).every(([name, value]) => fields[name] === value) && one.when(fields),
  );
  return alias
    ? printTemplate(alias.syntax, alias.operands, fields, context)
    : printTemplate(row.syntaxes[0]!, row.operands, fields, context);
}

/** Whether the word is an instruction with this trait. */
export function hasTrait(word: number, trait: Trait): boolean {
  return decode(word)?.row.traits.has(trait) ?? false;
}
