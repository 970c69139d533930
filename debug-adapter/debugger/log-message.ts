/** Messages of log points: text with expressions in braces, `vmid {vmid} exits at {pc,x}: {esr_el2}`. */
import { ExpressionProblem } from './expression/lexer.ts';
import type { Expression } from './expression/parser.ts';
import type { NumberFormat } from './expression/value.ts';

export type LogPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly format?: NumberFormat };

/** Throws `ExpressionProblem` when an expression in it is none, or a brace is not closed. `{{` and `}}` are braces. */
export function parseLogMessage(message: string, parse: (text: string) => Expression): LogPart[] {
  const parts: LogPart[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (let at = 0; at < message.length; at++) {
    const letter = message[at]!;
    if ((letter === '{' || letter === '}') && message[at + 1] === letter) {
      text += letter;
      at++;
    } else if (letter === '{') {
      const end = message.indexOf('}', at);
      if (end < 0) throw new ExpressionProblem(`'{' is not closed`, at, message.length);
      const { source, format } = splitFormat(message.slice(at + 1, end));
      flush();
      parts.push({ kind: 'expression', expression: parse(source), ...(format && { format }) });
      at = end;
    } else text += letter;
  }
  flush();
  return parts;
}

/** `expression,x` names a number format. */
export function splitFormat(text: string): { readonly source: string; readonly format?: NumberFormat } {
  const match = /^(.*),\s*([xdbc])\s*$/s.exec(text);
  return match ? { source: match[1]!, format: match[2] as NumberFormat } : { source: text };
}
