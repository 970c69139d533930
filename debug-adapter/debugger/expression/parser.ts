/**
 * The one expression language of conditions, filters, log points, watches and the debug console.
 *
 *     el==1 && x0 > 0x10 && HCR_EL2.VM == 1
 *     ipa in 0x09000000..0x09000fff
 *     *(u32*)pa:0x40000000        [va@el1:sp + 8].u32        list->next->value
 *
 * Operators and their precedence are C's; `in` binds like `==`.
 */
import type { AddressSpace, ExceptionLevel } from '../target.ts';
import { ExpressionProblem, type Token, tokenise } from './lexer.ts';

export type Expression = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string; readonly register: boolean }
  | { readonly kind: 'unary'; readonly operator: '-' | '~' | '!' | '+' | '*' | '&'; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'in'; readonly value: Expression; readonly choices: readonly Choice[] }
  | { readonly kind: 'space'; readonly space: AddressSpace; readonly operand: Expression }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string; readonly arrow: boolean }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression }
  /** `[address]`, with a type from a `.u32` that follows. */
  | { readonly kind: 'memory'; readonly address: Expression }
  | { readonly kind: 'cast'; readonly type: TypeName; readonly operand: Expression }
  | { readonly kind: 'assign'; readonly target: Expression; readonly value: Expression }
);

/** One alternative of `in`: a value, or a range with both ends included. */
export type Choice = { readonly low: Expression; readonly high?: Expression };

export interface TypeName {
  readonly name: string;
  readonly pointers: number;
}

const binaryPrecedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  in: 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const maximumDepth = 200;

/** `isType` tells which names are types, so that `(name *)x` is read as a cast. Throws `ExpressionProblem`. */
export function parseExpression(text: string, isType: (name: string) => boolean): Expression {
  return new Parser(text, isType).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #isType: (name: string) => boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, isType: (name: string) => boolean) {
    this.#tokens = tokenise(text);
    this.#isType = isType;
  }

  whole(): Expression {
    if (this.#token.kind === 'end') throw new ExpressionProblem('an expression is missing');
    let expression = this.#binary(1);
    if (this.#take('=')) {
      const value = this.#binary(1);
      expression = { kind: 'assign', target: expression, value, start: expression.start, end: value.end };
    }
    if (this.#at < this.#tokens.length - 1) this.#fail(`${this.#describe()} is not expected here`);
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }
  #next(): Token {
    const token = this.#token;
    if (token.kind !== 'end') this.#at++;
    return token;
  }
  #is(operator: string): boolean {
    return this.#token.kind === 'operator' && this.#token.text === operator;
  }
  #take(operator: string): boolean {
    if (!this.#is(operator)) return false;
    this.#at++;
    return true;
  }
  #expect(operator: string): number {
    const { end } = this.#token;
    if (!this.#take(operator)) this.#fail(`'${operator}' is expected before ${this.#describe()}`);
    return end;
  }
  #describe(): string {
    const token = this.#token;
    if (token.kind === 'end') return 'the end';
    if (token.kind === 'number' || token.kind === 'float') return `'${token.value}'`;
    return `'${token.text}'`;
  }
  #fail(message: string): never {
    throw new ExpressionProblem(message, this.#token.start, this.#token.end);
  }

  #binary(minimum: number): Expression {
    if (++this.#depth > maximumDepth) this.#fail('the expression is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const token = this.#token;
      const operator =
        token.kind === 'operator'
          ? token.text
          : token.kind === 'name' && !token.register && token.text === 'in'
            ? 'in'
            : undefined;
      const precedence = operator === undefined ? undefined : binaryPrecedence[operator];
      if (operator === undefined || precedence === undefined || precedence < minimum) break;
      this.#next();
      if (operator === 'in') {
        const choices = this.#choices();
        left = { kind: 'in', value: left, choices, start: left.start, end: this.#tokens[this.#at - 1]!.end };
      } else {
        const right = this.#binary(precedence + 1);
        left = { kind: 'binary', operator, left, right, start: left.start, end: right.end };
      }
    }
    this.#depth--;
    return left;
  }

  /** `low..high`, or several in parentheses or braces. */
  #choices(): Choice[] {
    const closing = this.#is('(') ? ')' : this.#is('{') ? '}' : undefined;
    if (closing === undefined) return [this.#choice()];
    this.#next();
    const choices = [this.#choice()];
    while (this.#take(',')) choices.push(this.#choice());
    this.#expect(closing);
    return choices;
  }
  #choice(): Choice {
    const low = this.#binary(8);
    return this.#take('..') ? { low, high: this.#binary(8) } : { low };
  }

  #unary(): Expression {
    if (++this.#depth > maximumDepth) this.#fail('the expression is nested too deeply');
    try {
      const token = this.#token;
      if (token.kind === 'space') {
        this.#next();
        const operand = this.#unary();
        return { kind: 'space', space: spaceOf(token.text), operand, start: token.start, end: operand.end };
      }
      if (token.kind === 'operator') {
        const { text } = token;
        if (text === '-' || text === '~' || text === '!' || text === '+' || text === '*' || text === '&') {
          this.#next();
          const operand = this.#unary();
          return { kind: 'unary', operator: text, operand, start: token.start, end: operand.end };
        }
        if (text === '(') {
          const type = this.#castType();
          if (type) {
            const operand = this.#unary();
            return { kind: 'cast', type, operand, start: token.start, end: operand.end };
          }
        }
      }
      return this.#postfix();
    } finally {
      this.#depth--;
    }
  }

  /** Reads `(type **)` when that is what stands here. */
  #castType(): TypeName | undefined {
    const start = this.#at;
    this.#next();
    const words: string[] = [];
    while (this.#token.kind === 'name' && !this.#token.register) words.push((this.#next() as { text: string }).text);
    let pointers = 0;
    while (this.#take('*')) pointers++;
    const name = words.filter(word => !['struct', 'union', 'enum', 'const', 'volatile'].includes(word)).join(' ');
    const spelled = words.length > 0 && (words.length > 1 || this.#isType(name));
    if (spelled && this.#take(')')) return { name, pointers };
    this.#at = start;
    return undefined;
  }

  #postfix(): Expression {
    let expression = this.#primary();
    for (;;) {
      const arrow = this.#is('->');
      if (arrow || this.#is('.')) {
        this.#next();
        const token = this.#next();
        if (token.kind !== 'name') this.#fail(`a name is expected after '${arrow ? '->' : '.'}'`);
        expression = {
          kind: 'member',
          of: expression,
          name: token.text,
          arrow,
          start: expression.start,
          end: token.end,
        };
      } else if (this.#take('[')) {
        const index = this.#binary(1);
        expression = { kind: 'index', of: expression, index, start: expression.start, end: this.#expect(']') };
      } else return expression;
    }
  }

  #primary(): Expression {
    const token = this.#next();
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
        return { kind: 'number', value: token.value, start, end };
      case 'float':
        return { kind: 'float', value: token.value, start, end };
      case 'name':
        return { kind: 'name', name: token.text, register: token.register, start, end };
      case 'operator':
        if (token.text === '(') {
          const inner = this.#binary(1);
          return { ...inner, start, end: this.#expect(')') };
        }
        if (token.text === '[') {
          const address = this.#binary(1);
          return { kind: 'memory', address, start, end: this.#expect(']') };
        }
    }
    this.#at = Math.max(0, this.#at - (token.kind === 'end' ? 0 : 1));
    this.#fail(`a value is expected before ${this.#describe()}`);
  }
}

export function spaceOf(text: string): AddressSpace {
  const match = /^(va|ipa|pa)(?:@el([0-3]))?$/i.exec(text)!;
  const kind = match[1]!.toLowerCase() as 'va' | 'ipa' | 'pa';
  if (kind === 'va' && match[2] !== undefined) return { kind, el: Number(match[2]) as ExceptionLevel };
  return { kind };
}

export function spaceText(space: AddressSpace): string {
  return space.kind === 'va' && space.el !== undefined ? `va@el${space.el}:` : `${space.kind}:`;
}
