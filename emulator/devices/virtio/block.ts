/** Block device (virtio 1.2, 5.2). Requests are carried out when the driver notifies, in the order of its ring. */

import { type ConfigurationField, features, numberField, type VirtioDevice, type VirtioPort } from './device.ts';
import type { Disk } from './disk.ts';
import type { DescriptorChain } from './virtqueue.ts';

const feature = {
  segmentsMaximum: 2,
  geometry: 4,
  readOnly: 5,
  blockSize: 6,
  scsi: 7,
  flush: 9,
  topology: 10,
  writeCacheConfigurable: 11,
  discard: 13,
  writeZeroes: 14,
} as const;

const request = { read: 0, write: 1, flush: 4, identify: 8, discard: 11, writeZeroes: 13 } as const;
const result = { ok: 0, error: 1, unsupported: 2 } as const;
type Result = (typeof result)[keyof typeof result];

const sectorSize = 512;
const headerSize = 16;
const queueSize = 256;
const identitySize = 20;
/** Most sectors of one discard or of one write of zeros. */
const mostSectors = 0x3f_ffff;
/** Bytes moved between disk and guest at once. */
const piece = 0x1_0000;

export interface BlockOptions {
  readonly disk: Disk;
  readonly readOnly: boolean;
  /** Serial number, at most 20 bytes. */
  readonly serial: string;
}

interface BlockState {
  writeCache: number;
}

export class VirtioBlock implements VirtioDevice {
  readonly name = 'virtio-blk';
  readonly id = 2;
  readonly features: bigint;
  readonly legacyFeatures = features(feature.scsi);
  readonly queueSizes = [queueSize];
  readonly configuration: readonly ConfigurationField[];
  readonly #disk: Disk;
  readonly #readOnly: boolean;
  readonly #serial: string;
  #port: VirtioPort | undefined;
  #state: BlockState = { writeCache: 1 };

  constructor({ disk, readOnly, serial }: BlockOptions) {
    this.#disk = disk;
    this.#readOnly = readOnly;
    this.#serial = serial;
    this.features =
      features(feature.segmentsMaximum, feature.geometry, feature.blockSize, feature.flush, feature.topology) |
      features(feature.writeCacheConfigurable) |
      (readOnly ? features(feature.readOnly) : features(feature.discard, feature.writeZeroes));
    const sectors = disk.size / sectorSize;
    const cylinders = Math.min(16383, Math.max(2, Math.floor(sectors / (16 * 63))));
    const always = (value: number) => () => value;
    this.configuration = [
      numberField('capacity', 0x00, 8, 'sectors of 512 bytes', always(sectors)),
      numberField('size_max', 0x08, 4, 'most bytes of a segment: no limit', always(0)),
      numberField('seg_max', 0x0c, 4, 'most segments of a request', always(queueSize - 2)),
      numberField('cylinders', 0x10, 2, 'geometry as old drivers want it', always(cylinders)),
      numberField('heads', 0x12, 1, 'geometry as old drivers want it', always(16)),
      numberField('sectors', 0x13, 1, 'geometry as old drivers want it', always(63)),
      numberField('blk_size', 0x14, 4, 'bytes of a logical block', always(sectorSize)),
      numberField('physical_block_exp', 0x18, 1, 'logical blocks of a physical one, as a power of two', always(0)),
      numberField('alignment_offset', 0x19, 1, 'first aligned logical block', always(0)),
      numberField('min_io_size', 0x1a, 2, 'smallest good size of a request, in blocks', always(0)),
      numberField('opt_io_size', 0x1c, 4, 'best size of a request, in blocks', always(0)),
      numberField(
        'writeback',
        0x20,
        1,
        'writes may wait in a cache until a flush',
        () => this.#state.writeCache,
        value => {
          this.#state.writeCache = value & 1;
        },
      ),
      numberField('num_queues', 0x22, 2, 'number of queues', always(1)),
      ...(readOnly
        ? []
        : [
            numberField('max_discard_sectors', 0x24, 4, 'most sectors of a discard', always(mostSectors)),
            numberField('max_discard_seg', 0x28, 4, 'most ranges of a discard', always(1)),
            numberField('discard_sector_alignment', 0x2c, 4, 'alignment of discards', always(1)),
            numberField('max_write_zeroes_sectors', 0x30, 4, 'most sectors to zero at once', always(mostSectors)),
            numberField('max_write_zeroes_seg', 0x34, 4, 'most ranges to zero at once', always(1)),
            numberField('write_zeroes_may_unmap', 0x38, 1, 'zeroing may discard', always(1)),
          ]),
    ];
  }

  attach(port: VirtioPort): void {
    this.#port = port;
  }

  notified(index: number): void {
    const queue = this.#port!.queue(index);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      if (chain.readableLength < headerSize || chain.writableLength < 1) {
        this.#port!.fail('a request to the drive has no header or no room for its status');
        return;
      }
      const status = this.#perform(chain);
      chain.writeAt(chain.writableLength - 1, Uint8Array.of(status));
      queue.give(chain, chain.writableLength);
    }
    queue.signal();
  }

  #perform(chain: DescriptorChain): Result {
    const header = new DataView(chain.read(headerSize).buffer);
    const sector = Number(header.getBigUint64(8, true));
    switch (header.getUint32(0, true)) {
      case request.read:
        return this.#read(chain, sector);
      case request.write:
        return this.#write(chain, sector);
      case request.flush:
        return result.ok; // nothing waits
      case request.identify: {
        const identity = new Uint8Array(Math.min(identitySize, chain.writableLength - 1));
        identity.set(new TextEncoder().encode(this.#serial).subarray(0, identity.length));
        chain.write(identity);
        return result.ok;
      }
      case request.discard:
        return this.#ranges(chain, false);
      case request.writeZeroes:
        return this.#ranges(chain, true);
      default:
        return result.unsupported;
    }
  }

  #contains(sector: number, bytes: number): boolean {
    return bytes % sectorSize === 0 && sector * sectorSize + bytes <= this.#disk.size;
  }

  #read(chain: DescriptorChain, sector: number): Result {
    const length = chain.writableLength - 1;
    if (!this.#contains(sector, length)) return result.error;
    for (let at = 0; at < length; at += piece) {
      chain.write(this.#disk.read(sector * sectorSize + at, Math.min(piece, length - at)));
    }
    return result.ok;
  }

  #write(chain: DescriptorChain, sector: number): Result {
    const length = chain.left;
    if (this.#readOnly || !this.#contains(sector, length)) return result.error;
    for (let at = 0; at < length; at += piece) this.#disk.write(sector * sectorSize + at, chain.read(piece));
    return result.ok;
  }

  /** A discard leaves the bytes as they are, which it may; a write of zeros does not. */
  #ranges(chain: DescriptorChain, zero: boolean): Result {
    if (this.#readOnly || chain.left !== 16) return chain.left === 16 ? result.error : result.unsupported;
    const range = new DataView(chain.read(16).buffer);
    const sector = Number(range.getBigUint64(0, true));
    const sectors = range.getUint32(8, true);
    const flags = range.getUint32(12, true);
    if (flags & ~1 || (flags & 1 && !zero)) return result.unsupported;
    if (sectors > mostSectors || !this.#contains(sector, sectors * sectorSize)) return result.error;
    if (!zero) return result.ok;
    for (let at = 0; at < sectors * sectorSize; at += piece) {
      this.#disk.write(sector * sectorSize + at, new Uint8Array(Math.min(piece, sectors * sectorSize - at)));
    }
    return result.ok;
  }

  reset(): void {
    this.#state = { writeCache: 1 };
  }

  save(): unknown {
    return { ...this.#state, disk: this.#disk.save() };
  }

  restore(saved: unknown): void {
    const { disk, ...state } = saved as BlockState & { disk: unknown };
    this.#state = state;
    this.#disk.restore(disk);
  }
}
