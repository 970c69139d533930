/**
 * Everything an image says about itself: symbols, lines, frames, variables. Addresses are the image's own; whoever
 * loads it elsewhere adds the offset. Each part is read when it is first asked for, and a part that cannot be read
 * takes no other part with it.
 */
import { MalformedData } from './byte-reader.ts';
import type { ByteSource } from './byte-source.ts';
import { CodeBytes } from './code-bytes.ts';
import { CallFrames } from './dwarf/call-frames.ts';
import { DebugEntries, type Entry } from './dwarf/entries.ts';
import { type DebugFunction, DebugFunctions } from './dwarf/functions.ts';
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

/** A function, or a call of one that was replaced by its body, at an address. */
export interface SourceScope {
  readonly name: string;
  readonly entry: Entry;
  /** The function whose code it is. */
  readonly fn: DebugFunction;
  readonly isInlined: boolean;
  /** Where control is in it; in all but the innermost that is a call. */
  readonly place?: SourceLine;
}

/** At most so many bytes come before a function's own code (`-fpatchable-function-entry`). */
const patchableBytes = 16n;

export class DebugInformation {
  readonly elf: ElfFile;
  /** Its instructions. */
  readonly code: CodeBytes;
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
    this.code = new CodeBytes(this.elf);
    this.#sections = new DwarfSections(this.elf);
    if (!this.elf.has('.debug_info')) this.attempt(() => this.#noteElsewhere());
  }

  /**
   * Reads what every stop needs, part by part; gives the name of the part that comes next. What is not read so is read
   * when it is first asked for.
   */
  *prepare(): Generator<string, void> {
    const parts: readonly [string, () => unknown][] = [
      ['symbols', () => this.symbols],
      ['units', () => this.functions.unitAt(0n)],
      ['call frames', () => this.frames],
      ['code', () => this.code.typical(1)],
    ];
    for (const [name, read] of parts) {
      yield name;
      this.attempt(read);
    }
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

  /** Says where the debug information is when it was split off. */
  #noteElsewhere(): void {
    const { elf } = this;
    const { debugLink, buildId } = elf;
    const place = buildId && `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    if (debugLink !== undefined) {
      this.#problems.push(
        `${elf.name} has no debug information of its own; it names ${debugLink}${place ? ` (build id: ${place})` : ''}: add that file to "symbolFiles"`,
      );
    } else if (place && elf.symbols.length === 0) {
      this.#problems.push(
        `${elf.name} has neither symbols nor debug information; where its distribution has them apart, they are ${place}: add that file to "symbolFiles"`,
      );
    }
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

  /**
   * Where a breakpoint on a function belongs: where its parameters can be read. In optimised code they can from the
   * first instruction on; elsewhere that is after the prologue, when the line table tells where that is.
   */
  breakpointAddress(functionStart: bigint): bigint {
    const size = this.symbols.at(functionStart)?.symbol.size ?? 0;
    const limit = functionStart + BigInt(size || 0x1000);
    // Instructions that a compiler put before the function's own, to be patched later, belong to no line of it.
    const own = this.functions.functionAt(functionStart + patchableBytes);
    const start = own && own.low > functionStart && own.low < limit ? own.low : functionStart;
    const first = this.rowAt(start);
    if (!first || first.address !== start) return start;
    const rows: LineRow[] = [];
    for (const row of this.lines.rowsFrom(start)) {
      if (row.address >= limit) break;
      rows.push(row);
    }
    const marked = rows.find(row => row.prologueEnd);
    if (marked) return marked.address;
    // Compilers without the mark give the body a second row; assembly has one row per instruction and no prologue.
    if (/\.(s|S|asm|inc)$/.test(this.lines.path(first.file)) || (own && this.functions.isOptimised(own))) return start;
    const second = rows.find(row => row.address > start && row.isStatement && row.line > 0);
    return second?.address ?? start;
  }

  /** Functions and inlined calls at an address, the innermost first, each with the place where control is in it. */
  scopesAt(address: bigint): readonly SourceScope[] {
    const fn = this.functions.functionAt(address);
    if (!fn) return [];
    const calls = this.functions.inlinedCallsAt(fn, address);
    const program = fn.entry.unit.lineProgram;
    let place = this.lineAt(address);
    const scopes: SourceScope[] = [];
    for (const { name, entry, callFile, callLine, callColumn } of [...calls].reverse()) {
      scopes.push({ name, entry, fn, isInlined: true, ...(place && { place }) });
      const path = program === undefined || callFile === undefined ? undefined : this.lines.pathIn(program, callFile);
      place = path === undefined ? undefined : { path, line: callLine, column: callColumn };
    }
    scopes.push({ name: fn.name, entry: fn.entry, fn, isInlined: false, ...(place && { place }) });
    return scopes;
  }
}
