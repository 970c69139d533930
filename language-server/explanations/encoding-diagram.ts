import type { Instruction } from '../architecture.ts';

interface Cell {
  readonly high: number;
  readonly low: number;
  readonly name: string;
}

/**
 * Draws an instruction word: bit positions, then what each run of bits is, then its value in this word (when given).
 * Runs of fixed bits are shown as they are.
 */
export function encodingDiagram(row: Instruction, word?: number): string {
  const cells = cellsOf(row);
  const columns = cells.map(({ high, low, name }) => {
    const position = high === low ? `${high}` : `${high}:${low}`;
    const value = word === undefined ? '' : bits(word, high, low);
    const width = Math.max(position.length, name.length, value.length);
    return { position: position.padEnd(width), name: name.padEnd(width), value: value.padEnd(width) };
  });
  const rows = [columns.map(c => c.position).join(' │ '), columns.map(c => c.name).join(' │ ')];
  if (word !== undefined) rows.push(columns.map(c => c.value).join(' │ '));
  return rows.map(text => text.trimEnd()).join('\n');
}

function cellsOf(row: Instruction): Cell[] {
  const { fields, mask, value } = row.pattern;
  const cells: Cell[] = [];
  let bit = 31;
  while (bit >= 0) {
    const field = fields.find(one => bit < one.low + one.width && bit >= one.low);
    if (field) {
      cells.push({ high: field.low + field.width - 1, low: field.low, name: field.name });
      bit = field.low - 1;
      continue;
    }
    const high = bit;
    let text = '';
    while (bit >= 0 && !fields.some(one => bit < one.low + one.width && bit >= one.low)) {
      text += (mask >>> bit) & 1 ? String((value >>> bit) & 1) : 'x';
      bit--;
    }
    cells.push({ high, low: bit + 1, name: text });
  }
  return cells;
}

function bits(word: number, high: number, low: number): string {
  return (word >>> 0)
    .toString(2)
    .padStart(32, '0')
    .slice(31 - high, 32 - low);
}

/** A word as people write it. */
export function hexWord(word: number): string {
  return `0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}
