import type { Analysis } from '../analysis.ts';
import { code } from './instruction.ts';
import { definitionLine } from './symbol.ts';

const mostLines = 24;

/** A `.macro`: its parameters, its body, and what this invocation of it became. */
export function explainMacro(analysis: Analysis, name: string, expansion: string | undefined): string | undefined {
  const macro = analysis.assembly.assembler.macros.get(name.toLowerCase());
  if (!macro) return undefined;
  const body = macro.body.map(({ line, start, end }) => line.text.slice(start, end).trimEnd());
  const shown = body.slice(0, mostLines);
  if (body.length > mostLines) shown.push(`    … ${body.length - mostLines} more lines`);
  const parts = [
    code([`.macro ${macro.name} ${macroParameters(macro)}`.trimEnd(), ...shown, '.endm'].join('\n'), 'asm'),
  ];
  if (expansion) parts.push('Here it becomes:', code(expansion));
  return parts.join('\n\n');
}

/** Parameters as written in a definition. */
export function macroParameters(macro: {
  parameters: readonly { name: string; kind: string; default?: { text: string } }[];
}): string {
  return macro.parameters
    .map(({ name, kind, default: value }) => {
      const qualifier = kind === 'required' ? ':req' : kind === 'rest' ? ':vararg' : '';
      return `${name}${qualifier}${value ? `=${value.text}` : ''}`;
    })
    .join(', ');
}

/** A `#define`, as its line says. */
export function explainPreprocessorMacro(analysis: Analysis, name: string): string | undefined {
  const macro = analysis.assembly.preprocessed?.macros.get(name);
  const line = definitionLine(analysis, 'preprocessor-macro', name);
  if (line) return line;
  if (!macro) return undefined;
  const body = macro.body.map(token => (token.space ? ' ' : '') + token.text).join('');
  return `${code(`#define ${name}${body === '' ? '' : ` ${body.trim()}`}`, 'c')}\n\nPredefined.`;
}
