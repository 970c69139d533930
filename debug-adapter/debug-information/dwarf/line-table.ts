/** One line number program of .debug_line, versions 2 to 5. Source: DWARF 5, 6.2; DWARF 4, 6.2. */
import { type ByteReader, MalformedData } from '../byte-reader.ts';
import { readForm } from './forms.ts';
import { type DwarfSections, readOffset, readUnitLength } from './sections.ts';

/** The instructions from `address` up to `end` belong to this line. */
export interface LineRow {
  readonly address: bigint;
  readonly end: bigint;
  /** Index into `LineIndex.files`. */
  readonly file: number;
  /** From 1; 0 means that the instructions belong to no line. */
  readonly line: number;
  readonly column: number;
  /** A good place for a breakpoint at this line. */
  readonly isStatement: boolean;
  readonly prologueEnd: boolean;
}

/** A place where the code of a line begins, even when all of it was moved or merged away behind it. */
export interface LineStart {
  readonly address: bigint;
  readonly file: number;
  readonly line: number;
}

/** The header of a program: all but its rows. */
export interface LineProgram {
  /** Offset in .debug_line. */
  readonly offset: number;
  /** Index into `LineIndex.files` by the number that rows use; -1 where there is no file. */
  readonly files: Int32Array;
  readonly header: ProgramHeader;
}

interface ProgramHeader {
  readonly start: number;
  readonly end: number;
  readonly minimumInstructionLength: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
}

const rowWords = 5;
const isStatementFlag = 1;
const prologueEndFlag = 2;

/** Rows at growing addresses without a gap. A kernel has millions: five words each. */
export class LineSequence {
  readonly base: bigint;
  /** Length of its code in bytes. */
  readonly size: number;
  readonly #files: Int32Array;
  /** Offset from `base`, number of the file, line, column, flags. */
  readonly #words: Uint32Array;

  constructor(base: bigint, size: number, words: readonly number[], files: Int32Array) {
    this.base = base;
    this.size = size;
    this.#words = Uint32Array.from(words);
    this.#files = files;
  }

  get count(): number {
    return this.#words.length / rowWords;
  }
  #offset(row: number): number {
    return row < this.count ? this.#words[row * rowWords]! : this.size;
  }
  #file(row: number): number {
    return this.#files[this.#words[row * rowWords + 1]!] ?? -1;
  }
  #line(row: number): number {
    return this.#words[row * rowWords + 2]!;
  }
  #has(row: number, flag: number): boolean {
    return (this.#words[row * rowWords + 4]! & flag) !== 0;
  }

  /** The last row that begins at or before an offset from `base`, or -1. */
  rowAt(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offset(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Undefined for a row without instructions or file. */
  row(index: number): LineRow | undefined {
    const offset = this.#offset(index);
    const end = this.#offset(index + 1);
    const file = this.#file(index);
    if (end <= offset || file < 0) return undefined;
    return {
      address: this.base + BigInt(offset),
      end: this.base + BigInt(end),
      file,
      line: this.#line(index),
      column: this.#words[index * rowWords + 3]!,
      isStatement: this.#has(index, isStatementFlag) || this.#statementBefore(index),
      prologueEnd: this.#has(index, prologueEndFlag),
    };
  }

  /** Of several rows at one address the last one holds; those before it say whether its line begins here. */
  #statementBefore(index: number): boolean {
    const offset = this.#offset(index);
    for (let row = index - 1; row >= 0 && this.#offset(row) === offset; row--) {
      if (this.#has(row, isStatementFlag) && this.#line(row) > 0)
        return this.#line(row) === this.#line(index) && this.#file(row) === this.#file(index);
    }
    return false;
  }

  /** The recommended places for breakpoints: where a line begins after another one. */
  *starts(): Generator<LineStart> {
    for (let row = 0; row < this.count; row++) {
      const line = this.#line(row);
      const file = this.#file(row);
      if (!this.#has(row, isStatementFlag) || line === 0 || file < 0) continue;
      // Code that goes on in the same line, or comes back to it at the same address, is no new beginning.
      const goesOn =
        row > 0 && this.#has(row - 1, isStatementFlag) && this.#line(row - 1) === line && this.#file(row - 1) === file;
      if (!goesOn) yield { address: this.base + BigInt(this.#offset(row)), file, line };
    }
  }
}

interface FileEntry {
  path: string;
  directory: number;
}

/** Reads the header at an offset; `intern` numbers paths. Throws `MalformedData`. */
export function readLineProgram(
  sections: DwarfSections,
  offset: number,
  intern: (path: string) => number,
): LineProgram {
  const outer = sections.reader(sections.line, '.debug_line', offset);
  const { offsetSize, end } = readUnitLength(outer);
  const reader = outer.slice(outer.offset, end);
  const version = reader.u16();
  if (version < 2 || version > 5) throw new MalformedData(`.debug_line: version ${version} is not known (2 to 5 are)`);
  let addressSize = 8;
  if (version === 5) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const headerLength = readOffset(reader, offsetSize);
  const start = reader.offset + headerLength;
  const minimumInstructionLength = reader.u8();
  if (version >= 4) reader.skip(1);
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new MalformedData('.debug_line: a header with a line range of 0');
  if (start > end) throw new MalformedData('.debug_line: a header that is longer than its program');
  const operandCounts: number[] = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operandCounts.push(reader.u8());
  const paths = version === 5 ? readEntries5(reader, offsetSize, addressSize, sections) : readEntries4(reader);
  const header = {
    start,
    end,
    minimumInstructionLength,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
  };
  return { offset, files: Int32Array.from(paths, path => (path === '' ? -1 : intern(path))), header };
}

/** Runs a program. A sequence whose code `isCode` denies was thrown away by the linker. Throws `MalformedData`. */
export function runLineProgram(
  sections: DwarfSections,
  { header, files }: LineProgram,
  isCode: (address: bigint) => boolean,
): LineSequence[] {
  const { minimumInstructionLength, defaultIsStatement, lineBase, lineRange, opcodeBase, operandCounts } = header;
  const sequences: LineSequence[] = [];
  const reader = sections.reader(sections.line, '.debug_line', header.start, header.end);
  let words: number[] = [];
  let base = 0n;
  let offset = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let stmt = defaultIsStatement;
  let prologueEnd = false;
  const emit = () => {
    words.push(
      offset,
      file,
      Math.max(line, 0),
      column,
      (stmt ? isStatementFlag : 0) | (prologueEnd ? prologueEndFlag : 0),
    );
    prologueEnd = false;
  };
  const endSequence = () => {
    if (words.length > 0 && offset < 2 ** 32 && isCode(base))
      sequences.push(new LineSequence(base, offset, words, files));
    words = [];
    base = 0n;
    offset = 0;
    file = 1;
    line = 1;
    column = 0;
    stmt = defaultIsStatement;
    prologueEnd = false;
  };

  while (!reader.atEnd) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      offset += Math.floor(adjusted / lineRange) * minimumInstructionLength;
      line += lineBase + (adjusted % lineRange);
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.ulebNumber();
        const next = reader.offset + length;
        if (length === 0) break;
        const extended = reader.u8();
        if (extended === 1) endSequence();
        else if (extended === 2) {
          const address = reader.unsigned(length - 1);
          if (words.length === 0) {
            base = address;
            offset = 0;
          } else if (address >= base && address - base < 2n ** 32n) offset = Number(address - base);
          else {
            // Addresses of one sequence grow; what goes on elsewhere is another one.
            if (isCode(base)) sequences.push(new LineSequence(base, offset, words, files));
            words = [];
            base = address;
            offset = 0;
          }
        }
        reader.offset = Math.min(next, reader.end);
        break;
      }
      case 1: // DW_LNS_copy
        emit();
        break;
      case 2: // advance_pc
        offset += reader.ulebNumber() * minimumInstructionLength;
        break;
      case 3: // advance_line
        line += reader.slebNumber();
        break;
      case 4: // set_file
        file = reader.ulebNumber();
        break;
      case 5: // set_column
        column = reader.ulebNumber();
        break;
      case 6: // negate_stmt
        stmt = !stmt;
        break;
      case 8: // const_add_pc
        offset += Math.floor((255 - opcodeBase) / lineRange) * minimumInstructionLength;
        break;
      case 9: // fixed_advance_pc
        offset += reader.u16();
        break;
      case 10: // set_prologue_end
        prologueEnd = true;
        break;
      default:
        // set_basic_block (7), set_epilogue_begin (11), set_isa (12) and what a later version may add: operands only.
        for (let operand = 0; operand < operandCounts[opcode]!; operand++) reader.skipLeb();
    }
  }
  return sequences;
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path);
}
function join(directory: string, path: string): string {
  return directory === '' || isAbsolute(path) ? path : `${directory}/${path}`;
}

function readEntries4(reader: ByteReader): string[] {
  const directories = [''];
  for (let name = reader.cString(); name !== ''; name = reader.cString()) directories.push(name);
  // File numbers count from 1 here.
  const paths = [''];
  for (let name = reader.cString(); name !== ''; name = reader.cString()) {
    const directory = reader.ulebNumber();
    reader.uleb();
    reader.uleb();
    paths.push(join(directories[directory] ?? '', name));
  }
  return paths;
}

function readEntries5(reader: ByteReader, offsetSize: 4 | 8, addressSize: number, sections: DwarfSections): string[] {
  const context = { sections, version: 5, offsetSize, addressSize, unitOffset: 0, strOffsetsBase: 8, addrBase: 8 };
  const readEntries = (): FileEntry[] => {
    const formats: [content: number, form: number][] = [];
    const formatCount = reader.u8();
    for (let index = 0; index < formatCount; index++) formats.push([reader.ulebNumber(), reader.ulebNumber()]);
    const count = reader.ulebNumber();
    if (count > reader.end) throw new MalformedData(`.debug_line: ${count} names do not fit the section`);
    const entries: FileEntry[] = [];
    for (let index = 0; index < count; index++) {
      const entry: FileEntry = { path: '', directory: 0 };
      for (const [content, form] of formats) {
        const value = readForm(reader, form, context, 0n);
        if (content === 1 && value.kind === 'string') entry.path = value.value;
        if (content === 2 && value.kind === 'constant') entry.directory = Number(value.value);
      }
      entries.push(entry);
    }
    return entries;
  };
  const directories = readEntries();
  const compilation = directories[0]?.path ?? '';
  const paths = directories.map(directory => join(compilation, directory.path));
  return readEntries().map(file => join(paths[file.directory] ?? '', file.path));
}
