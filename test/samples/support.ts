/** The samples as tests see them: what a person finds in the folder, and how to run it on our machine and on QEMU. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleProgram } from '../../debug-adapter/launch/assemble-program.ts';
import { HostFiles } from '../../debug-adapter/launch/host-files.ts';
import { optionWords } from '../../debug-adapter/launch/option-words.ts';
import type { LaunchConfiguration } from '../../debug-adapter/protocol.ts';
import { parseRunArguments } from '../../debug-adapter/run/arguments.ts';
import { run } from '../../debug-adapter/run/run.ts';
import { createMachine, machineOptions } from '../../debug-adapter/targets/create-machine.ts';
import { EmulatorTarget } from '../../debug-adapter/targets/emulator-target.ts';

const samplesFolder = fileURLToPath(new URL('../../samples', import.meta.url));

export interface Sample {
  readonly name: string;
  readonly folder: string;
  readonly readme: string;
  /** What F5 launches: the first configuration of the folder's own launch.json. */
  readonly configuration: LaunchConfiguration & { readonly program: string };
  /** The console's text as the README shows it: its first block without a language, to the end of its last line. */
  readonly console: string;
  /** All assembly files by name, the main one among them. */
  readonly sources: Readonly<Record<string, string>>;
  /** Name of the main one. */
  readonly main: string;
}

/** Those that are a program of assembly themselves; others, such as a program for a Linux guest, have tests of their own. */
export const samples: readonly Sample[] = readdirSync(samplesFolder)
  .filter(name => /"program": ".*\.S"/.test(launchOf(name)))
  .sort()
  .map(readSample);

function launchOf(name: string): string {
  const path = join(samplesFolder, name, '.vscode/launch.json');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

export function sampleNamed(name: string): Sample {
  const sample = samples.find(one => one.name === name);
  if (!sample) throw new Error(`there is no sample ${name}`);
  return sample;
}

function readSample(name: string): Sample {
  const folder = join(samplesFolder, name);
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const { configurations } = JSON.parse(readFileSync(join(folder, '.vscode/launch.json'), 'utf8'));
  const configuration = JSON.parse(JSON.stringify(configurations[0]).replaceAll('${workspaceFolder}', folder));
  const shown = /^```\n([\s\S]*?)^```$/m.exec(readme)?.[1];
  if (shown === undefined) throw new Error(`${name}/README.md does not show what the sample prints`);
  const files = readdirSync(folder).filter(file => /\.(S|h|inc)$/.test(file));
  return {
    name,
    folder,
    readme,
    configuration: { ...configuration, cwd: folder },
    console: shown,
    sources: Object.fromEntries(files.map(file => [file, readFileSync(join(folder, file), 'utf8')])),
    main: configuration.program.slice(folder.length + 1),
  };
}

export interface SampleRun {
  /** Exit status of `trapdoor run`. */
  readonly status: number;
  readonly console: string;
  /** How often each exception and return happened, as `--summary` prints it: `EL1 → EL2  HVC #0` and its count. */
  readonly counts: ReadonlyMap<string, number>;
  /** Of the machine at its end. */
  readonly hash: string;
}

const firstRuns = new Map<Sample, Promise<SampleRun>>();

/** What a run of a sample gives; it is run once, however often this is asked. */
export function runOf(sample: Sample): Promise<SampleRun> {
  const known = firstRuns.get(sample);
  if (known) return known;
  const first = runSample(sample);
  firstRuns.set(sample, first);
  return first;
}

/** Runs a sample to its end as its launch configuration says. */
export async function runSample(sample: Sample): Promise<SampleRun> {
  const { configuration } = sample;
  const files = new HostFiles(sample.folder);
  files.give(configuration.program, assembleProgram(configuration.program, files, []).elf);
  const machine = createMachine(machineOptions(optionWords(configuration, 'elf')), files);
  const target = new EmulatorTarget(machine, { reverseDebugging: false });
  const decoder = new TextDecoder();
  let text = '';
  const lines: string[] = [];
  const status = await run(
    { target, symbols: [], problems: [] },
    parseRunArguments(['--summary', '--max-instructions', '10M'], () => undefined),
    {
      write: bytes => {
        text += decoder.decode(bytes, { stream: true });
      },
      report: line => lines.push(line),
      breathe: async () => undefined,
      noReboot: true,
    },
  );
  const counts = new Map<string, number>();
  for (const line of lines) {
    const match = /^ *([\d,]+) {2}(EL\d . EL\d {2}.*)$/.exec(line);
    if (match) counts.set(match[2]!, Number(match[1]!.replaceAll(',', '')));
  }
  return { status, console: text, counts, hash: machine.stateHash() };
}

/** The console's text when QEMU runs what our assembler made of a sample. */
export function runSampleOnQemu({ configuration }: Sample): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    const { elf } = assembleProgram(configuration.program, new HostFiles(configuration.cwd ?? folder), []);
    writeFileSync(join(folder, 'sample.elf'), elf);
    const { status, stdout, stderr, error } = spawnSync(
      'qemu-system-aarch64',
      [
        ...['-machine', configuration.machine ?? 'virt', '-cpu', configuration.cpu ?? 'max'],
        ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-kernel', join(folder, 'sample.elf')],
      ],
      { encoding: 'utf8', timeout: 30_000, input: '' },
    );
    if (error || status !== 0) throw new Error(`QEMU ended with ${error ?? status}: ${stderr}\n${stdout}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
