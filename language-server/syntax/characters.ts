/** Character classes of GNU as for AArch64, as tables indexed by UTF-16 code unit (everything above 127 is a letter). */

const start = new Uint8Array(128);
const part = new Uint8Array(128);
for (const range of ['az', 'AZ']) {
  for (let code = range.charCodeAt(0); code <= range.charCodeAt(1); code++) start[code] = part[code] = 1;
}
for (const letter of '_.$') start[letter.charCodeAt(0)] = part[letter.charCodeAt(0)] = 1;
for (let code = 48; code <= 57; code++) part[code] = 1;

/** Whether a symbol, directive or mnemonic may begin with this character. */
export function isNameStart(code: number): boolean {
  return code > 127 || start[code] === 1;
}

/** Whether a name may go on with this character. */
export function isNamePart(code: number): boolean {
  return code > 127 || part[code] === 1;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Blank within a line: space, tab, form feed, vertical tab, carriage return. */
export function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13 && code !== 10);
}

/** First offset at or after `at` that is not blank, at most `end`. */
export function skipBlanks(text: string, at: number, end: number): number {
  let position = at;
  while (position < end && isBlank(text.charCodeAt(position))) position++;
  return position;
}

/** End of the name that begins at `at`; `at` itself when none does. */
export function nameEnd(text: string, at: number, end: number): number {
  if (at >= end || !isNameStart(text.charCodeAt(at))) return at;
  let position = at + 1;
  while (position < end && isNamePart(text.charCodeAt(position))) position++;
  return position;
}

/** End of the string literal that begins with a `"` at `at`: behind its closing quote, or `end` when it is not closed. */
export function stringEnd(text: string, at: number, end: number): number {
  let position = at + 1;
  while (position < end) {
    const code = text.charCodeAt(position);
    if (code === 92) position += 2;
    else if (code === 34) return position + 1;
    else position++;
  }
  return end;
}

/** End of the character constant that begins with a `'` at `at`; the closing quote is optional in GNU as. */
export function characterEnd(text: string, at: number, end: number): number {
  let position = at + 1;
  if (position < end && text.charCodeAt(position) === 92) position++;
  if (position < end) position++;
  if (position < end && text.charCodeAt(position) === 39) position++;
  return position;
}
