/**
 * File system device (device ID 9 of virtio; the protocol is 9P2000.L) over a folder of the host. A fid is remembered by
 * its path: no file of the host stays open for a guest.
 */

import { type ConfigurationField, features, transportFeature, type VirtioDevice, type VirtioPort } from './device.ts';
import {
  type AttributeChanges,
  type EntryKind,
  type FileAttributes,
  type FolderEntry,
  type FolderOperation,
  type FolderResult,
  type FolderService,
  fileError,
  type Path,
} from './folder-operation.ts';
import { NinePError, Reader, Writer } from './nine-p-message.ts';

const feature = { mountTag: 0 } as const;

/** Requests by number; an answer has the next number. */
const request = {
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  readdir: 40,
  fsync: 50,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
  remove: 122,
} as const;
const errorAnswer = 7;

const version = '9P2000.L';
const headerSize = 7;
const noTag = 0xffff;
/** Largest message; with it a read's answer fits into memory easily. */
const largestMessage = 0x8_0000;
const smallestMessage = 4096;
const queueSize = 128;
/** Kinds of entries as POSIX's mode, qids and directory entries have them. */
const kindBits = { folder: 0o040000, file: 0o100000 } as const;
const qidType = { folder: 0x80, file: 0 } as const;
const directoryEntryType = { folder: 4, file: 8 } as const;
const blockSize = 4096;
const fileSystemMagic = 0x0102_1997;
/** Linux's flags of an open. */
const openFlag = { accessMode: 0o3, create: 0o100, exclusive: 0o200, truncate: 0o1000 } as const;
const removesFolder = 0x200;
/** Bits of setattr that say what is valid. */
const valid = { mode: 1, size: 8, accessed: 0x10, modified: 0x20, accessedGiven: 0x80, modifiedGiven: 0x100 } as const;

interface Fid {
  path: Path;
  /** What a folder had when it was read from its beginning: removing entries does not move the others. */
  entries?: readonly FolderEntry[];
}

interface NinePState {
  messageSize: number;
  fids: Map<number, Fid>;
}

export interface NinePOptions {
  readonly folder: FolderService;
  /** Changes are carried out. */
  readonly writable: boolean;
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
  readonly #folder: FolderService;
  readonly #writable: boolean;
  #port: VirtioPort | undefined;
  #state: NinePState = { messageSize: largestMessage, fids: new Map() };

  constructor({ folder, writable, tag }: NinePOptions) {
    this.#folder = folder;
    this.#writable = writable;
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
        this.#state.fids.set(fid, { path: [] });
        this.#qid(answer, this.#attributes([]));
        return;
      }
      case request.walk:
        this.#walk(message, answer);
        return;
      case request.lopen:
        this.#open(message, answer);
        return;
      case request.lcreate:
        this.#create(message, answer);
        return;
      case request.getattr:
        this.#getAttributes(message, answer);
        return;
      case request.setattr:
        this.#setAttributes(message);
        return;
      case request.readdir:
        this.#readFolder(message, answer, room);
        return;
      case request.read:
        this.#readFile(message, answer, room);
        return;
      case request.write: {
        const { path } = this.#fid(message.u32());
        const offset = message.u64();
        const bytes = message.bytes(message.u32());
        answer.u32(this.#ask({ kind: 'write', path, offset, bytes }).count ?? 0);
        return;
      }
      case request.mkdir: {
        const path = this.#child(message.u32(), message.text());
        this.#ask({ kind: 'make folder', path, mode: message.u32() });
        this.#qid(answer, this.#attributes(path));
        return;
      }
      case request.unlinkat: {
        const path = this.#child(message.u32(), message.text());
        this.#ask({ kind: 'remove', path, entry: message.u32() & removesFolder ? 'folder' : 'file' });
        return;
      }
      case request.remove: {
        const number = message.u32();
        const { path } = this.#fid(number);
        // The fid is gone whatever comes of it.
        this.#state.fids.delete(number);
        this.#ask({ kind: 'remove', path, entry: this.#attributes(path).kind });
        return;
      }
      case request.rename: {
        const { path } = this.#fid(message.u32());
        this.#rename(path, this.#child(message.u32(), message.text()));
        return;
      }
      case request.renameat: {
        const path = this.#child(message.u32(), message.text());
        this.#rename(path, this.#child(message.u32(), message.text()));
        return;
      }
      case request.statfs:
        this.#space(message, answer);
        return;
      case request.clunk:
        this.#state.fids.delete(message.u32());
        return;
      case request.flush:
        return;
      case request.fsync:
        this.#ask({ kind: 'synchronize', path: this.#fid(message.u32()).path });
        return;
      case request.readlink:
        throw new NinePError(fileError.invalid);
      case request.symlink:
      case request.mknod:
      case request.link:
        // There are only files and folders, each in one place.
        throw new NinePError(this.#writable ? fileError.notPermitted : fileError.readOnly);
      default:
        throw new NinePError(fileError.notSupported);
    }
  }

  /** Carries out an operation on the folder. */
  #ask(operation: FolderOperation): FolderResult {
    const result = this.#folder(operation);
    if (result.error !== undefined) throw new NinePError(result.error);
    return result;
  }

  #attributes(path: Path): FileAttributes {
    return this.#ask({ kind: 'attributes', path }).attributes!;
  }

  #version(message: Reader, answer: Writer): void {
    const size = message.u32();
    const wanted = message.text();
    this.#state = { messageSize: Math.max(smallestMessage, Math.min(size, largestMessage)), fids: new Map() };
    answer.u32(this.#state.messageSize);
    answer.text(wanted === version ? version : 'unknown');
  }

  #walk(message: Reader, answer: Writer): void {
    const from = this.#fid(message.u32()).path;
    const newFid = message.u32();
    const names = Array.from({ length: message.u16() }, () => message.text());
    let path = from;
    const reached: FileAttributes[] = [];
    for (const name of names) {
      if (!isName(name) && name !== '.' && name !== '..') break;
      const next = name === '..' ? path.slice(0, -1) : name === '.' ? path : [...path, name];
      const { attributes } = this.#folder({ kind: 'attributes', path: next });
      if (!attributes) break;
      path = next;
      reached.push(attributes);
    }
    if (names.length > 0 && reached.length === 0) throw new NinePError(fileError.noEntry);
    if (reached.length === names.length) this.#state.fids.set(newFid, { path });
    answer.u16(reached.length);
    for (const attributes of reached) this.#qid(answer, attributes);
  }

  #fid(number: number): Fid {
    const fid = this.#state.fids.get(number);
    if (!fid) throw new NinePError(fileError.badFile);
    return fid;
  }

  /** The path of a name in a folder. */
  #child(folder: number, name: string): Path {
    const { path } = this.#fid(folder);
    if (!isName(name)) throw new NinePError(fileError.invalid);
    return [...path, name];
  }

  /** What identifies a file: its kind, and a number. */
  #qid(answer: Writer, { kind, id }: { readonly kind: EntryKind; readonly id: number }): void {
    answer.u8(qidType[kind]);
    answer.u32(0);
    answer.u64(id);
  }

  #open(message: Reader, answer: Writer): void {
    const { path } = this.#fid(message.u32());
    const flags = message.u32();
    const write = (flags & openFlag.accessMode) !== 0;
    const truncate = (flags & openFlag.truncate) !== 0;
    this.#ask({ kind: 'open', path, write: write || (flags & openFlag.create) !== 0, truncate });
    this.#qid(answer, this.#attributes(path));
    answer.u32(0);
  }

  #create(message: Reader, answer: Writer): void {
    const number = message.u32();
    const path = this.#child(number, message.text());
    const flags = message.u32();
    const exclusive = (flags & openFlag.exclusive) !== 0;
    const truncate = (flags & openFlag.truncate) !== 0;
    this.#ask({ kind: 'create', path, mode: message.u32(), exclusive, truncate });
    const attributes = this.#attributes(path);
    this.#state.fids.set(number, { path });
    this.#qid(answer, attributes);
    answer.u32(0);
  }

  #rename(path: Path, to: Path): void {
    this.#ask({ kind: 'rename', path, to });
    for (const fid of this.#state.fids.values()) {
      if (path.every((name, index) => fid.path[index] === name)) fid.path = [...to, ...fid.path.slice(path.length)];
    }
  }

  #getAttributes(message: Reader, answer: Writer): void {
    const basicAttributes = 0x7ff;
    const attributes = this.#attributes(this.#fid(message.u32()).path);
    const { kind, permissions, owner, group, links, size, accessed, modified, changed } = attributes;
    answer.u64(basicAttributes);
    this.#qid(answer, attributes);
    answer.u32(kindBits[kind] | permissions);
    answer.u32(owner);
    answer.u32(group);
    answer.u64(links);
    answer.u64(0);
    answer.u64(size);
    answer.u64(blockSize);
    answer.u64(Math.ceil(size / 512));
    // When it was made is not known.
    for (const seconds of [accessed, modified, changed, 0]) {
      answer.u64(Math.floor(seconds));
      answer.u64(Math.floor((seconds % 1) * 1e9));
    }
    answer.u64(0);
    answer.u64(0);
  }

  #setAttributes(message: Reader): void {
    const { path } = this.#fid(message.u32());
    const which = message.u32();
    const mode = message.u32();
    // Who owns it stays as it is.
    message.u64();
    const size = message.u64();
    const time = () => message.u64() + message.u64() / 1e9;
    const accessed = time();
    const modified = time();
    const changes: AttributeChanges = {
      ...(which & valid.mode && { permissions: mode & 0o777 }),
      ...(which & valid.size && { size }),
      ...(which & valid.accessed && { accessed: which & valid.accessedGiven ? accessed : 'now' }),
      ...(which & valid.modified && { modified: which & valid.modifiedGiven ? modified : 'now' }),
    };
    this.#ask({ kind: 'change', path, changes });
  }

  #readFolder(message: Reader, answer: Writer, room: number): void {
    const fid = this.#fid(message.u32());
    const offset = message.u64();
    const count = Math.min(message.u32(), room - 4);
    if (offset === 0 || !fid.entries) {
      fid.entries = [
        { name: '.', kind: 'folder', id: this.#attributes(fid.path).id },
        { name: '..', kind: 'folder', id: this.#attributes(fid.path.slice(0, -1)).id },
        ...(this.#ask({ kind: 'list', path: fid.path }).entries ?? []),
      ];
    }
    const list = new Writer();
    for (const [index, entry] of fid.entries.entries()) {
      if (index < offset) continue;
      const one = new Writer();
      this.#qid(one, entry);
      one.u64(index + 1);
      one.u8(directoryEntryType[entry.kind]);
      one.text(entry.name);
      if (list.length + one.length > count) break;
      list.append(one.bytes());
    }
    answer.u32(list.length);
    answer.append(list.bytes());
  }

  #readFile(message: Reader, answer: Writer, room: number): void {
    const { path } = this.#fid(message.u32());
    const offset = message.u64();
    const count = Math.max(0, Math.min(message.u32(), room - 4, this.#state.messageSize - headerSize - 4));
    const { bytes } = this.#ask({ kind: 'read', path, offset, count });
    answer.u32(bytes!.length);
    answer.append(bytes!);
  }

  #space(message: Reader, answer: Writer): void {
    this.#fid(message.u32());
    const space = this.#ask({ kind: 'space' }).space!;
    answer.u32(fileSystemMagic);
    answer.u32(space.blockSize);
    for (const number of [space.blocks, space.free, space.available, 0, 0, 0]) answer.u64(number);
    answer.u32(255);
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

/** Whether a name stands for an entry of a folder: one that leads elsewhere must not reach the host. */
const isName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
