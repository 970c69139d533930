import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { launch } from '../../debug-adapter/launch/launch.ts';
import { Client } from '../debug-adapter/support/client.ts';
import { testWith } from '../support/requires.ts';
import { runWords } from './support/run-words.ts';
import { firmware, firmwareWithElf, prompt, relocationOffset, toPrompt, uBootWords } from './support/u-boot.ts';
import { findFunctions, withSymbols } from './support/u-boot-symbols.ts';

const limit = ['--max-instructions', '400M'];

describe('U-Boot', () => {
  testWith(firmware)('comes to its prompt at EL2, and answers', async () => {
    const { status, output, said } = await runWords(
      ...uBootWords,
      ...toPrompt,
      ...['--input', 'version\\n', '--expect', 'GNU ld', '--expect', prompt],
      ...limit,
    );
    expect(said).toEqual([]);
    expect(status).toBe(0);
    expect(output).toMatch(/^\s*U-Boot \d{4}\.\d\d/);
    expect(output).toContain('DRAM:  128 MiB');
    expect(output).toMatch(
      /=> version\r?\nU-Boot \d{4}\.\d\d.*\r?\n\r?\naarch64-linux-gnu-gcc .*\r?\nGNU ld .*\r?\n=> $/,
    );
  });

  testWith(
    ...firmwareWithElf,
    'aarch64-linux-gnu-objcopy',
    'aarch64-linux-gnu-readelf',
  )('breaks in functions after it has moved itself, and shows who called them', async () => {
    const bios = firmware.find()!;
    const offset = await relocationOffset();
    const names = findFunctions(readFileSync(bios));
    const elf = withSymbols(firmwareWithElf[1].find()!, names);
    const linked = (name: string) => names.find(one => one.name === name)!.address;
    const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
    const client = new Client(launch);
    try {
      const file = join(folder, 'uboot.elf');
      writeFileSync(file, elf);
      const stop = await client.launch(
        { bios, cwd: folder, symbolFiles: [file, { file, offset }], reverseDebugging: false },
        () =>
          client.request('setFunctionBreakpoints', {
            breakpoints: ['board_init_f', 'board_init_r', 'main_loop'].map(name => ({ name })),
          }),
      );
      expect(stop.body).toMatchObject({ reason: 'function breakpoint' });
      expect((await client.stack()).slice(0, 2)).toEqual([
        expect.stringMatching(/^board_init_f {2}\[EL2\]/),
        expect.stringMatching(/^_main\+0x/),
      ]);
      expect(await client.evaluate('pc')).toContain(linked('board_init_f').toString(16));

      await client.run('continue');
      expect((await client.stack()).slice(0, 2)).toEqual([
        expect.stringMatching(/^board_init_r {2}\[EL2\]/),
        expect.stringMatching(/^relocation_return\+0x\w+ {2}\[EL2\]/),
      ]);
      expect(BigInt((await client.evaluate('pc')).split(' ')[0]!)).toBe(
        BigInt(linked('board_init_r')) + BigInt(offset),
      );

      await client.run('continue');
      expect((await client.stack()).slice(0, 4)).toEqual([
        expect.stringMatching(/^main_loop {2}\[EL2\]/),
        expect.stringMatching(/^run_main_loop\+0x\w+ {2}\[EL2\]/),
        expect.stringMatching(/^board_init_r\+0x\w+ {2}\[EL2\]/),
        expect.stringMatching(/^relocation_return\+0x\w+ {2}\[EL2\]/),
      ]);
    } finally {
      await client.respond('disconnect');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
