/**
 * ELF64 AArch64 files of either byte order: headers, sections, segments, symbols.
 *
 * Every number in the file is checked before it is used: a truncated or lying file gives `MalformedData` with the part
 * and the remedy, never a crash and never a wrong symbol. Source: ELF-64 object file format; ELF for the Arm 64-bit
 * architecture (machine 183).
 */
import { ByteReader, MalformedData } from './byte-reader.ts';
import { type ByteSource, memorySource } from './byte-source.ts';
import { decompressOldSection, decompressSection } from './compressed-section.ts';

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly virtualAddress: bigint;
  readonly physicalAddress: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label';
  readonly binding: 'local' | 'global' | 'weak';
  readonly section: number;
}

const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHF_EXECINSTR = 4n;
const SHF_COMPRESSED = 0x800n;
const PT_LOAD = 1;
const SHN_ABS = 0xfff1;
const NT_GNU_BUILD_ID = 3;

export class ElfFile {
  readonly name: string;
  readonly entry: bigint;
  /** Numbers in the file, and data of the program, have their low byte first. */
  readonly littleEndian: boolean;
  /** ET_REL = 1, ET_EXEC = 2, ET_DYN = 3. */
  readonly type: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly #source: ByteSource;
  #symbols: readonly ElfSymbol[] | undefined;
  #codeSections: readonly ElfSection[] | undefined;

  /** `name` stands in error messages. Throws `MalformedData`. */
  constructor(file: ByteSource | Uint8Array, name: string) {
    this.name = name;
    this.#source = file instanceof Uint8Array ? memorySource(file) : file;
    const { size } = this.#source;
    const head = this.#source.read(0, Math.min(size, 64));
    // EI_DATA; what is no ELF file is told below.
    this.littleEndian = head[5] !== 2;
    const reader = new ByteReader(head, name, 0, head.length, this.littleEndian);
    if (size < 64 || head.subarray(0, 4).join() !== '127,69,76,70')
      throw new MalformedData(`${name} is not an ELF file`);
    if (head[4] !== 2) throw new MalformedData(`${name} is a 32-bit ELF file; build it for AArch64`);
    if (head[5] !== 1 && head[5] !== 2) throw new MalformedData(`${name} has byte order ${head[5]}, which is none`);
    reader.offset = 16;
    this.type = reader.u16();
    const machine = reader.u16();
    if (machine !== 183) throw new MalformedData(`${name} is built for ELF machine ${machine}, not for AArch64 (183)`);
    reader.skip(4);
    this.entry = reader.u64();
    const segmentOffset = reader.size64();
    const sectionOffset = reader.size64();
    reader.skip(6);
    const segmentEntry = reader.u16();
    const segmentCount = reader.u16();
    const sectionEntry = reader.u16();
    const sectionCount = reader.u16();
    const nameIndex = reader.u16();
    this.segments = this.#readSegments(segmentOffset, segmentEntry, segmentCount);
    this.sections = this.#readSections(sectionOffset, sectionEntry, sectionCount, nameIndex);
  }

  #reader(bytes: Uint8Array, what: string): ByteReader {
    return new ByteReader(bytes, what, 0, bytes.length, this.littleEndian);
  }

  #readSegments(offset: number, entrySize: number, count: number): ElfSegment[] {
    if (count === 0) return [];
    if (entrySize < 56) throw new MalformedData(`${this.name}: program headers of ${entrySize} bytes; 56 are needed`);
    const reader = this.#part('program headers', offset, entrySize * count);
    const segments: ElfSegment[] = [];
    for (let index = 0; index < count; index++) {
      reader.offset = index * entrySize;
      const type = reader.u32();
      const flags = reader.u32();
      const fileOffset = reader.size64();
      const virtualAddress = reader.u64();
      const physicalAddress = reader.u64();
      const fileSize = reader.size64();
      const memorySize = reader.size64();
      segments.push({
        type,
        executable: (flags & 1) !== 0,
        offset: fileOffset,
        virtualAddress,
        physicalAddress,
        fileSize,
        memorySize,
      });
    }
    return segments;
  }

  #readSections(offset: number, entrySize: number, count: number, nameIndex: number): ElfSection[] {
    if (offset === 0 || count === 0) return [];
    if (entrySize < 64) throw new MalformedData(`${this.name}: section headers of ${entrySize} bytes; 64 are needed`);
    const reader = this.#part('section headers', offset, entrySize * count);
    const raw: (Omit<ElfSection, 'name'> & { nameOffset: number })[] = [];
    for (let index = 0; index < count; index++) {
      reader.offset = index * entrySize;
      const nameOffset = reader.u32();
      const type = reader.u32();
      const flags = reader.u64();
      const address = reader.u64();
      const fileOffset = reader.size64();
      const size = reader.size64();
      const link = reader.u32();
      reader.skip(12);
      const entry = reader.size64();
      raw.push({ nameOffset, type, flags, address, offset: fileOffset, size, link, entrySize: entry });
    }
    const strings = raw[nameIndex];
    const names =
      strings && strings.type !== SHT_NOBITS ? this.#part('section names', strings.offset, strings.size) : undefined;
    return raw.map(({ nameOffset, ...section }) => {
      let name = '';
      if (names && strings && nameOffset < strings.size) {
        names.offset = nameOffset;
        name = names.cString();
      }
      return { name, ...section };
    });
  }

  #part(what: string, offset: number, size: number): ByteReader {
    return this.#reader(this.#bytes(what, offset, size), `${this.name} (${what})`);
  }

  #bytes(what: string, offset: number, size: number): Uint8Array {
    if (offset + size > this.#source.size) {
      throw new MalformedData(
        `${this.name}: its ${what} reach to byte ${offset + size}, but the file has ${this.#source.size}: it is truncated`,
      );
    }
    return this.#source.read(offset, size);
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find(section => section.name === name);
  }

  /**
   * Contents of a section, decompressed when it is compressed; undefined when there is none of this name. Read anew each
   * time: whoever needs them again keeps them.
   */
  contents(name: string): Uint8Array | undefined {
    const section = this.section(name);
    if (!section) {
      const old = name.startsWith('.debug_') ? this.section(`.z${name.slice(1)}`) : undefined;
      return old && decompressOldSection(this.#contentsOf(old), `${this.name} (section ${old.name})`);
    }
    if (section.type === SHT_NOBITS) return undefined;
    const bytes = this.#contentsOf(section);
    return (section.flags & SHF_COMPRESSED) === 0n
      ? bytes
      : decompressSection(this.#reader(bytes, `${this.name} (section ${name})`));
  }

  #contentsOf({ name, offset, size }: ElfSection): Uint8Array {
    return this.#bytes(`section ${name}`, offset, size);
  }

  /** Name of the file that has the debug information, from `.gnu_debuglink`. */
  get debugLink(): string | undefined {
    const bytes = this.contents('.gnu_debuglink');
    return bytes && new ByteReader(bytes, `${this.name} (.gnu_debuglink)`).cString();
  }

  /** The build id that its linker gave it (NT_GNU_BUILD_ID), in hexadecimal. */
  get buildId(): string | undefined {
    for (const section of this.sections) {
      if (section.type !== SHT_NOTE) continue;
      const reader = this.#reader(this.#contentsOf(section), `${this.name} (${section.name})`);
      while (reader.offset + 12 <= reader.end) {
        const nameSize = reader.u32();
        const size = reader.u32();
        const type = reader.u32();
        const name = String.fromCharCode(...reader.take(nameSize));
        reader.skip(-nameSize & 3);
        const id = reader.take(size);
        if (type === NT_GNU_BUILD_ID && name === 'GNU\0')
          return [...id].map(byte => byte.toString(16).padStart(2, '0')).join('');
        reader.skip(Math.min(-size & 3, reader.end - reader.offset));
      }
    }
    return undefined;
  }

  /** Whether a section of this name holds anything. */
  has(name: string): boolean {
    const section = this.section(name) ?? this.section(`.z${name.slice(1)}`);
    return section !== undefined && section.type !== SHT_NOBITS && section.size > 0;
  }

  get loadSegments(): readonly ElfSegment[] {
    return this.segments.filter(segment => segment.type === PT_LOAD && segment.memorySize > 0);
  }

  /** Sections that hold code, in the order of the file. */
  get codeSections(): readonly ElfSection[] {
    this.#codeSections ??= this.sections.filter(
      section => (section.flags & SHF_EXECINSTR) !== 0n && section.type !== SHT_NOBITS && section.size > 0,
    );
    return this.#codeSections;
  }

  isExecutable(address: bigint): boolean {
    return this.codeSections.some(
      section => address >= section.address && address < section.address + BigInt(section.size),
    );
  }

  /** Bytes of the file at a virtual address, as far as one loaded segment holds them. */
  bytesAt(address: bigint, length: number): Uint8Array | undefined {
    for (const segment of this.loadSegments) {
      const offset = address - segment.virtualAddress;
      if (offset < 0n || offset >= BigInt(segment.fileSize)) continue;
      const start = segment.offset + Number(offset);
      const end = Math.min(start + length, segment.offset + segment.fileSize, this.#source.size);
      return start < end ? this.#source.read(start, end - start) : undefined;
    }
    return undefined;
  }

  /** Named symbols with an address in the image, without mapping symbols (`$x`, `$d`), section and file symbols. */
  get symbols(): readonly ElfSymbol[] {
    this.#symbols ??= this.#readSymbols();
    return this.#symbols;
  }

  #readSymbols(): ElfSymbol[] {
    const table =
      this.sections.find(section => section.type === SHT_SYMTAB) ??
      this.sections.find(section => section.type === SHT_DYNSYM);
    if (!table) return [];
    if (table.entrySize < 24)
      throw new MalformedData(`${this.name}: symbols of ${table.entrySize} bytes; 24 are needed`);
    const reader = this.#part('symbol table', table.offset, table.size);
    const stringTable = this.sections[table.link];
    if (!stringTable)
      throw new MalformedData(`${this.name}: the symbol table names string section ${table.link}, which is not there`);
    const strings = this.#part('symbol names', stringTable.offset, stringTable.size);
    const symbols: ElfSymbol[] = [];
    const count = Math.floor(table.size / table.entrySize);
    for (let index = 1; index < count; index++) {
      reader.offset = index * table.entrySize;
      const nameOffset = reader.u32();
      const info = reader.u8();
      reader.skip(1);
      const section = reader.u16();
      const address = reader.u64();
      const size = reader.u64();
      const type = info & 15;
      // STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC name addresses; sections, files and thread-local offsets do not.
      if (section === 0 || !(type <= 2 || type === 10) || nameOffset >= stringTable.size) continue;
      strings.offset = nameOffset;
      const name = strings.cString();
      if (name === '' || /^\$[xd](\.|$)/.test(name) || (section === SHN_ABS && type === 0)) continue;
      symbols.push({
        name,
        address,
        size: size < 1n << 48n ? Number(size) : 0,
        kind: type === 2 || type === 10 ? 'function' : type === 1 ? 'object' : 'label',
        binding: info >> 4 === 0 ? 'local' : info >> 4 === 2 ? 'weak' : 'global',
        section,
      });
    }
    return symbols;
  }
}
