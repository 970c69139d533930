import type { SourceRange } from '../syntax/source.ts';
import type { Token } from './token.ts';

/** A `#define`. */
export interface Macro {
  readonly name: string;
  /** Absent for a macro without parentheses. */
  readonly parameters?: readonly string[] | undefined;
  /** The last parameter takes all arguments that are left. */
  readonly variadic: boolean;
  readonly body: readonly Token[];
  /** Absent for what is predefined. */
  readonly definedAt?: SourceRange | undefined;
}

export type MacroDefinition =
  | { readonly macro: Macro }
  | { readonly problem: string; readonly token: Token | undefined };

/** Parses what follows `#define`. */
export function parseDefinition(tokens: readonly Token[]): MacroDefinition {
  const name = tokens[0];
  if (name?.kind !== 'name') return { problem: 'A macro name is expected here.', token: name };
  if (name.text === 'defined') return { problem: '`defined` cannot be a macro.', token: name };
  const definedAt = {
    file: name.file,
    start: name.start,
    end: name.end,
    ...(name.expansion && { expansion: name.expansion }),
  };
  const next = tokens[1];
  if (!next || next.space || next.text !== '(') {
    return { macro: { name: name.text, variadic: false, body: tokens.slice(1), definedAt } };
  }
  const parameters: string[] = [];
  let variadic = false;
  let at = 2;
  if (tokens[at]?.text === ')') at++;
  else {
    for (;;) {
      const token = tokens[at];
      if (token?.text === '...') {
        parameters.push('__VA_ARGS__');
        variadic = true;
        at++;
      } else if (token?.kind === 'name') {
        parameters.push(token.text);
        at++;
        if (tokens[at]?.text === '...') {
          variadic = true;
          at++;
        }
      } else return { problem: 'A parameter name is expected here.', token: token ?? name };
      const separator = tokens[at++];
      if (separator?.text === ')') break;
      if (separator?.text !== ',' || variadic)
        return { problem: 'The parameter list is not closed.', token: separator ?? name };
    }
  }
  const body = tokens.slice(at);
  const first = body[0];
  if (first?.text === '##' || body[body.length - 1]?.text === '##') {
    return { problem: '`##` cannot stand at either end of a macro.', token: first };
  }
  return { macro: { name: name.text, parameters, variadic, body, definedAt } };
}

/** A definition in a header, of which only few are ever used: its text is read when somebody asks. */
export class DeferredMacro implements Macro {
  readonly name: string;
  private readonly tokens: () => readonly Token[];
  private parsed: Macro | undefined;

  constructor(name: string, tokens: () => readonly Token[]) {
    this.name = name;
    this.tokens = tokens;
  }

  private get definition(): Macro {
    if (!this.parsed) {
      const result = parseDefinition(this.tokens());
      this.parsed = 'macro' in result ? result.macro : { name: this.name, variadic: false, body: [] };
    }
    return this.parsed;
  }

  get parameters(): readonly string[] | undefined {
    return this.definition.parameters;
  }
  get variadic(): boolean {
    return this.definition.variadic;
  }
  get body(): readonly Token[] {
    return this.definition.body;
  }
  get definedAt(): SourceRange | undefined {
    return this.definition.definedAt;
  }
}

/** Whether two definitions are the same, so that defining twice is no mistake (C17 6.10.3). */
export function sameMacro(a: Macro, b: Macro): boolean {
  return (
    a.variadic === b.variadic &&
    a.parameters?.join() === b.parameters?.join() &&
    a.body.length === b.body.length &&
    a.body.every((token, index) => {
      const other = b.body[index]!;
      return token.text === other.text && (index === 0 || token.space === other.space);
    })
  );
}
