import { type SemanticTokens, SemanticTokensBuilder, type SemanticTokensLegend } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { findAbsentRegister, findSystemRegister } from '../architecture.ts';
import { directivesByName, spellingsOf } from '../assembler/index.ts';
import { characterEnd, isDigit, isNameStart, nameEnd, registerNamed, stringEnd } from '../syntax/index.ts';
import { type PlacedStatement, statementsOf } from '../word.ts';

const types = [
  'comment',
  'string',
  'number',
  'keyword',
  'macro',
  'function',
  'variable',
  'parameter',
  'enumMember',
  'property',
] as const;
const modifiers = ['definition', 'defaultLibrary', 'readonly'] as const;

type TokenType = (typeof types)[number];
type Modifier = (typeof modifiers)[number];

export const semanticTokensLegend: SemanticTokensLegend = { tokenTypes: [...types], tokenModifiers: [...modifiers] };

interface Token {
  readonly start: number;
  readonly end: number;
  readonly type: TokenType;
  readonly modifier?: Modifier;
}

/** Colours of a source by what its words mean. Stretches that conditions leave out look like comments. */
export function semanticTokens(analysis: Analysis): SemanticTokens {
  const tokens: Token[] = [];
  for (const placed of statementsOf(analysis.text)) tokens.push(...statementTokens(analysis, placed));
  const inactive = (analysis.assembly.preprocessed?.inactive ?? []).filter(range => range.file === analysis.file);
  const kept = tokens.filter(token => !inactive.some(range => range.start <= token.start && token.end <= range.end));
  for (const range of inactive) kept.push(...linesOf(analysis.text, range.start, range.end));
  kept.sort((a, b) => a.start - b.start);
  const builder = new SemanticTokensBuilder();
  for (const { start, end, type, modifier } of kept) {
    const { line, column } = analysis.file.position(start);
    builder.push(line, column, end - start, types.indexOf(type), modifier ? 1 << modifiers.indexOf(modifier) : 0);
  }
  return builder.build();
}

/** A stretch as one comment token a line. */
function linesOf(text: string, start: number, end: number): Token[] {
  const tokens: Token[] = [];
  let at = start;
  for (const line of text.slice(start, end).split('\n')) {
    if (line.trim() !== '') tokens.push({ start: at, end: at + line.trimEnd().length, type: 'comment' });
    at += line.length + 1;
  }
  return tokens;
}

function statementTokens(analysis: Analysis, { statement, base, text }: PlacedStatement): Token[] {
  const tokens: Token[] = [];
  const add = (start: number, end: number, type: TokenType, modifier?: Modifier) => {
    if (end > start && !text.slice(start, end).includes('\n')) {
      tokens.push({ start: base + start, end: base + end, type, ...(modifier && { modifier }) });
    }
  };
  for (const label of statement.labels) add(label.start, label.end, 'function', 'definition');
  if (statement.assignment) add(statement.assignment.start, statement.assignment.end, 'variable', 'definition');
  const head = statement.head;
  const name = head?.text.toLowerCase() ?? '';
  if (head) add(head.start, head.end, ...headType(analysis, name));
  const { start, end } = statement.operands;
  for (let at = start; at < end; ) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      const stop = stringEnd(text, at, end);
      add(at, stop, 'string');
      at = stop;
    } else if (code === 39) {
      const stop = characterEnd(text, at, end);
      add(at, stop, 'string');
      at = stop;
    } else if (isDigit(code)) {
      const stop = at + /^[\w.]+/.exec(text.slice(at, at + 80))![0].length;
      add(at, stop, /^\d+[fb]$/.test(text.slice(at, stop)) ? 'function' : 'number');
      at = stop;
    } else if (code === 92) {
      const stop = Math.max(nameEnd(text, at + 1, end), at + 2);
      add(at, Math.min(stop, end), 'parameter');
      at = stop;
    } else if (isNameStart(code)) {
      const stop = nameEnd(text, at, end);
      const type = operandType(analysis, name, text.slice(at, stop));
      if (type) add(at, stop, ...type);
      at = stop;
    } else at++;
  }
  return tokens;
}

function headType(analysis: Analysis, name: string): [TokenType, Modifier?] {
  if (analysis.assembly.assembler.macros.has(name)) return ['macro'];
  if (directivesByName.has(name)) return ['property'];
  if (spellingsOf(name).length > 0) return ['keyword'];
  return ['macro'];
}

function operandType(analysis: Analysis, head: string, word: string): [TokenType, Modifier?] | undefined {
  if (word === '.') return undefined;
  if ((head === 'mrs' || head === 'msr') && (findSystemRegister(word) ?? findAbsentRegister(word)))
    return ['enumMember', 'defaultLibrary'];
  if (registerNamed(word.split('.')[0]!)) return ['variable', 'defaultLibrary'];
  if (analysis.assembly.preprocessed?.macros.has(word)) return ['macro'];
  const symbol = analysis.assembly.assembler.symbols.find(word);
  if (!symbol) return head.startsWith('.') ? undefined : ['enumMember'];
  if (symbol.definition?.kind === 'value') return ['variable', 'readonly'];
  const isData = symbol.definition?.kind === 'label' && !symbol.definition.fragment.section.flags.execute;
  return [isData ? 'variable' : 'function'];
}
