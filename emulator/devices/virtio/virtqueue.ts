/**
 * Split virtqueues (virtio 1.2, 2.7): the only place that knows how descriptors, the available ring and the used ring
 * lie in guest memory.
 */

import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';

/** A piece of guest memory that a descriptor names. */
export interface Segment {
  readonly address: number;
  readonly length: number;
}

/** The driver has broken the rules of the queue. */
export class VirtqueueError extends Error {
  override readonly name = 'VirtqueueError';
}

const descriptorSize = 16;
const flagNext = 1;
const flagWrite = 2;
const flagIndirect = 4;
const noInterrupt = 1;
/** Bytes copied at once: a guest cannot make the host allocate what it names. */
const piece = 0x1_0000;

/** What a driver has put into the queue: bytes for the device to read, and room for it to write. */
export class DescriptorChain {
  /** Number of the first descriptor, by which the chain is given back. */
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
  readonly readableLength: number;
  readonly writableLength: number;
  /** Bytes that the device has written so far, from the start of the writable part. */
  written = 0;
  #read = 0;
  readonly #memory: DirectMemoryAccess;

  constructor(memory: DirectMemoryAccess, head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.#memory = memory;
    this.head = head;
    this.readable = readable;
    this.writable = writable;
    const total = (segments: readonly Segment[]) => segments.reduce((sum, { length }) => sum + length, 0);
    this.readableLength = total(readable);
    this.writableLength = total(writable);
  }

  /** Bytes of the readable part that have not been read. */
  get left(): number {
    return this.readableLength - this.#read;
  }

  /** Room in the writable part that has not been written. */
  get room(): number {
    return this.writableLength - this.written;
  }

  /**
   * The next bytes of the readable part; fewer when it ends.
   * @throws VirtqueueError when they are not in memory
   */
  read(length: number): Uint8Array {
    const wanted = Math.min(length, this.left);
    const bytes = new Uint8Array(wanted);
    let done = 0;
    for (const { address, length: part } of within(this.readable, this.#read, wanted)) {
      const found = this.#memory.read(address, part);
      if (!found) throw new VirtqueueError(`a descriptor names ${hex(address)}, where no memory is`);
      bytes.set(found, done);
      done += part;
    }
    this.#read += wanted;
    return bytes;
  }

  /** Passes over bytes of the readable part. */
  skip(length: number): void {
    this.#read = Math.min(this.readableLength, this.#read + length);
  }

  /**
   * Appends to the writable part as much as there is room for; gives the number of bytes.
   * @throws VirtqueueError when the room is not in memory
   */
  write(bytes: Uint8Array): number {
    const count = this.#put(this.written, bytes);
    this.written += count;
    return count;
  }

  /** Writes at a place of the writable part, without counting it as written. */
  writeAt(offset: number, bytes: Uint8Array): void {
    this.#put(offset, bytes);
  }

  #put(offset: number, bytes: Uint8Array): number {
    const count = Math.min(bytes.length, Math.max(0, this.writableLength - offset));
    let done = 0;
    for (const { address, length } of within(this.writable, offset, count)) {
      if (!this.#memory.write(address, bytes.subarray(done, done + length))) {
        throw new VirtqueueError(`a descriptor names ${hex(address)}, where no writable memory is`);
      }
      done += length;
    }
    return count;
  }
}

/** The part of a list of segments from `offset`, in pieces of bounded size. */
function* within(segments: readonly Segment[], offset: number, length: number): Generator<Segment> {
  let skip = offset;
  let left = length;
  for (const segment of segments) {
    if (left === 0) return;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    for (let at = skip; at < segment.length && left > 0; ) {
      const part = Math.min(piece, segment.length - at, left);
      yield { address: segment.address + at, length: part };
      at += part;
      left -= part;
    }
    skip = 0;
  }
}

/** What a driver says about a queue. */
interface VirtqueueState {
  ready: boolean;
  size: number;
  descriptors: number;
  available: number;
  used: number;
  /** Next entry of the available ring, modulo 2^16. */
  nextAvailable: number;
  /** Next entry of the used ring, modulo 2^16. */
  nextUsed: number;
  /** `nextUsed` when the driver was last told. */
  signalledUsed: number;
}

/** How a queue's driver and device speak, as far as features decide it. */
export interface VirtqueueModes {
  readonly eventIndex: () => boolean;
  readonly indirect: () => boolean;
  readonly notifyOnEmpty: () => boolean;
}

/** One queue as the device sees it. */
export class Virtqueue {
  readonly index: number;
  /** Largest size, in descriptors; a power of two. */
  readonly maximumSize: number;
  readonly #memory: DirectMemoryAccess;
  readonly #modes: VirtqueueModes;
  readonly #interrupt: () => void;
  #state: VirtqueueState;

  /** @param options.interrupt tells the driver that something was used */
  constructor(options: {
    readonly index: number;
    readonly maximumSize: number;
    readonly memory: DirectMemoryAccess;
    readonly modes: VirtqueueModes;
    readonly interrupt: () => void;
  }) {
    this.index = options.index;
    this.maximumSize = options.maximumSize;
    this.#memory = options.memory;
    this.#modes = options.modes;
    this.#interrupt = options.interrupt;
    this.#state = this.#initial();
  }

  #initial(): VirtqueueState {
    return {
      ...{ ready: false, size: this.maximumSize, descriptors: 0, available: 0, used: 0 },
      ...{ nextAvailable: 0, nextUsed: 0, signalledUsed: 0 },
    };
  }

  get ready(): boolean {
    return this.#state.ready;
  }

  get size(): number {
    return this.#state.size;
  }

  /** Addresses of the three parts. */
  get addresses(): { readonly descriptors: number; readonly available: number; readonly used: number } {
    const { descriptors, available, used } = this.#state;
    return { descriptors, available, used };
  }

  /** Sets what a driver configures. A size that is no power of two, or too large, is ignored. */
  configure(change: Partial<Pick<VirtqueueState, 'ready' | 'size' | 'descriptors' | 'available' | 'used'>>): void {
    const { size } = change;
    const validSize = size === undefined || (size > 0 && size <= 0x8000 && (size & (size - 1)) === 0);
    this.#state = { ...this.#state, ...change, ...(!validSize && { size: this.#state.size }) };
  }

  reset(): void {
    this.#state = this.#initial();
  }

  /** Something waits in the available ring. */
  get hasAvailable(): boolean {
    return this.#state.ready && this.#availableIndex() !== this.#state.nextAvailable;
  }

  /**
   * Takes the next chain out of the available ring; undefined when there is none.
   * @throws VirtqueueError when the driver has broken the rules
   */
  take(): DescriptorChain | undefined {
    const state = this.#state;
    if (!state.ready) return undefined;
    const available = this.#availableIndex();
    if (available === state.nextAvailable) return undefined;
    if (((available - state.nextAvailable) & 0xffff) > state.size) {
      throw new VirtqueueError(
        `queue ${this.index}: the available index jumped from ${state.nextAvailable} to ${available}`,
      );
    }
    const head = this.#word16(state.available + 4 + 2 * (state.nextAvailable % state.size));
    if (head >= state.size) throw new VirtqueueError(`queue ${this.index}: there is no descriptor ${head}`);
    state.nextAvailable = (state.nextAvailable + 1) & 0xffff;
    if (this.#modes.eventIndex()) this.#writeWord16(state.used + 4 + 8 * state.size, state.nextAvailable);
    return this.#chain(head);
  }

  /** Puts the last chain back, as if it had not been taken. */
  putBack(): void {
    this.#state.nextAvailable = (this.#state.nextAvailable - 1) & 0xffff;
  }

  /** Gives a chain back to the driver; `signal` tells it. */
  give(chain: DescriptorChain, written = chain.written): void {
    const state = this.#state;
    const entry = new Uint8Array(8);
    const view = new DataView(entry.buffer);
    view.setUint32(0, chain.head, true);
    view.setUint32(4, written, true);
    this.#write(state.used + 4 + 8 * (state.nextUsed % state.size), entry);
    state.nextUsed = (state.nextUsed + 1) & 0xffff;
    this.#writeWord16(state.used + 2, state.nextUsed);
  }

  /** Interrupts the driver if something was given back since the last time and it wants to know (virtio 1.2, 2.7.7). */
  signal(): void {
    const state = this.#state;
    if (!state.ready || state.nextUsed === state.signalledUsed) return;
    const before = state.signalledUsed;
    state.signalledUsed = state.nextUsed;
    if (this.#wantsInterrupt(before)) this.#interrupt();
  }

  #wantsInterrupt(before: number): boolean {
    const state = this.#state;
    if (this.#modes.notifyOnEmpty() && !this.hasAvailable) return true;
    if (!this.#modes.eventIndex()) return (this.#word16(state.available) & noInterrupt) === 0;
    const event = this.#word16(state.available + 4 + 2 * state.size);
    // The driver asks for an interrupt when the used index passes `event`.
    return ((state.nextUsed - event - 1) & 0xffff) < ((state.nextUsed - before) & 0xffff);
  }

  /** Collects the segments of a chain, through an indirect table where one is used. */
  #chain(head: number): DescriptorChain {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    let table = this.#state.descriptors;
    let entries = this.#state.size;
    let index = head;
    let indirect = false;
    for (let count = 0; ; count++) {
      if (count >= entries) throw new VirtqueueError(`queue ${this.index}: a chain of descriptors has a loop`);
      const view = this.#descriptor(table + descriptorSize * index);
      const address = Number(view.getBigUint64(0, true));
      const length = view.getUint32(8, true);
      const flags = view.getUint16(12, true);
      const next = view.getUint16(14, true);
      if (flags & flagIndirect) {
        if (!this.#modes.indirect()) {
          throw new VirtqueueError(`queue ${this.index}: an indirect table, which was not negotiated`);
        }
        if (indirect || length === 0 || length % descriptorSize !== 0) {
          throw new VirtqueueError(
            `queue ${this.index}: an indirect table of ${length} bytes${indirect ? ' within another' : ''}`,
          );
        }
        indirect = true;
        table = address;
        entries = length / descriptorSize;
        index = 0;
        count = -1;
        continue;
      }
      if (flags & flagWrite) writable.push({ address, length });
      else if (writable.length > 0) {
        throw new VirtqueueError(`queue ${this.index}: a readable descriptor follows a writable one`);
      } else readable.push({ address, length });
      if (!(flags & flagNext)) break;
      if (next >= entries) throw new VirtqueueError(`queue ${this.index}: there is no descriptor ${next}`);
      index = next;
    }
    return new DescriptorChain(this.#memory, head, readable, writable);
  }

  #descriptor(address: number): DataView {
    const bytes = this.#memory.read(address, descriptorSize);
    if (!bytes) throw new VirtqueueError(`queue ${this.index}: no memory at ${hex(address)} for a descriptor`);
    return new DataView(bytes.buffer, bytes.byteOffset, descriptorSize);
  }

  #availableIndex(): number {
    return this.#word16(this.#state.available + 2);
  }

  #word16(address: number): number {
    const bytes = this.#memory.read(address, 2);
    if (!bytes) throw new VirtqueueError(`queue ${this.index}: no memory at ${hex(address)} for a ring`);
    return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  }

  #writeWord16(address: number, value: number): void {
    this.#write(address, Uint8Array.of(value & 0xff, value >> 8));
  }

  #write(address: number, bytes: Uint8Array): void {
    if (!this.#memory.write(address, bytes)) {
      throw new VirtqueueError(`queue ${this.index}: no writable memory at ${hex(address)} for the used ring`);
    }
  }

  save(): unknown {
    return { ...this.#state };
  }

  restore(saved: unknown): void {
    this.#state = { ...(saved as VirtqueueState) };
  }
}

const hex = (value: number) => `0x${value.toString(16)}`;
