import { type DocumentHighlight, DocumentHighlightKind, type Location, type Position } from 'vscode-languageserver';
import type { Analysis } from '../analysis.ts';
import type { NameOccurrence } from '../assembler/index.ts';
import { wordAt } from '../word.ts';
import { uriOfPath } from '../workspace.ts';
import { locationOf, offsetOf, rangeOf } from './position.ts';

interface Name {
  readonly kind: NameOccurrence['kind'];
  readonly name: string;
}

/** The name at a position: as the assembler saw it or, where it did not get there, by its spelling. */
function nameAt(analysis: Analysis, position: Position): Name | undefined {
  const offset = offsetOf(analysis, position);
  const seen = analysis.occurrencesAt(offset).at(-1);
  if (seen) return seen;
  const word = wordAt(analysis.text, offset);
  if (!word) return undefined;
  const candidates: Name[] = [
    { kind: 'preprocessor-macro', name: word.text },
    { kind: 'macro', name: word.text.toLowerCase() },
    { kind: 'register-alias', name: word.text.toLowerCase() },
    { kind: 'symbol', name: word.text },
  ];
  return candidates.find(({ kind, name }) => analysis.definitionsOf(kind, name).length > 0);
}

/** Whether a name may be known to other sources too. */
function isShared(analysis: Analysis, name: Name): boolean {
  const symbol = name.kind === 'symbol' ? analysis.assembly.assembler.symbols.find(name.name) : undefined;
  return symbol !== undefined && (symbol.binding !== 'local' || symbol.definition === undefined);
}

/** Where the name at a position is defined, in this source, its includes, or another open source. */
export function definition(analysis: Analysis, others: readonly Analysis[], position: Position): Location[] {
  const include = analysis.occurrencesAt(offsetOf(analysis, position)).find(one => one.kind === 'include');
  const included = analysis.assembly.preprocessed?.includes.find(one => {
    const offset = offsetOf(analysis, position);
    return one.path && one.range.file === analysis.file && one.range.start <= offset && offset <= one.range.end;
  });
  const path = included?.path ?? include?.name;
  if (path) return [fileStart(path)];
  const name = nameAt(analysis, position);
  if (!name) return [];
  const own = analysis.definitionsOf(name.kind, name.name);
  const defined = own.some(one => one.role === 'definition');
  const foreign = !defined && isShared(analysis, name) ? others.flatMap(other => exported(other, name)) : [];
  return [...foreign, ...(foreign.length > 0 ? [] : own)].map(one => locationOf(one.range));
}

function exported(analysis: Analysis, name: Name): NameOccurrence[] {
  const symbol = analysis.assembly.assembler.symbols.find(name.name);
  if (!symbol?.definition || symbol.binding === 'local') return [];
  return analysis.definitionsOf(name.kind, name.name).filter(one => one.role === 'definition');
}

function fileStart(path: string): Location {
  const start = { line: 0, character: 0 };
  return { uri: uriOfPath(path), range: { start, end: start } };
}

/** Every mention of the name at a position, in other open sources too when it is shared with them. */
export function references(
  analysis: Analysis,
  others: readonly Analysis[],
  position: Position,
  includeDeclaration: boolean,
): Location[] {
  const name = nameAt(analysis, position);
  if (!name) return [];
  const sources = isShared(analysis, name) ? [analysis, ...others.filter(other => isShared(other, name))] : [analysis];
  const seen = new Set<string>();
  return sources
    .flatMap(source => source.occurrencesOf(name.kind, name.name))
    .filter(one => includeDeclaration || one.role === 'reference')
    .map(one => locationOf(one.range))
    .filter(location => {
      const key = JSON.stringify(location);
      return !seen.has(key) && seen.add(key);
    });
}

/** Mentions of the name at a position within its own source. */
export function highlights(analysis: Analysis, position: Position): DocumentHighlight[] {
  const name = nameAt(analysis, position);
  if (!name) return [];
  const seen = new Set<number>();
  return analysis
    .occurrencesOf(name.kind, name.name)
    .filter(one => one.range.file === analysis.file && !seen.has(one.range.start) && seen.add(one.range.start))
    .map(one => ({
      range: rangeOf(analysis, one.range),
      kind: one.role === 'reference' ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
    }));
}
