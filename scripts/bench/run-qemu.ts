/** Runs guests on QEMU. */
import { spawn, spawnSync } from 'node:child_process';
import { processorSeconds } from './clock.ts';
import { type KernelTime, KernelTimer } from './kernel-times.ts';

const program = 'qemu-system-aarch64';

export function qemuVersion(): string | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout?.match(/version (\S+)/)?.[1];
}

export function kernelTimesOnQemu(words: readonly string[]): Promise<KernelTime[]> {
  const child = spawn(program, [...words, '-display', 'none', '-serial', 'stdio', '-monitor', 'none'], {
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
