/** Branch target identification as on QEMU: each way to branch, each instruction to land on, from and to guarded pages. */
import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { BARE_METAL_NEEDS } from './bare-metal.ts';
import { runOnBoth } from './both-machines.ts';

const branches = ['br x0', 'br x16', 'br x17', 'blr x0', 'blr x16', 'ret x0', 'braaz x0', 'blraaz x0', 'braa x0, x1'];
const pads = ['bti', 'bti c', 'bti j', 'bti jc', 'paciasp', 'pacibsp', 'autiasp', 'nop', 'brk #1', 'svc #1', 'udf #0'];
const ways = ['plain to guarded', 'guarded to guarded', 'guarded to plain'] as const;

/** Distance between the two mappings of the program. */
const GUARDED = 0x4000_0000;

interface Case {
  readonly branch: string;
  readonly pad: string;
  readonly way: (typeof ways)[number];
  readonly strict: boolean;
  readonly el: 0 | 1;
}
const cases: readonly Case[] = ([1, 0] as const).flatMap(el =>
  [false, true].flatMap(strict =>
    ways.flatMap(way => branches.flatMap(branch => pads.map(pad => ({ branch, pad, way, strict, el })))),
  ),
);

const program = `
        .global _start
_start: ldr     x0, =0x30501            // SCR_EL3
        msr     scr_el3, x0
        ldr     x0, =0x30080000000      // HCR_EL2
        msr     hcr_el2, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =0x200993519
        msr     tcr_el1, x0
        ldr     x0, =level_one
        msr     ttbr0_el1, x0
        ldr     x1, =0x0040000040000701 // the program and data, for EL1
        str     x1, [x0, #8]
        ldr     x1, =0x00040000400007c1 // guarded and read-only, for both
        str     x1, [x0, #16]
        dsb     sy
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        adr     x0, level1
        msr     elr_el3, x0
        ldr     x0, =0x30d01985
        msr     sctlr_el1, x0
        isb
        eret
level1: ldr     x0, =stack
        mov     sp, x0
        ldr     x22, =RESULTS
        adr     x19, table
        ldr     x18, =${cases.length}
each:   ldp     x2, x3, [x19], #16      // where to start, where to land
        ldp     x4, x5, [x19], #16      // SCTLR_EL1, SPSR_EL1
        msr     sctlr_el1, x4
        isb
        mov     x0, x3
        mov     x16, x3
        mov     x17, x3
        mov     x1, xzr
        adr     x20, after
        msr     elr_el1, x2
        msr     spsr_el1, x5
        eret
landed: mov     x23, #0                 // by SVC #2
        mov     x24, #0
        mov     x25, #0
after:  stp     x23, x24, [x22], #16
        str     x25, [x22], #8
        subs    x18, x18, #1
        b.ne    each
        b       finish
        .ltorg

${branches.map((branch, i) => `from${i}: ${branch}`).join('\n')}
${pads.map((pad, i) => `pad${i}: ${pad}\n        svc     #2`).join('\n')}
        .balign 8
table:
${cases
  .map(({ branch, pad, way, strict, el }) => {
    const start = `from${branches.indexOf(branch)} + ${way === 'plain to guarded' && el === 1 ? 0 : GUARDED}`;
    const target = `pad${pads.indexOf(pad)} + ${way === 'guarded to plain' && el === 1 ? 0 : GUARDED}`;
    const control = 0x30d01985n | (strict ? 3n << 35n : 0n);
    return `        .quad   ${start}, ${target}, 0x${control.toString(16)}, ${el === 1 ? 0x3c5 : 0x3c0}`;
  })
  .join('\n')}

taken:  mrs     x23, esr_el1
        mov     w24, #0x0002
        movk    w24, #0x5600, lsl #16
        cmp     w23, w24
        b.eq    landed
        mrs     x24, spsr_el1
        mrs     x25, elr_el1
        br      x20
        .balign 2048
vectors:
        .rept   16
        b       taken
        .balign 128
        .endr
        .bss
        .balign 4096
level_one: .skip 4096
        .skip   4096
stack:
`;

describe('branch target identification', () => {
  testWith(...BARE_METAL_NEEDS)('is checked as on QEMU', () => {
    const { ours, theirs } = runOnBoth(program, 'armv8.5-a');
    const differences = cases.flatMap((one, i) => {
      const of = (words: readonly bigint[]) =>
        ['ESR', 'SPSR', 'ELR'].map((name, at) => `${name} ${words[3 * i + at]?.toString(16)}`).join(' ');
      return of(ours) === of(theirs) ? [] : [`${JSON.stringify(one)}: ours ${of(ours)}, QEMU ${of(theirs)}`];
    });
    expect(theirs.length).toBe(3 * cases.length);
    expect(differences.slice(0, 20)).toEqual([]);
    // The test would be worth little if nothing were refused.
    expect(theirs.filter((esr, i) => i % 3 === 0 && esr >> 26n === 0x0dn).length).toBeGreaterThan(100);
  });
});
