/** Debugging information entries of .debug_info. Source: DWARF 5, 2.1 to 2.3, 7.5; DWARF 4 likewise. */
import { type ByteReader, MalformedData } from '../byte-reader.ts';
import { type Abbreviation, type AbbreviationTable, readAbbreviations } from './abbreviations.ts';
import { attribute } from './constants.ts';
import { type AttributeValue, addressAt, type FormContext, readForm, skipForm } from './forms.ts';
import { type DwarfSections, readOffset, readUnitLength } from './sections.ts';

/** One entry. Its attributes and children are read when they are asked for. */
export class Entry {
  readonly unit: Unit;
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly #abbreviation: Abbreviation;
  /** Offset of its first attribute. */
  readonly #first: number;
  #children: readonly Entry[] | undefined;
  #next: number | undefined;
  #end: number | undefined;

  constructor(unit: Unit, offset: number, abbreviation: Abbreviation, first: number) {
    this.unit = unit;
    this.offset = offset;
    this.tag = abbreviation.tag;
    this.hasChildren = abbreviation.hasChildren;
    this.#abbreviation = abbreviation;
    this.#first = first;
  }

  attribute(name: number): AttributeValue | undefined {
    const { attributes } = this.#abbreviation;
    const index = attributes.findIndex(candidate => candidate.name === name);
    if (index < 0) return undefined;
    let nearest = index;
    while (attributes[nearest]!.offset === undefined) nearest--;
    const reader = this.unit.reader(this.#first + attributes[nearest]!.offset!);
    for (; nearest < index; nearest++) skipForm(reader, attributes[nearest]!.form, this.unit);
    const { form, implicit } = attributes[index]!;
    return readForm(reader, form, this.unit, implicit);
  }
  string(name: number): string | undefined {
    const value = this.attribute(name);
    return value?.kind === 'string' ? value.value : undefined;
  }
  number(name: number): number | undefined {
    const value = this.attribute(name);
    return value?.kind === 'constant' || value?.kind === 'address' ? Number(value.value) : undefined;
  }
  flag(name: number): boolean {
    const value = this.attribute(name);
    return value?.kind === 'flag' && value.value;
  }
  /** The entry that a reference attribute names. */
  reference(name: number): Entry | undefined {
    const value = this.attribute(name);
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
  /** Offset of what follows the attributes. */
  get next(): number {
    if (this.#next === undefined) {
      const { size, attributes } = this.#abbreviation;
      if (size !== undefined) this.#next = this.#first + size;
      else {
        const reader = this.unit.reader(this.#first);
        for (const { form } of attributes) skipForm(reader, form, this.unit);
        this.#next = reader.offset;
      }
    }
    return this.#next;
  }
  /** Offset of the entry that follows this one and its children. */
  get end(): number {
    if (!this.hasChildren) return this.next;
    if (this.#end === undefined) {
      const sibling = this.attribute(attribute.sibling);
      // A mark that points backwards would be followed for ever.
      if (sibling?.kind === 'reference' && sibling.value > this.offset && sibling.value < this.unit.end)
        this.#end = sibling.value;
      else this.#end = this.unit.endOfChildren(this.next);
    }
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
    }
    this.#children = children;
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

/** What the header of a unit says. */
interface UnitHeader {
  readonly unitOffset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly abbreviations: number;
  readonly firstEntry: number;
}

/** Passes over the unit. */
function readUnitHeader(reader: ByteReader): UnitHeader {
  const unitOffset = reader.offset;
  const { offsetSize, end } = readUnitLength(reader);
  const version = reader.u16();
  if (version < 2 || version > 5) throw new MalformedData(`.debug_info: version ${version} is not known (2 to 5 are)`);
  let abbreviations: number;
  let addressSize: number;
  if (version === 5) {
    const type = reader.u8();
    addressSize = reader.u8();
    abbreviations = readOffset(reader, offsetSize);
    // DW_UT_type and DW_UT_split_type have a signature and an offset, DW_UT_skeleton and split_compile an id.
    if (type === 2 || type === 6) reader.skip(8 + offsetSize);
    else if (type === 4 || type === 5) reader.skip(8);
  } else {
    abbreviations = readOffset(reader, offsetSize);
    addressSize = reader.u8();
  }
  const firstEntry = reader.offset;
  reader.offset = end;
  return { unitOffset, end, version, offsetSize, addressSize, abbreviations, firstEntry };
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
  readonly firstEntry: number;
  readonly #abbreviationOffset: number;
  #strOffsetsBase: number | undefined;
  #addrBase: number | undefined;
  #root: Entry | undefined;

  constructor(information: DebugEntries, header: UnitHeader) {
    this.information = information;
    this.sections = information.sections;
    this.unitOffset = header.unitOffset;
    this.end = header.end;
    this.version = header.version;
    this.offsetSize = header.offsetSize;
    this.addressSize = header.addressSize;
    this.firstEntry = header.firstEntry;
    this.#abbreviationOffset = header.abbreviations;
  }

  get abbreviations(): AbbreviationTable {
    return this.information.abbreviations(this.#abbreviationOffset, this);
  }

  get root(): Entry | undefined {
    this.#root ??= this.read(this.firstEntry);
    return this.#root;
  }

  /** Lets go of the entries that were read; they are read again when they are needed. */
  forget(): void {
    this.#root = undefined;
  }

  // Without the attribute, a unit's part begins after the section's first header (DWARF 5, 7.26 and 7.27).
  get strOffsetsBase(): number {
    this.#strOffsetsBase ??= this.#rootOffset(attribute.strOffsetsBase) ?? (this.offsetSize === 4 ? 8 : 16);
    return this.#strOffsetsBase;
  }
  get addrBase(): number {
    this.#addrBase ??= this.#rootOffset(attribute.addrBase) ?? (this.offsetSize === 4 ? 8 : 16);
    return this.#addrBase;
  }
  #rootOffset(name: number): number | undefined {
    const value = this.root?.attribute(name);
    return value?.kind === 'offset' || value?.kind === 'constant' ? Number(value.value) : undefined;
  }

  /** Offset of its line number program in .debug_line. */
  get lineProgram(): number | undefined {
    return this.#rootOffset(attribute.stmtList);
  }
  /** The file that has the rest of this unit, when the compiler split it off (`-gsplit-dwarf`). */
  get splitFile(): string | undefined {
    return this.root?.string(attribute.dwoName) ?? this.root?.string(attribute.gnuDwoName);
  }

  /** A reader that ends with the unit. */
  reader(offset: number): ByteReader {
    return this.sections.reader(this.sections.info, '.debug_info', offset, this.end);
  }

  /** The entry at an offset of .debug_info; undefined at the mark that ends a list of children. */
  read(offset: number): Entry | undefined {
    const reader = this.reader(offset);
    const code = reader.ulebNumber();
    if (code === 0) return undefined;
    const abbreviation = this.abbreviations.get(code);
    if (!abbreviation)
      throw new MalformedData(`.debug_info: entry at ${offset} uses abbreviation ${code}, which is not there`);
    return new Entry(this, offset, abbreviation, reader.offset);
  }

  /** Offset after the mark that ends the list of children which begins here. */
  endOfChildren(first: number): number {
    let offset = first;
    for (let depth = 1; depth > 0; ) {
      const entry = this.read(offset);
      if (!entry) {
        offset++;
        depth--;
      } else {
        offset = entry.next;
        if (entry.hasChildren) depth++;
      }
    }
    return offset;
  }

  get #base(): bigint {
    const low = this.root?.attribute(attribute.lowPc);
    return low?.kind === 'address' ? low.value : 0n;
  }

  readRanges(value: AttributeValue): [bigint, bigint][] {
    if (this.version < 5) {
      if (value.kind !== 'offset' && value.kind !== 'constant') return [];
      return readPairs(
        this.sections.reader(this.sections.ranges, '.debug_ranges', Number(value.value)),
        this.addressSize,
        this.#base,
      );
    }
    const offset = this.#listOffset(value, this.sections.rnglists, '.debug_rnglists', attribute.rnglistsBase);
    if (offset === undefined) return [];
    const ranges: [bigint, bigint][] = [];
    let base = this.#base;
    const reader = this.sections.reader(this.sections.rnglists, '.debug_rnglists', offset);
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
    const reader = this.sections.reader(this.sections.loc, '.debug_loc', offset);
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
    const reader = this.sections.reader(this.sections.loclists, '.debug_loclists', offset);
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
    const reader = this.sections.reader(bytes, what, start + value.value * this.offsetSize);
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

/** Abbreviation tables kept; a kernel has one for each of its thousands of units. */
const mostTables = 128;

/** All units of an image. */
export class DebugEntries {
  readonly sections: DwarfSections;
  /** In the order of .debug_info. */
  readonly units: readonly Unit[];
  readonly problems: readonly string[];
  readonly #tables = new Map<string, AbbreviationTable>();

  constructor(sections: DwarfSections) {
    this.sections = sections;
    const units: Unit[] = [];
    const problems: string[] = [];
    const reader = sections.reader(sections.info, '.debug_info');
    while (!reader.atEnd) {
      const start = reader.offset;
      try {
        units.push(new Unit(this, readUnitHeader(reader)));
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

  /** The unit that holds an offset of .debug_info. */
  unitAtOffset(offset: number): Unit | undefined {
    let low = 0;
    let high = this.units.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.units[middle]!.unitOffset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = this.units[low - 1];
    return unit && offset < unit.end ? unit : undefined;
  }

  entryAt(offset: number): Entry | undefined {
    return this.unitAtOffset(offset)?.read(offset);
  }

  abbreviations(offset: number, unit: Unit): AbbreviationTable {
    const key = `${offset} ${unit.offsetSize} ${unit.addressSize} ${unit.version === 2}`;
    let table = this.#tables.get(key);
    if (table) return table;
    table = readAbbreviations(this.sections.abbrev, offset, unit);
    if (this.#tables.size >= mostTables) this.#tables.delete(this.#tables.keys().next().value as string);
    this.#tables.set(key, table);
    return table;
  }
}
