/** A guest played by a script: input at fixed positions, run in one piece or cut in slices, to a fixed end. */
import { launchMachine } from '../../../debug-adapter/launch/launch.ts';
import type { LaunchConfiguration } from '../../../debug-adapter/protocol.ts';
import { EmulatorTarget } from '../../../debug-adapter/targets/emulator-target.ts';
import type { Machine } from '../../../emulator/index.ts';

/** Text for the serial port when the machine stands at a position. */
export interface ScriptedInput {
  readonly position: number;
  readonly text: string;
}

export interface Script {
  readonly configuration: LaunchConfiguration;
  /** QEMU's option words, beside what the configuration says. */
  readonly words?: readonly string[];
  readonly inputs?: readonly ScriptedInput[];
  /** Position at which to end; without it, when the guest switches the machine off. */
  readonly end?: number;
  /** Cuts the run in slices of random length; the seed says which. */
  readonly slices?: { readonly seed: number; readonly longest: number };
}

export interface Played {
  readonly position: number;
  readonly hash: string;
  readonly output: string;
}

export async function machineFor({ configuration, words = [] }: Script): Promise<Machine> {
  const { target } = await launchMachine(configuration, words);
  if (!(target instanceof EmulatorTarget)) throw new TypeError('the bundled machine is expected');
  target.dispose();
  return target.machine;
}

/** Collects what the guest writes to its serial port. */
export function listen(machine: Machine): { text: string } {
  const heard = { text: '' };
  machine.onSerialOutput = byte => {
    heard.text += String.fromCharCode(byte);
  };
  return heard;
}

/** Runs to a position, in slices when asked; returns early when the guest ends. */
export function runTo(machine: Machine, position: number, sliceLength: () => number = () => 50_000_000): void {
  while (machine.position < position) {
    const stop = machine.run(Math.min(sliceLength(), position - machine.position));
    if (stop.kind === 'ended') return;
    if (stop.kind !== 'budget') throw new Error(`the guest stopped at ${machine.position}: ${stop.kind}`);
  }
}

/** A run that does not end by itself ends in an error here. */
const longestRun = 2_000_000_000;

export function play(machine: Machine, { inputs = [], end = longestRun, slices }: Script): Played {
  const heard = listen(machine);
  const sliceLength = slices && randomLengths(slices.seed, slices.longest);
  for (const { position, text } of inputs) {
    runTo(machine, position, sliceLength);
    machine.sendSerialInput(new TextEncoder().encode(text));
  }
  runTo(machine, end, sliceLength);
  if (machine.position >= longestRun) throw new Error('the guest did not switch the machine off');
  return { position: machine.position, hash: machine.stateHash(), output: heard.text };
}

export async function playAnew(script: Script): Promise<Played> {
  return play(await machineFor(script), script);
}

/** Lengths from 1 to `longest`, short and long ones alike. */
function randomLengths(seed: number, longest: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return 1 + Math.floor(longest ** ((state >>> 0) / 2 ** 32));
  };
}
