import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserProblem } from '../../../debug-adapter/debugger/target.ts';
import { launch, launchMachine } from '../../../debug-adapter/launch/launch.ts';
import { parseRunArguments } from '../../../debug-adapter/run/arguments.ts';
import { configurationOf, machineWordsOf } from '../../../debug-adapter/run/main.ts';
import { run } from '../../../debug-adapter/run/run.ts';
import { isMachineWord } from '../../../debug-adapter/targets/create-machine.ts';
import { Client } from '../support/client.ts';

/** Prompts, counts the keys in memory, and answers each with the count as a digit. */
const program = `
        .globl  _start, answer
_start: ldr     x1, =0x09000000
        ldr     x4, =0x40200000
        mov     w2, #'>'
        strb    w2, [x1]
wait:   mov     x6, #10000
1:      subs    x6, x6, #1
        b.ne    1b
        ldr     w3, [x1, #0x18]
        tbnz    w3, #4, wait
        ldr     w2, [x1]
answer: ldr     w5, [x4]
        add     w5, w5, #1
        str     w5, [x4]
        add     w2, w5, #'0'
        strb    w2, [x1]
        b       wait
`;

async function inFolder<T>(use: (folder: string, runWords: RunWords) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  writeFileSync(join(folder, 'guest.S'), program);
  try {
    return await use(folder, words => runWith(folder, words));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type RunWords = (words: readonly string[]) => Promise<{ status: number; output: string; said: string[] }>;

async function runWith(cwd: string, words: readonly string[]) {
  const args = parseRunArguments(words, isMachineWord);
  const machine = await launchMachine({ ...configurationOf(args), cwd }, machineWordsOf(args));
  let output = '';
  const said: string[] = [];
  const status = await run(machine, args, {
    write: bytes => {
      output += Buffer.from(bytes).toString();
    },
    report: line => said.push(line),
    breathe: () => new Promise(resolve => setImmediate(resolve)),
    noReboot: false,
  });
  return { status, output, said };
}

describe('a machine in a file', () => {
  test('answers where it was left', () =>
    inFolder(async (folder, runWords) => {
      const file = join(folder, 'machine.snapshot');
      const words = [join(folder, 'guest.S'), '-smp', '2', '--expect', '>', '--input', 'ab', '--expect', '12'];
      const first = await runWords([...words, '--save', file]);
      expect(first).toMatchObject({ status: 0, output: '>12' });
      expect(first.said.join()).toMatch(/^saved to .*machine\.snapshot at position [\d,]+: 0\.\d MB$/);
      expect(statSync(file).size).toBeLessThan(1_000_000);
      const second = await runWords(['--restore', file, '--input', 'c', '--expect', '3']);
      expect(second).toEqual({ status: 0, output: '3', said: [] });
    }));

  test('is refused where the words describe another machine', () =>
    inFolder(async (folder, runWords) => {
      const file = join(folder, 'machine.snapshot');
      await runWords([join(folder, 'guest.S'), '--expect', '>', '--save', file]);
      await expect(runWords(['--restore', file, '-m', '64', '--expect', '3'])).rejects.toThrow(
        'the snapshot is of another machine: memory size 134217728 there and 67108864 here',
      );
      writeFileSync(file, 'no snapshot');
      await expect(runWords(['--restore', file])).rejects.toThrow(UserProblem);
      await expect(runWords(['--restore', join(folder, 'missing')])).rejects.toThrow('there is no such file');
    }));

  test('is debugged from there on, and not before', () =>
    inFolder(async (folder, runWords) => {
      const file = join(folder, 'machine.snapshot');
      await runWords([join(folder, 'guest.S'), '--expect', '>', '--input', 'a', '--expect', '1', '--save', file]);
      const client = new Client(launch);
      try {
        await client.launch({
          snapshot: file,
          symbolFiles: [],
          program: join(folder, 'guest.S'),
          stopOnEntry: true,
          cwd: folder,
        });
        expect((await client.stack())[0]).toMatch(/^(wait|answer)(\+0x\w+)? {2}\[EL2\]/);
        await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'answer' }] });
        await client.request('trapdoor/uartInput', { text: 'b' });
        await client.run('continue');
        expect((await client.stack())[0]).toMatch(/^answer {2}\[EL2\]/);
        expect(await client.evaluate('*(u32 *)0x40200000')).toBe('1');
        await client.request('setFunctionBreakpoints', { breakpoints: [] });
        const stop = await client.run('reverseContinue');
        expect(stop.body).toMatchObject({ description: expect.stringMatching(/recording/i) });
      } finally {
        await client.respond('disconnect');
      }
    }));

  test('is saved by the debugger where the guest stands, and launched again', () =>
    inFolder(async folder => {
      const configuration = { program: join(folder, 'guest.S'), cwd: folder };
      const first = new Client(launch);
      const atAnswer = () => first.request('setFunctionBreakpoints', { breakpoints: [{ name: 'answer' }] });
      try {
        const stopped = first.launch(configuration, async () => {
          await atAnswer();
          await first.request('trapdoor/uartInput', { text: 'a' });
        });
        expect((await stopped).body).toMatchObject({ reason: 'function breakpoint' });
        const missing = await first.respond('trapdoor/saveSnapshot', { file: 'no/such/folder/machine.snapshot' });
        expect(missing.message).toMatch(/no\/such\/folder\/machine\.snapshot cannot be written/);
        const { path, size } = await first.request('trapdoor/saveSnapshot', { file: 'machine.snapshot' });
        expect(path).toBe(join(folder, 'machine.snapshot'));
        expect(size).toBe(statSync(path).size);
      } finally {
        await first.respond('disconnect');
      }
      const second = new Client(launch);
      try {
        await second.launch({ ...configuration, snapshot: 'machine.snapshot', stopOnEntry: true });
        expect((await second.stack())[0]).toMatch(/^answer {2}\[EL2\]/);
        expect(await second.evaluate('w2')).toBe('0x61');
      } finally {
        await second.respond('disconnect');
      }
    }));
});

test('the exits of a guest are counted by cause, with what they cost', async () => {
  const source = join(import.meta.dirname, '../../../samples/tiny-hypervisor/hypervisor.S');
  const { said } = await runWith('/', [source, '--trace', 'exits', '--summary']);
  expect(said).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^Data abort, stage 2, write: .*: \d+ × \d+ instructions, \d+ at EL2, 1 exception and 1 return$/,
      ),
      expect.stringMatching(/^HVC #0: 1 × \d+ instructions, \d+ at EL2, 1 exception and 1 return$/),
    ]),
  );
  const each = await runWith('/', [source, '--trace', 'exits']);
  expect(each.said[0]).toMatch(/^VMID \d+ {2}.* \(.*; \d+ instructions, \d+ at EL2, 1 up, 1 down; after [\d,]+\)$/);
});
