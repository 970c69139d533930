/**
 * Which mappings larger than a page the entries of a table came from. Maintenance of one address asks it whether any
 * entry but that of the page itself can be meant.
 */
const PAGE_BITS = 12;

export class MappedBlocks {
  /** First pages of blocks by log2 of their size in bytes. */
  private readonly starts = new Map<number, Set<number>>();

  /** An entry for a page was made from a mapping of 2^sizeBits bytes. */
  note(page: number, sizeBits: number): void {
    if (sizeBits <= PAGE_BITS) return;
    const known = this.starts.get(sizeBits);
    const start = page - (page % 2 ** (sizeBits - PAGE_BITS));
    if (known) known.add(start);
    else this.starts.set(sizeBits, new Set([start]));
  }

  /** Whether a page lies within a noted block. */
  has(page: number): boolean {
    for (const [sizeBits, starts] of this.starts)
      if (starts.has(page - (page % 2 ** (sizeBits - PAGE_BITS)))) return true;
    return false;
  }

  clear(): void {
    this.starts.clear();
  }
}
