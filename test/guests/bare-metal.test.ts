import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ElfFile } from '../../debug-adapter/debug-information/elf.ts';
import { architectureInstructions, assembleAndLink, memoryFiles } from '../../language-server/assembler/index.ts';
import { testWith } from '../support/requires.ts';
import { runWords } from './support/run-words.ts';

const program = fileURLToPath(new URL('programs/bare-metal', import.meta.url));
const says = [
  'CurrentEL is EL1',
  'by HVC, PSCI 1.1',
  'waiting',
  'interrupt 27',
  'EL0 called SVC 7',
  'switching off',
].map(line => `bare-metal: ${line}`);
const machine = ['-M', 'virt,gic-version=3', '-cpu', 'neoverse-n1', '-kernel', program];
const lines = (output: string) => output.replaceAll('\r', '').trimEnd().split('\n');

test('The bare-metal guest is what our assembler makes of its source', () => {
  const path = `${program}.S`;
  const text = readFileSync(path, 'utf8');
  const options = { instructions: architectureInstructions, files: memoryFiles({}) };
  const { elf } = assembleAndLink([{ path, text }], options);
  const codeOf = (bytes: Uint8Array) => {
    const file = new ElfFile(bytes, path);
    const [section] = file.codeSections;
    const code = Buffer.from(file.bytesAt(section!.address, section!.size)!).toString('hex');
    return { entry: file.entry, address: section!.address, code: code.match(/.{8}/g) };
  };
  expect(codeOf(readFileSync(program)), 'if the source has changed, build it as it says').toEqual(codeOf(elf!));
});

test('The bare-metal guest runs at EL1, takes its interrupts and calls, and switches the machine off', async () => {
  const { output, status } = await runWords(...machine, '--max-instructions', '1M');
  expect(lines(output)).toEqual(says);
  expect(status).toBe(0);
});

testWith('qemu-system-aarch64')('The bare-metal guest says the same in QEMU', () => {
  const words = [...machine, '-display', 'none', '-serial', 'stdio', '-monitor', 'none'];
  const { stdout } = spawnSync('qemu-system-aarch64', words, { encoding: 'utf8', timeout: 30_000, input: '' });
  expect(lines(stdout)).toEqual(says);
});
