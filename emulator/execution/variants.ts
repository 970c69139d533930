/** Variants: one per row and combination of its shape values; each becomes one handler of the interpreter. */
import type { Instruction } from '../architecture/instruction.ts';
import type { OperandKind, OperandRef } from '../architecture/operand.ts';
import { SemanticsBuilder, type Statement, type Variable } from '../architecture/semantics.ts';
import { directKinds } from './direct-operations.ts';
import { layOut, type RecordLayout, shapeDimensions, visitStatements } from './record.ts';

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
/** What the host allows to be done without it; the kind of operation is the number above this. */
export const FIRST_DIRECT_HANDLER = 5;
/** Handlers below this number are the interpreter's own: not decoded, end of page, undefined, breakpoint, nothing, direct operations. */
export const FIRST_VARIANT_HANDLER = FIRST_DIRECT_HANDLER + directKinds.length;

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
const HOMES = ['main', 'withoutFlags', 'withFlags'] as const;
type Home = (typeof HOMES)[number];

/** All variants of a set of rows with the numbers of their handlers. */
export interface HandlerPlan {
  /** Variants of the main function, of functions without flags and of functions with flags, in the order of handlers. */
  readonly main: readonly Variant[];
  readonly withoutFlags: readonly Variant[];
  readonly withFlags: readonly Variant[];
  readonly numbers: ReadonlyMap<Variant, number>;
  /** The first handler that is a function of its own, and the first of those that touch flags. */
  readonly firstApart: number;
  readonly firstWithFlags: number;
  /** Two variants that follow each other often, done by one handler of the main function; by number from `firstPair`. */
  readonly pairs: readonly VariantPair[];
  readonly firstPair: number;
  /** For each row its handlers by position of the shape combination; empty for rows without semantics. */
  readonly handlers: readonly (readonly number[])[];
}

export interface VariantPair {
  readonly first: Variant;
  readonly second: Variant;
}

/** What decides about speed and nothing else. */
export interface HandlerChoice {
  /** Whether a variant belongs into the main function. */
  isHot(variant: Variant): boolean;
  /** Which of the main function's variants are also done in pairs. */
  pairs(variants: readonly Variant[]): readonly VariantPair[];
}

/** Builds every variant and numbers the handlers. */
export function planHandlers(rows: readonly Instruction[], choice: HandlerChoice): HandlerPlan {
  const homes: Record<Home, Variant[]> = { main: [], withoutFlags: [], withFlags: [] };
  const entries = rows.map(row => {
    if (!row.semantics) return [];
    return combinations(row).map(shape => {
      if (!row.possible(shape)) return HANDLER_UNDEFINED;
      const variant = buildVariant(row, shape);
      if (variant.statements.length === 0) return HANDLER_NOTHING;
      homes[choice.isHot(variant) ? 'main' : touchesFlags(variant.statements) ? 'withFlags' : 'withoutFlags'].push(
        variant,
      );
      return variant;
    });
  });
  const pairs = choice.pairs(homes.main);
  const firstPair = FIRST_VARIANT_HANDLER + homes.main.length;
  const firstApart = firstPair + pairs.length;
  const firstWithFlags = firstApart + homes.withoutFlags.length;
  const firsts: Record<Home, number> = {
    main: FIRST_VARIANT_HANDLER,
    withoutFlags: firstApart,
    withFlags: firstWithFlags,
  };
  const numbers = new Map(HOMES.flatMap(home => homes[home].map((variant, i) => [variant, firsts[home] + i] as const)));
  return {
    ...homes,
    numbers,
    pairs,
    firstPair,
    firstApart,
    firstWithFlags,
    handlers: entries.map(list => list.map(one => (typeof one === 'number' ? one : (numbers.get(one) as number)))),
  };
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

/** Every combination of a row's shape values, in the order of `shapeIndex`. */
export function combinations(row: Instruction): Record<string, number>[] {
  let list: Record<string, number>[] = [{}];
  for (const { name, values } of shapeDimensions(row))
    list = list.flatMap(shape => values.map(value => ({ ...shape, [name]: value })));
  return list;
}
