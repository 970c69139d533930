import type { Position, SignatureHelp, SignatureInformation } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { directivesByName, spellingsOf } from '../assembler/index.ts';
import { operandPhrases, spelledOut } from '../explanations/instruction.ts';
import { macroParameters } from '../explanations/macro.ts';
import { statementAt } from '../word.ts';
import { offsetOf } from './position.ts';

const mostSignatures = 12;

/** How the instruction, directive or macro around a position is written. */
export function signatureHelp(analysis: Analysis, position: Position): SignatureHelp | null {
  const offset = offsetOf(analysis, position);
  const placed = statementAt(analysis.text, offset);
  const head = placed?.statement.head;
  if (!placed || !head || offset - placed.base <= head.end) return null;
  const written = placed.text.slice(head.end, offset - placed.base);
  const parameter = commasOutside(written);
  const signatures = signaturesOf(analysis, head.text.toLowerCase()).slice(0, mostSignatures);
  if (signatures.length === 0) return null;
  const fitting = signatures.findIndex(one => (one.parameters?.length ?? 0) > parameter);
  return { signatures, activeSignature: Math.max(fitting, 0), activeParameter: parameter };
}

/** Commas that separate operands: not those within brackets. */
function commasOutside(text: string): number {
  let depth = 0;
  let count = 0;
  for (const character of text) {
    if (character === '[' || character === '{' || character === '(') depth++;
    else if (character === ']' || character === '}' || character === ')') depth--;
    else if (character === ',' && depth <= 0) count++;
  }
  return count;
}

function signaturesOf(analysis: Analysis, head: string): SignatureInformation[] {
  const macro = analysis.assembly.assembler.macros.get(head);
  if (macro) return [signature(`${macro.name} ${macroParameters(macro)}`, undefined, [])];
  const directive = directivesByName.get(head);
  if (directive) return [signature(`${head} ${directive.syntax}`, directive.brief, [])];
  return spellingsOf(head).map(spelling =>
    signature(spelledOut(spelling), spelling.row.brief, operandPhrases(spelling)),
  );
}

function signature(
  label: string,
  documentation: string | undefined,
  phrases: readonly { name: string; phrase: string }[],
): SignatureInformation {
  const start = label.indexOf(' ') + 1;
  const parameters: NonNullable<SignatureInformation['parameters']> = [];
  if (start > 0) {
    let from = start;
    let depth = 0;
    for (let at = start; at <= label.length; at++) {
      const character = label[at];
      if (character === '[' || character === '{') depth++;
      else if (character === ']' || character === '}') depth--;
      if (at < label.length && !(character === ',' && depth === 0)) continue;
      const text = label.slice(from, at).trim();
      const phrase = phrases.filter(one => text.includes(`<${one.name}>`)).map(one => `${one.name}: ${one.phrase}`);
      if (text !== '') parameters.push({ label: text, ...(phrase.length > 0 && { documentation: phrase.join('\n') }) });
      from = at + 1;
    }
  }
  return { label: label.trimEnd(), ...(documentation && { documentation }), parameters };
}
