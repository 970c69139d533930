/** Builds machines. */
import type { BootFiles } from '../../emulator/index.ts';
import {
  ImageError,
  Machine,
  type MachineOptions,
  MemorySizeError,
  OptionError,
  optionWord,
  parseOptionWords,
} from '../../emulator/index.ts';
import { UserProblem } from '../debugger/target.ts';
import { theInterpreter } from './interpreter.ts';

/** Throws `UserProblem` when options or files do not make a machine. */
export function createMachine(options: MachineOptions, files: BootFiles): Machine {
  return explained(() => new Machine({ options, files, interpreter: theInterpreter() }));
}

/** Reads QEMU's option words; `base` holds where they say nothing. Throws `UserProblem`. */
export function machineOptions(words: readonly string[], base?: MachineOptions): MachineOptions {
  return explained(() => parseOptionWords(words, base));
}

/** The machine's own complaints about what it was given are the user's business, not failures inside. */
function explained<T>(make: () => T): T {
  try {
    return make();
  } catch (problem) {
    if (problem instanceof OptionError || problem instanceof ImageError || problem instanceof MemorySizeError) {
      throw new UserProblem(problem.message);
    }
    throw problem;
  }
}

/** Tells the machine's option words from others, and whether a value follows. */
export const isMachineWord = optionWord;
