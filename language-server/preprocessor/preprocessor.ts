import type { Problem, Severity } from '../syntax/problem.ts';
import { type Expansion, locate, SourceFile, type SourceLine, type SourceRange } from '../syntax/source.ts';
import { evaluateCondition } from './condition.ts';
import { type ExpansionContext, expandTokens, printTokens } from './expand.ts';
import { logicalLines } from './lines.ts';
import { DeferredMacro, type Macro, parseDefinition, sameMacro } from './macro.ts';
import { predefinedMacros } from './predefined.ts';
import { type Token, tokenize } from './token.ts';

/** What the preprocessor needs of the world. */
export interface PreprocessorHost {
  readText(path: string): string | undefined;
  /** Joins a folder and a name to a path. */
  join(folder: string, name: string): string;
  folderOf(path: string): string;
}

export interface PreprocessOptions {
  readonly host: PreprocessorHost;
  /** Folders for `#include`, in order. */
  readonly includePaths?: readonly string[];
  /** `-D`: name to text; `NAME` alone means `1`. */
  readonly defines?: Readonly<Record<string, string>>;
  /** Includes open at once. */
  readonly includeDepth?: number;
  /** Tokens that expansion may produce in all. */
  readonly tokens?: number;
}

export interface MacroMention {
  readonly name: string;
  readonly role: 'definition' | 'reference';
  readonly range: SourceRange;
}

export interface IncludeMention {
  readonly range: SourceRange;
  readonly name: string;
  /** Absent when no file was found. */
  readonly path?: string;
}

export interface Preprocessed {
  readonly lines: readonly SourceLine[];
  readonly problems: readonly Problem[];
  /** Macros as they stand at the end. */
  readonly macros: ReadonlyMap<string, Macro>;
  readonly mentions: readonly MacroMention[];
  readonly includes: readonly IncludeMention[];
  /** Stretches that a condition leaves out. */
  readonly inactive: readonly SourceRange[];
}

/** Runs the C preprocessor over a source, as a C compiler does for `.S`. Never throws on bad input. */
export function preprocess(file: SourceFile, options: PreprocessOptions): Preprocessed {
  const preprocessor = new Preprocessor(options);
  preprocessor.run(file);
  return preprocessor;
}

interface Conditional {
  active: boolean;
  /** A branch was taken, or none may be. */
  done: boolean;
  elseSeen: boolean;
  readonly at: SourceRange;
}

interface OpenFile {
  readonly file: SourceFile;
  readonly lines: readonly SourceLine[];
  index: number;
  readonly conditionals: Conditional[];
  readonly expansion: Expansion | undefined;
  /** Position of its folder in the search paths, for `#include_next`. */
  readonly searchIndex: number;
  /** Beginning of what is left out at present. */
  inactiveFrom: number | undefined;
  lineShift: number;
  shownPath: string | undefined;
}

const directivePattern = /^\s*#\s*([A-Za-z_]\w*)?/;

class Preprocessor implements Preprocessed {
  readonly lines: SourceLine[] = [];
  readonly problems: Problem[] = [];
  readonly macros = new Map<string, Macro>();
  readonly mentions: MacroMention[] = [];
  readonly includes: IncludeMention[] = [];
  readonly inactive: SourceRange[] = [];
  private readonly options: PreprocessOptions;
  private readonly files: OpenFile[] = [];
  private readonly once = new Set<string>();
  private readonly context: ExpansionContext;
  private tokensLeft: number;
  private counter = 0;
  private overflowed = false;

  constructor(options: PreprocessOptions) {
    this.options = options;
    this.tokensLeft = options.tokens ?? 1_000_000;
    const builtIn = Object.entries({ ...predefinedMacros, ...options.defines });
    const text = new SourceFile('<predefined>', builtIn.map(([name, value]) => `${name} ${value}`).join('\n'));
    for (const line of logicalLines(text, this.problems, undefined)) {
      const [name, ...body] = tokenize(line);
      if (name) this.macros.set(name.text, { name: name.text, variadic: false, body });
    }
    this.context = {
      macro: name => this.macros.get(name) ?? this.dynamicMacro(name),
      moreTokens: () => {
        const line = this.nextLine(false);
        return line && tokenize(line);
      },
      opensOnNextLine: () => {
        const open = this.files[this.files.length - 1];
        const next = open?.lines.slice(open.index, open.index + 50).find(line => line.text.trim() !== '');
        return next !== undefined && /^\s*\(/.test(next.text);
      },
      problem: (message, token) => this.report('error', 'preprocessor', message, tokenRange(token)),
      used: (macro, token) => {
        if (token.verbatim) this.mentions.push({ name: macro.name, role: 'reference', range: tokenRange(token) });
      },
      afford: count => this.afford(count),
    };
  }

  run(file: SourceFile): void {
    this.open(file, undefined, 0);
    for (let line = this.nextLine(true); line; line = this.nextLine(true)) this.text(line);
  }

  private afford(count: number): boolean {
    this.tokensLeft -= count;
    if (this.tokensLeft > 0) return true;
    if (!this.overflowed) {
      this.overflowed = true;
      const file = this.files[0]?.file;
      if (file)
        this.report('error', 'too-long', 'Macros expand to too much text; the rest is left as it is.', {
          file,
          start: 0,
          end: 0,
        });
    }
    return false;
  }

  private report(severity: Severity, code: string, message: string, range: SourceRange): void {
    this.problems.push({ severity, code, message, range });
  }

  private open(file: SourceFile, expansion: Expansion | undefined, searchIndex: number): void {
    this.files.push({
      file,
      lines: logicalLines(file, this.problems, expansion),
      index: 0,
      conditionals: [],
      expansion,
      searchIndex,
      inactiveFrom: undefined,
      lineShift: 0,
      shownPath: undefined,
    });
  }

  /** The next line of text that conditions leave in; directives on the way are obeyed. */
  private nextLine(acrossFiles: boolean): SourceLine | undefined {
    for (;;) {
      const open = this.files[this.files.length - 1];
      if (!open) return undefined;
      const line = open.lines[open.index];
      if (!line) {
        if (!acrossFiles) return undefined;
        this.close(open);
        continue;
      }
      open.index++;
      const directive = line.text.includes('#') ? directivePattern.exec(line.text) : null;
      const active = isActive(open);
      if (directive) {
        if (this.directive(open, line, directive[1] ?? '', directive[0].length, active)) continue;
        // `# 12 "file"` is for the assembler; any other `#` at the front begins a comment there.
        if (active && /^\s*#\s*\d+\s+"/.test(line.text)) return line;
        continue;
      }
      if (active) return line;
      open.inactiveFrom ??= locate(line).start;
    }
  }

  private close(open: OpenFile): void {
    this.endInactive(open, open.file.text.length);
    for (const conditional of open.conditionals) {
      this.report('error', 'unclosed-if', 'This conditional is not closed by `#endif`.', conditional.at);
    }
    this.files.pop();
  }

  private endInactive(open: OpenFile, end: number): void {
    if (open.inactiveFrom === undefined) return;
    const { file, expansion, inactiveFrom } = open;
    this.inactive.push({ file, start: inactiveFrom, end, ...(expansion && { expansion }) });
    open.inactiveFrom = undefined;
  }

  /** Expands a line of text and hands it on. */
  private text(line: SourceLine): void {
    if (!this.mentionsMacro(line.text)) {
      this.lines.push(line);
      return;
    }
    const expanded = expandTokens(tokenize(line), this.context, true);
    const printed = printTokens(expanded, locate(line));
    // Indentation is worth nothing to the assembler, except that a `#` in front would become a comment.
    this.lines.push(printed);
  }

  private mentionsMacro(text: string): boolean {
    for (const match of text.matchAll(/[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/g)) {
      const name = match[0];
      if (this.macros.has(name) || dynamicNames.has(name)) return true;
    }
    return false;
  }

  private dynamicMacro(name: string): Macro | undefined {
    if (!dynamicNames.has(name)) return undefined;
    const open = this.files[this.files.length - 1] ?? undefined;
    const line = open?.lines[open.index - 1];
    const outer = this.files[0];
    let text = '0';
    switch (name) {
      case '__FILE__':
        text = JSON.stringify(open?.shownPath ?? open?.file.path ?? '');
        break;
      case '__BASE_FILE__':
        text = JSON.stringify(outer?.file.path ?? '');
        break;
      case '__LINE__':
        if (open && line) text = String(open.file.position(locate(line).start).line + 1 + open.lineShift);
        break;
      case '__INCLUDE_LEVEL__':
        text = String(Math.max(this.files.length - 1, 0));
        break;
      case '__COUNTER__':
        text = String(this.counter++);
    }
    const file = new SourceFile('<predefined>', text);
    return {
      name,
      variadic: false,
      body: tokenize({
        text,
        pieces: [{ at: 0, file, start: 0, end: text.length, verbatim: false, expansion: undefined }],
      }),
    };
  }

  // --- directives --------------------------------------------------------------------------------------------------

  /** Obeys a directive; answers false when the line is none. */
  private directive(open: OpenFile, line: SourceLine, name: string, at: number, active: boolean): boolean {
    const range = locate(line, line.text.indexOf('#'), line.text.trimEnd().length);
    const rest = () => tokenize(line, at);
    switch (name) {
      case 'if':
        this.openConditional(open, active, range, () => this.condition(rest(), range));
        return true;
      case 'ifdef':
      case 'ifndef':
        this.openConditional(open, active, range, () => this.isDefined(rest()[0], range) === (name === 'ifdef'));
        return true;
      case 'elif':
      case 'elifdef':
      case 'elifndef':
      case 'else':
      case 'endif':
        this.continueConditional(open, name, line, at, range);
        return true;
      default:
        return active ? this.activeDirective(open, line, name, at, range) : isDirective(name);
    }
  }

  private openConditional(open: OpenFile, active: boolean, at: SourceRange, condition: () => boolean): void {
    const taken = active && condition();
    open.conditionals.push({ active: taken, done: taken || !active, elseSeen: false, at });
  }

  private continueConditional(open: OpenFile, name: string, line: SourceLine, at: number, range: SourceRange): void {
    const top = open.conditionals[open.conditionals.length - 1];
    if (!top) {
      this.report('error', 'conditional', `\`#${name}\` stands without an \`#if\`.`, range);
      return;
    }
    this.endInactive(open, range.start);
    if (name === 'endif') {
      open.conditionals.pop();
      return;
    }
    if (top.elseSeen) {
      this.report('error', 'conditional', `\`#${name}\` cannot follow \`#else\`.`, range);
      return;
    }
    top.active = false;
    if (name === 'else') {
      top.elseSeen = true;
      top.active = !top.done;
      top.done = true;
      return;
    }
    if (top.done) return;
    const tokens = tokenize(line, at);
    const holds =
      name === 'elif' ? this.condition(tokens, range) : this.isDefined(tokens[0], range) === (name === 'elifdef');
    top.active = top.done = holds;
  }

  private isDefined(token: Token | undefined, range: SourceRange): boolean {
    if (token?.kind !== 'name') {
      this.report('error', 'conditional', 'A macro name is expected here.', range);
      return false;
    }
    this.mention(token);
    return this.macros.has(token.text) || dynamicNames.has(token.text);
  }

  private mention(token: Token): void {
    if (this.macros.has(token.text)) {
      this.mentions.push({ name: token.text, role: 'reference', range: tokenRange(token) });
    }
  }

  private condition(tokens: readonly Token[], range: SourceRange): boolean {
    const replaced = this.replaceQueries(tokens, range);
    const expanded = this.replaceQueries(expandTokens(replaced, this.context, false), range);
    const result = evaluateCondition(expanded);
    if ('value' in result) return result.value !== 0n;
    this.report('error', 'condition', result.problem, result.token ? tokenRange(result.token) : range);
    return false;
  }

  /** Replaces `defined X`, `__has_include(…)` and questions about attributes by 0 or 1. */
  private replaceQueries(tokens: readonly Token[], range: SourceRange): Token[] {
    const output: Token[] = [];
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at]!;
      const answer = (holds: boolean) =>
        output.push({ ...token, kind: 'number', text: holds ? '1' : '0', verbatim: false });
      if (token.text === 'defined') {
        const parenthesized = tokens[at + 1]?.text === '(';
        const name = tokens[at + (parenthesized ? 2 : 1)];
        answer(this.isDefined(name, range));
        at += parenthesized ? 3 : 1;
      } else if (token.text === '__has_include' && tokens[at + 1]?.text === '(') {
        let close = at + 2;
        while (close < tokens.length && tokens[close]!.text !== ')') close++;
        const header = this.header(tokens.slice(at + 2, close));
        answer(header !== undefined && this.find(header.name, header.angled, 0) !== undefined);
        at = close;
      } else if (/^__has_\w+$/.test(token.text) && tokens[at + 1]?.text === '(') {
        let close = at + 2;
        while (close < tokens.length && tokens[close]!.text !== ')') close++;
        answer(false);
        at = close;
      } else output.push(token);
    }
    return output;
  }

  private activeDirective(open: OpenFile, line: SourceLine, name: string, at: number, range: SourceRange): boolean {
    switch (name) {
      case 'define': {
        const defined = open.expansion ? /^\s+([A-Za-z_]\w*)/.exec(line.text.slice(at, at + 200))?.[1] : undefined;
        if (defined !== undefined && defined !== 'defined' && !this.macros.has(defined)) {
          const nameStart = line.text.indexOf(defined, at);
          const nameRange = locate(line, nameStart, nameStart + defined.length);
          this.macros.set(defined, new DeferredMacro(defined, () => tokenize(line, at)));
          this.mentions.push({ name: defined, role: 'definition', range: nameRange });
        } else this.define(tokenize(line, at), range);
        return true;
      }
      case 'undef': {
        const token = tokenize(line, at)[0];
        if (token?.kind !== 'name') this.report('error', 'preprocessor', 'A macro name is expected here.', range);
        else {
          this.mention(token);
          this.macros.delete(token.text);
        }
        return true;
      }
      case 'include':
      case 'include_next':
      case 'import':
        this.include(open, line, at, name, range);
        return true;
      case 'error':
        this.report('error', 'user', line.text.slice(at).trim() || '`#error` stands here.', range);
        return true;
      case 'warning':
        this.report('warning', 'user', line.text.slice(at).trim() || '`#warning` stands here.', range);
        return true;
      case 'line': {
        const [number, path] = expandTokens(tokenize(line, at), this.context, false);
        if (number?.kind !== 'number' || !/^\d+$/.test(number.text)) {
          this.report('error', 'preprocessor', 'A line number is expected here.', range);
          return true;
        }
        open.lineShift = Number(number.text) - (open.file.position(range.start).line + 2);
        if (path?.kind === 'string') open.shownPath = path.text.slice(1, -1);
        return true;
      }
      case 'pragma':
        if (line.text.slice(at).trim() === 'once') this.once.add(open.file.path);
        return true;
      case 'ident':
      case 'sccs':
      case 'assert':
      case 'unassert':
        return true;
      default:
        return false;
    }
  }

  private define(tokens: readonly Token[], range: SourceRange): void {
    const parsed = parseDefinition(tokens);
    if ('problem' in parsed) {
      this.report('error', 'preprocessor', parsed.problem, parsed.token ? tokenRange(parsed.token) : range);
      return;
    }
    const { macro } = parsed;
    const before = this.macros.get(macro.name);
    if (before?.definedAt && !sameMacro(before, macro)) {
      this.report(
        'warning',
        'redefined-macro',
        `\`${macro.name}\` is defined anew, differently.`,
        macro.definedAt ?? range,
      );
    }
    this.macros.set(macro.name, macro);
    if (macro.definedAt) this.mentions.push({ name: macro.name, role: 'definition', range: macro.definedAt });
  }

  // --- includes ----------------------------------------------------------------------------------------------------

  private header(tokens: readonly Token[]): { name: string; angled: boolean } | undefined {
    const first = tokens[0];
    if (first?.kind === 'string') return { name: first.text.slice(1, -1), angled: false };
    if (first?.text !== '<') return undefined;
    const close = tokens.findIndex(token => token.text === '>');
    if (close < 0) return undefined;
    const inner = tokens.slice(1, close);
    return {
      name: inner.map((token, index) => (index > 0 && token.space ? ' ' : '') + token.text).join(''),
      angled: true,
    };
  }

  private find(
    name: string,
    angled: boolean,
    from: number,
  ): { path: string; text: string; searchIndex: number } | undefined {
    const { host, includePaths = [] } = this.options;
    const current = this.files[this.files.length - 1];
    const own = current && !angled && from === 0 ? [host.folderOf(current.file.path)] : [];
    const folders = name.startsWith('/') ? [''] : [...own, ...includePaths.slice(from)];
    for (let index = 0; index < folders.length; index++) {
      const path = host.join(folders[index]!, name);
      const text = host.readText(path);
      if (text !== undefined)
        return { path, text, searchIndex: index < own.length ? 0 : from + index - own.length + 1 };
    }
    return undefined;
  }

  private include(open: OpenFile, line: SourceLine, at: number, directive: string, range: SourceRange): void {
    // A header name is not made of tokens: `<a//b.h>` and the like are taken from the text.
    const written = /^\s*(?:"([^"]*)"|<([^>]*)>)/.exec(line.text.slice(at));
    const header = written
      ? { name: written[1] ?? written[2]!, angled: written[1] === undefined }
      : this.header(expandTokens(tokenize(line, at), this.context, false));
    if (!header || header.name === '') {
      this.report('error', 'preprocessor', 'A file name in quotes or angle brackets is expected here.', range);
      return;
    }
    const nameStart = line.text.indexOf(header.name, at);
    const nameRange = nameStart < 0 ? range : locate(line, nameStart, nameStart + header.name.length);
    const found = this.find(header.name, header.angled, directive === 'include_next' ? open.searchIndex : 0);
    if (!found) {
      this.includes.push({ name: header.name, range: nameRange });
      this.report('error', 'missing-include', `The file \`${header.name}\` is not found.`, nameRange);
      return;
    }
    this.includes.push({ name: header.name, range: nameRange, path: found.path });
    if (this.once.has(found.path)) return;
    if (directive === 'import') this.once.add(found.path);
    if (this.files.length > (this.options.includeDepth ?? 64)) {
      this.report('error', 'too-deep', 'Includes are nested too deep.', nameRange);
      return;
    }
    const expansion: Expansion = { kind: 'include', name: found.path, at: nameRange };
    this.open(new SourceFile(found.path, found.text), expansion, found.searchIndex);
  }
}

const dynamicNames: ReadonlySet<string> = new Set([
  '__FILE__',
  '__LINE__',
  '__BASE_FILE__',
  '__INCLUDE_LEVEL__',
  '__COUNTER__',
]);

const directiveNames: ReadonlySet<string> = new Set([
  'define',
  'undef',
  'include',
  'include_next',
  'import',
  'error',
  'warning',
  'line',
  'pragma',
  'ident',
  'sccs',
  'assert',
  'unassert',
]);

function isDirective(name: string): boolean {
  return directiveNames.has(name);
}

function isActive(open: OpenFile): boolean {
  const top = open.conditionals[open.conditionals.length - 1];
  return top === undefined || top.active;
}

function tokenRange(token: Token): SourceRange {
  const { file, start, end, expansion } = token;
  return { file, start, end, ...(expansion && { expansion }) };
}
