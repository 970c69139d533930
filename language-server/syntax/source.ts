/**
 * Text and where it came from.
 *
 * Everything the assembler reads is a `SourceLine`: one logical line of text together with a map from its characters
 * back to files. Macro expansion and the C preprocessor only ever build new lines out of pieces of old ones, so that
 * a problem found at the very end can still be shown where a person wrote it.
 */

/** A file as read: `path` is whatever the file provider calls it, `text` its whole content. */
export class SourceFile {
  readonly path: string;
  readonly text: string;
  private lineStarts: number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Zero-based line and column (in UTF-16 units) of a character offset. */
  position(offset: number): { line: number; column: number } {
    const starts = this.starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low, column: offset - starts[low]! };
  }

  /** Character offset of a zero-based line and column, clamped to the file. */
  offset(line: number, column: number): number {
    const starts = this.starts();
    if (line < 0) return 0;
    if (line >= starts.length) return this.text.length;
    const end = line + 1 < starts.length ? starts[line + 1]! - 1 : this.text.length;
    return Math.min(starts[line]! + column, end);
  }

  get lineCount(): number {
    return this.starts().length;
  }

  private starts(): number[] {
    if (this.lineStarts) return this.lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.lineStarts = starts;
    return starts;
  }
}

/** Why text stands where it does although nobody wrote it there. */
export interface Expansion {
  /** `macro`: `.macro`; `preprocessor`: `#define`; `repeat`: `.rept` and its kin; `include`: either kind of include. */
  readonly kind: 'macro' | 'preprocessor' | 'repeat' | 'include';
  /** The macro's name, the repeating directive, or the included path. */
  readonly name: string;
  /** The invocation; its own `expansion` continues the chain outwards. */
  readonly at: SourceRange;
}

/** A stretch of a file, `end` exclusive, and how it came to be read there. */
export interface SourceRange {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
  readonly expansion?: Expansion;
}

/** A run of characters of a line that came from one place. */
export interface Piece {
  /** Offset in the line's text where the run begins; it ends where the next piece begins. */
  readonly at: number;
  readonly file: SourceFile;
  readonly start: number;
  /** For verbatim pieces unused; otherwise the end of the whole source stretch that produced the run. */
  readonly end: number;
  /** Character n of the run is character `start + n` of the file. */
  readonly verbatim: boolean;
  readonly expansion: Expansion | undefined;
}

/** One logical line, comments already blanked out. `pieces` is never empty and begins at 0. */
export interface SourceLine {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

function pieceIndex(line: SourceLine, offset: number): number {
  const pieces = line.pieces;
  if (pieces.length === 1) return 0;
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pieces[middle]!.at <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where characters `start` to `end` of a line come from. A stretch that mixes sources is shown by its first piece. */
export function locate(line: SourceLine, start = 0, end = line.text.length): SourceRange {
  const firstIndex = pieceIndex(line, start);
  const first = line.pieces[firstIndex]!;
  const last = line.pieces[pieceIndex(line, Math.max(start, end - 1))]!;
  const expansion = first.expansion ? { expansion: first.expansion } : {};
  if (!first.verbatim) return { file: first.file, start: first.start, end: first.end, ...expansion };
  const from = first.start + (start - first.at);
  if (first === last) return { file: first.file, start: from, end: first.start + (end - first.at), ...expansion };
  if (last.file === first.file && last.expansion === first.expansion) {
    const to = last.verbatim ? last.start + (end - last.at) : last.end;
    if (to > from) return { file: first.file, start: from, end: to, ...expansion };
  }
  const next = line.pieces[firstIndex + 1]!;
  return { file: first.file, start: from, end: first.start + (next.at - first.at), ...expansion };
}

/** The place a reader looks at first: the outermost invocation that led here, includes excepted. */
export function outermost(range: SourceRange): SourceRange {
  let at = range;
  while (at.expansion && at.expansion.kind !== 'include') at = at.expansion.at;
  return at;
}

/** The place a line table names: macro and preprocessor invocations are one line; repeated and included lines are their own. */
export function statementPlace(range: SourceRange): SourceRange {
  let place = range;
  for (let at: SourceRange = range; at.expansion; at = at.expansion.at) {
    if (at.expansion.kind === 'macro' || at.expansion.kind === 'preprocessor') place = at.expansion.at;
  }
  return place;
}

/** Builds a line out of slices of other lines and of literal text. */
export class LineBuilder {
  private text = '';
  private readonly pieces: Piece[] = [];

  get length(): number {
    return this.text.length;
  }

  /** Appends characters `start` to `end` of `line`; `expansion`, when given, replaces how they came to be there. */
  slice(line: SourceLine, start: number, end: number, expansion?: Expansion): void {
    if (end <= start) return;
    let index = pieceIndex(line, start);
    let from = start;
    while (from < end) {
      const piece = line.pieces[index]!;
      const next = line.pieces[index + 1];
      const to = next ? Math.min(end, next.at) : end;
      const shift = piece.verbatim ? from - piece.at : 0;
      this.push(
        line.text.slice(from, to),
        piece.file,
        piece.start + shift,
        piece.end,
        piece.verbatim,
        expansion ?? piece.expansion,
      );
      from = to;
      index++;
    }
  }

  /** Appends text that nobody wrote as it is; it is attributed to `range`. */
  literal(text: string, range: SourceRange): void {
    if (text !== '') this.push(text, range.file, range.start, range.end, false, range.expansion);
  }

  /** Appends text that stands in a file exactly so. */
  verbatim(text: string, file: SourceFile, start: number, expansion: Expansion | undefined): void {
    if (text !== '') this.push(text, file, start, start + text.length, true, expansion);
  }

  /** The line; `fallback` says where an empty line stands. */
  finish(fallback: SourceRange): SourceLine {
    if (this.pieces.length === 0) {
      const { file, start, end, expansion } = fallback;
      return { text: '', pieces: [{ at: 0, file, start, end, verbatim: true, expansion }] };
    }
    return { text: this.text, pieces: this.pieces };
  }

  private push(
    text: string,
    file: SourceFile,
    start: number,
    end: number,
    verbatim: boolean,
    expansion: Expansion | undefined,
  ): void {
    const last = this.pieces[this.pieces.length - 1];
    const continues =
      last !== undefined &&
      verbatim &&
      last.verbatim &&
      last.file === file &&
      last.expansion === expansion &&
      last.start + (this.text.length - last.at) === start;
    if (!continues) this.pieces.push({ at: this.text.length, file, start, end, verbatim, expansion });
    this.text += text;
  }
}

/** A line whose text is a stretch of a file as it stands there (or that stretch with comments blanked). */
export function verbatimLine(
  file: SourceFile,
  start: number,
  text: string,
  expansion: Expansion | undefined,
): SourceLine {
  return { text, pieces: [{ at: 0, file, start, end: start + text.length, verbatim: true, expansion }] };
}
