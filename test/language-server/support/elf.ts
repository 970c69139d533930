/** A reader of relocatable ELF files for tests: sections with bytes and relocations, symbols. */
export interface ReadSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly alignment: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  /** `offset type symbol+addend`, symbols of type section shown by the section's name. */
  readonly relocations: string[];
}

export interface ReadSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly size: bigint;
  readonly info: number;
  readonly visibility: number;
  readonly section: string;
}

export interface ReadElf {
  readonly sections: ReadSection[];
  readonly symbols: ReadSymbol[];
}

export function readElf(bytes: Uint8Array): ReadElf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const namesIndex = view.getUint16(62, true);
  const raw = Array.from({ length: count }, (_, index) => {
    const at = headers + 64 * index;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: Number(view.getBigUint64(at + 8, true)),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      alignment: Number(view.getBigUint64(at + 48, true)),
    };
  });
  const text = (table: number, offset: number): string => {
    const start = raw[table]!.offset + offset;
    return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
  };
  const sections = raw.map(header => ({
    name: text(namesIndex, header.name),
    type: header.type,
    flags: header.flags,
    alignment: header.alignment,
    size: header.size,
    bytes: header.type === 8 ? new Uint8Array(0) : bytes.slice(header.offset, header.offset + header.size),
    relocations: [] as string[],
  }));
  const sectionName = (index: number): string =>
    index === 0
      ? 'undefined'
      : index === 0xfff1
        ? 'absolute'
        : index === 0xfff2
          ? 'common'
          : (sections[index]?.name ?? '?');
  const table = raw.findIndex(header => header.type === 2);
  const symbols: ReadSymbol[] = [];
  if (table >= 0) {
    const { offset, size, link } = raw[table]!;
    for (let at = offset; at < offset + size; at += 24) {
      symbols.push({
        name: text(link, view.getUint32(at, true)),
        info: view.getUint8(at + 4),
        visibility: view.getUint8(at + 5),
        section: sectionName(view.getUint16(at + 6, true)),
        value: view.getBigUint64(at + 8, true),
        size: view.getBigUint64(at + 16, true),
      });
    }
  }
  for (const header of raw) {
    if (header.type !== 4) continue;
    for (let at = header.offset; at < header.offset + header.size; at += 24) {
      const type = view.getUint32(at + 8, true);
      const symbol = symbols[view.getUint32(at + 12, true)]!;
      const name = (symbol.info & 15) === 3 ? symbol.section : symbol.name || symbol.section;
      const addend = view.getBigInt64(at + 16, true);
      const offset = view.getBigUint64(at, true).toString(16);
      sections[header.info]!.relocations.push(`${offset} ${type} ${name}+${addend}`);
    }
  }
  return { sections, symbols };
}
