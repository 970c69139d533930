import { type Preprocessed, preprocess } from '../preprocessor/index.ts';
import { splitLines } from '../syntax/lines.ts';
import type { Problem } from '../syntax/problem.ts';
import { SourceFile } from '../syntax/source.ts';
import { architectureInstructions } from './architecture-instructions.ts';
import { type Assembly, assembleLines } from './assemble.ts';
import { debugSections } from './debug-sections.ts';
import { type FileProvider, folderOf, joinPath, memoryFiles } from './files.ts';
import type { InstructionSet } from './instruction-set.ts';
import type { Limits } from './limits.ts';
import { type LinkedImage, type LinkedLine, type LinkedSymbol, type LinkOptions, link } from './linker.ts';
import type { AssembledObject } from './object.ts';

/** A source to be assembled; whether the C preprocessor reads it first is told by its name (`.S`, `.sx`). */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface BuildOptions extends LinkOptions {
  /** The architecture's own when absent. */
  readonly instructions?: InstructionSet;
  /** Files that sources include; none when absent. */
  readonly files?: FileProvider;
  readonly includePaths?: readonly string[];
  /** Preprocessor macros defined beforehand (`-D`). */
  readonly defines?: Readonly<Record<string, string>>;
  readonly limits?: Limits;
  /** Folder that paths in debug information are relative to. */
  readonly folder?: string;
}

/** An assembled source and, for `.S`, what the preprocessor learned. */
export interface SourceAssembly extends Assembly {
  readonly preprocessed: Preprocessed | undefined;
}

/** Whether a path names a source for the C preprocessor. */
export function isPreprocessed(path: string): boolean {
  return /\.(?:S|sx|asm|h|inc)$/.test(path);
}

/** Preprocesses a source where its name asks for it, and assembles it. Never throws on bad input. */
export function assembleSource(source: Source, options: BuildOptions): SourceAssembly {
  const file = new SourceFile(source.path, source.text);
  const files = options.files ?? memoryFiles({});
  const assembleOptions = {
    instructions: options.instructions ?? architectureInstructions,
    files,
    ...(options.includePaths && { includePaths: options.includePaths }),
    ...(options.limits && { limits: options.limits }),
  };
  if (!isPreprocessed(source.path)) {
    const problems: Problem[] = [];
    const lines = splitLines(file, problems);
    return { ...assembleLines(file, lines, assembleOptions, problems), preprocessed: undefined };
  }
  const preprocessed = preprocess(file, {
    host: { readText: path => files.readText(path), join: joinPath, folderOf },
    ...(options.includePaths && { includePaths: options.includePaths }),
    ...(options.defines && { defines: options.defines }),
    ...(options.limits && { includeDepth: options.limits.includes, tokens: options.limits.tokens }),
  });
  const assembly = assembleLines(file, preprocessed.lines, assembleOptions, preprocessed.problems);
  return { ...assembly, preprocessed };
}

/** The object with debug information added. */
export function withDebugInformation(object: AssembledObject, folder: string): AssembledObject {
  return { ...object, sections: [...object.sections, ...debugSections(object, folder)] };
}

export interface BuildResult {
  /** The executable; absent when an error stands in the way. */
  readonly elf?: Uint8Array;
  readonly entry?: bigint;
  readonly problems: readonly Problem[];
  readonly symbols: readonly LinkedSymbol[];
  /** Ordered by address. */
  readonly lineTable: readonly LinkedLine[];
  readonly assemblies: readonly SourceAssembly[];
}

/**
 * Assembles sources and links them into one executable ELF file with DWARF line information.
 *
 * The layout is fixed and described in `link-layout.ts`.
 */
export function assembleAndLink(sources: readonly Source[], options: BuildOptions): BuildResult {
  const assemblies = sources.map(source => assembleSource(source, options));
  const problems = assemblies.flatMap(assembly => assembly.problems);
  const failed = () => problems.some(problem => problem.severity === 'error');
  if (failed()) return { problems, symbols: [], lineTable: [], assemblies };
  const folder = options.folder ?? '';
  const objects = assemblies.map(assembly => withDebugInformation(assembly.object, folder));
  const image: LinkedImage = link(objects, options, problems);
  const { symbols, lines: lineTable, entry, elf } = image;
  return failed()
    ? { problems, symbols, lineTable, assemblies }
    : { elf, entry, problems, symbols, lineTable, assemblies };
}
