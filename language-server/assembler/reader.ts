import { isBlank, nameEnd, skipBlanks } from '../syntax/characters.ts';
import { type Expression, parseExpression } from '../syntax/expression.ts';
import type { SourceLine } from '../syntax/source.ts';
import { type Span, symbolAt } from '../syntax/statement.ts';
import { parseString } from '../syntax/string.ts';

/** Ends the work on one statement; the assembler turns it into a problem and goes on with the next. */
export class StatementError extends Error {
  readonly span: Span;
  readonly code: string;

  constructor(message: string, span: Span, code = 'syntax') {
    super(message);
    this.span = span;
    this.code = code;
  }
}

/** A cursor over the operands of a directive. Whatever does not fit throws a `StatementError`. */
export class OperandReader {
  at: number;
  readonly line: SourceLine;
  readonly end: number;
  /** The whole statement, for problems that concern all of it. */
  readonly statement: Span;

  constructor(line: SourceLine, operands: Span, statement: Span) {
    this.line = line;
    this.at = operands.start;
    this.end = operands.end;
    this.statement = statement;
  }

  get text(): string {
    return this.line.text;
  }

  get atEnd(): boolean {
    this.skip();
    return this.at >= this.end;
  }

  skip(): void {
    this.at = skipBlanks(this.text, this.at, this.end);
  }

  /** What to throw when something does not fit; without a span it is what is left of the line. */
  error(message: string, span?: Span, code?: string): StatementError {
    return new StatementError(message, span ?? { start: this.at, end: Math.max(this.end, this.at) }, code);
  }

  /** Whether `character` comes next; it is consumed then. */
  accept(character: string): boolean {
    this.skip();
    if (this.at >= this.end || !this.text.startsWith(character, this.at)) return false;
    this.at += character.length;
    this.skip();
    return true;
  }

  comma(): void {
    if (!this.accept(',')) throw this.error('A comma is expected here.');
  }

  expectEnd(): void {
    if (!this.atEnd) throw this.error('Nothing more is expected on this line.');
  }

  expression(): Expression {
    const parsed = parseExpression(this.text, this.at, this.end);
    if ('problem' in parsed) throw new StatementError(parsed.problem.message, parsed.problem);
    this.at = parsed.end;
    return parsed.value;
  }

  string(): Uint8Array {
    const parsed = parseString(this.text, this.at, this.end);
    if ('problem' in parsed) throw new StatementError(parsed.problem.message, parsed.problem);
    this.at = parsed.end;
    return parsed.value;
  }

  /** The text of a string, for file names and messages. */
  stringText(): string {
    return new TextDecoder().decode(this.string());
  }

  get atString(): boolean {
    this.skip();
    return this.at < this.end && this.text[this.at] === '"';
  }

  /** A symbol name, plain or quoted. */
  symbol(): Span & { name: string } {
    this.skip();
    const found = symbolAt(this.text, this.at, this.end);
    if (!found) throw this.error('A symbol name is expected here.');
    const span = { start: this.at, end: found.end, name: found.text };
    this.at = found.end;
    this.skip();
    return span;
  }

  /** A plain word of name characters; empty when there is none. */
  word(): Span & { text: string } {
    this.skip();
    const start = this.at;
    const end = nameEnd(this.text, start, this.end);
    this.at = end;
    const text = this.text.slice(start, end);
    this.skip();
    return { text, start, end };
  }

  /** Text up to a comma or the end, blanks around it trimmed. */
  untilComma(): Span & { text: string } {
    this.skip();
    const start = this.at;
    let end = this.text.indexOf(',', start);
    if (end < 0 || end > this.end) end = this.end;
    this.at = end;
    while (end > start && isBlank(this.text.charCodeAt(end - 1))) end--;
    return { text: this.text.slice(start, end), start, end };
  }

  /** Everything that is left. */
  rest(): Span & { text: string } {
    this.skip();
    const start = this.at;
    this.at = this.end;
    return { text: this.text.slice(start, this.end), start, end: this.end };
  }
}
