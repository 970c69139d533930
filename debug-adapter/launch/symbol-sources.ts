/** The files whose symbols belong to what is launched: the program, the kernel, and what the configuration adds. */
import { UserProblem } from '../debugger/target.ts';
import type { LaunchConfiguration } from '../protocol.ts';
import type { HostFiles } from './host-files.ts';
import type { SymbolSource } from './launched-machine.ts';
import { programKind } from './option-words.ts';

export function symbolSources(
  { program, kernel, bios, symbolFiles = [] }: Pick<LaunchConfiguration, 'program' | 'kernel' | 'bios' | 'symbolFiles'>,
  files: HostFiles,
  problems: string[],
): SymbolSource[] {
  const sources: SymbolSource[] = [];
  const add = (name: string, offset: bigint, isWanted: boolean) => {
    try {
      const file = files.open(name);
      const beginning = file.read(0, Math.min(file.size, 64));
      // An Image or a raw binary runs without symbols; a file named for its symbols must have them.
      if (isWanted || programKind(beginning) === 'elf') sources.push({ path: files.path(name), file, offset });
    } catch (problem) {
      if (!(problem instanceof UserProblem)) throw problem;
      problems.push(`No symbols: ${problem.message}`);
    }
  };
  for (const name of [program, kernel, bios]) if (name !== undefined) add(name, 0n, false);
  for (const entry of symbolFiles) {
    if (typeof entry === 'string') add(entry, 0n, true);
    else add(entry.file, parseOffset(entry.offset ?? 0), true);
  }
  return sources;
}

function parseOffset(offset: string | number): bigint {
  try {
    return BigInt(offset);
  } catch {
    throw new UserProblem(
      `"offset" of a symbol file must be a number or text such as "0x47000000", not ${JSON.stringify(offset)}`,
    );
  }
}
