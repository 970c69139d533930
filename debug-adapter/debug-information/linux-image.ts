/**
 * The names of functions that an arm64 Linux Image brings along (CONFIG_KALLSYMS), as a file of symbols: what a kernel is
 * called by in its own backtraces is known without its `vmlinux`.
 *
 * The tables have no address of their own in an Image. They are found by what must hold of them: 256 tokens, an index of
 * them, as many compressed names as the count before them says, and a marker for each 256th name. Layout:
 * Linux, scripts/kallsyms.c, since 4.6; since 6.4 addresses follow the tokens instead of preceding the names.
 */
import { type NamedSymbol, type SymbolSection, symbolFile } from './symbol-file.ts';

const tokens = 256;
const longestToken = 64;
const namesPerMarker = 256;
/** Counts of symbols that are believed. */
const fewest = 1_000;
const most = 4_000_000;
const R_AARCH64_RELATIVE = 0x403;

const aligned = (offset: number) => (offset + 7) & ~7;

/** An ELF file with the code and the symbols of an Image; undefined where the Image has no names that can be read. */
export function linuxSymbolFile(image: Uint8Array): Uint8Array | undefined {
  const bytes = image.subarray(0, image.length & ~7);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = findTokens(bytes, view);
  const names = table && findNames(bytes, view, table);
  const offsets = names && findOffsets(view, table, names);
  if (!offsets) return undefined;
  const all = namesOf(bytes, names, table).map((text, index) => ({
    type: text[0]!,
    name: text.slice(1),
    offset: view.getUint32(offsets.at + index * 4, true),
  }));
  const offsetOf = (name: string) => all.find(symbol => symbol.name === name)?.offset;
  // The header's branch leads to a function that has a name in turn: so the file's offsets and the names' are brought
  // together.
  const entry = offsetOf('primary_entry') ?? offsetOf('stext');
  const target = entryOf(view);
  if (entry === undefined || target === undefined) return undefined;
  const inFile = (offset: number) => offset - entry + target;
  const base = linkAddress(view, offsets.base, offsets.base - inFile(0));
  const sections = parts.flatMap(([name, from, to]): SymbolSection[] => {
    const [first, end] = [offsetOf(from), offsetOf(to)];
    if (first === undefined || end === undefined || end <= first) return [];
    if (inFile(first) < 0 || inFile(end) > bytes.length) return [];
    return [{ name, address: base + BigInt(first), contents: bytes.subarray(inFile(first), inFile(end)) }];
  });
  const symbols = all.map(
    ({ name, type, offset }): NamedSymbol => ({
      name,
      address: base + BigInt(offset),
      isFunction: /[tw]/i.test(type),
      isGlobal: type === type.toUpperCase(),
    }),
  );
  return sections.length > 0 ? symbolFile(sections, symbols) : undefined;
}

/** The kernel's code, by the names at its ends. */
const parts = [
  ['.text', '_stext', '_etext'],
  ['.init.text', '_sinittext', '_einittext'],
] as const;

/** Where the header branches to, by its first instruction or (where that is EFI's mark) its second. */
function entryOf(view: DataView): number | undefined {
  for (const at of [0, 4]) {
    const word = view.getUint32(at, true);
    if (word >>> 26 === 0b000101) return at + ((word << 6) >> 4);
  }
  return undefined;
}

interface Tokens {
  readonly start: number;
  /** Of the index behind the tokens. */
  readonly end: number;
  readonly texts: readonly string[];
}

/** Tokens 0x30 to 0x39 are the digits, since no name is shortened to one. */
const digits = [...'0123456789'].flatMap(digit => [digit.charCodeAt(0), 0]);

function findTokens(bytes: Uint8Array, view: DataView): Tokens | undefined {
  const needle = Uint8Array.from([0, ...digits]);
  for (let at = indexOf(bytes, needle, 0); at >= 0; at = indexOf(bytes, needle, at + 1)) {
    // Back to the end of the first of 0x30 tokens; it begins at a multiple of 8 near before that.
    let first = at;
    for (let count = 1; count < 0x30 && first > 0; count++) while (first > 0 && bytes[--first] !== 0);
    for (let start = first & ~7; start > first - longestToken && start >= 0; start -= 8) {
      const found = tokensAt(bytes, view, start);
      if (found) return found;
    }
  }
  return undefined;
}

function tokensAt(bytes: Uint8Array, view: DataView, start: number): Tokens | undefined {
  const texts: string[] = [];
  const starts: number[] = [];
  let at = start;
  for (let count = 0; count < tokens; count++) {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > longestToken) return undefined;
    starts.push(at - start);
    texts.push(String.fromCharCode(...bytes.subarray(at, end)));
    at = end + 1;
  }
  const index = aligned(at);
  if (index + tokens * 2 > bytes.length) return undefined;
  if (starts.some((offset, token) => view.getUint16(index + token * 2, true) !== offset)) return undefined;
  return { start, end: index + tokens * 2, texts };
}

interface Names {
  /** Where the count of names stands. */
  readonly count: number;
  /** Start of each compressed name: where its length stands. */
  readonly starts: Uint32Array;
}

/** Looks back from the tokens for a count that is followed by so many names and their markers. */
function findNames(bytes: Uint8Array, view: DataView, { start }: Tokens): Names | undefined {
  for (let at = (start & ~7) - 8; at >= 0; at -= 8) {
    const count = view.getUint32(at, true);
    if (count < fewest || count > most || view.getUint32(at + 4, true) !== 0 || at + 8 + count * 2 > start) continue;
    const starts = new Uint32Array(count);
    let name = at + 8;
    let index = 0;
    for (; index < count && name < start; index++) {
      starts[index] = name;
      name += nameLength(bytes, name).size;
    }
    const markers = aligned(name);
    const count256 = Math.ceil(count / namesPerMarker);
    if (index < count || markers + count256 * 4 > start) continue;
    let agree = true;
    for (let marker = 0; marker < count256 && agree; marker++)
      agree = view.getUint32(markers + marker * 4, true) === starts[marker * namesPerMarker]! - (at + 8);
    if (agree) return { count: at, starts };
  }
  return undefined;
}

/** Tokens of a name, and the bytes that it takes with its length, which has two bytes where it is over 127. */
function nameLength(bytes: Uint8Array, at: number): { readonly length: number; readonly size: number } {
  const first = bytes[at]!;
  if (first < 0x80) return { length: first, size: first + 1 };
  const length = (first & 0x7f) | (bytes[at + 1]! << 7);
  return { length, size: length + 2 };
}

function namesOf(bytes: Uint8Array, { starts }: Names, { texts }: Tokens): string[] {
  return Array.from(starts, start => {
    const { length, size } = nameLength(bytes, start);
    let name = '';
    for (let at = start + size - length; at < start + size; at++) name += texts[bytes[at]!]!;
    return name;
  });
}

/** Where the addresses are, relative to a base, and where that base stands. */
function findOffsets(
  view: DataView,
  { end }: Tokens,
  { count, starts }: Names,
): { readonly at: number; readonly base: number } | undefined {
  const size = aligned(starts.length * 4);
  const candidates = [
    { at: count - 8 - size, base: count - 8 },
    { at: aligned(end), base: aligned(end) + size },
  ];
  // Names are sorted by address.
  return candidates.find(({ at, base }) => {
    if (at < 0 || base + 8 > view.byteLength) return false;
    for (let index = 1; index < starts.length; index++)
      if (view.getUint32(at + index * 4, true) < view.getUint32(at + index * 4 - 4, true)) return false;
    return true;
  });
}

/**
 * The address that the names' offsets count from, as linked: it stands at `at`. Where the Image is relocated when it
 * starts, the relocation of that word has it: `distance` is how far the word lies behind the address it holds.
 */
function linkAddress(view: DataView, at: number, distance: number): bigint {
  const word = view.getBigUint64(at, true);
  if (word !== 0n) return word;
  for (let entry = 8; entry + 16 <= view.byteLength; entry += 8) {
    if (view.getUint32(entry, true) !== R_AARCH64_RELATIVE || view.getUint32(entry + 4, true) !== 0) continue;
    const addend = view.getBigUint64(entry + 8, true);
    if (view.getBigUint64(entry - 8, true) - addend === BigInt(distance)) return addend;
  }
  return 0n;
}

function indexOf(bytes: Uint8Array, needle: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(needle[1]!, from + 1); at > 0; at = bytes.indexOf(needle[1]!, at + 1)) {
    if (needle.every((byte, index) => bytes[at - 1 + index] === byte)) return at - 1;
  }
  return -1;
}
