import type { Hover, Position } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { findAbsentRegister, findSystemInstruction, findSystemRegister } from '../architecture.ts';
import { directivesByName, spellingsOf } from '../assembler/index.ts';
import { disassembleWord } from '../explanations/disassembly.ts';
import { code, explainInstruction } from '../explanations/instruction.ts';
import { listingAt, listingText } from '../explanations/listing.ts';
import { explainMacro, explainPreprocessorMacro } from '../explanations/macro.ts';
import { explainSymbol } from '../explanations/symbol.ts';
import {
  explainAbsentRegister,
  explainSystemInstruction,
  explainSystemRegister,
} from '../explanations/system-register.ts';
import { registerNamed } from '../syntax/index.ts';
import { statementAt, type WordInStatement, wordAt } from '../word.ts';
import { offsetOf, rangeOf } from './position.ts';

const mostExpanded = 16;

/** What the word under the pointer is. */
export function hover(analysis: Analysis, position: Position): Hover | null {
  const offset = offsetOf(analysis, position);
  const word = wordAt(analysis.text, offset);
  if (!word) return null;
  const value = explain(analysis, word, offset);
  return value ? { contents: { kind: 'markdown', value }, range: rangeOf(analysis, word) } : null;
}

function explain(analysis: Analysis, word: WordInStatement, offset: number): string | undefined {
  const mentioned = analysis.occurrencesAt(offset).at(-1);
  if (word.role === 'preprocessor' || mentioned?.kind === 'preprocessor-macro') {
    const explained = explainPreprocessorMacro(analysis, word.text);
    if (explained) return explained;
  }
  if (word.role === 'head') return explainHead(analysis, word, offset);
  if (word.role === 'operand') {
    const system = explainSystemName(word);
    if (system) return system;
  }
  const symbol = explainSymbol(analysis, word.text);
  if (symbol) return symbol;
  return explainRegister(word.text) ?? explainPreprocessorMacro(analysis, word.text);
}

function explainHead(analysis: Analysis, word: WordInStatement, offset: number): string | undefined {
  const statement = statementAt(analysis.text, offset);
  const span = statement && {
    start: statement.base + statement.statement.start,
    end: statement.base + statement.statement.end,
  };
  const words = span ? listingAt(analysis, span) : [];
  const macro = explainMacro(analysis, word.text, listingText(words, disassembleWord, mostExpanded) || undefined);
  if (macro) return macro;
  const directive = directivesByName.get(word.head);
  if (directive) {
    const emitted = word.head === '.inst' ? listingText(words, disassembleWord, mostExpanded) : '';
    return [code(`${word.head} ${directive.syntax}`.trimEnd(), 'asm'), directive.brief, emitted && code(emitted)]
      .filter(part => part !== '')
      .join('\n\n');
  }
  const direct = words.find(one => one.direct && one.word !== undefined);
  const system = explainSystemName({ ...word, text: /^\s*(\w+)/.exec(word.operands)?.[1] ?? '' });
  if (system && /^(?:tlbi|dc|ic|at)$/.test(word.head)) return system;
  const spellings = spellingsOf(word.head);
  if (spellings.length === 0) return undefined;
  return explainInstruction(word.head, spellings, direct?.word);
}

function explainSystemName(word: WordInStatement): string | undefined {
  if (word.head === 'mrs' || word.head === 'msr') {
    const row = findSystemRegister(word.text.toUpperCase()) ?? findSystemRegister(word.text);
    if (row) return explainSystemRegister(row);
    const absent = findAbsentRegister(word.text);
    return absent && explainAbsentRegister(absent);
  }
  if (/^(?:tlbi|dc|ic|at)$/.test(word.head)) {
    const row = findSystemInstruction(`${word.head} ${word.text}`.toUpperCase());
    return row && explainSystemInstruction(row);
  }
  return undefined;
}

function explainRegister(name: string): string | undefined {
  const register = registerNamed(name.split('.')[0]!);
  if (!register) return undefined;
  const { bank, number, stackPointer } = register;
  if (stackPointer)
    return `**${register.name}** — stack pointer of the current Exception level (SPSel chooses the bank)`;
  if (bank !== 'x' && bank !== 'w') return `**${register.name}** — SIMD and floating-point register ${number}`;
  if (number === 31) return `**${register.name}** — reads as zero; writes are dropped`;
  const width = bank === 'w' ? 'the low 32 bits of ' : '';
  return `**${register.name}** — ${width}general-purpose register ${number}${roleOf(number)}`;
}

/** What the procedure call standard (AAPCS64) uses a general-purpose register for. */
function roleOf(number: number): string {
  if (number < 8) return '; argument and result, not preserved by calls';
  if (number === 8) return '; address of an indirect result, not preserved by calls';
  if (number < 16) return '; not preserved by calls';
  if (number < 18) return '; for veneers between call and callee, not preserved by calls';
  if (number === 18) return '; reserved by the platform';
  if (number < 29) return '; preserved by calls';
  return number === 29 ? '; frame pointer' : '; return address of calls';
}
