import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { launchMachine } from '../../../debug-adapter/launch/launch.ts';
import { parseRunArguments } from '../../../debug-adapter/run/arguments.ts';
import { run } from '../../../debug-adapter/run/run.ts';
import { isMachineWord } from '../../../debug-adapter/targets/create-machine.ts';
import { hypervisor, powerOff } from '../support/guests.ts';

const print = (text: string) =>
  [...text].map(letter => `  mov w2, #${letter.charCodeAt(0)}\n  strb w2, [x1]`).join('\n');
const uart = '  ldr x1, =0x9000000\n';

/** Runs a source with these words: status, what the guest wrote, and what the run said. */
async function runSource(
  source: string,
  ...words: string[]
): Promise<{ status: number; output: string; said: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    const program = join(folder, 'guest.S');
    writeFileSync(program, source);
    const args = parseRunArguments([program, ...words], isMachineWord);
    const machine = await launchMachine({ program }, args.machineWords);
    let output = '';
    const said: string[] = [];
    const status = await run(machine, args, {
      write: bytes => {
        output += Buffer.from(bytes).toString();
      },
      report: line => said.push(line),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      noReboot: args.machineWords.includes('-no-reboot'),
    });
    return { status, output, said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Echoes what comes in through the UART, for ever. */
const echo = `_start:
${uart}${print('> ')}
1: ldr w3, [x1, #0x18]
  tbnz w3, #4, 1b
  ldr w2, [x1]
  strb w2, [x1]
  b 1b
`;

describe('a run without an editor', () => {
  test('ends with 0 when the guest powers off, and traces its exceptions', async () => {
    const { status, said } = await runSource(hypervisor, '--trace', 'exceptions', '--summary');
    expect(status).toBe(0);
    expect(said.map(line => line.replace(/0x[0-9a-f]+ |, after .*|:\d+\)/g, '').trim())).toEqual([
      '↓ EL2 → EL1  VM entry  (<guest> (guest.S, VMID 0, PE 0',
      '↑ EL1 → EL2  HVC #1  (<guest+0x8> (guest.S, VMID 0, PE 0',
      '↓ EL2 → EL1  VM entry  (<guest+0xc> (guest.S, VMID 0, PE 0',
      '↑ EL1 → EL2  HVC #2  (<guest+0x1c> (guest.S, VMID 0, PE 0',
      '↓ EL2 → EL1  VM entry  (<guest+0x20> (guest.S, VMID 0, PE 0',
      'the guest switched the machine off (PSCI)',
      expect.stringMatching(/^\d+ instructions$/),
      '3  EL2 ↓ EL1  VM entry',
      '1  EL1 → EL2  HVC #2',
      '1  EL1 → EL2  HVC #1',
    ]);
  });

  test('speaks with the guest: what is expected, what is said', async () => {
    const { status, output } = await runSource(
      echo,
      '--expect',
      '> ',
      '--input',
      'hello\\n',
      '--expect',
      'lo\\n',
      '--max-instructions',
      '50M',
    );
    expect(output).toBe('> hello\n');
    expect(status).toBe(0);
  });

  test('ends when the kernel says that it panicked, with the instruction that the machine does not know', async () => {
    const panic = 'Kernel panic - not syncing: no init';
    const { status, said } = await runSource(
      `_start:
  adr x0, vectors
  msr vbar_el2, x0
  isb
  .word 0xa400a020   // ld1b {z0.b}, p0/z, [x1]
  .balign 2048
vectors:
  .space 512
  adr x3, text
${uart}1: ldrb w2, [x3], #1
  cbz w2, .
  strb w2, [x1]
  b 1b
text: .asciz "${panic}\\r\\n---[ end ${panic} ]---\\r\\n"
`,
      ...['-cpu', 'cortex-a72', '--max-instructions', '50M'],
    );
    expect(said.slice(0, 2)).toEqual([
      "the guest's kernel panicked: no init",
      expect.stringMatching(
        /^before that, at EL2 and 0x\w+: LD1B \(SVE, immediate offset, to b\) needs FEAT_SVE, which is absent here$/,
      ),
    ]);
    expect(status).toBe(8);
  });

  test.each([
    [
      'the text never comes',
      `_start:\n${uart}${print('x')}\n${powerOff}`,
      ['--expect', 'y'],
      3,
      'the guest ended before it wrote "y"',
    ],
    [
      'the limit is reached',
      '_start: b _start\n',
      ['--max-instructions', '100k'],
      4,
      'the limit of 100,000 instructions is reached',
    ],
    [
      'the guest waits for nothing',
      '_start: msr daifset, #15\n1: wfi\n b 1b\n',
      [],
      5,
      'every processing element waits (WFI or WFE) and nothing is scheduled to wake one',
    ],
    [
      'the guest resets',
      '_start:\n  ldr x0, =0x84000009\n  smc #0\n  b .\n',
      ['-no-reboot'],
      7,
      'the guest reset the machine (PSCI)',
    ],
  ])('%s', async (_what, source, words, expected, sentence) => {
    const { status, said } = await runSource(source, ...words);
    expect(said).toContain(sentence);
    expect(status).toBe(expected);
  });

  test('a guest that is stuck in an exception is explained', async () => {
    const { said, status } = await runSource(
      `_start:
  adr x0, table
  msr vbar_el2, x0
  isb
  mov x3, #0x70000000
  ldr w4, [x3]
  b .
  .balign 2048
table:
  .space 512
  b .
`,
      '--max-instructions',
      '10k',
    );
    expect(status).toBe(4);
    expect(said.join('\n')).toMatch(
      /it is handling:\n {4}Exception: EL2 → EL2: Read at 0x70000000 failed: synchronous external abort\n {4}Instruction: ldr w4, \[x3\] {2}at 0x\w+ <_start\+0x10>/,
    );
  });
});

describe('words of the command line', () => {
  const parse = (...words: string[]) => {
    try {
      return parseRunArguments(words, isMachineWord);
    } catch (problem) {
      return (problem as Error).message;
    }
  };
  test("QEMU's go to the machine, the others are the run's", () => {
    expect(
      parse(
        '-M',
        'virt,virtualization=on',
        '-bios',
        'u-boot.bin',
        '--expect',
        '=> ',
        '--input',
        'version\\n',
        '--max-instructions',
        '1_000k',
        '-nographic',
      ),
    ).toMatchObject({
      machineWords: ['-M', 'virt,virtualization=on', '-bios', 'u-boot.bin', '-nographic'],
      conversation: [
        { kind: 'expect', text: '=> ' },
        { kind: 'input', text: 'version\n' },
      ],
      maxInstructions: 1_000_000,
    });
  });
  test.each([
    [['--expect'], '--expect needs a value'],
    [['--max-instructions', 'many'], '--max-instructions many: a number is needed, such as 1000000 or 50M'],
    [['--trace', 'everything'], '--trace everything is not known; --trace exceptions and --trace exits are'],
    [['a.elf', 'b.elf'], 'Two programs are given: a.elf and b.elf'],
  ])('%j: %s', (words, message) => {
    expect(parse(...words)).toBe(message);
  });
});
