/** The benchmark: integer kernels and a boot, here and on QEMU. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { processorSeconds } from './clock.ts';
import { best, type KernelTime } from './kernel-times.ts';
import { generation, kernelTimesHere, machineFor, runToEnd } from './run-here.ts';
import { kernelTimesOnQemu, qemuVersion } from './run-qemu.ts';

const KERNELS = ['-M', 'virt', '-cpu', 'cortex-a72', '-m', '256M', '-kernel', 'test/bench/kernels.elf'];
const U_BOOT = '/usr/lib/u-boot/qemu_arm64/u-boot.bin';
/** Measured, but no kernels: the cost of the lines themselves, and waiting for the counter. */
const APART = new Set(['empty', 'counter']);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    profile: { type: 'boolean', default: false },
    here: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

const mips = (instructions: number, seconds: number): number => instructions / seconds / 1e6;
const geometricMean = (list: readonly number[]): number =>
  Math.exp(list.reduce((sum, one) => sum + Math.log(one), 0) / list.length);

async function kernels(): Promise<void> {
  const qemu = values.here ? undefined : qemuVersion();
  const here: KernelTime[][] = [];
  const there: KernelTime[][] = [];
  for (let round = 0; round < rounds; round++) {
    here.push(kernelTimesHere(KERNELS));
    if (qemu) there.push(await kernelTimesOnQemu(KERNELS));
  }
  const ours = best(here);
  const theirs = best(there);
  best([...here, ...there]);
  console.log(
    `${'kernel'.padEnd(12)}${'Minstr'.padStart(8)}${'MIPS'.padStart(8)}${qemu ? `QEMU ${qemu}`.padStart(14) : ''}  ratio`,
  );
  const speeds: number[] = [];
  const ratios: number[] = [];
  for (const [name, { instructions = 0, seconds }] of ours) {
    if (name === 'empty') continue;
    const speed = mips(instructions, seconds);
    const other = theirs.get(name);
    const ratio = other && other.seconds / seconds;
    if (!APART.has(name)) {
      speeds.push(speed);
      if (ratio) ratios.push(ratio);
    }
    const columns = [name.padEnd(12), (instructions / 1e6).toFixed(1).padStart(8), speed.toFixed(0).padStart(8)];
    if (other && ratio)
      columns.push(mips(instructions, other.seconds).toFixed(0).padStart(14), `  ${ratio.toFixed(3)}`);
    console.log(columns.join(''));
  }
  const mean = `geometric mean of ${speeds.length}: ${geometricMean(speeds).toFixed(0)} MIPS`;
  console.log(ratios.length ? `${mean}, ${geometricMean(ratios).toFixed(3)} of QEMU` : mean);
}

function boot(): void {
  if (!existsSync(U_BOOT)) return;
  const machine = machineFor(['-M', 'virt', '-cpu', 'cortex-a72', '-m', '256M', '-bios', U_BOOT]);
  const started = processorSeconds(process.pid);
  const stop = runToEnd(machine, () => {}, '=> ');
  const seconds = processorSeconds(process.pid) - started;
  const { position } = machine;
  const outcome = stop ? `stopped (${stop.kind})` : 'at its prompt';
  console.log(
    `U-Boot ${outcome} after ${(position / 1e6).toFixed(1)} million instructions in ${seconds.toFixed(2)} s: ${mips(position, seconds).toFixed(0)} MIPS`,
  );
}

console.log(
  `interpreter: ${(generation.bytes / 1024).toFixed(0)} KiB, generated in ${generation.milliseconds.toFixed(0)} ms; Node ${process.version}`,
);
if (values.only !== 'boot') await kernels();
if (values.only !== 'kernels') boot();
