/** The assembler and linker: sources in, ELF files out, with problems that point into the sources. */
export type { Problem, Severity } from '../syntax/problem.ts';
export { outermost, type SourceFile, type SourceRange } from '../syntax/source.ts';
export { architectureInstructions, mnemonics, type Spelling, spellingsOf } from './architecture-instructions.ts';
export { type AssembleOptions, type Assembly, assembleLines, assembleText } from './assemble.ts';
export type { Assembler, Directive } from './assembler.ts';
export {
  assembleAndLink,
  assembleSource,
  type BuildOptions,
  type BuildResult,
  isPreprocessed,
  type Source,
  type SourceAssembly,
  withDebugInformation,
} from './build.ts';
export { directives, directivesByName } from './directives/index.ts';
export { baseName, type FileProvider, folderOf, joinPath, memoryFiles } from './files.ts';
export type { NameKind, NameOccurrence } from './index-of-names.ts';
export type { AssembledInstruction, InstructionSet } from './instruction-set.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { defaultBase } from './link-layout.ts';
export { type LinkedImage, type LinkedLine, type LinkedSymbol, type LinkOptions, link } from './linker.ts';
export type { AssembledObject, ObjectRelocation, ObjectSection, ObjectSymbol } from './object.ts';
export { writeRelocatable } from './relocatable.ts';
export type { ListingEntry } from './section-output.ts';
