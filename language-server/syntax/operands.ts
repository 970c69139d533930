import type {
  AssemblyOperand,
  IdentifierOperand,
  ImmediateOperand,
  RegisterListOperand,
  RegisterOperand,
  RelocationOperator,
  ShiftOperand,
} from '../architecture.ts';
import { isNameStart, nameEnd, skipBlanks } from './characters.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { SyntaxProblem } from './parsed.ts';
import { registerNamed, vectorSuffix } from './registers.ts';

/** What the parser must ask of whoever knows names. */
export interface OperandContext {
  /** The register a `.req` name stands for. */
  registerAlias(name: string): string | undefined;
  /** Makes the tree an operand carries, and its value when that is known already. */
  bind(expression: Expression): { expression: unknown; value?: bigint };
  /** `=expression`: the tree of a reference to a literal that holds it. */
  literal(expression: Expression): unknown;
}

export type ParsedOperands = { readonly operands: AssemblyOperand[] } | { readonly problem: SyntaxProblem };

const shiftNames = new Set(
  'lsl lsr asr ror msl uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx mul'.split(' '),
) as ReadonlySet<string>;

const relocationNames: ReadonlySet<string> = new Set<RelocationOperator>([
  'lo12',
  'abs_g0',
  'abs_g0_nc',
  'abs_g0_s',
  'abs_g1',
  'abs_g1_nc',
  'abs_g1_s',
  'abs_g2',
  'abs_g2_nc',
  'abs_g2_s',
  'abs_g3',
  'prel_g0',
  'prel_g0_nc',
  'prel_g1',
  'prel_g1_nc',
  'prel_g2',
  'prel_g2_nc',
  'prel_g3',
  'pg_hi21',
  'pg_hi21_nc',
  'got',
  'got_lo12',
  'gottprel',
  'gottprel_lo12',
  'tprel_hi12',
  'tprel_lo12',
  'tprel_lo12_nc',
  'tlsdesc',
  'tlsdesc_lo12',
  'dtprel_hi12',
  'dtprel_lo12',
  'dtprel_lo12_nc',
]);

function isRelocation(name: string): name is RelocationOperator {
  return relocationNames.has(name);
}

function isShift(name: string): name is ShiftOperand['name'] {
  return shiftNames.has(name);
}

/** Names of the relocation operators, without their colons. */
export const relocationOperators: readonly string[] = [...relocationNames];

/** Parses the operands of an instruction: characters `start` to `end` of `text`. Never throws. */
export function parseOperands(text: string, start: number, end: number, context: OperandContext): ParsedOperands {
  const parser = new OperandParser(text, end, context);
  const operands = parser.list(start);
  return operands ? { operands } : { problem: parser.problem! };
}

/** The letter of `/m` or `/z` behind a predicate register, and where it ends. */
function predicationAt(text: string, at: number, end: number): { letter: 'm' | 'z'; end: number } | undefined {
  const slash = skipBlanks(text, at, end);
  if (slash >= end || text[slash] !== '/') return undefined;
  const start = skipBlanks(text, slash + 1, end);
  const stop = nameEnd(text, start, end);
  const letter = text.slice(start, stop).toLowerCase();
  return letter === 'm' || letter === 'z' ? { letter, end: stop } : undefined;
}

class OperandParser {
  problem: SyntaxProblem | undefined;
  private at = 0;
  private depth = 0;
  private readonly text: string;
  private readonly end: number;
  private readonly context: OperandContext;

  constructor(text: string, end: number, context: OperandContext) {
    this.text = text;
    this.end = end;
    this.context = context;
  }

  list(start: number): AssemblyOperand[] | undefined {
    const operands: AssemblyOperand[] = [];
    this.at = skipBlanks(this.text, start, this.end);
    if (this.at >= this.end) return operands;
    for (;;) {
      const operand = this.operand();
      if (!operand) return undefined;
      operands.push(operand);
      this.skip();
      if (this.at >= this.end) return operands;
      if (this.text[this.at] !== ',')
        return this.fail(this.at, this.end, 'A comma or the end of the line is expected here.');
      this.at++;
      this.skip();
    }
  }

  private skip(): void {
    this.at = skipBlanks(this.text, this.at, this.end);
  }

  private fail(start: number, end: number, message: string): undefined {
    this.problem ??= { start, end: Math.max(start, end), message };
    return undefined;
  }

  private operand(): AssemblyOperand | undefined {
    this.skip();
    if (this.at >= this.end) return this.fail(this.end, this.end, 'An operand is missing here.');
    const first = this.text[this.at]!;
    if (first === '[') return this.memory();
    if (first === '{') return this.registerList();
    if (first === '#' || first === ':') return this.immediate();
    if (first === '=') return this.literal();
    if (isNameStart(this.text.charCodeAt(this.at))) return this.word();
    return this.immediate();
  }

  /** A name: register, shift, or the beginning of an expression. */
  private word(): AssemblyOperand | undefined {
    const start = this.at;
    const register = this.register();
    if (register) return register;
    const stop = nameEnd(this.text, start, this.end);
    const name = this.text.slice(start, stop);
    const lower = name.toLowerCase();
    const after = skipBlanks(this.text, stop, this.end);
    if (isShift(lower)) return this.shift(lower, start, stop);
    const next = after < this.end ? this.text[after] : ',';
    if ((next === ',' || next === ']' || next === '}') && name !== '.') {
      this.at = stop;
      const span = { start, end: stop };
      const asImmediate: ImmediateOperand = {
        kind: 'immediate',
        ...this.context.bind({ kind: 'symbol', name, ...span }),
        hash: false,
        span,
      };
      const identifier: IdentifierOperand = { kind: 'identifier', name, asImmediate, span };
      return identifier;
    }
    return this.immediate();
  }

  private shift(name: ShiftOperand['name'], start: number, stop: number): ShiftOperand | undefined {
    this.at = stop;
    this.skip();
    const next = this.at < this.end ? this.text[this.at]! : ',';
    if (next === ',' || next === ']') return { kind: 'shift', name, span: { start, end: stop } };
    const unit = nameEnd(this.text, this.at, this.end);
    if (name === 'mul' && this.text.slice(this.at, unit).toLowerCase() === 'vl') {
      this.at = unit;
      return { kind: 'shift', name: 'mul vl', span: { start, end: unit } };
    }
    const amount = this.immediate();
    return amount && { kind: 'shift', name, amount, span: { start, end: amount.span.end } };
  }

  /** A register with its suffix and lane index at the current place, or undefined (nothing consumed). */
  private register(): RegisterOperand | undefined {
    const start = this.at;
    const stop = nameEnd(this.text, start, this.end);
    const word = this.text.slice(start, stop);
    const dot = word.indexOf('.');
    const base = dot < 0 ? word : word.slice(0, dot);
    const named = registerNamed(base) ?? this.aliased(base);
    if (!named) return undefined;
    let suffix = named.suffix;
    if (dot >= 0) {
      const written = vectorSuffix(word.slice(dot + 1));
      if (!written) return undefined;
      suffix = written;
    }
    const { kind, name, bank, number, stackPointer, slice } = named;
    const predication = bank === 'p' ? predicationAt(this.text, stop, this.end) : undefined;
    if (predication) {
      this.at = predication.end;
      const span = { start, end: this.at };
      return { kind, name, bank, number, stackPointer, predication: predication.letter, span };
    }
    const after = skipBlanks(this.text, stop, this.end);
    const next = after < this.end ? this.text[after]! : ',';
    if (!',]}-['.includes(next) && next !== '!') return undefined;
    this.at = stop;
    if (next === '[' && (bank === 'za' || bank === 'p')) {
      this.at = after;
      const selection = this.selection();
      if (!selection) return undefined;
      const span = { start, end: this.at };
      return {
        kind,
        name,
        bank,
        number,
        stackPointer,
        ...(slice && { slice }),
        ...(suffix && { suffix }),
        selection,
        span,
      };
    }
    if (next === '[' && suffix) {
      this.at = after;
      const index = this.laneIndex();
      if (!index) return undefined;
      return { kind, name, bank, number, stackPointer, suffix, index, span: { start, end: this.at } };
    }
    if (next === '!' && bank === 'x') {
      this.at = after + 1;
      return { kind, name, bank, number, stackPointer, writeBack: true, span: { start, end: this.at } };
    }
    const span = { start, end: stop };
    return { kind, name, bank, number, stackPointer, ...(slice && { slice }), ...(suffix && { suffix }), span };
  }

  private aliased(name: string): RegisterOperand | undefined {
    const target = this.context.registerAlias(name);
    if (target === undefined) return undefined;
    const dot = target.indexOf('.');
    const register = registerNamed(dot < 0 ? target : target.slice(0, dot));
    if (!register || dot < 0) return register;
    const suffix = vectorSuffix(target.slice(dot + 1));
    return suffix && { ...register, suffix };
  }

  /** `[w12, 3]` behind a register of SME. */
  private selection(): RegisterOperand['selection'] {
    const open = this.at;
    this.at++;
    this.skip();
    const register = this.register();
    if (!register) return this.fail(this.at, this.at + 1, 'A register w12 to w15 is expected here.');
    this.skip();
    if (this.text[this.at] !== ',' || this.at >= this.end)
      return this.fail(open, this.at, 'A comma and an offset are expected behind the register.');
    this.at++;
    this.skip();
    const offset = this.immediate();
    if (!offset) return undefined;
    this.skip();
    if (this.text[this.at] !== ']' || this.at >= this.end)
      return this.fail(open, this.at, 'This bracket is not closed.');
    this.at++;
    return { register, offset };
  }

  private laneIndex(): ImmediateOperand | undefined {
    const open = this.at;
    this.at++;
    const index = this.immediate();
    if (!index) return undefined;
    this.skip();
    if (this.text[this.at] !== ']' || this.at >= this.end)
      return this.fail(open, this.at, 'This lane index is not closed.');
    this.at++;
    return index;
  }

  private immediate(): ImmediateOperand | undefined {
    const start = this.at;
    const hash = this.text[this.at] === '#';
    if (hash) {
      this.at++;
      this.skip();
    }
    let relocation: RelocationOperator | undefined;
    if (this.text[this.at] === ':' && this.at < this.end) {
      const stop = nameEnd(this.text, this.at + 1, this.end);
      const name = this.text.slice(this.at + 1, stop).toLowerCase();
      if (this.text[stop] !== ':' || stop >= this.end) {
        return this.fail(this.at, stop, 'A relocation operator is written between two colons, such as `:lo12:`.');
      }
      if (!isRelocation(name)) return this.fail(this.at, stop + 1, `\`:${name}:\` is not a relocation operator.`);
      relocation = name;
      this.at = stop + 1;
    }
    const float = /^[+-]?(?:\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![\w.$])/.exec(
      this.text.slice(this.at, Math.min(this.end, this.at + 64)),
    );
    if (float) {
      const expressionSpan = { start: this.at, end: this.at + float[0].length };
      this.at = expressionSpan.end;
      const expression: Expression = { kind: 'float', text: float[0], ...expressionSpan };
      return { kind: 'immediate', float: Number(float[0]), expression, hash, span: { start, end: this.at } };
    }
    const parsed = parseExpression(this.text, this.at, this.end);
    if ('problem' in parsed) return this.fail(parsed.problem.start, parsed.problem.end, parsed.problem.message);
    this.at = parsed.end;
    return {
      kind: 'immediate',
      ...this.context.bind(parsed.value),
      ...(relocation ? { relocation } : {}),
      hash,
      span: { start, end: parsed.value.end },
    };
  }

  private literal(): ImmediateOperand | undefined {
    const start = this.at;
    const parsed = parseExpression(this.text, this.at + 1, this.end);
    if ('problem' in parsed) return this.fail(parsed.problem.start, parsed.problem.end, parsed.problem.message);
    this.at = parsed.end;
    const span = { start, end: parsed.value.end };
    return { kind: 'immediate', expression: this.context.literal(parsed.value), hash: false, span };
  }

  private memory(): AssemblyOperand | undefined {
    const start = this.at;
    if (++this.depth > 4) return this.fail(start, start + 1, 'Brackets are nested too deep here.');
    this.at++;
    const parts: AssemblyOperand[] = [];
    for (;;) {
      const part = this.operand();
      if (!part) return undefined;
      parts.push(part);
      this.skip();
      const next = this.at < this.end ? this.text[this.at] : undefined;
      if (next === ']') break;
      if (next !== ',') return this.fail(start, this.end, 'This bracket is not closed.');
      this.at++;
    }
    this.at++;
    this.depth--;
    let end = this.at;
    const bang = skipBlanks(this.text, this.at, this.end);
    const writeBack = bang < this.end && this.text[bang] === '!';
    if (writeBack) this.at = end = bang + 1;
    return { kind: 'memory', parts, writeBack, span: { start, end } };
  }

  private registerList(): AssemblyOperand | undefined {
    const start = this.at;
    this.at++;
    const registers: RegisterOperand[] = [];
    for (;;) {
      this.skip();
      const from = this.at;
      if (registers.length === 0 && this.text[from] === '}' && from < this.end) break;
      const register = this.register();
      if (!register) {
        return this.fail(from, Math.max(nameEnd(this.text, from, this.end), from + 1), 'A register is expected here.');
      }
      this.skip();
      if (this.text[this.at] === '-' && this.at < this.end) {
        this.at++;
        this.skip();
        const lastStart = this.at;
        const last = this.register();
        if (!last) return this.fail(lastStart, lastStart + 1, 'The last register of the range is expected here.');
        if (last.bank !== register.bank || last.number < register.number)
          return this.fail(lastStart, this.at, 'A range ends with a later register of the same kind.');
        for (let number = register.number; number <= last.number; number++) {
          registers.push({ ...register, number, name: register.bank + number, span: { start: from, end: this.at } });
        }
        this.skip();
      } else registers.push(register);
      const next = this.at < this.end ? this.text[this.at] : undefined;
      if (next === '}') break;
      if (next !== ',') return this.fail(start, this.end, 'This brace is not closed.');
      this.at++;
    }
    this.at++;
    let index: ImmediateOperand | undefined;
    const open = skipBlanks(this.text, this.at, this.end);
    if (open < this.end && this.text[open] === '[') {
      this.at = open;
      index = this.laneIndex();
      if (!index) return undefined;
    }
    const list: RegisterListOperand = {
      kind: 'list',
      registers,
      ...(index ? { index } : {}),
      span: { start, end: this.at },
    };
    return list;
  }
}
