/**
 * The lines of an image: which program speaks of an address, and where the lines of a file are. Headers are read when a
 * file is asked for, programs are run when an address of theirs is asked for, and only the last ones are kept.
 */
import { MalformedData } from '../byte-reader.ts';
import {
  type LineProgram,
  type LineRow,
  type LineSequence,
  type LineStart,
  readLineProgram,
  runLineProgram,
} from './line-table.ts';
import { type DwarfSections, readUnitLength } from './sections.ts';

/** What the units of an image say about its line programs. */
export interface UnitLocator {
  /** Offset in .debug_line of the program of the unit that an address belongs to. */
  lineProgramAt(address: bigint): number | undefined;
  /** Offsets of all programs that units name. */
  readonly linePrograms: ReadonlySet<number>;
}

/** Programs whose rows are kept. */
const mostPrograms = 48;

interface SequenceRange {
  readonly low: bigint;
  readonly high: bigint;
  readonly program: number;
}

export class LineIndex {
  readonly problems: string[] = [];
  readonly #sections: DwarfSections;
  readonly #units: UnitLocator;
  readonly #paths: string[] = [];
  readonly #pathNumbers = new Map<string, number>();
  readonly #programs = new Map<number, LineProgram | undefined>();
  readonly #sequences = new Map<number, readonly LineSequence[]>();
  readonly #startsByFile = new Map<number, readonly LineStart[]>();
  #offsets: readonly number[] | undefined;
  #allHeaders = false;
  /** Code of the programs that no unit names. */
  #strays: readonly SequenceRange[] | undefined;

  constructor(sections: DwarfSections, units: UnitLocator) {
    this.#sections = sections;
    this.#units = units;
  }

  /** Whether there are lines at all. */
  get isEmpty(): boolean {
    return this.#sections.line.length === 0;
  }

  /** Source paths as the compiler wrote them, joined with their directories. */
  get files(): readonly string[] {
    if (!this.#allHeaders) {
      for (const offset of this.#programOffsets) this.#program(offset);
      this.#allHeaders = true;
    }
    return this.#paths;
  }

  /** The path of a row's file. */
  path(file: number): string {
    return this.#paths[file] ?? '';
  }

  /** The path that a unit's program has under a number; undefined when there is none. */
  pathIn(program: number, file: number): string | undefined {
    const index = this.#program(program)?.files[file];
    return index === undefined || index < 0 ? undefined : this.#paths[index];
  }

  /** The row that holds an address. */
  rowAt(address: bigint): LineRow | undefined {
    const place = this.#sequenceAt(address);
    const row = place?.row(place.rowAt(Number(address - place.base)));
    return row && address < row.end && row.line > 0 ? row : undefined;
  }

  /** Rows from an address on, in order, as far as the code goes on without a gap. */
  *rowsFrom(address: bigint): Generator<LineRow> {
    const sequence = this.#sequenceAt(address);
    if (!sequence) return;
    for (let index = sequence.rowAt(Number(address - sequence.base)); index < sequence.count; index++) {
      const row = index < 0 ? undefined : sequence.row(index);
      if (row && row.address >= address) yield row;
    }
  }

  /** All rows of the image, program by program. */
  *rows(): Generator<LineRow> {
    for (const offset of this.#programOffsets) {
      for (const sequence of this.#run(offset)) {
        for (let index = 0; index < sequence.count; index++) {
          const row = sequence.row(index);
          if (row) yield row;
        }
      }
    }
  }

  /** Where the lines of a file begin, sorted by address. `file` is an index into `files`. */
  startsOf(file: number): readonly LineStart[] {
    const known = this.#startsByFile.get(file);
    if (known) return known;
    const starts: LineStart[] = [];
    for (const offset of this.#programOffsets) {
      if (!this.#program(offset)?.files.includes(file)) continue;
      for (const sequence of this.#run(offset))
        for (const start of sequence.starts()) if (start.file === file) starts.push(start);
    }
    starts.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#startsByFile.set(file, starts);
    return starts;
  }

  #sequenceAt(address: bigint): LineSequence | undefined {
    const program = this.#units.lineProgramAt(address) ?? this.#strayAt(address);
    if (program === undefined) return undefined;
    return this.#run(program).find(({ base, size }) => address >= base && address < base + BigInt(size));
  }

  /** Programs may be there without a unit that names them. */
  #strayAt(address: bigint): number | undefined {
    if (!this.#sections.isCode(address)) return undefined;
    this.#strays ??= this.#findStrays();
    return this.#strays.find(({ low, high }) => address >= low && address < high)?.program;
  }

  #findStrays(): SequenceRange[] {
    const named = this.#units.linePrograms;
    return this.#programOffsets
      .filter(offset => !named.has(offset))
      .flatMap(program =>
        this.#run(program).map(({ base, size }) => ({ low: base, high: base + BigInt(size), program })),
      );
  }

  get #programOffsets(): readonly number[] {
    if (this.#offsets) return this.#offsets;
    const offsets: number[] = [];
    this.#attempt(() => {
      const reader = this.#sections.reader(this.#sections.line, '.debug_line');
      while (!reader.atEnd) {
        const start = reader.offset;
        const { end } = readUnitLength(reader);
        offsets.push(start);
        reader.offset = end;
      }
    });
    this.#offsets = offsets;
    return offsets;
  }

  #program(offset: number): LineProgram | undefined {
    if (!this.#programs.has(offset))
      this.#programs.set(
        offset,
        this.#attempt(() => readLineProgram(this.#sections, offset, path => this.#intern(path))),
      );
    return this.#programs.get(offset);
  }

  #run(offset: number): readonly LineSequence[] {
    const known = this.#sequences.get(offset);
    if (known) {
      // The ones used last go last.
      this.#sequences.delete(offset);
      this.#sequences.set(offset, known);
      return known;
    }
    const program = this.#program(offset);
    const sequences =
      (program && this.#attempt(() => runLineProgram(this.#sections, program, at => this.#sections.isCode(at)))) ?? [];
    if (this.#sequences.size >= mostPrograms) this.#sequences.delete(this.#sequences.keys().next().value as number);
    this.#sequences.set(offset, sequences);
    return sequences;
  }

  #intern(path: string): number {
    let index = this.#pathNumbers.get(path);
    if (index === undefined) {
      index = this.#paths.length;
      this.#paths.push(path);
      this.#pathNumbers.set(path, index);
    }
    return index;
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (problem) {
      if (!(problem instanceof MalformedData)) throw problem;
      if (!this.problems.includes(problem.message)) this.problems.push(problem.message);
      return undefined;
    }
  }
}
