/**
 * Which unit an address belongs to: by .debug_aranges where a unit is described there, else by the ranges of the unit's
 * own root entry. Source: DWARF 5, 6.1.2.
 */
import { MalformedData } from '../byte-reader.ts';
import type { DebugEntries, Unit } from './entries.ts';
import { readOffset, readUnitLength } from './sections.ts';

interface UnitRange {
  readonly low: bigint;
  readonly high: bigint;
  readonly unit: Unit;
}

/** Ranges overlap only in odd images; so many are looked at before an address is given up. */
const mostOverlapping = 16;

export class UnitIndex {
  readonly problems: string[] = [];
  readonly #ranges: readonly UnitRange[];

  constructor(entries: DebugEntries) {
    const ranges: UnitRange[] = [];
    const { sections } = entries;
    const add = (low: bigint, high: bigint, unit: Unit) => {
      if (high > low && sections.isCode(low)) ranges.push({ low, high, unit });
    };
    const described = new Set<Unit>();
    const attempt = (use: () => void) => {
      try {
        use();
      } catch (problem) {
        if (!(problem instanceof MalformedData)) throw problem;
        this.problems.push(problem.message);
      }
    };
    attempt(() => {
      const reader = sections.reader(sections.aranges, '.debug_aranges');
      while (!reader.atEnd) {
        const start = reader.offset;
        const { offsetSize, end } = readUnitLength(reader);
        const version = reader.u16();
        const unit = entries.unitAtOffset(readOffset(reader, offsetSize));
        const addressSize = reader.u8();
        const segmentSize = reader.u8();
        if (version === 2 && unit && segmentSize === 0 && addressSize > 0) {
          const pair = 2 * addressSize;
          reader.skip((pair - ((reader.offset - start) % pair)) % pair);
          while (reader.offset + pair <= end) {
            const low = reader.unsigned(addressSize);
            const length = reader.unsigned(addressSize);
            if (low === 0n && length === 0n) break;
            add(low, low + length, unit);
          }
          described.add(unit);
        }
        reader.offset = end;
      }
    });
    for (const unit of entries.units) {
      if (described.has(unit)) continue;
      attempt(() => {
        for (const [low, high] of unit.root?.ranges ?? []) add(low, high, unit);
      });
    }
    this.#ranges = ranges.sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  }

  at(address: bigint): Unit | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle]!.low <= address) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0 && index >= low - mostOverlapping; index--) {
      const range = this.#ranges[index]!;
      if (address < range.high) return range.unit;
    }
    return undefined;
  }
}
