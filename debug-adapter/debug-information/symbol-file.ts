/** Writes an ELF file of code and symbols, for what knows its symbols in another form. Source: ELF-64 object file format. */

/** A section of code. */
export interface SymbolSection {
  readonly name: string;
  readonly address: bigint;
  readonly contents: Uint8Array;
}

export interface NamedSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly isFunction: boolean;
  readonly isGlobal: boolean;
}

const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const sectionType = { code: 1, symbols: 2, strings: 3 } as const;
/** Allocated, executable. */
const codeFlags = 6n;
const absolute = 0xfff1;

/** A symbol lies in the last section that holds its address, or in none. */
export function symbolFile(sections: readonly SymbolSection[], symbols: readonly NamedSymbol[]): Uint8Array {
  const names = new Strings();
  const sectionNames = new Strings();
  const table = new DataView(new ArrayBuffer((symbols.length + 1) * symbolSize));
  symbols.forEach(({ name, address, isFunction, isGlobal }, index) => {
    const at = (index + 1) * symbolSize;
    const section = sections.findIndex(
      one => address >= one.address && address < one.address + BigInt(one.contents.length),
    );
    table.setUint32(at, names.add(name), true);
    table.setUint8(at + 4, (isGlobal ? 0x10 : 0) | (isFunction ? 2 : 1));
    table.setUint16(at + 6, section < 0 ? absolute : section + 1, true);
    table.setBigUint64(at + 8, address, true);
  });
  const headers = [
    ...sections.map(section => ({ ...section, type: sectionType.code, flags: codeFlags })),
    { name: '.symtab', type: sectionType.symbols, contents: new Uint8Array(table.buffer) },
    { name: '.strtab', type: sectionType.strings, contents: names.bytes },
  ].map(header => ({ flags: 0n, address: 0n, ...header, name: sectionNames.add(header.name) }));
  const name = sectionNames.add('.shstrtab');
  const last = { name, type: sectionType.strings, flags: 0n, address: 0n, contents: sectionNames.bytes };
  const all = [...headers, last];
  let end = headerSize + (all.length + 1) * sectionHeaderSize;
  const placed = all.map(header => {
    const offset = end;
    end += (header.contents.length + 7) & ~7;
    return { ...header, offset };
  });
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  // ELF, 64 bits, little-endian, version 1; an executable for machine 183 (AArch64).
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 183, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(headerSize), true);
  view.setUint16(52, headerSize, true);
  view.setUint16(58, sectionHeaderSize, true);
  view.setUint16(60, placed.length + 1, true);
  view.setUint16(62, placed.length, true);
  placed.forEach(({ name, type, flags, address, offset, contents }, index) => {
    const at = headerSize + (index + 1) * sectionHeaderSize;
    view.setUint32(at, name, true);
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 8, flags, true);
    view.setBigUint64(at + 16, address, true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(contents.length), true);
    if (type === sectionType.symbols) {
      // The section of their names follows.
      view.setUint32(at + 40, index + 2, true);
      view.setBigUint64(at + 56, BigInt(symbolSize), true);
    }
    file.set(contents, offset);
  });
  return file;
}

/** A string table, which begins with the empty name. */
class Strings {
  #bytes = new Uint8Array(1 << 16);
  #length = 1;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Gives the offset of the name. */
  add(name: string): number {
    const offset = this.#length;
    const encoded = new TextEncoder().encode(name);
    this.#length += encoded.length + 1;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(encoded, offset);
    return offset;
  }
}
