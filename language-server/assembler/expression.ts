import type { BinaryOperator, UnaryOperator } from '../syntax/expression.ts';
import type { AssemblySymbol, BoundExpression, Fragment } from './model.ts';

/** A constant plus symbols minus symbols; with neither it is absolute. Constants are signed 64-bit, or wider literals. */
export interface Value {
  readonly constant: bigint;
  readonly plus: readonly AssemblySymbol[];
  readonly minus: readonly AssemblySymbol[];
}

/** A value with no symbol left in it. */
export type AbsoluteValue = Value & { readonly plus: readonly []; readonly minus: readonly [] };

export type Evaluation = Value | { readonly problem: string };

/** A place in a section. */
export interface Place {
  readonly fragment: Fragment;
  readonly offset: number;
}

/** Bytes from `from` to `to` when that is known already, else undefined. */
export type Distance = (from: Place, to: Place) => bigint | undefined;

const none: readonly AssemblySymbol[] = [];

/** Wraps to a signed 64-bit number, unless the number is a literal wider than that. */
function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function absolute(constant: bigint): Value {
  return { constant, plus: none, minus: none };
}

/** Whether a value is a number, with no symbol left in it. */
export function isAbsolute(value: Evaluation): value is AbsoluteValue {
  return !('problem' in value) && value.plus.length === 0 && value.minus.length === 0;
}

/** Evaluates as GNU as does: 64 bits, comparisons give −1 or 0, division and remainder signed, right shift unsigned. */
export function evaluate(expression: BoundExpression, distance: Distance): Evaluation {
  return new Evaluator(distance).evaluate(expression);
}

class Evaluator {
  private readonly distance: Distance;
  /** Symbols being followed, to notice a symbol defined by itself. */
  private readonly following = new Set<AssemblySymbol>();

  constructor(distance: Distance) {
    this.distance = distance;
  }

  evaluate(expression: BoundExpression): Evaluation {
    switch (expression.kind) {
      case 'constant':
        return absolute(expression.value);
      case 'float':
        return { problem: 'A floating-point number cannot stand in an integer expression.' };
      case 'symbol':
        return this.symbol(expression.symbol);
      case 'unary':
        return this.unary(expression.operator, expression.operand);
      case 'binary':
        return this.binary(expression.operator, expression.left, expression.right);
    }
  }

  private symbol(symbol: AssemblySymbol): Evaluation {
    const definition = symbol.definition;
    if (definition?.kind !== 'value') return { constant: 0n, plus: [symbol], minus: none };
    if (this.following.has(symbol)) return { problem: `\`${symbol.name}\` is defined by itself.` };
    this.following.add(symbol);
    const value = this.evaluate(definition.expression);
    this.following.delete(symbol);
    return value;
  }

  private unary(operator: UnaryOperator, operand: BoundExpression): Evaluation {
    const value = this.evaluate(operand);
    if ('problem' in value || operator === '+') return value;
    if (operator === '-') {
      return this.reduce({ constant: wrapLiteral(-value.constant), plus: value.minus, minus: value.plus });
    }
    if (!isAbsolute(value)) return notAbsolute(value);
    return absolute(operator === '~' ? wrapLiteral(~value.constant) : value.constant === 0n ? 1n : 0n);
  }

  private binary(operator: BinaryOperator, leftTree: BoundExpression, rightTree: BoundExpression): Evaluation {
    const left = this.evaluate(leftTree);
    if ('problem' in left) return left;
    const right = this.evaluate(rightTree);
    if ('problem' in right) return right;
    if (operator === '+') return this.sum(left, right, 1n);
    if (operator === '-') return this.sum(left, right, -1n);
    if (isComparison(operator)) {
      const difference = this.sum(left, right, -1n);
      if (isAbsolute(left) && isAbsolute(right)) return absolute(compare(operator, left.constant, right.constant));
      if (!isAbsolute(difference)) return notAbsolute('problem' in difference ? left : difference);
      return absolute(compare(operator, difference.constant, 0n));
    }
    if (!isAbsolute(left)) return notAbsolute(left);
    if (!isAbsolute(right)) return notAbsolute(right);
    return arithmetic(operator, left.constant, right.constant);
  }

  private sum(left: Value, right: Value, sign: 1n | -1n): Evaluation {
    const constant = wrapLiteral(left.constant + sign * right.constant);
    if (isAbsolute(left) && isAbsolute(right)) return absolute(constant);
    const [plus, minus] = sign === 1n ? [right.plus, right.minus] : [right.minus, right.plus];
    return this.reduce({ constant, plus: [...left.plus, ...plus], minus: [...left.minus, ...minus] });
  }

  /** Cancels each symbol against one at a known distance that is subtracted. */
  private reduce(value: Value): Value {
    if (value.plus.length === 0 || value.minus.length === 0) return value;
    let constant = value.constant;
    const plus = [...value.plus];
    const minus: AssemblySymbol[] = [];
    for (const subtracted of value.minus) {
      const at = plus.findIndex(added => this.between(subtracted, added) !== undefined);
      if (at < 0) minus.push(subtracted);
      else {
        constant = wrap(constant + this.between(subtracted, plus[at]!)!);
        plus.splice(at, 1);
      }
    }
    return { constant, plus, minus };
  }

  private between(from: AssemblySymbol, to: AssemblySymbol): bigint | undefined {
    if (from === to) return 0n;
    if (from.definition?.kind !== 'label' || to.definition?.kind !== 'label') return undefined;
    return this.distance(from.definition, to.definition);
  }
}

/** Literals wider than 64 bits (`.octa`) pass through sums unharmed. */
function wrapLiteral(value: bigint): bigint {
  return value >= -(1n << 63n) && value < 1n << 64n ? value : BigInt.asIntN(128, value);
}

function notAbsolute(value: Value): { problem: string } {
  const symbol = value.plus[0] ?? value.minus[0];
  if (!symbol) return { problem: 'This expression has no constant value.' };
  if (!symbol.definition && !symbol.internal) return { problem: `\`${symbol.name}\` has no value here.` };
  return {
    problem: `The value of this expression is not known at this point; it depends on where ${display(symbol)} lies.`,
  };
}

function display(symbol: AssemblySymbol): string {
  return symbol.internal ? 'the code' : `\`${symbol.name}\``;
}

function isComparison(operator: BinaryOperator): boolean {
  switch (operator) {
    case '==':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return true;
    default:
      return false;
  }
}

function compare(operator: BinaryOperator, leftValue: bigint, rightValue: bigint): bigint {
  const left = wrap(leftValue);
  const right = wrap(rightValue);
  const holds =
    operator === '=='
      ? left === right
      : operator === '<>'
        ? left !== right
        : operator === '<'
          ? left < right
          : operator === '<='
            ? left <= right
            : operator === '>'
              ? left > right
              : left >= right;
  return holds ? -1n : 0n;
}

function arithmetic(operator: BinaryOperator, leftValue: bigint, rightValue: bigint): Evaluation {
  const left = wrap(leftValue);
  const right = wrap(rightValue);
  switch (operator) {
    case '*':
      return absolute(wrap(left * right));
    case '/':
      return right === 0n ? { problem: 'Division by zero.' } : absolute(wrap(left / right));
    case '%':
      return right === 0n ? { problem: 'Division by zero.' } : absolute(left % right);
    case '<<':
      return absolute(right < 0n || right > 63n ? 0n : wrap(left << right));
    case '>>':
      return absolute(right < 0n || right > 63n ? 0n : wrap(BigInt.asUintN(64, left) >> right));
    case '|':
      return absolute(left | right);
    case '&':
      return absolute(left & right);
    case '^':
      return absolute(left ^ right);
    case '!':
      return absolute(left | ~right);
    case '&&':
      return absolute(left !== 0n && right !== 0n ? 1n : 0n);
    case '||':
      return absolute(left !== 0n || right !== 0n ? 1n : 0n);
    default:
      return { problem: `The operator ${operator} needs numbers.` };
  }
}
