import type { Problem } from '../syntax/problem.ts';
import type { SourceRange } from '../syntax/source.ts';
import { ByteBuffer } from './byte-buffer.ts';
import {
  type ElfSection,
  type ElfSegment,
  StringTable,
  sectionFlagBits,
  sectionTypes,
  symbolBindings,
  symbolTypes,
  symbolVisibilities,
  writeElf,
  writeSymbol,
} from './elf.ts';
import { defaultBase, outputName, outputOrder, providedSymbols } from './link-layout.ts';
import type { AssembledObject, ObjectRelocation, ObjectSection, ObjectSymbol } from './object.ts';
import { applyRelocation, relocationValue } from './relocation.ts';

export interface LinkOptions {
  /** Address of the first byte. */
  readonly base?: bigint;
  /** Symbol at which execution begins; the first byte of code when it is not defined. */
  readonly entry?: string;
}

/** A symbol of the linked image. */
export interface LinkedSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: bigint;
  readonly type: ObjectSymbol['type'];
  readonly binding: ObjectSymbol['binding'];
  readonly range?: SourceRange;
}

/** A row of the linked line table (one-based line). */
export interface LinkedLine {
  readonly address: bigint;
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export interface LinkedImage {
  readonly elf: Uint8Array;
  readonly entry: bigint;
  readonly symbols: readonly LinkedSymbol[];
  /** Ordered by address. */
  readonly lines: readonly LinkedLine[];
}

interface OutputSection {
  readonly name: string;
  readonly parts: ObjectSection[];
  alignment: number;
  address: bigint;
  size: number;
  data: Uint8Array;
}

const pageSize = 4096n;

/** Links objects into an executable ELF file by the fixed layout of `link-layout.ts`. */
export function link(objects: readonly AssembledObject[], options: LinkOptions, problems: Problem[]): LinkedImage {
  return new Linker(objects, options, problems).link();
}

class Linker {
  private readonly objects: readonly AssembledObject[];
  private readonly options: LinkOptions;
  private readonly problems: Problem[];
  private readonly outputs: OutputSection[] = [];
  private readonly offsets = new Map<ObjectSection, { output: OutputSection; offset: number }>();
  private readonly globals = new Map<string, ObjectSymbol>();
  private readonly provided = new Map<string, bigint>();
  private readonly missing = new Set<string>();

  constructor(objects: readonly AssembledObject[], options: LinkOptions, problems: Problem[]) {
    this.objects = objects;
    this.options = options;
    this.problems = problems;
  }

  link(): LinkedImage {
    this.collectGlobals();
    this.collectSections();
    this.placeSections();
    this.provide();
    for (const object of this.objects) {
      for (const section of object.sections)
        for (const relocation of section.relocations) this.relocate(section, relocation);
    }
    const entry = this.entryPoint();
    return { elf: this.write(entry), entry, symbols: this.symbols(), lines: this.lines() };
  }

  private error(code: string, message: string, range: SourceRange | undefined): void {
    const anywhere = range ?? this.objects.flatMap(object => object.symbols).find(symbol => symbol.range)?.range;
    if (anywhere) this.problems.push({ severity: 'error', code, message, range: anywhere });
  }

  // --- symbols -----------------------------------------------------------------------------------------------------

  private collectGlobals(): void {
    for (const object of this.objects) {
      for (const symbol of object.symbols) {
        if (symbol.binding === 'local' || symbol.place === 'undefined') continue;
        const before = this.globals.get(symbol.name);
        if (!before || stronger(symbol, before)) this.globals.set(symbol.name, symbol);
        else if (!stronger(before, symbol) && before.place !== 'common' && symbol.binding === 'global') {
          this.error('duplicate-symbol', `\`${symbol.name}\` is defined by another file too.`, symbol.range);
        }
      }
    }
  }

  /** Address of a symbol; undefined when nothing defines it. */
  private address(symbol: ObjectSymbol): bigint | undefined {
    const definition = symbol.binding === 'local' ? symbol : (this.globals.get(symbol.name) ?? symbol);
    if (definition.place === 'absolute') return definition.value;
    if (definition.place === 'undefined') {
      return this.provided.get(definition.name) ?? (symbol.binding === 'weak' ? 0n : undefined);
    }
    if (definition.place === 'common') return this.provided.get(definition.name);
    return this.sectionAddress(definition.place) + definition.value;
  }

  private sectionAddress(section: ObjectSection): bigint {
    const place = this.offsets.get(section);
    return place ? place.output.address + BigInt(place.offset) : 0n;
  }

  // --- layout ------------------------------------------------------------------------------------------------------

  private collectSections(): void {
    const byName = new Map<string, OutputSection>();
    for (const object of this.objects) {
      for (const section of object.sections) {
        if (section.flags.exclude || (section.size === 0 && !['.text', '.data', '.bss'].includes(section.name)))
          continue;
        const name = outputName(section);
        let output = byName.get(name);
        if (!output) {
          output = { name, parts: [], alignment: 1, address: 0n, size: 0, data: new Uint8Array(0) };
          byName.set(name, output);
          this.outputs.push(output);
        }
        output.parts.push(section);
      }
    }
    // Space for symbols that only ask for it lies behind the zeroed data.
    if ([...this.globals.values()].some(symbol => symbol.place === 'common') && !byName.has('.bss')) {
      this.outputs.push({ name: '.bss', parts: [], alignment: 1, address: 0n, size: 0, data: new Uint8Array(0) });
    }
    this.outputs.sort((a, b) => outputOrder(a) - outputOrder(b));
  }

  private placeSections(): void {
    let address = this.options.base ?? defaultBase;
    let writable = false;
    for (const output of this.outputs) {
      this.assemble(output);
      const flags = output.parts[0]?.flags;
      const loaded = output.name === '.bss' || flags?.allocate === true;
      if (!loaded) continue;
      const writes = output.name === '.bss' || flags?.write === true;
      // Data that is written begins on a page of its own, so that a guest may protect the rest.
      if (writes && !writable && output.size > 0) {
        address = alignUp(address, pageSize);
        writable = true;
      }
      address = alignUp(address, BigInt(output.alignment));
      output.address = address;
      address += BigInt(output.size);
    }
  }

  private assemble(output: OutputSection): void {
    let size = 0;
    for (const part of output.parts) {
      size = Math.ceil(size / part.alignment) * part.alignment;
      this.offsets.set(part, { output, offset: size });
      size += part.size;
      output.alignment = Math.max(output.alignment, part.alignment);
    }
    if (output.name === '.bss') size = this.placeCommons(output, size);
    output.size = size;
    if (output.name === '.bss' || output.parts.every(part => part.type === 'nobits')) return;
    output.data = new Uint8Array(size);
    for (const part of output.parts) output.data.set(part.data, this.offsets.get(part)!.offset);
  }

  private commons: { name: string; output: OutputSection; offset: number }[] = [];

  private placeCommons(output: OutputSection, start: number): number {
    let size = start;
    for (const symbol of this.globals.values()) {
      if (symbol.place !== 'common') continue;
      const alignment = Number(symbol.value) || 1;
      size = Math.ceil(size / alignment) * alignment;
      output.alignment = Math.max(output.alignment, alignment);
      this.commons.push({ name: symbol.name, output, offset: size });
      size += Number(symbol.size);
    }
    return size;
  }

  private provide(): void {
    for (const { name, output, offset } of this.commons) this.provided.set(name, output.address + BigInt(offset));
    const loaded = this.outputs.filter(output => output.address !== 0n);
    for (const [name, value] of providedSymbols(loaded, this.options.base ?? defaultBase)) {
      if (!this.globals.has(name)) this.provided.set(name, value);
    }
  }

  // --- contents ----------------------------------------------------------------------------------------------------

  private relocate(section: ObjectSection, relocation: ObjectRelocation): void {
    const place = this.offsets.get(section);
    if (!place) return;
    const { row, symbol, addend, range } = relocation;
    if (row.formula === 'got' || row.formula === 'tls') {
      this.error('bad-relocation', `${row.name} needs a shared image, which is not made here.`, range);
      return;
    }
    const address = this.address(symbol);
    if (address === undefined) {
      if (!this.missing.has(symbol.name)) {
        this.missing.add(symbol.name);
        this.error('undefined-symbol', `\`${symbol.name}\` is not defined anywhere.`, range);
      }
      return;
    }
    const offset = place.offset + relocation.offset;
    const value = relocationValue(row, BigInt.asUintN(64, address + addend), place.output.address + BigInt(offset));
    const problem = applyRelocation(row, place.output.data, offset, value);
    if (problem) this.error('out-of-range', problem, range);
  }

  private entryPoint(): bigint {
    const name = this.options.entry ?? '_start';
    const symbol =
      this.globals.get(name) ??
      this.objects.flatMap(object => object.symbols).find(s => s.name === name && s.place !== 'undefined');
    const address = symbol && this.address(symbol);
    if (address !== undefined) return address;
    const first = this.outputs.find(output => output.parts.some(part => part.flags.execute) && output.size > 0);
    return first?.address ?? this.options.base ?? defaultBase;
  }

  private symbols(): LinkedSymbol[] {
    const list: LinkedSymbol[] = [];
    for (const object of this.objects) {
      for (const symbol of object.symbols) {
        if (symbol.type === 'section' || symbol.place === 'undefined' || symbol.name === '') continue;
        if (symbol.binding !== 'local' && this.globals.get(symbol.name) !== symbol) continue;
        if (typeof symbol.place !== 'string' && !this.offsets.has(symbol.place)) continue;
        const address = this.address(symbol);
        if (address === undefined) continue;
        const { name, size, type, binding, range } = symbol;
        list.push({ name, address, size, type, binding, ...(range && { range }) });
      }
    }
    const wanted = new Set(
      this.objects.flatMap(object =>
        object.symbols.filter(symbol => symbol.place === 'undefined').map(symbol => symbol.name),
      ),
    );
    for (const [name, address] of this.provided) {
      if (wanted.has(name)) list.push({ name, address, size: 0n, type: 'notype', binding: 'global' });
    }
    return list;
  }

  private lines(): LinkedLine[] {
    return this.objects
      .flatMap(object => object.lines)
      .map(({ section, offset, path, line, column }) => ({
        address: this.sectionAddress(section) + BigInt(offset),
        path,
        line,
        column,
      }))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  // --- file --------------------------------------------------------------------------------------------------------

  private write(entry: bigint): Uint8Array {
    const indexes = new Map(this.outputs.map((output, index) => [output, index + 1]));
    const sections: ElfSection[] = this.outputs.map(output => {
      const first = output.parts[0];
      const nobits = output.data.length === 0 && output.size > 0;
      const flags = first?.flags;
      return {
        name: output.name,
        type: nobits || output.name === '.bss' ? sectionTypes.nobits : sectionTypes[first?.type ?? 'progbits'],
        flags: flags ? sectionFlagBits(flags) & ~0x200 : 3,
        address: output.address,
        data: output.data,
        size: output.size,
        link: 0,
        info: 0,
        alignment: output.alignment,
        entrySize: first?.entrySize ?? 0,
      };
    });
    const names = new StringTable();
    const { bytes, firstGlobal } = this.symbolTable(names, indexes);
    const base = { flags: 0, address: 0n, link: 0, info: 0, entrySize: 0 };
    sections.push({
      ...base,
      name: '.symtab',
      type: 2,
      data: bytes,
      size: bytes.length,
      link: sections.length + 2,
      info: firstGlobal,
      alignment: 8,
      entrySize: 24,
    });
    const strings = names.bytes();
    sections.push({ ...base, name: '.strtab', type: 3, data: strings, size: strings.length, alignment: 1 });
    return writeElf({ kind: 'executable', entry, sections, segments: this.segments() });
  }

  /** One segment for what is only read and executed, one for what is written. */
  private segments(): ElfSegment[] {
    const segments: ElfSegment[] = [];
    for (const writable of [false, true]) {
      const members = this.outputs.filter(output => {
        const writes = output.name === '.bss' || output.parts[0]?.flags.write === true;
        return output.address !== 0n && output.size > 0 && writes === writable;
      });
      const first = members[0];
      const last = members[members.length - 1];
      if (!first || !last) continue;
      const filled = members.filter(output => output.data.length > 0);
      const lastFilled = filled[filled.length - 1];
      const executes = members.some(output => output.parts.some(part => part.flags.execute));
      segments.push({
        flags: 4 + (writable ? 2 : 0) + (executes ? 1 : 0),
        address: first.address,
        fileSize: lastFilled ? Number(lastFilled.address - first.address) + lastFilled.size : 0,
        memorySize: Number(last.address - first.address) + last.size,
        alignment: Number(pageSize),
        firstSection: this.outputs.indexOf(first),
      });
    }
    return segments;
  }

  private symbolTable(names: StringTable, indexes: ReadonlyMap<OutputSection, number>) {
    const out = new ByteBuffer();
    writeSymbol(out, { name: 0, info: 0, visibility: 0, section: 0, value: 0n, size: 0n });
    let firstGlobal = 1;
    const entries = this.objects
      .flatMap(object => object.symbols)
      .filter(symbol => symbol.type !== 'section' && symbol.name !== '');
    const written = new Set<string>();
    for (const local of [true, false]) {
      for (const symbol of entries) {
        if ((symbol.binding === 'local') !== local) continue;
        if (!local && written.has(symbol.name)) continue;
        const definition = local ? symbol : (this.globals.get(symbol.name) ?? symbol);
        const address = this.address(definition);
        if (address === undefined || (typeof definition.place !== 'string' && !this.offsets.has(definition.place)))
          continue;
        if (local) firstGlobal++;
        else written.add(symbol.name);
        const place = typeof definition.place === 'string' ? undefined : this.offsets.get(definition.place);
        writeSymbol(out, {
          name: names.add(symbol.name),
          info: (symbolBindings[definition.binding] << 4) | symbolTypes[definition.type],
          visibility: symbolVisibilities[definition.visibility],
          section: place ? (indexes.get(place.output) ?? 0) : 0xfff1,
          value: address,
          size: definition.size,
        });
      }
    }
    return { bytes: out.view(), firstGlobal };
  }
}

/** Whether a definition takes precedence over another: real before common, global before weak. */
function stronger(symbol: ObjectSymbol, other: ObjectSymbol): boolean {
  const rank = (s: ObjectSymbol) => (s.binding === 'weak' ? 0 : s.place === 'common' ? 1 : 2);
  if (rank(symbol) === 1 && rank(other) === 1) return symbol.size > other.size;
  return rank(symbol) > rank(other);
}

function alignUp(value: bigint, alignment: bigint): bigint {
  return ((value + alignment - 1n) / alignment) * alignment;
}
