import type { Token } from './token.ts';

/** A value of `#if`: 64 bits, signed unless told otherwise. */
interface Value {
  readonly bits: bigint;
  readonly unsigned: boolean;
}

export type ConditionResult = { readonly value: bigint } | { readonly problem: string; readonly token?: Token };

class ConditionError extends Error {
  readonly token: Token | undefined;
  constructor(message: string, token: Token | undefined) {
    super(message);
    this.token = token;
  }
}

const precedence: Readonly<Record<string, number>> = {
  '*': 10,
  '/': 10,
  '%': 10,
  '+': 9,
  '-': 9,
  '<<': 8,
  '>>': 8,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '==': 6,
  '!=': 6,
  '&': 5,
  '^': 4,
  '|': 3,
  '&&': 2,
  '||': 1,
};

const deepest = 200;

/**
 * Evaluates the expression of `#if` (C17 6.10.1). `defined` and its kin are replaced already; names that are left
 * count as 0.
 */
export function evaluateCondition(tokens: readonly Token[]): ConditionResult {
  const parser = new Parser(tokens);
  try {
    const value = parser.conditional(true);
    parser.end();
    return { value: value.bits };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { problem: error.message, ...(error.token && { token: error.token }) };
  }
}

class Parser {
  private at = 0;
  private depth = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  end(): void {
    const token = this.tokens[this.at];
    if (token) throw new ConditionError('Nothing more is expected in this condition.', token);
  }

  /** `live` is false where the value does not matter, so that a division by zero there is no mistake. */
  conditional(live: boolean): Value {
    if (++this.depth > deepest) throw new ConditionError('This condition is nested too deep.', this.tokens[this.at]);
    const condition = this.binary(1, live);
    let result = condition;
    if (this.accept('?')) {
      const truth = condition.bits !== 0n;
      const first = this.conditional(live && truth);
      if (!this.accept(':')) throw new ConditionError('A `:` is missing here.', this.tokens[this.at]);
      const second = this.conditional(live && !truth);
      const unsigned = first.unsigned || second.unsigned;
      result = { bits: (truth ? first : second).bits, unsigned };
    }
    this.depth--;
    return result;
  }

  private accept(text: string): boolean {
    if (this.tokens[this.at]?.text !== text) return false;
    this.at++;
    return true;
  }

  private binary(weakest: number, live: boolean): Value {
    let left = this.unary(live);
    for (;;) {
      const token = this.tokens[this.at];
      const rank = token?.kind === 'punctuator' ? precedence[token.text] : undefined;
      if (!token || rank === undefined || rank < weakest) return left;
      this.at++;
      const matters = live && !(token.text === '&&' && left.bits === 0n) && !(token.text === '||' && left.bits !== 0n);
      const right = this.binary(rank + 1, matters);
      left = apply(token, left, right, matters);
    }
  }

  private unary(live: boolean): Value {
    const token = this.tokens[this.at++];
    if (!token) throw new ConditionError('A value is missing in this condition.', this.tokens[this.at - 2]);
    if (++this.depth > deepest) throw new ConditionError('This condition is nested too deep.', token);
    let value: Value;
    switch (token.text) {
      case '(':
        value = this.conditional(live);
        if (!this.accept(')')) throw new ConditionError('This parenthesis is not closed.', token);
        break;
      case '-': {
        const operand = this.unary(live);
        value = wrapped(-operand.bits, operand.unsigned);
        break;
      }
      case '+':
        value = this.unary(live);
        break;
      case '~': {
        const operand = this.unary(live);
        value = wrapped(~operand.bits, operand.unsigned);
        break;
      }
      case '!':
        value = truth(this.unary(live).bits === 0n);
        break;
      default:
        value = primary(token);
        // A name that is no macro may look like a call of one; its value is unknown.
        if (token.kind === 'name' && this.tokens[this.at]?.text === '(') {
          throw new ConditionError(`\`${token.text}\` is not a macro with parameters.`, token);
        }
    }
    this.depth--;
    return value;
  }
}

function truth(holds: boolean): Value {
  return { bits: holds ? 1n : 0n, unsigned: false };
}

function wrapped(bits: bigint, unsigned: boolean): Value {
  return { bits: unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits), unsigned };
}

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 };

function primary(token: Token): Value {
  if (token.kind === 'name') return truth(false);
  if (token.kind === 'character') {
    const inner = token.text.slice(1, -1);
    const escaped = /^\\(?:([0-7]{1,3})|x([0-9a-fA-F]+)|(.))$/.exec(inner);
    if (!escaped) return wrapped(BigInt(inner.codePointAt(0) ?? 0), false);
    const code = escaped[1]
      ? Number.parseInt(escaped[1], 8)
      : escaped[2]
        ? Number.parseInt(escaped[2], 16)
        : (escapes[escaped[3]!] ?? escaped[3]!.charCodeAt(0));
    return wrapped(BigInt(code), false);
  }
  const number = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uU]?(?:ll?|LL?)?[uU]?)$/.exec(token.text.replaceAll("'", ''));
  if (token.kind !== 'number' || !number) {
    throw new ConditionError(`\`${token.text}\` cannot stand in a condition.`, token);
  }
  const digits = number[1]!;
  const octal = /^0\d+$/.test(digits);
  if (octal && /[89]/.test(digits)) throw new ConditionError(`\`${token.text}\` is not an octal number.`, token);
  const bits = octal ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
  return wrapped(bits, /[uU]/.test(number[2]!) || bits >= 1n << 63n);
}

function apply(token: Token, leftGiven: Value, rightGiven: Value, live: boolean): Value {
  const operator = token.text;
  if (operator === '&&') return truth(leftGiven.bits !== 0n && rightGiven.bits !== 0n);
  if (operator === '||') return truth(leftGiven.bits !== 0n || rightGiven.bits !== 0n);
  if (operator === '<<' || operator === '>>') {
    const count = rightGiven.bits < 0n || rightGiven.bits > 63n ? 64n : rightGiven.bits;
    return wrapped(operator === '<<' ? leftGiven.bits << count : leftGiven.bits >> count, leftGiven.unsigned);
  }
  const unsigned = leftGiven.unsigned || rightGiven.unsigned;
  const left = wrapped(leftGiven.bits, unsigned).bits;
  const right = wrapped(rightGiven.bits, unsigned).bits;
  switch (operator) {
    case '*':
      return wrapped(left * right, unsigned);
    case '/':
    case '%':
      if (right === 0n) {
        if (live) throw new ConditionError('Division by zero.', token);
        return wrapped(0n, unsigned);
      }
      return wrapped(operator === '/' ? left / right : left % right, unsigned);
    case '+':
      return wrapped(left + right, unsigned);
    case '-':
      return wrapped(left - right, unsigned);
    case '<':
      return truth(left < right);
    case '>':
      return truth(left > right);
    case '<=':
      return truth(left <= right);
    case '>=':
      return truth(left >= right);
    case '==':
      return truth(left === right);
    case '!=':
      return truth(left !== right);
    case '&':
      return wrapped(left & right, unsigned);
    case '^':
      return wrapped(left ^ right, unsigned);
    default:
      return wrapped(left | right, unsigned);
  }
}
