import type { AssemblyOperand, ImmediateOperand, OperandFixup } from '../architecture.ts';
import { parseOperands } from '../syntax/operands.ts';
import type { Severity } from '../syntax/problem.ts';
import { registerNamed } from '../syntax/registers.ts';
import { locate, type SourceLine } from '../syntax/source.ts';
import type { Span, Statement } from '../syntax/statement.ts';
import { distanceBeforeLayout } from './distance.ts';
import { evaluate, isAbsolute, type Value } from './expression.ts';
import type { ExpressionBinder } from './expression-binder.ts';
import type { DataField, DeferredInstruction, Fixup } from './fixup.ts';
import type { InstructionSet } from './instruction-set.ts';
import type { LineRecorder } from './line-recorder.ts';
import { LiteralPools, type LiteralRequest } from './literal-pool.ts';
import type { BoundExpression } from './model.ts';
import { StatementError } from './reader.ts';
import type { SectionOutput } from './section-output.ts';
import type { StatementAtHand } from './statement-at-hand.ts';
import type { SymbolTable } from './symbol-table.ts';

/** What instructions are assembled with and into. */
export interface InstructionContext {
  readonly instructions: InstructionSet;
  readonly symbols: SymbolTable;
  readonly expressions: ExpressionBinder;
  readonly output: SectionOutput;
  readonly statement: StatementAtHand;
  readonly lines: LineRecorder;
  readonly fixups: Fixup[];
  report(severity: Severity, code: string, message: string): void;
}

/** Assembles instructions with their register aliases and literal pools. */
export class InstructionAssembler {
  /** Instructions whose operands have no value yet. */
  readonly deferred: DeferredInstruction[] = [];
  private readonly context: InstructionContext;
  private readonly pools = new LiteralPools();
  /** Registers by the names that `.req` gave them. */
  private readonly aliases = new Map<string, string>();

  constructor(context: InstructionContext) {
    this.context = context;
  }

  /** `name .req register`: the only statement whose head is not its first word. */
  aliasDefinition(head: Span & { text: string }, line: SourceLine, operands: Span): boolean {
    const match = /^\.req\s+(\S+)$/i.exec(line.text.slice(operands.start, operands.end));
    if (!match) return false;
    const target = this.aliases.get(match[1]!.toLowerCase()) ?? match[1]!.toLowerCase();
    if (!registerNamed(target.split('.')[0]!)) {
      throw new StatementError(`\`${match[1]}\` is not a register.`, operands, 'unknown-register');
    }
    const name = head.text.toLowerCase();
    const before = this.aliases.get(name);
    if (before !== undefined && before !== target) {
      this.context.report(
        'warning',
        'redefined-alias',
        `\`${head.text}\` already stands for ${before}; this line is ignored.`,
      );
      return true;
    }
    this.aliases.set(name, target);
    this.context.expressions.record('register-alias', name, 'definition', this.context.statement.range(head));
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
        return this.operandValue(this.context.expressions.bind(expression));
      },
      literal: expression =>
        ({
          kind: 'literal',
          value: this.context.expressions.bind(expression),
          span: expression,
        }) satisfies LiteralRequest,
    });
    if ('problem' in parsed) throw new StatementError(parsed.problem.message, parsed.problem);
    return parsed.operands;
  }

  /**
   * A bare word may be a symbol or a name that only the instruction understands (`eq`, `sctlr_el1`), so it is not
   * looked up until the instruction turns out to want a symbol.
   */
  private mentioned(name: string, span: Span): { expression: unknown; value?: bigint } {
    const definition = this.context.symbols.find(name)?.definition;
    if (definition?.kind === 'value' && definition.expression.kind === 'constant') {
      return { expression: { kind: 'mention', name, span }, value: definition.expression.value };
    }
    return { expression: { kind: 'mention', name, span } };
  }

  private operandValue(bound: BoundExpression): { expression: unknown; value?: bigint } {
    const value = evaluate(bound, distanceBeforeLayout);
    return isAbsolute(value) ? { expression: bound, value: value.constant } : { expression: bound };
  }

  /** Assembles one instruction at the current place. Throws a StatementError when it cannot be. */
  assemble(mnemonic: string, head: Span & { text: string }, line: SourceLine, statement: Statement): void {
    const { instructions, output, lines } = this.context;
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
    const fragment = output.content(4, true);
    output.section.alignment = Math.max(output.section.alignment, 4);
    const offset = fragment.data.length;
    const range = this.context.statement.range(statement);
    output.list(offset, 4, 'instruction', this.context.statement.range(head));
    lines.instruction(fragment, offset, range);
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
      this.context.fixups.push({
        fragment,
        offset,
        field: fixup.kind,
        ...(fixup.relocation ? { relocation: fixup.relocation } : {}),
        expression: this.resolveMention(fixup.expression),
        range: this.context.statement.range(fixup.span),
      });
    }
  }

  /** Emits a word the way an instruction is emitted (`.inst`). */
  emitWord(word: number): void {
    const { output, lines } = this.context;
    const fragment = output.content(4, true);
    output.section.alignment = Math.max(output.section.alignment, 4);
    output.list(fragment.data.length, 4, 'instruction');
    lines.instruction(fragment, fragment.data.length, this.context.statement.range());
    fragment.data.u32(word);
  }

  /** The expression an operand carries; a bare word becomes a symbol here. */
  private resolveMention(expression: unknown): BoundExpression {
    if (isMention(expression))
      return this.context.expressions.bind({ kind: 'symbol', name: expression.name, ...expression.span });
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
            this.context.output.section,
            this.context.output.subsection,
            size,
            operand.expression,
            value as Value,
            this.context.statement.range(operand.span),
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
    const { output } = this.context;
    for (const size of [4, 8, 16] as const) {
      const entries = this.pools.take(output.section, output.subsection, size);
      if (entries.length === 0) continue;
      output.align(size, { value: 0n, size: 1 }, Number.MAX_SAFE_INTEGER);
      for (const entry of entries) {
        entry.symbol.definition = output.place();
        const fragment = output.content(size, false);
        const offset = fragment.data.length;
        const known = evaluate(entry.expression, distanceBeforeLayout);
        if (isAbsolute(known)) fragment.data.integer(known.constant, size);
        else {
          const field: DataField = size === 4 ? 'data32' : 'data64';
          this.context.fixups.push({ fragment, offset, field, expression: entry.expression, range: entry.range });
          fragment.data.integer(0n, size);
        }
      }
    }
  }

  /** Places what still waits, each where it was asked for. */
  placeAllLiterals(): void {
    for (const { section, subsection } of this.pools.waiting()) {
      this.context.output.enter(section, subsection);
      this.placeLiterals();
    }
  }

  /** What a `.req` name stands for. */
  registerAlias(name: string): string | undefined {
    return this.aliases.get(name.toLowerCase());
  }
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

/** A problem's text as a sentence. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
