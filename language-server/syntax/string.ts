import { skipBlanks, stringEnd } from './characters.ts';
import type { Parsed } from './parsed.ts';

const simple: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, '\\': 92, '"': 34, "'": 39 };
const encoder = new TextEncoder();

/** Bytes of the inside of a string literal: `\n`-like, octal (up to three digits) and `\x` escapes; text is UTF-8. */
export function unescapeString(inner: string): Uint8Array {
  if (!inner.includes('\\')) return encoder.encode(inner);
  const bytes: number[] = [];
  let at = 0;
  while (at < inner.length) {
    const backslash = inner.indexOf('\\', at);
    if (backslash < 0) {
      bytes.push(...encoder.encode(inner.slice(at)));
      break;
    }
    if (backslash > at) bytes.push(...encoder.encode(inner.slice(at, backslash)));
    const octal = /^[0-7]{1,3}/.exec(inner.slice(backslash + 1, backslash + 4));
    const hexadecimal = /^[xX]([0-9a-fA-F]+)/.exec(inner.slice(backslash + 1));
    const letter = inner[backslash + 1] ?? '\\';
    if (octal) {
      bytes.push(Number.parseInt(octal[0], 8) & 0xff);
      at = backslash + 1 + octal[0].length;
    } else if (hexadecimal) {
      bytes.push(Number.parseInt(hexadecimal[1]!.slice(-2), 16));
      at = backslash + 1 + hexadecimal[0].length;
    } else {
      const code = simple[letter];
      if (code === undefined) bytes.push(...encoder.encode(letter));
      else bytes.push(code);
      at = backslash + 2;
    }
  }
  return Uint8Array.from(bytes);
}

/** Parses a string literal at `start` (blanks before it skipped); `end` of the result is behind it and blanks. */
export function parseString(text: string, start: number, end: number): Parsed<Uint8Array> {
  const at = skipBlanks(text, start, end);
  if (at >= end || text.charCodeAt(at) !== 34) {
    return { problem: { start: at, end: Math.max(at, end), message: 'A string in double quotes is expected here.' } };
  }
  const stop = stringEnd(text, at, end);
  if (stop - at < 2 || text.charCodeAt(stop - 1) !== 34) {
    return { problem: { start: at, end: stop, message: 'This string is not closed.' } };
  }
  return { value: unescapeString(text.slice(at + 1, stop - 1)), end: skipBlanks(text, stop, end) };
}
