/** Variants: one per row and combination of its shape values; each becomes one handler of the interpreter. */
import type { Instruction } from '../architecture/instruction.ts';
import type { OperandKind, OperandRef } from '../architecture/operand.ts';
import { SemanticsBuilder, type Statement, type Variable } from '../architecture/semantics.ts';
import { layOut, type RecordLayout, shapeDimensions } from './record.ts';

export interface Variant {
  readonly row: Instruction;
  readonly shape: Readonly<Record<string, number>>;
  readonly statements: readonly Statement[];
  readonly variables: readonly Variable[];
  readonly layout: RecordLayout;
}

/** Handlers below this number are the interpreter's own: not decoded, end of page, undefined, breakpoint. */
export const FIRST_VARIANT_HANDLER = 4;
export const HANDLER_NOT_DECODED = 0;
export const HANDLER_PAGE_END = 1;
export const HANDLER_UNDEFINED = 2;
export const HANDLER_BREAKPOINT = 3;

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

/** All variants of a set of rows, with the way from a row's shape to its handler. */
export class VariantTable {
  readonly variants: readonly Variant[];
  private readonly starts = new Map<Instruction, number>();
  /** Handler by position of the shape combination; 0 where the combination is not possible. */
  private readonly handlers: number[] = [];

  constructor(rows: readonly Instruction[]) {
    const variants: Variant[] = [];
    for (const row of rows) {
      if (!row.semantics) continue;
      this.starts.set(row, this.handlers.length);
      for (const shape of combinations(row)) {
        if (!row.possible(shape)) {
          this.handlers.push(HANDLER_UNDEFINED);
          continue;
        }
        this.handlers.push(FIRST_VARIANT_HANDLER + variants.length);
        variants.push(buildVariant(row, shape));
      }
    }
    this.variants = variants;
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

function combinations(row: Instruction): Record<string, number>[] {
  let list: Record<string, number>[] = [{}];
  for (const { name, values } of shapeDimensions(row))
    list = list.flatMap(shape => values.map(value => ({ ...shape, [name]: value })));
  return list;
}
