/**
 * Everything an image says about itself: symbols, lines, frames, variables. Addresses are the image's own; whoever
 * loads it elsewhere adds the offset. Each part is read when it is first asked for, and a part that cannot be read
 * takes no other part with it.
 */
import { MalformedData } from './byte-reader.ts';
import type { ByteSource } from './byte-source.ts';
import { CallFrames } from './dwarf/call-frames.ts';
import { DebugEntries } from './dwarf/entries.ts';
import { DebugFunctions } from './dwarf/functions.ts';
import { LineIndex } from './dwarf/line-index.ts';
import type { LineRow } from './dwarf/line-table.ts';
import { DwarfSections } from './dwarf/sections.ts';
import { ElfFile } from './elf.ts';
import { SymbolTable } from './symbol-table.ts';

/** A place in a source file. */
export interface SourceLine {
  /** Path as the compiler wrote it. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export class DebugInformation {
  readonly elf: ElfFile;
  readonly #sections: DwarfSections;
  readonly #problems: string[] = [];
  #symbols: SymbolTable | undefined;
  #lines: LineIndex | undefined;
  #entries: DebugEntries | undefined;
  #functions: DebugFunctions | undefined;
  #frames: CallFrames | undefined;

  /** Throws `MalformedData` when the bytes are no AArch64 ELF file at all. */
  constructor(file: ByteSource | Uint8Array, name: string) {
    this.elf = new ElfFile(file, name);
    this.#sections = new DwarfSections(this.elf);
  }

  /** What could not be read so far, in words. */
  get problems(): readonly string[] {
    return [
      ...this.#problems,
      ...(this.#lines?.problems ?? []),
      ...(this.#entries?.problems ?? []),
      ...(this.#functions?.problems ?? []),
      ...(this.#frames?.problems ?? []),
    ];
  }

  get symbols(): SymbolTable {
    this.#symbols ??= new SymbolTable(this.elf);
    return this.#symbols;
  }
  get lines(): LineIndex {
    this.#lines ??= new LineIndex(this.#sections, this.functions);
    return this.#lines;
  }
  get functions(): DebugFunctions {
    this.#entries ??= new DebugEntries(this.#sections);
    this.#functions ??= new DebugFunctions(this.#entries);
    return this.#functions;
  }
  get frames(): CallFrames {
    this.#frames ??= new CallFrames(this.#sections);
    return this.#frames;
  }

  /** Runs a query on data that may be malformed inside; a problem is noted and the answer is undefined. */
  attempt<T>(query: (information: DebugInformation) => T): T | undefined {
    try {
      return query(this);
    } catch (problem) {
      if (!(problem instanceof MalformedData)) throw problem;
      if (!this.#problems.includes(problem.message)) this.#problems.push(problem.message);
      return undefined;
    }
  }

  rowAt(address: bigint): LineRow | undefined {
    return this.lines.rowAt(address);
  }

  lineAt(address: bigint): SourceLine | undefined {
    const row = this.rowAt(address);
    return row && { path: this.lines.path(row.file), line: row.line, column: row.column };
  }

  /** Start addresses of the statements of a line, by the index of its file. */
  addressesOfLine(file: number, line: number): readonly bigint[] {
    const starts = this.lines.startsOf(file).filter(start => start.line === line);
    return [...new Set(starts.map(({ address }) => address))];
  }

  /** Lines of a file that have code, in order. */
  linesWithCode(file: number): readonly number[] {
    return [...new Set(this.lines.startsOf(file).map(({ line }) => line))].sort((a, b) => a - b);
  }

  /** Where a breakpoint on a function belongs: after its prologue when the line table tells where that is. */
  breakpointAddress(functionStart: bigint): bigint {
    const first = this.rowAt(functionStart);
    if (!first || first.address !== functionStart) return functionStart;
    const end = this.symbols.at(functionStart)?.symbol.size ?? 0;
    const limit = functionStart + BigInt(end || 0x1000);
    const rows: LineRow[] = [];
    for (const row of this.lines.rowsFrom(functionStart)) {
      if (row.address >= limit) break;
      rows.push(row);
    }
    const marked = rows.find(row => row.prologueEnd);
    if (marked) return marked.address;
    // Compilers without the mark give the body a second row; assembly has one row per instruction and no prologue.
    const path = this.lines.path(first.file);
    if (/\.(s|S|asm|inc)$/.test(path)) return functionStart;
    const second = rows.find(row => row.address > functionStart && row.isStatement && row.line > 0);
    return second?.address ?? functionStart;
  }
}
