/** The way from a decoded instruction to its handler, and to the variant that the handler was made from. */
import type { Instruction } from '../architecture/instruction.ts';
import { buildVariant, combinations, FIRST_VARIANT_HANDLER, type Variant } from './variants.ts';

export class HandlerTable {
  private readonly handlers: ReadonlyMap<Instruction, readonly number[]>;
  /** Variants that were asked for: a guest uses a small part of all. */
  private readonly variants = new Map<number, Variant>();

  /** `handlers` has for each row its handlers by position of the shape combination, as the generator numbered them. */
  constructor(rows: readonly Instruction[], handlers: readonly (readonly number[])[]) {
    if (rows.length !== handlers.length) throw new Error('the interpreter was made from other instruction rows');
    this.handlers = new Map(rows.map((row, i) => [row, handlers[i] as readonly number[]]));
  }

  /** The handler of a row's shape combination (`shapeIndex`); undefined for rows without semantics. */
  handler(row: Instruction, shapeIndex: number): number | undefined {
    return this.handlers.get(row)?.[shapeIndex];
  }

  /** The variant of a row's shape combination; undefined when the interpreter needs none for it. */
  variant(row: Instruction, shapeIndex: number): Variant | undefined {
    const handler = this.handler(row, shapeIndex);
    if (handler === undefined || handler < FIRST_VARIANT_HANDLER) return undefined;
    let variant = this.variants.get(handler);
    if (!variant) {
      variant = buildVariant(row, combinations(row)[shapeIndex] as Record<string, number>);
      this.variants.set(handler, variant);
    }
    return variant;
  }
}
