import type { Expression } from '../syntax/expression.ts';
import { splitLines } from '../syntax/lines.ts';
import type { Problem, Severity } from '../syntax/problem.ts';
import { registerNamed } from '../syntax/registers.ts';
import { locate, SourceFile, type SourceLine, type SourceRange } from '../syntax/source.ts';
import { type LabelSyntax, parseStatement, type Span, type Statement } from '../syntax/statement.ts';
import { CallFrameRecorder } from './call-frame.ts';
import { Conditionals } from './conditionals.ts';
import { distanceBeforeLayout } from './distance.ts';
import { type Distance, evaluate, isAbsolute } from './expression.ts';
import { ExpressionBinder } from './expression-binder.ts';
import { type FileProvider, folderOf } from './files.ts';
import type { DataField, Fixup } from './fixup.ts';
import { InputStack, type Unit } from './input.ts';
import { InstructionAssembler } from './instruction-assembler.ts';
import type { InstructionSet } from './instruction-set.ts';
import { leb128 } from './leb128.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { LineRecorder } from './line-recorder.ts';
import { bindArguments, compact, expandBody, type Macro } from './macro.ts';
import { OperandReader, StatementError } from './reader.ts';
import { SectionOutput } from './section-output.ts';
import { StatementAtHand } from './statement-at-hand.ts';
import { SymbolTable } from './symbol-table.ts';

export interface AssemblerOptions {
  /** Directives by every name they have. */
  readonly directives: ReadonlyMap<string, Directive>;
  readonly instructions: InstructionSet;
  readonly files: FileProvider;
  /** Folders searched by `.include` and `.incbin` after the including file's own. */
  readonly includePaths: readonly string[];
  readonly limits?: Limits;
}

/** A directive: what the assembler does for it and what a person reads about it. */
export interface Directive {
  /** Every spelling, with the dot. */
  readonly names: readonly string[];
  /** Operands as a person would sketch them: `expression, …`. */
  readonly syntax: string;
  readonly brief: string;
  /** Must be seen even in an inactive branch. */
  readonly conditional?: boolean;
  run(assembler: Assembler, operands: OperandReader, name: string): void;
}

/**
 * Assembles statements into sections, symbols and fixups.
 *
 * It reads its input once; what is not known then (distances over alignments, symbols defined later) is left in
 * fragments and fixups for `resolve.ts`. A statement that is wrong becomes a problem and leaves the next one alone.
 */
export class Assembler {
  readonly problems: Problem[] = [];
  readonly symbols = new SymbolTable();
  readonly conditionals = new Conditionals();
  readonly input = new InputStack();
  readonly macros = new Map<string, Macro>();
  readonly fixups: Fixup[] = [];
  readonly lines = new LineRecorder();
  readonly callFrames = new CallFrameRecorder();
  readonly options: AssemblerOptions;
  readonly limits: Limits;

  readonly output: SectionOutput;
  readonly expressions: ExpressionBinder;
  readonly instructions: InstructionAssembler;
  includeDepth = 0;
  /** Sources read by `.include`. */
  readonly includes: { readonly path: string; readonly at: SourceRange }[] = [];
  /** What `.file "name"` says. */
  sourceName: string | undefined;
  readonly distance: Distance = distanceBeforeLayout;
  private invocations = 0;
  private statements = 0;
  private readonly atHand: StatementAtHand;

  constructor(options: AssemblerOptions, start: SourceLine) {
    this.options = options;
    this.limits = options.limits ?? defaultLimits;
    this.atHand = new StatementAtHand(start);
    this.output = new SectionOutput(this.limits, this.atHand, ({ section, subsection }) =>
      this.callFrames.select(`${section.name}/${subsection}`),
    );
    this.expressions = new ExpressionBinder(this.symbols, this.atHand, () => this.output.here());
    this.instructions = new InstructionAssembler({
      instructions: options.instructions,
      symbols: this.symbols,
      expressions: this.expressions,
      output: this.output,
      statement: this.atHand,
      lines: this.lines,
      fixups: this.fixups,
      report: (severity, code, message) => this.report(severity, code, message),
    });
  }

  /** Reads lines to their end. */
  run(lines: readonly SourceLine[]): void {
    this.input.pushFile(lines, 0);
    for (;;) {
      const unit = this.input.next();
      if (unit) {
        if (++this.statements > this.limits.statements) {
          this.report('error', 'too-long', `More than ${this.limits.statements} statements: assembly stops here.`);
          this.input.clear();
          this.conditionals.unwind(0);
          return;
        }
        this.statement(unit);
      } else if (!this.endFrame()) return;
    }
  }

  private endFrame(): boolean {
    const depth = this.input.pop();
    if (depth === undefined) return false;
    for (const range of this.conditionals.unwind(depth)) {
      this.problems.push({ severity: 'error', code: 'unclosed-if', message: 'This conditional is not closed.', range });
    }
    return true;
  }

  /** Reads the next statement without assembling it, for bodies of macros and repetitions. */
  nextUnit(): Unit | undefined {
    this.statements++;
    return this.input.next();
  }

  /** Place of a stretch of the statement at hand. */
  range(span?: Span): SourceRange {
    return this.atHand.range(span);
  }

  report(severity: Severity, code: string, message: string, range: SourceRange = this.range()): void {
    this.problems.push({ severity, code, message, range });
  }

  private statement(unit: Unit): void {
    const statement = parseStatement(unit.line.text, unit.start, unit.end);
    if (!statement) return;
    this.atHand.line = unit.line;
    this.atHand.span = statement;
    try {
      if (this.conditionals.active) this.assemble(unit.line, statement);
      else this.skipInactive(unit.line, statement);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      this.report('error', error.code, error.message, this.range(error.span));
    }
  }

  /** Inside an inactive branch only conditionals count. */
  private skipInactive(line: SourceLine, statement: Statement): void {
    const head = statement.head;
    if (head?.text.charCodeAt(0) !== 46) return;
    const directive = this.directiveNamed(head.text.toLowerCase());
    if (directive?.conditional) this.runDirective(directive, head.text.toLowerCase(), line, statement);
  }

  private assemble(line: SourceLine, statement: Statement): void {
    for (const label of statement.labels) this.defineLabel(label);
    if (statement.assignment) {
      const { symbol, operator } = statement.assignment;
      const reader = new OperandReader(line, statement.operands, statement);
      const expression = reader.expression();
      reader.expectEnd();
      this.assign(symbol, expression, operator === '=', statement.assignment);
      return;
    }
    const head = statement.head;
    if (!head) {
      if (statement.stray) this.strayText(line, statement.stray);
      return;
    }
    const name = head.text.toLowerCase();
    if (name.charCodeAt(0) === 46) {
      const directive = this.directiveNamed(name);
      if (directive) {
        this.runDirective(directive, name, line, statement);
        return;
      }
    }
    const macro = this.macros.get(name);
    if (macro) this.invoke(macro, line, statement, head);
    else if (this.instructions.aliasDefinition(head, line, statement.operands)) return;
    else if (name.charCodeAt(0) === 46) {
      throw new StatementError(`\`${head.text}\` is not a directive or macro.`, head, 'unknown-directive');
    } else this.instructions.assemble(name, head, line, statement);
  }

  private strayText(line: SourceLine, stray: Span): void {
    const text = line.text;
    const marker = /^#\s*(\d+)\s+"([^"]*)"/.exec(text.slice(stray.start, stray.end));
    if (marker) {
      this.lines.marker(Number(marker[1]), marker[2]!, this.range(stray));
      return;
    }
    throw new StatementError('A label, directive, macro or instruction is expected here.', stray);
  }

  private runDirective(directive: Directive, name: string, line: SourceLine, statement: Statement): void {
    directive.run(this, new OperandReader(line, statement.operands, statement), name);
  }

  // --- symbols -----------------------------------------------------------------------------------------------------

  /** Defines a label at the current place. */
  private defineLabel(label: LabelSyntax): void {
    const range = this.range(label);
    if (label.numeric) {
      const symbol = this.symbols.defineNumeric(label.name);
      symbol.definition = this.output.place();
      symbol.definedAt = range;
      this.expressions.record('symbol', this.expressions.numericName(symbol), 'definition', range);
      return;
    }
    let symbol = this.symbols.get(label.name);
    if (symbol.definition && !(symbol.definition.kind === 'common')) {
      this.expressions.record('symbol', label.name, 'definition', range);
      throw new StatementError(`\`${label.name}\` is already defined.`, label, 'redefined-symbol');
    }
    if (symbol.definition) symbol = this.symbols.renew(label.name);
    symbol.definition = this.output.place();
    symbol.definedAt = range;
    if (this.output.section.flags.tls && symbol.type === 'notype') symbol.type = 'tls';
    this.expressions.record('symbol', label.name, 'definition', range);
  }

  /** `.set`, `.equ`, `=`: gives a symbol a value. `redefinable` is false for `.equiv` and `==`. */
  assign(name: string, expression: Expression, redefinable: boolean, at: Span): void {
    const range = this.range(at);
    const bound = this.expressions.bind(expression);
    if (name === '.') {
      this.output.origin(bound, 0);
      return;
    }
    let symbol = this.symbols.get(name);
    const before = symbol.definition;
    if (before && (before.kind !== 'value' || !before.redefinable || !redefinable)) {
      throw new StatementError(`\`${name}\` is already defined.`, at, 'redefined-symbol');
    }
    if (before && symbol.referenced) symbol = this.symbols.renew(name);
    symbol.definition = { kind: 'value', expression: this.expressions.settled(bound), redefinable };
    symbol.definedAt = range;
    this.expressions.record('symbol', name, 'definition', range);
  }

  /** Emits an integer of `size` bytes whose value may depend on symbols. */
  emitInteger(expression: Expression, size: 1 | 2 | 4 | 8 | 16): void {
    const bound = this.expressions.bind(expression);
    const known = evaluate(bound, distanceBeforeLayout);
    if ('problem' in known) throw new StatementError(known.problem, expression, 'bad-expression');
    const fragment = this.output.content(size, false);
    const offset = fragment.data.length;
    this.output.list(offset, size, 'data');
    if (isAbsolute(known)) {
      if (known.constant !== 0n && this.output.section.type === 'nobits') this.output.failNobits();
      if (!fits(known.constant, size)) {
        this.report(
          'warning',
          'truncated',
          `${known.constant} does not fit in ${size} byte${size === 1 ? '' : 's'}; only its low bits are stored.`,
          this.range(expression),
        );
      }
      fragment.data.integer(known.constant, size);
      return;
    }
    if (size === 16) throw new StatementError('16 bytes can only hold a number.', expression, 'not-constant');
    if (this.output.section.type === 'nobits') this.output.failNobits();
    const field: DataField = `data${(8 * size) as 8 | 16 | 32 | 64}`;
    this.fixups.push({ fragment, offset, field, expression: bound, range: this.range(expression) });
    fragment.data.integer(0n, size);
  }

  /** Emits a DWARF variable-length integer, now when its value is known. */
  emitLeb128(expression: Expression, signed: boolean): void {
    const bound = this.expressions.bind(expression);
    const value = evaluate(bound, distanceBeforeLayout);
    if ('problem' in value) throw new StatementError(value.problem, expression, 'bad-expression');
    if (isAbsolute(value)) {
      this.output.emitBytes(Uint8Array.from(leb128(value.constant, signed)));
      return;
    }
    const range = this.range(expression);
    const { section } = this.output;
    this.output.pushFragment({ kind: 'leb128', expression: bound, signed, range, section, offset: undefined, size: 1 });
  }

  // --- macros ------------------------------------------------------------------------------------------------------

  private invoke(macro: Macro, line: SourceLine, statement: Statement, head: Span): void {
    this.expressions.record('macro', macro.name.toLowerCase(), 'reference', this.range(head));
    if (this.input.depth >= this.limits.nesting) {
      throw new StatementError(`Macros are nested more than ${this.limits.nesting} deep.`, head, 'too-deep');
    }
    const source = compact(line, statement.operands.start, statement.operands.end);
    const bound = bindArguments(macro, source);
    if ('problem' in bound) {
      const range = source.text === '' ? this.range(head) : locate(source, bound.problem.start, bound.problem.end);
      this.report('error', 'macro-arguments', bound.problem.message, range);
      return;
    }
    const at = this.range({ start: head.start, end: statement.end });
    const expansion = { kind: 'macro', name: macro.name, at } as const;
    const body = expandBody(macro.body, macro.parameters, bound.values, expansion, this.invocations++);
    this.input.pushMacro(body, this.conditionals.depth);
  }

  /** The directive of that name (lower case, with its dot). */
  directiveNamed(name: string): Directive | undefined {
    return this.options.directives.get(name);
  }

  /** Folders in which `.include` and `.incbin` look: the file's own, then the search paths. */
  searchPaths(name: string, range: SourceRange): string[] {
    if (name.startsWith('/')) return [''];
    return [folderOf(range.file.path), ...this.options.includePaths];
  }

  /** Reads a source at this place. */
  include(path: string, text: string, at: SourceRange): void {
    this.expressions.record('include', path, 'reference', at);
    this.includes.push({ path, at });
    const expansion = { kind: 'include', name: path, at } as const;
    const lines = splitLines(new SourceFile(path, text), this.problems, expansion);
    this.includeDepth++;
    this.input.pushFile(lines, this.conditionals.depth, () => {
      this.includeDepth--;
    });
  }

  /** Reads nothing more. */
  stop(): void {
    this.input.clear();
    this.conditionals.unwind(0);
  }

  isRegister(name: string): boolean {
    return registerNamed(name) !== undefined || this.instructions.registerAlias(name) !== undefined;
  }

  /** Finishes what waits for the end of the source. */
  finish(): void {
    this.instructions.placeAllLiterals();
    for (const { range } of this.callFrames.unfinished()) {
      const message = 'This description is not ended by `.cfi_endproc`.';
      this.problems.push({ severity: 'error', code: 'call-frame', message, range });
    }
  }

  get invocationCount(): number {
    return this.invocations;
  }
}

/** Whether a number fits in `size` bytes, as signed or as unsigned. */
export function fits(value: bigint, size: number): boolean {
  const bits = BigInt(8 * size);
  return value >= -(1n << (bits - 1n)) && value < 1n << bits;
}
