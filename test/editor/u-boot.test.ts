import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { firmware, firmwareWithElf } from '../guests/support/u-boot.ts';
import { findFunctions, withSymbols } from '../guests/support/u-boot-symbols.ts';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const needs = [
  codeServer,
  program('chromium'),
  ...firmwareWithElf,
  program('aarch64-linux-gnu-objcopy'),
  program('aarch64-linux-gnu-readelf'),
];

/** Firmware that nobody here wrote, with symbols. The tests follow one another in one session. */
describe('U-Boot in the editor', () => {
  let editor: Editor;
  let folder: string;

  beforeAll(async () => {
    if (missing(needs)) return;
    folder = mkdtempSync(join(tmpdir(), 'trapdoor-u-boot-'));
    const bios = firmware.find()!;
    copyFileSync(bios, join(folder, 'u-boot.bin'));
    const named = withSymbols(firmwareWithElf[1].find()!, findFunctions(readFileSync(bios)));
    writeFileSync(join(folder, 'uboot.elf'), named);
    const file = '${workspaceFolder}/uboot.elf';
    const configuration = {
      type: 'trapdoor',
      request: 'launch',
      name: 'U-Boot',
      bios: '${workspaceFolder}/u-boot.bin',
      machine: 'virt,virtualization=on',
      symbolFiles: [file],
    };
    mkdirSync(join(folder, '.vscode'));
    const launchJson = { version: '0.2.0', configurations: [configuration] };
    writeFileSync(join(folder, '.vscode/launch.json'), JSON.stringify(launchJson, null, 2));
    editor = await Editor.start(folder);
  });

  afterAll(async () => {
    await editor?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const stackIs = (frames: RegExp) =>
    expect.poll(async () => (await editor.callStack()).join('\n'), { timeout: 30_000 }).toMatch(frames);

  testWith(...needs)('a breakpoint on board_init_r is reached, where U-Boot has moved to', () =>
    editor.step('u-boot-board-init', async () => {
      await editor.showDebugViews('Breakpoints');
      await editor.addFunctionBreakpoint('board_init_r');
      await editor.addFunctionBreakpoint('main_loop');
      await editor.startDebugging();
      // There is no source: the code itself is shown.
      await editor.nextLine('board_init_r: stp x29, x30');
      await editor.showDebugViews('Call Stack', 'Variables');
      await editor.screenshot('u-boot');
      await stackIs(/^board_init_r \[EL2\].*\nrelocation_return\+0x/);
    }),
  );

  testWith(...needs)('a step goes on by one instruction', () =>
    editor.step('u-boot-step', async () => {
      await editor.press('F10');
      await editor.nextLine('mov x29, sp');
    }),
  );

  testWith(...needs)('the call stack names who called main_loop', () =>
    editor.step('u-boot-main-loop', async () => {
      await editor.press('F5');
      await editor.nextLine('main_loop: stp x29, x30');
      await stackIs(
        /^main_loop \[EL2\].*\nrun_main_loop\+0x\w+ \[EL2\].*\nboard_init_r\+0x\w+ \[EL2\].*\nrelocation_return\+0x/,
      );
      await editor.screenshot('u-boot-main-loop');
    }),
  );

  testWith(...needs)('what is typed into the UART terminal reaches the prompt, which answers', () =>
    editor.step('u-boot-prompt', async () => {
      await editor.press('F5');
      await editor.terminal().filter({ hasText: 'stop autoboot' }).waitFor();
      await editor.typeInTerminal(' ');
      await editor.terminal().filter({ hasText: '=>' }).waitFor();
      await editor.typeInTerminal('version\n');
      await editor.terminal().filter({ hasText: 'GNU ld' }).waitFor();
      await editor.screenshot('u-boot-prompt');
      expect(await editor.terminal().innerText()).toMatch(/=>\sversion\s+U-Boot\s\d{4}\.\d\d/);
    }),
  );
});
