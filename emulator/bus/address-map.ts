/**
 * Which physical addresses are memory, which are devices, and which are nothing.
 *
 * A range may be both: a flash array is read like memory while it is in array mode, and written through its device
 * always. Whoever caches a range's answers (a TLB) listens to `onRouteChanged`.
 */

import type { MachineMemory, MemoryBlock } from './memory.ts';
import type { AccessSize, BusAccess, MmioRegion } from './types.ts';

/** A range of physical addresses and who answers it. */
export interface MappedRange {
  /** Name shown to a person. */
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** Only the Secure physical address space has this range. */
  readonly secureOnly: boolean;
  /** Bytes behind the range; absent for a pure device. */
  readonly memory?: MemoryBlock;
  /** Device that answers what memory does not. */
  readonly device?: MmioRegion;
  /** Loads and instruction fetches go to `memory` without asking the device. */
  readonly directRead: boolean;
  /** Stores go to `memory` without asking the device. */
  readonly directWrite: boolean;
}

interface Entry {
  name: string;
  base: number;
  size: number;
  secureOnly: boolean;
  memory?: MemoryBlock;
  device?: MmioRegion;
  directRead: boolean;
  directWrite: boolean;
}

/** The physical address space, as every master of the machine sees it. */
export class AddressMap {
  readonly memory: MachineMemory;
  /** Called after a range began or ceased to be directly readable or writable. */
  onRouteChanged: (range: MappedRange) => void = () => {};
  #entries: Entry[] = [];
  /** Where the last address was found: most are in the same range as the one before. */
  #last: Entry | undefined;

  constructor(memory: MachineMemory) {
    this.memory = memory;
  }

  /** All ranges in ascending order. */
  get ranges(): readonly MappedRange[] {
    return this.#entries;
  }

  /** Maps a block of memory that is read and written directly. */
  mapMemory(block: MemoryBlock, options: { readonly secureOnly?: boolean } = {}): MappedRange {
    return this.#insert({
      name: block.name,
      base: block.base,
      size: block.size,
      secureOnly: options.secureOnly ?? false,
      memory: block,
      directRead: true,
      directWrite: true,
    });
  }

  /** Maps a device at `base`. */
  mapDevice(
    device: MmioRegion,
    base: number,
    size: number,
    options: { readonly secureOnly?: boolean } = {},
  ): MappedRange {
    return this.#insert({
      name: device.name,
      base,
      size,
      secureOnly: options.secureOnly ?? false,
      device,
      directRead: false,
      directWrite: false,
    });
  }

  /** Maps a device whose contents are a block of memory (flash): reads are direct until `setDirectRead` says no. */
  mapDeviceMemory(
    device: MmioRegion,
    block: MemoryBlock,
    options: { readonly secureOnly?: boolean } = {},
  ): MappedRange {
    return this.#insert({
      name: device.name,
      base: block.base,
      size: block.size,
      secureOnly: options.secureOnly ?? false,
      memory: block,
      device,
      directRead: true,
      directWrite: false,
    });
  }

  /** Says whether reads of a device's memory may bypass the device from now on. */
  setDirectRead(range: MappedRange, direct: boolean): void {
    const entry = this.#entries.find(e => e === range);
    if (!entry?.memory || !entry.device) throw new Error(`${range.name} is not memory behind a device`);
    if (entry.directRead === direct) return;
    entry.directRead = direct;
    this.onRouteChanged(entry);
  }

  /** The range of an address as the given physical address space sees it; undefined when nobody answers. */
  find(physicalAddress: number, secure: boolean): MappedRange | undefined {
    const last = this.#last;
    const entry =
      last && physicalAddress >= last.base && physicalAddress < last.base + last.size
        ? last
        : this.#search(physicalAddress);
    return entry?.secureOnly && !secure ? undefined : entry;
  }

  #search(physicalAddress: number): Entry | undefined {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle]!;
      if (physicalAddress < entry.base) high = middle - 1;
      else if (physicalAddress >= entry.base + entry.size) low = middle + 1;
      else {
        this.#last = entry;
        return entry;
      }
    }
    return undefined;
  }

  /**
   * Reads `size` bytes, little-endian, zero-extended. Undefined is an external abort: nobody answers, or the access
   * crosses the end of a range.
   */
  read(physicalAddress: number, size: AccessSize, access: BusAccess): bigint | undefined {
    const range = this.find(physicalAddress, access.secure);
    if (!range) return undefined;
    const offset = physicalAddress - range.base;
    if (offset + size > range.size) return undefined;
    if (range.directRead) return loadLittleEndian(this.memory.view, range.memory!.host + offset, size);
    return range.device!.read(offset, size, access);
  }

  /** Writes the low `size` bytes of `value`, little-endian. False is an external abort. */
  write(physicalAddress: number, size: AccessSize, value: bigint, access: BusAccess): boolean {
    const range = this.find(physicalAddress, access.secure);
    if (!range) return false;
    const offset = physicalAddress - range.base;
    if (offset + size > range.size) return false;
    if (range.directWrite) storeLittleEndian(this.memory.view, range.memory!.host + offset, size, value);
    else range.device!.write(offset, size, value, access);
    return true;
  }

  #insert(entry: Entry): MappedRange {
    const at = this.#entries.findIndex(e => e.base > entry.base);
    const index = at < 0 ? this.#entries.length : at;
    const before = this.#entries[index - 1];
    const after = this.#entries[index];
    const overlapped =
      before && before.base + before.size > entry.base
        ? before
        : after && entry.base + entry.size > after.base
          ? after
          : undefined;
    if (overlapped) throw new RangeError(`${entry.name} overlaps ${overlapped.name} at 0x${entry.base.toString(16)}`);
    this.#entries.splice(index, 0, entry);
    return entry;
  }
}

function loadLittleEndian(view: DataView, at: number, size: AccessSize): bigint {
  switch (size) {
    case 1:
      return BigInt(view.getUint8(at));
    case 2:
      return BigInt(view.getUint16(at, true));
    case 4:
      return BigInt(view.getUint32(at, true));
    case 8:
      return view.getBigUint64(at, true);
  }
}

/** Stores the low `size` bytes of `value` at a linear address. */
export function storeLittleEndian(view: DataView, at: number, size: AccessSize, value: bigint): void {
  switch (size) {
    case 1:
      view.setUint8(at, Number(value & 0xffn));
      return;
    case 2:
      view.setUint16(at, Number(value & 0xffffn), true);
      return;
    case 4:
      view.setUint32(at, Number(value & 0xffff_ffffn), true);
      return;
    case 8:
      view.setBigUint64(at, value, true);
  }
}
