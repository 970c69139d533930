import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const sample = fileURLToPath(new URL('../../samples/tiny-hypervisor', import.meta.url));
const needs = [codeServer, program('chromium')];

/** What a newcomer does; the tests follow one another in one session. */
describe('the sample hypervisor in the editor', () => {
  let editor: Editor;

  beforeAll(async () => {
    if (!missing(needs)) editor = await Editor.start(sample);
  });

  afterAll(() => editor?.close());

  testWith(...needs)('its source has no problems', () =>
    editor.step('sample-source', async () => {
      await editor.openFile('hypervisor.S');
      // The outline comes from the language server: it has read the file.
      await editor.page
        .locator('.breadcrumbs-control', { hasText: '_start' })
        .or(editor.page.locator('.breadcrumbs-control', { hasText: '…' }))
        .first()
        .waitFor();
      await editor.command('Problems: Focus on Problems View');
      await editor.page.locator('.markers-panel', { hasText: 'No problems' }).waitFor();
    }),
  );

  testWith(...needs)('F5 runs it to its end; the guests speak through the UART terminal', () =>
    editor.step('sample-run', async () => {
      await editor.press('F5');
      const terminal = editor.page.locator('.terminal-wrapper .xterm-rows');
      await terminal.filter({ hasText: 'application: hello from EL0' }).waitFor();
      await terminal.filter({ hasText: 'the machine has ended' }).waitFor();
      await editor.screenshot('sample-run');
      await editor.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    }),
  );

  testWith(...needs)('F5 with the box "VM exit" checked stops at the first exit and says why', () =>
    editor.step('sample-vm-exit', async () => {
      await editor.showDebugViews('Breakpoints');
      await editor.exceptionFilter('VM exit').check();
      await editor.press('F5');
      const explanation = editor.page.locator('.exception-widget');
      await explanation.waitFor();
      const text = await explanation.innerText();
      expect(text).toMatch(/EL1 → EL2/);
      expect(text).toMatch(/IPA.*0x9000000/);
      expect(text).toMatch(/guest_print.*guest\.S/);
      await editor.showDebugViews('Call Stack', 'Exceptions', 'Exception Levels');
      await editor.levels().locator('.level.running', { hasText: 'EL2' }).waitFor();
      await editor.exceptions('EL1 → EL2').first().waitFor();
      // The way here is drawn: down into the guest, up again by the exit.
      await editor.levels().locator('.diagram .change.return').waitFor();
      await editor.levels().locator('.diagram .change.exception').waitFor();
      await editor.screenshot('sample-vm-exit');
    }),
  );

  testWith(...needs)('the machine is saved to a file', () =>
    editor.step('sample-snapshot', async () => {
      await editor.command('Trapdoor: Save Snapshot');
      const file = join(editor.folder, 'Tiny-hypervisor.snapshot');
      const box = editor.page.locator('.quick-input-widget .quick-input-box input');
      await expect.poll(() => box.inputValue(), { timeout: 30_000 }).toBe(file);
      await editor.screenshot('sample-snapshot-dialog');
      await editor.press('Enter');
      await editor.notifications().filter({ hasText: 'Tiny-hypervisor.snapshot' }).waitFor();
      await editor.screenshot('sample-snapshot');
      expect(statSync(file).size).toBeGreaterThan(1000);
      await editor.command('Notifications: Clear All');
    }),
  );

  testWith(...needs)('stepping out of the handler runs over its ERET, back into the guest', () =>
    editor.step('sample-eret', async () => {
      await editor.showDebugViews('Call Stack');
      await editor.press('Shift+F11');
      await editor.page.locator('.tab.active', { hasText: 'guest.S' }).waitFor();
      expect(await editor.statusItem('state').innerText()).toContain('EL1');
      await editor.screenshot('sample-eret');
      await editor.press('Shift+F5');
      await editor.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    }),
  );
});
