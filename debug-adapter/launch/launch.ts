/** From a launch configuration to a machine at reset and the files that know its symbols. */
import type { LaunchConfiguration } from '../protocol.ts';
import { createMachine, machineOptions } from '../targets/create-machine.ts';
import { EmulatorTarget } from '../targets/emulator-target.ts';
import { HostFiles } from './host-files.ts';
import type { Launch, LaunchedMachine, SymbolSource } from './launched-machine.ts';
import { optionWords, programKind } from './option-words.ts';
import { symbolSources } from './symbol-sources.ts';

export const launch: Launch = async configuration => {
  const folder = configuration.cwd ?? process.cwd();
  const files = new HostFiles(folder);
  const symbols: SymbolSource[] = [];
  const problems: string[] = [];
  const effective: LaunchConfiguration = configuration;
  const kind = effective.program === undefined ? undefined : programKind(files.read(effective.program));
  const options = machineOptions(optionWords(effective, kind));
  const machine = createMachine(options, files);
  symbols.push(...symbolSources(effective, files, problems));
  const target = new EmulatorTarget(machine, { reverseDebugging: configuration.reverseDebugging ?? true });
  return { target, symbols, problems } satisfies LaunchedMachine;
};
