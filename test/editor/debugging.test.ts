import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const source = fileURLToPath(new URL('../programs/hypercalls.S', import.meta.url));
const needs = [codeServer, program('chromium'), program('aarch64-linux-gnu-as'), program('aarch64-linux-gnu-ld')];

describe('a hypervisor in the editor', () => {
  let editor: Editor;
  let folder: string;

  beforeAll(async () => {
    if (missing(needs)) return;
    folder = mkdtempSync(join(tmpdir(), 'trapdoor-debugging-'));
    copyFileSync(source, join(folder, 'hypercalls.S'));
    execFileSync('aarch64-linux-gnu-as', ['-g', 'hypercalls.S', '-o', 'hypercalls.o'], { cwd: folder });
    const link = ['-Ttext=0x40080000', 'hypercalls.o', '-o', 'hypercalls.elf'];
    execFileSync('aarch64-linux-gnu-ld', link, { cwd: folder });
    editor = await Editor.start(folder);
  });

  afterAll(async () => {
    await editor?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  testWith(...needs)('F5 on an ELF file runs to a breakpoint in the handler of a VM exit', () =>
    editor.showing('breakpoint-in-handler', async () => {
      await editor.openFile('hypercalls.S');
      await editor.goToLine(33);
      await editor.press('F9');
      await editor.page.locator('.codicon-debug-breakpoint').first().waitFor();
      await editor.selectInExplorer('hypercalls.elf');
      await editor.press('F5');
      await editor.stopped();
      expect(await editor.statusItem('state').innerText()).toContain('EL2 · Non-secure · PE 0');
      await editor.showDebugViews('Call Stack');
      const frames = await editor.callStack();
      await editor.screenshot('breakpoint-in-handler');
      expect(frames.join('\n')).toMatch(/lower_sync.*\n.*EL1 → EL2: HVC #7.*\n.*again/s);
    }),
  );
});
