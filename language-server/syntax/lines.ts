import { characterEnd, isBlank, stringEnd } from './characters.ts';
import type { Problem } from './problem.ts';
import { type Expansion, type SourceFile, type SourceLine, verbatimLine } from './source.ts';

/**
 * Cuts a source (not preprocessed) into logical lines with comments blanked out.
 *
 * `//` comments run to the end of the line; a `#` comments only as the first character that is not blank; a block
 * comment may span lines, which then are one logical line, as they are one statement to GNU as. Blanking keeps every
 * other character at its place, so a line maps back to its file by one piece.
 */
export function splitLines(
  file: SourceFile,
  problems: Problem[],
  expansion?: Expansion,
  start = 0,
  end = file.text.length,
): SourceLine[] {
  const text = file.text;
  const lines: SourceLine[] = [];
  let at = start;
  while (at < end) {
    let stop = text.indexOf('\n', at);
    if (stop < 0 || stop > end) stop = end;
    if (isPlain(text, at, stop)) {
      lines.push(verbatimLine(file, at, text.slice(at, stop), expansion));
      at = stop + 1;
      continue;
    }
    const { line, next } = commentedLine(file, at, end, problems, expansion);
    lines.push(line);
    at = next;
  }
  return lines;
}

/** Whether a line has neither a slash nor a hash and so needs no care. */
function isPlain(text: string, at: number, stop: number): boolean {
  for (let position = at; position < stop; position++) {
    const code = text.charCodeAt(position);
    if (code === 47 || code === 35) return false;
  }
  return true;
}

function commentedLine(
  file: SourceFile,
  start: number,
  end: number,
  problems: Problem[],
  expansion: Expansion | undefined,
): { line: SourceLine; next: number } {
  const text = file.text;
  let out = '';
  let copied = start;
  let at = start;
  let statementStart = true;
  const finish = (stop: number, next: number) => {
    out += text.slice(copied, stop);
    return { line: verbatimLine(file, start, out, expansion), next };
  };
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === 10) return finish(at, at + 1);
    if (code === 34) {
      at = boundedByLine(text, stringEnd(text, at, end), at);
      statementStart = false;
    } else if (code === 39) {
      at = boundedByLine(text, characterEnd(text, at, end), at);
      statementStart = false;
    } else if (code === 47 && text.charCodeAt(at + 1) === 47) {
      let stop = text.indexOf('\n', at);
      if (stop < 0 || stop > end) stop = end;
      return finish(at, stop + 1);
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      const close = text.indexOf('*/', at + 2);
      const stop = close < 0 || close + 2 > end ? end : close + 2;
      if (close < 0 || close + 2 > end) {
        const range = { file, start: at, end: Math.min(at + 2, end), ...(expansion ? { expansion } : {}) };
        problems.push({
          severity: 'warning',
          code: 'unterminated-comment',
          message: 'This comment is not closed; it swallows the rest of the file.',
          range,
        });
      }
      out += text.slice(copied, at) + ' '.repeat(stop - at);
      copied = stop;
      at = stop;
    } else if (code === 35 && statementStart) {
      let stop = text.indexOf('\n', at);
      if (stop < 0 || stop > end) stop = end;
      return finish(isLineMarker(text, at) ? stop : at, stop + 1);
    } else {
      if (code === 59) statementStart = true;
      else if (!isBlank(code)) statementStart = false;
      at++;
    }
  }
  return finish(end, end + 1);
}

/** A quoted thing ends at the line's end when its quote is never closed. */
function boundedByLine(text: string, stop: number, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline >= 0 && newline < stop ? newline : stop;
}

/** `# 12 "file.c"`, left behind by a preprocessor that ran before: kept, the assembler reads it. */
function isLineMarker(text: string, hash: number): boolean {
  return /^#\s*\d+\s+"/.test(text.slice(hash, hash + 24));
}
