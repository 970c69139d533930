/**
 * The instruction side of translation that generated code reads: virtual page to the page's records.
 * One table per translation context, direct-mapped: 16 bytes each, the tag (all ones is invalid), the records' address,
 * and where the entry came from.
 */
import { MappedBlocks } from '../translation/mapped-blocks.ts';
import type { TranslationContext } from '../translation/regime.ts';
import type { Translation } from '../translation/request.ts';
import type { TranslationTables } from '../translation/tlb-keeper.ts';

export const INSTRUCTION_TLB_ENTRIES = 4096;
const ENTRY_BYTES = 16;
const WORDS = ENTRY_BYTES / 4;
const CONTEXTS = 8;
export const INSTRUCTION_TLB_BYTES = CONTEXTS * INSTRUCTION_TLB_ENTRIES * ENTRY_BYTES;

const INVALID = -1;
const PAGE_BITS = 12;
const UPPER_HALF = 0x80_0000;
/** Of an entry's last word: log2 of the size of the stage 1 mapping, whether it belongs to one ASID, whether guarded. */
const SIZE_MASK = 0x3f;
const NOT_GLOBAL = 0x40;
const GUARDED = 0x80;

export class InstructionTlb implements TranslationTables {
  private readonly base: number;
  private readonly words: Int32Array;
  /** By context: whether there may be entries at all, and the mappings larger than a page that they came from. */
  private readonly filled = new Uint8Array(CONTEXTS);
  private readonly blocks = Array.from({ length: CONTEXTS }, () => new MappedBlocks());

  constructor(memory: WebAssembly.Memory, base: number) {
    this.base = base;
    this.words = new Int32Array(memory.buffer);
    this.clear();
  }

  contextAddress(context: TranslationContext): number {
    return this.base + context * INSTRUCTION_TLB_ENTRIES * ENTRY_BYTES;
  }

  clear(): void {
    this.words.fill(INVALID, this.base >>> 2, (this.base + INSTRUCTION_TLB_BYTES) >>> 2);
    this.filled.fill(0);
    for (const blocks of this.blocks) blocks.clear();
  }

  private at(context: TranslationContext, slot: number): number {
    return (this.contextAddress(context) >>> 2) + slot * WORDS;
  }

  private entry(context: TranslationContext, virtualAddress: bigint): number {
    return this.at(context, (Number(BigInt.asIntN(32, virtualAddress)) >>> PAGE_BITS) & (INSTRUCTION_TLB_ENTRIES - 1));
  }

  /** Address of a page's records, or undefined when the page must be translated. */
  find(context: TranslationContext, virtualAddress: bigint): number | undefined {
    const at = this.entry(context, virtualAddress);
    const low = Number(virtualAddress & 0xffff_f000n) | 0;
    const high = Number(virtualAddress >> 32n) | 0;
    return this.words[at] === low && this.words[at + 1] === high ? (this.words[at + 2] as number) : undefined;
  }

  /** Whether a page that `find` finds is guarded (FEAT_BTI). */
  isGuarded(context: TranslationContext, virtualAddress: bigint): boolean {
    const known = this.find(context, virtualAddress) !== undefined;
    return known && (this.words[this.entry(context, virtualAddress) + 3]! & GUARDED) !== 0;
  }

  fill(
    context: TranslationContext,
    virtualAddress: bigint,
    records: number,
    { stage1SizeBits, global, guarded }: Pick<Translation, 'stage1SizeBits' | 'global' | 'guarded'>,
  ): void {
    const at = this.entry(context, virtualAddress);
    this.words[at] = Number(virtualAddress & 0xffff_f000n) | 0;
    this.words[at + 1] = Number(virtualAddress >> 32n) | 0;
    this.words[at + 2] = records;
    this.words[at + 3] = stage1SizeBits | (global ? 0 : NOT_GLOBAL) | (guarded ? GUARDED : 0);
    this.filled[context] = 1;
    this.blocks[context]?.note(this.page(at), stage1SizeBits);
  }

  flush(context: TranslationContext): void {
    if (!this.filled[context]) return;
    const at = this.at(context, 0);
    this.words.fill(INVALID, at, at + INSTRUCTION_TLB_ENTRIES * WORDS);
    this.filled[context] = 0;
    this.blocks[context]?.clear();
  }

  flushNonGlobal(context: TranslationContext): void {
    this.dropWhere(context, at => (this.words[at + 3]! & NOT_GLOBAL) !== 0);
  }

  flushRange(context: TranslationContext, upper: boolean): void {
    this.dropWhere(context, at => ((this.words[at + 1]! & UPPER_HALF) !== 0) === upper);
  }

  flushPages(context: TranslationContext, firstPage: number, lastPage: number, nonGlobal: boolean): void {
    if (!this.filled[context]) return;
    const within = (at: number): boolean => {
      const { words } = this;
      const origin = words[at + 3]!;
      if (!nonGlobal && (origin & NOT_GLOBAL) !== 0) return false;
      const page = this.page(at);
      const pages = 2 ** ((origin & SIZE_MASK) - PAGE_BITS);
      const start = page - (page % pages);
      return start <= lastPage && start + pages > firstPage;
    };
    if (firstPage === lastPage && !this.blocks[context]?.has(firstPage)) {
      const at = this.at(context, firstPage % INSTRUCTION_TLB_ENTRIES);
      if (this.isValid(at) && within(at)) this.drop(at);
      return;
    }
    this.dropWhere(context, within);
  }

  /** Entries do not know their intermediate pages: all go. */
  flushIntermediatePages(context: TranslationContext): void {
    this.flush(context);
  }

  /** Bits 55:12 of the address of an entry. */
  private page(at: number): number {
    return (this.words[at + 1]! & 0xff_ffff) * 0x10_0000 + (this.words[at]! >>> PAGE_BITS);
  }

  /** A tag's low word has zeros where an invalid one has ones. */
  private isValid(at: number): boolean {
    return this.words[at] !== INVALID;
  }

  private drop(at: number): void {
    this.words.fill(INVALID, at, at + WORDS);
  }

  private dropWhere(context: TranslationContext, wanted: (at: number) => boolean): void {
    if (!this.filled[context]) return;
    for (let slot = 0; slot < INSTRUCTION_TLB_ENTRIES; slot++) {
      const at = this.at(context, slot);
      if (this.isValid(at) && wanted(at)) this.drop(at);
    }
  }
}
