/**
 * Interrupt Translation Service (GICv3 architecture, "The ITS"): turns a device's message, an EventID, into an LPI of a
 * processing element, through tables in guest memory that commands of software fill. The layout of the tables is an
 * implementation's own; nothing of them is kept outside of memory.
 */
import type { DirectMemoryAccess } from '../../bus/direct-memory-access.ts';
import type { MmioRegion, Snapshotable } from '../../bus/types.ts';
import { implementerIdentification, peripheralIdentification } from './distributor.ts';
import { firstLpi, largestIdBits } from './locality-specific.ts';
import { field, identificationRows, RegisterFile } from './register-file.ts';

/** What the ITS needs of the redistributors. */
export interface LpiTargets {
  readonly processingElements: number;
  setPending(pe: number, intid: number): void;
  clearPending(pe: number, intid: number): void;
  isPending(pe: number, intid: number): boolean;
  invalidate(pe: number, intid: number): void;
  invalidateAll(pe: number): void;
  /** Everything pending at one element becomes pending at another. */
  moveAll(from: number, to: number): void;
}

const command = {
  movi: 0x01,
  int: 0x03,
  clear: 0x04,
  sync: 0x05,
  mapd: 0x08,
  mapc: 0x09,
  mapti: 0x0a,
  mapi: 0x0b,
  inv: 0x0c,
  invall: 0x0d,
  movall: 0x0e,
  discard: 0x0f,
} as const;
const commandSize = 32;

const deviceIdBits = 16;
const eventIdBits = 16;
const collectionIdBits = 16;
const deviceEntrySize = 8;
const collectionEntrySize = 8;
const translationEntrySize = 12;

const typerFields = [
  field('0', 'Physical', 'Physical LPIs.'),
  field('7:4', 'ITT_entry_size', 'Bytes of an entry of the interrupt translation tables, minus one.'),
  field('12:8', 'ID_bits', 'Bits of an EventID, minus one.'),
  field('17:13', 'Devbits', 'Bits of a DeviceID, minus one.'),
  field('19', 'PTA', 'Targets are addresses rather than numbers of processing elements.'),
  field('31:24', 'HCC', 'Collections that need no memory.'),
  field('35:32', 'CIDbits', 'Bits of a collection number, minus one.'),
  field('36', 'CIL', 'CIDbits says how many collections there can be.'),
] as const;
const type =
  1n |
  (BigInt(translationEntrySize - 1) << 4n) |
  (BigInt(eventIdBits - 1) << 8n) |
  (BigInt(deviceIdBits - 1) << 13n) |
  (BigInt(collectionIdBits - 1) << 32n) |
  (1n << 36n);

const valid = 1n << 63n;
const indirect = 1n << 62n;
const queueAddress = 0x000f_ffff_ffff_f000n;
const baseWritable = 0xf8e0_ffff_ffff_ffffn;
const queueWritable = 0xb8ef_ffff_ffff_fcffn;
const offsetMask = 0xf_ffe0;
const stalledFlag = 1;

/** The two tables that software gives memory for, as the fixed fields of their GITS_BASER registers. */
const tables = [
  { kind: 1n, entrySize: deviceEntrySize },
  { kind: 4n, entrySize: collectionEntrySize },
] as const;
const baseFixed = tables.map(({ kind, entrySize }) => (kind << 56n) | (BigInt(entrySize - 1) << 48n));
const largePages = 0x200n;

/** Where an event leads. */
interface Translation {
  readonly intid: number;
  readonly collection: number;
}

interface ItsState {
  enabled: boolean;
  bases: bigint[];
  queue: bigint;
  writeOffset: number;
  readOffset: number;
  stalled: boolean;
}

/** Memory of a table or of the queue is not there: no more commands are executed. */
class MissingMemory extends Error {}

export class InterruptTranslationService implements Snapshotable {
  readonly name = 'gic its';
  /** Control frame, and from 64 KiB the frame that devices write to. */
  readonly region: MmioRegion;
  readonly #memory: DirectMemoryAccess;
  readonly #targets: LpiTargets;
  #state: ItsState = {
    enabled: false,
    bases: baseFixed.map(fixed => fixed | largePages),
    ...{ queue: 0n, writeOffset: 0, readOffset: 0, stalled: false },
  };

  constructor(memory: DirectMemoryAccess, targets: LpiTargets) {
    this.#memory = memory;
    this.#targets = targets;
    this.region = itsRegisters.region('GIC ITS', this);
  }

  /** A device's message: the LPI of the event becomes pending. One without a translation is dropped. */
  translate(device: number, event: number): void {
    if (!this.#state.enabled) return;
    this.#unlessMissing(() => {
      const found = this.#translation(device, event);
      const pe = found && this.#target(found.collection);
      if (pe !== undefined) this.#targets.setPending(pe, found!.intid);
    });
  }

  get enabled(): boolean {
    return this.#state.enabled;
  }

  set enabled(on: boolean) {
    this.#state.enabled = on;
    this.#executeCommands();
  }

  base(index: number): bigint {
    return this.#state.bases[index] ?? 0n;
  }

  /** Takes effect while the ITS is off. */
  setBase(index: number, value: bigint): void {
    const fixed = baseFixed[index];
    if (fixed === undefined || this.#state.enabled) return;
    this.#state.bases[index] = (value & baseWritable) | fixed;
  }

  get queue(): bigint {
    return this.#state.queue;
  }

  /** Takes effect while the ITS is off. */
  set queue(value: bigint) {
    if (this.#state.enabled) return;
    this.#state.queue = value & queueWritable;
    this.#state.readOffset = 0;
    this.#state.stalled = false;
  }

  get writeOffset(): number {
    return this.#state.writeOffset;
  }

  set writeOffset(value: number) {
    this.#state.writeOffset = value & offsetMask;
    // Bit 0 (Retry) starts a queue that has stalled again.
    if (value & 1) this.#state.stalled = false;
    this.#executeCommands();
  }

  get readOffset(): number {
    return this.#state.readOffset | (this.#state.stalled ? stalledFlag : 0);
  }

  #executeCommands(): void {
    const state = this.#state;
    if (!state.enabled || !(state.queue & valid)) return;
    const size = (Number(state.queue & 0xffn) + 1) * 4096;
    if (state.writeOffset >= size) return;
    while (!state.stalled && state.readOffset !== state.writeOffset) {
      const done = this.#unlessMissing(() => {
        const bytes = this.#read(Number(state.queue & queueAddress) + state.readOffset, commandSize);
        this.#execute([0, 8, 16, 24].map(at => bytes.getBigUint64(at, true)) as [bigint, bigint, bigint, bigint]);
      });
      if (!done) state.stalled = true;
      else state.readOffset = (state.readOffset + commandSize) % size;
    }
  }

  #unlessMissing(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (error instanceof MissingMemory) return false;
      throw error;
    }
  }

  /** A command that names what is not there does nothing, and the next follows. */
  #execute([first, second, third, fourth]: readonly [bigint, bigint, bigint, bigint]): void {
    const device = Number(first >> 32n);
    const event = Number(second & 0xffff_ffffn);
    const collection = Number(third & 0xffffn);
    const target = (word: bigint) => Number((word >> 16n) & 0x7_ffff_ffffn);
    switch (Number(first & 0xffn)) {
      case command.mapd:
        this.#mapDevice(device, Number(second & 0x1fn), third);
        return;
      case command.mapc:
        this.#mapCollection(collection, target(third), (third & valid) !== 0n);
        return;
      case command.mapti:
        this.#mapEvent(device, event, { intid: Number(second >> 32n), collection });
        return;
      case command.mapi:
        this.#mapEvent(device, event, { intid: event, collection });
        return;
      case command.movi:
        this.#moveEvent(device, event, collection);
        return;
      case command.int:
        this.#withTarget(device, event, (pe, intid) => this.#targets.setPending(pe, intid));
        return;
      case command.clear:
        this.#withTarget(device, event, (pe, intid) => this.#targets.clearPending(pe, intid));
        return;
      case command.discard:
        this.#withTarget(device, event, (pe, intid) => this.#targets.clearPending(pe, intid));
        this.#writeTranslation(device, event, undefined);
        return;
      case command.inv:
        this.#withTarget(device, event, (pe, intid) => this.#targets.invalidate(pe, intid));
        return;
      case command.invall: {
        const pe = this.#target(collection);
        if (pe !== undefined) this.#targets.invalidateAll(pe);
        return;
      }
      case command.movall: {
        const [from, to] = [target(third), target(fourth)];
        const { processingElements } = this.#targets;
        if (from < processingElements && to < processingElements && from !== to) this.#targets.moveAll(from, to);
        return;
      }
      case command.sync: // everything has happened already
        return;
    }
  }

  #withTarget(device: number, event: number, action: (pe: number, intid: number) => void): void {
    const found = this.#translation(device, event);
    const pe = found && this.#target(found.collection);
    if (pe !== undefined) action(pe, found!.intid);
  }

  // Tables. A device entry is: valid (bit 0), bits of its EventIDs minus one (5:1), address of its table / 256 (49:6).

  #mapDevice(device: number, size: number, word: bigint): void {
    const at = this.#deviceEntry(device);
    if (at === undefined || size >= eventIdBits) return;
    const table = (word & 0x000f_ffff_ffff_ff00n) >> 8n;
    this.#write64(at, word & valid ? 1n | (BigInt(size) << 1n) | (table << 6n) : 0n);
  }

  /** A collection entry is: valid (bit 0), number of the processing element (16:1). */
  #mapCollection(collection: number, pe: number, isValid: boolean): void {
    const at = this.#entry(1, collection);
    if (at === undefined || (isValid && pe >= this.#targets.processingElements)) return;
    this.#write64(at, isValid ? 1n | (BigInt(pe) << 1n) : 0n);
  }

  #mapEvent(device: number, event: number, translation: Translation): void {
    if (translation.intid < firstLpi || translation.intid >= 2 ** largestIdBits) return;
    this.#writeTranslation(device, event, translation);
  }

  #moveEvent(device: number, event: number, collection: number): void {
    const found = this.#translation(device, event);
    const from = found && this.#target(found.collection);
    const to = this.#target(collection);
    if (!found || from === undefined || to === undefined) return;
    if (from !== to && this.#targets.isPending(from, found.intid)) {
      this.#targets.clearPending(from, found.intid);
      this.#targets.setPending(to, found.intid);
    }
    this.#writeTranslation(device, event, { ...found, collection });
  }

  /** The processing element of a collection. */
  #target(collection: number): number | undefined {
    const at = this.#entry(1, collection);
    const entry = at === undefined ? 0n : this.#read64(at);
    return entry & 1n ? Number((entry >> 1n) & 0xffffn) : undefined;
  }

  /** A translation is: valid (bit 0), INTID (31:8) in the first word, the collection in the third. */
  #translation(device: number, event: number): Translation | undefined {
    const at = this.#translationEntry(device, event);
    if (at === undefined) return undefined;
    const entry = this.#read(at, translationEntrySize);
    const first = entry.getUint32(0, true);
    if (!(first & 1)) return undefined;
    return { intid: first >>> 8, collection: entry.getUint32(8, true) };
  }

  #writeTranslation(device: number, event: number, translation: Translation | undefined): void {
    const at = this.#translationEntry(device, event);
    if (at === undefined) return;
    const view = new DataView(new ArrayBuffer(translationEntrySize));
    if (translation) {
      view.setUint32(0, (translation.intid << 8) | 1, true);
      view.setUint32(8, translation.collection, true);
    }
    this.#write(at, new Uint8Array(view.buffer));
  }

  #translationEntry(device: number, event: number): number | undefined {
    const at = this.#deviceEntry(device);
    const entry = at === undefined ? 0n : this.#read64(at);
    if (!(entry & 1n) || event >= 2 ** (Number((entry >> 1n) & 0x1fn) + 1)) return undefined;
    return Number((entry >> 6n) & 0xfff_ffff_ffffn) * 256 + event * translationEntrySize;
  }

  #deviceEntry(device: number): number | undefined {
    return device < 2 ** deviceIdBits ? this.#entry(0, device) : undefined;
  }

  /** Address of an entry of the device (0) or collection (1) table, flat or in two levels; undefined beyond its end. */
  #entry(table: 0 | 1, index: number): number | undefined {
    const base = this.base(table);
    if (!(base & valid)) return undefined;
    const { entrySize } = tables[table];
    const pageSize = [0x1000, 0x4000, 0x1_0000, 0x1_0000][Number((base >> 8n) & 3n)]!;
    const pages = Number(base & 0xffn) + 1;
    const start = tableAddress(base, pageSize);
    if (!(base & indirect)) {
      return index < (pages * pageSize) / entrySize ? start + index * entrySize : undefined;
    }
    const perPage = pageSize / entrySize;
    const firstLevel = Math.floor(index / perPage);
    if (firstLevel >= (pages * pageSize) / 8) return undefined;
    const pointer = this.#read64(start + 8 * firstLevel);
    if (!(pointer & valid)) return undefined;
    return tableAddress(pointer, pageSize) + (index % perPage) * entrySize;
  }

  #read(address: number, length: number): DataView {
    const bytes = this.#memory.read(address, length);
    if (!bytes) throw new MissingMemory();
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  #read64(address: number): bigint {
    return this.#read(address, 8).getBigUint64(0, true);
  }

  #write(address: number, bytes: Uint8Array): void {
    if (!this.#memory.write(address, bytes)) throw new MissingMemory();
  }

  #write64(address: number, value: bigint): void {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, value, true);
    this.#write(address, new Uint8Array(view.buffer));
  }

  save(): unknown {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as ItsState);
  }
}

/** With pages of 64 KiB, bits 15:12 of the register are bits 51:48 of the address. */
function tableAddress(base: bigint, pageSize: number): number {
  if (pageSize < 0x1_0000) return Number(base & 0xffff_ffff_f000n);
  return Number((base & 0xffff_ffff_0000n) | ((base & 0xf000n) << 36n));
}

/** Control frame; the last row is in the translation frame. */
const itsRegisters = new RegisterFile<InterruptTranslationService>([
  {
    name: 'GITS_CTLR',
    offset: 0x0000,
    brief: 'Switches the ITS on; says that nothing is under way.',
    fields: [field('0', 'Enabled', 'The ITS is on.'), field('31', 'Quiescent', 'Nothing is under way.')],
    read: its => (its.enabled ? 0x8000_0001 : 0x8000_0000),
    write: (its, value) => {
      its.enabled = (value & 1) !== 0;
    },
  },
  { name: 'GITS_IIDR', offset: 0x0004, brief: 'Implementer and product.', read: () => implementerIdentification },
  {
    name: 'GITS_TYPER',
    offset: 0x0008,
    width: 64,
    brief: 'What the ITS implements.',
    fields: typerFields,
    read: () => type,
  },
  {
    name: 'GITS_CBASER',
    offset: 0x0080,
    width: 64,
    brief: 'Address and size of the command queue.',
    read: its => its.queue,
    write: (its, value) => {
      its.queue = value;
    },
  },
  {
    name: 'GITS_CWRITER',
    offset: 0x0088,
    width: 64,
    brief: 'Where software will write the next command.',
    read: its => BigInt(its.writeOffset),
    write: (its, value) => {
      its.writeOffset = Number(value & 0xffff_ffffn);
    },
  },
  {
    name: 'GITS_CREADR',
    offset: 0x0090,
    width: 64,
    brief: 'Which command is executed next.',
    read: its => BigInt(its.readOffset),
  },
  {
    name: 'GITS_BASER',
    offset: 0x0100,
    count: 8,
    width: 64,
    brief: 'Address and size of a table.',
    read: (its, index) => its.base(index),
    write: (its, value, index) => its.setBase(index, value),
  },
  identificationRows<InterruptTranslationService>('GITS', 0xffd0, peripheralIdentification(0x94)),
  {
    name: 'GITS_TRANSLATER',
    offset: 0x1_0040,
    brief: 'Takes the EventID of a message. What a processing element writes counts as from device 0.',
    write: (its, value) => its.translate(0, value),
  },
]);

/** Offset of GITS_TRANSLATER, which devices write their messages to. */
export const translaterOffset = 0x1_0040;
