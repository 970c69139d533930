import { type DocumentSymbol, type SymbolInformation, SymbolKind } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import type { NameOccurrence } from '../assembler/index.ts';
import { locationOf, rangeOf } from './position.ts';

interface Definition {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly detail: string;
  readonly occurrence: NameOccurrence;
  /** Labels contain what follows them, up to the next one. */
  readonly contains: boolean;
}

/** Definitions that a source itself makes, in order. */
function definitions(analysis: Analysis): Definition[] {
  const seen = new Set<string>();
  const list: Definition[] = [];
  for (const occurrence of analysis.occurrences) {
    const { kind, name, role, range } = occurrence;
    if (role !== 'definition' || range.file !== analysis.file || range.end <= range.start) continue;
    const key = `${kind}/${name}/${range.start}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const described = describe(analysis, occurrence);
    if (described) list.push({ name, occurrence, ...described });
  }
  return list.sort((a, b) => a.occurrence.range.start - b.occurrence.range.start);
}

function describe(
  analysis: Analysis,
  { kind, name, range }: NameOccurrence,
): Omit<Definition, 'name' | 'occurrence'> | undefined {
  switch (kind) {
    case 'macro':
      return { kind: SymbolKind.Method, detail: 'macro', contains: false };
    case 'preprocessor-macro':
      return { kind: SymbolKind.Constant, detail: '#define', contains: false };
    case 'register-alias':
      return { kind: SymbolKind.Variable, detail: 'register', contains: false };
    case 'symbol': {
      const symbol = analysis.assembly.assembler.symbols.find(name);
      // Numeric and temporary labels would bury the others, and so would labels that macros make.
      if (!symbol || symbol.temporary || range.expansion?.kind === 'repeat') return undefined;
      const definition = symbol.definition;
      if (definition?.kind === 'value') return { kind: SymbolKind.Constant, detail: 'constant', contains: false };
      const section = definition?.kind === 'label' ? definition.fragment.section : undefined;
      const detail = `${symbol.binding === 'local' ? '' : `${symbol.binding} `}${section?.name ?? ''}`;
      const isCode = symbol.type === 'function' || section?.flags.execute === true;
      return { kind: isCode ? SymbolKind.Function : SymbolKind.Variable, detail, contains: true };
    }
    default:
      return undefined;
  }
}

/** The outline of a source. */
export function documentSymbols(analysis: Analysis): DocumentSymbol[] {
  const all = definitions(analysis);
  return all.map((one, index) => {
    const { start, end } = one.occurrence.range;
    const next = all.slice(index + 1).find(other => other.contains);
    const stop = one.contains ? Math.max(end, (next?.occurrence.range.start ?? analysis.text.length) - 1) : end;
    return {
      name: one.name,
      kind: one.kind,
      detail: one.detail,
      range: rangeOf(analysis, { start, end: stop }),
      selectionRange: rangeOf(analysis, { start, end }),
    };
  });
}

const mostSymbols = 500;

/** Definitions in all open sources whose names contain a text, in any letter case. */
export function workspaceSymbols(analyses: readonly Analysis[], query: string): SymbolInformation[] {
  const wanted = query.toLowerCase();
  return analyses
    .flatMap(analysis => definitions(analysis))
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .slice(0, mostSymbols)
    .map(({ name, kind, occurrence }) => ({ name, kind, location: locationOf(occurrence.range) }));
}
