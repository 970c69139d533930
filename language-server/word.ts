import { parseStatement, type Span, type Statement, splitLines, splitStatements } from './syntax/index.ts';
import { SourceFile } from './syntax/source.ts';

/** A word of a source and what it stands in. */
export interface WordInStatement {
  readonly text: string;
  /** Offsets in the source. */
  readonly start: number;
  readonly end: number;
  readonly role: 'label' | 'head' | 'operand' | 'preprocessor';
  /** Head of the statement in lower case, empty when there is none. */
  readonly head: string;
  /** Text of the operands, and how far into it the word begins. */
  readonly operands: string;
  readonly operandOffset: number;
}

/** One statement of a physical line, with offsets into the source. */
export interface PlacedStatement {
  readonly statement: Statement;
  /** Offset of the line's text in the source. */
  readonly base: number;
  readonly text: string;
}

/** The statements of a source as written, before preprocessing; comments are left out. */
export function statementsOf(text: string): PlacedStatement[] {
  const file = new SourceFile('', text);
  return splitLines(file, []).flatMap(line => {
    const base = line.pieces[0]!.start;
    return splitStatements(line.text).flatMap(span => {
      const statement = parseStatement(line.text, span.start, span.end);
      return statement ? [{ statement, base, text: line.text }] : [];
    });
  });
}

/** The statement around an offset, and the line's offsets; block comments that began on earlier lines are not seen. */
export function statementAt(text: string, offset: number): PlacedStatement | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const stop = text.indexOf('\n', offset);
  const end = stop < 0 ? text.length : stop;
  const line = splitLines(new SourceFile('', text), [], undefined, start, end)[0];
  if (!line) return undefined;
  for (const span of splitStatements(line.text)) {
    if (offset - start < span.start || offset - start > span.end) continue;
    const statement = parseStatement(line.text, span.start, span.end);
    if (statement) return { statement, base: start, text: line.text };
  }
  return undefined;
}

const wordPattern = /[A-Za-z_.$\u0080-\uffff][\w.$\u0080-\uffff]*/g;

/** The word at an offset, or undefined between words and in comments. */
export function wordAt(text: string, offset: number): WordInStatement | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = text.indexOf('\n', offset);
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd);
  if (/^\s*#\s*[a-z]/.test(line)) {
    const span = wordIn(line, offset - lineStart, /[A-Za-z_]\w*/g);
    if (!span) return undefined;
    const word = line.slice(span.start, span.end);
    return {
      text: word,
      start: lineStart + span.start,
      end: lineStart + span.end,
      role: 'preprocessor',
      head: '',
      operands: '',
      operandOffset: 0,
    };
  }
  const placed = statementAt(text, offset);
  if (!placed) return undefined;
  const { statement, base } = placed;
  const span = wordIn(placed.text, offset - base, wordPattern);
  if (!span) return undefined;
  const head = statement.head?.text.toLowerCase() ?? '';
  const role = statement.labels.some(label => label.start <= span.start && span.end <= label.end)
    ? 'label'
    : statement.head && span.start === statement.head.start
      ? 'head'
      : 'operand';
  return {
    text: placed.text.slice(span.start, span.end),
    start: base + span.start,
    end: base + span.end,
    role,
    head,
    operands: placed.text.slice(statement.operands.start, statement.operands.end),
    operandOffset: span.start - statement.operands.start,
  };
}

function wordIn(text: string, offset: number, pattern: RegExp): Span | undefined {
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (match.index <= offset && offset <= end) return { start: match.index, end };
    if (match.index > offset) break;
  }
  return undefined;
}
