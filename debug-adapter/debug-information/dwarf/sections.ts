/** The DWARF sections of one image, and the strings in them. Source: DWARF 5, chapter 7. */
import { ByteReader, MalformedData } from '../byte-reader.ts';
import type { ElfFile } from '../elf.ts';

const empty = new Uint8Array(0);

export class DwarfSections {
  readonly abbrev: Uint8Array;
  readonly addr: Uint8Array;
  readonly info: Uint8Array;
  readonly line: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly loc: Uint8Array;
  readonly loclists: Uint8Array;
  readonly ranges: Uint8Array;
  readonly rnglists: Uint8Array;
  readonly str: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly frame: Uint8Array;
  readonly ehFrame: Uint8Array;
  /** Address of `.eh_frame`, which its pointers are relative to. */
  readonly ehFrameAddress: bigint;

  constructor(elf: ElfFile) {
    const part = (name: string) => elf.contents(name) ?? empty;
    this.abbrev = part('.debug_abbrev');
    this.addr = part('.debug_addr');
    this.info = part('.debug_info');
    this.line = part('.debug_line');
    this.lineStr = part('.debug_line_str');
    this.loc = part('.debug_loc');
    this.loclists = part('.debug_loclists');
    this.ranges = part('.debug_ranges');
    this.rnglists = part('.debug_rnglists');
    this.str = part('.debug_str');
    this.strOffsets = part('.debug_str_offsets');
    this.frame = part('.debug_frame');
    this.ehFrame = part('.eh_frame');
    this.ehFrameAddress = elf.section('.eh_frame')?.address ?? 0n;
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
