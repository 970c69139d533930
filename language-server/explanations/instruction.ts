import { decode, type Instruction, noteOn } from '../architecture.ts';
import type { Spelling } from '../assembler/index.ts';
import { encodingDiagram, hexWord } from './encoding-diagram.ts';

/** A syntax with its operands in angle brackets, as manuals show it. */
export function spelledOut(spelling: Spelling): string {
  return spelling.template.text.replace(/\{(\w+)\}/g, '<$1>').replace(/\s+/, ' ');
}

/** What each operand of a spelling may be. */
export function operandPhrases(spelling: Spelling): { name: string; phrase: string }[] {
  const kinds = spelling.alias?.operands ?? spelling.row.operands;
  return spelling.template.operandNames.map(name => ({ name, phrase: kinds[name]?.describe ?? '' }));
}

/** An instruction in words: what it does, how it is written, and the bits of this very word when it is assembled. */
export function explainInstruction(mnemonic: string, spellings: readonly Spelling[], word: number | undefined): string {
  const decoded = word === undefined ? undefined : decode(word);
  const rows = [...new Set(spellings.map(spelling => spelling.row))];
  const chosen = decoded ? (rows.find(row => row.name === decoded.row.name) ?? decoded.row) : undefined;
  const parts: string[] = [];
  if (chosen) parts.push(describeRow(chosen, spellings, word));
  else {
    for (const row of rows.slice(0, 4)) parts.push(describeRow(row, spellings, undefined));
    if (rows.length > 4) parts.push(`… and ${rows.length - 4} more encodings of \`${mnemonic}\`.`);
  }
  const note = noteOn(mnemonic);
  if (note) parts.splice(1, 0, `${note.text}\n\n${code(note.example, 'asm')}`);
  return parts.join('\n\n---\n\n');
}

function describeRow(row: Instruction, spellings: readonly Spelling[], word: number | undefined): string {
  const own = spellings.filter(spelling => spelling.row.name === row.name);
  const lines = [`**${row.name}** — ${row.brief}`];
  if (own.length > 0) lines.push(code(own.slice(0, 8).map(spelledOut).join('\n')));
  const aliases = own.filter(spelling => spelling.alias);
  if (aliases.length === own.length && own.length > 0) lines.push(`Another spelling of ${row.name}.`);
  const operands = new Map(own.flatMap(operandPhrases).map(({ name, phrase }) => [name, phrase]));
  const described = [...operands].filter(([, phrase]) => phrase !== '');
  if (described.length > 0) lines.push(described.map(([name, phrase]) => `- \`${name}\`: ${phrase}`).join('\n'));
  if (row.feature) lines.push(`Needs ${row.feature}.`);
  lines.push(code(encodingDiagram(row, word)));
  if (word !== undefined) lines.push(`Encoded as \`${hexWord(word)}\`.`);
  return lines.join('\n\n');
}

/** A fenced block; the language only colours it. */
export function code(text: string, language = 'text'): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
