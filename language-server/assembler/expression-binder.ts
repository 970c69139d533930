import type { Expression } from '../syntax/expression.ts';
import type { SourceRange } from '../syntax/source.ts';
import { distanceBeforeLayout } from './distance.ts';
import { evaluate, isAbsolute, type Value } from './expression.ts';
import type { NameKind, NameOccurrence } from './index-of-names.ts';
import type { AssemblySymbol, BoundExpression } from './model.ts';
import { StatementError } from './reader.ts';
import type { StatementAtHand } from './statement-at-hand.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Gives the names in expressions their meaning at the place where they stand, and remembers who named what. */
export class ExpressionBinder {
  readonly occurrences: NameOccurrence[] = [];
  private readonly symbols: SymbolTable;
  private readonly statement: StatementAtHand;
  private readonly here: () => AssemblySymbol;
  private readonly numericNames = new Map<AssemblySymbol, string>();

  /** `here` makes a symbol for the current place. */
  constructor(symbols: SymbolTable, statement: StatementAtHand, here: () => AssemblySymbol) {
    this.symbols = symbols;
    this.statement = statement;
    this.here = here;
  }

  /** Notes that a name is defined or referred to. */
  record(kind: NameKind, name: string, role: NameOccurrence['role'], range: SourceRange): void {
    this.occurrences.push({ kind, name, role, range });
  }

  /** A name that tells one `1:` from the next, for the index of names. */
  numericName(symbol: AssemblySymbol): string {
    let name = this.numericNames.get(symbol);
    if (name === undefined) {
      name = `${symbol.name}:${this.numericNames.size}`;
      this.numericNames.set(symbol, name);
    }
    return name;
  }

  /** Looks up the names of an expression at this point of the source. */
  bind(expression: Expression): BoundExpression {
    switch (expression.kind) {
      case 'number':
        return { kind: 'constant', value: expression.value };
      case 'float':
        return { kind: 'float', text: expression.text };
      case 'here':
        return { kind: 'symbol', symbol: this.here() };
      case 'local-label': {
        const symbol = this.symbols.numericReference(expression.number, expression.direction);
        if (!symbol) {
          throw new StatementError(
            `No label \`${expression.number}:\` stands before this.`,
            expression,
            'undefined-label',
          );
        }
        const range = this.statement.range(expression);
        symbol.referencedAt ??= range;
        this.record('symbol', this.numericName(symbol), 'reference', range);
        return { kind: 'symbol', symbol };
      }
      case 'symbol': {
        const symbol = this.symbols.get(expression.name);
        const range = this.statement.range(expression);
        this.record('symbol', expression.name, 'reference', range);
        const definition = symbol.definition;
        if (definition?.kind === 'value' && definition.expression.kind === 'constant') return definition.expression;
        symbol.referenced = true;
        symbol.referencedAt ??= range;
        return { kind: 'symbol', symbol };
      }
      case 'unary':
        return { kind: 'unary', operator: expression.operator, operand: this.bind(expression.operand) };
      case 'binary': {
        const left = this.bind(expression.left);
        return { kind: 'binary', operator: expression.operator, left, right: this.bind(expression.right) };
      }
    }
  }

  /** The value of an expression that must be a number now. */
  absolute(expression: Expression): bigint {
    if (expression.kind === 'number') return expression.value;
    const value = evaluate(this.bind(expression), distanceBeforeLayout);
    if (isAbsolute(value)) return value.constant;
    const message = 'problem' in value ? value.problem : notConstant(value);
    throw new StatementError(
      message,
      expression,
      this.namesUndefined(expression) ? 'undefined-constant' : 'not-constant',
    );
  }

  /** Whether an expression names a symbol that has no value so far. */
  private namesUndefined(expression: Expression): boolean {
    switch (expression.kind) {
      case 'symbol':
        return this.symbols.find(expression.name)?.definition === undefined;
      case 'unary':
        return this.namesUndefined(expression.operand);
      case 'binary':
        return this.namesUndefined(expression.left) || this.namesUndefined(expression.right);
      default:
        return false;
    }
  }

  /** The same as a number between two bounds. */
  absoluteNumber(expression: Expression, least: number, most: number, what: string): number {
    const value = this.absolute(expression);
    if (value < BigInt(least) || value > BigInt(most)) {
      throw new StatementError(`${what} must lie between ${least} and ${most}.`, expression, 'out-of-range');
    }
    return Number(value);
  }

  /** Replaces an expression by its value as soon as that is a number. */
  settled(bound: BoundExpression): BoundExpression {
    if (bound.kind === 'constant') return bound;
    const value = evaluate(bound, distanceBeforeLayout);
    return isAbsolute(value) ? { kind: 'constant', value: value.constant } : bound;
  }
}

function notConstant(value: Value): string {
  const symbol = value.plus[0] ?? value.minus[0];
  if (symbol && !symbol.internal && !symbol.definition) return `\`${symbol.name}\` has no value at this point.`;
  return 'A number known at this point is needed here; this depends on where code will lie.';
}
