import type { Location, Position, Range } from 'vscode-languageserver';
import type { Analysis, Span } from '../analysis.ts';
import type { SourceRange } from '../assembler/index.ts';
import { uriOfPath } from '../workspace.ts';

/** Editor positions and offsets of the source under analysis. */
export function positionOf(analysis: Analysis, offset: number): Position {
  const { line, column } = analysis.file.position(offset);
  return { line, character: column };
}

export function rangeOf(analysis: Analysis, span: Span): Range {
  return { start: positionOf(analysis, span.start), end: positionOf(analysis, span.end) };
}

export function offsetOf(analysis: Analysis, position: Position): number {
  return analysis.file.offset(position.line, position.character);
}

/** Where a range of any source lies, for the editor. */
export function locationOf(range: SourceRange): Location {
  const at = (offset: number): Position => {
    const { line, column } = range.file.position(offset);
    return { line, character: column };
  };
  return { uri: uriOfPath(range.file.path), range: { start: at(range.start), end: at(range.end) } };
}
