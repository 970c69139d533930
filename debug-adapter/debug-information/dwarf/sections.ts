/** The DWARF sections of one image, and the strings in them. Source: DWARF 5, chapter 7. */
import { ByteReader, MalformedData } from '../byte-reader.ts';
import type { ElfFile } from '../elf.ts';

const empty = new Uint8Array(0);

/** Each section is read when it is first needed, and kept. */
export class DwarfSections {
  readonly #elf: ElfFile;
  readonly #known = new Map<string, Uint8Array>();

  constructor(elf: ElfFile) {
    this.#elf = elf;
  }

  #part(name: string): Uint8Array {
    let bytes = this.#known.get(name);
    if (!bytes) {
      bytes = this.#elf.contents(name) ?? empty;
      this.#known.set(name, bytes);
    }
    return bytes;
  }

  get abbrev(): Uint8Array {
    return this.#part('.debug_abbrev');
  }
  get addr(): Uint8Array {
    return this.#part('.debug_addr');
  }
  get aranges(): Uint8Array {
    return this.#part('.debug_aranges');
  }
  get info(): Uint8Array {
    return this.#part('.debug_info');
  }
  get line(): Uint8Array {
    return this.#part('.debug_line');
  }
  get lineStr(): Uint8Array {
    return this.#part('.debug_line_str');
  }
  get loc(): Uint8Array {
    return this.#part('.debug_loc');
  }
  get loclists(): Uint8Array {
    return this.#part('.debug_loclists');
  }
  get ranges(): Uint8Array {
    return this.#part('.debug_ranges');
  }
  get rnglists(): Uint8Array {
    return this.#part('.debug_rnglists');
  }
  get str(): Uint8Array {
    return this.#part('.debug_str');
  }
  get strOffsets(): Uint8Array {
    return this.#part('.debug_str_offsets');
  }
  get frame(): Uint8Array {
    return this.#part('.debug_frame');
  }
  get ehFrame(): Uint8Array {
    return this.#part('.eh_frame');
  }
  /** Address of `.eh_frame`, which its pointers are relative to. */
  get ehFrameAddress(): bigint {
    return this.#elf.section('.eh_frame')?.address ?? 0n;
  }
  /** Whether an address is one of the image's code: what a linker has thrown away is described at address 0. */
  isCode(address: bigint): boolean {
    return this.#elf.codeSections.length === 0 || this.#elf.isExecutable(address);
  }

  /** Whether numbers have their low byte first. */
  get littleEndian(): boolean {
    return this.#elf.littleEndian;
  }
  /** A reader of one of the sections, or of bytes out of one. */
  reader(bytes: Uint8Array, what: string, offset = 0, end = bytes.length): ByteReader {
    return new ByteReader(bytes, what, offset, end, this.littleEndian);
  }

  string(offset: number): string {
    return new ByteReader(this.str, '.debug_str', offset).cString();
  }
  lineString(offset: number): string {
    return new ByteReader(this.lineStr, '.debug_line_str', offset).cString();
  }
}

/** The initial length of a DWARF unit: 32- or 64-bit format. */
export interface UnitLength {
  readonly offsetSize: 4 | 8;
  /** Offset of the first byte after the unit. */
  readonly end: number;
}

export function readUnitLength(reader: ByteReader): UnitLength {
  const first = reader.u32();
  let offsetSize: 4 | 8 = 4;
  let length = first;
  if (first === 0xffffffff) {
    offsetSize = 8;
    length = reader.size64();
  } else if (first >= 0xfffffff0) {
    throw new MalformedData(`${reader.what}: a unit of reserved length 0x${first.toString(16)}`);
  }
  const end = reader.offset + length;
  if (end > reader.end)
    throw new MalformedData(`${reader.what}: a unit ends at ${end}, past the section's ${reader.end} bytes`);
  return { offsetSize, end };
}

export function readOffset(reader: ByteReader, offsetSize: 4 | 8): number {
  return offsetSize === 4 ? reader.u32() : reader.size64();
}
