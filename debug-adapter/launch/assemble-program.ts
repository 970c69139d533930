/** Programs given as assembly source: assembled and linked here, with line information, without a toolchain. */
import { dirname } from 'node:path';
import { architectureInstructions } from '../../language-server/assembler/architecture-instructions.ts';
import { assembleAndLink, type FileProvider, outermost, type Problem } from '../../language-server/assembler/index.ts';
import { UserProblem } from '../debugger/target.ts';
import type { HostFiles } from './host-files.ts';

const mostProblems = 20;

/** The ELF file and what the assembler warned of. Throws `UserProblem` with the errors, each at its line. */
export function assembleProgram(
  name: string,
  files: HostFiles,
  includePaths: readonly string[],
): { readonly elf: Uint8Array; readonly warnings: readonly string[] } {
  const path = files.path(name);
  const text = new TextDecoder().decode(files.read(path));
  const { elf, problems } = assembleAndLink([{ path, text }], {
    instructions: architectureInstructions,
    files: provider(files),
    includePaths: includePaths.map(one => files.path(one)),
    folder: dirname(path),
  });
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (!elf || errors.length > 0) {
    const shown = errors.slice(0, mostProblems).map(problemText);
    const more = errors.length - shown.length;
    throw new UserProblem(
      [`${path} cannot be assembled:`, ...shown, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'),
    );
  }
  return { elf, warnings: problems.filter(({ severity }) => severity === 'warning').map(problemText) };
}

function problemText({ message, range }: Problem): string {
  const { file, start } = outermost(range);
  const { line, column } = file.position(start);
  return `${file.path}:${line + 1}:${column + 1}: ${message}`;
}

function provider(files: HostFiles): FileProvider {
  const readBytes = (path: string) => {
    try {
      return files.read(path);
    } catch {
      return undefined;
    }
  };
  return {
    readBytes,
    readText: path => {
      const bytes = readBytes(path);
      return bytes && new TextDecoder().decode(bytes);
    },
  };
}
