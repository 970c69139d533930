import type { Analysis } from '../analysis.ts';
import { baseName } from '../assembler/index.ts';
import { code } from './instruction.ts';

/** A symbol in words: where it lies or what it is worth, how visible it is, and the line that defines it. */
export function explainSymbol(analysis: Analysis, name: string): string | undefined {
  const symbol = analysis.assembly.assembler.symbols.find(name);
  if (!symbol) return undefined;
  const resolved = analysis.assembly.object.symbols.find(one => one.name === name);
  const parts: string[] = [];
  const kind = symbol.type === 'function' ? 'function' : symbol.type === 'object' ? 'object' : 'symbol';
  const binding = symbol.binding === 'local' ? '' : `${symbol.binding} `;
  parts.push(`**${name}** — ${binding}${kind}${where(symbol.definition?.kind, resolved)}`);
  const size = resolved && resolved.size > 0n ? `${resolved.size} bytes` : undefined;
  const visibility = symbol.visibility === 'default' ? undefined : symbol.visibility;
  const notes = [size, visibility].filter(note => note !== undefined);
  if (notes.length > 0) parts.push(notes.join(' · '));
  const line = definitionLine(analysis, 'symbol', name);
  if (line) parts.push(line);
  return parts.join('\n\n');
}

function where(
  kind: string | undefined,
  resolved: Analysis['assembly']['object']['symbols'][number] | undefined,
): string {
  if (!kind) return ', defined elsewhere';
  if (!resolved) return '';
  if (resolved.place === 'absolute') return ` = ${resolved.value} (0x${resolved.value.toString(16)})`;
  if (resolved.place === 'common') return ', space allotted by the linker';
  if (resolved.place === 'undefined') return '';
  return ` at ${resolved.place.name} + 0x${resolved.value.toString(16)}`;
}

/** The source line that defines a name, with the comment lines right above it. */
export function definitionLine(
  analysis: Analysis,
  kind: 'symbol' | 'macro' | 'preprocessor-macro',
  name: string,
): string | undefined {
  const definition = analysis.definitionsOf(kind, name)[0];
  if (!definition) return undefined;
  const { file, start } = definition.range;
  const { line } = file.position(start);
  const textOf = (number: number) => file.text.slice(file.offset(number, 0), file.offset(number, 10_000));
  const comments: string[] = [];
  for (let above = line - 1; above >= 0 && comments.length < 12; above--) {
    const comment = /^\s*(?:\/\/|\/\*|\*|#(?!\s*[a-z]))\s?(.*?)(?:\*\/)?\s*$/.exec(textOf(above));
    if (!comment) break;
    comments.unshift(comment[1]!.trim());
  }
  const place = file === analysis.file ? '' : `\n\nin ${baseName(file.path)}`;
  const prose = comments.join('\n').trim();
  return `${code(textOf(line).trim(), 'asm')}${prose ? `\n\n${prose}` : ''}${place}`;
}
