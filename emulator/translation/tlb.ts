/**
 * The translation look-aside buffer that generated code reads: one table per translation context in linear memory,
 * direct-mapped by virtual page. A miss comes here through the slow path, which translates and fills.
 *
 * An entry stands for one 4 KiB page whatever the size of the mapping; the mapping's sizes are kept beside it, so that
 * maintenance of one address also finds the other pages of a block.
 */

import { isDevice } from './attributes.ts';
import { MappedBlocks } from './mapped-blocks.ts';
import { TRANSLATION_CONTEXTS, type TranslationContext } from './regime.ts';
import type { Translation } from './request.ts';

/** Fewer, and pages of a kernel's code, stacks and linear map push each other out. */
export const TLB_ENTRIES = 8192;
export const TLB_ENTRY_BYTES = 32;
/** Bytes of the table of one context. */
export const TLB_CONTEXT_BYTES = TLB_ENTRIES * TLB_ENTRY_BYTES;
/** Bytes of all tables of one PE: those of the contexts, and one that stays empty. */
export const TLB_BYTES = TLB_CONTEXT_BYTES * (TRANSLATION_CONTEXTS.length + 1);

/** Byte offsets within an entry. */
export const TLB_ENTRY = {
  /** 64 bits: the virtual address of the page if it may be read without help, else all ones. */
  tagRead: 0,
  /** 64 bits: likewise for writes. */
  tagWrite: 8,
  /** 32 bits: linear address minus virtual address, modulo 2^32. */
  addend: 16,
  /** 32 bits: physical page number. */
  physicalPage: 20,
  /** 64 bits of this module: intermediate physical page, mapping sizes, whether global. */
  origin: 24,
} as const;

const PAGE_BITS = 12;
const INVALID = -1;
const WORDS = TLB_ENTRY_BYTES / 4;
const UPPER_HALF = 0x80_0000;

/** Bits of the second word of `origin`; bits 7:0 are bits 39:32 of the intermediate page. */
const PAGE_MASK = 0xff;
const STAGE1_SIZE_SHIFT = 8;
const STAGE2_SIZE_SHIFT = 14;
const SIZE_MASK = 0x3f;
const NOT_GLOBAL = 1 << 20;
/**
 * Bit of the second word of `origin`: the translation and the memory behind it allow stores. Where the write tag is
 * invalid all the same, somebody wants to hear of the next store first.
 */
const WRITABLE = 1 << 22;
/** Bit of the second word of `origin`: accesses within the page need not be aligned (it is not Device memory). */
export const TLB_UNALIGNED = 1 << 21;

/** What a table's keeper knows of its entries without looking at them. */
interface ContextBook {
  /** Slots that may hold an entry, each once. */
  readonly filled: Uint16Array;
  count: number;
  readonly listed: Uint8Array;
  /** Stage 1 mappings larger than a page that entries came from. */
  readonly blocks: MappedBlocks;
}

/** The fast TLB of one PE. */
export class FastTlb {
  private readonly base: number;
  private readonly words: Int32Array;
  private readonly books: readonly ContextBook[];

  /** @param base linear address of {@link TLB_BYTES} bytes, a multiple of 8 */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.base = base;
    this.words = new Int32Array(memory.buffer);
    this.books = TRANSLATION_CONTEXTS.map(() => ({
      filled: new Uint16Array(TLB_ENTRIES),
      count: 0,
      listed: new Uint8Array(TLB_ENTRIES),
      blocks: new MappedBlocks(),
    }));
    this.clear();
  }

  /** Linear address of the table of a context. */
  contextAddress(context: TranslationContext): number {
    return this.base + context * TLB_CONTEXT_BYTES;
  }

  /** Linear address of a table without entries, for what must never be reached directly. */
  get emptyAddress(): number {
    return this.base + TRANSLATION_CONTEXTS.length * TLB_CONTEXT_BYTES;
  }

  /** Makes every entry of every context invalid, whatever memory holds. */
  clear(): void {
    this.words.fill(INVALID, this.base >>> 2, (this.base + TLB_BYTES) >>> 2);
    for (const book of this.books) forget(book);
  }

  /**
   * Lets generated code reach a page directly.
   * @param virtualAddress any address within the page, with its tag byte
   * @param host linear address of the page
   * @param allow which accesses the memory takes directly, and whether somebody wants to hear of stores all the same;
   *   the translation's own permissions limit them further
   */
  fill(
    context: TranslationContext,
    virtualAddress: bigint,
    translation: Translation,
    host: number,
    allow: { readonly read: boolean; readonly write: boolean; readonly heard?: boolean },
  ): void {
    const low = Number(virtualAddress & 0xffff_f000n) | 0;
    const high = Number(virtualAddress >> 32n) | 0;
    const slot = (low >>> PAGE_BITS) & (TLB_ENTRIES - 1);
    const at = this.at(context, slot);
    const { words } = this;
    this.setTag(at, translation.read && allow.read, high, low);
    this.setTag(at + 2, translation.write && allow.write && !allow.heard, high, low);
    words[at + 4] = (host - low) | 0;
    words[at + 5] = Math.floor(translation.physicalAddress / 4096) | 0;
    const intermediatePage = Math.floor(translation.intermediatePhysicalAddress / 4096);
    words[at + 6] = intermediatePage | 0;
    words[at + 7] =
      Math.floor(intermediatePage / 0x1_0000_0000) |
      (translation.stage1SizeBits << STAGE1_SIZE_SHIFT) |
      (translation.stage2SizeBits << STAGE2_SIZE_SHIFT) |
      (translation.global ? 0 : NOT_GLOBAL) |
      (translation.write && allow.write ? WRITABLE : 0) |
      (isDevice(translation.attributes) ? 0 : TLB_UNALIGNED);
    const book = this.books[context]!;
    if (!book.listed[slot]) {
      book.listed[slot] = 1;
      book.filled[book.count++] = slot;
    }
    book.blocks.note((high & 0xff_ffff) * 0x10_0000 + (low >>> PAGE_BITS), translation.stage1SizeBits);
  }

  /**
   * The page of an address that may be both read directly and written, whoever wants to hear of a store: the index of
   * its entry, or -1.
   */
  private writable(context: TranslationContext, high: number, low: number): number {
    const { words } = this;
    const at = this.at(context, (low >>> PAGE_BITS) & (TLB_ENTRIES - 1));
    const known = words[at] === (low & ~0xfff) && words[at + 1] === high && (words[at + 7]! & WRITABLE) !== 0;
    return known ? at : -1;
  }

  /**
   * Linear address for a store to a page whose translation is known, although stores to it need help; -1 where it must
   * be translated.
   */
  findForWrite(context: TranslationContext, virtualAddress: bigint): number {
    const low = Number(BigInt.asIntN(32, virtualAddress));
    const at = this.writable(context, Number(BigInt.asIntN(32, virtualAddress >> 32n)), low);
    return at < 0 ? -1 : (this.words[at + 4]! + low) >>> 0;
  }

  /** From now on stores to the page that `findForWrite` found need no help. */
  allowWrites(context: TranslationContext, virtualAddress: bigint): void {
    const low = Number(BigInt.asIntN(32, virtualAddress));
    const high = Number(BigInt.asIntN(32, virtualAddress >> 32n));
    const at = this.writable(context, high, low);
    if (at >= 0) this.setTag(at + 2, true, high, low & ~0xfff);
  }

  /**
   * Writes zeros to a block within a page, when stores to the page need no help. Says whether it did.
   * @param bytes length, a multiple of 4 to which the address is aligned
   */
  zero(context: TranslationContext, virtualAddress: bigint, bytes: number): boolean {
    const linear = this.linear(context, virtualAddress, true);
    if (linear === undefined) return false;
    this.words.fill(0, linear >>> 2, (linear >>> 2) + (bytes >>> 2));
    return true;
  }

  /** The byte of linear memory that an address reaches without help; undefined when it needs some. */
  linear(context: TranslationContext, virtualAddress: bigint, write: boolean): number | undefined {
    const low = Number(BigInt.asIntN(32, virtualAddress));
    const at = this.at(context, (low >>> PAGE_BITS) & (TLB_ENTRIES - 1));
    const tag = write ? at + 2 : at;
    const { words } = this;
    if (words[tag] !== (low & ~0xfff) || words[tag + 1] !== Number(BigInt.asIntN(32, virtualAddress >> 32n)))
      return undefined;
    return (words[at + 4]! + low) >>> 0;
  }

  /** Invalidates a whole context. */
  flush(context: TranslationContext): void {
    const book = this.books[context]!;
    for (let i = 0; i < book.count; i++) this.drop(this.at(context, book.filled[i]!));
    forget(book);
  }

  /** Invalidates the entries that belong to one ASID. */
  flushNonGlobal(context: TranslationContext): void {
    this.dropWhere(context, at => (this.words[at + 7]! & NOT_GLOBAL) !== 0);
  }

  /** Invalidates the entries of the lower (TTBR0) or of the upper (TTBR1) address range. */
  flushRange(context: TranslationContext, upper: boolean): void {
    this.dropWhere(context, at => {
      const tag = this.tagOf(at);
      return tag >= 0 && ((this.words[tag + 1]! & UPPER_HALF) !== 0) === upper;
    });
  }

  /**
   * Invalidates the entries of all mappings that meet a run of pages, the numbers being bits 55:12 of addresses.
   * @param nonGlobal also entries of the current ASID, not only global ones
   */
  flushPages(context: TranslationContext, firstPage: number, lastPage: number, nonGlobal: boolean): void {
    const book = this.books[context]!;
    if (book.count === 0) return;
    if (firstPage === lastPage && !book.blocks.has(firstPage)) {
      const at = this.at(context, firstPage % TLB_ENTRIES);
      if (this.isWithin(at, firstPage, lastPage, nonGlobal)) this.drop(at);
      return;
    }
    this.dropWhere(context, at => this.isWithin(at, firstPage, lastPage, nonGlobal));
  }

  /** Invalidates the entries of all stage 2 mappings that meet a run of intermediate physical pages. */
  flushIntermediatePages(context: TranslationContext, firstPage: number, lastPage: number): void {
    this.dropWhere(context, at => {
      const { words } = this;
      const origin = words[at + 7]!;
      const page = (words[at + 6]! >>> 0) + (origin & PAGE_MASK) * 0x1_0000_0000;
      return meets(page, (origin >>> STAGE2_SIZE_SHIFT) & SIZE_MASK, firstPage, lastPage);
    });
  }

  /** Sends every write through the slow path again, in all contexts. */
  revokeWrites(): void {
    this.forEach(at => {
      this.setTag(at + 2, false, 0, 0);
    });
  }

  /** Sends writes to one physical page through the slow path again. */
  revokeWritesTo(physicalPage: number): void {
    this.forEach(at => {
      if (this.words[at + 5] === (physicalPage | 0)) this.setTag(at + 2, false, 0, 0);
    });
  }

  /** Sends every access to one physical page through the slow path again. */
  revokeAccessTo(physicalPage: number): void {
    this.forEach(at => {
      if (this.words[at + 5] === (physicalPage | 0)) this.drop(at);
    });
  }

  /** Index of an entry's first word. */
  private at(context: TranslationContext, slot: number): number {
    return ((this.base + context * TLB_CONTEXT_BYTES) >>> 2) + slot * WORDS;
  }

  private setTag(at: number, valid: boolean, high: number, low: number): void {
    this.words[at] = valid ? low : INVALID;
    this.words[at + 1] = valid ? high : INVALID;
  }

  private drop(at: number): void {
    this.words.fill(INVALID, at, at + 4);
  }

  /** Index of the low word of a valid tag of an entry, or -1. A tag's low word has zeros where an invalid one has ones. */
  private tagOf(at: number): number {
    if (this.words[at] !== INVALID) return at;
    return this.words[at + 2] !== INVALID ? at + 2 : -1;
  }

  private isWithin(at: number, firstPage: number, lastPage: number, nonGlobal: boolean): boolean {
    const { words } = this;
    const tag = this.tagOf(at);
    if (tag < 0) return false;
    const origin = words[at + 7]!;
    if (!nonGlobal && (origin & NOT_GLOBAL) !== 0) return false;
    const page = (words[tag + 1]! & 0xff_ffff) * 0x10_0000 + (words[tag]! >>> PAGE_BITS);
    return meets(page, (origin >>> STAGE1_SIZE_SHIFT) & SIZE_MASK, firstPage, lastPage);
  }

  private dropWhere(context: TranslationContext, wanted: (at: number) => boolean): void {
    const book = this.books[context]!;
    for (let i = 0; i < book.count; i++) {
      const at = this.at(context, book.filled[i]!);
      if (wanted(at)) this.drop(at);
    }
  }

  private forEach(visit: (at: number) => void): void {
    this.books.forEach((book, context) => {
      for (let i = 0; i < book.count; i++) visit(this.at(context as TranslationContext, book.filled[i]!));
    });
  }
}

/** Whether the mapping of 2^sizeBits bytes around a page meets a run of pages. */
function meets(page: number, sizeBits: number, firstPage: number, lastPage: number): boolean {
  const pages = 2 ** (sizeBits - PAGE_BITS);
  const start = page - (page % pages);
  return start <= lastPage && start + pages > firstPage;
}

function forget(book: ContextBook): void {
  for (let i = 0; i < book.count; i++) book.listed[book.filled[i]!] = 0;
  book.count = 0;
  book.blocks.clear();
}
