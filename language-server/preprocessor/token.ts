import { type Expansion, locate, type SourceFile, type SourceLine } from '../syntax/source.ts';

/** Names that must not be expanded again in a token: the macros it came out of. */
export type HideSet = ReadonlySet<string>;

/** A preprocessing token (C17 6.4) and where it comes from. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'character' | 'punctuator' | 'other';
  readonly text: string;
  /** Blanks stand before it. */
  readonly space: boolean;
  readonly file: SourceFile;
  /** Offsets in the file. */
  readonly start: number;
  readonly end: number;
  /** The text stands in the file exactly so (pasted and stringized tokens do not). */
  readonly verbatim: boolean;
  readonly expansion: Expansion | undefined;
  readonly hide: HideSet | undefined;
}

const pattern =
  /(?<name>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|(?<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?<string>"(?:\\.|[^"\\])*")|(?<character>'(?:\\.|[^'\\])*')|(?<punctuator>\.\.\.|<<=|>>=|##|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[*/%+\-&|^]=|[[\](){}.,;:?~!%^&*\-+=/|<>#])|(?<other>\S)/gy;

/** Cuts a logical line (comments blanked) into tokens, from an offset on. */
export function tokenize(line: SourceLine, from = 0): Token[] {
  const tokens: Token[] = [];
  const text = line.text;
  let at = from;
  let space = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13)) {
      space = true;
      at++;
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match?.groups) break;
    const end = at + match[0].length;
    const { file, start, end: stop, expansion } = locate(line, at, end);
    const kind = (Object.keys(match.groups) as Token['kind'][]).find(name => match.groups![name] !== undefined)!;
    tokens.push({
      kind,
      text: match[0],
      space,
      file,
      start,
      end: stop,
      verbatim: stop - start === end - at,
      expansion,
      hide: undefined,
    });
    space = false;
    at = end;
  }
  return tokens;
}
