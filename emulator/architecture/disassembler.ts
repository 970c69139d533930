/** Text of instruction words, as the manual prefers to write them. */
import { type Decoded, decode } from './decoder.ts';
import type { Alias } from './instruction.ts';
import { printTemplate } from './instruction-text.ts';
import type { PrintContext } from './operand.ts';

/** The alias that disassembly prefers for a decoded word, or undefined when the instruction's own name is better. */
export function preferredAlias({ row, fields }: Decoded): Alias | undefined {
  return row.aliases.find(
    alias =>
      alias.preferred &&
      Object.entries(alias.fixed).every(([name, value]) => fields[name] === value) &&
      alias.when(fields),
  );
}

/** The assembly text of a word at `context.pc`; undefined when it is no instruction of the tables. */
export function disassemble(word: number, context: PrintContext): string | undefined {
  const decoded = decode(word);
  return decoded && disassembleDecoded(decoded, context);
}

/** The assembly text of a decoded word. */
export function disassembleDecoded(decoded: Decoded, context: PrintContext): string {
  const { row, fields } = decoded;
  const alias = preferredAlias(decoded);
  return printTemplate(alias?.syntax ?? row.syntaxes[0]!, alias?.operands ?? row.operands, fields, context);
}
