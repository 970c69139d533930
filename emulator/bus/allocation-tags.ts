/** The allocation tags of memory: four bits for each granule of 16 bytes (FEAT_MTE2), two of them in a byte. */
import { BYTES_PER_TAG_BYTE, type MachineMemory } from './memory.ts';

export const TAG_GRANULE = 16;
const PAGE = 4096;
/** Words of the tags of a page. */
const WORDS_PER_PAGE = PAGE / BYTES_PER_TAG_BYTE / 4;

export class AllocationTags {
  private readonly memory: MachineMemory;

  constructor(memory: MachineMemory) {
    this.memory = memory;
  }

  /** Linear address of the byte with the tag of a physical address; undefined where memory has none. */
  address(physicalAddress: number): number | undefined {
    return this.memory.tagAddress(physicalAddress);
  }

  /** The tag of the granule at a physical address, given its byte's linear address. */
  read(physicalAddress: number, linear: number): number {
    return ((this.memory.u8[linear] as number) >>> shiftOf(physicalAddress)) & 15;
  }

  write(physicalAddress: number, linear: number, tag: number): void {
    const shift = shiftOf(physicalAddress);
    this.memory.u8[linear] = ((this.memory.u8[linear] as number) & ~(15 << shift)) | (tag << shift);
  }

  /** The tag that all granules of a page have; undefined where they differ. `linear` is of any tag of the page. */
  uniformTag(linear: number): number | undefined {
    const { u32 } = this.memory;
    const first = (linear >>> 7) * WORDS_PER_PAGE;
    const word = u32[first] as number;
    const tag = word & 15;
    if (word !== Math.imul(tag, 0x1111_1111) >>> 0) return undefined;
    for (let i = 1; i < WORDS_PER_PAGE; i++) if (u32[first + i] !== word) return undefined;
    return tag;
  }
}

/** The even granule's tag is in the low half of the byte. */
const shiftOf = (physicalAddress: number): number => ((physicalAddress / TAG_GRANULE) & 1) * 4;
