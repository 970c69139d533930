import type { SourceRange } from '../syntax/source.ts';
import type { SectionFlags, SectionType, SymbolBinding, SymbolType, SymbolVisibility } from './model.ts';
import type { RelocationRow } from './relocation.ts';

/** A section with its final bytes; relocations say what is still missing in them. */
export interface ObjectSection {
  readonly name: string;
  readonly type: SectionType;
  readonly flags: SectionFlags;
  readonly entrySize: number;
  readonly group: string | undefined;
  /** Bytes, a power of two. */
  readonly alignment: number;
  readonly size: number;
  /** Empty for a section that holds zeros only. */
  readonly data: Uint8Array;
  readonly relocations: ObjectRelocation[];
}

export interface ObjectSymbol {
  readonly name: string;
  /** Where it lies; `common` is space for the linker to allot, its alignment in `value`. */
  readonly place: ObjectSection | 'undefined' | 'absolute' | 'common';
  /** Offset in the section, or the value itself. */
  readonly value: bigint;
  readonly size: bigint;
  readonly binding: SymbolBinding;
  readonly visibility: SymbolVisibility;
  readonly type: SymbolType;
  /** Where its name stands in a source, for messages. */
  readonly range?: SourceRange;
}

export interface ObjectRelocation {
  readonly offset: number;
  readonly row: RelocationRow;
  readonly symbol: ObjectSymbol;
  readonly addend: bigint;
  readonly range?: SourceRange;
}

/** A row of the line table: code at this offset of the section comes from that line (one-based). */
export interface ObjectLine {
  readonly section: ObjectSection;
  readonly offset: number;
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** An assembled file, ready to be linked or written as a relocatable ELF file. */
export interface AssembledObject {
  /** Path of the source. */
  readonly path: string;
  readonly sections: readonly ObjectSection[];
  readonly symbols: readonly ObjectSymbol[];
  readonly lines: readonly ObjectLine[];
}
