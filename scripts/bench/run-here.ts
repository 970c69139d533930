/** Runs guests on this project's machine. */
import { readFileSync } from 'node:fs';
import { instructions } from '../../emulator/architecture/instructions/index.ts';
import { generateInterpreter } from '../../emulator/execution/interpreter/generate.ts';
import { loadInterpreter } from '../../emulator/execution/interpreter/interpreter.ts';
import { Machine, type MachineStop } from '../../emulator/machine/machine.ts';
import { parseOptionWords } from '../../emulator/machine/option-words.ts';
import { processorSeconds } from './clock.ts';
import { type KernelTime, KernelTimer } from './kernel-times.ts';

const started = performance.now();
const bytes = generateInterpreter(instructions);
const interpreter = loadInterpreter(bytes, instructions);
/** Milliseconds to generate and validate the interpreter, and its size in bytes. */
export const generation = { milliseconds: performance.now() - started, bytes: bytes.length };

export function machineFor(words: readonly string[]): Machine {
  const files = { read: (name: string) => new Uint8Array(readFileSync(name)) };
  return new Machine({ options: parseOptionWords(words), files, interpreter });
}

/** Runs to the machine's end or until `until` appears in the output; `hear` gets every piece of output. */
export function runToEnd(machine: Machine, hear: (text: string) => void, until?: string): MachineStop | undefined {
  let tail = '';
  let satisfied = false;
  machine.onSerialOutput = byte => {
    const text = String.fromCharCode(byte);
    hear(text);
    if (until === undefined) return;
    tail = (tail + text).slice(-until.length);
    if (tail === until) satisfied = true;
  };
  for (;;) {
    const stop = machine.run(2_000_000);
    if (satisfied) return undefined;
    if (stop.kind !== 'budget') return stop;
  }
}

export function kernelTimesHere(words: readonly string[]): KernelTime[] {
  const machine = machineFor(words);
  const timer = new KernelTimer(
    () => processorSeconds(process.pid),
    () => machine.core.executor.now(),
  );
  const stop = runToEnd(machine, text => timer.hear(text));
  if (stop?.kind !== 'ended') throw new Error(`the guest stopped: ${JSON.stringify(stop)}`);
  return timer.times;
}
