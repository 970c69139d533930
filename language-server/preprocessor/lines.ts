import type { Problem } from '../syntax/problem.ts';
import { type Expansion, LineBuilder, type SourceFile, type SourceLine, verbatimLine } from '../syntax/source.ts';

/**
 * Cuts a source into the preprocessor's logical lines: lines that end in a backslash go on in the next one, comments
 * are blanked, and a comment that spans lines joins them.
 */
export function logicalLines(file: SourceFile, problems: Problem[], expansion: Expansion | undefined): SourceLine[] {
  const text = file.text;
  const lines: SourceLine[] = [];
  let at = 0;
  while (at < text.length) {
    let stop = text.indexOf('\n', at);
    if (stop < 0) stop = text.length;
    if (isPlain(text, at, stop)) {
      lines.push(verbatimLine(file, at, text.slice(at, stop), expansion));
      at = stop + 1;
      continue;
    }
    const { line, next } = carefulLine(file, at, problems, expansion);
    lines.push(line);
    at = next;
  }
  return lines;
}

/** Whether a line has no slash and does not end in a backslash. */
function isPlain(text: string, at: number, stop: number): boolean {
  for (let position = at; position < stop; position++) {
    const code = text.charCodeAt(position);
    if (code === 47 || code === 92) return false;
  }
  return true;
}

function carefulLine(
  file: SourceFile,
  start: number,
  problems: Problem[],
  expansion: Expansion | undefined,
): { line: SourceLine; next: number } {
  const text = file.text;
  const builder = new LineBuilder();
  let copied = start;
  let at = start;
  const flush = (end: number) => {
    builder.verbatim(text.slice(copied, end), file, copied, expansion);
  };
  const finish = (end: number, next: number) => {
    flush(end);
    return { line: builder.finish({ file, start, end: start, ...(expansion && { expansion }) }), next };
  };
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 10) return finish(at, at + 1);
    if (code === 92) {
      const newline = continuation(text, at);
      if (newline < 0) at += 2;
      else {
        flush(at);
        at = copied = newline + 1;
      }
      if (at > text.length) at = text.length;
    } else if (code === 34 || code === 39) at = quoteEnd(text, at);
    else if (code === 47 && text.charCodeAt(at + 1) === 47) {
      // A line comment goes on behind a backslash, too.
      flush(at);
      while (at < text.length && text.charCodeAt(at) !== 10) {
        const newline = text.charCodeAt(at) === 92 ? continuation(text, at) : -1;
        at = newline < 0 ? at + 1 : newline + 1;
      }
      copied = at;
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      flush(at);
      const close = text.indexOf('*/', at + 2);
      const stop = close < 0 ? text.length : close + 2;
      if (close < 0) {
        problems.push({
          severity: 'error',
          code: 'unterminated-comment',
          message: 'This comment is not closed; it swallows the rest of the file.',
          range: { file, start: at, end: at + 2, ...(expansion && { expansion }) },
        });
      }
      builder.verbatim(' '.repeat(stop - at), file, at, expansion);
      at = copied = stop;
    } else at++;
  }
  return finish(Math.min(at, text.length), text.length + 1);
}

/** Offset of the newline that a backslash at `at` hides (blanks between them do not matter), or −1. */
function continuation(text: string, at: number): number {
  let position = at + 1;
  while (position < text.length && (text[position] === ' ' || text[position] === '\t' || text[position] === '\r'))
    position++;
  return text.charCodeAt(position) === 10 ? position : -1;
}

/** End of a quoted thing on its line; a quote that is not closed is an ordinary character in assembly. */
function quoteEnd(text: string, at: number): number {
  const quote = text.charCodeAt(at);
  for (let position = at + 1; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === 10) break;
    if (code === 92) position++;
    else if (code === quote) return position + 1;
  }
  return at + 1;
}
