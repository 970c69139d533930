/** `trapdoor run` in this process: the words of a command line in, what a user sees out. */
import { UserProblem } from '../../../debug-adapter/debugger/target.ts';
import { launchMachine } from '../../../debug-adapter/launch/launch.ts';
import { parseRunArguments } from '../../../debug-adapter/run/arguments.ts';
import { configurationOf, machineWordsOf } from '../../../debug-adapter/run/main.ts';
import { run, runStatus } from '../../../debug-adapter/run/run.ts';
import { isMachineWord } from '../../../debug-adapter/targets/create-machine.ts';

export interface RunOutcome {
  readonly status: number;
  /** The guest's serial port. */
  readonly output: string;
  /** What the run itself said, a line each. */
  readonly said: readonly string[];
}

export async function runWords(...words: string[]): Promise<RunOutcome> {
  const said: string[] = [];
  let output = '';
  try {
    const args = parseRunArguments(words, isMachineWord);
    const machine = await launchMachine(configurationOf(args), machineWordsOf(args));
    const status = await run(machine, args, {
      write: bytes => {
        output += Buffer.from(bytes).toString('latin1');
      },
      report: line => said.push(line),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      noReboot: args.machineWords.includes('-no-reboot'),
    });
    return { status, output, said };
  } catch (problem) {
    if (!(problem instanceof UserProblem)) throw problem;
    return { status: runStatus.usage, output, said: [...said, problem.message] };
  }
}
