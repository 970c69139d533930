import { ByteBuffer } from './byte-buffer.ts';
import type { SectionFlags, SectionType, SymbolBinding, SymbolType, SymbolVisibility } from './model.ts';

/** Numbers of the ELF format (System V ABI, and ELF for the Arm 64-bit Architecture). */
export const machineAArch64 = 183;
export const sectionTypes: Readonly<Record<SectionType, number>> = {
  progbits: 1,
  nobits: 8,
  note: 7,
  init_array: 14,
  fini_array: 15,
  preinit_array: 16,
  unwind: 1,
};
export const symbolBindings: Readonly<Record<SymbolBinding, number>> = { local: 0, global: 1, weak: 2 };
export const symbolVisibilities: Readonly<Record<SymbolVisibility, number>> = {
  default: 0,
  internal: 1,
  hidden: 2,
  protected: 3,
};
export const symbolTypes: Readonly<Record<SymbolType, number>> = {
  notype: 0,
  object: 1,
  function: 2,
  section: 3,
  common: 5,
  tls: 6,
  'indirect-function': 10,
};

const flagBits: readonly (readonly [keyof SectionFlags, number])[] = [
  ['write', 1],
  ['allocate', 2],
  ['execute', 4],
  ['merge', 0x10],
  ['strings', 0x20],
  ['group', 0x200],
  ['tls', 0x400],
  ['retain', 0x200000],
  ['exclude', 0x80000000],
];

/** `sh_flags` of a section. */
export function sectionFlagBits(flags: SectionFlags): number {
  return flagBits.reduce((bits, [name, bit]) => (flags[name] ? bits + bit : bits), 0);
}

/** A string table: each string once, the empty one at 0. */
export class StringTable {
  private readonly buffer = new ByteBuffer();
  private readonly offsets = new Map<string, number>([['', 0]]);

  constructor() {
    this.buffer.integer(0n, 1);
  }

  add(text: string): number {
    let offset = this.offsets.get(text);
    if (offset === undefined) {
      offset = this.buffer.length;
      this.buffer.append(new TextEncoder().encode(text));
      this.buffer.integer(0n, 1);
      this.offsets.set(text, offset);
    }
    return offset;
  }

  bytes(): Uint8Array {
    return this.buffer.view();
  }
}

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  /** Empty for NOBITS. */
  readonly data: Uint8Array;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  /** Bits: 1 execute, 2 write, 4 read. */
  readonly flags: number;
  readonly address: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
  /** First of `sections` in it; its file offset is the segment's. */
  readonly firstSection: number;
}

export interface ElfFile {
  readonly kind: 'relocatable' | 'executable';
  readonly entry: bigint;
  /** Without the null section and the section-name table, which are added. */
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
}

const headerSize = 64;
const programHeaderSize = 56;
const sectionHeaderSize = 64;

/** Bytes of one symbol-table entry. */
export function writeSymbol(
  out: ByteBuffer,
  symbol: { name: number; info: number; visibility: number; section: number; value: bigint; size: bigint },
): void {
  out.integer(BigInt(symbol.name), 4);
  out.integer(BigInt(symbol.info), 1);
  out.integer(BigInt(symbol.visibility), 1);
  out.integer(BigInt(symbol.section), 2);
  out.integer(symbol.value, 8);
  out.integer(symbol.size, 8);
}

/** Writes an ELF64 little-endian file for AArch64. Section indexes in `link` and `info` count the null section as 0. */
export function writeElf(file: ElfFile): Uint8Array {
  const names = new StringTable();
  const nameOffsets = file.sections.map(section => names.add(section.name));
  const namesName = names.add('.shstrtab');
  const out = new ByteBuffer();
  out.reserve(headerSize + file.segments.length * programHeaderSize);
  const segmentOffsets = new Map<ElfSegment, number>();
  const offsets = file.sections.map((section, index) => {
    const segment = file.segments.find(candidate => isWithin(section, candidate));
    if (segment && index === segment.firstSection) {
      // A loader maps whole pages, so file offset and address agree within the page.
      const wanted = Number(segment.address % 4096n);
      out.reserve((((wanted - out.length) % 4096) + 4096) % 4096);
      segmentOffsets.set(segment, out.length);
    } else if (segment && section.data.length > 0) {
      out.reserve((segmentOffsets.get(segment) ?? 0) + Number(section.address - segment.address) - out.length);
    } else if (!segment) out.reserve((section.alignment - (out.length % section.alignment)) % section.alignment);
    const offset = out.length;
    out.append(section.data);
    return offset;
  });
  const namesOffset = out.length;
  out.append(names.bytes());
  out.reserve((8 - (out.length % 8)) % 8);
  const sectionHeaders = out.length;
  out.reserve(sectionHeaderSize);
  file.sections.forEach((section, index) => {
    writeSectionHeader(out, section, nameOffsets[index]!, offsets[index]!);
  });
  const nameBytes = names.bytes();
  writeSectionHeader(
    out,
    {
      name: '.shstrtab',
      type: 3,
      flags: 0,
      address: 0n,
      data: nameBytes,
      size: nameBytes.length,
      link: 0,
      info: 0,
      alignment: 1,
      entrySize: 0,
    },
    namesName,
    namesOffset,
  );
  const bytes = out.view();
  writeHeader(bytes, file, sectionHeaders);
  file.segments.forEach((segment, index) => {
    writeSegment(bytes, headerSize + index * programHeaderSize, segment, offsets[segment.firstSection] ?? 0);
  });
  return bytes;
}

function isWithin(section: ElfSection, segment: ElfSegment): boolean {
  if (section.size === 0 || (section.flags & 2) === 0) return false;
  return section.address >= segment.address && section.address < segment.address + BigInt(segment.memorySize);
}

function writeSectionHeader(out: ByteBuffer, section: ElfSection, name: number, offset: number): void {
  out.integer(BigInt(name), 4);
  out.integer(BigInt(section.type), 4);
  out.integer(BigInt(section.flags), 8);
  out.integer(section.address, 8);
  out.integer(BigInt(offset), 8);
  out.integer(BigInt(section.size), 8);
  out.integer(BigInt(section.link), 4);
  out.integer(BigInt(section.info), 4);
  out.integer(BigInt(Math.max(section.alignment, 1)), 8);
  out.integer(BigInt(section.entrySize), 8);
}

function writeHeader(bytes: Uint8Array, file: ElfFile, sectionHeaders: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // Magic, 64-bit, little-endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, file.kind === 'relocatable' ? 1 : 2, true);
  view.setUint16(18, machineAArch64, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, file.entry, true);
  view.setBigUint64(32, file.segments.length > 0 ? BigInt(headerSize) : 0n, true);
  view.setBigUint64(40, BigInt(sectionHeaders), true);
  view.setUint16(52, headerSize, true);
  view.setUint16(54, file.segments.length > 0 ? programHeaderSize : 0, true);
  view.setUint16(56, file.segments.length, true);
  view.setUint16(58, sectionHeaderSize, true);
  view.setUint16(60, file.sections.length + 2, true);
  view.setUint16(62, file.sections.length + 1, true);
}

function writeSegment(bytes: Uint8Array, at: number, segment: ElfSegment, fileOffset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at, 1, true);
  view.setUint32(at + 4, segment.flags, true);
  view.setBigUint64(at + 8, BigInt(fileOffset), true);
  view.setBigUint64(at + 16, segment.address, true);
  view.setBigUint64(at + 24, segment.address, true);
  view.setBigUint64(at + 32, BigInt(segment.fileSize), true);
  view.setBigUint64(at + 40, BigInt(segment.memorySize), true);
  view.setBigUint64(at + 48, BigInt(segment.alignment), true);
}
