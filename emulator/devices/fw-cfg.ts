/**
 * The firmware configuration device of QEMU's boards ("fw_cfg", QEMU's specs/fw_cfg): numbered items of bytes that
 * firmware reads byte by byte or lets the device copy into memory.
 *
 * Layout: data stream at 0, big-endian selector at 8, big-endian DMA address at 16 (its low word starts the copy).
 */

import type { DirectMemoryAccess } from '../bus/direct-memory-access.ts';
import type { AccessSize, MmioRegion, Snapshotable } from '../bus/types.ts';

/** Numbers of the items that the protocol itself fixes. */
export const fwCfgItem = {
  signature: 0x00,
  interfaceVersion: 0x01,
  processorCount: 0x05,
  kernelAddress: 0x07,
  kernelSize: 0x08,
  initrdAddress: 0x0a,
  initrdSize: 0x0b,
  kernelData: 0x11,
  initrdData: 0x12,
  commandLineSize: 0x14,
  commandLineData: 0x15,
  fileDirectory: 0x19,
  firstFile: 0x20,
} as const;

/** A file in the directory. */
export interface FwCfgFile {
  /** At most 55 characters of ASCII, such as `opt/org.example/setting`. */
  readonly name: string;
  readonly content: Uint8Array;
}

const offsetData = 0;
const offsetSelector = 8;
const offsetDma = 16;

const dmaError = 0x01;
const dmaRead = 0x02;
const dmaSkip = 0x04;
const dmaSelect = 0x08;
const dmaWrite = 0x10;

/** What a read of the DMA register shows: "QEMU CFG". */
const dmaSignature = 0x5145_4d55_2043_4647n;
/** The interface has the stream (bit 0) and DMA (bit 1). */
const interfaceFeatures = 3;

const ascii = (text: string) => Uint8Array.from(text, c => c.charCodeAt(0));

/** `value` as `size` bytes, least significant first, as this device stores its own numbers. */
export function littleEndian(value: number, size: 2 | 4): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

interface SavedFwCfg {
  readonly selected: number;
  readonly position: number;
  readonly dmaHigh: number;
}

/** The device, its items fixed when the machine is made. */
export class FwCfg implements MmioRegion, Snapshotable {
  readonly name = 'fw_cfg';
  readonly #memory: DirectMemoryAccess;
  readonly #items = new Map<number, Uint8Array>();
  #selected = 0;
  #position = 0;
  /** High word of the DMA address until the low word comes. */
  #dmaHigh = 0;

  /**
   * @param options.items content by item number
   * @param options.files content by name; they follow in the order of their names
   * @throws RangeError for a file name that is too long
   */
  constructor(options: {
    readonly memory: DirectMemoryAccess;
    readonly items: ReadonlyMap<number, Uint8Array>;
    readonly files: readonly FwCfgFile[];
  }) {
    this.#memory = options.memory;
    for (const [number, content] of options.items) this.#items.set(number, content);
    this.#items.set(fwCfgItem.signature, ascii('QEMU'));
    this.#items.set(fwCfgItem.interfaceVersion, littleEndian(interfaceFeatures, 4));
    const files = [...options.files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#items.set(fwCfgItem.fileDirectory, directory(files));
    for (const [index, file] of files.entries()) this.#items.set(fwCfgItem.firstFile + index, file.content);
  }

  read(offset: number, size: AccessSize): bigint {
    if (offset >= offsetData && offset < offsetSelector) return this.#readStream(size);
    if (offset >= offsetDma) {
      const byteSwapped = swap(dmaSignature, 8) >> BigInt(8 * (offset - offsetDma));
      return BigInt.asUintN(8 * size, byteSwapped);
    }
    return 0n;
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    if (offset === offsetSelector && size === 2) this.#select(Number(swap(value, 2)));
    else if (offset === offsetDma && size === 8) this.#dma(swap(value, 8));
    else if (offset === offsetDma && size === 4) this.#dmaHigh = Number(swap(value, 4));
    else if (offset === offsetDma + 4 && size === 4) {
      this.#dma((BigInt(this.#dmaHigh) << 32n) | swap(value, 4));
    }
  }

  /** The selected item and the position in it, for a debugger. */
  describe(): { readonly selected: number; readonly position: number } {
    return { selected: this.#selected, position: this.#position };
  }

  save(): SavedFwCfg {
    return { selected: this.#selected, position: this.#position, dmaHigh: this.#dmaHigh };
  }

  restore(saved: unknown): void {
    const state = saved as SavedFwCfg;
    this.#selected = state.selected;
    this.#position = state.position;
    this.#dmaHigh = state.dmaHigh;
  }

  #select(item: number): void {
    this.#selected = item;
    this.#position = 0;
  }

  /** The next bytes of the item in stream order; past its end there are zeros. */
  #readStream(size: AccessSize): bigint {
    const bytes = this.#take(size);
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  #take(length: number): Uint8Array {
    const content = this.#items.get(this.#selected) ?? new Uint8Array();
    const taken = new Uint8Array(length);
    taken.set(content.subarray(this.#position, this.#position + length));
    this.#position = Math.min(content.length, this.#position + length);
    return taken;
  }

  /** Carries out the request at a guest address: control, length (big-endian words) and target (big-endian). */
  #dma(request: bigint): void {
    this.#dmaHigh = 0;
    const at = Number(request);
    const header = this.#memory.read(at, 16);
    if (!header) return;
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const control = view.getUint32(0);
    const length = view.getUint32(4);
    const target = Number(view.getBigUint64(8));
    if (control & dmaSelect) this.#select(control >>> 16);
    const status = this.#transfer(control, length, target) ? 0 : dmaError;
    const answer = new Uint8Array(4);
    new DataView(answer.buffer).setUint32(0, status);
    this.#memory.write(at, answer);
  }

  #transfer(control: number, length: number, target: number): boolean {
    if (control & dmaRead) {
      // The item may end long before the length asked for: the rest of the target becomes zeros, piece by piece, so
      // that a guest cannot make the host allocate what it names.
      for (let done = 0; done < length; ) {
        const piece = Math.min(length - done, 0x10_0000);
        if (!this.#memory.write(target + done, this.#take(piece))) return false;
        done += piece;
      }
      return true;
    }
    if (control & dmaWrite) return false; // no item is writable
    if (control & dmaSkip) {
      const content = this.#items.get(this.#selected);
      this.#position = Math.min(content?.length ?? 0, this.#position + length);
    }
    return true;
  }
}

/** The directory item: a big-endian count, then for each file its size, number and name in 64 bytes. */
function directory(files: readonly FwCfgFile[]): Uint8Array {
  const bytes = new Uint8Array(4 + 64 * files.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  files.forEach((file, index) => {
    if (file.name.length > 55) throw new RangeError(`fw_cfg file name is longer than 55 characters: ${file.name}`);
    const at = 4 + 64 * index;
    view.setUint32(at, file.content.length);
    view.setUint16(at + 4, fwCfgItem.firstFile + index);
    bytes.set(ascii(file.name), at + 8);
  });
  return bytes;
}

/** Reverses the low `size` bytes. */
function swap(value: bigint, size: 2 | 4 | 8): bigint {
  let swapped = 0n;
  for (let i = 0; i < size; i++) swapped = (swapped << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return swapped;
}
