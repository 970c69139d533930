/** Text of Advanced SIMD instructions: what assembles to which word, how words print, and what problems say. */
import { describe, expect, test } from 'vitest';
import { disassemble } from '../../../emulator/architecture/disassembler.ts';
import { assembleLine } from './assemble-line.ts';

describe('An Advanced SIMD instruction', () => {
  test.each([
    // Words as GNU as makes them.
    ['add v0.4s, v1.4s, v2.4s', 0x4ea28420],
    ['addv b0, v1.16b', 0x4e31b820],
    ['bic v0.8h, #0xff, lsl #8', 0x6f07b7e0],
    ['cmeq v0.4s, v1.4s, #0', 0x4ea09820],
    ['dup v0.4s, v1.s[1]', 0x4e0c0420],
    ['ext v0.16b, v1.16b, v2.16b, #3', 0x6e021820],
    ['mov d0, v1.d[1]', 0x5e180420],
    ['mov v0.16b, v1.16b', 0x4ea11c20],
    ['mov v0.d[1], v1.d[0]', 0x6e180420],
    ['mov v0.s[1], w0', 0x4e0c1c00],
    ['mov w0, v1.s[1]', 0x0e0c3c20],
    ['movi v0.2d, #0xff00000000', 0x6f00e600],
    ['mul v0.4h, v1.4h, v3.h[1]', 0x0f538020],
    ['mvn v0.8b, v1.8b', 0x2e205820],
    ['mvni v0.4s, #0x1, msl #16', 0x6f00d420],
    ['pmull v0.8h, v1.8b, v2.8b', 0x0e22e020],
    ['saddl2 v0.8h, v1.16b, v2.16b', 0x4e220020],
    ['sdot v0.2s, v1.8b, v3.4b[1]', 0x0fa3e020],
    ['shll v0.8h, v1.8b, #8', 0x2e213820],
    ['shrn2 v0.16b, v1.8h, #3', 0x4f0d8420],
    ['sqshl b0, b1, #3', 0x5f0b7420],
    ['sshr d0, d1, #64', 0x5f400420],
    ['sxtl v0.8h, v1.8b', 0x0f08a420],
    ['tbl v0.8b, {v1.16b, v2.16b}, v3.8b', 0x0e032020],
    ['tbx v0.16b, {v31.16b, v0.16b, v1.16b}, v3.16b', 0x4e0353e0],
    ['uxtl2 v0.2d, v1.4s', 0x6f20a420],
    ['xtn2 v0.4s, v1.2d', 0x4ea12820],
  ])('%s is one word, which prints the same', (text, word) => {
    expect(assembleLine(text)).toEqual({ word, problems: [] });
    expect(disassemble(word, { pc: 0n })).toBe(text);
  });

  test.each([
    ['movi v0.4s, #-1', 'movi v0.4s, #0xff'],
    ['mul v0.4h, v1.4h, v3.8h[1]', 'mul v0.4h, v1.4h, v3.h[1]'],
    ['mov v0.4s[1], w0', 'mov v0.s[1], w0'],
    ['ins v0.s[1], v2.s[3]', 'mov v0.s[1], v2.s[3]'],
    ['sshll v0.8h, v1.8b, #0', 'sxtl v0.8h, v1.8b'],
    ['tbl v0.8b, {v1.16b-v2.16b}, v3.8b', 'tbl v0.8b, {v1.16b, v2.16b}, v3.8b'],
    ['not v0.8b, v1.8b', 'mvn v0.8b, v1.8b'],
  ])('%s is written as %s', (text, printed) => {
    const { word, problems } = assembleLine(text);
    expect(problems).toEqual([]);
    expect(disassemble(word!, { pc: 0n })).toBe(printed);
  });

  test.each([
    ['sshr v0.8h, v1.8h, #17', '17 is out of range: 1 to 16.'],
    ['sshr v0.8h, v1.8h, #0', '0 is out of range: 1 to 16.'],
    ['shl v0.16b, v1.16b, #8', '8 is out of range: 0 to 7.'],
    ['shrn v0.8b, v1.8h, #9', '9 is out of range: 1 to 8.'],
    ['ext v0.8b, v1.8b, v2.8b, #8', '8 is out of range: 0 to 7.'],
    ['mul v0.8h, v1.8h, v16.h[1]', 'Only v0 to v15 are possible here.'],
    ['mul v0.4s, v1.4s, v15.s[4]', 'Element 4 is out of range: 0 to 3.'],
    ['mov v0.s[4], w1', 'Element 4 is out of range: 0 to 3.'],
    ['dup v0.4s, x1', 'Expected a 32-bit general-purpose register, not x1.'],
    ['movi v0.4s, #256', '256 is out of range: -128 to 255.'],
    ['movi v0.4s, #1, lsl #5', 'Lsl by 5 is not possible: 0, 8, 16 or 24.'],
    ['movi v0.2d, #0x1ff', 'Every byte of 8 must be 0x00 or 0xff.'],
    ['shll v0.8h, v1.8b, #7', 'Only #8 is possible here.'],
    ['add v0.4s, v1.4h, v2.4s', 'Vector arrangements do not go together.'],
    ['shadd v0.2d, v1.2d, v2.2d', 'Expected a vector register with 8b, 16b, 4h, 8h, 2s or 4s.'],
    ['addv s0, v1.2s', 'Expected a vector register with 8b, 16b, 4h, 8h or 4s.'],
    ['saddl v0.8h, v1.16b, v2.16b', 'Expected a vector register with 8b, 4h or 2s.'],
    ['tbl v0.16b, {v1.16b, v3.16b}, v4.16b', 'The registers of a list must be consecutive.'],
  ])('%s has a problem that tells what is possible', (text, message) => {
    expect(assembleLine(text).problems).toEqual([message]);
  });
});
