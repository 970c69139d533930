/** Label operands: distances from the instruction, written as addresses. */
import type { FixupKind } from '../assembly-operand.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import type { Fields } from '../pattern.ts';
import type { LabelRef } from '../semantics.ts';
import { immediateAt } from './immediate.ts';

/** Reads a field as a signed number of `width` bits. */
export const signed = (value: number, width: number): number =>
  value >= 2 ** (width - 1) ? value - 2 ** width : value;

const MASK64 = (1n << 64n) - 1n;

function address(value: bigint, symbolize: ((address: bigint) => string | undefined) | undefined): string {
  const name = symbolize?.(value);
  return `0x${value.toString(16)}${name ? ` <${name}>` : ''}`;
}

/** Units in which a label's distance is counted. */
interface LabelShape {
  readonly fixup: FixupKind;
  readonly unit: number;
  readonly width: number;
  readonly join: (fields: Fields) => number;
  readonly split: (value: number) => Record<string, number>;
  readonly fields: readonly string[];
  /** ADRP counts from the page of the instruction. */
  readonly fromPage?: boolean;
}

function label<Ref extends LabelRef | ImmediateRef>(role: Ref['kind'], shape: LabelShape): OperandKind<Ref> {
  const reach = 2 ** (shape.width - 1) * shape.unit;
  const distance = (fields: Fields) => signed(shape.join(fields), shape.width) * shape.unit;
  const describe = `a label within ±${reach >= 2 ** 30 ? `${reach / 2 ** 30} GiB` : reach >= 2 ** 20 ? `${reach / 2 ** 20} MiB` : `${reach / 2 ** 10} KiB`}`;
  return {
    role,
    fields: shape.fields,
    describe,
    storedAs: 'i64',
    print: (fields, { pc, symbolize }) => {
      const base = shape.fromPage ? pc & ~0xfffn : pc;
      return address((base + BigInt(distance(fields))) & MASK64, symbolize);
    },
    parse: input => {
      const immediate = immediateAt(input);
      if (!immediate) {
        const operand = current(input);
        return problem(`${operand ? 'expected' : 'missing operand:'} ${describe}`, operand?.span);
      }
      if (immediate.value === undefined || immediate.relocation || input.pc === undefined) {
        const fixup = {
          expression: immediate.expression,
          kind: shape.fixup,
          span: immediate.span,
          ...(immediate.relocation && { relocation: immediate.relocation }),
        };
        return { fields: shape.split(0), consumed: 1, fixup };
      }
      const base = shape.fromPage ? input.pc & ~0xfffn : input.pc;
      const bytes = BigInt.asIntN(64, (shape.fromPage ? immediate.value & ~0xfffn : immediate.value) - base);
      if (bytes % BigInt(shape.unit) !== 0n)
        return problem(`the target must be a multiple of ${shape.unit} away`, immediate.span, true);
      if (bytes < BigInt(-reach) || bytes >= BigInt(reach))
        return problem(`the target is out of range: ${describe}`, immediate.span, true);
      const units = Number(bytes / BigInt(shape.unit));
      return { fields: shape.split(units < 0 ? units + 2 ** shape.width : units), consumed: 1 };
    },
    value: fields => BigInt(distance(fields)),
  };
}

/** A branch target: words from the instruction. */
export function branchLabel(field: string, width: 26 | 19 | 14): OperandKind<LabelRef> {
  return label<LabelRef>('label', {
    fixup: `branch${width}`,
    unit: 4,
    width,
    fields: [field],
    join: fields => fields[field] as number,
    split: value => ({ [field]: value }),
  });
}

/** A literal's place: words from the instruction, seen by semantics as a distance in bytes. */
export function literalLabel(field: string): OperandKind<ImmediateRef> {
  return label<ImmediateRef>('immediate', {
    fixup: 'literal19',
    unit: 4,
    width: 19,
    fields: [field],
    join: fields => fields[field] as number,
    split: value => ({ [field]: value }),
  });
}

/** ADR and ADRP: 21 bits in two fields; semantics see the distance in bytes (ADRP: from the instruction's page). */
export function addressLabel(high: string, low: string, page: boolean): OperandKind<ImmediateRef> {
  return label<ImmediateRef>('immediate', {
    fixup: page ? 'adrp21' : 'adr21',
    unit: page ? 4096 : 1,
    width: 21,
    fields: [high, low],
    fromPage: page,
    join: fields => (fields[high] as number) * 4 + (fields[low] as number),
    split: value => ({ [high]: value >>> 2, [low]: value & 3 }),
  });
}
