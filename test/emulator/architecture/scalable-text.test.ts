/** Text of SVE and SME instructions: what assembles to which word, how words print, and what problems say. */
import { describe, expect, test } from 'vitest';
import { disassemble } from '../../../emulator/architecture/disassembler.ts';
import { scalableInstructions } from '../../../emulator/architecture/instructions/scalable.ts';
import { family } from '../../../emulator/architecture/instructions/scalable-notation.ts';
import { undefinedReason } from '../../../emulator/execution/undefined-reason.ts';
import { allInstructions } from './all-instructions.ts';
import { assembleLine } from './assemble-line.ts';

describe('An instruction of SVE or SME', () => {
  test.each([
    // Words as GNU as makes them.
    ['add z0.b, p7/m, z0.b, z31.b', 0x04001fe0],
    ['add z0.h, z1.h, z2.h', 0x04620020],
    ['add z0.h, z0.h, #256', 0x2560e020],
    ['adr z0.d, [z1.d, z2.d, sxtw #2]', 0x0422a820],
    ['and z0.b, z0.b, #0x7', 0x05800640],
    ['asr z0.s, p0/m, z0.s, #32', 0x04408000],
    ['bfdot z0.s, z1.h, z2.h[3]', 0x647a4020],
    ['cadd z0.b, z0.b, z1.b, #270', 0x4500dc20],
    ['cmphi p0.b, p1/z, z0.b, #127', 0x243fc410],
    ['cntb x0, all, mul #3', 0x0422e3e0],
    ['ctermeq w0, w1', 0x25a12000],
    ['ext z0.b, {z1.b, z2.b}, #255', 0x057f1c20],
    ['fadd z0.h, p0/m, z0.h, #0.5', 0x65588000],
    ['fcmeq p0.h, p1/z, z0.h, #0.0', 0x65522400],
    ['fcmla z0.h, p0/m, z1.h, z2.h, #90', 0x64422020],
    ['fmopa za7.d, p0/m, p1/m, z0.d, z1.d', 0x80c12007],
    ['fmov z0.s, #2.0', 0x25b9c000],
    ['incd z0.d, vl3', 0x04f0c060],
    ['index z0.d, x0, #-16', 0x04f04400],
    ['lasta w0, p0, z1.b', 0x0520a020],
    ['ld1b {z0.b}, p0/z, [x0, #-8, mul vl]', 0xa408a000],
    ['ld1b {za0h.b[w12, 3]}, p0/z, [x0, xzr]', 0xe01f0003],
    ['ld1h {z0.s}, p0/z, [x0, z1.s, uxtw #1]', 0x84a14000],
    ['ld1rqb {z0.b}, p0/z, [x0, #-128]', 0xa4082000],
    ['ld1w {za3v.s[w15, 3]}, p0/z, [x0, x1, lsl #2]', 0xe081e00f],
    ['ld3w {z30.s, z31.s, z0.s}, p0/z, [sp, #-3, mul vl]', 0xa54fe3fe],
    ['ld4b {z0.b-z3.b}, p0/z, [x0]', 0xa460e000],
    ['ldff1d {z0.d}, p0/z, [x0, x1, lsl #3]', 0xa5e16000],
    ['ldr p0, [x0, #255, mul vl]', 0x859f1c00],
    ['ldr za[w12, 3], [x0, #3, mul vl]', 0xe1000003],
    ['mla z0.h, z1.h, z7.h[7]', 0x447f0820],
    ['mov p0.b, p1/m, p2.b', 0x25004650],
    ['mov z0.b, p0/m, za0v.b[w15, 15]', 0xc002e1e0],
    ['mov z0.h, #-256', 0x2578ffe0],
    ['mov z0.q, z1.q[3]', 0x05f02020],
    ['mov z0.s, s3', 0x05242060],
    ['movprfx z0.s, p0/z, z1.s', 0x04902020],
    ['not p0.b, p1/z, p2.b', 0x25014640],
    ['pmullb z0.q, z1.d, z2.d', 0x45026820],
    ['prfw pstl2strm, p0, [z0.d, #4]', 0xc501e00b],
    ['psel p0, p1, p2.s[w13, 3]', 0x25f14440],
    ['ptrue p0.b', 0x2518e3e0],
    ['ptrue p0.b, pow2', 0x2518e000],
    ['setffr', 0x252c9000],
    ['shrnb z0.b, z1.h, #8', 0x45281020],
    ['smstart', 0xd503477f],
    ['smstop za', 0xd503447f],
    ['splice z0.b, p0, {z1.b, z2.b}', 0x052d8020],
    ['sqincp x0, p0.s, w0', 0x25a88800],
    ['sshllb z0.d, z1.s, #31', 0x455fa020],
    ['st1d {z0.d}, p0, [x0, z1.d, lsl #3]', 0xe5a1a000],
    ['stnt1b {z0.s}, p0, [z1.s, xzr]', 0xe45f2020],
    ['tbl z0.b, {z31.b, z0.b}, z2.b', 0x05222be0],
    ['uzp2 z0.q, z1.q, z2.q', 0x05a20c20],
    ['whilerw p0.b, x0, x1', 0x25213010],
    ['zero {}', 0xc0080000],
    ['zero {za0.h, za1.s}', 0xc0080077],
    ['zip1 p0.d, p1.d, p2.d', 0x05e24020],
  ])('%s is one word, which prints the same', (text, word) => {
    expect(assembleLine(text)).toEqual({ word, problems: [] });
    expect(disassemble(word, { pc: 0n })).toBe(text);
  });

  test.each([
    ['ADD Z0.H, Z0.H, #1, LSL #8', 'add z0.h, z0.h, #256'],
    ['and z0.s, z0.s, #-16', 'and z0.s, z0.s, #0xfffffff0'],
    ['bic z0.s, z0.s, #1', 'and z0.s, z0.s, #0xfffffffe'],
    ['cmple p0.b, p1/z, z0.b, z1.b', 'cmpge p0.b, p1/z, z1.b, z0.b'],
    ['cntb x0, all', 'cntb x0'],
    ['cpy z0.s, p0/m, wsp', 'mov z0.s, p0/m, wsp'],
    ['dup z0.b, #255', 'mov z0.b, #-1'],
    ['fmov z0.h, #0.0', 'mov z0.h, #0'],
    ['incp z0.s, p1', 'incp z0.s, p1.s'],
    ['ld1b z0.b, p0/z, [x0]', 'ld1b {z0.b}, p0/z, [x0]'],
    ['ld2b {z0.b-z1.b}, p0/z, [x0]', 'ld2b {z0.b, z1.b}, p0/z, [x0]'],
    ['ldff1d {z0.d}, p0/z, [x0]', 'ldff1d {z0.d}, p0/z, [x0, xzr, lsl #3]'],
    ['mov z0.d, z1.d', 'mov z0.d, z1.d'],
    ['mov z0.h, #255', 'mov z0.h, #0xff'],
    ['mov z0.s, #0xffffff00', 'mov z0.s, #-256'],
    ['msr svcrsm, #1', 'smstart sm'],
    ['mova z0.b, p0/m, za0v.b[w15, #15]', 'mov z0.b, p0/m, za0v.b[w15, 15]'],
    ['orr z0.d, z1.d, z1.d', 'mov z0.d, z1.d'],
    ['prfb #0, p0, [x0]', 'prfb pldl1keep, p0, [x0]'],
    ['sel p0.b, p1, p2.b, p0.b', 'mov p0.b, p1/m, p2.b'],
    ['abs z0.b, p0 / m, z1.b', 'abs z0.b, p0/m, z1.b'],
    ['zero {za0.b}', 'zero {za}'],
  ])('%s is written as %s', (text, printed) => {
    const { word, problems } = assembleLine(text);
    expect(problems).toEqual([]);
    expect(disassemble(word!, { pc: 0n })).toBe(printed);
  });

  test.each([
    ['add z0.b, z0.b, #256', '256 is out of range: 0 to 255.'],
    ['add z0.s, p8/m, z0.s, z2.s', 'Only p0 to p7 are possible here.'],
    ['add z0.s, z1.s, z2.h', 'Vector arrangements do not go together.'],
    ['asr z0.b, p0/m, z0.b, #9', '9 is out of range: 1 to 8.'],
    ['dup z0.b, z1.b[64]', 'Element 64 is out of range.'],
    ['ld1b {z0.b}, p0/z, [x0, #1]', 'Expected “mul vl” behind the offset.'],
    ['ld1b {z0.b}, p0/z, [x0, #8, mul vl]', '8 is out of range: -8 to 7.'],
    ['ld1b {z0.b}, p0/z, [x0, xzr]', 'Xzr is not possible here.'],
    ['ld1h {z0.d}, p0/z, [z1.d, #61]', '61 is out of range: 0 to 62, a multiple of 2.'],
    ['ld2b {z0.b, z2.b}, p0/z, [x0]', 'The registers of a list must be consecutive.'],
    ['ld4b {z30.b-z1.b}, p0/z, [x0]', 'A range ends with a later register of the same kind.'],
    ['mla z0.h, z1.h, z8.h[7]', 'Only z0 to z7 are possible here.'],
    ['mov z0.b, p0/m, za0v.b[w11, 15]', 'Only w12 to w15 choose a slice.'],
    ['addha za0.4s, p0/m, p1/m, z0.s', 'Expected a tile za0.s to za3.s.'],
    ['psel p0, p1, p2.d[w12, 2]', '2 is out of range: 0 to 1.'],
    ['sdiv z0.b, p0/m, z0.b, z1.b', 'Expected a scalable vector register with .s or .d.'],
  ])('%s has a problem that tells what is possible', (text, message) => {
    expect(assembleLine(text).problems).toEqual([message]);
  });

  test('is of one size of elements', () => {
    expect(assembleLine('mov z0.q, s3').problems).not.toEqual([]);
  });

  test('is UNDEFINED for want of its feature', () => {
    const reason = (text: string) => undefinedReason(assembleLine(text).word!, () => false);
    expect(reason('ptrue p0.b')).toBe('PTRUE (SVE, predicate) needs FEAT_SVE, which is absent here');
    expect(reason('zero {za}')).toBe('ZERO (SME, tiles) needs FEAT_SME, which is absent here');
    expect(scalableInstructions().filter(row => row.semantics)).toEqual([]);
  });
});

describe('Rows of SVE and SME', () => {
  test('have names of their own', () => {
    const names = allInstructions.map(row => row.name);
    const scalable = scalableInstructions().map(row => row.name);
    expect(scalable.filter(name => names.indexOf(name) !== names.lastIndexOf(name))).toEqual([]);
  });

  test.each([
    ['fewer bits than its pattern asks for', '?? 000000 00000000 00000000 Zd:5 000', 'Zd.s', 'abs 0'],
    ['an operand without a field', '00000000 00000000 00000000 000 Zd:5', 'Zd.s, Pg/m', 'abs'],
    ['an operand that is none', '00000000 00000000 00000000 000 Zd:5', 'Zd.s, @', 'abs'],
    ['a name without description', '00000000 00000000 00000000 000 Zd:5', 'Zd.s', 'absent'],
  ])('are refused with %s', (_, pattern, syntax, names) => {
    expect(() => family('form', pattern, syntax, names)('FEAT_SVE')).toThrow();
  });
});
