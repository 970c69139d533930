/**
 * Bit patterns of A64 encodings, written as the manual draws them: `sf 0 0 100010 sh imm12:12 Rn:5 Rd:5`.
 *
 * A token is a run of fixed bits (`0`, `1`; `x` should be one, which decoding ignores), a one-bit field (`sf`) or a field
 * with its width (`imm12:12`).
 * The pattern's text types the row's field names, so a misspelt field does not compile.
 */

type FieldOf<Token extends string> = Token extends `${infer Name}:${number}`
  ? Name
  : Token extends `${'0' | '1' | 'x'}${string}`
    ? never
    : Token;

/** Names of the fields in a pattern text. */
export type FieldsOf<Pattern extends string> = Pattern extends `${infer Head} ${infer Rest}`
  ? FieldOf<Head> | FieldsOf<Rest>
  : FieldOf<Pattern>;

/** Values of fields by name. */
export type Fields<Names extends string = string> = Readonly<Record<Names, number>>;

/** A named run of bits in an instruction word. */
export interface BitField {
  readonly name: string;
  readonly low: number;
  readonly width: number;
}

/** A parsed pattern: fixed bits as mask and value, and the fields between them, from bit 31 down. */
export interface Pattern {
  readonly text: string;
  readonly mask: number;
  readonly value: number;
  /** Bits that should be one: written so, and ignored when decoding. */
  readonly shouldBeOne: number;
  readonly fields: readonly BitField[];
}

/** Parses a pattern text; throws when it does not describe exactly 32 bits or names a field twice. */
export function parsePattern(text: string): Pattern {
  let low = 32;
  let mask = 0;
  let value = 0;
  let shouldBeOne = 0;
  const fields: BitField[] = [];
  for (const token of text.trim().split(/\s+/)) {
    if (/^[01x]+$/.test(token)) {
      for (const bit of token) {
        low--;
        if (bit === 'x') shouldBeOne |= 1 << low;
        else mask |= 1 << low;
        if (bit === '1') value |= 1 << low;
      }
      continue;
    }
    const [name = '', width = '1'] = token.split(':');
    low -= Number(width);
    if (fields.some(field => field.name === name)) throw new Error(`pattern "${text}" names ${name} twice`);
    fields.push({ name, low, width: Number(width) });
  }
  if (low !== 0) throw new Error(`pattern "${text}" describes ${32 - low} bits, not 32`);
  return { text, mask: mask >>> 0, value: value >>> 0, shouldBeOne: shouldBeOne >>> 0, fields };
}

/** Takes the fields out of a word that matches the pattern. */
export function extractFields(pattern: Pattern, word: number): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const { name, low, width } of pattern.fields) fields[name] = (word >>> low) & (0xffff_ffff >>> (32 - width));
  return fields;
}

/** Puts fields into a word. Throws a RangeError naming a field that is missing or does not fit. */
export function insertFields(pattern: Pattern, fields: Fields): number {
  let word = (pattern.value | pattern.shouldBeOne) >>> 0;
  for (const { name, low, width } of pattern.fields) {
    const value = fields[name];
    if (value === undefined) throw new RangeError(`field ${name} of "${pattern.text}" has no value`);
    if (value < 0 || value >= 2 ** width || !Number.isInteger(value))
      throw new RangeError(`field ${name} of "${pattern.text}" cannot hold ${value}`);
    word = (word | (value << low)) >>> 0;
  }
  return word;
}
