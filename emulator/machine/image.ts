/** What images are to the machine: bytes with a physical address. */

/** A file cannot be used as an image; `message` names the file, what is wrong and what helps. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** Bytes to put into memory before the machine starts. */
export interface LoadedPiece {
  /** What it is, for messages and for a person who looks at the memory map. */
  readonly name: string;
  /** Physical address. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes of memory it takes, at least as many as `bytes`; the rest is zero. */
  readonly size: number;
  /** It lies in memory that keeps its contents over a reset (flash), so a reset does not load it again. */
  readonly survivesReset?: boolean;
}

const hex = (value: number) => `0x${value.toString(16)}`;

/** A range of memory that pieces may lie in. */
export interface LoadableRange {
  readonly name: string;
  readonly base: number;
  readonly size: number;
}

/**
 * Checks that every piece lies in memory and that no two overlap.
 *
 * @throws ImageError naming the pieces, their addresses and what helps
 */
export function checkPieces(pieces: readonly LoadedPiece[], memory: readonly LoadableRange[]): void {
  const sorted = [...pieces].sort((a, b) => a.address - b.address);
  for (const [index, piece] of sorted.entries()) {
    const end = piece.address + piece.size;
    const range = memory.find(r => piece.address >= r.base && piece.address < r.base + r.size);
    if (!range) {
      const ranges = memory.map(r => `${r.name} ${hex(r.base)}..${hex(r.base + r.size - 1)}`).join(', ');
      throw new ImageError(`${piece.name} at ${hex(piece.address)} is outside of memory (${ranges})`);
    }
    if (end > range.base + range.size) {
      const missing = end - (range.base + range.size);
      throw new ImageError(
        `${piece.name} at ${hex(piece.address)} does not fit: ${piece.size} bytes end ${missing} bytes beyond ` +
          `${range.name}; ${range.name === 'RAM' ? 'give the machine more memory with -m' : 'use a smaller file'}`,
      );
    }
    const next = sorted[index + 1];
    if (next && next.address < end) {
      throw new ImageError(
        `${piece.name} (${hex(piece.address)}..${hex(end - 1)}) and ${next.name} ` +
          `(${hex(next.address)}..${hex(next.address + next.size - 1)}) overlap; load one of them elsewhere`,
      );
    }
  }
}
