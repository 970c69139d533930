/** Immediate operands of data-processing instructions. */
import type { FixupKind, ImmediateOperand } from '../assembly-operand.ts';
import {
  current,
  type ImmediateRef,
  type OperandKind,
  type ParseInput,
  type ParseResult,
  problem,
  type StoredAs,
} from '../operand.ts';
import type { Fields } from '../pattern.ts';

/** The immediate at the cursor; a bare identifier counts as an expression. */
export function immediateAt(input: ParseInput): ImmediateOperand | undefined {
  const operand = current(input);
  if (operand?.kind === 'immediate') return operand;
  if (operand?.kind === 'identifier') return operand.asImmediate;
  return undefined;
}

/** `#10` or `#0x1f`: small numbers and addresses' offsets are read more easily in decimal, masks in hexadecimal. */
export const decimal = (value: number | bigint): string => `#${value}`;
export const hexadecimal = (value: number | bigint): string =>
  value < 0 ? `#-0x${(-value).toString(16)}` : `#0x${value.toString(16)}`;

interface UnsignedOptions {
  readonly width: number;
  /** The encoded number times this is the value. */
  readonly scale?: number;
  readonly print?: (value: number) => string;
  readonly storedAs?: StoredAs;
  /** Text is left out when the value is this. */
  readonly omit?: number;
  /** What a symbol may fill in. */
  readonly fixup?: FixupKind;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly what?: string;
}

/** Reads an immediate in a range, in steps; problems name the range. */
export function parseRange(
  input: ParseInput,
  range: { minimum: number; maximum: number; step: number; what: string; fixup?: FixupKind },
):
  | { value: number }
  | { fixup: NonNullable<Extract<ParseResult, { fields: unknown }>['fixup']> }
  | { result: ParseResult } {
  const immediate = immediateAt(input);
  if (!immediate) {
    const operand = current(input);
    return { result: problem(`${operand ? 'expected' : 'missing operand:'} ${range.what}`, operand?.span) };
  }
  if (immediate.value === undefined || immediate.relocation) {
    if (range.fixup)
      return {
        fixup: {
          expression: immediate.expression,
          kind: range.fixup,
          span: immediate.span,
          ...(immediate.relocation && { relocation: immediate.relocation }),
        },
      };
    return { result: problem('this immediate must be known when the line is assembled', immediate.span, true) };
  }
  const { minimum, maximum, step } = range;
  const value = immediate.value;
  if (value < BigInt(minimum) || value > BigInt(maximum) || value % BigInt(step) !== 0n) {
    const multiple = step === 1 ? '' : `, a multiple of ${step}`;
    return { result: problem(`${value} is out of range: ${minimum} to ${maximum}${multiple}`, immediate.span, true) };
  }
  return { value: Number(value) };
}

/** An unsigned immediate that fills one field. */
export function unsignedImmediate(field: string, options: UnsignedOptions): OperandKind<ImmediateRef> {
  const scale = options.scale ?? 1;
  const minimum = options.minimum ?? 0;
  const maximum = options.maximum ?? (2 ** options.width - 1) * scale;
  const print = options.print ?? hexadecimal;
  const what = options.what ?? `an immediate, ${minimum} to ${maximum}${scale === 1 ? '' : ` in steps of ${scale}`}`;
  return {
    role: 'immediate',
    fields: [field],
    describe: what,
    storedAs: options.storedAs ?? (options.width <= 8 ? 'u8' : 'i64'),
    print: fields => {
      const value = (fields[field] as number) * scale;
      return value === options.omit ? '' : print(value);
    },
    parse: input => {
      if (options.omit !== undefined && !current(input))
        return { fields: { [field]: options.omit / scale }, consumed: 0 };
      const read = parseRange(input, {
        minimum,
        maximum,
        step: scale,
        what,
        ...(options.fixup && { fixup: options.fixup }),
      });
      if ('result' in read) return read.result;
      if ('fixup' in read) return { fields: { [field]: 0 }, consumed: 1, fixup: read.fixup };
      return { fields: { [field]: read.value / scale }, consumed: 1 };
    },
    value: fields => BigInt((fields[field] as number) * scale),
  };
}

/** ADD/SUB immediate: 12 bits, optionally shifted left by 12; an unshifted multiple of 4096 is accepted too. */
export function addSubImmediate(field: string, shiftField: string): OperandKind<ImmediateRef> {
  return addSubImmediateOf(field, shiftField, false);
}

/** The same with its sign reversed, for who writes an addition of a negative number where the instruction subtracts. */
export function negatedAddSubImmediate(field: string, shiftField: string): OperandKind<ImmediateRef> {
  return {
    ...addSubImmediateOf(field, shiftField, true),
    describe: 'an immediate, -4095 to -1, optionally shifted left by 12: the opposite operation is encoded',
  };
}

function addSubImmediateOf(field: string, shiftField: string, negated: boolean): OperandKind<ImmediateRef> {
  return {
    role: 'immediate',
    fields: [field, shiftField],
    describe: 'an immediate, 0 to 4095, optionally shifted left by 12',
    storedAs: 'i64',
    print: fields => `${hexadecimal(fields[field] as number)}${fields[shiftField] ? ', lsl #12' : ''}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) return problem('expected a register or an immediate, 0 to 4095', current(input)?.span);
      const next = input.operands[input.at + 1];
      const explicit = next?.kind === 'shift' ? next : undefined;
      if (explicit && (explicit.name !== 'lsl' || (explicit.amount?.value !== 0n && explicit.amount?.value !== 12n)))
        return problem('only “lsl #0” and “lsl #12” are possible here', explicit.span, true);
      const consumed = explicit ? 2 : 1;
      const shifted = explicit?.amount?.value === 12n ? 1 : 0;
      if (immediate.value === undefined || immediate.relocation) {
        if (negated) return problem('expected a negative immediate', immediate.span);
        const high = immediate.relocation?.endsWith('hi12') ? 1 : shifted;
        const fixup = {
          expression: immediate.expression,
          kind: 'add12' as const,
          span: immediate.span,
          ...(immediate.relocation && { relocation: immediate.relocation }),
        };
        return { fields: { [field]: 0, [shiftField]: high }, consumed, fixup };
      }
      const value = negated ? -immediate.value : immediate.value;
      if (negated && value <= 0n) return problem('expected a negative immediate', immediate.span);
      if (value >= 0n && value <= 4095n) return { fields: { [field]: Number(value), [shiftField]: shifted }, consumed };
      if (!explicit && value > 0n && value <= 0xfff000n && value % 4096n === 0n)
        return { fields: { [field]: Number(value / 4096n), [shiftField]: 1 }, consumed };
      const range = '0 to 4095, or a multiple of 4096 up to 0xfff000';
      return problem(
        `${immediate.value} is out of range: ${range}, or the negative of such a number`,
        immediate.span,
        true,
      );
    },
    value: (fields: Fields) => BigInt(fields[field] as number) << (fields[shiftField] ? 12n : 0n),
  };
}
