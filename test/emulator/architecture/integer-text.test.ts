/** Text of integer instructions: spellings that another instruction encodes, and what problems say. */
import { describe, expect, test } from 'vitest';
import { disassemble } from '../../../emulator/architecture/disassembler.ts';
import { assembleLine } from './assemble-line.ts';

describe('An integer instruction', () => {
  test.each([
    ['add sp, sp, #-16', 'sub sp, sp, #0x10'],
    ['sub x0, x1, #-1, lsl #12', 'add x0, x1, #0x1, lsl #12'],
    ['adds w0, w1, #-4095', 'subs w0, w1, #0xfff'],
    ['subs x0, x1, #-8192', 'adds x0, x1, #0x2, lsl #12'],
    ['cmp x0, #-1', 'cmn x0, #0x1'],
    ['cmn w0, #-7', 'cmp w0, #0x7'],
    ['cmp x0, #-0', 'cmp x0, #0x0'],
  ])('%s is written as %s', (text, printed) => {
    const { word, problems } = assembleLine(text);
    expect(problems).toEqual([]);
    expect(disassemble(word!, { pc: 0n })).toBe(printed);
  });

  test.each([
    ['ldr x0, [x1], #256', '256 is out of range: -256 to 255.'],
    ['strb w0, [x1], #-257', '-257 is out of range: -256 to 255.'],
    ['ldp x0, x1, [sp], #4', '4 is out of range: -512 to 504, a multiple of 8.'],
    [
      'add x0, x1, #-4097',
      '-4097 is out of range: 0 to 4095, or a multiple of 4096 up to 0xfff000, or the negative of such a number.',
    ],
  ])('%s has a problem that tells what is possible', (text, message) => {
    expect(assembleLine(text).problems).toEqual([message]);
  });
});
