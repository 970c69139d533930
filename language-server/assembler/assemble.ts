import { splitLines } from '../syntax/lines.ts';
import type { Problem } from '../syntax/problem.ts';
import { SourceFile, type SourceLine, verbatimLine } from '../syntax/source.ts';
import { Assembler } from './assembler.ts';
import { directivesByName } from './directives/index.ts';
import type { FileProvider } from './files.ts';
import type { InstructionSet } from './instruction-set.ts';
import type { Limits } from './limits.ts';
import type { AssembledObject } from './object.ts';
import { resolve } from './resolve.ts';

export interface AssembleOptions {
  readonly instructions: InstructionSet;
  readonly files: FileProvider;
  readonly includePaths?: readonly string[];
  readonly limits?: Limits;
}

/** An assembled source with everything the assembler learned on the way. */
export interface Assembly {
  readonly file: SourceFile;
  readonly object: AssembledObject;
  readonly problems: readonly Problem[];
  readonly assembler: Assembler;
}

/** Assembles lines that are ready to be read (preprocessed or cut from the file). Never throws on bad input. */
export function assembleLines(
  file: SourceFile,
  lines: readonly SourceLine[],
  options: AssembleOptions,
  problems: readonly Problem[] = [],
): Assembly {
  const assembler = new Assembler(
    {
      directives: directivesByName,
      instructions: options.instructions,
      files: options.files,
      includePaths: options.includePaths ?? [],
      ...(options.limits && { limits: options.limits }),
    },
    verbatimLine(file, 0, '', undefined),
  );
  assembler.problems.push(...problems);
  assembler.run(lines);
  assembler.finish();
  const object = resolve(assembler, file.path);
  return { file, object, problems: assembler.problems, assembler };
}

/** Assembles a source that needs no preprocessor (`.s`). */
export function assembleText(path: string, text: string, options: AssembleOptions): Assembly {
  const file = new SourceFile(path, text);
  const problems: Problem[] = [];
  return assembleLines(file, splitLines(file, problems), options, problems);
}
