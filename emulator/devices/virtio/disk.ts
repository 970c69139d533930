/**
 * The contents of a drive: an image that is only ever read, and over it the blocks that the guest has written. So a
 * run changes nothing outside the machine, and every position of it can be visited again.
 */

/** An image on the host. Its bytes must not change while a machine uses it. */
export interface DiskImage {
  /** Size in bytes. */
  readonly size: number;
  /** `length` bytes from `offset`, all within the image. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes of one block of the overlay. */
const blockSize = 4096;

export class Disk {
  readonly #image: DiskImage;
  /** Written blocks by number. A block is replaced, never changed, so that saved states can share it. */
  #written = new Map<number, Uint8Array>();

  constructor(image: DiskImage) {
    this.#image = image;
  }

  /** Size in bytes: the image's, rounded up to whole sectors of 512. */
  get size(): number {
    return Math.ceil(this.#image.size / 512) * 512;
  }

  /** Bytes that the guest has changed, in whole blocks. */
  get writtenBytes(): number {
    return this.#written.size * blockSize;
  }

  /** Bytes of the disk; the caller keeps within its size. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (const { block, from, count, at } of blocks(offset, length)) {
      const written = this.#written.get(block);
      if (written) bytes.set(written.subarray(from, from + count), at);
      else bytes.set(this.#original(block * blockSize + from, count), at);
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    for (const { block, from, count, at } of blocks(offset, bytes.length)) {
      const old = count === blockSize ? undefined : this.#written.get(block);
      const next = old?.slice() ?? new Uint8Array(blockSize);
      if (!old && count < blockSize) next.set(this.#original(block * blockSize, blockSize));
      next.set(bytes.subarray(at, at + count), from);
      this.#written.set(block, next);
    }
  }

  /** Bytes of the image; beyond its end there are zeros. */
  #original(offset: number, length: number): Uint8Array {
    const count = Math.max(0, Math.min(length, this.#image.size - offset));
    return count === 0 ? new Uint8Array() : this.#image.read(offset, count);
  }

  save(): ReadonlyMap<number, Uint8Array> {
    return new Map(this.#written);
  }

  restore(saved: unknown): void {
    this.#written = new Map(saved as ReadonlyMap<number, Uint8Array>);
  }
}

/** The blocks that a range touches: which bytes of each, and where they are in the range. */
function* blocks(offset: number, length: number) {
  for (let at = 0; at < length; ) {
    const from = (offset + at) % blockSize;
    const count = Math.min(blockSize - from, length - at);
    yield { block: Math.floor((offset + at) / blockSize), from, count, at };
    at += count;
  }
}
