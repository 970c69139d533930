import { locate, type SourceLine, type SourceRange } from '../syntax/source.ts';
import type { Span } from '../syntax/statement.ts';

/** The statement that is being assembled: what problems, listings and line entries point at. */
export class StatementAtHand {
  line: SourceLine;
  span: Span = { start: 0, end: 0 };

  constructor(line: SourceLine) {
    this.line = line;
  }

  /** Place of a stretch of it, or of the whole. */
  range(span: Span = this.span): SourceRange {
    return locate(this.line, span.start, span.end);
  }
}
