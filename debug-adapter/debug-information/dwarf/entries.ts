/** Debugging information entries of .debug_info. Source: DWARF 5, 2.1 to 2.3, 7.5; DWARF 4 likewise. */
import { ByteReader, MalformedData } from '../byte-reader.ts';
import { attribute } from './constants.ts';
import { type AttributeValue, addressAt, type FormContext, readForm } from './forms.ts';
import { type DwarfSections, readOffset, readUnitLength } from './sections.ts';

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly (readonly [name: number, form: number, implicit: bigint])[];
}

/** One entry with its attributes; children are read when they are asked for. */
export class Entry {
  readonly unit: Unit;
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Offset of what follows the attributes. */
  readonly next: number;
  readonly #attributes: ReadonlyMap<number, AttributeValue>;
  #children: readonly Entry[] | undefined;
  #end = 0;

  constructor(
    unit: Unit,
    offset: number,
    abbreviation: Abbreviation,
    attributes: Map<number, AttributeValue>,
    next: number,
  ) {
    this.unit = unit;
    this.offset = offset;
    this.tag = abbreviation.tag;
    this.hasChildren = abbreviation.hasChildren;
    this.#attributes = attributes;
    this.next = next;
  }

  attribute(name: number): AttributeValue | undefined {
    return this.#attributes.get(name);
  }
  string(name: number): string | undefined {
    const value = this.#attributes.get(name);
    return value?.kind === 'string' ? value.value : undefined;
  }
  number(name: number): number | undefined {
    const value = this.#attributes.get(name);
    return value?.kind === 'constant' || value?.kind === 'address' ? Number(value.value) : undefined;
  }
  flag(name: number): boolean {
    const value = this.#attributes.get(name);
    return value?.kind === 'flag' && value.value;
  }
  /** The entry that a reference attribute names. */
  reference(name: number): Entry | undefined {
    const value = this.#attributes.get(name);
    return value?.kind === 'reference' ? this.unit.information.entryAt(value.value) : undefined;
  }
  /** Its own attribute, or the one of the entry it completes or is an instance of. */
  inherited(name: number): AttributeValue | undefined {
    let entry: Entry | undefined = this;
    for (let depth = 0; entry && depth < 8; depth++) {
      const value = entry.attribute(name);
      if (value) return value;
      entry = entry.reference(attribute.abstractOrigin) ?? entry.reference(attribute.specification);
    }
    return undefined;
  }
  get name(): string | undefined {
    const value = this.inherited(attribute.name);
    return value?.kind === 'string' ? value.value : undefined;
  }
  get type(): Entry | undefined {
    const value = this.inherited(attribute.type);
    return value?.kind === 'reference' ? this.unit.information.entryAt(value.value) : undefined;
  }

  get children(): readonly Entry[] {
    if (!this.#children) this.#readChildren();
    return this.#children!;
  }
  /** Offset of the entry that follows this one and its children. */
  get end(): number {
    if (!this.hasChildren) return this.next;
    if (!this.#children) this.#readChildren();
    return this.#end;
  }
  #readChildren(): void {
    const children: Entry[] = [];
    let offset = this.next;
    if (this.hasChildren) {
      for (;;) {
        const child = this.unit.read(offset);
        if (!child) break;
        children.push(child);
        offset = child.end;
      }
      offset++;
    }
    this.#children = children;
    this.#end = offset;
  }

  /** The address ranges of a function, block or unit; `[low, high)`. */
  get ranges(): readonly (readonly [low: bigint, high: bigint])[] {
    const low = this.attribute(attribute.lowPc);
    const high = this.attribute(attribute.highPc);
    if (low?.kind === 'address' && high) {
      if (high.kind === 'address') return [[low.value, high.value]];
      if (high.kind === 'constant') return [[low.value, low.value + high.value]];
    }
    const ranges = this.attribute(attribute.ranges);
    return ranges ? this.unit.readRanges(ranges) : [];
  }
}

/** A compilation (or partial) unit. */
export class Unit implements FormContext {
  readonly information: DebugEntries;
  readonly sections: DwarfSections;
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly unitOffset: number;
  readonly end: number;
  readonly #abbreviations: ReadonlyMap<number, Abbreviation>;
  readonly #entries = new Map<number, Entry>();
  readonly #firstEntry: number;
  strOffsetsBase = 0;
  addrBase = 0;

  constructor(information: DebugEntries, reader: ByteReader) {
    this.information = information;
    this.sections = information.sections;
    this.unitOffset = reader.offset;
    const { offsetSize, end } = readUnitLength(reader);
    this.offsetSize = offsetSize;
    this.end = end;
    this.version = reader.u16();
    if (this.version < 2 || this.version > 5)
      throw new MalformedData(`.debug_info: version ${this.version} is not known (2 to 5 are)`);
    let abbreviations: number;
    if (this.version === 5) {
      const type = reader.u8();
      this.addressSize = reader.u8();
      abbreviations = readOffset(reader, offsetSize);
      // DW_UT_type and DW_UT_split_type have a signature and an offset, DW_UT_skeleton and split_compile an id.
      if (type === 2 || type === 6) reader.skip(8 + offsetSize);
      else if (type === 4 || type === 5) reader.skip(8);
    } else {
      abbreviations = readOffset(reader, offsetSize);
      this.addressSize = reader.u8();
    }
    this.#abbreviations = information.abbreviations(abbreviations);
    this.#firstEntry = reader.offset;
    // The bases are attributes of the root, whose own strings may need them: first with none, then again.
    const base = (root: Entry | undefined, name: number) => {
      const value = root?.attribute(name);
      return value?.kind === 'offset' || value?.kind === 'constant' ? Number(value.value) : undefined;
    };
    const first = this.read(this.#firstEntry);
    const strOffsets = base(first, attribute.strOffsetsBase);
    const addr = base(first, attribute.addrBase);
    if (strOffsets !== undefined || addr !== undefined) {
      this.strOffsetsBase = strOffsets ?? 0;
      this.addrBase = addr ?? 0;
      this.#entries.clear();
    }
  }

  get root(): Entry | undefined {
    return this.read(this.#firstEntry);
  }

  /** The entry at an offset of .debug_info; undefined at the mark that ends a list of children. */
  read(offset: number): Entry | undefined {
    const known = this.#entries.get(offset);
    if (known) return known;
    const reader = new ByteReader(this.sections.info, '.debug_info', offset, this.end);
    const code = reader.ulebNumber();
    if (code === 0) return undefined;
    const abbreviation = this.#abbreviations.get(code);
    if (!abbreviation)
      throw new MalformedData(`.debug_info: entry at ${offset} uses abbreviation ${code}, which is not there`);
    const attributes = new Map<number, AttributeValue>();
    for (const [name, form, implicit] of abbreviation.attributes)
      attributes.set(name, readForm(reader, form, this, implicit));
    const entry = new Entry(this, offset, abbreviation, attributes, reader.offset);
    this.#entries.set(offset, entry);
    return entry;
  }

  get #base(): bigint {
    const low = this.root?.attribute(attribute.lowPc);
    return low?.kind === 'address' ? low.value : 0n;
  }

  readRanges(value: AttributeValue): [bigint, bigint][] {
    if (this.version < 5) {
      if (value.kind !== 'offset' && value.kind !== 'constant') return [];
      return readPairs(
        new ByteReader(this.sections.ranges, '.debug_ranges', Number(value.value)),
        this.addressSize,
        this.#base,
      );
    }
    const offset = this.#listOffset(value, this.sections.rnglists, '.debug_rnglists', attribute.rnglistsBase);
    if (offset === undefined) return [];
    const ranges: [bigint, bigint][] = [];
    let base = this.#base;
    const reader = new ByteReader(this.sections.rnglists, '.debug_rnglists', offset);
    for (;;) {
      const kind = reader.u8();
      if (kind === 0) return ranges;
      if (kind === 1) base = addressAt(this, reader.ulebNumber());
      else if (kind === 2) ranges.push([addressAt(this, reader.ulebNumber()), addressAt(this, reader.ulebNumber())]);
      else if (kind === 3) {
        const low = addressAt(this, reader.ulebNumber());
        ranges.push([low, low + reader.uleb()]);
      } else if (kind === 4) {
        const low = base + reader.uleb();
        ranges.push([low, base + reader.uleb()]);
      } else if (kind === 5) base = reader.unsigned(this.addressSize);
      else if (kind === 6) ranges.push([reader.unsigned(this.addressSize), reader.unsigned(this.addressSize)]);
      else if (kind === 7) {
        const low = reader.unsigned(this.addressSize);
        ranges.push([low, low + reader.uleb()]);
      } else throw new MalformedData(`.debug_rnglists: unknown entry ${kind}`);
    }
  }

  /** The location expression that holds at an address, from a location attribute of any form. */
  locationAt(value: AttributeValue, address: bigint): Uint8Array | undefined {
    if (value.kind === 'expression' || value.kind === 'block') return value.value;
    if (this.version < 5) {
      if (value.kind !== 'offset' && value.kind !== 'constant') return undefined;
      return this.#location4(Number(value.value), address);
    }
    const offset = this.#listOffset(value, this.sections.loclists, '.debug_loclists', attribute.loclistsBase);
    return offset === undefined ? undefined : this.#location5(offset, address);
  }

  #location4(offset: number, address: bigint): Uint8Array | undefined {
    const reader = new ByteReader(this.sections.loc, '.debug_loc', offset);
    let base = this.#base;
    const mark = this.addressSize === 8 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
    for (;;) {
      const low = reader.unsigned(this.addressSize);
      const high = reader.unsigned(this.addressSize);
      if (low === 0n && high === 0n) return undefined;
      if (low === mark) {
        base = high;
        continue;
      }
      const expression = reader.take(reader.u16());
      if (address >= base + low && address < base + high) return expression;
    }
  }

  #location5(offset: number, address: bigint): Uint8Array | undefined {
    const reader = new ByteReader(this.sections.loclists, '.debug_loclists', offset);
    let base = this.#base;
    let fallback: Uint8Array | undefined;
    for (;;) {
      const kind = reader.u8();
      let low = 0n;
      let high = 0n;
      switch (kind) {
        case 0:
          return fallback;
        case 1:
          base = addressAt(this, reader.ulebNumber());
          continue;
        case 2:
          low = addressAt(this, reader.ulebNumber());
          high = addressAt(this, reader.ulebNumber());
          break;
        case 3:
          low = addressAt(this, reader.ulebNumber());
          high = low + reader.uleb();
          break;
        case 4:
          low = base + reader.uleb();
          high = base + reader.uleb();
          break;
        case 5:
          fallback = reader.take(reader.ulebNumber());
          continue;
        case 6:
          base = reader.unsigned(this.addressSize);
          continue;
        case 7:
          low = reader.unsigned(this.addressSize);
          high = reader.unsigned(this.addressSize);
          break;
        case 8:
          low = reader.unsigned(this.addressSize);
          high = low + reader.uleb();
          break;
        case 9: // DW_LLE_GNU_view_pair: two view numbers, which say nothing to an emulator's user
          reader.uleb();
          reader.uleb();
          continue;
        default:
          throw new MalformedData(`.debug_loclists: unknown entry ${kind}`);
      }
      const expression = reader.take(reader.ulebNumber());
      if (address >= low && address < high) return expression;
    }
  }

  #listOffset(value: AttributeValue, bytes: Uint8Array, what: string, baseName: number): number | undefined {
    if (value.kind === 'offset') return value.value;
    if (value.kind !== 'index') return undefined;
    const base = this.root?.attribute(baseName);
    // Without a base the list follows the section's first header.
    const start = base?.kind === 'offset' ? base.value : this.offsetSize === 4 ? 12 : 20;
    const reader = new ByteReader(bytes, what, start + value.value * this.offsetSize);
    return start + readOffset(reader, this.offsetSize);
  }
}

function readPairs(reader: ByteReader, addressSize: number, unitBase: bigint): [bigint, bigint][] {
  const mark = addressSize === 8 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
  const ranges: [bigint, bigint][] = [];
  let base = unitBase;
  for (;;) {
    const low = reader.unsigned(addressSize);
    const high = reader.unsigned(addressSize);
    if (low === 0n && high === 0n) return ranges;
    if (low === mark) base = high;
    else ranges.push([base + low, base + high]);
  }
}

/** All units of an image. */
export class DebugEntries {
  readonly sections: DwarfSections;
  readonly units: readonly Unit[];
  readonly problems: readonly string[];
  readonly #abbreviationTables = new Map<number, ReadonlyMap<number, Abbreviation>>();

  constructor(sections: DwarfSections) {
    this.sections = sections;
    const units: Unit[] = [];
    const problems: string[] = [];
    const reader = new ByteReader(sections.info, '.debug_info');
    while (!reader.atEnd) {
      const start = reader.offset;
      try {
        const unit = new Unit(this, reader);
        units.push(unit);
        reader.offset = unit.end;
      } catch (problem) {
        if (!(problem instanceof MalformedData)) throw problem;
        problems.push(problem.message);
        try {
          reader.offset = start;
          reader.offset = readUnitLength(reader).end;
        } catch {
          break;
        }
      }
    }
    this.units = units;
    this.problems = problems;
  }

  entryAt(offset: number): Entry | undefined {
    const unit = this.units.find(candidate => offset >= candidate.unitOffset && offset < candidate.end);
    return unit?.read(offset);
  }

  abbreviations(offset: number): ReadonlyMap<number, Abbreviation> {
    const known = this.#abbreviationTables.get(offset);
    if (known) return known;
    const reader = new ByteReader(this.sections.abbrev, '.debug_abbrev', offset);
    const table = new Map<number, Abbreviation>();
    for (let code = reader.ulebNumber(); code !== 0; code = reader.ulebNumber()) {
      const entryTag = reader.ulebNumber();
      const hasChildren = reader.u8() !== 0;
      const attributes: [number, number, bigint][] = [];
      for (;;) {
        const name = reader.ulebNumber();
        const form = reader.ulebNumber();
        const implicit = form === 0x21 ? reader.sleb() : 0n;
        if (name === 0 && form === 0) break;
        attributes.push([name, form, implicit]);
      }
      table.set(code, { tag: entryTag, hasChildren, attributes });
      if (reader.atEnd) break;
    }
    this.#abbreviationTables.set(offset, table);
    return table;
  }
}
