import { nameEnd, skipBlanks } from '../../syntax/characters.ts';
import { locate } from '../../syntax/source.ts';
import { parseStatement } from '../../syntax/statement.ts';
import type { Assembler, Directive } from '../assembler.ts';
import type { Unit } from '../input.ts';
import { compact, expandBody, parseMacroHeader, readArguments } from '../macro.ts';
import type { OperandReader } from '../reader.ts';

const repeating: ReadonlySet<string> = new Set(['.rept', '.rep', '.irp', '.irpc', '.irep', '.irepc']);
const macroOpeners: ReadonlySet<string> = new Set(['.macro']);
const macroClosers: ReadonlySet<string> = new Set(['.endm', '.endmacro']);
const repeatClosers: ReadonlySet<string> = new Set(['.endr']);

/** Directive at the head of a unit, labels before it passed over; empty when there is none. */
function headOf(unit: Unit): string {
  const text = unit.line.text;
  let at = skipBlanks(text, unit.start, unit.end);
  if (text.charCodeAt(at) !== 46) {
    const statement = parseStatement(text, unit.start, unit.end);
    if (!statement?.head || statement.labels.length === 0) return '';
    at = statement.head.start;
  }
  return text.charCodeAt(at) === 46 ? text.slice(at, nameEnd(text, at, unit.end)).toLowerCase() : '';
}

/** Reads the body up to the matching closer, which is left out. */
function body(
  assembler: Assembler,
  operands: OperandReader,
  openers: ReadonlySet<string>,
  closers: ReadonlySet<string>,
  closer: string,
): Unit[] {
  const units: Unit[] = [];
  let depth = 1;
  for (;;) {
    const unit = assembler.nextUnit();
    if (!unit) throw operands.error(`\`${closer}\` is missing.`, operands.statement, 'unclosed-body');
    const head = headOf(unit);
    if (openers.has(head)) depth++;
    else if (closers.has(head) && --depth === 0) return units;
    units.push(unit);
  }
}

export const macroDirectives: readonly Directive[] = [
  {
    names: ['.macro'],
    syntax: 'name [parameter[:req|:vararg][=default], …]',
    brief:
      'Defines a macro; `\\parameter` in its body stands for an argument, `\\()` for nothing, `\\@` for a running number.',
    run(assembler, operands) {
      const header = parseMacroHeader(operands.line, operands.at, operands.end);
      const definedAt = assembler.range(header.nameSpan);
      const units = body(assembler, operands, macroOpeners, macroClosers, '.endm');
      if (header.problem) throw operands.error(header.problem.message, header.problem);
      if (header.name === '') throw operands.error('A macro name is expected here.', operands.statement);
      const name = header.name.toLowerCase();
      assembler.expressions.record('macro', name, 'definition', definedAt);
      if (assembler.directiveNamed(name)) {
        assembler.report('warning', 'directive-name', `\`${name}\` stays the directive of that name.`, definedAt);
        return;
      }
      if (assembler.macros.has(name)) {
        throw operands.error(`Macro \`${header.name}\` is already defined.`, header.nameSpan, 'redefined-macro');
      }
      assembler.macros.set(name, { name: header.name, parameters: header.parameters, body: units, definedAt });
    },
  },
  {
    names: ['.endm', '.endmacro'],
    syntax: '',
    brief: 'Ends a macro definition.',
    run(_, operands) {
      throw operands.error('No `.macro` is open here.', operands.statement);
    },
  },
  {
    names: ['.exitm'],
    syntax: '',
    brief: 'Leaves the macro at this point.',
    run(assembler, operands) {
      const depth = assembler.input.leaveMacro();
      if (depth === undefined) throw operands.error('This stands in no macro.', operands.statement);
      assembler.conditionals.unwind(depth);
    },
  },
  {
    names: ['.purgem'],
    syntax: 'name',
    brief: 'Forgets a macro.',
    run(assembler, operands) {
      const name = operands.word();
      operands.expectEnd();
      assembler.expressions.record('macro', name.text.toLowerCase(), 'reference', assembler.range(name));
      if (!assembler.macros.delete(name.text.toLowerCase())) {
        throw operands.error(`\`${name.text}\` is not a macro.`, name, 'unknown-macro');
      }
    },
  },
  {
    names: ['.rept', '.rep'],
    syntax: 'count',
    brief: 'Assembles the lines up to `.endr` that many times.',
    run(assembler, operands) {
      const expression = operands.atEnd ? undefined : operands.expression();
      const units = body(assembler, operands, repeating, repeatClosers, '.endr');
      if (!expression) throw operands.error('A count is expected here.', operands.statement);
      operands.expectEnd();
      const count = assembler.expressions.absolute(expression);
      if (count < 0n) {
        assembler.report('warning', 'negative-count', 'A negative count repeats nothing.', assembler.range(expression));
        return;
      }
      const most = BigInt(assembler.limits.statements);
      if (count * BigInt(Math.max(units.length, 1)) > most) {
        throw operands.error(
          `Repeating this ${count} times makes more than ${most} statements.`,
          expression,
          'too-long',
        );
      }
      deepEnough(assembler, operands);
      assembler.input.pushRepeat(units, Number(count), assembler.conditionals.depth);
    },
  },
  {
    names: ['.irp', '.irpc'],
    syntax: 'name, value, …',
    brief:
      'Assembles the lines up to `.endr` once for each value (`.irpc`: for each character), which `\\name` stands for.',
    run(assembler, operands, directive) {
      const name = operands.word();
      operands.accept(',');
      const source = compact(operands.line, operands.at, operands.end);
      const units = body(assembler, operands, repeating, repeatClosers, '.endr');
      if (name.text === '') throw operands.error('A name is expected here.', operands.statement);
      const values = directive === '.irp' ? readArguments(source, 0) : characters(source);
      if (values.length === 0) values.push({ text: '', pieces: source.pieces });
      if (values.length * units.length > assembler.limits.statements) {
        throw operands.error('Repeating this makes too many statements.', operands.statement, 'too-long');
      }
      deepEnough(assembler, operands);
      const expansion = { kind: 'repeat', name: directive, at: assembler.range() } as const;
      const parameters = [{ name: name.text, kind: 'optional' }] as const;
      const lines = values.flatMap(value =>
        expandBody(units, parameters, new Map([[name.text, value]]), expansion, assembler.invocationCount),
      );
      assembler.input.pushRepeat(
        lines.map(line => ({ line, start: 0, end: line.text.length })),
        1,
        assembler.conditionals.depth,
      );
    },
  },
  {
    names: ['.endr'],
    syntax: '',
    brief: 'Ends a repetition.',
    run(_, operands) {
      throw operands.error('No repetition is open here.', operands.statement);
    },
  },
];

function deepEnough(assembler: Assembler, operands: OperandReader): void {
  if (assembler.input.depth >= assembler.limits.nesting) {
    throw operands.error(
      `Repetitions are nested more than ${assembler.limits.nesting} deep.`,
      operands.statement,
      'too-deep',
    );
  }
}

/** One line for each character of the text; quotes around the whole are left out. */
function characters(source: ReturnType<typeof compact>): ReturnType<typeof compact>[] {
  const quoted = source.text.startsWith('"') && source.text.endsWith('"') && source.text.length > 1;
  const from = quoted ? 1 : 0;
  const to = source.text.length - from;
  const list: ReturnType<typeof compact>[] = [];
  for (let at = from; at < to; at++) {
    const { file, start, end, expansion } = locate(source, at, at + 1);
    list.push({ text: source.text[at]!, pieces: [{ at: 0, file, start, end, verbatim: true, expansion }] });
  }
  return list;
}
