import { type Expansion, LineBuilder, type SourceLine, type SourceRange } from '../syntax/source.ts';
import type { Macro } from './macro.ts';
import { type HideSet, type Token, tokenize } from './token.ts';

export interface ExpansionContext {
  macro(name: string): Macro | undefined;
  /** Tokens of the next line, for an invocation whose arguments go on there; undefined at the end. */
  moreTokens(): readonly Token[] | undefined;
  /** Whether the next line that holds something begins with a parenthesis. */
  opensOnNextLine(): boolean;
  problem(message: string, token: Token): void;
  /** Told of each macro that a source names. */
  used(macro: Macro, token: Token): void;
  /** Whether another token may still be made; a guard against definitions that explode. */
  afford(count: number): boolean;
}

/** Expands macros in a list of tokens (C17 6.10.3; GNU's comma deletion and `__VA_OPT__` included). */
export function expandTokens(tokens: readonly Token[], context: ExpansionContext, mayReadOn: boolean): Token[] {
  return new Expander(tokens, context, mayReadOn).run();
}

interface Frame {
  readonly tokens: readonly Token[];
  index: number;
}

class Expander {
  private readonly frames: Frame[];
  private readonly context: ExpansionContext;
  private readonly mayReadOn: boolean;

  constructor(tokens: readonly Token[], context: ExpansionContext, mayReadOn: boolean) {
    this.frames = [{ tokens, index: 0 }];
    this.context = context;
    this.mayReadOn = mayReadOn;
  }

  run(): Token[] {
    const output: Token[] = [];
    for (let token = this.next(false); token; token = this.next(false)) {
      const macro = token.kind === 'name' && !token.hide?.has(token.text) ? this.context.macro(token.text) : undefined;
      const replacement = macro && this.invoke(macro, token);
      if (replacement) this.frames.push({ tokens: replacement, index: 0 });
      else output.push(token);
    }
    return output;
  }

  /** Whether no token is left but on lines not read yet. */
  private get exhausted(): boolean {
    return this.frames.every(frame => frame.index >= frame.tokens.length);
  }

  private next(readOn: boolean): Token | undefined {
    for (;;) {
      const frame = this.frames[this.frames.length - 1];
      if (!frame) {
        if (!readOn || !this.mayReadOn) return undefined;
        const more = this.context.moreTokens();
        if (!more) return undefined;
        this.frames.push({
          tokens: more.map((token, index) => (index === 0 ? { ...token, space: true } : token)),
          index: 0,
        });
        continue;
      }
      const token = frame.tokens[frame.index++];
      if (token) return token;
      this.frames.pop();
    }
  }

  private invoke(macro: Macro, name: Token): Token[] | undefined {
    const { context } = this;
    if (!macro.parameters) {
      context.used(macro, name);
      if (!context.afford(macro.body.length + 1)) return undefined;
      const expansion: Expansion = { kind: 'preprocessor', name: macro.name, at: rangeOf(name, name) };
      const hide = new Set(name.hide).add(macro.name);
      return this.substitute(macro, [], expansion, hide, name.space);
    }
    if (this.exhausted && !(this.mayReadOn && context.opensOnNextLine())) return undefined;
    const open = this.next(true);
    if (!open) return undefined;
    if (open.text !== '(') {
      this.frames.push({ tokens: [open], index: 0 });
      return undefined;
    }
    context.used(macro, name);
    const collected = this.collect(macro, name);
    if (!collected) return undefined;
    const { values, close } = collected;
    const expansion: Expansion = { kind: 'preprocessor', name: macro.name, at: rangeOf(name, close) };
    const hide = new Set([...(name.hide ?? [])].filter(hidden => close.hide?.has(hidden))).add(macro.name);
    const result = this.substitute(macro, values, expansion, hide, name.space);
    return context.afford(result.length + 1) ? result : undefined;
  }

  /** Reads arguments up to the closing parenthesis. */
  private collect(macro: Macro, name: Token): { values: Token[][]; close: Token } | undefined {
    const parameters = macro.parameters!;
    const values: Token[][] = [[]];
    let depth = 0;
    for (;;) {
      const token = this.next(true);
      if (!token) {
        this.context.problem(`The arguments of \`${macro.name}\` are not closed.`, name);
        return undefined;
      }
      if (token.text === '(') depth++;
      else if (token.text === ')' && depth-- === 0) {
        const count = values.length === 1 && values[0]!.length === 0 && parameters.length === 0 ? 0 : values.length;
        const least = macro.variadic ? parameters.length - 1 : parameters.length;
        if (count < least || (count > parameters.length && !macro.variadic)) {
          const wanted = macro.variadic ? `at least ${least}` : `${parameters.length}`;
          this.context.problem(
            `\`${macro.name}\` takes ${wanted} argument${wanted === '1' ? '' : 's'}, not ${count}.`,
            name,
          );
          return undefined;
        }
        return { values, close: token };
      } else if (token.text === ',' && depth === 0 && !(macro.variadic && values.length >= parameters.length)) {
        values.push([]);
        continue;
      }
      values[values.length - 1]!.push(token);
    }
  }

  private substitute(
    macro: Macro,
    values: readonly Token[][],
    expansion: Expansion,
    hide: HideSet,
    spaceBefore: boolean,
  ): Token[] {
    const output: Token[] = [];
    const expanded = new Map<number, Token[]>();
    const parameter = (token: Token | undefined): number =>
      token?.kind === 'name' && macro.parameters ? macro.parameters.indexOf(token.text) : -1;
    const full = (index: number): Token[] => {
      let list = expanded.get(index);
      if (!list) {
        list = expandTokens(values[index] ?? [], this.context, false);
        expanded.set(index, list);
      }
      return list;
    };
    const own = (token: Token): Token => ({ ...token, expansion, hide: union(token.hide, hide) });
    const given = (list: readonly Token[], space: boolean): Token[] =>
      list.map((token, index) => ({
        ...token,
        expansion,
        hide: union(token.hide, hide),
        space: index === 0 ? space : token.space,
      }));
    this.walk(macro.body, macro, values, parameter, full, own, given, output);
    const first = output[0];
    if (first) output[0] = { ...first, space: spaceBefore };
    return output;
  }

  private walk(
    body: readonly Token[],
    macro: Macro,
    values: readonly Token[][],
    parameter: (token: Token | undefined) => number,
    full: (index: number) => Token[],
    own: (token: Token) => Token,
    given: (list: readonly Token[], space: boolean) => Token[],
    output: Token[],
  ): void {
    const last = macro.parameters ? macro.parameters.length - 1 : -1;
    for (let at = 0; at < body.length; at++) {
      const token = body[at]!;
      const next = body[at + 1];
      if (token.text === '#' && macro.parameters && parameter(next) >= 0) {
        output.push(stringize(own(token), values[parameter(next)] ?? []));
        at++;
      } else if (token.text === '##' && at > 0 && next) {
        const index = parameter(next);
        const isRest = macro.variadic && index === last;
        const right = index >= 0 ? given(values[index] ?? [], next.space) : [own(next)];
        at++;
        if (isRest && output[output.length - 1]?.text === ',') {
          // GNU: the comma goes when there is nothing behind it, and nothing is pasted otherwise.
          if (right.length === 0 && (values.length <= last || last === 0)) output.pop();
          else output.push(...right);
        } else this.paste(output, right);
      } else if (token.text === '__VA_OPT__' && macro.variadic && next?.text === '(') {
        const close = closing(body, at + 1);
        if (full(last).length > 0)
          this.walk(body.slice(at + 2, close), macro, values, parameter, full, own, given, output);
        at = close;
      } else {
        const index = parameter(token);
        if (index < 0) output.push(own(token));
        else {
          const raw = next?.text === '##';
          const list = raw ? (values[index] ?? []) : full(index);
          output.push(...given(list, token.space));
          // An empty argument before `##` leaves nothing to paste to.
          if (raw && list.length === 0) output.push({ ...own(token), kind: 'other', text: '', verbatim: false });
        }
      }
    }
    for (let index = output.length - 1; index >= 0; index--) if (output[index]!.text === '') output.splice(index, 1);
  }

  /** `##`: joins the last token with the first of `right`; when that makes no token, they stand side by side. */
  private paste(output: Token[], right: readonly Token[]): void {
    const left = output.pop();
    const first = right[0];
    if (!left || !first) {
      if (left) output.push(left);
      output.push(...right);
      return;
    }
    const text = left.text + first.text;
    const probe: SourceLine = {
      text,
      pieces: [
        { at: 0, file: left.file, start: left.start, end: left.end, verbatim: false, expansion: left.expansion },
      ],
    };
    const made = tokenize(probe);
    const single = made.length === 1 ? made[0]! : undefined;
    if (single) output.push({ ...single, space: left.space, hide: union(left.hide, first.hide), verbatim: false });
    else output.push(left, { ...first, space: false });
    output.push(...right.slice(1));
  }
}

function union(a: HideSet | undefined, b: HideSet | undefined): HideSet | undefined {
  if (!a || a.size === 0) return b;
  if (!b) return a;
  const all = new Set(a);
  for (const name of b) all.add(name);
  return all;
}

function closing(body: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < body.length; at++) {
    if (body[at]!.text === '(') depth++;
    else if (body[at]!.text === ')' && --depth === 0) return at;
  }
  return body.length;
}

function stringize(at: Token, tokens: readonly Token[]): Token {
  let text = '';
  tokens.forEach((token, index) => {
    if (index > 0 && token.space) text += ' ';
    const quoted = token.kind === 'string' || token.kind === 'character';
    text += quoted ? token.text.replace(/[\\"]/g, '\\$&') : token.text;
  });
  return { ...at, kind: 'string', text: `"${text}"`, verbatim: false };
}

function rangeOf(first: Token, last: Token): SourceRange {
  const { file, start, expansion } = first;
  const end = last.file === file && last.expansion === expansion && last.end > start ? last.end : first.end;
  return { file, start, end, ...(expansion && { expansion }) };
}

/** Prints tokens as one line of text that maps back to where each came from. */
export function printTokens(tokens: readonly Token[], fallback: SourceRange): SourceLine {
  const builder = new LineBuilder();
  let before: Token | undefined;
  for (const token of tokens) {
    const adjacent =
      before !== undefined &&
      before.file === token.file &&
      before.expansion === token.expansion &&
      token.start >= before.end;
    const gap = adjacent && before ? token.start - before.end : 0;
    if (token.space) {
      if (gap > 0 && gap < 256 && before?.verbatim && token.verbatim) {
        builder.verbatim(' '.repeat(gap), token.file, before.end, token.expansion);
      } else builder.literal(' ', rangeOf(token, token));
    } else if (before && !(adjacent && gap === 0) && wouldJoin(before, token)) {
      builder.literal(' ', rangeOf(token, token));
    }
    if (token.verbatim) builder.verbatim(token.text, token.file, token.start, token.expansion);
    else builder.literal(token.text, rangeOf(token, token));
    before = token;
  }
  return builder.finish(fallback);
}

/** Whether two tokens written side by side would read as another one. */
function wouldJoin(left: Token, right: Token): boolean {
  const wordLeft = left.kind === 'name' || left.kind === 'number';
  const wordRight = right.kind === 'name' || right.kind === 'number' || right.kind === 'character';
  if (wordLeft && wordRight) return true;
  if (left.kind === 'number') return ['.', '+', '-'].includes(right.text);
  if (left.text === '.') return right.kind === 'number';
  if (left.kind !== 'punctuator' || right.kind !== 'punctuator') return false;
  return /^(?:\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||##|->|\/\/|\/\*|[*/%+\-&|^]=)/.test(left.text + right.text);
}
