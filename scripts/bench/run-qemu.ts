/** Runs guests on QEMU. */
import { spawn, spawnSync } from 'node:child_process';
import { processorSeconds } from './clock.ts';
import { type KernelTime, KernelTimer } from './kernel-times.ts';

const program = 'qemu-system-aarch64';

export function qemuVersion(): string | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout?.match(/version (\S+)/)?.[1];
}

const headless = ['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none'];

/** Seconds of the processor until `prompt` appears on the console. */
export function bootOnQemu(words: readonly string[], prompt: string): Promise<number> {
  // Standard input stays open: U-Boot takes an end of input for a key.
  const child = spawn(program, [...words, ...headless], { stdio: ['pipe', 'pipe', 'ignore'] });
  let tail = '';
  child.stdout.setEncoding('latin1');
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text: string) => {
      tail = (tail + text).slice(-4096);
      if (!tail.includes(prompt)) return;
      resolve(processorSeconds(child.pid as number));
      child.kill();
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`QEMU ended before its prompt: ${tail}`)));
  });
}

export function kernelTimesOnQemu(words: readonly string[]): Promise<KernelTime[]> {
  const child = spawn(program, [...words, ...headless], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const timer = new KernelTimer(() => processorSeconds(child.pid as number));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => timer.hear(text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve(timer.times));
  });
}
