import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { linuxFiles } from '../guests/support/linux.ts';
import { codeServer, missing, program, testWith } from '../support/requires.ts';
import { Editor } from './editor.ts';

const sample = fileURLToPath(new URL('../../samples/kvm-vmm', import.meta.url));
const needs = [codeServer, program('chromium'), ...linuxFiles];
/** A Linux boots to its VMM, on a machine that may be busy. */
const boot = 180_000;

/** The sample as it is, with the guests' folder where it really lies. The tests follow one another in one session. */
describe("Linux' KVM in the editor", () => {
  let editor: Editor;
  let folder: string;

  beforeAll(async () => {
    if (missing(needs)) return;
    folder = mkdtempSync(join(tmpdir(), 'trapdoor-kvm-'));
    cpSync(sample, folder, { recursive: true });
    const launch = join(folder, '.vscode/launch.json');
    const linux = dirname(linuxFiles[0].find()!);
    const words = readFileSync(launch, 'utf8').replaceAll('${workspaceFolder}/../../.guests/linux', linux);
    writeFileSync(launch, words);
    editor = await Editor.start(folder);
  });

  afterAll(async () => {
    await editor?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const stackIs = (rows: RegExp) =>
    expect.poll(async () => (await editor.callStack()).join('\n'), { timeout: 60_000 }).toMatch(rows);

  testWith(...needs)(
    'stops at an exit of the guest; the call stack goes from the guest through KVM to the VMM',
    () =>
      editor.step('kvm-exit', async () => {
        await editor.openFile('guest.S');
        await editor.startDebugging();
        // While Linux boots; the editor knows the kinds of exceptions once a session has begun.
        await editor.showDebugViews('Breakpoints');
        await editor.setFilterCondition('VM exit', 'vmid > 0 && ec == dabort && ipa == 0x9000000');
        await editor.widenSideBar(520);
        await editor.page.mouse.move(900, 20);
        const explanation = editor.page.locator('.exception-widget');
        await explanation.waitFor({ timeout: boot });
        const text = await explanation.innerText();
        expect(text).toMatch(/EL1 → EL2: Write of a byte from W2 at 0x9000000/);
        expect(text).toMatch(/Instruction: strb w2, \[x1\].*<print\+0xc> \(guest\.S:\d+\)/);
        await editor.showDebugViews('Call Stack');
        await stackIs(/system_call.*kvm-vmm\.c/);
        await editor.screenshot('kvm-exit');
        const stack = await editor.callStack();
        const from = (name: string) => stack.findIndex(row => row.includes(name));
        const order = [
          'print+',
          'guest_start+',
          'VM entry',
          '__guest_enter+',
          'kvm_arch_vcpu_ioctl_run+',
          '__arm64_sys_ioctl+',
        ];
        const rows = [...order, 'EL0 → EL2: SVC', 'kvm-vmm.c'].map(from);
        expect(rows).toEqual([...rows].sort((a, b) => a - b));
        expect(rows).not.toContain(-1);
      }),
    boot + 60_000,
  );

  testWith(...needs)('a step back leads to the instruction of the guest, in its source', () =>
    editor.step('kvm-step-back', async () => {
      await editor.stepBack();
      await editor.nextLine('strb w2, [x1, #DEVICE_CONSOLE]');
      expect(await editor.statusItem('state').innerText()).toContain('EL1');
      await stackIs(/^print\+0xc.*\nguest_start\+/);
      await editor.screenshot('kvm-step-back');
    }),
  );
});
