/** The line number programs of .debug_line, versions 2 to 5. Source: DWARF 5, 6.2; DWARF 4, 6.2. */
import { ByteReader, MalformedData } from '../byte-reader.ts';
import { readForm } from './forms.ts';
import { type DwarfSections, readOffset, readUnitLength } from './sections.ts';

/** The instructions from `address` up to `end` belong to this line. */
export interface LineRow {
  readonly address: bigint;
  readonly end: bigint;
  /** Index into `LineTable.files`. */
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

/** All line programs of an image. */
export interface LineTable {
  /** Source paths as the compiler wrote them, joined with their directories. */
  readonly files: readonly string[];
  /** Sorted by address; ranges of one sequence do not overlap. */
  readonly rows: readonly LineRow[];
  /** The recommended places for breakpoints: where a line begins after another one. Sorted by address. */
  readonly starts: readonly LineStart[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

interface Entry {
  path: string;
  directory: number;
}

export function readLineTable(sections: DwarfSections): LineTable {
  const files: string[] = [];
  const fileIndex = new Map<string, number>();
  const rows: LineRow[] = [];
  const starts: LineStart[] = [];
  const problems: string[] = [];
  const intern = (path: string) => {
    let index = fileIndex.get(path);
    if (index === undefined) {
      index = files.length;
      files.push(path);
      fileIndex.set(path, index);
    }
    return index;
  };
  const reader = new ByteReader(sections.line, '.debug_line');
  while (!reader.atEnd) {
    let end: number;
    const start = reader.offset;
    try {
      const unit = readUnitLength(reader);
      end = unit.end;
      readProgram(reader.slice(reader.offset, end), unit.offsetSize, sections, intern, rows, starts);
    } catch (problem) {
      if (!(problem instanceof MalformedData)) throw problem;
      problems.push(problem.message);
      // The next unit is found by the length of this one; when that itself is wrong there is no next.
      end = nextUnit(sections.line, start) ?? reader.end;
    }
    reader.offset = end;
  }
  const byAddress = (a: { address: bigint }, b: { address: bigint }) =>
    a.address < b.address ? -1 : a.address > b.address ? 1 : 0;
  return { files, rows: rows.sort(byAddress), starts: starts.sort(byAddress), problems };
}

function nextUnit(bytes: Uint8Array, start: number): number | undefined {
  try {
    const reader = new ByteReader(bytes, '.debug_line', start);
    return readUnitLength(reader).end;
  } catch {
    return undefined;
  }
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path);
}
function join(directory: string, path: string): string {
  return directory === '' || isAbsolute(path) ? path : `${directory}/${path}`;
}

function readProgram(
  reader: ByteReader,
  offsetSize: 4 | 8,
  sections: DwarfSections,
  intern: (path: string) => number,
  rows: LineRow[],
  starts: LineStart[],
): void {
  const version = reader.u16();
  if (version < 2 || version > 5) throw new MalformedData(`.debug_line: version ${version} is not known (2 to 5 are)`);
  let addressSize = 8;
  if (version === 5) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const headerLength = readOffset(reader, offsetSize);
  const programStart = reader.offset + headerLength;
  const minimumInstructionLength = reader.u8();
  if (version >= 4) reader.skip(1);
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new MalformedData('.debug_line: a header with a line range of 0');
  const operandCounts: number[] = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operandCounts.push(reader.u8());

  const paths = version === 5 ? readEntries5(reader, offsetSize, addressSize, sections) : readEntries4(reader);
  const fileNumbers = paths.map(intern);

  reader.offset = programStart;
  let sequence: { address: bigint; file: number; line: number; column: number; stmt: boolean; prologueEnd: boolean }[] =
    [];
  let address = 0n;
  let file = 1;
  let line = 1;
  let column = 0;
  let stmt = defaultIsStatement;
  let prologueEnd = false;
  const reset = () => {
    address = 0n;
    file = 1;
    line = 1;
    column = 0;
    stmt = defaultIsStatement;
    prologueEnd = false;
    sequence = [];
  };
  const emit = () => {
    sequence.push({ address, file, line, column, stmt, prologueEnd });
    prologueEnd = false;
  };
  const advance = (operations: number) => {
    address = BigInt.asUintN(64, address + BigInt(operations * minimumInstructionLength));
  };
  const endSequence = () => {
    // Of several rows at one address the last one holds; those before it say only where a line would begin.
    let statementHere: { readonly address: bigint; readonly line: number; readonly file: number } | undefined;
    for (let index = 0; index < sequence.length; index++) {
      const row = sequence[index]!;
      const end = sequence[index + 1]?.address ?? address;
      const known = fileNumbers[row.file];
      if (known === undefined) continue;
      const place = { address: row.address, file: known, line: row.line };
      const previous = sequence[index - 1];
      if (row.stmt && row.line > 0) {
        statementHere = place;
        // Code that goes on in the same line, or comes back to it at the same address, is no new beginning.
        if (previous === undefined || previous.line !== row.line || previous.file !== row.file || !previous.stmt)
          starts.push(place);
      }
      if (end > row.address) {
        const isStatement =
          row.stmt ||
          (statementHere?.address === row.address && statementHere.line === row.line && statementHere.file === known);
        rows.push({ ...place, end, column: row.column, isStatement, prologueEnd: row.prologueEnd });
      }
    }
    reset();
  };

  while (!reader.atEnd) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
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
        else if (extended === 2) address = reader.unsigned(length - 1);
        reader.offset = Math.min(next, reader.end);
        break;
      }
      case 1: // DW_LNS_copy
        emit();
        break;
      case 2: // advance_pc
        advance(reader.ulebNumber());
        break;
      case 3: // advance_line
        line += Number(reader.sleb());
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
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case 9: // fixed_advance_pc
        address = BigInt.asUintN(64, address + BigInt(reader.u16()));
        break;
      case 10: // set_prologue_end
        prologueEnd = true;
        break;
      default:
        // set_basic_block (7), set_epilogue_begin (11), set_isa (12) and what a later version may add: operands only.
        for (let operand = 0; operand < operandCounts[opcode]!; operand++) reader.uleb();
    }
  }
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
  const context = { sections, version: 5, offsetSize, addressSize, unitOffset: 0, strOffsetsBase: 0, addrBase: 0 };
  const readEntries = (): Entry[] => {
    const formats: [content: number, form: number][] = [];
    const formatCount = reader.u8();
    for (let index = 0; index < formatCount; index++) formats.push([reader.ulebNumber(), reader.ulebNumber()]);
    const count = reader.ulebNumber();
    if (count > reader.end) throw new MalformedData(`.debug_line: ${count} names do not fit the section`);
    const entries: Entry[] = [];
    for (let index = 0; index < count; index++) {
      const entry: Entry = { path: '', directory: 0 };
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
