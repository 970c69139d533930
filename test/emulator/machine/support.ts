/** Small guests for tests of the whole machine: assembled here, without a toolchain. */
import { instructions } from '../../../emulator/architecture/index.ts';
import {
  generateInterpreter,
  type Interpreter,
  loadInterpreter,
  Machine,
  type MachineStop,
  parseOptionWords,
} from '../../../emulator/index.ts';
import { architectureInstructions } from '../../../language-server/assembler/architecture-instructions.ts';
import { assembleAndLink } from '../../../language-server/assembler/index.ts';

let interpreter: Interpreter | undefined;

/** The ELF file of a program that starts at `_start`. */
export function assemble(text: string): { elf: Uint8Array; symbols: ReadonlyMap<string, bigint> } {
  const { elf, problems, symbols } = assembleAndLink([{ path: 'guest.s', text }], {
    instructions: architectureInstructions,
  });
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (!elf || errors.length > 0) {
    throw new Error(
      errors.map(({ message, range }) => `${range.file.position(range.start).line + 1}: ${message}`).join('\n'),
    );
  }
  return { elf, symbols: new Map(symbols.map(({ name, address }) => [name, address])) };
}

export interface Guest {
  readonly machine: Machine;
  /** All that the guest has written to its terminal. */
  readonly output: () => string;
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Runs until something other than the budget ends the run. */
  readonly runToEnd: (most?: number) => MachineStop;
}

/** A machine with the program as its kernel; `words` are QEMU's option words. */
export function guest(text: string, words: readonly string[] = []): Guest {
  const { elf, symbols } = assemble(text);
  return { ...machineWith(new Map([['guest', elf]]), ['-kernel', 'guest', ...words]), symbols };
}

/** A machine with files of the given names. */
export function machineWith(files: ReadonlyMap<string, Uint8Array>, words: readonly string[]): Omit<Guest, 'symbols'> {
  interpreter ??= loadInterpreter(generateInterpreter(instructions), instructions);
  const machine = new Machine({
    interpreter,
    options: parseOptionWords(['-M', 'virt', '-cpu', 'max', '-m', '16', ...words]),
    files: { read: name => files.get(name) as Uint8Array },
  });
  let output = '';
  machine.onSerialOutput = byte => {
    output += String.fromCharCode(byte);
  };
  return {
    machine,
    output: () => output,
    runToEnd(most = 20_000_000) {
      const limit = machine.position + most;
      for (;;) {
        const stop = machine.run(Math.min(1_000_000, limit - machine.position));
        if (stop.kind !== 'budget') return stop;
        if (machine.position >= limit)
          throw new Error(`the guest is still running at ${machine.position}: “${output}”`);
      }
    },
  };
}

/** Numbers that look random and are the same for the same seed (xorshift). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Semihosting calls by name; the parameter is in X1. */
export const semihostingMacros = `
        .macro  semihost operation
        mov     w0, #\\operation
        hlt     #0xf000
        .endm
        .macro  exit status
        ldr     x1, =exit_block
        mov     x2, #\\status
        str     x2, [x1, #8]
        semihost 0x18
        .endm
        .macro  exit_block
        .balign 8
exit_block: .quad 0x20026, 0
        .endm
`;
