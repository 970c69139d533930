import type { SourceRange } from '../syntax/source.ts';
import type { Span } from '../syntax/statement.ts';
import type { Value } from './expression.ts';
import type { BoundExpression, Section } from './model.ts';
import { AssemblySymbol } from './model.ts';

/** What an operand `=value` carries until its literal has a place. */
export interface LiteralRequest {
  readonly kind: 'literal';
  readonly value: BoundExpression;
  readonly span: Span;
}

export interface LiteralEntry {
  readonly symbol: AssemblySymbol;
  readonly expression: BoundExpression;
  readonly range: SourceRange;
}

/** Literals waiting for `.ltorg` or the end, one pool for each subsection and size; equal literals share a place. */
export class LiteralPools {
  private readonly pools = new Map<Section, Map<string, Map<string, LiteralEntry>>>();
  private readonly names = new Map<AssemblySymbol, number>();

  /** The symbol at which the value will lie, or undefined when it is neither a number nor symbol plus number. */
  entry(
    section: Section,
    subsection: number,
    size: 4 | 8 | 16,
    request: LiteralRequest,
    value: Value,
    range: SourceRange,
  ): AssemblySymbol | undefined {
    if (value.minus.length > 0 || value.plus.length > 1) return undefined;
    const symbol = value.plus[0];
    if (symbol && (size === 16 || !directlyAddressed(request.value))) return undefined;
    const bits = BigInt.asUintN(8 * size, value.constant);
    const key = symbol ? `${this.identity(symbol)}+${bits}` : `${bits}`;
    const pool = this.pool(section, `${subsection}/${size}`);
    let entry = pool.get(key);
    if (!entry) {
      const expression: BoundExpression = symbol ? request.value : { kind: 'constant', value: bits };
      entry = { symbol: new AssemblySymbol('literal', true), expression, range };
      pool.set(key, entry);
    }
    return entry.symbol;
  }

  /** Removes and returns the literals of one pool. */
  take(section: Section, subsection: number, size: 4 | 8 | 16): LiteralEntry[] {
    const pools = this.pools.get(section);
    const key = `${subsection}/${size}`;
    const entries = [...(pools?.get(key)?.values() ?? [])];
    pools?.delete(key);
    return entries;
  }

  /** Subsections that still wait for their literals. */
  waiting(): { section: Section; subsection: number }[] {
    const list: { section: Section; subsection: number }[] = [];
    for (const [section, pools] of this.pools) {
      const numbers = new Set([...pools.keys()].map(key => Number(key.split('/')[0])));
      for (const subsection of numbers) list.push({ section, subsection });
    }
    return list;
  }

  private pool(section: Section, key: string): Map<string, LiteralEntry> {
    let pools = this.pools.get(section);
    if (!pools) this.pools.set(section, (pools = new Map()));
    let pool = pools.get(key);
    if (!pool) pools.set(key, (pool = new Map()));
    return pool;
  }

  private identity(symbol: AssemblySymbol): number {
    let number = this.names.get(symbol);
    if (number === undefined) this.names.set(symbol, (number = this.names.size));
    return number;
  }
}

/** Whether the expression is a symbol with numbers added, which a relocation can carry. */
function directlyAddressed(expression: BoundExpression): boolean {
  if (expression.kind === 'symbol') return true;
  if (expression.kind === 'binary' && (expression.operator === '+' || expression.operator === '-'))
    return directlyAddressed(expression.left) && directlyAddressed(expression.right);
  return isNumber(expression);
}

function isNumber(expression: BoundExpression): boolean {
  switch (expression.kind) {
    case 'constant':
      return true;
    case 'unary':
      return isNumber(expression.operand);
    case 'binary':
      return isNumber(expression.left) && isNumber(expression.right);
    default:
      return false;
  }
}
