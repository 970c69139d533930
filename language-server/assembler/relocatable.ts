import { ByteBuffer } from './byte-buffer.ts';
import {
  type ElfSection,
  StringTable,
  sectionFlagBits,
  sectionTypes,
  symbolBindings,
  symbolTypes,
  symbolVisibilities,
  writeElf,
  writeSymbol,
} from './elf.ts';
import type { AssembledObject, ObjectSection, ObjectSymbol } from './object.ts';

/** Writes an object as a relocatable ELF file (`.o`). */
export function writeRelocatable(object: AssembledObject): Uint8Array {
  const relocated = object.sections.filter(section => section.relocations.length > 0);
  const groups = [...new Set(object.sections.flatMap(section => section.group ?? []))];
  const indexes = new Map<ObjectSection, number>();
  // Index 0 is the null section; groups stand before their members.
  object.sections.forEach((section, index) => {
    indexes.set(section, 1 + groups.length + index);
  });
  const symbolTable = 1 + groups.length + object.sections.length + relocated.length;
  const names = new StringTable();
  const { bytes, numbers, firstGlobal } = symbols(object, indexes, names);
  const numberOf = (symbol: ObjectSymbol) => numbers.get(symbol) ?? 0;
  const sections: ElfSection[] = groups.map(group => {
    const out = new ByteBuffer();
    out.integer(1n, 4);
    for (const section of object.sections) if (section.group === group) out.integer(BigInt(indexes.get(section)!), 4);
    const signature = object.symbols.find(symbol => symbol.name === group);
    return {
      ...plain('.group', 17, out.view()),
      link: symbolTable,
      info: signature ? numberOf(signature) : 0,
      alignment: 4,
      entrySize: 4,
    };
  });
  for (const section of object.sections) {
    sections.push({
      ...plain(section.name, sectionTypes[section.type], section.data),
      flags: sectionFlagBits(section.flags),
      size: section.size,
      alignment: section.alignment,
      entrySize: section.entrySize,
    });
  }
  for (const section of relocated) {
    const out = new ByteBuffer();
    for (const relocation of section.relocations) {
      out.integer(BigInt(relocation.offset), 8);
      out.integer((BigInt(numberOf(relocation.symbol)) << 32n) | BigInt(relocation.row.number), 8);
      out.integer(relocation.addend, 8);
    }
    sections.push({
      ...plain(`.rela${section.name}`, 4, out.view()),
      flags: 0x40,
      link: symbolTable,
      info: indexes.get(section)!,
      alignment: 8,
      entrySize: 24,
    });
  }
  sections.push({
    ...plain('.symtab', 2, bytes),
    link: symbolTable + 1,
    info: firstGlobal,
    alignment: 8,
    entrySize: 24,
  });
  sections.push(plain('.strtab', 3, names.bytes()));
  return writeElf({ kind: 'relocatable', entry: 0n, sections, segments: [] });
}

function plain(name: string, type: number, data: Uint8Array): ElfSection {
  return { name, type, flags: 0, address: 0n, data, size: data.length, link: 0, info: 0, alignment: 1, entrySize: 0 };
}

function symbols(object: AssembledObject, indexes: ReadonlyMap<ObjectSection, number>, names: StringTable) {
  const all = new Set(object.symbols);
  for (const section of object.sections) {
    for (const { symbol } of section.relocations) if (symbol.name !== '' || symbol.type === 'section') all.add(symbol);
  }
  const ordered = [...all].sort((a, b) => order(a) - order(b));
  const out = new ByteBuffer();
  const numbers = new Map<ObjectSymbol, number>();
  writeSymbol(out, { name: 0, info: 0, visibility: 0, section: 0, value: 0n, size: 0n });
  let firstGlobal = 1;
  for (const symbol of ordered) {
    numbers.set(symbol, numbers.size + 1);
    if (symbol.binding === 'local') firstGlobal++;
    writeSymbol(out, {
      name: names.add(symbol.name),
      info: (symbolBindings[symbol.binding] << 4) | symbolTypes[symbol.type],
      visibility: symbolVisibilities[symbol.visibility],
      section: sectionIndex(symbol, indexes),
      value: symbol.value,
      size: symbol.size,
    });
  }
  return { bytes: out.view(), numbers, firstGlobal };
}

/** Sections first, then other locals, then the rest. */
function order(symbol: ObjectSymbol): number {
  if (symbol.binding !== 'local') return 2;
  return symbol.type === 'section' ? 0 : 1;
}

function sectionIndex(symbol: ObjectSymbol, indexes: ReadonlyMap<ObjectSection, number>): number {
  switch (symbol.place) {
    case 'undefined':
      return 0;
    case 'absolute':
      return 0xfff1;
    case 'common':
      return 0xfff2;
    default:
      return indexes.get(symbol.place) ?? 0;
  }
}
