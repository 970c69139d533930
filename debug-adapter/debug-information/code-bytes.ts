/** The instructions of an image as its file has them: what runs is recognised by them. */
import type { ElfFile } from './elf.ts';

/** Words of code at an address of the image. */
export interface CodeWords {
  readonly address: bigint;
  readonly words: Uint32Array;
}

const pageWords = 1024;
const sampleWords = 8;
/** How far from a place samples are taken, in bytes, so that a part that is mapped alone is recognised as well. */
const nearby = [0x40, 0x200, 0x800, 0x1800, 0x4000, 0x8000, 0x1_0000].flatMap(distance => [distance, -distance]);

export class CodeBytes {
  readonly #elf: ElfFile;
  #parts: readonly CodeWords[] | undefined;

  constructor(elf: ElfFile) {
    this.#elf = elf;
  }

  /** Sections with code; empty for a file that has symbols and debug information alone. */
  get #sections(): readonly CodeWords[] {
    this.#parts ??= this.#elf.codeSections.map(({ name, address, size }) => {
      const bytes = this.#elf.bytesAt(address, size) ?? this.#elf.contents(name) ?? new Uint8Array(0);
      return { address, words: new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer) };
    });
    return this.#parts;
  }

  #words(address: bigint, count: number): CodeWords | undefined {
    for (const section of this.#sections) {
      const from = Number(address - section.address);
      if (from < 0 || from >= section.words.length * 4) continue;
      return { address, words: section.words.subarray(from >>> 2, (from >>> 2) + count) };
    }
    return undefined;
  }

  /** Up to `count` words with an address in their middle. */
  around(address: bigint, count: number): CodeWords | undefined {
    for (const section of this.#sections) {
      const at = Number(address - section.address) >>> 2;
      if (address < section.address || at >= section.words.length) continue;
      const first = Math.max(0, at - count / 2);
      return { address: section.address + BigInt(first * 4), words: section.words.subarray(first, at + count / 2) };
    }
    return undefined;
  }

  /** Words that hardly stand anywhere else: those in a row with the most different values, near the beginning. */
  typical(count: number): CodeWords | undefined {
    let best: CodeWords | undefined;
    let most = Math.min(8, count) - 1;
    for (const { address, words } of this.#sections) {
      for (let from = 0; from < Math.min(words.length, 64 * count); from += count) {
        const window = words.subarray(from, from + count);
        const start = address + BigInt(from * 4);
        // It must lie within a page, as memory is looked through by pages.
        if ((start & 0xfffn) + BigInt(window.length * 4) > 0x1000n) continue;
        const different = new Set(window).size;
        if (different > most) {
          most = different;
          best = { address: start, words: window };
        }
      }
    }
    return best;
  }

  /**
   * Addresses of the image's pages that look like a page of memory: at one of the `anchors` (distances in words from
   * `at`) they have the same word, and then most of `count` words around `at`. The likeliest first.
   */
  pagesLike(memory: Uint32Array, at: number, anchors: readonly number[], count: number): readonly bigint[] {
    const offsets = anchors
      .map(distance => at + distance)
      .filter(word => word >= 0 && word < pageWords && memory[word] !== 0);
    const first = Math.max(0, Math.min(at - count / 2, pageWords - count));
    const found = new Map<bigint, number>();
    for (const { address, words } of this.#sections) {
      // Index of a page's first word: pages need not begin where a section does.
      const start = -Number((address & 0xfffn) >> 2n);
      for (let page = start; page < words.length; page += pageWords) {
        if (!offsets.some(offset => words[page + offset] === memory[offset])) continue;
        let equal = 0;
        let compared = 0;
        for (let word = first; word < first + count; word++) {
          const own = words[page + word];
          if (own === undefined) continue;
          compared++;
          if (own === memory[word]) equal++;
        }
        if (compared >= Math.min(8, words.length) && equal * 4 >= compared * 3)
          found.set(address + BigInt(page * 4), equal);
      }
    }
    return [...found]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 4)
      .map(([address]) => address);
  }

  /** A few words at places spread evenly over the code, and at some near an address. */
  samples(count: number, around: bigint): readonly CodeWords[] {
    const total = this.#sections.reduce((sum, { words }) => sum + words.length, 0);
    const places: CodeWords[] = [];
    const step = Math.max(sampleWords, Math.floor(total / count));
    let next = 0;
    let passed = 0;
    for (const { address, words } of this.#sections) {
      for (; next < passed + words.length; next += step) {
        const from = next - passed;
        places.push({ address: address + BigInt(from * 4), words: words.subarray(from, from + sampleWords) });
      }
      passed += words.length;
    }
    for (const distance of [0, ...nearby]) {
      const near = this.#words(around + BigInt(distance), sampleWords);
      if (near) places.push(near);
    }
    // Padding says nothing about what code it is.
    return places.filter(({ words }) => words.some(word => word !== words[0]));
  }
}
