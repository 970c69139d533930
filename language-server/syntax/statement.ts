import { characterEnd, isBlank, isDigit, isNameStart, nameEnd, skipBlanks, stringEnd } from './characters.ts';

/** A stretch of a line's text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `name:` or, for numeric local labels, `1:`. */
export interface LabelSyntax extends Span {
  readonly name: string;
  readonly numeric: boolean;
}

/**
 * One statement: labels, then at most one of a head with operands, or an assignment.
 *
 * What the head is (directive, macro, instruction) is not decided here, since that depends on the macros known at that
 * point; so the operands stay text.
 */
export interface Statement extends Span {
  readonly labels: readonly LabelSyntax[];
  /** Directive, macro or mnemonic as written. */
  readonly head?: Span & { readonly text: string };
  /** What follows the head, blanks trimmed; or the right side of an assignment. */
  readonly operands: Span;
  /** `symbol = …` or `symbol == …`. */
  readonly assignment?: Span & { readonly symbol: string; readonly operator: '=' | '==' };
  /** Set when the text is none of these: where it ceases to make sense. */
  readonly stray?: Span;
}

/** Cuts a logical line (comments already blanked) at each `;` outside quotes: offsets where statements begin and end. */
export function splitStatements(text: string): Span[] {
  const end = text.length;
  if (!text.includes(';')) return [{ start: 0, end }];
  const spans: Span[] = [];
  for (let at = 0; at <= end; ) {
    const stop = statementEnd(text, at, end);
    spans.push({ start: at, end: stop });
    at = stop + 1;
  }
  return spans;
}

/** Parses a logical line into its statements. Never throws. */
export function parseStatements(text: string): Statement[] {
  return splitStatements(text).flatMap(span => parseStatement(text, span.start, span.end) ?? []);
}

/** End of the statement that begins at `at`: the next `;` outside quotes. */
function statementEnd(text: string, at: number, end: number): number {
  let position = at;
  while (position < end) {
    const code = text.charCodeAt(position);
    if (code === 59) return position;
    if (code === 34) position = stringEnd(text, position, end);
    else if (code === 39) position = characterEnd(text, position, end);
    else position++;
  }
  return end;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let position = end;
  while (position > start && isBlank(text.charCodeAt(position - 1))) position--;
  return position;
}

/** Parses the one statement between two offsets; undefined when there is nothing but blanks. */
export function parseStatement(text: string, from: number, to: number): Statement | undefined {
  const end = trimmedEnd(text, from, to);
  let at = skipBlanks(text, from, end);
  if (at >= end) return undefined;
  const start = at;
  const labels: LabelSyntax[] = [];
  for (;;) {
    const label = labelAt(text, at, end);
    if (!label) break;
    labels.push(label.label);
    at = skipBlanks(text, label.next, end);
  }
  const empty = { start: end, end };
  if (at >= end) return { start, end, labels, operands: empty };
  const name = symbolAt(text, at, end);
  if (!name) {
    // A macro parameter may stand at the front of a macro body's line; elsewhere this is not a statement.
    return { start, end, labels, operands: { start: at, end }, stray: { start: at, end } };
  }
  const after = skipBlanks(text, name.end, end);
  if (text.charCodeAt(after) === 61 && after < end) {
    const double = text.charCodeAt(after + 1) === 61;
    const valueStart = skipBlanks(text, after + (double ? 2 : 1), end);
    return {
      start,
      end,
      labels,
      operands: { start: valueStart, end },
      assignment: { symbol: name.text, operator: double ? '==' : '=', start: at, end: name.end },
    };
  }
  return {
    start,
    end,
    labels,
    head: { text: text.slice(at, name.end), start: at, end: name.end },
    operands: { start: after, end },
  };
}

/** A symbol name, plain or in quotes. */
export function symbolAt(text: string, at: number, end: number): { text: string; end: number } | undefined {
  const code = text.charCodeAt(at);
  if (at < end && code === 34) {
    const stop = stringEnd(text, at, end);
    const inner = text.slice(at + 1, text.charCodeAt(stop - 1) === 34 && stop - 1 > at ? stop - 1 : stop);
    return inner === '' ? undefined : { text: inner.replace(/\\(.)/g, '$1'), end: stop };
  }
  const stop = nameEnd(text, at, end);
  return stop > at ? { text: text.slice(at, stop), end: stop } : undefined;
}

function labelAt(text: string, at: number, end: number): { label: LabelSyntax; next: number } | undefined {
  if (at >= end) return undefined;
  const code = text.charCodeAt(at);
  if (isDigit(code)) {
    let stop = at;
    while (stop < end && isDigit(text.charCodeAt(stop))) stop++;
    const colon = skipBlanks(text, stop, end);
    if (colon >= end || text.charCodeAt(colon) !== 58) return undefined;
    return { label: { name: text.slice(at, stop), numeric: true, start: at, end: stop }, next: colon + 1 };
  }
  if (!isNameStart(code) && code !== 34) return undefined;
  const name = symbolAt(text, at, end);
  if (!name) return undefined;
  const colon = skipBlanks(text, name.end, end);
  if (colon >= end || text.charCodeAt(colon) !== 58) return undefined;
  return { label: { name: name.text, numeric: false, start: at, end: name.end }, next: colon + 1 };
}
