import { decode, printTemplate } from '../architecture.ts';

/** An instruction word as text by its row's first syntax; `.inst` for a word that no row has. */
export function disassembleWord(word: number, offset: number): string {
  const decoded = decode(word);
  if (!decoded) return `.inst 0x${(word >>> 0).toString(16).padStart(8, '0')}`;
  const { row, fields } = decoded;
  const context = { pc: BigInt(offset) };
  for (const alias of row.aliases) {
    const fixed = Object.entries(alias.fixed).every(([name, value]) => fields[name] === value);
    if (alias.preferred && fixed && alias.when(fields))
      return printTemplate(alias.syntax, alias.operands, fields, context);
  }
  const template = row.syntaxes[0];
  return template ? printTemplate(template, row.operands, fields, context) : row.name;
}
