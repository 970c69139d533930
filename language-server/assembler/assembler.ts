import type { AssemblyOperand, ImmediateOperand, OperandFixup } from '../architecture.ts';
import type { Expression } from '../syntax/expression.ts';
import { splitLines } from '../syntax/lines.ts';
import { parseOperands } from '../syntax/operands.ts';
import type { Problem, Severity } from '../syntax/problem.ts';
import { registerNamed } from '../syntax/registers.ts';
import { locate, SourceFile, type SourceLine, type SourceRange } from '../syntax/source.ts';
import { type LabelSyntax, parseStatement, type Span, type Statement } from '../syntax/statement.ts';
import { CallFrameRecorder } from './call-frame.ts';
import { Conditionals } from './conditionals.ts';
import { type Distance, evaluate, isAbsolute, type Value } from './expression.ts';
import { type FileProvider, folderOf } from './files.ts';
import type { DataField, DeferredInstruction, Fixup } from './fixup.ts';
import type { NameKind, NameOccurrence } from './index-of-names.ts';
import { InputStack, type Unit } from './input.ts';
import type { InstructionSet } from './instruction-set.ts';
import { leb128 } from './leb128.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { LineRecorder } from './line-recorder.ts';
import { LiteralPools, type LiteralRequest } from './literal-pool.ts';
import { bindArguments, compact, expandBody, type Macro } from './macro.ts';
import {
  AssemblySymbol,
  type BoundExpression,
  type Fragment,
  Section,
  type SectionFlags,
  type SectionType,
} from './model.ts';
import { OperandReader, StatementError } from './reader.ts';
import { standardSection } from './section-names.ts';
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

/** One statement that put bytes somewhere. */
export interface ListingEntry {
  readonly range: SourceRange;
  readonly fragment: Fragment;
  readonly offset: number;
  /** Bytes, 0 where the layout decides. */
  readonly size: number;
  readonly kind: 'instruction' | 'data';
}

type BytesFragment = Fragment & { readonly kind: 'bytes' };

/** Longest distance that can be told before sections are laid out: within what has a known offset already. */
export const distanceBeforeLayout: Distance = (from, to) => {
  if (from.fragment === to.fragment) return BigInt(to.offset - from.offset);
  if (from.fragment.section !== to.fragment.section) return undefined;
  if (from.fragment.offset === undefined || to.fragment.offset === undefined) return undefined;
  return BigInt(to.fragment.offset + to.offset - (from.fragment.offset + from.offset));
};

/**
 * Assembles statements into sections, symbols and fixups.
 *
 * It reads its input once; what is not known then (distances over alignments, symbols defined later) is left in
 * fragments and fixups for `resolve.ts`. A statement that is wrong becomes a problem and leaves the next one alone.
 */
export class Assembler {
  readonly problems: Problem[] = [];
  readonly symbols = new SymbolTable();
  readonly sections: Section[] = [];
  readonly conditionals = new Conditionals();
  readonly input = new InputStack();
  readonly macros = new Map<string, Macro>();
  readonly fixups: Fixup[] = [];
  readonly deferred: DeferredInstruction[] = [];
  readonly occurrences: NameOccurrence[] = [];
  readonly listing: ListingEntry[] = [];
  readonly lines = new LineRecorder();
  readonly callFrames = new CallFrameRecorder();
  readonly pools = new LiteralPools();
  readonly options: AssemblerOptions;
  readonly limits: Limits;

  section: Section;
  subsection = 0;
  readonly sectionStack: { now: SectionPlace; before: SectionPlace | undefined }[] = [];
  previousSection: SectionPlace | undefined;
  includeDepth = 0;
  /** Sources read by `.include`. */
  readonly includes: { readonly path: string; readonly at: SourceRange }[] = [];
  /** What `.file "name"` says. */
  sourceName: string | undefined;
  readonly distance: Distance = distanceBeforeLayout;
  private fragment: BytesFragment;
  private readonly sectionsByName = new Map<string, Section>();
  private readonly aliases = new Map<string, string>();
  private readonly numericNames = new Map<AssemblySymbol, string>();
  private invocations = 0;
  private statements = 0;
  private bytesEmitted = 0;
  /** The statement at hand, for problems and line entries. */
  private current: { line: SourceLine; span: Span };

  constructor(options: AssemblerOptions, start: SourceLine) {
    this.options = options;
    this.limits = options.limits ?? defaultLimits;
    this.current = { line: start, span: { start: 0, end: 0 } };
    for (const name of ['.text', '.data', '.bss']) this.sectionNamed(name);
    this.section = this.sectionNamed('.text');
    this.fragment = this.section.open(0);
    this.callFrames.select('.text/0');
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
    const { start, end } = span ?? this.current.span;
    return locate(this.current.line, start, end);
  }

  report(severity: Severity, code: string, message: string, range: SourceRange = this.range()): void {
    this.problems.push({ severity, code, message, range });
  }

  record(kind: NameKind, name: string, role: NameOccurrence['role'], range: SourceRange): void {
    this.occurrences.push({ kind, name, role, range });
  }

  private statement(unit: Unit): void {
    const statement = parseStatement(unit.line.text, unit.start, unit.end);
    if (!statement) return;
    this.current = { line: unit.line, span: statement };
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
    else if (this.aliasDefinition(head, line, statement.operands)) return;
    else if (name.charCodeAt(0) === 46) {
      throw new StatementError(`\`${head.text}\` is not a directive or macro.`, head, 'unknown-directive');
    } else this.instruction(name, head, line, statement);
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
      symbol.definition = this.place();
      symbol.definedAt = range;
      this.occurrences.push({ kind: 'symbol', name: this.numericName(symbol), role: 'definition', range });
      return;
    }
    let symbol = this.symbols.get(label.name);
    if (symbol.definition && !(symbol.definition.kind === 'common')) {
      this.record('symbol', label.name, 'definition', range);
      throw new StatementError(`\`${label.name}\` is already defined.`, label, 'redefined-symbol');
    }
    if (symbol.definition) symbol = this.symbols.renew(label.name);
    symbol.definition = this.place();
    symbol.definedAt = range;
    if (this.section.flags.tls && symbol.type === 'notype') symbol.type = 'tls';
    this.record('symbol', label.name, 'definition', range);
  }

  /** A name that tells one `1:` from the next, for the index of names. */
  private numericName(symbol: AssemblySymbol): string {
    let name = this.numericNames.get(symbol);
    if (name === undefined) {
      name = `${symbol.name}:${this.numericNames.size}`;
      this.numericNames.set(symbol, name);
    }
    return name;
  }

  /** Where the next byte goes, as a definition. */
  place(): { kind: 'label'; fragment: Fragment; offset: number } {
    return { kind: 'label', fragment: this.fragment, offset: this.fragment.data.length };
  }

  /** A nameless symbol at the current place. */
  here(): AssemblySymbol {
    const symbol = new AssemblySymbol('.', true);
    symbol.definition = this.place();
    return symbol;
  }

  /** `.set`, `.equ`, `=`: gives a symbol a value. `redefinable` is false for `.equiv` and `==`. */
  assign(name: string, expression: Expression, redefinable: boolean, at: Span): void {
    const range = this.range(at);
    const bound = this.bind(expression);
    if (name === '.') {
      this.origin(bound, 0);
      return;
    }
    let symbol = this.symbols.get(name);
    const before = symbol.definition;
    if (before && (before.kind !== 'value' || !before.redefinable || !redefinable)) {
      throw new StatementError(`\`${name}\` is already defined.`, at, 'redefined-symbol');
    }
    if (before && symbol.referenced) symbol = this.symbols.renew(name);
    symbol.definition = { kind: 'value', expression: this.settled(bound), redefinable };
    symbol.definedAt = range;
    this.record('symbol', name, 'definition', range);
  }

  /** Replaces an expression by its value as soon as that is a number. */
  private settled(bound: BoundExpression): BoundExpression {
    if (bound.kind === 'constant') return bound;
    const value = evaluate(bound, distanceBeforeLayout);
    return isAbsolute(value) ? { kind: 'constant', value: value.constant } : bound;
  }

  /** Looks up the names of an expression at this point of the source. */
  bind(expression: Expression): BoundExpression {
    switch (expression.kind) {
      case 'number':
        return { kind: 'constant', value: expression.value };
      case 'float':
        return { kind: 'float', text: expression.text };
      case 'here':
        return { kind: 'symbol', symbol: this.here() };
      case 'local-label': {
        const symbol = this.symbols.numericReference(expression.number, expression.direction);
        if (!symbol) {
          throw new StatementError(
            `No label \`${expression.number}:\` stands before this.`,
            expression,
            'undefined-label',
          );
        }
        const range = this.range(expression);
        symbol.referencedAt ??= range;
        this.occurrences.push({ kind: 'symbol', name: this.numericName(symbol), role: 'reference', range });
        return { kind: 'symbol', symbol };
      }
      case 'symbol': {
        const symbol = this.symbols.get(expression.name);
        const range = this.range(expression);
        this.record('symbol', expression.name, 'reference', range);
        const definition = symbol.definition;
        if (definition?.kind === 'value' && definition.expression.kind === 'constant') return definition.expression;
        symbol.referenced = true;
        symbol.referencedAt ??= range;
        return { kind: 'symbol', symbol };
      }
      case 'unary':
        return { kind: 'unary', operator: expression.operator, operand: this.bind(expression.operand) };
      case 'binary': {
        const left = this.bind(expression.left);
        return { kind: 'binary', operator: expression.operator, left, right: this.bind(expression.right) };
      }
    }
  }

  /** The value of an expression that must be a number now. */
  absolute(expression: Expression): bigint {
    if (expression.kind === 'number') return expression.value;
    const value = evaluate(this.bind(expression), distanceBeforeLayout);
    if (isAbsolute(value)) return value.constant;
    const message = 'problem' in value ? value.problem : notConstant(value);
    throw new StatementError(
      message,
      expression,
      this.namesUndefined(expression) ? 'undefined-constant' : 'not-constant',
    );
  }

  /** Whether an expression names a symbol that has no value so far. */
  private namesUndefined(expression: Expression): boolean {
    switch (expression.kind) {
      case 'symbol':
        return this.symbols.find(expression.name)?.definition === undefined;
      case 'unary':
        return this.namesUndefined(expression.operand);
      case 'binary':
        return this.namesUndefined(expression.left) || this.namesUndefined(expression.right);
      default:
        return false;
    }
  }

  /** The same as a number between two bounds. */
  absoluteNumber(expression: Expression, least: number, most: number, what: string): number {
    const value = this.absolute(expression);
    if (value < BigInt(least) || value > BigInt(most)) {
      throw new StatementError(`${what} must lie between ${least} and ${most}.`, expression, 'out-of-range');
    }
    return Number(value);
  }

  // --- sections ----------------------------------------------------------------------------------------------------

  /** The section of that name; comes into being with the flags its name implies, or those given. */
  sectionNamed(name: string, given?: { type: SectionType; flags: SectionFlags }): Section {
    let section = this.sectionsByName.get(name);
    if (!section) {
      const { type, flags } = given ?? standardSection(name);
      section = new Section(name, type, flags, new AssemblySymbol(name, true));
      this.sections.push(section);
      this.sectionsByName.set(name, section);
    }
    return section;
  }

  findSection(name: string): Section | undefined {
    return this.sectionsByName.get(name);
  }

  /** Goes on in another section, remembering this one for `.previous`. */
  enter(section: Section, subsection = 0): void {
    this.previousSection = { section: this.section, subsection: this.subsection };
    this.section = section;
    this.subsection = subsection;
    this.fragment = section.open(subsection);
    this.callFrames.select(`${section.name}/${subsection}`);
  }

  // --- content -----------------------------------------------------------------------------------------------------

  /** Makes room for `count` bytes of data or code and returns the fragment. */
  private content(count: number, code: boolean): BytesFragment {
    this.bytesEmitted += count;
    if (this.bytesEmitted > this.limits.bytes) {
      throw new StatementError(`More than ${this.limits.bytes} bytes in all.`, this.current.span, 'too-large');
    }
    this.mapContent(code);
    return this.fragment;
  }

  /** Notes where code and data take turns. */
  private mapContent(code: boolean): void {
    const kind = code ? 'code' : 'data';
    const before = this.section.mappingState.get(this.subsection);
    if (before === kind) return;
    this.section.mappingState.set(this.subsection, kind);
    // Data alone needs no mark in a section that holds no code.
    if (!code && before === undefined && !this.section.flags.execute) return;
    this.section.mappings.push({ fragment: this.fragment, offset: this.fragment.data.length, code });
  }

  private list(offset: number, size: number, kind: ListingEntry['kind']): void {
    this.listing.push({ range: this.range(), fragment: this.fragment, offset, size, kind });
  }

  emitBytes(data: Uint8Array): void {
    const fragment = this.content(data.length, false);
    if (this.section.type === 'nobits' && data.some(byte => byte !== 0)) this.failNobits();
    this.list(fragment.data.length, data.length, 'data');
    fragment.data.append(data);
  }

  /** Emits `count` times the low `size` bytes of a value. */
  emitFill(count: number, size: number, value: bigint): void {
    const total = count * size;
    if (total === 0) return;
    const fragment = this.content(total, false);
    if (value !== 0n && this.section.type === 'nobits') this.failNobits();
    this.list(fragment.data.length, total, 'data');
    const at = fragment.data.reserve(total);
    if (value === 0n) return;
    const bytes = fragment.data.bytes;
    const pattern = new Uint8Array(size);
    for (let index = 0; index < Math.min(size, 8); index++)
      pattern[index] = Number((value >> BigInt(8 * index)) & 0xffn);
    for (let index = 0; index < total; index += size) bytes.set(pattern, at + index);
  }

  private failNobits(): never {
    throw new StatementError(
      `Section ${this.section.name} holds zeros only; nothing else can be stored there.`,
      this.current.span,
      'nobits-content',
    );
  }

  /** Emits an integer of `size` bytes whose value may depend on symbols. */
  emitInteger(expression: Expression, size: 1 | 2 | 4 | 8 | 16): void {
    const bound = this.bind(expression);
    const known = evaluate(bound, distanceBeforeLayout);
    if ('problem' in known) throw new StatementError(known.problem, expression, 'bad-expression');
    const fragment = this.content(size, false);
    const offset = fragment.data.length;
    this.list(offset, size, 'data');
    if (isAbsolute(known)) {
      if (known.constant !== 0n && this.section.type === 'nobits') this.failNobits();
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
    if (this.section.type === 'nobits') this.failNobits();
    const field: DataField = `data${(8 * size) as 8 | 16 | 32 | 64}`;
    this.fixups.push({ fragment, offset, field, expression: bound, range: this.range(expression) });
    fragment.data.integer(0n, size);
  }

  /** Adds a fragment whose size the layout decides, and goes on behind it. */
  pushFragment(fragment: Fragment, code = false): void {
    if (fragment.kind !== 'align') this.mapContent(code);
    this.section.push(this.subsection, fragment);
    this.list(this.fragment.data.length, 0, 'data');
    this.fragment = this.section.open(this.subsection);
  }

  /** Aligns the current place (in bytes, a power of two). */
  align(alignment: number, fill: { value: bigint; size: number } | undefined, atMost: number): void {
    const section = this.section;
    section.alignment = Math.max(section.alignment, alignment);
    if (alignment === 1) return;
    const code = fill === undefined && section.flags.execute;
    const fragment: Fragment = {
      kind: 'align',
      section,
      alignment,
      fill: code ? 'code' : (fill ?? { value: 0n, size: 1 }),
      atMost,
      offset: undefined,
      size: 0,
    };
    if (code && section.mappingState.get(this.subsection) !== 'code') {
      // The padding itself turns from data to code; where, the layout decides.
      section.mappingState.set(this.subsection, 'code');
      section.mappings.push({ fragment, offset: 0, code: true });
    }
    this.pushFragment(fragment);
  }

  /** Moves on to an offset from the section's start. */
  origin(target: BoundExpression, fill: number): void {
    const range = this.range();
    this.pushFragment({ kind: 'origin', section: this.section, target, fill, range, offset: undefined, size: 0 });
  }

  // --- instructions ------------------------------------------------------------------------------------------------

  /** `name .req register`: the only statement whose head is not its first word. */
  private aliasDefinition(head: Span & { text: string }, line: SourceLine, operands: Span): boolean {
    const match = /^\.req\s+(\S+)$/i.exec(line.text.slice(operands.start, operands.end));
    if (!match) return false;
    const target = this.aliases.get(match[1]!.toLowerCase()) ?? match[1]!.toLowerCase();
    if (!registerNamed(target.split('.')[0]!)) {
      throw new StatementError(`\`${match[1]}\` is not a register.`, operands, 'unknown-register');
    }
    const name = head.text.toLowerCase();
    const before = this.aliases.get(name);
    if (before !== undefined && before !== target) {
      this.report('warning', 'redefined-alias', `\`${head.text}\` already stands for ${before}; this line is ignored.`);
      return true;
    }
    this.aliases.set(name, target);
    this.record('register-alias', name, 'definition', this.range(head));
    return true;
  }

  /** `.unreq name`; answers whether the name was one. */
  forgetAlias(name: string): boolean {
    return this.aliases.delete(name.toLowerCase());
  }

  private operands(line: SourceLine, span: Span): AssemblyOperand[] {
    const parsed = parseOperands(line.text, span.start, span.end, {
      registerAlias: name => this.aliases.get(name.toLowerCase()),
      bind: expression => {
        if (expression.kind === 'number') {
          return { expression: { kind: 'constant', value: expression.value }, value: expression.value };
        }
        if (expression.kind === 'symbol') return this.mentioned(expression.name, expression);
        return this.operandValue(this.bind(expression));
      },
      literal: expression =>
        ({ kind: 'literal', value: this.bind(expression), span: expression }) satisfies LiteralRequest,
    });
    if ('problem' in parsed) throw new StatementError(parsed.problem.message, parsed.problem);
    return parsed.operands;
  }

  /**
   * A bare word may be a symbol or a name that only the instruction understands (`eq`, `sctlr_el1`), so it is not
   * looked up until the instruction turns out to want a symbol.
   */
  private mentioned(name: string, span: Span): { expression: unknown; value?: bigint } {
    const definition = this.symbols.find(name)?.definition;
    if (definition?.kind === 'value' && definition.expression.kind === 'constant') {
      return { expression: { kind: 'mention', name, span }, value: definition.expression.value };
    }
    return { expression: { kind: 'mention', name, span } };
  }

  private operandValue(bound: BoundExpression): { expression: unknown; value?: bigint } {
    const value = evaluate(bound, distanceBeforeLayout);
    return isAbsolute(value) ? { expression: bound, value: value.constant } : { expression: bound };
  }

  private instruction(mnemonic: string, head: Span & { text: string }, line: SourceLine, statement: Statement): void {
    const instructions = this.options.instructions;
    if (!instructions.knows(mnemonic)) {
      throw new StatementError(`\`${head.text}\` is not an instruction, directive or macro.`, head, 'unknown-mnemonic');
    }
    const operands = this.withLiterals(mnemonic, this.operands(line, statement.operands));
    const assembled = instructions.assemble(mnemonic, operands);
    const problem = 'problem' in assembled ? assembled : undefined;
    const waits = 'problem' in assembled ? operands.some(awaitsValue) : assembled.fixups.some(isDeferred);
    if (problem && !waits) {
      const whole = { start: head.start, end: statement.end };
      throw new StatementError(sentence(problem.problem), problem.span ?? whole, 'bad-operands');
    }
    const fragment = this.content(4, true);
    this.section.alignment = Math.max(this.section.alignment, 4);
    const offset = fragment.data.length;
    const range = this.range(statement);
    this.listing.push({ range: this.range(head), fragment, offset, size: 4, kind: 'instruction' });
    this.lines.instruction(fragment, offset, range);
    fragment.data.u32('problem' in assembled ? 0 : assembled.word);
    const fixups = 'problem' in assembled ? [] : assembled.fixups;
    if (waits) {
      const wanted = new Set(fixups.map(fixup => fixup.expression));
      const bound = operands.map(operand => this.boundOperand(operand, wanted));
      const place = (span: Span) => locate(line, span.start, span.end);
      this.deferred.push({ fragment, offset, mnemonic, operands: bound, range, place });
      return;
    }
    for (const fixup of fixups) {
      if (fixup.kind === 'immediate') {
        throw new StatementError('A relocation operator cannot stand here.', fixup.span, 'bad-operands');
      }
      this.fixups.push({
        fragment,
        offset,
        field: fixup.kind,
        ...(fixup.relocation ? { relocation: fixup.relocation } : {}),
        expression: this.resolveMention(fixup.expression),
        range: this.range(fixup.span),
      });
    }
  }

  /** Emits a word the way an instruction is emitted (`.inst`). */
  emitWord(word: number): void {
    const fragment = this.content(4, true);
    this.section.alignment = Math.max(this.section.alignment, 4);
    this.list(fragment.data.length, 4, 'instruction');
    this.lines.instruction(fragment, fragment.data.length, this.range());
    fragment.data.u32(word);
  }

  /** The expression an operand carries; a bare word becomes a symbol here. */
  private resolveMention(expression: unknown): BoundExpression {
    if (isMention(expression)) return this.bind({ kind: 'symbol', name: expression.name, ...expression.span });
    return expression as BoundExpression;
  }

  /** The operand with its symbols looked up; `wanted` are the expressions of bare words that are symbols indeed. */
  private boundOperand(operand: AssemblyOperand, wanted: ReadonlySet<unknown>): AssemblyOperand {
    switch (operand.kind) {
      case 'immediate':
        return { ...operand, expression: this.resolveMention(operand.expression) };
      case 'identifier':
        if (!wanted.has(operand.asImmediate.expression)) return operand;
        return { ...operand.asImmediate, expression: this.resolveMention(operand.asImmediate.expression) };
      case 'memory':
        return { ...operand, parts: operand.parts.map(part => this.boundOperand(part, wanted)) };
      case 'shift':
        if (!operand.amount) return operand;
        return { ...operand, amount: this.boundOperand(operand.amount, wanted) as ImmediateOperand };
      default:
        return operand;
    }
  }

  /** Puts `=value` operands into the literal pool and replaces them by references to it. */
  private withLiterals(mnemonic: string, operands: AssemblyOperand[]): AssemblyOperand[] {
    for (let index = 0; index < operands.length; index++) {
      const operand = operands[index]!;
      if (operand.kind !== 'immediate' || !isLiteral(operand.expression)) continue;
      const target = operands[0];
      if (index !== 1 || target?.kind !== 'register' || (mnemonic !== 'ldr' && mnemonic !== 'ldrsw')) {
        throw new StatementError('`=value` stands only as the second operand of LDR and LDRSW.', operand.span);
      }
      const size = mnemonic === 'ldrsw' ? 4 : literalSizes[target.bank];
      if (!size) throw new StatementError('LDR cannot load a literal into this register.', target.span);
      const value = evaluate(operand.expression.value, distanceBeforeLayout);
      const problem = 'problem' in value ? value.problem : undefined;
      const symbol = problem
        ? undefined
        : this.pools.entry(
            this.section,
            this.subsection,
            size,
            operand.expression,
            value as Value,
            this.range(operand.span),
          );
      if (!symbol) {
        const message = problem ?? 'A literal must be a number or a symbol plus a number.';
        throw new StatementError(message, operand.span, 'not-constant');
      }
      operands[index] = { kind: 'immediate', expression: { kind: 'symbol', symbol }, hash: false, span: operand.span };
    }
    return operands;
  }

  /** Places the literals collected for the current subsection. */
  placeLiterals(): void {
    for (const size of [4, 8, 16] as const) {
      const entries = this.pools.take(this.section, this.subsection, size);
      if (entries.length === 0) continue;
      this.align(size, { value: 0n, size: 1 }, Number.MAX_SAFE_INTEGER);
      for (const entry of entries) {
        entry.symbol.definition = this.place();
        const fragment = this.content(size, false);
        const offset = fragment.data.length;
        const known = evaluate(entry.expression, distanceBeforeLayout);
        if (isAbsolute(known)) fragment.data.integer(known.constant, size);
        else {
          const field: DataField = size === 4 ? 'data32' : 'data64';
          this.fixups.push({ fragment, offset, field, expression: entry.expression, range: entry.range });
          fragment.data.integer(0n, size);
        }
      }
    }
  }

  // --- macros ------------------------------------------------------------------------------------------------------

  private invoke(macro: Macro, line: SourceLine, statement: Statement, head: Span): void {
    this.record('macro', macro.name.toLowerCase(), 'reference', this.range(head));
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

  /** Emits a DWARF variable-length integer, now when its value is known. */
  emitLeb128(expression: Expression, signed: boolean): void {
    const bound = this.bind(expression);
    const value = evaluate(bound, distanceBeforeLayout);
    if ('problem' in value) throw new StatementError(value.problem, expression, 'bad-expression');
    if (isAbsolute(value)) {
      this.emitBytes(Uint8Array.from(leb128(value.constant, signed)));
      return;
    }
    const range = this.range(expression);
    const { section } = this;
    this.pushFragment({ kind: 'leb128', expression: bound, signed, range, section, offset: undefined, size: 1 });
  }

  /** Folders in which `.include` and `.incbin` look: the file's own, then the search paths. */
  searchPaths(name: string, range: SourceRange): string[] {
    if (name.startsWith('/')) return [''];
    return [folderOf(range.file.path), ...this.options.includePaths];
  }

  /** Reads a source at this place. */
  include(path: string, text: string, at: SourceRange): void {
    this.record('include', path, 'reference', at);
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
    return registerNamed(name) !== undefined || this.aliases.has(name.toLowerCase());
  }

  /** What a `.req` name stands for. */
  registerAlias(name: string): string | undefined {
    return this.aliases.get(name.toLowerCase());
  }

  /** Finishes what waits for the end of the source. */
  finish(): void {
    for (const { section, subsection } of this.pools.waiting()) {
      this.enter(section, subsection);
      this.placeLiterals();
    }
    for (const { range } of this.callFrames.unfinished()) {
      const message = 'This description is not ended by `.cfi_endproc`.';
      this.problems.push({ severity: 'error', code: 'call-frame', message, range });
    }
  }

  get invocationCount(): number {
    return this.invocations;
  }
}

/** A section and a subsection of it. */
export interface SectionPlace {
  readonly section: Section;
  readonly subsection: number;
}

interface Mention {
  readonly kind: 'mention';
  readonly name: string;
  readonly span: Span;
}

function isMention(expression: unknown): expression is Mention {
  return typeof expression === 'object' && expression !== null && (expression as Mention).kind === 'mention';
}

function isLiteral(expression: unknown): expression is LiteralRequest {
  return typeof expression === 'object' && expression !== null && (expression as LiteralRequest).kind === 'literal';
}

/** Fields that hold the distance to a symbol; any other needs a number. */
const labelFields: ReadonlySet<string> = new Set(['branch26', 'branch19', 'branch14', 'literal19', 'adr21', 'adrp21']);

/** Whether a fixup stands for a number that is not known yet, rather than for a symbol's place. */
function isDeferred(fixup: OperandFixup): boolean {
  return fixup.relocation === undefined && !labelFields.has(fixup.kind);
}

/** Whether an operand holds a number that is not known yet. */
function awaitsValue(operand: AssemblyOperand): boolean {
  switch (operand.kind) {
    case 'immediate':
      return operand.value === undefined && operand.float === undefined && operand.relocation === undefined;
    case 'memory':
      return operand.parts.some(awaitsValue);
    case 'shift':
      return operand.amount !== undefined && awaitsValue(operand.amount);
    default:
      return false;
  }
}

const literalSizes: Readonly<Partial<Record<string, 4 | 8 | 16>>> = { w: 4, s: 4, x: 8, d: 8, q: 16 };

function notConstant(value: Value): string {
  const symbol = value.plus[0] ?? value.minus[0];
  if (symbol && !symbol.internal && !symbol.definition) return `\`${symbol.name}\` has no value at this point.`;
  return 'A number known at this point is needed here; this depends on where code will lie.';
}

/** Whether a number fits in `size` bytes, as signed or as unsigned. */
export function fits(value: bigint, size: number): boolean {
  const bits = BigInt(8 * size);
  return value >= -(1n << (bits - 1n)) && value < 1n << bits;
}

/** A problem's text as a sentence. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
