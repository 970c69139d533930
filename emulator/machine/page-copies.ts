/**
 * Earlier contents of pages. They lie in large blocks, known by number: as objects of their own they would cost more
 * than their copying. A page of zeros, which most are before a guest first writes to them, needs no room.
 */
import type { MachineMemory } from '../bus/memory.ts';

const PAGE = 4096;
const PAGE_WORDS = PAGE / 4;
const PAGES_IN_BLOCK = 256;

/** Names kept contents until they are dropped. */
export type PageCopy = number;
const ZEROS: PageCopy = -1;

export class PageCopies {
  private readonly memory: MachineMemory;
  private blocks: Uint8Array[] = [];
  private free: PageCopy[] = [];

  constructor(memory: MachineMemory) {
    this.memory = memory;
  }

  /** Forgets everything. */
  clear(): void {
    this.blocks = [];
    this.free = [];
  }

  /** Keeps the contents of a linear page. */
  keep(page: number): PageCopy {
    if (this.isZero(page)) return ZEROS;
    const copy = this.free.pop() ?? this.room();
    this.at(copy).set(this.memory.u8.subarray(page * PAGE, (page + 1) * PAGE), this.offset(copy));
    return copy;
  }

  /** Puts kept contents into a linear page. */
  restore(copy: PageCopy, page: number): void {
    const { u8 } = this.memory;
    if (copy === ZEROS) u8.fill(0, page * PAGE, (page + 1) * PAGE);
    else u8.set(this.at(copy).subarray(this.offset(copy), this.offset(copy) + PAGE), page * PAGE);
  }

  /** The contents are not needed any more. */
  drop(copy: PageCopy): void {
    if (copy !== ZEROS) this.free.push(copy);
  }

  private isZero(page: number): boolean {
    const { u32 } = this.memory;
    const end = (page + 1) * PAGE_WORDS;
    for (let at = page * PAGE_WORDS; at < end; at += 4)
      if ((u32[at]! | u32[at + 1]! | u32[at + 2]! | u32[at + 3]!) !== 0) return false;
    return true;
  }

  private room(): PageCopy {
    const first = this.blocks.length * PAGES_IN_BLOCK;
    this.blocks.push(new Uint8Array(PAGES_IN_BLOCK * PAGE));
    for (let copy = first + PAGES_IN_BLOCK - 1; copy > first; copy--) this.free.push(copy);
    return first;
  }

  private at(copy: PageCopy): Uint8Array {
    return this.blocks[(copy / PAGES_IN_BLOCK) | 0]!;
  }
  private offset(copy: PageCopy): number {
    return (copy % PAGES_IN_BLOCK) * PAGE;
  }
}
