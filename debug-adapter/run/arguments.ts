/** The words of `trapdoor run`: QEMU's for the machine, and a few of our own. */
import { UserProblem } from '../debugger/target.ts';

/** What is expected of the guest and said to it, in order. */
export type ConversationStep =
  /** Wait until the guest has written this. */
  | { readonly kind: 'expect'; readonly text: string }
  /** Send this to the guest. */
  | { readonly kind: 'input'; readonly text: string };

export interface RunArguments {
  /** A program as `trapdoor run FILE` gives it: source, ELF file, Image or raw. */
  readonly program?: string;
  /** Words that describe the machine. */
  readonly machineWords: readonly string[];
  readonly conversation: readonly ConversationStep[];
  readonly maxInstructions: number;
  readonly traceExceptions: boolean;
  readonly traceExits: boolean;
  readonly summary: boolean;
  readonly symbolFiles: readonly string[];
  /** File that the machine is written to when the run ends before the guest does. */
  readonly save?: string;
  /** File that the machine is read from. */
  readonly restore?: string;
  readonly includePath: readonly string[];
  readonly help: boolean;
}

export const runUsage = `usage: trapdoor run [options] [FILE]

Runs a guest without an editor. FILE is an assembly source, an ELF file, an arm64 Image or a raw binary.
The machine is described in QEMU's words (-machine -cpu -smp -m -kernel -initrd -append -bios -drive -device -dtb …).

  --expect TEXT           wait until the guest writes TEXT; the run ends when all that is expected was seen
  --input TEXT            send TEXT to the guest's serial port, after what stands before it was seen
                          (both may be repeated; \\n \\r \\t \\e \\\\ and \\xHH are understood)
  --max-instructions N    end after N instructions
  --trace exceptions      print each exception and return to standard error
  --trace exits           print each exit of a guest to its hypervisor, and what it cost until the guest went on
  --summary               at the end, print how often each exception was taken; with --trace exits, instead of each
                          exit, a table of exits by cause with their instructions
  --save FILE             write the machine to FILE when the run ends by --expect or --max-instructions
  --restore FILE          go on from what --save wrote; what the machine is made of is in it
  --symbols FILE          further ELF file with symbols, for the trace and the explanation
  --include DIR           folder for #include and .include of assembly sources

Exit status:
  0  the guest powered off or exited with status 0, or all that was expected was seen
  1  the guest exited with another status
  2  the words are wrong, or the machine cannot be built
  3  the guest ended, or came to rest, before all that was expected was seen
  4  the instruction limit was reached
  5  the guest waits for something that will never come
  6  the guest did something that the machine does not do
  7  the guest reset the machine while -no-reboot was given
  8  the guest's kernel panicked
`;

/** `isMachineWord` tells the machine's words from others. Throws `UserProblem`. */
export function parseRunArguments(
  words: readonly string[],
  isMachineWord: (word: string) => { readonly hasValue: boolean } | undefined,
): RunArguments {
  const machineWords: string[] = [];
  const conversation: ConversationStep[] = [];
  const symbolFiles: string[] = [];
  const includePath: string[] = [];
  let program: string | undefined;
  let maxInstructions = Number.POSITIVE_INFINITY;
  let traceExceptions = false;
  let traceExits = false;
  let summary = false;
  let help = false;
  let save: string | undefined;
  let restore: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const value = (): string => {
      const next = words[++index];
      if (next === undefined) throw new UserProblem(`${word} needs a value`);
      return next;
    };
    switch (word) {
      case '--expect':
        conversation.push({ kind: 'expect', text: withEscapes(value()) });
        break;
      case '--input':
        conversation.push({ kind: 'input', text: withEscapes(value()) });
        break;
      case '--max-instructions':
        maxInstructions = count(word, value());
        break;
      case '--trace': {
        const what = value();
        if (what === 'exceptions') traceExceptions = true;
        else if (what === 'exits') traceExits = true;
        else throw new UserProblem(`--trace ${what} is not known; --trace exceptions and --trace exits are`);
        break;
      }
      case '--summary':
        summary = true;
        break;
      case '--save':
        save = value();
        break;
      case '--restore':
        restore = value();
        break;
      case '--symbols':
        symbolFiles.push(value());
        break;
      case '--include':
        includePath.push(value());
        break;
      case '--help':
      case '-h':
        help = true;
        break;
      default: {
        const machineWord = isMachineWord(word);
        if (machineWord || word.startsWith('-')) {
          // A word that nobody knows goes to the machine's reader, which says what there is instead.
          machineWords.push(word);
          if (machineWord?.hasValue) machineWords.push(value());
        } else if (program === undefined) program = word;
        else throw new UserProblem(`Two programs are given: ${program} and ${word}`);
      }
    }
  }
  return {
    ...(program !== undefined && { program }),
    machineWords,
    conversation,
    maxInstructions,
    traceExceptions,
    traceExits,
    summary,
    symbolFiles,
    ...(save !== undefined && { save }),
    ...(restore !== undefined && { restore }),
    includePath,
    help,
  };
}

function count(word: string, text: string): number {
  const match = /^(\d[\d_]*)([kMG]?)$/.exec(text);
  if (!match) throw new UserProblem(`${word} ${text}: a number is needed, such as 1000000 or 50M`);
  const scale = { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as '' | 'k' | 'M' | 'G'];
  return Number(match[1]!.replaceAll('_', '')) * scale;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', e: '\x1b', '0': '\0', '\\': '\\' };

/** Replaces `\n` and its like; an unknown escape stays as it is. */
export function withEscapes(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (whole, code: string) =>
    code.startsWith('x') ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? whole),
  );
}
