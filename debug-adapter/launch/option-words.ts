/** From a launch configuration to the machine's option words, which have one reader for all who use them. */

import { UserProblem } from '../debugger/target.ts';
import type { LaunchConfiguration } from '../protocol.ts';

/** How the bytes of `program` are to be loaded. */
export type ProgramKind = 'elf' | 'linux' | 'raw';

/** An arm64 Image says so at byte 56; gzip data may hold one. Everything else is run as it is. */
export function programKind(bytes: Uint8Array): ProgramKind {
  const has = (at: number, ...wanted: number[]) => wanted.every((byte, index) => bytes[at + index] === byte);
  if (has(0, 0x7f, 0x45, 0x4c, 0x46)) return 'elf';
  if (has(56, 0x41, 0x52, 0x4d, 0x64) || has(0, 0x1f, 0x8b)) return 'linux';
  return 'raw';
}

/** Where a raw program is loaded and started: as far into RAM as a kernel without text offset. */
export const rawProgramAddress = 0x4008_0000;

/** `kind` tells of what kind the program is, when there is one. */
export function optionWords(configuration: LaunchConfiguration, kind: ProgramKind | undefined): string[] {
  const { program, machine = 'virt', snapshot } = configuration;
  // With a snapshot, only what is said counts: the rest is as it was.
  const assumed = snapshot === undefined ? { virtualization: true, secure: false, gicVersion: 3 } : {};
  const { virtualization, secure, gicVersion } = { ...assumed, ...configuration };
  const {
    cpu,
    memory,
    smp,
    kernel,
    initrd,
    append,
    bios,
    dtb,
    images = [],
    options = [],
    semihosting = false,
  } = configuration;
  const settings = {
    virtualization: virtualization === undefined ? undefined : virtualization ? 'on' : 'off',
    secure: secure === undefined ? undefined : secure ? 'on' : 'off',
    'gic-version': gicVersion,
  };
  // What "machine" says itself counts.
  const missing = Object.entries(settings).filter(
    ([name, value]) => value !== undefined && !new RegExp(`,\\s*${name}=`).test(machine),
  );
  const words = ['-machine', [machine, ...missing.map(([name, value]) => `${name}=${value}`)].join(',')];
  const add = (word: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(word, String(value));
  };
  add('-cpu', cpu);
  add('-m', memory);
  add('-smp', smp);
  add('-bios', bios);
  if (program !== undefined && kind !== 'raw') {
    if (kernel !== undefined) throw new UserProblem('"program" and "kernel" both name what runs: give one of them');
    add('-kernel', program);
  } else add('-kernel', kernel);
  if (program !== undefined && kind === 'raw') {
    add('-device', `loader,file=${quoted(program)},addr=0x${rawProgramAddress.toString(16)},cpu-num=0,force-raw=on`);
  }
  add('-initrd', initrd);
  add('-append', append);
  add('-dtb', dtb);
  for (const { file, loadAddress } of images)
    add('-device', `loader,file=${quoted(file)},addr=${loadAddress},force-raw=on`);
  if (semihosting) add('-semihosting-config', 'enable=on');
  return [...words, ...options];
}

/** A comma within a value is written twice. */
function quoted(text: string): string {
  return text.replaceAll(',', ',,');
}
