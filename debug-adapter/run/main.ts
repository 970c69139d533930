/** `trapdoor run`: words of the command line in, exit status out. */
import { UserProblem } from '../debugger/target.ts';
import { launchMachine } from '../launch/launch.ts';
import type { LaunchConfiguration } from '../protocol.ts';
import { isMachineWord } from '../targets/create-machine.ts';
import { parseRunArguments, type RunArguments, runUsage } from './arguments.ts';
import { run, runStatus } from './run.ts';
import { standardInput } from './standard-input.ts';

/** Runs a guest; resolves to the exit status, which `runUsage` lists. */
export async function runCommand(words: readonly string[]): Promise<number> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const args = parseRunArguments(words, isMachineWord);
    if (args.help) {
      process.stdout.write(runUsage);
      return runStatus.success;
    }
    const machine = await launchMachine(configurationOf(args), machineWordsOf(args));
    const scripted = args.conversation.length > 0;
    const input = scripted ? undefined : standardInput(process.stdin);
    try {
      return await run(machine, args, {
        write: bytes => process.stdout.write(bytes),
        report,
        breathe: () => new Promise(resolve => setImmediate(resolve)),
        ...(input && { input }),
        noReboot: args.machineWords.some(word => /^--?no-reboot$/.test(word)),
      });
    } finally {
      input?.close();
      machine.target.dispose();
    }
  } catch (problem) {
    if (!(problem instanceof UserProblem)) throw problem;
    report(`trapdoor run: ${problem.message}`);
    return runStatus.usage;
  }
}

export function configurationOf({ program, symbolFiles, includePath, restore }: RunArguments): LaunchConfiguration {
  return {
    ...(program !== undefined && { program }),
    ...(restore !== undefined && { snapshot: restore }),
    symbolFiles,
    includePath,
    reverseDebugging: false,
  };
}

/**
 * A program alone gets the machine of a launch configuration, with EL2. Where words describe the machine as QEMU's
 * command line does, what they leave open is as in QEMU.
 */
export function machineWordsOf({ program, machineWords, restore }: RunArguments): string[] {
  return program === undefined && restore === undefined
    ? ['-machine', 'virt,virtualization=off,gic-version=2', ...machineWords]
    : [...machineWords];
}
