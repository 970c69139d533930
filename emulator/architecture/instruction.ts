/** Instruction rows: one per encoding of the A64 manual. Everything that reads instructions reads these. */
import { compileTemplate, type Template } from './instruction-text.ts';
import type { OperandKind, RefOf } from './operand.ts';
import { type Fields, type FieldsOf, type Pattern, parsePattern } from './pattern.ts';
import type { SemanticsBuilder } from './semantics.ts';

/** What stepping, block formation and people need to know of an instruction beyond its meaning. */
export type Trait =
  | 'branch'
  | 'conditional'
  | 'call'
  | 'return'
  | 'indirect'
  | 'exception'
  | 'exceptionReturn'
  | 'system'
  | 'barrier'
  | 'hint'
  | 'load'
  | 'store'
  | 'atomic'
  | 'exclusive'
  /** Reads or writes allocation tags; what it does to data is not checked against them. */
  | 'tags'
  | 'floatingPoint'
  | 'vector';

/** Another way to write an encoding; listed in order of preference for disassembly. */
export interface Alias {
  readonly syntax: Template;
  /** Values that the alias fixes and does not write. */
  readonly fixed: Fields;
  /** Disassembly prefers the alias only when this holds too. */
  readonly when: (fields: Fields) => boolean;
  /** Whether disassembly ever chooses it; some are for the assembler alone. */
  readonly preferred: boolean;
  readonly operands: Readonly<Record<string, OperandKind>>;
}

/** A row, with the types of its own fields forgotten. */
export interface Instruction {
  /** The manual's name: `ADD (immediate)`. */
  readonly name: string;
  readonly group: string;
  readonly pattern: Pattern;
  readonly operands: Readonly<Record<string, OperandKind>>;
  /** All spellings of the instruction proper; the first is printed unless `syntaxFor` of a shape says otherwise. */
  readonly syntaxes: readonly Template[];
  readonly aliases: readonly Alias[];
  readonly brief: string;
  readonly feature?: string;
  readonly traits: ReadonlySet<Trait>;
  /** Encodings within the pattern that are allocated to this row. */
  readonly allocated: (fields: Fields) => boolean;
  /** Fields (and derived values) that the semantics see as constants: each combination is a variant. */
  readonly shape: readonly string[];
  readonly derived: Readonly<Record<string, Derived>>;
  /** Combinations of shape values that some allocated encoding has. */
  readonly possible: (shape: Fields) => boolean;
  /** Values of pattern fields that text never gives (ignored "should be" bits). */
  readonly defaults: Fields;
  /** Kept out of the interpreter's main function. */
  readonly rare: boolean;
  readonly semantics?: (b: SemanticsBuilder, operands: never, fields: never) => void;
}

/** A shape value computed from fields, with the values it can take. */
export interface Derived {
  readonly values: readonly number[];
  readonly of: (fields: Fields) => number;
}

type OperandRecord = Readonly<Record<string, OperandKind>>;
type Refs<Operands extends OperandRecord> = { readonly [Name in keyof Operands]: RefOf<Operands[Name]> };

interface AliasDescription {
  readonly syntax: string;
  readonly fixed?: Fields;
  readonly when?: (fields: Fields) => boolean;
  readonly preferred?: boolean;
  readonly operands?: OperandRecord;
}

interface Description<
  Names extends string,
  Operands extends OperandRecord,
  Shape extends string,
  DerivedName extends string,
> {
  readonly operands: Operands;
  /** `add {d}, {n}, {imm}`: words, operand names in braces, memory brackets; several spellings as a list. */
  readonly syntax: string | readonly string[];
  readonly aliases?: readonly AliasDescription[];
  readonly brief: string;
  readonly feature?: string;
  readonly traits?: readonly Trait[];
  readonly allocated?: (fields: Fields<Names>) => boolean;
  readonly shape?: readonly (Shape & Names)[];
  readonly derived?: Readonly<
    Record<DerivedName, { values: readonly number[]; of: (fields: Fields<Names>) => number }>
  >;
  readonly possible?: (shape: Readonly<Record<Shape | DerivedName, number>>) => boolean;
  readonly defaults?: Readonly<Partial<Record<Names, number>>>;
  readonly rare?: boolean;
  readonly semantics?: (
    b: SemanticsBuilder,
    operands: Refs<Operands>,
    fields: Readonly<Record<Shape | DerivedName, number>>,
  ) => void;
}

/** Makes a row. Throws when the pattern, the syntax and the operands do not fit each other. */
export function instruction<
  const P extends string,
  const Operands extends OperandRecord,
  const Shape extends FieldsOf<P> = never,
  const DerivedName extends string = never,
>(name: string, patternText: P, row: Description<FieldsOf<P>, Operands, Shape, DerivedName>): Instruction {
  const pattern = parsePattern(patternText);
  const fail = (why: string): never => {
    throw new Error(`instruction row "${name}": ${why}`);
  };
  const known = new Set(pattern.fields.map(f => f.name));
  for (const [operand, kind] of Object.entries(row.operands))
    for (const f of kind.fields) if (!known.has(f)) fail(`operand ${operand} uses field ${f}, which the pattern lacks`);
  for (const f of row.shape ?? []) if (!known.has(f)) fail(`shape names ${f}, which the pattern lacks`);
  const compile = (text: string, operands: OperandRecord): Template => {
    const template = compileTemplate(text);
    for (const used of template.operandNames)
      if (!(used in operands)) fail(`"${text}" uses {${used}}, which is no operand`);
    return template;
  };
  const syntaxes = (typeof row.syntax === 'string' ? [row.syntax] : row.syntax).map(text =>
    compile(text, row.operands),
  );
  const aliases = (row.aliases ?? []).map(alias => {
    const operands = { ...row.operands, ...alias.operands };
    return {
      syntax: compile(alias.syntax, operands),
      fixed: alias.fixed ?? {},
      when: alias.when ?? (() => true),
      preferred: alias.preferred ?? true,
      operands,
    };
  });
  return {
    name,
    group: '',
    pattern,
    operands: row.operands,
    syntaxes,
    aliases,
    brief: row.brief,
    ...(row.feature !== undefined && { feature: row.feature }),
    traits: new Set(row.traits ?? []),
    allocated: (row.allocated as ((fields: Fields) => boolean) | undefined) ?? (() => true),
    shape: row.shape ?? [],
    derived: (row.derived ?? {}) as Readonly<Record<string, Derived>>,
    possible: (row.possible as ((shape: Fields) => boolean) | undefined) ?? (() => true),
    defaults: (row.defaults ?? {}) as Fields,
    rare: row.rare ?? false,
    ...(row.semantics && { semantics: row.semantics as NonNullable<Instruction['semantics']> }),
  };
}

/** The values that the semantics of a row take as constants, for one decoded word. */
export function shapeOf(row: Instruction, fields: Fields): Record<string, number> {
  const shape: Record<string, number> = {};
  for (const name of row.shape) shape[name] = fields[name] as number;
  for (const [name, derived] of Object.entries(row.derived)) shape[name] = derived.of(fields);
  return shape;
}
