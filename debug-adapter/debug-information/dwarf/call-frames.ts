/**
 * Call frame information: how the caller's registers are found from the callee's.
 * Source: DWARF 5, 6.4; .eh_frame as in the Linux Standard Base; DWARF for the Arm 64-bit architecture (register
 * numbers: 0–30 X0–X30, 31 SP, 32 PC, 34 RA_SIGN_STATE).
 */
import { type ByteReader, MalformedData } from '../byte-reader.ts';
import { type DwarfSections, readOffset, readUnitLength } from './sections.ts';

export const dwarfSp = 31;
export const dwarfLr = 30;
export const dwarfPc = 32;

/** Where a register of the caller is. */
export type RegisterRule =
  | { readonly kind: 'undefined' }
  | { readonly kind: 'same' }
  /** Saved in memory at CFA + offset. */
  | { readonly kind: 'offset'; readonly offset: bigint }
  /** Is CFA + offset itself. */
  | { readonly kind: 'value-offset'; readonly offset: bigint }
  | { readonly kind: 'register'; readonly register: number }
  /** Saved in memory at what the expression gives. */
  | { readonly kind: 'expression'; readonly expression: Uint8Array }
  | { readonly kind: 'value-expression'; readonly expression: Uint8Array };

export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: bigint }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

/** The rules that hold at one address. */
export interface FrameRules {
  readonly cfa: CfaRule;
  readonly registers: ReadonlyMap<number, RegisterRule>;
  readonly returnRegister: number;
  /** Return addresses carry a pointer authentication code here. */
  readonly signed: boolean;
}

interface CommonEntry {
  readonly codeAlignment: number;
  readonly dataAlignment: bigint;
  readonly returnRegister: number;
  readonly addressSize: number;
  readonly pointerEncoding: number;
  readonly hasAugmentation: boolean;
  readonly initial: ByteReader;
}

interface FrameEntry {
  readonly common: CommonEntry;
  readonly low: bigint;
  readonly high: bigint;
  readonly instructions: ByteReader;
}

interface Row {
  cfa: CfaRule | undefined;
  registers: Map<number, RegisterRule>;
  signed: boolean;
}

export class CallFrames {
  readonly problems: string[] = [];
  readonly #entries: readonly FrameEntry[];

  constructor(sections: DwarfSections) {
    const entries = [
      ...this.#read(sections.reader(sections.frame, '.debug_frame'), undefined),
      ...this.#read(sections.reader(sections.ehFrame, '.eh_frame'), sections.ehFrameAddress),
    ];
    this.#entries = entries.sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  }

  /** The rules at an address of the image; undefined when it says nothing about it. */
  rulesAt(address: bigint): FrameRules | undefined {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle]!.low <= address) low = middle + 1;
      else high = middle;
    }
    const entry = this.#entries[low - 1];
    if (!entry || address >= entry.high) return undefined;
    try {
      return evaluate(entry, address);
    } catch (problem) {
      if (!(problem instanceof MalformedData)) throw problem;
      this.problems.push(problem.message);
      return undefined;
    }
  }

  #read(reader: ByteReader, ehAddress: bigint | undefined): FrameEntry[] {
    const { what } = reader;
    const entries: FrameEntry[] = [];
    const commons = new Map<number, CommonEntry>();
    const isEh = ehAddress !== undefined;
    try {
      while (!reader.atEnd) {
        const start = reader.offset;
        const { offsetSize, end } = readUnitLength(reader);
        if (end === reader.offset) {
          if (isEh) break;
          continue;
        }
        const idAt = reader.offset;
        const id = isEh ? reader.u32() : readOffset(reader, offsetSize);
        const isCommon = isEh ? id === 0 : offsetSize === 4 ? id === 0xffffffff : id > 2 ** 52;
        if (isCommon) commons.set(start, readCommon(reader.slice(reader.offset, end), isEh));
        else {
          const common = commons.get(isEh ? idAt - id : id);
          if (!common) throw new MalformedData(`${what}: entry at ${start} names a common entry that is not there`);
          const part = reader.slice(reader.offset, end);
          const low = readPointer(part, common.pointerEncoding, common.addressSize, ehAddress ?? 0n);
          const length = readPointer(part, common.pointerEncoding & 0x0f, common.addressSize, 0n);
          if (common.hasAugmentation) part.skip(part.ulebNumber());
          if (length > 0n)
            entries.push({ common, low, high: low + length, instructions: part.slice(part.offset, end) });
        }
        reader.offset = end;
      }
    } catch (problem) {
      if (!(problem instanceof MalformedData)) throw problem;
      this.problems.push(problem.message);
    }
    return entries;
  }
}

function readCommon(reader: ByteReader, isEh: boolean): CommonEntry {
  const version = reader.u8();
  const augmentation = reader.cString();
  let addressSize = 8;
  if (version >= 4 && !isEh) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const codeAlignment = reader.ulebNumber();
  const dataAlignment = reader.sleb();
  const returnRegister = version === 1 ? reader.u8() : reader.ulebNumber();
  let pointerEncoding = 0;
  const hasAugmentation = augmentation.startsWith('z');
  if (hasAugmentation) {
    const end = reader.ulebNumber() + reader.offset;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.u8();
      else if (letter === 'L') reader.skip(1);
      else if (letter === 'P') {
        const encoding = reader.u8();
        readPointer(reader, encoding, addressSize, 0n);
      }
    }
    reader.offset = end;
  } else if (augmentation !== '') throw new MalformedData(`${reader.what}: unknown augmentation '${augmentation}'`);
  return {
    codeAlignment,
    dataAlignment,
    returnRegister,
    addressSize,
    pointerEncoding,
    hasAugmentation,
    initial: reader,
  };
}

/** DW_EH_PE pointer encodings. */
function readPointer(reader: ByteReader, encoding: number, addressSize: number, sectionAddress: bigint): bigint {
  if (encoding === 0xff) return 0n;
  const at = sectionAddress + BigInt(reader.offset);
  let value: bigint;
  switch (encoding & 0x0f) {
    case 0x00:
      value = reader.unsigned(addressSize);
      break;
    case 0x01:
      value = reader.uleb();
      break;
    case 0x02:
      value = BigInt(reader.u16());
      break;
    case 0x03:
      value = BigInt(reader.u32());
      break;
    case 0x04:
    case 0x0c:
      value = reader.u64();
      break;
    case 0x09:
      value = reader.sleb();
      break;
    case 0x0a:
      value = BigInt.asIntN(16, BigInt(reader.u16()));
      break;
    case 0x0b:
      value = BigInt.asIntN(32, BigInt(reader.u32()));
      break;
    default:
      throw new MalformedData(`${reader.what}: unknown pointer encoding 0x${encoding.toString(16)}`);
  }
  if ((encoding & 0x70) === 0x10) value += at;
  return BigInt.asUintN(64, value);
}

function evaluate(entry: FrameEntry, address: bigint): FrameRules | undefined {
  const row: Row = { cfa: undefined, registers: new Map(), signed: false };
  runInstructions(entry, entry.common.initial, row, undefined, address);
  const initial = new Map(row.registers);
  runInstructions(entry, entry.instructions, row, initial, address);
  if (!row.cfa) return undefined;
  return { cfa: row.cfa, registers: row.registers, returnRegister: entry.common.returnRegister, signed: row.signed };
}

function runInstructions(
  entry: FrameEntry,
  program: ByteReader,
  row: Row,
  initial: ReadonlyMap<number, RegisterRule> | undefined,
  address: bigint,
): void {
  const { codeAlignment, dataAlignment, addressSize, pointerEncoding } = entry.common;
  const reader = program.slice(program.offset, program.end);
  const stack: { cfa: CfaRule | undefined; registers: Map<number, RegisterRule> }[] = [];
  let location = entry.low;
  const offsetCfa = (offset: bigint) => {
    if (row.cfa?.kind === 'register') row.cfa = { ...row.cfa, offset };
  };
  const restore = (register: number) => {
    const rule = initial?.get(register);
    if (rule) row.registers.set(register, rule);
    else row.registers.delete(register);
  };
  while (!reader.atEnd) {
    const opcode = reader.u8();
    const operand = opcode & 0x3f;
    switch (opcode >> 6) {
      case 1:
        location += BigInt(operand * codeAlignment);
        if (location > address) return;
        continue;
      case 2:
        row.registers.set(operand, { kind: 'offset', offset: reader.uleb() * dataAlignment });
        continue;
      case 3:
        restore(operand);
        continue;
    }
    let advance = 0n;
    switch (opcode) {
      case 0x00: // nop
        break;
      case 0x01: // set_loc
        location = readPointer(reader, pointerEncoding, addressSize, 0n);
        if (location > address) return;
        break;
      case 0x02:
        advance = BigInt(reader.u8());
        break;
      case 0x03:
        advance = BigInt(reader.u16());
        break;
      case 0x04:
        advance = BigInt(reader.u32());
        break;
      case 0x05: // offset_extended
        row.registers.set(reader.ulebNumber(), { kind: 'offset', offset: reader.uleb() * dataAlignment });
        break;
      case 0x06:
        restore(reader.ulebNumber());
        break;
      case 0x07:
        row.registers.set(reader.ulebNumber(), { kind: 'undefined' });
        break;
      case 0x08:
        row.registers.set(reader.ulebNumber(), { kind: 'same' });
        break;
      case 0x09:
        row.registers.set(reader.ulebNumber(), { kind: 'register', register: reader.ulebNumber() });
        break;
      case 0x0a:
        stack.push({ cfa: row.cfa, registers: new Map(row.registers) });
        break;
      case 0x0b: {
        const saved = stack.pop();
        if (!saved) throw new MalformedData(`${reader.what}: restore_state without remember_state`);
        row.cfa = saved.cfa;
        row.registers = saved.registers;
        break;
      }
      case 0x0c:
        row.cfa = { kind: 'register', register: reader.ulebNumber(), offset: reader.uleb() };
        break;
      case 0x0d: {
        const register = reader.ulebNumber();
        if (row.cfa?.kind === 'register') row.cfa = { ...row.cfa, register };
        break;
      }
      case 0x0e:
        offsetCfa(reader.uleb());
        break;
      case 0x0f:
        row.cfa = { kind: 'expression', expression: reader.take(reader.ulebNumber()) };
        break;
      case 0x10:
        row.registers.set(reader.ulebNumber(), { kind: 'expression', expression: reader.take(reader.ulebNumber()) });
        break;
      case 0x11:
        row.registers.set(reader.ulebNumber(), { kind: 'offset', offset: reader.sleb() * dataAlignment });
        break;
      case 0x12:
        row.cfa = { kind: 'register', register: reader.ulebNumber(), offset: reader.sleb() * dataAlignment };
        break;
      case 0x13:
        offsetCfa(reader.sleb() * dataAlignment);
        break;
      case 0x14:
        row.registers.set(reader.ulebNumber(), { kind: 'value-offset', offset: reader.uleb() * dataAlignment });
        break;
      case 0x15:
        row.registers.set(reader.ulebNumber(), { kind: 'value-offset', offset: reader.sleb() * dataAlignment });
        break;
      case 0x16:
        row.registers.set(reader.ulebNumber(), {
          kind: 'value-expression',
          expression: reader.take(reader.ulebNumber()),
        });
        break;
      case 0x2d: // DW_CFA_AARCH64_negate_ra_state
        row.signed = !row.signed;
        break;
      case 0x2e: // GNU_args_size
        reader.uleb();
        break;
      default:
        throw new MalformedData(`${reader.what}: unknown call frame instruction 0x${opcode.toString(16)}`);
    }
    if (advance > 0n) {
      location += advance * BigInt(codeAlignment);
      if (location > address) return;
    }
  }
}
