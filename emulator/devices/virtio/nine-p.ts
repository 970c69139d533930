/**
 * File system device (device ID 9 of virtio; the protocol is 9P2000.L) over a folder that can only be read. Whatever
 * would change something is answered with "read-only file system".
 */

import { type ConfigurationField, features, transportFeature, type VirtioDevice, type VirtioPort } from './device.ts';
import { FolderView, type SharedEntry, type SharedFolder } from './shared-folder.ts';

const feature = { mountTag: 0 } as const;

/** Requests by number; an answer has the next number. */
const request = {
  statfs: 8,
  lopen: 12,
  readlink: 22,
  getattr: 24,
  xattrwalk: 30,
  readdir: 40,
  fsync: 50,
  version: 100,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  clunk: 120,
} as const;
/** Requests that would change something: lcreate, symlink, mknod, rename, setattr, xattrcreate, link, mkdir … */
const changing: readonly number[] = [14, 16, 18, 20, 26, 32, 70, 72, 74, 76, 118, 122];
const errorAnswer = 7;

/** Linux's error numbers, which 9P2000.L uses. */
const problem = {
  noEntry: 2,
  badFile: 9,
  notFolder: 20,
  isFolder: 21,
  invalid: 22,
  readOnly: 30,
  notSupported: 95,
} as const;

const version = '9P2000.L';
const headerSize = 7;
const noTag = 0xffff;
/** Largest message; with it a read's answer fits into memory easily. */
const largestMessage = 0x8_0000;
const smallestMessage = 4096;
const queueSize = 128;
const mode = { folder: 0o040555, file: 0o100444, executable: 0o100555 } as const;
const qidType = { folder: 0x80, file: 0 } as const;
const directoryEntryType = { folder: 4, file: 8 } as const;
const blockSize = 4096;
const fileSystemMagic = 0x0102_1997;
/** Flags of an open that ask for writing: access mode, create, truncate. */
const writingFlags = 0o3 | 0o100 | 0o1000;

class NinePError extends Error {
  readonly number: number;
  constructor(number: number) {
    super(`9P error ${number}`);
    this.number = number;
  }
}

interface NinePState {
  messageSize: number;
  /** Path of each fid. */
  fids: Map<number, readonly string[]>;
}

export interface NinePOptions {
  readonly folder: SharedFolder;
  /** Name by which the guest mounts it. */
  readonly tag: string;
}

export class Virtio9p implements VirtioDevice {
  readonly name = 'virtio-9p';
  readonly id = 9;
  readonly features = features(feature.mountTag);
  readonly legacyFeatures = features(transportFeature.anyLayout);
  readonly queueSizes = [queueSize];
  readonly configuration: readonly ConfigurationField[];
  readonly #view: FolderView;
  #port: VirtioPort | undefined;
  #state: NinePState = { messageSize: largestMessage, fids: new Map() };

  constructor({ folder, tag }: NinePOptions) {
    this.#view = new FolderView(folder);
    const name = new TextEncoder().encode(tag);
    this.configuration = [
      {
        name: 'tag_len',
        offset: 0,
        brief: 'bytes of the tag',
        bytes: () => Uint8Array.of(name.length & 0xff, name.length >> 8),
      },
      { name: 'tag', offset: 2, brief: 'name by which the folder is mounted', bytes: () => name.slice() },
    ];
  }

  attach(port: VirtioPort): void {
    this.#port = port;
  }

  notified(index: number): void {
    const queue = this.#port!.queue(index);
    for (let chain = queue.take(); chain; chain = queue.take()) {
      const length = Math.min(chain.readableLength, largestMessage);
      chain.write(this.#answer(chain.read(length), chain.writableLength));
      queue.give(chain);
    }
    queue.signal();
  }

  /** The answer to a message, no longer than there is room for. */
  #answer(bytes: Uint8Array, room: number): Uint8Array {
    const message = new Reader(bytes);
    const answer = new Writer();
    let answerType: number = errorAnswer;
    let tag = noTag;
    try {
      message.u32();
      const type = message.u8();
      tag = message.u16();
      answerType = type + 1;
      this.#perform(type, message, answer, room - headerSize);
    } catch (error) {
      if (!(error instanceof NinePError)) throw error;
      answer.clear();
      answer.u32(error.number);
      answerType = errorAnswer;
    }
    const body = answer.bytes();
    const head = new Writer();
    head.u32(headerSize + body.length);
    head.u8(answerType);
    head.u16(tag);
    head.append(body);
    return head.bytes();
  }

  #perform(type: number, message: Reader, answer: Writer, room: number): void {
    switch (type) {
      case request.version:
        this.#version(message, answer);
        return;
      case request.attach: {
        const fid = message.u32();
        this.#state.fids.set(fid, []);
        this.#qid(answer, []);
        return;
      }
      case request.walk:
        this.#walk(message, answer);
        return;
      case request.lopen: {
        const path = this.#path(message.u32());
        if (message.u32() & writingFlags) throw new NinePError(problem.readOnly);
        this.#qid(answer, path);
        answer.u32(0);
        return;
      }
      case request.getattr:
        this.#attributes(message, answer);
        return;
      case request.readdir:
        this.#readFolder(message, answer, room);
        return;
      case request.read:
        this.#readFile(message, answer, room);
        return;
      case request.statfs:
        this.#path(message.u32());
        answer.u32(fileSystemMagic);
        answer.u32(blockSize);
        for (let i = 0; i < 6; i++) answer.u64(0);
        answer.u32(255);
        return;
      case request.clunk:
        this.#state.fids.delete(message.u32());
        return;
      case request.flush:
      case request.fsync:
        return;
      case request.readlink:
        throw new NinePError(problem.invalid);
      default:
        throw new NinePError(changing.includes(type) ? problem.readOnly : problem.notSupported);
    }
  }

  #version(message: Reader, answer: Writer): void {
    const size = message.u32();
    const wanted = message.text();
    this.#state = { messageSize: Math.max(smallestMessage, Math.min(size, largestMessage)), fids: new Map() };
    answer.u32(this.#state.messageSize);
    answer.text(wanted === version ? version : 'unknown');
  }

  #walk(message: Reader, answer: Writer): void {
    const from = this.#path(message.u32());
    const newFid = message.u32();
    const names = Array.from({ length: message.u16() }, () => message.text());
    let path = from;
    const reached: (readonly string[])[] = [];
    for (const name of names) {
      const next = name === '..' ? path.slice(0, -1) : name === '.' ? path : [...path, name];
      if (!this.#view.find(next)) break;
      path = next;
      reached.push(path);
    }
    if (names.length > 0 && reached.length === 0) throw new NinePError(problem.noEntry);
    if (reached.length === names.length) this.#state.fids.set(newFid, path);
    answer.u16(reached.length);
    for (const at of reached) this.#qid(answer, at);
  }

  #path(fid: number): readonly string[] {
    const path = this.#state.fids.get(fid);
    if (!path) throw new NinePError(problem.badFile);
    return path;
  }

  #entry(path: readonly string[]): SharedEntry {
    const entry = this.#view.find(path);
    if (!entry) throw new NinePError(problem.noEntry);
    return entry;
  }

  /** What identifies a file: its kind, and a number made of its path. */
  #qid(answer: Writer, path: readonly string[]): void {
    answer.u8(qidType[this.#entry(path).kind]);
    answer.u32(0);
    answer.u64(numberOf(path));
  }

  #attributes(message: Reader, answer: Writer): void {
    const basicAttributes = 0x7ff;
    const path = this.#path(message.u32());
    const entry = this.#entry(path);
    const size = entry.kind === 'file' ? entry.content.size : 0;
    answer.u64(basicAttributes);
    this.#qid(answer, path);
    answer.u32(entry.kind === 'folder' ? mode.folder : entry.executable ? mode.executable : mode.file);
    answer.u32(0);
    answer.u32(0);
    answer.u64(1);
    answer.u64(0);
    answer.u64(size);
    answer.u64(blockSize);
    answer.u64(Math.ceil(size / 512));
    // Accessed, modified and changed; when it was made is not known.
    for (const seconds of [entry.modified, entry.modified, entry.modified, 0]) {
      answer.u64(seconds);
      answer.u64(0);
    }
    answer.u64(0);
    answer.u64(0);
  }

  #readFolder(message: Reader, answer: Writer, room: number): void {
    const path = this.#path(message.u32());
    const offset = message.u64();
    const count = Math.min(message.u32(), room - 4);
    const folder = this.#entry(path);
    if (folder.kind !== 'folder') throw new NinePError(problem.notFolder);
    const entries: (readonly [string, readonly string[], SharedEntry['kind']])[] = [
      ['.', path, 'folder'],
      ['..', path.slice(0, -1), 'folder'],
      ...this.#view.list(folder).map(({ name, kind }) => [name, [...path, name], kind] as const),
    ];
    const list = new Writer();
    for (let index = offset; index < entries.length; index++) {
      const [name, at, kind] = entries[index]!;
      const one = new Writer();
      this.#qid(one, at);
      one.u64(index + 1);
      one.u8(directoryEntryType[kind]);
      one.text(name);
      if (list.length + one.length > count) break;
      list.append(one.bytes());
    }
    answer.u32(list.length);
    answer.append(list.bytes());
  }

  #readFile(message: Reader, answer: Writer, room: number): void {
    const entry = this.#entry(this.#path(message.u32()));
    if (entry.kind !== 'file') throw new NinePError(problem.isFolder);
    const offset = message.u64();
    const limit = Math.min(message.u32(), room - 4, this.#state.messageSize - headerSize - 4);
    const count = Math.max(0, Math.min(limit, entry.content.size - offset));
    answer.u32(count);
    if (count > 0) answer.append(entry.content.read(offset, count));
  }

  reset(): void {
    this.#state = { messageSize: largestMessage, fids: new Map() };
  }

  save(): unknown {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as NinePState);
  }
}

/** 53 bits that differ for different paths, as far as 53 bits can. */
function numberOf(path: readonly string[]): number {
  let low = 0x811c_9dc5;
  let high = 0x9e37_79b9;
  for (const byte of new TextEncoder().encode(path.join('/'))) {
    low = Math.imul(low ^ byte, 0x0100_0193);
    high = Math.imul(high ^ byte, 0x85eb_ca6b);
  }
  return (low >>> 0) + ((high >>> 0) % 2 ** 21) * 2 ** 32;
}

/** Fields of a message, least significant byte first. A message that is too short is refused. */
class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#view.byteLength) throw new NinePError(problem.invalid);
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }
  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }
}

class Writer {
  #parts: Uint8Array[] = [];
  length = 0;

  clear(): void {
    this.#parts = [];
    this.length = 0;
  }
  append(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
  u8(value: number): void {
    this.append(Uint8Array.of(value));
  }
  u16(value: number): void {
    this.append(Uint8Array.of(value & 0xff, value >> 8));
  }
  u32(value: number): void {
    this.append(Uint8Array.from([0, 8, 16, 24], shift => (value >>> shift) & 0xff));
  }
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }
  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u16(bytes.length);
    this.append(bytes);
  }
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
