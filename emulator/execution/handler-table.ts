/** The way from a decoded instruction to its handler, and to the variant that the handler was made from. */
import type { Instruction } from '../architecture/instruction.ts';
import { buildVariant, combinations, FIRST_VARIANT_HANDLER, type Variant } from './variants.ts';

/** How the generator numbered the handlers. */
export interface HandlerNumbers {
  /** For each row its handlers by position of the shape combination. */
  readonly handlers: readonly (readonly number[])[];
  /** The two handlers that each handler from `firstPair` stands for. */
  readonly pairs: readonly (readonly [number, number])[];
  readonly firstPair: number;
}

export class HandlerTable {
  private readonly handlers: ReadonlyMap<Instruction, readonly number[]>;
  /** Variants that were asked for: a guest uses a small part of all. */
  private readonly variants = new Map<number, Variant>();

  private readonly pairs: HandlerNumbers['pairs'];
  private readonly firstPair: number;
  /** Of each handler that begins pairs, the pairs' handlers by the second. */
  private readonly pairsFrom: (Map<number, number> | undefined)[];

  constructor(rows: readonly Instruction[], { handlers, pairs, firstPair }: HandlerNumbers) {
    if (rows.length !== handlers.length) throw new Error('the interpreter was made from other instruction rows');
    this.handlers = new Map(rows.map((row, i) => [row, handlers[i] as readonly number[]]));
    this.pairs = pairs;
    this.firstPair = firstPair;
    this.pairsFrom = Array.from({ length: firstPair }, () => undefined);
    pairs.forEach(([first, second], i) => {
      this.pairsFrom[first] ??= new Map();
      this.pairsFrom[first].set(second, firstPair + i);
    });
  }

  /** The handler that does what two handlers do one after the other; undefined when there is none. */
  pair(first: number, second: number): number | undefined {
    return first < this.firstPair ? this.pairsFrom[first]?.get(second) : undefined;
  }

  /** The handler of the first of a pair, the handler itself when it is not that of a pair. */
  first(handler: number): number {
    const pair = handler < this.firstPair ? undefined : this.pairs[handler - this.firstPair];
    return pair ? pair[0] : handler;
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
