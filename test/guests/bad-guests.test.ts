import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assembleProgram } from '../../debug-adapter/launch/assemble-program.ts';
import { HostFiles } from '../../debug-adapter/launch/host-files.ts';
import { type RunOutcome, runWords } from './support/run-words.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Runs these words; each word that names one of the files stands for its path. */
async function runFiles(files: Files, ...words: string[]): Promise<RunOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents);
    const outcome = await runWords(...words.map(word => word.replace(/@([\w.]+)/g, (_, name) => join(folder, name))));
    return { ...outcome, said: outcome.said.map(line => line.replaceAll(`${folder}/`, '')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const runSource = (source: string, ...words: string[]) => runFiles({ 'guest.S': source }, '@guest.S', ...words);

/** A well-formed ELF file to spoil. */
function goodElf(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    writeFileSync(join(folder, 'good.S'), '.globl _start\n_start:\n  b .\n');
    return assembleProgram(join(folder, 'good.S'), new HostFiles(folder), []).elf;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
function spoilt(change: (view: DataView) => void): Uint8Array {
  const bytes = goodElf().slice();
  change(new DataView(bytes.buffer));
  return bytes;
}
const programHeader = (view: DataView) => Number(view.getBigUint64(32, true));

const reset = '_start:\n  ldr x0, =0x84000009\n  smc #0\n  b .\n';

describe('a guest that goes wrong', () => {
  test('by a jump to unmapped memory, is told where it came from', async () => {
    const { status, said } = await runSource(
      `_start:
  adr x0, table
  msr vbar_el2, x0
  isb
  mov x3, #0x70000000
  br x3
  .balign 2048
table:
  .space 512
  b .
`,
      ...['--max-instructions', '10k'],
    );
    expect(status).toBe(4);
    expect(said.join('\n')).toMatch(/Exception: EL2 → EL2: .*0x70000000.*synchronous external abort/);
    expect(said.join('\n')).toMatch(/PE 0: EL2, running, at 0x\w+ <table\+0x200>/);
  });

  test('by waiting with all interrupts masked, ends with status 5', async () => {
    const { status, said } = await runSource('_start:\n  msr daifset, #15\n1: wfi\n  b 1b\n');
    expect(status).toBe(5);
    expect(said[0]).toBe('every processing element waits (WFI or WFE) and nothing is scheduled to wake one');
    expect(said[1]).toMatch(/^PE 0: EL2, \w+, at 0x\w+ <_start\+0x\w+>/);
  });

  test('by resetting itself, starts again until the limit', async () => {
    const { status, said } = await runSource(reset, ...['--max-instructions', '20']);
    expect([status, ...said].slice(0, 2)).toEqual([4, 'the limit of 20 instructions is reached']);
  });

  test('by resetting itself, ends with status 7 where -no-reboot was given', async () => {
    const { status, said } = await runSource(reset, '-no-reboot');
    expect(said).toEqual(['the guest reset the machine (PSCI)']);
    expect(status).toBe(7);
  });

  test('by a vector table where nothing is, is told which exception came first', async () => {
    const { status, said } = await runSource(
      '_start:\n  mov x0, #0x70000000\n  msr vbar_el2, x0\n  isb\n  udf #7\n',
      ...['--max-instructions', '10k'],
    );
    expect(status).toBe(4);
    expect(said.join('\n')).toMatch(/PE 0: EL2, running, at 0x70000200/);
    expect(said.join('\n')).toMatch(/while an earlier exception was not returned from/);
  });
});

describe('an image that cannot be run', () => {
  test.each([
    ['an ELF file cut in its header', () => goodElf().slice(0, 40)],
    ['an ELF file cut in its code', () => spoilt(() => undefined).slice(0, 130)],
    [
      'a segment that lies behind the end of the file',
      () => spoilt(view => view.setBigUint64(programHeader(view) + 8, 0x7fff_ffffn, true)),
    ],
    [
      'a segment longer than the file',
      () => spoilt(view => view.setBigUint64(programHeader(view) + 32, 0x1_0000_0000n, true)),
    ],
    [
      'a segment where no memory is',
      () => spoilt(view => view.setBigUint64(programHeader(view) + 24, 0x3000_0000_0000n, true)),
    ],
    ['program headers that lie elsewhere', () => spoilt(view => view.setBigUint64(32, 0xffff_ffff_ffff_fff0n, true))],
    ['an ELF file for another processor', () => spoilt(view => view.setUint16(18, 62, true))],
  ])('%s', async (_what, make) => {
    const { status, said } = await runFiles({ 'bad.elf': make() }, '-kernel', '@bad.elf', '--max-instructions', '1k');
    expect(status).toBe(2);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('bad.elf');
  });

  test('two images at one place', async () => {
    const files = { 'good.elf': goodElf(), 'a.bin': new Uint8Array(8192), 'b.bin': new Uint8Array(8192) };
    const loader = (name: string, address: string) => ['-device', `loader,file=@${name},addr=${address},force-raw=on`];
    const { status, said } = await runFiles(
      files,
      ...['-kernel', '@good.elf'],
      ...loader('a.bin', '0x41000000'),
      ...loader('b.bin', '0x41001000'),
      '--max-instructions',
      '1k',
    );
    expect(status).toBe(2);
    expect(said.join()).toMatch(/a\.bin.*b\.bin|b\.bin.*a\.bin/);
  });

  test('an image that does not fit in memory', async () => {
    const { status, said } = await runFiles(
      { 'good.elf': goodElf(), 'big.bin': new Uint8Array(8 << 20) },
      ...[
        '-kernel',
        '@good.elf',
        '-m',
        '4M',
        '-device',
        'loader,file=@big.bin,addr=0x40000000,force-raw=on',
        '--max-instructions',
        '1k',
      ],
    );
    expect(status).toBe(2);
    expect(said.join()).toContain('big.bin');
  });

  test('firmware larger than the flash', async () => {
    const { status, said } = await runFiles({ 'big.bin': new Uint8Array((64 << 20) + 1) }, '-bios', '@big.bin');
    expect(status).toBe(2);
    expect(said.join()).toContain('big.bin');
  });

  test('a file that is not there', async () => {
    const { status, said } = await runFiles({}, '-kernel', '@none.elf');
    expect(said).toEqual(['none.elf cannot be read: there is no such file']);
    expect(status).toBe(2);
  });
});

describe('assembly source as', () => {
  const source = '.globl _start\n_start:\n  ldr x0, =0x84000008\n  hvc #0\n  b .\n';
  test('-kernel, is assembled', async () => {
    const { status, said } = await runFiles({ 'guest.S': source }, '-M', 'virt', '-kernel', '@guest.S');
    expect(said).toEqual(['the guest switched the machine off (PSCI)']);
    expect(status).toBe(0);
  });
  test('-bios, is refused with the way to give it', async () => {
    const { status, said } = await runFiles({ 'guest.S': source }, '-M', 'virt', '-bios', '@guest.S');
    expect(said).toEqual([
      'guest.S is assembly source, and firmware is a raw image of the flash: give the source as the program instead',
    ]);
    expect(status).toBe(2);
  });
});
