/**
 * Predecoded pages. A page of memory that is executed gets a slot of records; stores into it reset the records they
 * touch. Breakpoints are records with a handler of their own, never changes of guest memory.
 */
import { decode } from '../architecture/decoder.ts';
import type { MachineMemory } from '../bus/memory.ts';
import { DirectOperations, directKinds, writeDirect } from './direct-operations.ts';
import type { HandlerTable } from './handler-table.ts';
import { KnownRecords } from './known-records.ts';
import { PAGE_RECORDS_MASK, PAGE_STRIDE, RECORD_SHIFT, RECORD_SIZE, shapeIndex, writeRecord } from './record.ts';
import {
  FIRST_DIRECT_HANDLER,
  HANDLER_BREAKPOINT,
  HANDLER_NOT_DECODED,
  HANDLER_NOTHING,
  HANDLER_PAGE_END,
  HANDLER_UNDEFINED,
} from './variants.ts';

const PAGE = 4096;
const RECORDS = 1024;

export class CodeCache {
  private readonly memory: MachineMemory;
  private readonly base: number;
  private readonly capacity: number;
  private readonly table: HandlerTable;
  /** Whether the processor implements a feature. */
  readonly hasFeature: (feature: string) => boolean;
  /** Slot + 1 by linear page; 0 where nothing is decoded. */
  private readonly slots: Uint16Array;
  /** Linear page by slot. */
  private readonly pages: number[] = [];
  private readonly breakpoints = new Set<number>();
  private readonly known = new KnownRecords();
  readonly direct = new DirectOperations();

  constructor(options: {
    readonly memory: MachineMemory;
    readonly base: number;
    readonly pages: number;
    readonly table: HandlerTable;
    readonly hasFeature: (feature: string) => boolean;
  }) {
    this.memory = options.memory;
    this.base = options.base;
    this.capacity = options.pages;
    this.table = options.table;
    this.hasFeature = options.hasFeature;
    this.slots = new Uint16Array(options.memory.u8.length / PAGE);
  }

  /** Whether a linear page holds decoded code. */
  hasCode(linearPage: number): boolean {
    return this.slots[linearPage] !== 0;
  }

  /**
   * Address of the records of a linear page. When all slots are in use everything is forgotten first; `undefined` says
   * so, and the caller drops its instruction TLBs and asks again.
   */
  records(linearPage: number): number | undefined {
    const known = this.slots[linearPage];
    if (known) return this.base + (known - 1) * PAGE_STRIDE;
    if (this.pages.length === this.capacity) {
      this.clear();
      return undefined;
    }
    const slot = this.pages.length;
    this.pages.push(linearPage);
    this.slots[linearPage] = slot + 1;
    const records = this.base + slot * PAGE_STRIDE;
    const { view } = this.memory;
    this.memory.u32.fill(HANDLER_NOT_DECODED, records >>> 2, (records + RECORDS * RECORD_SIZE) >>> 2);
    view.setUint16(records + RECORDS * RECORD_SIZE, HANDLER_PAGE_END, true);
    return records;
  }

  /** Forgets every page and breakpoint. */
  clear(): void {
    for (const page of this.pages) this.slots[page] = 0;
    this.pages.length = 0;
    this.breakpoints.clear();
  }

  /** Linear address of the instruction word of a record. */
  wordAddress(record: number): number {
    const slot = ((record - this.base) / PAGE_STRIDE) | 0;
    return (this.pages[slot] as number) * PAGE + ((record & PAGE_RECORDS_MASK) >>> (RECORD_SHIFT - 2));
  }

  /** Decodes a record and those after it, up to one that is decoded already, a branch that is always taken, or 32. */
  decodeFrom(record: number): void {
    const { view } = this.memory;
    let at = record;
    for (let left = 32; left > 0; at += RECORD_SIZE, left--) {
      if ((at & (PAGE_STRIDE - 1)) >= RECORDS * RECORD_SIZE) break;
      if (view.getUint16(at, true) !== HANDLER_NOT_DECODED) break;
      const ends = this.decodeRecord(at);
      if (this.breakpoints.size > 0 && this.breakpoints.has(at)) view.setUint16(at, HANDLER_BREAKPOINT, true);
      this.joinWithNext(at - RECORD_SIZE);
      if (ends) return;
    }
    this.joinWithNext(at - RECORD_SIZE);
  }

  /** Lets a record's handler do the next record's work as well, where a handler does both. */
  private joinWithNext(record: number): void {
    const { view } = this.memory;
    // Before a page's first record there is none: what lies there is behind another page's sentinel, or before the cache.
    if ((record & (PAGE_STRIDE - 1)) >= (RECORDS - 1) * RECORD_SIZE) return;
    const second = this.table.first(view.getUint16(record + RECORD_SIZE, true));
    const pair = this.table.pair(view.getUint16(record, true), second);
    if (pair !== undefined) view.setUint16(record, pair, true);
  }

  /** The next record is about to change: a handler must not do its work as it was. */
  private partFromNext(record: number): void {
    if ((record & (PAGE_STRIDE - 1)) >= RECORDS * RECORD_SIZE) return;
    const { view } = this.memory;
    view.setUint16(record, this.table.first(view.getUint16(record, true)), true);
  }

  /** Writes one record as its word says; gives whether the instruction always leaves the sequence. */
  private decodeRecord(at: number): boolean {
    const { u32, view } = this.memory;
    const word = u32[this.wordAddress(at) >>> 2] as number;
    const to = at >>> 2;
    const known = this.known.recall(word, u32, to);
    if (known !== undefined) return known;
    const ends = this.decodeWord(view, at, word);
    this.known.learn(word, u32, to, ends);
    return ends;
  }

  private decodeWord(view: DataView, at: number, word: number): boolean {
    const decoded = decode(word);
    const absent = decoded?.row.feature !== undefined && !this.hasFeature(decoded.row.feature);
    if (absent && decoded.row.traits.has('hint')) {
      view.setUint16(at, HANDLER_NOTHING, true);
      return false;
    }
    if (!decoded || absent) {
      view.setUint16(at, HANDLER_UNDEFINED, true);
      return true;
    }
    const { row, fields } = decoded;
    const shape = shapeIndex(row, fields);
    const handler = this.table.handler(row, shape);
    if (handler === HANDLER_NOTHING) {
      view.setUint16(at, handler, true);
      return false;
    }
    const variant = this.table.variant(row, shape);
    if (handler === undefined || !variant) {
      view.setUint16(at, HANDLER_UNDEFINED, true);
      return true;
    }
    const only = variant.statements[0];
    const direct = only?.op === 'system' ? this.direct.find(only.operation, fields) : undefined;
    if (direct) {
      view.setUint16(at, FIRST_DIRECT_HANDLER + directKinds.indexOf(direct.kind), true);
      writeDirect(view, at, direct, fields);
      return false;
    }
    writeRecord(view, at, handler, row, variant.layout, fields);
    return row.traits.has('branch') && !row.traits.has('conditional') && !row.traits.has('call');
  }

  /** Decoded words may have changed: resets the records of a range of linear memory. */
  written(linear: number, length: number): void {
    const { view } = this.memory;
    const first = linear >>> 12;
    const last = (linear + length - 1) >>> 12;
    for (let page = first; page <= last; page++) {
      const slot = this.slots[page];
      if (!slot) continue;
      const records = this.base + (slot - 1) * PAGE_STRIDE;
      const from = Math.max(linear - page * PAGE, 0) >>> 2;
      const to = Math.min(linear + length - 1 - page * PAGE, PAGE - 1) >>> 2;
      this.partFromNext(records + (from - 1) * RECORD_SIZE);
      for (let i = from; i <= to; i++) {
        const at = records + i * RECORD_SIZE;
        if (!this.breakpoints.has(at)) view.setUint16(at, HANDLER_NOT_DECODED, true);
      }
    }
  }

  hasBreakpoint(record: number): boolean {
    return this.breakpoints.has(record);
  }
  /** Puts a breakpoint on a record. */
  setBreakpoint(record: number): void {
    this.breakpoints.add(record);
    this.partFromNext(record - RECORD_SIZE);
    this.memory.view.setUint16(record, HANDLER_BREAKPOINT, true);
  }
  /** Lifts one breakpoint until `setBreakpoint` puts it back, so that its instruction can be executed. */
  liftBreakpoint(record: number): void {
    this.breakpoints.delete(record);
    this.memory.view.setUint16(record, HANDLER_NOT_DECODED, true);
  }
  clearBreakpoints(): void {
    for (const record of [...this.breakpoints]) this.liftBreakpoint(record);
  }
}
