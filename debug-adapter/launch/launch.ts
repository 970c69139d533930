/** From a launch configuration, or the words of a command line, to a machine at reset and the files with its symbols. */
import { UserProblem } from '../debugger/target.ts';
import type { LaunchConfiguration } from '../protocol.ts';
import { createMachine, machineOptions } from '../targets/create-machine.ts';
import { EmulatorTarget } from '../targets/emulator-target.ts';
import { HostNetwork, hasNetwork } from '../targets/host-network.ts';
import { isAssemblySource } from './assembly-source.ts';
import { HostFiles } from './host-files.ts';
import type { Launch, LaunchedMachine } from './launched-machine.ts';
import { optionWords, programKind } from './option-words.ts';
import { explained, readSnapshot } from './snapshot-file.ts';
import { symbolSources } from './symbol-sources.ts';

export const launch: Launch = configuration => launchMachine(configuration, []);

/** `moreWords` are option words that count more than what the configuration says. Throws `UserProblem`. */
export async function launchMachine(
  configuration: LaunchConfiguration,
  moreWords: readonly string[],
): Promise<LaunchedMachine> {
  const files = new HostFiles(configuration.cwd ?? process.cwd());
  const problems: string[] = [];
  const { program } = configuration;
  const assembleSource = async (name: string) => {
    // The assembler is loaded only for those who need it.
    const { assembleProgram } = await import('./assemble-program.ts');
    const { elf, warnings } = assembleProgram(name, files, configuration.includePath ?? []);
    files.give(name, elf);
    problems.push(...warnings);
  };
  if (program !== undefined && isAssemblySource(program)) await assembleSource(program);
  const kind = program === undefined ? undefined : programKind(files.read(program));
  // What neither the configuration nor the words say is as in the snapshot; what they say must agree with it.
  const snapshot = configuration.snapshot === undefined ? undefined : readSnapshot(configuration.snapshot, files);
  const options = machineOptions([...optionWords(configuration, kind), ...moreWords], snapshot?.options);
  const { kernel, bios } = options;
  if (kernel !== undefined && kernel !== program && isAssemblySource(kernel)) await assembleSource(kernel);
  if (bios !== undefined && isAssemblySource(bios)) {
    throw new UserProblem(
      `${bios} is assembly source, and firmware is a raw image of the flash: give the source as the program instead`,
    );
  }
  for (const device of options.devices) {
    if (device.kind === 'folder' && device.writable) {
      problems.push(`${device.path} is the guest's to change: what it writes there stays, also when you step back`);
    }
    if (device.kind !== 'block' || device.drive.readOnly || device.drive.temporary) continue;
    problems.push(
      `${device.drive.file} is only read: what the guest writes to the drive is gone with the machine (snapshot=on says that you know)`,
    );
  }
  const machine = createMachine(options, files);
  if (snapshot) explained(snapshot.path, () => machine.restoreSnapshot(snapshot.bytes));
  const named = { ...configuration, ...(options.kernel !== program && { kernel: options.kernel }), bios: options.bios };
  const network = hasNetwork(options) ? new HostNetwork(machine) : undefined;
  await network?.listen();
  return {
    target: new EmulatorTarget(machine, {
      reverseDebugging: configuration.reverseDebugging ?? true,
      ...(network && { network }),
    }),
    symbols: symbolSources(named, files, problems),
    problems,
  };
}
