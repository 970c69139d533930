/**
 * The command line: `trapdoor <command>`. Each command is a server or a run of its own; its code is loaded only when
 * it is asked for.
 */

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Runs with the words after the command's name; resolves to the exit status, or to nothing to let the process live on. */
  readonly start: (words: readonly string[]) => Promise<number | undefined>;
}

const commands: readonly Command[] = [
  {
    name: 'dap',
    summary: 'debug adapter (Debug Adapter Protocol) over standard input and output',
    start: async () => (await import('./main.ts')).startDebugAdapter(),
  },
  {
    name: 'lsp',
    summary: 'language server (Language Server Protocol) over standard input and output',
    start: async () => {
      (await import('../language-server/main.ts')).startLanguageServer();
      return undefined;
    },
  },
  {
    name: 'run',
    summary: "runs a guest; options are QEMU's own, see trapdoor run --help",
    start: async words => (await import('./run/main.ts')).runCommand(words),
  },
];

function usage(): string {
  const width = Math.max(0, ...commands.map(command => command.name.length));
  const lines = commands.map(command => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return ['usage: trapdoor <command> [options]', '', ...lines, ''].join('\n');
}

async function main(name: string | undefined, words: readonly string[]): Promise<number | undefined> {
  const command = commands.find(candidate => candidate.name === name);
  if (command) {
    try {
      return await command.start(words);
    } catch (problem) {
      process.stderr.write(`trapdoor ${name}: ${problem instanceof Error ? problem.message : String(problem)}\n`);
      return 1;
    }
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return 0;
  }
  process.stderr.write(name === undefined ? usage() : `trapdoor: no command '${name}'\n${usage()}`);
  return 2;
}

const [commandName, ...commandWords] = process.argv.slice(2);
process.exitCode = await main(commandName, commandWords);
