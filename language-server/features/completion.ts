import { type CompletionItem, CompletionItemKind, type Position } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import { systemInstructions, systemRegisters } from '../architecture.ts';
import { directives, mnemonics, spellingsOf } from '../assembler/index.ts';
import { spelledOut } from '../explanations/instruction.ts';
import { macroParameters } from '../explanations/macro.ts';
import { registerNames, relocationOperators } from '../syntax/index.ts';
import { statementAt } from '../word.ts';
import { offsetOf, rangeOf } from './position.ts';

/** What may be written at a position. */
export function completion(analysis: Analysis, position: Position): CompletionItem[] {
  const offset = offsetOf(analysis, position);
  const lineStart = analysis.text.lastIndexOf('\n', offset - 1) + 1;
  const before = analysis.text.slice(lineStart, offset);
  if (/^\s*#\s*\w*$/.test(before) && analysis.assembly.preprocessed) return preprocessorDirectives();
  if (/\/\//.test(before)) return [];
  const wordStart = offset - (/[\w.$]*$/.exec(before)?.[0].length ?? 0);
  const items = itemsAt(analysis, offset, wordStart, before);
  const range = rangeOf(analysis, { start: wordStart, end: offset });
  return items.map(item => ({ ...item, textEdit: { range, newText: item.insertText ?? item.label } }));
}

function itemsAt(analysis: Analysis, offset: number, wordStart: number, before: string): CompletionItem[] {
  if (/:\w*$/.test(before) && /[#,\s]:\w*$/.test(before)) {
    return relocationOperators.map(name => ({
      label: name,
      kind: CompletionItemKind.Operator,
      insertText: `${name}:`,
    }));
  }
  const placed = statementAt(analysis.text, offset);
  const head = placed?.statement.head;
  if (!placed || !head || placed.base + head.start >= wordStart) return heads(analysis);
  const mnemonic = head.text.toLowerCase();
  const operandIndex = placed.text.slice(placed.statement.operands.start, offset - placed.base).split(',').length - 1;
  if ((mnemonic === 'mrs' && operandIndex === 1) || (mnemonic === 'msr' && operandIndex === 0)) {
    return systemRegisterItems(mnemonic === 'mrs');
  }
  if (/^(?:tlbi|dc|ic|at)$/.test(mnemonic) && operandIndex === 0) return systemInstructionItems(mnemonic);
  if (/^(?:dmb|dsb)$/.test(mnemonic)) {
    return 'sy st ld ish ishst ishld nsh nshst nshld osh oshst oshld'
      .split(' ')
      .map(label => ({ label, kind: CompletionItemKind.EnumMember }));
  }
  const names = [...symbolItems(analysis), ...preprocessorItems(analysis)];
  if (mnemonic.startsWith('.')) return names;
  return [...registerItems(analysis), ...names];
}

function heads(analysis: Analysis): CompletionItem[] {
  const macros = [...analysis.assembly.assembler.macros.values()].map(macro => ({
    label: macro.name,
    kind: CompletionItemKind.Function,
    detail: `.macro ${macro.name} ${macroParameters(macro)}`.trimEnd(),
  }));
  return [...instructionItems(), ...directiveItems(), ...macros, ...preprocessorItems(analysis)];
}

let instructionList: CompletionItem[] | undefined;

function instructionItems(): CompletionItem[] {
  instructionList ??= mnemonics().map(label => {
    const spelling = spellingsOf(label)[0];
    return {
      label,
      kind: CompletionItemKind.Keyword,
      ...(spelling && { detail: spelledOut(spelling), documentation: spelling.row.brief }),
    };
  });
  return instructionList;
}

let directiveList: CompletionItem[] | undefined;

function directiveItems(): CompletionItem[] {
  directiveList ??= directives.flatMap(({ names, syntax, brief }) =>
    names.map(label => ({
      label,
      kind: CompletionItemKind.Property,
      detail: `${label} ${syntax}`.trimEnd(),
      documentation: brief,
      filterText: label,
    })),
  );
  return directiveList;
}

function systemRegisterItems(reading: boolean): CompletionItem[] {
  return systemRegisters
    .filter(({ access }) => (reading ? access.read : access.write) !== undefined)
    .map(({ name, brief, access }) => ({
      label: name.toLowerCase(),
      kind: CompletionItemKind.EnumMember,
      detail: `from EL${reading ? access.read : access.write} up`,
      documentation: brief,
    }));
}

function systemInstructionItems(mnemonic: string): CompletionItem[] {
  return systemInstructions
    .filter(row => row.mnemonic === mnemonic.toUpperCase())
    .map(({ operand, brief, takesRegister }) => ({
      label: operand.toLowerCase(),
      kind: CompletionItemKind.EnumMember,
      detail: `${mnemonic} ${operand.toLowerCase()}${takesRegister ? ', <Xt>' : ''}`,
      documentation: brief,
    }));
}

function registerItems(analysis: Analysis): CompletionItem[] {
  const aliases = analysis.occurrences
    .filter(one => one.kind === 'register-alias' && one.role === 'definition')
    .map(one => one.name);
  const own = registerNames.filter(name => /^(?:[xwdsqv]|sp|fp|lr)/.test(name));
  return [...new Set([...aliases, ...own])].map(label => ({ label, kind: CompletionItemKind.Variable }));
}

function symbolItems(analysis: Analysis): CompletionItem[] {
  return [...analysis.assembly.assembler.symbols.values()].map(symbol => {
    const isCode = symbol.definition?.kind === 'label' && symbol.definition.fragment.section.flags.execute;
    const kind = isCode ? CompletionItemKind.Function : CompletionItemKind.Variable;
    return { label: symbol.name, kind: symbol.definition?.kind === 'value' ? CompletionItemKind.Constant : kind };
  });
}

function preprocessorItems(analysis: Analysis): CompletionItem[] {
  const macros = analysis.assembly.preprocessed?.macros ?? new Map();
  return [...macros.values()]
    .filter(macro => macro.definedAt)
    .map(macro => ({
      label: macro.name,
      kind: CompletionItemKind.Constant,
      detail: macro.parameters ? `#define ${macro.name}(${macro.parameters.join(', ')})` : `#define ${macro.name}`,
    }));
}

function preprocessorDirectives(): CompletionItem[] {
  return 'define undef include if ifdef ifndef elif else endif error warning pragma line'
    .split(' ')
    .map(label => ({ label, kind: CompletionItemKind.Keyword }));
}
