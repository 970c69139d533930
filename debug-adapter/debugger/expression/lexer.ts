/** Words of the expression language. */

export type Token =
  | { readonly kind: 'number'; readonly value: bigint; readonly start: number; readonly end: number }
  | { readonly kind: 'float'; readonly value: number; readonly start: number; readonly end: number }
  /** A name; `register` when it was written with `$`, which rules out variables and symbols. */
  | {
      readonly kind: 'name';
      readonly text: string;
      readonly register: boolean;
      readonly start: number;
      readonly end: number;
    }
  /** `va:`, `va@el1:`, `ipa:`, `pa:`. */
  | { readonly kind: 'space'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'string'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'operator'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'end'; readonly start: number; readonly end: number };

/** The text is not an expression. `start` and `end` are offsets into it. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';
  start: number;
  end: number;
  constructor(message: string, start = 0, end = start) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

const patterns = {
  blank: /\s+/y,
  space: /(?:va(?:@el[0-3])?|ipa|pa):/iy,
  number: /0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9]+)?/y,
  character: /'(?:\\.|[^\\'])'/y,
  string: /"(?:\\.|[^\\"])*"/y,
  name: /\$?[A-Za-z_][A-Za-z_0-9]*(?:![A-Za-z_$.][A-Za-z_0-9$.]*)?|\$[0-9]+/y,
  operator: /->|\.\.|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()[\]{}.,=?:]/y,
};

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '0': 0 };

export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = start;
    return pattern.exec(text)?.[0];
  };
  while (start < text.length) {
    let found = match(patterns.blank);
    if (found) {
      start += found.length;
      continue;
    }
    let token: Token;
    if ((found = match(patterns.space))) {
      token = { kind: 'space', text: found.slice(0, -1).toLowerCase(), start, end: start + found.length };
    } else if ((found = match(patterns.number))) {
      const end = start + found.length;
      if (/[A-Za-z]/.test(text[end] ?? ''))
        throw new ExpressionProblem(`'${found}${text[end]}' is no number`, start, end + 1);
      const digits = found.replaceAll('_', '');
      token = digits.includes('.')
        ? { kind: 'float', value: Number(digits), start, end }
        : { kind: 'number', value: BigInt(digits), start, end };
    } else if ((found = match(patterns.character))) {
      const inner = found.slice(1, -1);
      const code = inner.startsWith('\\') ? (escapes[inner[1]!] ?? inner.charCodeAt(1)) : inner.codePointAt(0)!;
      token = { kind: 'number', value: BigInt(code), start, end: start + found.length };
    } else if ((found = match(patterns.string))) {
      token = { kind: 'string', text: found.slice(1, -1), start, end: start + found.length };
    } else if ((found = match(patterns.name))) {
      const register = found.startsWith('$');
      token = { kind: 'name', text: register ? found.slice(1) : found, register, start, end: start + found.length };
    } else if ((found = match(patterns.operator))) {
      token = { kind: 'operator', text: found, start, end: start + found.length };
    } else {
      throw new ExpressionProblem(`'${text[start]}' has no meaning here`, start, start + 1);
    }
    tokens.push(token);
    start = token.end;
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length });
  return tokens;
}
