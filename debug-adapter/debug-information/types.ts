/** Types of values, from debug information or from the debugger's own words (`u32`, `s8`…). */

export type ValueType =
  | {
      readonly kind: 'integer';
      readonly name: string;
      readonly size: number;
      readonly signed: boolean;
      readonly character?: boolean;
      readonly decimal?: boolean;
    }
  | { readonly kind: 'boolean'; readonly name: string; readonly size: number }
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | {
      readonly kind: 'enumeration';
      readonly name: string;
      readonly size: number;
      readonly values: ReadonlyMap<bigint, string>;
    }
  /** `target` is lazy: a list node points to a list node. Undefined: `void *`. */
  | {
      readonly kind: 'pointer';
      readonly name: string;
      readonly size: number;
      readonly target: () => ValueType | undefined;
    }
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly size: number;
      readonly element: ValueType;
      readonly count: number;
    }
  | {
      readonly kind: 'structure';
      readonly name: string;
      readonly size: number;
      readonly members: () => readonly Member[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly size: 0 }
  | { readonly kind: 'unknown'; readonly name: string; readonly size: number };

export interface Member {
  /** Empty for an unnamed structure or union whose members belong to its parent. */
  readonly name: string;
  readonly offset: number;
  readonly type: ValueType;
  /** For a bit field: bits from the least significant bit at `offset`. */
  readonly bits?: { readonly low: number; readonly width: number };
}

const integer = (name: string, size: number, signed: boolean): ValueType => ({ kind: 'integer', name, size, signed });

/** Types that may be written in an expression without any debug information. */
export const builtinTypes: ReadonlyMap<string, ValueType> = new Map(
  [
    integer('u8', 1, false),
    integer('u16', 2, false),
    integer('u32', 4, false),
    integer('u64', 8, false),
    integer('s8', 1, true),
    integer('s16', 2, true),
    integer('s32', 4, true),
    integer('s64', 8, true),
    { kind: 'integer', name: 'char', size: 1, signed: false, character: true } as const,
    integer('int', 4, true),
    integer('long', 8, true),
    integer('short', 2, true),
    integer('uint8_t', 1, false),
    integer('uint16_t', 2, false),
    integer('uint32_t', 4, false),
    integer('uint64_t', 8, false),
    integer('int8_t', 1, true),
    integer('int16_t', 2, true),
    integer('int32_t', 4, true),
    integer('int64_t', 8, true),
    { kind: 'float', name: 'f32', size: 4 } as const,
    { kind: 'float', name: 'f64', size: 8 } as const,
    { kind: 'float', name: 'float', size: 4 } as const,
    { kind: 'float', name: 'double', size: 8 } as const,
  ].map(type => [type.name, type as ValueType]),
);

export function pointerTo(target: ValueType): ValueType {
  return { kind: 'pointer', name: `${target.name} *`, size: 8, target: () => target };
}
