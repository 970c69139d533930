import { ByteBuffer } from './byte-buffer.ts';
import { baseName, folderOf } from './files.ts';
import { leb128 } from './leb128.ts';
import type { SectionFlags } from './model.ts';
import type { AssembledObject, ObjectLine, ObjectRelocation, ObjectSection, ObjectSymbol } from './object.ts';
import { relocationNamed } from './relocation.ts';
import { sectionFlags } from './section-names.ts';

/*
 * DWARF 5 for assembly: one compilation unit with a line table, and a subprogram for each function symbol, so that a
 * debugger can map code to lines and to names.
 */

const form = {
  data1: 0x0b,
  data2: 0x05,
  data8: 0x07,
  address: 0x01,
  string: 0x08,
  flagPresent: 0x19,
  sectionOffset: 0x17,
  udata: 0x0f,
} as const;
const attribute = {
  name: 0x03,
  statementList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  language: 0x13,
  compilationFolder: 0x1b,
  producer: 0x25,
  external: 0x3f,
  ranges: 0x55,
} as const;
const tag = { compileUnit: 0x11, subprogram: 0x2e } as const;
/** The language code that assembly has in DWARF. */
const assemblyLanguage = 0x8001;

/** A section under construction, with the places that hold addresses. */
class Builder {
  readonly out = new ByteBuffer();
  readonly relocations: ObjectRelocation[] = [];

  byte(...values: number[]): void {
    this.out.append(Uint8Array.from(values));
  }
  integer(value: number, size: number): void {
    this.out.integer(BigInt(value), size);
  }
  unsigned(value: number): void {
    this.out.append(Uint8Array.from(leb128(BigInt(value), false)));
  }
  signed(value: number): void {
    this.out.append(Uint8Array.from(leb128(BigInt(value), true)));
  }
  text(value: string): void {
    this.out.append(new TextEncoder().encode(value));
    this.byte(0);
  }
  address(symbol: ObjectSymbol, addend: number): void {
    this.relocations.push({ offset: this.out.length, row: relocationNamed('ABS64'), symbol, addend: BigInt(addend) });
    this.integer(0, 8);
  }
  offsetIn(symbol: ObjectSymbol, addend = 0): void {
    this.relocations.push({ offset: this.out.length, row: relocationNamed('ABS32'), symbol, addend: BigInt(addend) });
    this.integer(0, 4);
  }
  /** Leaves room for a length of four bytes and answers how to fill it in. */
  length(): () => void {
    const at = this.out.length;
    this.integer(0, 4);
    return () => new DataView(this.out.bytes.buffer).setUint32(at, this.out.length - at - 4, true);
  }
}

interface Run {
  readonly section: ObjectSection;
  readonly lines: readonly ObjectLine[];
}

/** `.debug_line`, `.debug_info`, `.debug_abbrev` and `.debug_rnglists` for an object; none when it holds no code. */
export function debugSections(object: AssembledObject, compilationFolder: string): ObjectSection[] {
  const runs = linesBySection(object.lines);
  if (runs.length === 0) return [];
  const symbols = new Map<ObjectSection, ObjectSymbol>();
  const start = (section: ObjectSection): ObjectSymbol => {
    let symbol = symbols.get(section) ?? object.symbols.find(s => s.type === 'section' && s.place === section);
    symbol ??= sectionSymbol(section);
    symbols.set(section, symbol);
    return symbol;
  };
  const abbreviations = finish('.debug_abbrev', abbreviationTable());
  const lines = finish('.debug_line', lineTable(object, runs, start, compilationFolder));
  const ranges = finish('.debug_rnglists', rangeList(runs, start));
  const info = finish(
    '.debug_info',
    information(object, start, compilationFolder, start(abbreviations), start(lines), start(ranges)),
  );
  return [lines, info, abbreviations, ranges];
}

function linesBySection(lines: readonly ObjectLine[]): Run[] {
  const bySection = new Map<ObjectSection, ObjectLine[]>();
  for (const line of lines) {
    const list = bySection.get(line.section);
    if (list) list.push(line);
    else bySection.set(line.section, [line]);
  }
  return [...bySection].map(([section, list]) => ({ section, lines: list.sort((a, b) => a.offset - b.offset) }));
}

function sectionSymbol(section: ObjectSection): ObjectSymbol {
  return { name: '', place: section, value: 0n, size: 0n, binding: 'local', visibility: 'default', type: 'section' };
}

function finish(name: string, builder: Builder): ObjectSection {
  return {
    name,
    type: 'progbits',
    flags: sectionFlags('') as SectionFlags,
    entrySize: 0,
    group: undefined,
    alignment: 1,
    size: builder.out.length,
    data: builder.out.view(),
    relocations: builder.relocations,
  };
}

/** Parameters of special opcodes: each adds to address and line at once (DWARF 5, 6.2.5.1). */
const lineBase = -5;
const lineRange = 14;
const opcodeBase = 13;
const instructionLength = 4;

function lineTable(
  object: AssembledObject,
  runs: readonly Run[],
  start: (section: ObjectSection) => ObjectSymbol,
  compilationFolder: string,
): Builder {
  const table = new Builder();
  const paths = [object.path, ...new Set(object.lines.map(line => line.path).filter(path => path !== object.path))];
  const folders = [
    compilationFolder,
    ...new Set(paths.map(folderOf).filter(folder => folder !== '' && folder !== compilationFolder)),
  ];
  const files = new Map(paths.map((path, index) => [path, index]));
  const end = table.length();
  table.integer(5, 2);
  table.byte(8, 0);
  const headerEnd = table.length();
  table.byte(instructionLength, 1, 1, lineBase & 0xff, lineRange, opcodeBase);
  table.byte(0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1);
  table.byte(1, 1, form.string);
  table.unsigned(folders.length);
  for (const folder of folders) table.text(folder);
  table.byte(2, 1, form.string, 2, form.udata);
  table.unsigned(paths.length);
  for (const path of paths) {
    table.text(baseName(path));
    const folder = folderOf(path);
    table.unsigned(folder === '' ? 0 : folders.indexOf(folder));
  }
  headerEnd();
  for (const run of runs) sequence(table, run, files, start(run.section));
  end();
  return table;
}

function sequence(table: Builder, run: Run, files: ReadonlyMap<string, number>, symbol: ObjectSymbol): void {
  let address = run.lines[0]!.offset;
  let file = 1;
  let line = 1;
  let column = 0;
  // Extended opcode: set address.
  table.byte(0, 9, 2);
  table.address(symbol, address);
  for (const entry of run.lines) {
    const number = files.get(entry.path) ?? 0;
    if (number !== file) {
      table.byte(4);
      table.unsigned(number);
      file = number;
    }
    if (entry.column !== column) {
      table.byte(5);
      table.unsigned(entry.column);
      column = entry.column;
    }
    advance(table, entry.offset - address, entry.line - line);
    address = entry.offset;
    line = entry.line;
  }
  const rest = run.section.size - address;
  table.byte(2);
  table.unsigned(Math.floor(rest / instructionLength));
  table.byte(0, 1, 1);
}

/** Appends a row this much further on. */
function advance(table: Builder, bytes: number, lines: number): void {
  const units = Math.floor(bytes / instructionLength);
  // Data between instructions need not be a multiple of their size.
  if (bytes % instructionLength !== 0) {
    table.byte(9);
    table.integer(bytes, 2);
    table.byte(3);
    table.signed(lines);
    table.byte(1);
    return;
  }
  let delta = lines;
  if (delta < lineBase || delta >= lineBase + lineRange) {
    table.byte(3);
    table.signed(delta);
    delta = 0;
  }
  const special = delta - lineBase + lineRange * units + opcodeBase;
  if (special <= 255) {
    table.byte(special);
    return;
  }
  table.byte(2);
  table.unsigned(units);
  table.byte(delta - lineBase + opcodeBase);
}

function rangeList(runs: readonly Run[], start: (section: ObjectSection) => ObjectSymbol): Builder {
  const list = new Builder();
  const end = list.length();
  list.integer(5, 2);
  list.byte(8, 0);
  list.integer(0, 4);
  for (const { section } of runs) {
    // Start and length.
    list.byte(7);
    list.address(start(section), 0);
    list.unsigned(section.size);
  }
  list.byte(0);
  end();
  return list;
}

/** Where the list itself begins, behind its header. */
const rangeListStart = 12;

function abbreviationTable(): Builder {
  const table = new Builder();
  const declare = (
    code: number,
    what: number,
    children: boolean,
    attributes: readonly (readonly [number, number])[],
  ) => {
    table.unsigned(code);
    table.unsigned(what);
    table.byte(children ? 1 : 0);
    for (const [name, how] of attributes) {
      table.unsigned(name);
      table.unsigned(how);
    }
    table.byte(0, 0);
  };
  declare(1, tag.compileUnit, true, [
    [attribute.statementList, form.sectionOffset],
    [attribute.ranges, form.sectionOffset],
    [attribute.lowPc, form.address],
    [attribute.name, form.string],
    [attribute.compilationFolder, form.string],
    [attribute.producer, form.string],
    [attribute.language, form.data2],
  ]);
  const subprogram = [
    [attribute.name, form.string],
    [attribute.lowPc, form.address],
    [attribute.highPc, form.udata],
  ] as const;
  declare(2, tag.subprogram, false, [...subprogram, [attribute.external, form.flagPresent]]);
  declare(3, tag.subprogram, false, subprogram);
  table.byte(0);
  return table;
}

function information(
  object: AssembledObject,
  start: (section: ObjectSection) => ObjectSymbol,
  compilationFolder: string,
  abbreviations: ObjectSymbol,
  lines: ObjectSymbol,
  ranges: ObjectSymbol,
): Builder {
  const info = new Builder();
  const end = info.length();
  info.integer(5, 2);
  // A full compilation unit with 8-byte addresses.
  info.byte(1, 8);
  info.offsetIn(abbreviations);
  info.unsigned(1);
  info.offsetIn(lines);
  info.offsetIn(ranges, rangeListStart);
  info.integer(0, 8);
  info.text(object.path);
  info.text(compilationFolder);
  info.text('Trapdoor');
  info.integer(assemblyLanguage, 2);
  for (const symbol of object.symbols) {
    if (symbol.type !== 'function' || typeof symbol.place === 'string' || symbol.size === 0n) continue;
    info.unsigned(symbol.binding === 'local' ? 3 : 2);
    info.text(symbol.name);
    info.address(start(symbol.place), Number(symbol.value));
    info.unsigned(Number(symbol.size));
  }
  info.byte(0);
  end();
  return info;
}
