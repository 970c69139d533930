import { isBlank, isNamePart, nameEnd, skipBlanks } from '../syntax/characters.ts';
import type { SyntaxProblem } from '../syntax/parsed.ts';
import { type Expansion, LineBuilder, locate, type SourceLine, type SourceRange } from '../syntax/source.ts';
import type { Unit } from './input.ts';

export interface MacroParameter {
  readonly name: string;
  readonly kind: 'optional' | 'required' | 'rest';
  readonly default?: SourceLine;
}

/** A `.macro`. */
export interface Macro {
  readonly name: string;
  readonly parameters: readonly MacroParameter[];
  readonly body: readonly Unit[];
  readonly definedAt: SourceRange;
}

type Argument = SourceLine;

const separators = ' \t,";()';

/**
 * Removes the blanks that GNU as removes before it looks at operands: all of them, except one between two characters
 * that could be part of a name (or before a macro parameter), where it separates. Strings stay as they are.
 */
export function compact(line: SourceLine, start: number, end: number): SourceLine {
  const text = line.text;
  const builder = new LineBuilder();
  let from = start;
  let at = start;
  let quoted = false;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === 34) quoted = !quoted;
    else if (code === 92 && quoted) at++;
    else if (!quoted && isBlank(code)) {
      const stop = skipBlanks(text, at, end);
      const separates =
        at > start &&
        stop < end &&
        isNamePart(text.charCodeAt(at - 1)) &&
        (isNamePart(text.charCodeAt(stop)) || text.charCodeAt(stop) === 92);
      builder.slice(line, from, separates ? at + 1 : at);
      from = at = stop;
      continue;
    }
    at++;
  }
  builder.slice(line, from, end);
  return builder.finish(locate(line, start, end));
}

/** Reads one macro argument: in quotes, or up to a comma or (outside brackets) a blank. */
function readArgument(line: SourceLine, start: number): { argument: Argument; end: number } {
  const text = line.text;
  const end = text.length;
  const builder = new LineBuilder();
  let at = skipBlanks(text, start, end);
  const from = at;
  if (text.charCodeAt(at) === 34 && at < end) {
    // Adjacent quotes stand for one quote inside the string; a backslash protects the character behind it.
    for (;;) {
      let stop = at + 1;
      while (stop < end && text.charCodeAt(stop) !== 34) {
        if (text.charCodeAt(stop) === 92 && stop + 1 < end) stop++;
        stop++;
      }
      builder.slice(line, at + 1, Math.min(stop, end));
      at = Math.min(stop + 1, end);
      if (text.charCodeAt(at) !== 34 || at >= end) break;
      builder.slice(line, at, at + 1);
    }
    return { argument: builder.finish(locate(line, from, at)), end: at };
  }
  const open: string[] = [];
  scan: while (at < end) {
    const character = text[at]!;
    if (character === ',' || (open.length === 0 && (character === ' ' || character === '\t'))) break;
    switch (character) {
      case '"':
      case "'": {
        const close = text.indexOf(character, at + 1);
        if (close < 0 || close >= end) {
          at = end;
          break scan;
        }
        at = close;
        break;
      }
      case '(':
      case '[':
        open.push(character);
        break;
      case ')':
        if (open[open.length - 1] === '(') open.pop();
        break;
      case ']':
        if (open[open.length - 1] === '[') open.pop();
        break;
    }
    at++;
  }
  builder.slice(line, from, at);
  return { argument: builder.finish(locate(line, from, at)), end: at };
}

function skipComma(text: string, start: number): number {
  let at = skipBlanks(text, start, text.length);
  if (text.charCodeAt(at) === 44) at = skipBlanks(text, at + 1, text.length);
  return at;
}

/** Arguments of `.irp`: values separated by commas or blanks. */
export function readArguments(line: SourceLine, start: number): Argument[] {
  const list: Argument[] = [];
  let at = skipBlanks(line.text, start, line.text.length);
  while (at < line.text.length) {
    const { argument, end } = readArgument(line, at);
    list.push(argument);
    const next = skipComma(line.text, end);
    at = next > at ? next : line.text.length;
  }
  return list;
}

/** Parses what follows `.macro`: `name p, q:req, r=1, rest:vararg`. */
export function parseMacroHeader(
  line: SourceLine,
  start: number,
  end: number,
): { name: string; nameSpan: { start: number; end: number }; parameters: MacroParameter[]; problem?: SyntaxProblem } {
  const text = line.text;
  const nameStart = skipBlanks(text, start, end);
  const nameStop = nameEnd(text, nameStart, end);
  const name = text.slice(nameStart, nameStop);
  const parameters: MacroParameter[] = [];
  const result = { name, nameSpan: { start: nameStart, end: nameStop }, parameters };
  let problem: SyntaxProblem | undefined;
  let at = skipBlanks(text, nameStop, end);
  const parenthesized = at < end && text[at] === '(';
  if (parenthesized || (at < end && text[at] === ',')) at = skipBlanks(text, at + 1, end);
  while (at < end && !(parenthesized && text[at] === ')')) {
    const stop = nameEnd(text, at, end);
    if (stop === at) {
      problem = { start: at, end: at + 1, message: 'A parameter name is expected here.' };
      break;
    }
    const parameter = text.slice(at, stop);
    let kind: MacroParameter['kind'] = 'optional';
    at = skipBlanks(text, stop, end);
    if (at < end && text[at] === ':') {
      const qualifierStart = skipBlanks(text, at + 1, end);
      const qualifierStop = nameEnd(text, qualifierStart, end);
      const qualifier = text.slice(qualifierStart, qualifierStop).toLowerCase();
      if (qualifier === 'req') kind = 'required';
      else if (qualifier === 'vararg') kind = 'rest';
      else {
        problem = {
          start: qualifierStart,
          end: Math.max(qualifierStop, qualifierStart + 1),
          message: 'A parameter may be qualified as `req` or `vararg`.',
        };
      }
      at = skipBlanks(text, qualifierStop, end);
    }
    if (at < end && text[at] === '=') {
      const limited = compact(line, at + 1, end);
      const { argument, end: stopped } = readArgument(limited, 0);
      parameters.push({ name: parameter, kind, default: argument });
      // The compacted text is shorter than the line; find the same place by counting what is left.
      at = positionBehind(line, at + 1, end, stopped);
    } else parameters.push({ name: parameter, kind });
    const next = skipBlanks(text, at, end);
    at = next < end && text[next] === ',' ? skipBlanks(text, next + 1, end) : next;
  }
  return problem ? { ...result, problem } : result;
}

/** The offset in `line` of the character that `compact(line, start, end)` has at `index`. */
function positionBehind(line: SourceLine, start: number, end: number, index: number): number {
  let low = start;
  while (low < end && compact(line, start, low + 1).text.length <= index) low++;
  return low;
}

/** Gives each parameter its argument; `line` is compacted. */
export function bindArguments(
  macro: Macro,
  line: SourceLine,
): { values: Map<string, Argument> } | { problem: SyntaxProblem } {
  const text = line.text;
  const values = new Map<string, Argument>();
  let at = skipBlanks(text, 0, text.length);
  let position = 0;
  let keywords = false;
  while (at < text.length) {
    let scan = at;
    while (scan < text.length && !separators.includes(text[scan]!) && text[scan] !== '=') scan++;
    const keyword = text.slice(at, scan);
    if (text[scan] === '=' && keyword !== '' && text[scan + 1] !== '=' && nameEnd(text, at, scan) === scan) {
      keywords = true;
      if (!macro.parameters.some(parameter => parameter.name === keyword)) {
        return {
          problem: { start: at, end: scan, message: `Macro \`${macro.name}\` has no parameter \`${keyword}\`.` },
        };
      }
      const read = readArgument(line, scan + 1);
      values.set(keyword, read.argument);
      at = read.end;
    } else {
      const parameter = macro.parameters[position++];
      if (keywords) {
        const message = 'An argument by position cannot follow one by name.';
        return { problem: { start: at, end: Math.max(scan, at + 1), message } };
      }
      if (!parameter) {
        const count = macro.parameters.length;
        const takes = count === 0 ? 'no arguments' : count === 1 ? 'one argument' : `at most ${count} arguments`;
        return { problem: { start: at, end: text.length, message: `Macro \`${macro.name}\` takes ${takes}.` } };
      }
      if (parameter.kind === 'rest') {
        const builder = new LineBuilder();
        builder.slice(line, at, text.length);
        values.set(parameter.name, builder.finish(locate(line, at, text.length)));
        break;
      }
      const read = readArgument(line, at);
      values.set(parameter.name, read.argument);
      at = read.end;
    }
    const next = skipComma(text, at);
    if (next === at && at < text.length && text[at] !== ' ') {
      // Two arguments with nothing between them, such as `"a"b`: GNU as takes the second for a new argument.
      continue;
    }
    at = next;
  }
  for (const parameter of macro.parameters) {
    const given = values.get(parameter.name);
    if (given && given.text !== '') continue;
    if (parameter.kind === 'required') {
      return {
        problem: {
          start: 0,
          end: text.length,
          message: `Macro \`${macro.name}\` needs a value for its parameter \`${parameter.name}\`.`,
        },
      };
    }
    if (parameter.default) values.set(parameter.name, parameter.default);
  }
  return { values };
}

/** Names parameters are found by, longest name first in the text: `\name`, `\()`, `\@`. */
export function expandBody(
  body: readonly Unit[],
  parameters: readonly MacroParameter[],
  values: ReadonlyMap<string, Argument>,
  expansion: Expansion,
  invocation: number,
): SourceLine[] {
  const names = new Set(parameters.map(parameter => parameter.name));
  return body.map(unit => expandUnit(unit, names, values, expansion, invocation));
}

function expandUnit(
  unit: Unit,
  names: ReadonlySet<string>,
  values: ReadonlyMap<string, Argument>,
  expansion: Expansion,
  invocation: number,
): SourceLine {
  const { line, start, end } = unit;
  const text = line.text;
  const builder = new LineBuilder();
  let from = start;
  let at = text.indexOf('\\', start);
  while (at >= 0 && at < end) {
    const next = text[at + 1];
    let stop = at;
    if (next === '(' && text[at + 2] === ')') {
      builder.slice(line, from, at, expansion);
      stop = at + 3;
    } else if (next === '@') {
      builder.slice(line, from, at, expansion);
      const { file, start: begin, end: behind } = locate(line, at, at + 2);
      builder.literal(String(invocation), { file, start: begin, end: behind, expansion });
      stop = at + 2;
    } else {
      const nameStop = nameEnd(text, at + 1, end);
      const name = text.slice(at + 1, nameStop);
      if (names.has(name)) {
        builder.slice(line, from, at, expansion);
        const value = values.get(name);
        if (value) appendArgument(builder, value, expansion);
        stop = nameStop;
      }
    }
    if (stop > at) {
      from = stop;
      at = text.indexOf('\\', stop);
    } else at = text.indexOf('\\', at + (next === '\\' ? 2 : 1));
  }
  builder.slice(line, from, end, expansion);
  return builder.finish({ ...locate(line, start, end), expansion });
}

/** An argument keeps the place where it was written, but belongs to this expansion. */
function appendArgument(builder: LineBuilder, value: Argument, expansion: Expansion): void {
  builder.slice(value, 0, value.text.length, expansion);
}
