import { characterEnd, isDigit, isNameStart, nameEnd, skipBlanks, stringEnd } from './characters.ts';
import type { Parsed, SyntaxProblem } from './parsed.ts';
import type { Span } from './statement.ts';
import { symbolAt } from './statement.ts';
import { unescapeString } from './string.ts';

export type UnaryOperator = '-' | '~' | '!' | '+';
export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '|'
  | '&'
  | '^'
  | '!'
  | '+'
  | '-'
  | '=='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||';

/** An expression as written. Names are not looked up yet. */
export type Expression =
  | (Span & { readonly kind: 'number'; readonly value: bigint })
  | (Span & { readonly kind: 'float'; readonly text: string })
  | (Span & { readonly kind: 'symbol'; readonly name: string })
  /** `1f`, `1b`. */
  | (Span & { readonly kind: 'local-label'; readonly number: string; readonly direction: 'f' | 'b' })
  /** `.`: where the statement stands. */
  | (Span & { readonly kind: 'here' })
  | (Span & { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression })
  | (Span & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    });

/**
 * How tightly binary operators bind, as GNU as documents it: multiplication and shifts first, then the bitwise
 * operators, then addition, then comparisons, then `&&`, then `||`.
 */
const precedence: Readonly<Record<BinaryOperator, number>> = {
  '*': 6,
  '/': 6,
  '%': 6,
  '<<': 6,
  '>>': 6,
  '|': 5,
  '&': 5,
  '^': 5,
  '!': 5,
  '+': 4,
  '-': 4,
  '==': 3,
  '<>': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '&&': 2,
  '||': 1,
};

/** Nesting deeper than this is refused, so that hostile input cannot exhaust the stack. */
const deepest = 200;

/** Parses the expression that begins at `start`; `end` of the result is where it stopped, blanks behind it skipped. */
export function parseExpression(text: string, start: number, end: number): Parsed<Expression> {
  const parser = new ExpressionParser(text, end);
  const value = parser.binary(skipBlanks(text, start, end), 1, 0);
  if (!value) return { problem: parser.problem ?? { start, end, message: 'An expression is missing here.' } };
  return { value, end: skipBlanks(text, parser.at, end) };
}

class ExpressionParser {
  at = 0;
  problem: SyntaxProblem | undefined;
  private readonly text: string;
  private readonly end: number;

  constructor(text: string, end: number) {
    this.text = text;
    this.end = end;
  }

  binary(start: number, weakest: number, depth: number): Expression | undefined {
    let left = this.unary(start, depth);
    while (left) {
      const at = skipBlanks(this.text, this.at, this.end);
      const found = this.operatorAt(at);
      if (!found || precedence[found.operator] < weakest) break;
      const right = this.binary(found.end, precedence[found.operator] + 1, depth + 1);
      if (!right) return undefined;
      left = { kind: 'binary', operator: found.operator, left, right, start: left.start, end: right.end };
    }
    return left;
  }

  private operatorAt(at: number): { operator: BinaryOperator; end: number } | undefined {
    if (at >= this.end) return undefined;
    const first = this.text[at]!;
    const second = at + 1 < this.end ? this.text[at + 1]! : '';
    const two = first + second;
    switch (two) {
      case '<<':
      case '>>':
      case '==':
      case '<>':
      case '<=':
      case '>=':
      case '&&':
      case '||':
        return { operator: two, end: at + 2 };
      case '!=':
        return { operator: '<>', end: at + 2 };
    }
    switch (first) {
      case '*':
      case '/':
      case '%':
      case '|':
      case '&':
      case '^':
      case '!':
      case '+':
      case '-':
      case '<':
      case '>':
        return { operator: first, end: at + 1 };
    }
    return undefined;
  }

  private fail(start: number, end: number, message: string): undefined {
    this.problem ??= { start, end: Math.max(end, start), message };
    return undefined;
  }

  private unary(start: number, depth: number): Expression | undefined {
    const at = skipBlanks(this.text, start, this.end);
    if (depth > deepest) return this.fail(at, at + 1, `This expression is nested more than ${deepest} deep.`);
    if (at >= this.end) return this.fail(at, at, 'An expression is missing here.');
    const first = this.text[at]!;
    if (first === '-' || first === '~' || first === '!' || first === '+') {
      const operand = this.unary(at + 1, depth + 1);
      return operand && { kind: 'unary', operator: first, operand, start: at, end: operand.end };
    }
    if (first === '(' || first === '[') {
      const inner = this.binary(at + 1, 1, depth + 1);
      if (!inner) return undefined;
      const close = skipBlanks(this.text, this.at, this.end);
      if (close >= this.end || this.text[close] !== (first === '(' ? ')' : ']')) {
        return this.fail(at, close, `This ${first === '(' ? 'parenthesis' : 'bracket'} is not closed.`);
      }
      this.at = close + 1;
      return { ...inner, start: at, end: close + 1 };
    }
    return this.primary(at);
  }

  private primary(at: number): Expression | undefined {
    const { text, end } = this;
    const code = text.charCodeAt(at);
    if (isDigit(code)) return this.number(at);
    if (code === 39) {
      const stop = characterEnd(text, at, end);
      const inner = text.slice(at + 1, stop > at + 2 && text.charCodeAt(stop - 1) === 39 ? stop - 1 : stop);
      if (inner === '') return this.fail(at, stop, 'A character is missing behind this quote.');
      this.at = stop;
      const bytes = unescapeString(inner);
      return { kind: 'number', value: BigInt(bytes[0] ?? 0), start: at, end: stop };
    }
    if (code === 34) {
      const symbol = symbolAt(text, at, end);
      if (!symbol) return this.fail(at, stringEnd(text, at, end), 'A symbol name in quotes must not be empty.');
      this.at = symbol.end;
      return { kind: 'symbol', name: symbol.text, start: at, end: symbol.end };
    }
    if (isNameStart(code)) {
      const stop = nameEnd(text, at, end);
      this.at = stop;
      if (code === 46 && stop === at + 1) return { kind: 'here', start: at, end: stop };
      return { kind: 'symbol', name: text.slice(at, stop), start: at, end: stop };
    }
    return this.fail(at, at + 1, `An expression cannot begin with \`${text[at]}\`.`);
  }

  private number(at: number): Expression | undefined {
    const rest = this.text.slice(at, Math.min(this.end, at + 4096));
    const float =
      /^(?:\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|0[fFdDeErRsS][+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(
        rest,
      );
    const word = /^[0-9a-zA-Z_$.]+/.exec(rest)![0];
    const local = /^(\d+)([fb])$/.exec(word);
    if (local && !/^0b[01]/i.test(word)) {
      this.at = at + word.length;
      const direction = local[2] === 'f' ? 'f' : 'b';
      return { kind: 'local-label', number: local[1]!, direction, start: at, end: this.at };
    }
    if (float && !/^0[xX]/.test(rest)) {
      this.at = at + float[0].length;
      return { kind: 'float', text: float[0], start: at, end: this.at };
    }
    const value = integerOf(word);
    if (value === undefined) return this.fail(at, at + word.length, `\`${word}\` is not a number.`);
    this.at = at + word.length;
    return { kind: 'number', value, start: at, end: this.at };
  }
}

/** Value of an integer literal: `0x1f`, `0b101`, `017` (octal), `42`; undefined when it is none. */
export function integerOf(word: string): bigint | undefined {
  if (/^[1-9]\d*$/.test(word)) return BigInt(word);
  if (/^0[xX][0-9a-fA-F]+$/.test(word)) return BigInt(word);
  if (/^0[bB][01]+$/.test(word)) return BigInt(word);
  if (/^0[0-7]*$/.test(word)) return word === '0' ? 0n : BigInt('0o' + word.slice(1));
  return undefined;
}
