/** A small virtio driver for tests. It drives our board and QEMU's alike. */
import type { AccessSize, BusAccess } from '../../../../emulator/bus/types.ts';
import type { SharedFolder } from '../../../../emulator/devices/virtio/shared-folder.ts';
import { parseOptionWords } from '../../../../emulator/machine/option-words.ts';
import { type VirtBoard, virtBoard } from '../../../../emulator/machine/virt-board.ts';

/** A board as a driver sees it. */
export interface Board {
  read(address: number, size: AccessSize): Promise<bigint>;
  write(address: number, size: AccessSize, value: bigint): Promise<void>;
  readBytes(address: number, length: number): Promise<Uint8Array>;
  writeBytes(address: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const access: BusAccess = { pe: 0, secure: false, privileged: true };

export interface OwnBoard extends Board {
  readonly board: VirtBoard;
  /** What the devices wrote to memory, as ranges. */
  readonly writes: { readonly address: number; readonly length: number }[];
  /** Text that reached the terminal. */
  output(): string;
}

/** Our board with the devices of QEMU's option words. */
export function ownBoard(
  words: readonly string[],
  files: ReadonlyMap<string, Uint8Array> = new Map(),
  folder?: SharedFolder,
): OwnBoard {
  const writes: { address: number; length: number }[] = [];
  let output = '';
  const board = virtBoard({
    machine: parseOptionWords(['-M', 'virt', '-m', '16', '-bios', 'firmware', ...words]),
    files: { read: name => files.get(name) ?? new Uint8Array(), ...(folder && { folder: () => folder }) },
    cpu: { compatible: 'arm,cortex-a57', virtualizationHostExtensions: false, performanceMonitors: true },
    engineArea: 0,
    host: {
      pinsChanged: () => {},
      beforeMemoryWrite: (address, length) => writes.push({ address, length }),
      routeChanged: () => {},
      transmit: (_, byte) => {
        output += String.fromCharCode(byte);
      },
      powerOff: () => {},
      reset: () => {},
    },
  });
  return {
    board,
    writes,
    output: () => output,
    read: async (address, size) => board.map.read(address, size, access) ?? -1n,
    write: async (address, size, value) => void board.map.write(address, size, value, access),
    readBytes: async (address, length) => board.memory.bytes(address, length)!.slice(),
    writeBytes: async (address, bytes) => board.memory.bytes(address, bytes.length)!.set(bytes),
    close: async () => {},
  };
}

/** Address of the transport of the first device that is plugged in; the others follow downwards. */
export const transportAddress = (device: number) => 0xa00_3e00 - 0x200 * device;

/** What a test puts into a queue: bytes for the device, or a number of bytes of room for its answer. */
export type Part = Uint8Array | number;

/** An answer: how long the device says it is, and the room for it. */
export interface Answer {
  readonly length: number;
  readonly bytes: Uint8Array;
}

const align = (value: number, to: number) => Math.ceil(value / to) * to;

/** One queue in guest memory. */
class Queue {
  next = 0;
  used = 0;
  readonly size: number;
  readonly base: number;
  constructor(size: number, base: number) {
    this.size = size;
    this.base = base;
  }
  get available() {
    return this.base + 16 * this.size;
  }
  get usedRing() {
    return align(this.available + 6 + 2 * this.size, 4096);
  }
}

export interface DriverOptions {
  readonly legacy: boolean;
  /** Features to accept, among those that are offered. */
  readonly features?: bigint;
  readonly queueSize?: number;
}

const ramForQueues = 0x4010_0000;
const ramForData = 0x4040_0000;
export const indirectDescriptors = 1n << 28n;
export const eventIndex = 1n << 29n;
export const version1 = 1n << 32n;

/** What a driver does whatever the transport. */
abstract class Driver {
  protected readonly board: Board;
  protected readonly options: DriverOptions;
  protected readonly queues: Queue[] = [];
  #data = ramForData;
  features = 0n;

  constructor(board: Board, options: DriverOptions) {
    this.board = board;
    this.options = options;
  }

  /** Writes descriptors for the parts and puts them into the available ring. Gives where each part lies. */
  async put(queueIndex: number, parts: readonly Part[], indirect = false): Promise<number[]> {
    const queue = this.queues[queueIndex]!;
    const addresses: number[] = [];
    const table = new DataView(new ArrayBuffer(16 * parts.length));
    for (const [i, part] of parts.entries()) {
      const length = typeof part === 'number' ? part : part.length;
      const at = this.#data;
      this.#data = align(this.#data + length, 64);
      addresses.push(at);
      await this.board.writeBytes(at, typeof part === 'number' ? new Uint8Array(part).fill(0xee) : part);
      table.setBigUint64(16 * i, BigInt(at), true);
      table.setUint32(16 * i + 8, length, true);
      table.setUint16(16 * i + 12, (i < parts.length - 1 ? 1 : 0) | (typeof part === 'number' ? 2 : 0), true);
      table.setUint16(16 * i + 14, i + 1, true);
    }
    let bytes = new Uint8Array(table.buffer);
    if (indirect) {
      const at = this.#data;
      this.#data = align(this.#data + bytes.length, 64);
      await this.board.writeBytes(at, bytes);
      const one = new DataView(new ArrayBuffer(16));
      one.setBigUint64(0, BigInt(at), true);
      one.setUint32(8, bytes.length, true);
      one.setUint16(12, 4, true);
      bytes = new Uint8Array(one.buffer);
    }
    await this.board.writeBytes(queue.base, bytes);
    await this.board.write(queue.available + 4 + 2 * (queue.next % queue.size), 2, 0n);
    queue.next = (queue.next + 1) & 0xffff;
    await this.board.write(queue.available + 2, 2, BigInt(queue.next));
    return addresses;
  }

  /** Gives a queue several pieces of room, one descriptor each; answers where they are. */
  async offer(queueIndex: number, count: number, length: number): Promise<number[]> {
    const queue = this.queues[queueIndex]!;
    const addresses: number[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#data;
      this.#data = align(at + length, 64);
      addresses.push(at);
      const descriptor = new DataView(new ArrayBuffer(16));
      descriptor.setBigUint64(0, BigInt(at), true);
      descriptor.setUint32(8, length, true);
      descriptor.setUint16(12, 2, true);
      await this.board.writeBytes(queue.base + 16 * i, new Uint8Array(descriptor.buffer));
      await this.board.write(queue.available + 4 + 2 * (queue.next % queue.size), 2, BigInt(i));
      queue.next = (queue.next + 1) & 0xffff;
    }
    await this.board.write(queue.available + 2, 2, BigInt(queue.next));
    return addresses;
  }

  abstract notify(queue: number): Promise<void>;

  /** Whether the device has used something that was not collected. */
  async used(queueIndex: number): Promise<boolean> {
    const queue = this.queues[queueIndex]!;
    return Number(await this.board.read(queue.usedRing + 2, 2)) !== queue.used;
  }

  /** The length that the used ring tells for the next used chain. */
  async collect(queueIndex: number): Promise<number> {
    const queue = this.queues[queueIndex]!;
    for (let tries = 0; !(await this.used(queueIndex)); tries++) {
      if (tries > 20_000) throw new Error(`the device does not answer in queue ${queueIndex}`);
    }
    const length = Number(await this.board.read(queue.usedRing + 4 + 8 * (queue.used % queue.size) + 4, 4));
    queue.used = (queue.used + 1) & 0xffff;
    return length;
  }

  /** Puts parts into a queue, notifies, and waits for the answer. */
  async request(queue: number, parts: readonly Part[], indirect = false): Promise<Answer> {
    const addresses = await this.put(queue, parts, indirect);
    await this.notify(queue);
    const length = await this.collect(queue);
    const answers: number[] = [];
    for (const [i, part] of parts.entries()) {
      if (typeof part === 'number') answers.push(...(await this.board.readBytes(addresses[i]!, part)));
    }
    return { length, bytes: Uint8Array.from(answers) };
  }
}

/** Drives one MMIO transport. */
export class MmioDriver extends Driver {
  readonly #base: number;

  constructor(board: Board, device: number, options: DriverOptions) {
    super(board, options);
    this.#base = transportAddress(device);
  }

  async register(offset: number): Promise<number> {
    return Number(await this.board.read(this.#base + offset, 4));
  }

  async setRegister(offset: number, value: number): Promise<void> {
    await this.board.write(this.#base + offset, 4, BigInt(value));
  }

  async configuration(length: number): Promise<number[]> {
    const bytes: number[] = [];
    for (let i = 0; i < length; i++) bytes.push(Number(await this.board.read(this.#base + 0x100 + i, 1)));
    return bytes;
  }

  async offered(): Promise<bigint> {
    await this.setRegister(0x14, 0);
    const low = BigInt(await this.register(0x10));
    await this.setRegister(0x14, 1);
    return low | (BigInt(await this.register(0x10)) << 32n);
  }

  async notify(queue: number): Promise<void> {
    await this.setRegister(0x50, queue);
  }

  /** Goes through the steps of virtio 1.2, 3.1, with `queues` queues. */
  async start(queues: number): Promise<void> {
    const { legacy, features = 0n, queueSize = 8 } = this.options;
    await this.setRegister(0x70, 0);
    await this.setRegister(0x70, 1);
    await this.setRegister(0x70, 3);
    if (legacy) await this.setRegister(0x28, 4096);
    this.features = (await this.offered()) & (features | (legacy ? 0n : version1));
    await this.setRegister(0x24, 0);
    await this.setRegister(0x20, Number(this.features & 0xffff_ffffn));
    await this.setRegister(0x24, 1);
    await this.setRegister(0x20, Number(this.features >> 32n));
    if (!legacy) await this.setRegister(0x70, 11);
    for (let index = 0; index < queues; index++) {
      const queue = new Queue(queueSize, ramForQueues + 0x1_0000 * index);
      this.queues[index] = queue;
      await this.board.writeBytes(queue.base, new Uint8Array(0x4000));
      await this.setRegister(0x30, index);
      await this.setRegister(0x38, queueSize);
      if (legacy) {
        await this.setRegister(0x3c, 4096);
        await this.setRegister(0x40, queue.base / 4096);
      } else {
        await this.setRegister(0x80, queue.base);
        await this.setRegister(0x84, 0);
        await this.setRegister(0x90, queue.available);
        await this.setRegister(0x94, 0);
        await this.setRegister(0xa0, queue.usedRing);
        await this.setRegister(0xa4, 0);
        await this.setRegister(0x44, 1);
      }
    }
    await this.setRegister(0x70, legacy ? 7 : 15);
  }
}

/** Address of a function's configuration space. */
export const configurationAddress = (slot: number) => 0x40_1000_0000 + 0x8000 * slot;

/** Drives a function on PCI whose registers are in its fourth range, as QEMU's are. */
export class PciDriver extends Driver {
  readonly #slot: number;
  readonly #registers: number;
  /** Where the table of messages is. */
  readonly messages: number;

  constructor(board: Board, slot: number, options: Omit<DriverOptions, 'legacy'> = {}) {
    super(board, { ...options, legacy: false });
    this.#slot = slot;
    this.#registers = 0x80_0000_0000 + 0x4000 * slot;
    this.messages = 0x1000_0000 + 0x1000 * slot;
  }

  async configure(offset: number, size: AccessSize, value: number): Promise<void> {
    await this.board.write(configurationAddress(this.#slot) + offset, size, BigInt(value));
  }

  async read(offset: number, size: AccessSize): Promise<number> {
    return Number(await this.board.read(this.#registers + offset, size));
  }

  async write(offset: number, size: AccessSize, value: number): Promise<void> {
    await this.board.write(this.#registers + offset, size, BigInt(value));
  }

  async notify(queue: number): Promise<void> {
    await this.write(0x3000 + 4 * queue, 2, queue);
  }

  /** Gives the function its addresses, and lets it be a bus master. */
  async enable(): Promise<void> {
    await this.configure(0x14, 4, this.messages);
    await this.configure(0x20, 4, this.#registers % 2 ** 32);
    await this.configure(0x24, 4, Math.floor(this.#registers / 2 ** 32));
    await this.configure(0x04, 2, 6);
  }

  async start(queues: number): Promise<void> {
    const { features = 0n, queueSize = 8 } = this.options;
    for (const status of [0, 1, 3]) await this.write(0x14, 1, status);
    await this.write(0x00, 4, 0);
    const low = BigInt(await this.read(0x04, 4));
    await this.write(0x00, 4, 1);
    this.features = (low | (BigInt(await this.read(0x04, 4)) << 32n)) & (features | version1);
    await this.write(0x08, 4, 0);
    await this.write(0x0c, 4, Number(this.features & 0xffff_ffffn));
    await this.write(0x08, 4, 1);
    await this.write(0x0c, 4, Number(this.features >> 32n));
    await this.write(0x14, 1, 11);
    for (let index = 0; index < queues; index++) {
      const queue = new Queue(queueSize, ramForQueues + 0x1_0000 * index);
      this.queues[index] = queue;
      await this.board.writeBytes(queue.base, new Uint8Array(0x4000));
      await this.write(0x16, 2, index);
      await this.write(0x18, 2, queueSize);
      await this.write(0x1a, 2, 1);
      for (const [offset, address] of [
        [0x20, queue.base],
        [0x28, queue.available],
        [0x30, queue.usedRing],
      ] as const) {
        await this.write(offset, 4, address);
        await this.write(offset + 4, 4, 0);
      }
      await this.write(0x1c, 2, 1);
    }
    await this.write(0x14, 1, 15);
  }
}

/** Header of a request to a drive. */
export function blockHeader(type: number, sector: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return new Uint8Array(view.buffer);
}
