import type { BinaryOperator, UnaryOperator } from '../syntax/expression.ts';
import type { SourceRange } from '../syntax/source.ts';
import { ByteBuffer } from './byte-buffer.ts';

/*
 * What an assembly is made of. Expressions name symbols, symbols stand at places in fragments, fragments hold
 * expressions: one model, hence one file.
 */

/** An expression whose names are looked up: symbols instead of names, `.` and numeric labels as symbols of their own. */
export type BoundExpression =
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'float'; readonly text: string }
  | { readonly kind: 'symbol'; readonly symbol: AssemblySymbol }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: BoundExpression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    };

export type SymbolBinding = 'local' | 'global' | 'weak';
export type SymbolVisibility = 'default' | 'hidden' | 'protected' | 'internal';
export type SymbolType = 'notype' | 'object' | 'function' | 'common' | 'tls' | 'indirect-function' | 'section';

/** What a symbol stands for. */
export type SymbolDefinition =
  /** A place: `offset` bytes into a fragment. */
  | { readonly kind: 'label'; readonly fragment: Fragment; readonly offset: number }
  /** A value given by `.set`, `.equ` or `=`. */
  | { readonly kind: 'value'; readonly expression: BoundExpression; readonly redefinable: boolean }
  /** Space that the linker allots. */
  | { readonly kind: 'common'; readonly size: bigint; readonly alignment: number };

/** A symbol of one assembly. */
export class AssemblySymbol {
  readonly name: string;
  definition: SymbolDefinition | undefined;
  binding: SymbolBinding = 'local';
  /** Set once the source says the binding or gives a type or size, so that it appears in the symbol table. */
  declared = false;
  visibility: SymbolVisibility = 'default';
  type: SymbolType = 'notype';
  size: BoundExpression | undefined;
  /** Where it was defined, when the source did so. */
  definedAt: SourceRange | undefined;
  /** Whether an expression names it. */
  referenced = false;
  /** Where an expression first names it. */
  referencedAt: SourceRange | undefined;
  /** The section whose start this symbol stands for. */
  sectionStart: Section | undefined;
  /** Made by the assembler (`.`, numeric labels, literals, mapping symbols); never found by name. */
  readonly internal: boolean;

  constructor(name: string, internal = false) {
    this.name = name;
    this.internal = internal;
  }

  /** Names that begin with `.L` are kept out of the symbol table. */
  get temporary(): boolean {
    return this.internal || this.name.startsWith('.L');
  }
}

/**
 * What a section is made of. `bytes` has a size from the start; the others get theirs when the section is laid out.
 * `offset` is the distance from the section's start: known early as long as everything before it has a known size,
 * otherwise set by the layout.
 */
export type Fragment =
  | (FragmentPlace & { readonly kind: 'bytes'; readonly data: ByteBuffer })
  | (FragmentPlace & {
      readonly kind: 'align';
      readonly alignment: number;
      /** Byte(s) to fill with, least significant first; `code` fills with NOP instructions. */
      readonly fill: { readonly value: bigint; readonly size: number } | 'code';
      /** Bytes at most; more are not worth it to the author. */
      readonly atMost: number;
    })
  | (FragmentPlace & {
      readonly kind: 'origin';
      readonly target: BoundExpression;
      readonly fill: number;
      readonly range: SourceRange;
    })
  | (FragmentPlace & {
      readonly kind: 'fill';
      readonly count: BoundExpression;
      /** Bytes of one value. */
      readonly unit: number;
      readonly value: bigint;
      readonly range: SourceRange;
    })
  | (FragmentPlace & {
      readonly kind: 'leb128';
      readonly expression: BoundExpression;
      readonly signed: boolean;
      readonly range: SourceRange;
    });

export interface FragmentPlace {
  readonly section: Section;
  offset: number | undefined;
  /** Size in bytes; for `bytes` fragments the data's length, elsewhere what the layout found. */
  size: number;
}

export type SectionType = 'progbits' | 'nobits' | 'note' | 'init_array' | 'fini_array' | 'preinit_array' | 'unwind';

/** Letters of a `.section` flags string that have a meaning here. */
export interface SectionFlags {
  readonly allocate: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly merge: boolean;
  readonly strings: boolean;
  readonly tls: boolean;
  readonly group: boolean;
  readonly exclude: boolean;
  readonly retain: boolean;
}

/** A section being assembled: subsections in order of their numbers, each a run of fragments. */
export class Section {
  readonly name: string;
  flags: SectionFlags;
  type: SectionType;
  entrySize = 0;
  group: string | undefined;
  alignment = 1;
  readonly subsections = new Map<number, Fragment[]>();
  /** Stands for the section's start in relocations. */
  readonly symbol: AssemblySymbol;
  /** Where each kind of content begins, in the order of assembly: becomes `$x` and `$d`. */
  readonly mappings: { readonly fragment: Fragment; readonly offset: number; readonly code: boolean }[] = [];
  /** Content kind at the end of each subsection. */
  readonly mappingState = new Map<number, 'code' | 'data'>();
  /** Size in bytes, once laid out. */
  size = 0;

  constructor(name: string, type: SectionType, flags: SectionFlags, symbol: AssemblySymbol) {
    this.name = name;
    this.type = type;
    this.flags = flags;
    this.symbol = symbol;
    symbol.sectionStart = this;
    symbol.type = 'section';
    const start = this.open(0);
    symbol.definition = { kind: 'label', fragment: start, offset: 0 };
  }

  /** The `bytes` fragment at the end of a subsection, where content is appended. */
  open(subsection: number): Fragment & { kind: 'bytes' } {
    let fragments = this.subsections.get(subsection);
    if (!fragments) {
      fragments = [];
      this.subsections.set(subsection, fragments);
    }
    const last = fragments[fragments.length - 1];
    if (last?.kind === 'bytes') return last;
    const offset = last ? knownEnd(last) : subsection === 0 ? 0 : undefined;
    const fragment = { kind: 'bytes', data: new ByteBuffer(), section: this, offset, size: 0 } as const;
    const place: Fragment & { kind: 'bytes' } = fragment;
    fragments.push(place);
    return place;
  }

  /** Appends a fragment whose size the layout finds (or that can be told now, when its offset is known). */
  push(subsection: number, fragment: Fragment): void {
    const before = this.open(subsection);
    fragment.offset = knownEnd(before);
    if (fragment.kind === 'align' && fragment.offset !== undefined) {
      fragment.size = alignmentPadding(fragment.offset, fragment.alignment, fragment.atMost);
    }
    this.subsections.get(subsection)!.push(fragment);
  }

  /** Fragments in the order in which they lie. */
  fragments(): Fragment[] {
    if (this.subsections.size === 1) return this.subsections.values().next().value ?? [];
    const numbers = [...this.subsections.keys()].sort((a, b) => a - b);
    return numbers.flatMap(number => this.subsections.get(number)!);
  }
}

/** Offset behind a fragment, if that can be told before the layout. */
function knownEnd(fragment: Fragment): number | undefined {
  if (fragment.offset === undefined) return undefined;
  switch (fragment.kind) {
    case 'bytes':
      return fragment.offset + fragment.data.length;
    case 'align':
      return fragment.offset + fragment.size;
    default:
      return undefined;
  }
}

/** Bytes needed from `offset` to the next multiple of `alignment`; none when that is more than `atMost`. */
export function alignmentPadding(offset: number, alignment: number, atMost: number): number {
  const padding = (alignment - (offset % alignment)) % alignment;
  return padding > atMost ? 0 : padding;
}
