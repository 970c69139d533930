/**
 * The instruction side of translation that generated code reads: virtual page to the page's records.
 * One table per translation context, direct-mapped: 16 bytes each, the tag (all ones is invalid) and the records' address.
 */
import type { TranslationContext } from '../translation/regime.ts';

const ENTRIES = 256;
const ENTRY_BYTES = 16;
const CONTEXTS = 8;
export const INSTRUCTION_TLB_BYTES = CONTEXTS * ENTRIES * ENTRY_BYTES;

export class InstructionTlb {
  private readonly base: number;
  private readonly words: Int32Array;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.base = base;
    this.words = new Int32Array(memory.buffer);
    this.clear();
  }

  contextAddress(context: TranslationContext): number {
    return this.base + context * ENTRIES * ENTRY_BYTES;
  }

  clear(): void {
    this.words.fill(-1, this.base >>> 2, (this.base + INSTRUCTION_TLB_BYTES) >>> 2);
  }

  private entry(context: TranslationContext, virtualAddress: bigint): number {
    const page = Number((virtualAddress >> 12n) & BigInt(ENTRIES - 1));
    return (this.contextAddress(context) >>> 2) + page * (ENTRY_BYTES / 4);
  }

  /** Address of a page's records, or undefined when the page must be translated. */
  find(context: TranslationContext, virtualAddress: bigint): number | undefined {
    const at = this.entry(context, virtualAddress);
    const low = Number(virtualAddress & 0xffff_f000n) | 0;
    const high = Number(virtualAddress >> 32n) | 0;
    return this.words[at] === low && this.words[at + 1] === high ? (this.words[at + 2] as number) : undefined;
  }

  fill(context: TranslationContext, virtualAddress: bigint, records: number): void {
    const at = this.entry(context, virtualAddress);
    this.words[at] = Number(virtualAddress & 0xffff_f000n) | 0;
    this.words[at + 1] = Number(virtualAddress >> 32n) | 0;
    this.words[at + 2] = records;
  }
}
