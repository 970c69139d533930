/** Variants: one per row and combination of its shape values; each becomes one handler of the interpreter. */
import type { Instruction } from '../architecture/instruction.ts';
import type { OperandKind, OperandRef } from '../architecture/operand.ts';
import { SemanticsBuilder, type Statement, type Variable } from '../architecture/semantics.ts';
import { layOut, type RecordLayout, shapeDimensions, visitStatements } from './record.ts';
import { readKinds } from './register-reads.ts';

export interface Variant {
  readonly row: Instruction;
  readonly shape: Readonly<Record<string, number>>;
  readonly statements: readonly Statement[];
  readonly variables: readonly Variable[];
  readonly layout: RecordLayout;
}

export const HANDLER_NOT_DECODED = 0;
export const HANDLER_PAGE_END = 1;
export const HANDLER_UNDEFINED = 2;
export const HANDLER_BREAKPOINT = 3;
/** Does nothing: hints, barriers, prefetches. */
export const HANDLER_NOTHING = 4;
/** MRS of what needs no help while nothing forbids it; the kind of register is the number above this. */
export const FIRST_READ_HANDLER = 5;
/** Handlers below this number are the interpreter's own: not decoded, end of page, undefined, breakpoint, nothing, reads. */
export const FIRST_VARIANT_HANDLER = FIRST_READ_HANDLER + readKinds.length;

/** Records what a row means for one combination of shape values. */
export function buildVariant(row: Instruction, shape: Readonly<Record<string, number>>): Variant {
  if (!row.semantics) throw new Error(`${row.name} has no semantics`);
  const builder = new SemanticsBuilder();
  (row.semantics as (b: SemanticsBuilder, o: unknown, f: unknown) => void)(builder, operandRefs(row), shape);
  const { statements, variables } = builder;
  return { row, shape, statements, variables, layout: layOut(row, statements) };
}

function operandRefs(row: Instruction): Record<string, OperandRef> {
  return Object.fromEntries(Object.entries(row.operands).map(([name, kind]) => [name, refFor(name, kind)]));
}

function refFor(operand: string, kind: OperandKind): OperandRef {
  switch (kind.role) {
    case 'register':
      return { kind: 'register', bank: kind.bank ?? 'x', operand, offset: 0, stackPointer: kind.stackPointer ?? false };
    default:
      return { kind: kind.role, operand };
  }
}

/** Where a variant's handler is: inside the main function, or a function that leaves the flags alone or touches them. */
type Home = 'main' | 'withoutFlags' | 'withFlags';
const HOMES: readonly Home[] = ['main', 'withoutFlags', 'withFlags'];

/** All variants of a set of rows, with the way from a row's shape to its handler. */
export class VariantTable {
  /** In the order of their handlers: those of the main function, then the others. */
  readonly variants: readonly Variant[];
  /** The first handler that is a function of its own, and the first of those that touch flags. */
  readonly firstApart: number;
  readonly firstWithFlags: number;
  private readonly starts = new Map<Instruction, number>();
  /** Handler by position of the shape combination. */
  private readonly handlers: number[] = [];

  constructor(rows: readonly Instruction[], isHot: (variant: Variant) => boolean) {
    const entries: (Variant | number)[] = [];
    const homes = new Map<Home, Variant[]>(HOMES.map(home => [home, []]));
    for (const row of rows) {
      if (!row.semantics) continue;
      this.starts.set(row, entries.length);
      for (const shape of combinations(row)) {
        if (!row.possible(shape)) {
          entries.push(HANDLER_UNDEFINED);
          continue;
        }
        const variant = buildVariant(row, shape);
        if (variant.statements.length === 0) {
          entries.push(HANDLER_NOTHING);
          continue;
        }
        const home = isHot(variant) ? 'main' : touchesFlags(variant.statements) ? 'withFlags' : 'withoutFlags';
        homes.get(home)?.push(variant);
        entries.push(variant);
      }
    }
    const [main, withoutFlags, withFlags] = HOMES.map(home => homes.get(home) ?? []) as [
      Variant[],
      Variant[],
      Variant[],
    ];
    this.variants = [...main, ...withoutFlags, ...withFlags];
    this.firstApart = FIRST_VARIANT_HANDLER + main.length;
    this.firstWithFlags = this.firstApart + withoutFlags.length;
    const numbers = new Map(this.variants.map((variant, i) => [variant, FIRST_VARIANT_HANDLER + i]));
    for (const entry of entries) this.handlers.push(typeof entry === 'number' ? entry : (numbers.get(entry) as number));
  }

  /** The handler of a row's shape combination (`shapeIndex`); undefined for rows without semantics. */
  handler(row: Instruction, shapeIndex: number): number | undefined {
    const start = this.starts.get(row);
    return start === undefined ? undefined : this.handlers[start + shapeIndex];
  }
  variantOf(handler: number): Variant | undefined {
    return this.variants[handler - FIRST_VARIANT_HANDLER];
  }
}

const FLAGS: ReadonlySet<string> = new Set(['n', 'z', 'c', 'v']);

function touchesFlags(statements: readonly Statement[]): boolean {
  let touches = false;
  visitStatements(statements, {
    node: node => {
      touches ||= node.op === 'getState' && FLAGS.has(node.field);
    },
    statement: s => {
      touches ||= s.op === 'setState' && FLAGS.has(s.field);
      touches ||= s.op === 'take' && s.value.node.op === 'getState' && FLAGS.has(s.value.node.field);
    },
  });
  return touches;
}

function combinations(row: Instruction): Record<string, number>[] {
  let list: Record<string, number>[] = [{}];
  for (const { name, values } of shapeDimensions(row))
    list = list.flatMap(shape => values.map(value => ({ ...shape, [name]: value })));
  return list;
}
