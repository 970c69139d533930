/** Abbreviation tables of .debug_abbrev: what the attributes of an entry are. Source: DWARF 5, 7.5.3. */
import { ByteReader } from '../byte-reader.ts';
import { attribute } from './constants.ts';
import { formSize } from './forms.ts';

export interface AbbreviatedAttribute {
  readonly name: number;
  readonly form: number;
  /** The value of DW_FORM_implicit_const. */
  readonly implicit: bigint;
  /** Distance from the first attribute; undefined after one of variable length. */
  readonly offset: number | undefined;
}

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AbbreviatedAttribute[];
  /** Length of all attributes together, when none is of variable length. */
  readonly size: number | undefined;
  readonly isDeclaration: boolean;
}

/** By code. */
export type AbbreviationTable = ReadonlyMap<number, Abbreviation>;

/** What the length of forms depends on. */
export interface UnitSizes {
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

export function readAbbreviations(bytes: Uint8Array, offset: number, sizes: UnitSizes): AbbreviationTable {
  const reader = new ByteReader(bytes, '.debug_abbrev', offset);
  const table = new Map<number, Abbreviation>();
  for (let code = reader.ulebNumber(); code !== 0; code = reader.ulebNumber()) {
    const tag = reader.ulebNumber();
    const hasChildren = reader.u8() !== 0;
    const attributes: AbbreviatedAttribute[] = [];
    let at: number | undefined = 0;
    let isDeclaration = false;
    for (;;) {
      const name = reader.ulebNumber();
      const form = reader.ulebNumber();
      const implicit = form === 0x21 ? reader.sleb() : 0n;
      if (name === 0 && form === 0) break;
      attributes.push({ name, form, implicit, offset: at });
      if (name === attribute.declaration) isDeclaration = true;
      const size = formSize(form, sizes);
      at = at === undefined || size === undefined ? undefined : at + size;
    }
    table.set(code, { tag, hasChildren, attributes, size: at, isDeclaration });
    if (reader.atEnd) break;
  }
  return table;
}
