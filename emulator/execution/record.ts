/**
 * Predecoded records: what the interpreter reads instead of instruction words.
 *
 * Each physical page with code has a slot of records, one per word, 16 bytes each: handler (u16), then registers (as
 * distances in bytes within their bank where there is room, else as slot numbers), small immediates and one 64-bit
 * immediate, placed by `layOut`. Records hold no address, so a page mapped at
 * several virtual addresses is decoded once. A sentinel behind the last record leads to the next page.
 */
import type { Instruction } from '../architecture/instruction.ts';
import type { OperandKind } from '../architecture/operand.ts';
import type { Fields } from '../architecture/pattern.ts';
import type { Node, RegisterRef, Statement, Value } from '../architecture/semantics.ts';
import { DISCARD_SLOT, ZERO_SLOT } from '../processing-element/state.ts';

export const RECORD_SIZE = 16;
export const RECORD_SHIFT = 4;
/** Linear bytes between the records of two pages; the records fill the first half, then comes the sentinel. */
export const PAGE_STRIDE = 32768;
/** Bits of a record's address that tell where in its page it is. */
export const PAGE_RECORDS_MASK = 0x3fff;

export type Direction = 'read' | 'write';

/** A register number in a record: which operand, how far from it, and whether it is read or written there. */
export interface RegisterPart {
  readonly kind: 'register';
  readonly operand: string;
  readonly distance: number;
  readonly direction: Direction;
  /** `offset`: 16 bits, the distance in bytes from the bank's beginning; `slot`: 8 bits, the number. */
  readonly storedAs: 'offset' | 'slot';
  readonly at: number;
}
interface ImmediatePart {
  readonly kind: 'immediate' | 'label';
  readonly operand: string;
  readonly storedAs: 'u8' | 'u16' | 'i64';
  readonly at: number;
}
export type RecordPart = RegisterPart | ImmediatePart;

export interface RecordLayout {
  readonly parts: readonly RecordPart[];
}

const registerKey = (ref: RegisterRef, direction: Direction) =>
  `${ref.operand}+${ref.offset}${ref.bank === 'x' && !ref.stackPointer ? direction : ''}`;

/** Bytes of a register of a bank, as a shift. */
export const registerShift = (bank: 'x' | 'v'): number => (bank === 'x' ? 3 : 4);

/** Places the operands that a variant's statements use. Throws when they do not fit 16 bytes. */
export function layOut(row: Instruction, statements: readonly Statement[]): RecordLayout {
  const parts = tryLayOut(row, statements, 'offset') ?? tryLayOut(row, statements, 'slot');
  if (!parts) throw new Error(`${row.name}: operands do not fit a record`);
  return { parts };
}

function tryLayOut(
  row: Instruction,
  statements: readonly Statement[],
  registersAs: RegisterPart['storedAs'],
): readonly RecordPart[] | undefined {
  const registers = new Map<string, { ref: RegisterRef; direction: Direction }>();
  const immediates = new Set<string>();
  const labels = new Set<string>();
  const register = (ref: RegisterRef, direction: Direction) =>
    registers.set(registerKey(ref, direction), { ref, direction });
  visitStatements(statements, {
    node: node => {
      if (node.op === 'getRegister') register(node.register, 'read');
      if (node.op === 'operand') immediates.add(node.operand);
    },
    statement: statement => {
      if (statement.op === 'setRegister') register(statement.register, 'write');
      if (statement.op === 'branchRelative') labels.add(statement.operand);
    },
  });
  const used = new Uint8Array(RECORD_SIZE);
  used.fill(1, 0, 2);
  let fits = true;
  const place = (size: number, candidates: readonly number[]): number => {
    const at = candidates.find(start => used.subarray(start, start + size).every(b => b === 0));
    if (at === undefined) {
      fits = false;
      return 0;
    }
    used.fill(1, at, at + size);
    return at;
  };
  const parts: RecordPart[] = [];
  const byStorage = (size: 'u8' | 'u16' | 'i64') =>
    [...immediates].filter(name => (row.operands[name]?.storedAs ?? 'i64') === size);
  for (const operand of byStorage('i64'))
    parts.push({ kind: 'immediate', operand, storedAs: 'i64', at: place(8, [8]) });
  for (const operand of labels) parts.push({ kind: 'label', operand, storedAs: 'i64', at: place(4, [8, 12, 4]) });
  const bytes = Array.from({ length: 14 }, (_, i) => i + 2);
  const halves = bytes.filter(at => at % 2 === 0);
  for (const operand of byStorage('u16'))
    parts.push({ kind: 'immediate', operand, storedAs: 'u16', at: place(2, [6, 4, 8, 10, 12, 14, 2]) });
  for (const { ref, direction } of registers.values()) {
    const at = registersAs === 'offset' ? place(2, halves) : place(1, bytes);
    parts.push({
      kind: 'register',
      operand: ref.operand,
      distance: ref.offset,
      direction,
      storedAs: registersAs,
      at,
    });
  }
  for (const operand of byStorage('u8'))
    parts.push({ kind: 'immediate', operand, storedAs: 'u8', at: place(1, bytes) });
  return fits ? parts : undefined;
}

export function findRegister(layout: RecordLayout, ref: RegisterRef, direction: Direction): RegisterPart {
  const shared = ref.bank !== 'x' || ref.stackPointer;
  const part = layout.parts.find(
    (p): p is RegisterPart =>
      p.kind === 'register' &&
      p.operand === ref.operand &&
      p.distance === ref.offset &&
      (shared || p.direction === direction),
  );
  if (!part) throw new Error(`record has no place for ${ref.operand}`);
  return part;
}

export function findOperand(layout: RecordLayout, operand: string): ImmediatePart {
  const part = layout.parts.find(p => p.kind !== 'register' && p.operand === operand);
  if (!part) throw new Error(`record has no place for ${operand}`);
  return part as ImmediatePart;
}

/** Register slot of an operand's number: 31 is SP, or the zero slot for reads and the discard slot for writes. */
export function slotOf(kind: OperandKind, number: number, direction: Direction): number {
  if (kind.bank === 'v' || number !== 31 || kind.stackPointer) return number;
  return direction === 'read' ? ZERO_SLOT : DISCARD_SLOT;
}

/** Writes a record for a decoded instruction. */
export function writeRecord(
  view: DataView,
  at: number,
  handler: number,
  row: Instruction,
  layout: RecordLayout,
  fields: Fields,
): void {
  view.setUint16(at, handler, true);
  for (const part of layout.parts) {
    const kind = row.operands[part.operand] as OperandKind;
    if (part.kind === 'register') {
      const first = kind.registerNumber ?? (fields[kind.registerField as string] as number);
      const number = (first + part.distance) & 31;
      const slot = slotOf(kind, number, part.direction);
      if (part.storedAs === 'slot') view.setUint8(at + part.at, slot);
      else view.setUint16(at + part.at, slot << registerShift(kind.bank ?? 'x'), true);
      continue;
    }
    const value = kind.value?.(fields) ?? 0n;
    if (part.kind === 'label') view.setInt32(at + part.at, Number(value) * (RECORD_SIZE / 4), true);
    else if (part.storedAs === 'u8') view.setUint8(at + part.at, Number(value));
    else if (part.storedAs === 'u16') view.setUint16(at + part.at, Number(value), true);
    else view.setBigInt64(at + part.at, value, true);
  }
}

interface Visitor {
  node?(node: Node): void;
  statement?(statement: Statement): void;
}

/** Calls back for every statement and once for every value node below them, however often it is shared. */
export function visitStatements(statements: readonly Statement[], visitor: Visitor, seen = new Set<Value>()): void {
  const visitValue = (value: Value | undefined): void => {
    if (!value || seen.has(value)) return;
    seen.add(value);
    const { node } = value;
    visitor.node?.(node);
    if (node.op === 'wasm' || node.op === 'call') node.args.forEach(visitValue);
    else if (node.op === 'load') visitValue(node.address);
  };
  for (const statement of statements) {
    visitor.statement?.(statement);
    switch (statement.op) {
      case 'take':
      case 'setRegister':
      case 'setLink':
      case 'setState':
      case 'setWideState':
      case 'setVariable':
        visitValue(statement.value);
        break;
      case 'store':
        visitValue(statement.address);
        visitValue(statement.value);
        break;
      case 'if':
        visitValue(statement.condition);
        visitStatements(statement.then, visitor, seen);
        visitStatements(statement.otherwise, visitor, seen);
        break;
      case 'branchTo':
        visitValue(statement.target);
        break;
      case 'raise':
        visitValue(statement.address);
        break;
      default:
        break;
    }
  }
}

/** Index of a decoded word's variant among the combinations of its row's shape. */
export function shapeIndex(row: Instruction, fields: Fields): number {
  let index = 0;
  for (const { name, values, of } of shapeDimensions(row)) {
    const value = of(fields);
    // Most values are their own positions.
    const position = values[value] === value ? value : values.indexOf(value);
    if (position < 0) throw new Error(`${row.name}: shape ${name} cannot be ${value}`);
    index = index * values.length + position;
  }
  return index;
}

export interface ShapeDimension {
  readonly name: string;
  readonly values: readonly number[];
  /** The value that fields have. */
  of(fields: Fields): number;
}

const dimensions = new WeakMap<Instruction, readonly ShapeDimension[]>();

/** The values that each part of a row's shape can take. */
export function shapeDimensions(row: Instruction): readonly ShapeDimension[] {
  const known = dimensions.get(row);
  if (known) return known;
  const list = [
    ...row.shape.map(name => {
      const field = row.pattern.fields.find(f => f.name === name);
      const values = Array.from({ length: 2 ** (field?.width ?? 0) }, (_, i) => i);
      return { name, values, of: (fields: Fields) => fields[name] as number };
    }),
    ...Object.entries(row.derived).map(([name, { values, of }]) => ({ name, values, of })),
  ];
  dimensions.set(row, list);
  return list;
}
