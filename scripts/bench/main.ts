/**
 * The benchmark, here and on QEMU: kernels (`kernels`) and guests that boot (`boot`); both without a word.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { processorSeconds } from './clock.ts';
import { best, type KernelTime } from './kernel-times.ts';
import { generation, kernelTimesHere, machineFor, runToEnd } from './run-here.ts';
import { bootOnQemu, kernelTimesOnQemu, qemuVersion } from './run-qemu.ts';

const kernelWords = (file: string) => ['-M', 'virt', '-cpu', 'cortex-a72', '-m', '256M', '-kernel', file];
const SUITES = [
  { what: 'integer kernels', words: kernelWords('test/bench/kernels.elf') },
  { what: 'floating-point and vector kernels', words: kernelWords('test/bench/floating.elf') },
];
/** Measured, but no kernels: the cost of the lines themselves, and waiting for the counter. */
const APART = new Set(['empty', 'counter']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    profile: { type: 'boolean', default: false },
    here: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

const mips = (instructions: number, seconds: number): number => instructions / seconds / 1e6;
const geometricMean = (list: readonly number[]): number =>
  Math.exp(list.reduce((sum, one) => sum + Math.log(one), 0) / list.length);

async function kernels({ what, words }: (typeof SUITES)[number]): Promise<void> {
  const qemu = values.here ? undefined : qemuVersion();
  const here: KernelTime[][] = [];
  const there: KernelTime[][] = [];
  for (let round = 0; round < rounds; round++) {
    here.push(kernelTimesHere(words));
    if (qemu) there.push(await kernelTimesOnQemu(words));
  }
  const ours = best(here);
  const theirs = best(there);
  best([...here, ...there]);
  console.log(
    `\n${what}\n${'kernel'.padEnd(14)}${'Minstr'.padStart(8)}${'MIPS'.padStart(8)}${qemu ? `QEMU ${qemu}`.padStart(14) : ''}  ratio`,
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
    const columns = [name.padEnd(14), (instructions / 1e6).toFixed(1).padStart(8), speed.toFixed(0).padStart(8)];
    if (other && ratio)
      columns.push(mips(instructions, other.seconds).toFixed(0).padStart(14), `  ${ratio.toFixed(3)}`);
    console.log(columns.join(''));
  }
  const mean = `geometric mean of ${speeds.length}: ${geometricMean(speeds).toFixed(0)} MIPS`;
  console.log(ratios.length ? `${mean}, ${geometricMean(ratios).toFixed(3)} of QEMU` : mean);
}

/**
 * Guests that boot until they wait for somebody to type. U-Boot first waits two seconds for a key: time of the host in
 * QEMU, two thousand million instructions here.
 */
const BOOTS = [
  {
    name: 'U-Boot',
    files: ['/usr/lib/u-boot/qemu_arm64/u-boot.bin'],
    words: (file: string) => ['-M', 'virt', '-cpu', 'cortex-a72', '-m', '256M', '-bios', file],
    prompt: '=> ',
    remedy: 'Debian has it in u-boot-qemu',
  },
  {
    name: 'Linux',
    files: ['.guests/linux/Image', '.guests/linux/initramfs.cpio'],
    words: (image: string, initramfs: string) => [
      ...['-M', 'virt,virtualization=on,gic-version=3', '-cpu', 'neoverse-n1', '-m', '512M', '-kernel', image],
      ...['-initrd', initramfs, '-append', 'console=ttyAMA0 cryptomgr.notests nokaslr'],
    ],
    prompt: 'trapdoor:/# ',
    remedy: '`npm run guests -- linux` fetches it',
  },
];

async function boots(): Promise<void> {
  const qemu = values.here ? undefined : qemuVersion();
  for (const { name, files, words, prompt, remedy } of BOOTS) {
    if (!files.every(file => existsSync(file))) {
      console.log(`${name} is not here: ${remedy}`);
      continue;
    }
    const line = words(...(files as [string, string]));
    const machine = machineFor(line);
    const started = processorSeconds(process.pid);
    const stop = runToEnd(machine, () => {}, prompt);
    const seconds = processorSeconds(process.pid) - started;
    if (stop) throw new Error(`${name} stopped before its prompt: ${JSON.stringify(stop)}`);
    const { position } = machine;
    const here = `${(position / 1e6).toFixed(0)} million instructions, ${seconds.toFixed(2)} s, ${mips(position, seconds).toFixed(0)} MIPS`;
    const there = qemu && (await bootOnQemu(line, prompt));
    const beside = there ? `; QEMU ${qemu} ${there.toFixed(2)} s: ${(seconds / there).toFixed(2)} times as long` : '';
    console.log(`${name} to its prompt: ${here}${beside}`);
  }
}

console.log(
  `interpreter: ${(generation.bytes / 1024).toFixed(0)} KiB, generated in ${generation.milliseconds.toFixed(0)} ms; Node ${process.version}`,
);
const wanted = (what: string): boolean => positionals.length === 0 || positionals.includes(what);
if (wanted('kernels')) for (const suite of SUITES) await kernels(suite);
if (wanted('boot')) await boots();
