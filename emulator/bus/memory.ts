/**
 * The machine's memory: one WebAssembly.Memory that holds the engine's own area first and then every block of bytes
 * that has a physical address (RAM, secure RAM, flash arrays).
 *
 * The memory is created whole and never grows, so the views stay valid for the machine's life.
 */

/** What is wanted of one block of physical memory. */
export interface MemoryBlockRequest {
  /** Name shown to a person, such as `RAM`. */
  readonly name: string;
  /** Physical address of the first byte; a multiple of 4 KiB. */
  readonly base: number;
  /** Size in bytes; a multiple of 4 KiB. */
  readonly size: number;
  /** Each 16 bytes have an allocation tag (FEAT_MTE2). */
  readonly tagged?: boolean;
}

/** A block of physical memory and where it lies in the linear memory. */
export interface MemoryBlock extends MemoryBlockRequest {
  /** Linear address of the first byte; a multiple of 4 KiB. */
  readonly host: number;
}

/** Linear memory whose contents are part of the machine's state. */
export interface MemoryArea {
  /** Where the area is in physical memory; that of allocation tags is in a space of its own, from `tagSpace` on. */
  readonly base: number;
  readonly size: number;
  readonly host: number;
}

/** Bytes of memory whose tags are one byte, two granules of 16. */
export const BYTES_PER_TAG_BYTE = 32;
/** Beyond all physical addresses. */
const tagSpace = 2 ** 52;

/** The machine's memory does not fit the host. `message` tells the person what would. */
export class MemorySizeError extends Error {
  override readonly name = 'MemorySizeError';
}

const wasmPage = 0x1_0000;
const granule = 0x1000;
/** A 32-bit WebAssembly memory ends at 4 GiB. */
const linearLimit = 0x1_0000_0000;
const mebibyte = 0x10_0000;

/** Rounds up to a multiple of a power of two or any other positive number. */
const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** The machine's linear memory and the physical blocks in it. */
export class MachineMemory {
  readonly memory: WebAssembly.Memory;
  /** Bytes at the front of the linear memory that belong to the engine. */
  readonly reserved: number;
  /** All blocks, in ascending physical order. */
  readonly blocks: readonly MemoryBlock[];
  /** The allocation tags of tagged blocks, each at a 32nd of its block's address. */
  readonly tags: readonly MemoryArea[];
  /** Blocks and tags. */
  readonly areas: readonly MemoryArea[];
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly view: DataView;

  /**
   * @param options.reserved bytes at the front that the engine keeps for itself
   * @param options.blocks physical blocks; they must not overlap
   * @throws MemorySizeError when the host cannot give so much memory
   */
  constructor(options: { readonly reserved: number; readonly blocks: readonly MemoryBlockRequest[] }) {
    this.reserved = roundUp(options.reserved, granule);
    const sorted = [...options.blocks].sort((a, b) => a.base - b.base);
    let host = this.reserved;
    const blocks: MemoryBlock[] = [];
    for (const block of sorted) {
      if (block.base % granule !== 0 || block.size % granule !== 0 || block.size <= 0) {
        throw new RangeError(`${block.name}: base and size of a memory block must be multiples of 4 KiB`);
      }
      const previous = blocks.at(-1);
      if (previous && previous.base + previous.size > block.base) {
        throw new RangeError(`${block.name} overlaps ${previous.name} at ${hex(block.base)}`);
      }
      blocks.push({ ...block, host });
      host += block.size;
    }
    this.blocks = blocks;
    this.tags = blocks
      .filter(block => block.tagged)
      .map(block => {
        const size = roundUp(block.size / BYTES_PER_TAG_BYTE, granule);
        const area = { base: tagSpace + block.base / BYTES_PER_TAG_BYTE, size, host };
        host += size;
        return area;
      });
    this.areas = [...blocks, ...this.tags];
    this.memory = allocate(host, blocks);
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u32 = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }

  /** The block that holds a physical address. */
  blockAt(physicalAddress: number): MemoryBlock | undefined {
    // Most accesses are to RAM, which is the block with the highest address.
    for (let i = this.blocks.length - 1; i >= 0; i--) {
      const block = this.blocks[i]!;
      if (physicalAddress >= block.base) return physicalAddress < block.base + block.size ? block : undefined;
    }
    return undefined;
  }

  /** Linear address of `length` bytes of one block, or undefined when they are not all memory. */
  linearAddress(physicalAddress: number, length = 1): number | undefined {
    const block = this.blockAt(physicalAddress);
    if (!block || physicalAddress + length > block.base + block.size) return undefined;
    return block.host + (physicalAddress - block.base);
  }

  /** Physical address of a linear address, or undefined when that is the engine's own area. */
  physicalAddress(linear: number): number | undefined {
    const block = this.blocks.find(b => linear >= b.host && linear < b.host + b.size);
    return block && block.base + (linear - block.host);
  }

  /** Linear address of the byte with the allocation tag of a physical address; undefined where there are no tags. */
  tagAddress(physicalAddress: number): number | undefined {
    const at = tagSpace + Math.floor(physicalAddress / BYTES_PER_TAG_BYTE);
    const area = this.tags.find(({ base, size }) => at >= base && at < base + size);
    return area && area.host + (at - area.base);
  }

  /** A live view of `length` bytes of one block, or undefined when they are not all memory. */
  bytes(physicalAddress: number, length: number): Uint8Array | undefined {
    const linear = this.linearAddress(physicalAddress, length);
    return linear === undefined ? undefined : this.u8.subarray(linear, linear + length);
  }
}

function allocate(bytes: number, blocks: readonly MemoryBlock[]): WebAssembly.Memory {
  const pages = Math.ceil(bytes / wasmPage);
  if (bytes > linearLimit) throw tooLarge(bytes, blocks, 'the machine has 4 GiB for everything');
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(bytes, blocks, 'the host gives no more memory at once');
    throw error;
  }
}

/** Says which `-m` would fit: below 4 GiB exactly, otherwise half of what was asked for. */
function tooLarge(bytes: number, blocks: readonly MemoryBlock[], reason: string): MemorySizeError {
  // RAM is the block with the highest address; everything else has a fixed size.
  const ram = blocks.at(-1)!;
  const rest = bytes - ram.size;
  const fits = bytes > linearLimit ? linearLimit - rest : ram.size / 2;
  const fitsInMebibytes = Math.max(1, Math.floor(fits / mebibyte));
  return new MemorySizeError(
    `-m ${Math.ceil(ram.size / mebibyte)}M does not fit: ${reason}. Use at most -m ${fitsInMebibytes}M.`,
  );
}

const hex = (value: number) => `0x${value.toString(16)}`;
