import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const source = `// Reads which exception level runs.
        .text
        .global _start
_start:
        mrs     x0, CurrentEL
        lsr     x0, x0, #2
1:      wfi
        b       1b
`;

const needs = [codeServer, program('chromium')];

describe('assembly in the editor', () => {
  let editor: Editor;
  let folder: string;

  beforeAll(async () => {
    if (missing(needs)) return;
    folder = mkdtempSync(join(tmpdir(), 'trapdoor-language-'));
    writeFileSync(join(folder, 'level.S'), source);
    editor = await Editor.start(folder);
  });

  afterAll(async () => {
    await editor?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  testWith(...needs)('an assembly file is known by its language and coloured', () =>
    editor.showing('language', async () => {
      await editor.openFile('level.S');
      await editor.page.locator('[id="status.editor.mode"]', { hasText: 'AArch64 assembly' }).waitFor();
      const line = editor.line('CurrentEL');
      const colourOf = (word: string) =>
        line.locator('span span').filter({ hasText: word }).last().getAttribute('class', { timeout: 1000 });
      // Colours come when the grammar has been read, some time after the text.
      await expect.poll(async () => (await colourOf('mrs')) !== (await colourOf('x0')), { timeout: 30_000 }).toBe(true);
      await editor.screenshot('language');
    }),
  );

  testWith(...needs)('a breakpoint can be set on an instruction', () =>
    editor.showing('breakpoint', async () => {
      await editor.openFile('level.S');
      await editor.goToLine(5);
      await editor.press('F9');
      await editor.page.locator('.codicon-debug-breakpoint').first().waitFor();
    }),
  );

  testWith(...needs)('a mistake is marked while it is typed, and the mark goes with it', () =>
    editor.showing('diagnostic', async () => {
      await editor.openFile('level.S');
      await editor.goToLine(6);
      await editor.press('End');
      await editor.page.keyboard.type('00000');
      await editor.errorSquiggles().first().waitFor();
      await editor.command('Problems: Focus on Problems View');
      const problem = editor.page.locator('.markers-panel .monaco-list-row', { hasText: 'Ln 6' }).first();
      await problem.waitFor();
      await editor.screenshot('diagnostic');
      expect(await problem.innerText()).toMatch(/\d/);
      await editor.goToLine(6);
      await editor.press('End', 'Backspace', 'Backspace', 'Backspace', 'Backspace', 'Backspace');
      await editor.errorSquiggles().first().waitFor({ state: 'detached' });
    }),
  );

  testWith(...needs)('a system register is explained where the mouse rests on it', () =>
    editor.showing('hover-system-register', async () => {
      await editor.openFile('level.S');
      const text = await editor.hover('CurrentEL', 'CurrentEL');
      await editor.screenshot('hover-system-register');
      expect(text).toMatch(/CurrentEL/);
      expect(text).toMatch(/EL.*3:2|3:2.*EL/s);
    }),
  );

  testWith(...needs)('an instruction is explained where the mouse rests on it', () =>
    editor.showing('hover-instruction', async () => {
      await editor.openFile('level.S');
      await editor.press('Escape');
      const text = await editor.hover('lsr', 'lsr');
      await editor.screenshot('hover-instruction');
      expect(text).toMatch(/LSR/i);
    }),
  );
});
