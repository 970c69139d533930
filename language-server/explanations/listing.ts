import type { Analysis, Span } from '../analysis.ts';
import type { ListingEntry } from '../assembler/index.ts';
import { hexWord } from './encoding-diagram.ts';

/** An instruction or datum that a stretch of the source became. */
export interface ListedWord {
  readonly section: string;
  readonly offset: number;
  /** The instruction word; absent for data. */
  readonly word?: number;
  readonly direct: boolean;
}

/** What the statement at a stretch of the source became, expansions included. */
export function listingAt(analysis: Analysis, statement: Span): ListedWord[] {
  const { assembler, object } = analysis.assembly;
  const found: ListedWord[] = [];
  for (const entry of assembler.output.listing) {
    const place = analysis.placeOf(entry.range);
    if (place.end === 0 || place.start < statement.start || place.end > statement.end) continue;
    const direct = entry.range.file === analysis.file && entry.range.expansion === undefined;
    found.push(listed(entry, direct, object));
  }
  return found;
}

function listed(entry: ListingEntry, direct: boolean, object: Analysis['assembly']['object']): ListedWord {
  const section = entry.fragment.section.name;
  const offset = (entry.fragment.offset ?? 0) + entry.offset;
  if (entry.kind !== 'instruction') return { section, offset, direct };
  const data = object.sections.find(one => one.name === section)?.data;
  if (!data || offset + 4 > data.length) return { section, offset, direct };
  return { section, offset, direct, word: new DataView(data.buffer, data.byteOffset).getUint32(offset, true) };
}

/** Lines of a listing: place and word. */
export function listingText(
  words: readonly ListedWord[],
  describe: (word: number, offset: number) => string,
  most: number,
): string {
  const lines = words
    .filter(one => one.word !== undefined)
    .slice(0, most)
    .map(
      ({ section, offset, word }) =>
        `${section}+0x${offset.toString(16).padStart(4, '0')}  ${hexWord(word!)}  ${describe(word!, offset)}`,
    );
  const count = words.filter(one => one.word !== undefined).length;
  if (count > most) lines.push(`… ${count - most} more`);
  return lines.join('\n');
}
