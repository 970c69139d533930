import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const source = fileURLToPath(new URL('../programs/hypercalls.S', import.meta.url));
const lines = readFileSync(source, 'utf8').split('\n');
const lineOf = (text: string): number => lines.findIndex(line => line.includes(text)) + 1;
const needs = [codeServer, program('chromium')];
const binutils = [program('aarch64-linux-gnu-as'), program('aarch64-linux-gnu-ld')];

/** The tests follow one another in one session, as a person's steps do. */
describe('debugging a hypervisor in the editor', () => {
  let editor: Editor;
  let folder: string;

  beforeAll(async () => {
    if (missing(needs)) return;
    folder = mkdtempSync(join(tmpdir(), 'trapdoor-debugging-'));
    copyFileSync(source, join(folder, 'hypercalls.S'));
    if (!missing(binutils)) {
      execFileSync('aarch64-linux-gnu-as', ['-g', 'hypercalls.S', '-o', 'hypercalls.o'], { cwd: folder });
      const link = ['-Ttext=0x40080000', 'hypercalls.o', '-o', 'hypercalls.elf'];
      execFileSync('aarch64-linux-gnu-ld', link, { cwd: folder });
    }
    editor = await Editor.start(folder);
  });

  afterAll(async () => {
    await editor?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  testWith(...needs)('F5 on an assembly source needs neither a toolchain nor a launch.json', () =>
    editor.step('start', async () => {
      await editor.openFile('hypercalls.S');
      await editor.startDebugging();
      await editor.nextLine('adr x0, vectors');
      expect(await editor.statusItem('state').innerText()).toContain('EL2 · Non-secure · PE 0');
    }),
  );

  testWith(...needs)('a VM exit stops the machine when its check box is on, and is explained in words', () =>
    editor.step('vm-exit', async () => {
      await editor.showDebugViews('Breakpoints');
      await editor.exceptionFilter('VM exit').check();
      await editor.press('F5');
      await editor.nextLine('mrs x1, esr_el2');
      const explanation = editor.page.locator('.exception-widget');
      await explanation.waitFor();
      const text = await explanation.innerText();
      expect(text).toContain('EL1 → EL2: HVC #7');
      await editor.showDebugViews('Call Stack', 'Exception Levels');
      await editor.levels().locator('.level.running', { hasText: 'EL2' }).waitFor();
      await editor.levels().locator('.level.waiting', { hasText: 'EL1' }).waitFor();
      await editor.screenshot('vm-exit');
      expect((await editor.callStack()).join('\n')).toMatch(/lower_sync.*\n.*EL1 → EL2: HVC #7.*\n.*again/);
    }),
  );

  testWith(...needs)('the banks of registers stand by exception level, with their fields in words', () =>
    editor.step('banks', async () => {
      await editor.showDebugViews('Variables');
      await editor.expandVariable(/^Registers/);
      await editor.expandVariable(/^EL2/);
      await editor.expandVariable(/^ESR_EL2/);
      await editor.variable(/^EC/).waitFor();
      await editor.screenshot('banks');
      expect(await editor.variable(/^ESR_EL2/).innerText()).toMatch(/5a000007/i);
      expect(await editor.variable(/^EC/).innerText()).toMatch(/HVC/);
    }),
  );

  testWith(...needs)('a step goes forward by one instruction, a step back undoes it', () =>
    editor.step('step-back', async () => {
      await editor.press('F11');
      await editor.nextLine('and x2, x1, #0xffff');
      await editor.stepBack();
      await editor.nextLine('mrs x1, esr_el2');
      // Back over the exception itself, into the guest that caused it.
      await editor.stepBack();
      await editor.nextLine('again: hvc #7');
      expect(await editor.statusItem('state').innerText()).toContain('EL1');
      await editor.screenshot('step-back');
      await editor.press('F11');
      await editor.nextLine('mrs x1, esr_el2');
    }),
  );

  testWith(...needs)('a key held down steps on and on, and nothing complains', () =>
    editor.step('held-key', async () => {
      await editor.showDebugViews('Variables', 'Call Stack');
      for (let count = 0; count < 12; count++) await editor.press('F11');
      await editor.page.locator('.debug-toolbar .codicon-debug-continue').waitFor();
      expect(await editor.notifications().allInnerTexts()).toEqual([]);
      // Once more from the start, to where we were.
      await editor.press('Control+Shift+F5');
      await editor.nextLine('adr x0, vectors');
      await editor.press('F5');
      await editor.nextLine('mrs x1, esr_el2');
    }),
  );

  testWith(...needs)('stepping over ERET leads into the guest', () =>
    editor.step('eret', async () => {
      await editor.press('Shift+F11');
      await editor.nextLine('subs x19, x19, #1');
      expect(await editor.statusItem('state').innerText()).toContain('EL1');
    }),
  );

  testWith(...needs)('the Disassembly view shows instructions with symbols and marks the next one', () =>
    editor.step('disassembly', async () => {
      await editor.command('Open Disassembly View');
      await editor.page.locator('.disassembly-view .monaco-list-row', { hasText: 'subs' }).first().waitFor();
      await editor.screenshot('disassembly');
      const rows = (await editor.disassembly()).join('\n');
      expect(rows).toMatch(/hvc\s+#0x7/);
      expect(rows).toMatch(/subs\s+x19, x19, #/);
      await editor.command('View: Close Editor');
      await editor.page.locator('.tab.active', { hasText: 'hypercalls.S' }).waitFor();
    }),
  );

  testWith(...needs)('an entry of the view Exceptions shows the machine as it was then', () =>
    editor.step('exceptions', async () => {
      await editor.showDebugViews('Exceptions');
      await editor.press('F5');
      await editor.nextLine('mrs x1, esr_el2');
      const first = editor.exceptions('EL1 → EL2').last();
      await first.waitFor();
      expect(await first.innerText()).toMatch(/HVC #7.*again/s);
      await editor.screenshot('exceptions');
      const now = await editor.statusItem('state').getAttribute('aria-label');
      await first.click();
      await editor.page.locator('[id="trapdoor.trapdoor.state"][aria-label*="in the past"]').waitFor();
      await editor.screenshot('exceptions-then');
      expect(await editor.statusItem('state').getAttribute('aria-label')).not.toBe(now);
      await editor.command('Trapdoor: Return to the Present');
      await editor.page.locator('[id="trapdoor.trapdoor.state"]:not([aria-label*="in the past"])').waitFor();
    }),
  );

  testWith(...needs)('the session ends when the guest switches its machine off', () =>
    editor.step('end', async () => {
      await editor.showDebugViews('Breakpoints');
      await editor.exceptionFilter('VM exit').uncheck();
      await editor.press('F5');
      await editor.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    }),
  );

  testWith(...needs, ...binutils)('F5 on an ELF file runs to a breakpoint in its source', () =>
    editor.step('elf', async () => {
      await editor.openFile('hypercalls.S');
      await editor.goToLine(lineOf('add     x20'));
      await editor.press('F9');
      await editor.page.locator('.codicon-debug-breakpoint').first().waitFor();
      await editor.selectInExplorer('hypercalls.elf');
      await editor.press('F5');
      await editor.nextLine('add x20, x20, #1');
      await editor.press('Shift+F5');
      await editor.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    }),
  );
});
