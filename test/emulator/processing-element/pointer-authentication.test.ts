/**
 * Pointer authentication as on QEMU: codes under tags and sizes of addresses, both algorithms, disabled keys, traps, and
 * branches and returns that authenticate.
 */
import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { Random } from '../translation/random.ts';
import { BARE_METAL_NEEDS } from './bare-metal.ts';
import { runOnBoth } from './both-machines.ts';

const SEED = 77;

const keys = (random: Random) =>
  Array.from({ length: 10 }, (_, i) => {
    const name = `s3_0_c2_c${1 + (i >> 2)}_${i & 3}`;
    return `        ldr     x0, =0x${random.bits(64).toString(16)}\n        msr     ${name}, x0`;
  }).join('\n');

/** From EL3 to EL2 and EL1 with what each control says; exceptions are logged by class, level and address. */
const frame = (random: Random, controls: string, body: string) => `
        .global _start
_start: ldr     x22, =RESULTS
        adr     x0, vectors
        msr     vbar_el1, x0
        msr     vbar_el2, x0
        msr     vbar_el3, x0
${keys(random)}
        mov     x20, #0x00300
${controls}
        isb
${body}
        svc     #0              // also from EL0
        .ltorg

        .macro  log level
        mrs     x10, esr_\\level
        lsr     x10, x10, #26
        cmp     x10, #0x15
        b.eq    finish
        mrs     x11, elr_\\level
        add     x12, x11, #4
        msr     elr_\\level, x12
        mrs     x12, currentel
        stp     x10, x12, [x22], #16
        str     x11, [x22], #8
        eret
        .endm
el1:    log     el1
el2:    log     el2
el3:    log     el3
taken:  mrs     x10, currentel
        cmp     x10, #8
        b.eq    el2
        b.hi    el3
        b       el1
        .balign 2048
vectors:
        .rept   16
        b       taken
        .balign 128
        .endr
`;

const lower = (level: number, spsr: string) => `
        ldr     x0, =${spsr}
        msr     spsr_el3, x0
        adr     x0, 1f
        msr     elr_el3, x0
        eret
1:      nop     // EL${level}`;

const names = ['ia', 'ib', 'da', 'db'];

/** Pointers signed, authenticated with the right and a wrong code, and stripped, with every key. */
function pointers(random: Random, count: number, wild: boolean): string {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const upper = random.chance(0.5);
    const size = random.pick([25, 39, 48]);
    const top = wild ? random.bits(8) : random.bits(7) | (upper ? 0x80n : 0n);
    const tag = (random.chance(0.5) ? top : upper ? 0xffn : 0n) << 56n;
    const extension = upper ? ((1n << 56n) - 1n) & ~((1n << BigInt(size)) - 1n) : 0n;
    const pointer = wild && random.chance(0.1) ? random.bits(64) : tag | extension | random.bits(size);
    const key = random.pick(names);
    lines.push(`        ldr     x0, =0x${pointer.toString(16)}
        ldr     x1, =0x${random.bits(64).toString(16)}
        mov     x2, x0
        pac${key}   x2, x1
        mov     x3, x2
        aut${key}   x3, x1
        eor     x4, x2, #0x${(1n << BigInt(49 + random.below(5))).toString(16)}
        aut${key}   x4, x1
        mov     x5, x2
        xpaci   x5
        mov     x6, x2
        xpacd   x6
        pacga   x7, x0, x1
        stp     x2, x3, [x22], #16
        stp     x4, x5, [x22], #16
        stp     x6, x7, [x22], #16`);
    if (i % 20 === 19) lines.push('        b       2f\n        .ltorg\n2:');
  }
  return lines.join('\n');
}

function compare(program: string, cpu?: string): string[] {
  const { ours, theirs } = runOnBoth(program, 'armv8.5-a', cpu);
  expect(theirs.length).toBeGreaterThan(0);
  return theirs.flatMap((value, i) =>
    ours[i] === value ? [] : [`word ${i}: ours ${ours[i]?.toString(16)}, QEMU ${value.toString(16)}`],
  );
}

/** EnIA, EnIB, EnDA, EnDB. */
const ALL = 0xc800_2000;
const SCR = 0x30501;
const HCR = 0x300_8000_0000n;

describe(`Pointer authentication (seed ${SEED})`, () => {
  // Two rules of QEMU differ from AddPAC of the manual: it takes the size of the range that bit 55 names even where bit 63
  // decides, and lets bit 63 decide where only the other range has tags. So the sizes are the same, and where one range
  // alone has tags no pointer has bits that contradict each other.
  const controls = [
    { size: 25, tags: 0, dataOnly: 0 },
    { size: 16, tags: 3, dataOnly: 0 },
    { size: 39, tags: 3, dataOnly: 3 },
    { size: 20, tags: 2, dataOnly: 0 },
    { size: 25, tags: 1, dataOnly: 1 },
  ];
  for (const cpu of ['max,sve=off', 'max,sve=off,pauth-impdef=on']) {
    testWith(...BARE_METAL_NEEDS)(`makes the codes of QEMU’s ${cpu}`, () => {
      const random = new Random(SEED);
      const found = controls.flatMap(({ size, tags, dataOnly }) => {
        const tcr = (BigInt(dataOnly) << 51n) | (BigInt(tags) << 37n) | BigInt(size << 16) | BigInt(size);
        const registers = `
        ldr     x0, =0x${SCR.toString(16)}
        msr     scr_el3, x0
        ldr     x0, =0x${HCR.toString(16)}
        msr     hcr_el2, x0
        ldr     x0, =0x${tcr.toString(16)}
        msr     tcr_el1, x0
        ldr     x0, =0x${(0x30d00980 + ALL).toString(16)}
        msr     sctlr_el1, x0`;
        const body = `${lower(1, '0x3c5')}\n${pointers(random, 40, tags % 3 === 0)}`;
        const differences = compare(frame(random, registers, body), cpu);
        return differences.map(text => `TCR ${tcr.toString(16)}: ${text}`);
      });
      expect(found.slice(0, 10)).toEqual([]);
    });
  }

  testWith(...BARE_METAL_NEEDS)('is disabled and trapped by each control at each level as on QEMU', () => {
    const random = new Random(SEED);
    const forms = ['pacia x0, x1', 'autib x0, x1', 'pacda x0, x1', 'autdzb x0', 'pacga x0, x1, x2', 'xpaci x0'];
    forms.push('paciasp', 'autibz', 'pacia1716', 'xpaclri', 'ldraa x5, [x6]', 'ldrab x5, [x6]');
    const found: string[] = [];
    for (const [level, spsr] of [
      [1, '0x3c5'],
      [2, '0x3c9'],
      [0, '0x3c0'],
    ] as const)
      for (const scr of [SCR, SCR & ~0x20000])
        for (const hcr of [HCR, HCR & ~(1n << 41n)])
          for (const sctlr of [ALL, 0x8000_0000]) {
            const controls = `
        ldr     x0, =0x${scr.toString(16)}
        msr     scr_el3, x0
        ldr     x0, =0x${hcr.toString(16)}
        msr     hcr_el2, x0
        ldr     x0, =0x${(0x30d00980 + sctlr).toString(16)}
        msr     sctlr_el1, x0
        ldr     x0, =0x${(0x30c50830 + sctlr).toString(16)}
        msr     sctlr_el2, x0`;
            const body = forms
              .map(
                form => `        ldr     x0, =0x12345678
        mov     x1, #5
        mov     x2, #7
        mov     x16, #3
        ldr     x17, =0x40001000
        ldr     x30, =0x40002000
        adr     x6, vectors
        mov     x5, #0
        ${form}
        stp     x0, x5, [x22], #16
        stp     x17, x30, [x22], #16`,
              )
              .join('\n');
            const differences = compare(frame(random, controls, `${lower(level, spsr)}\n${body}`));
            const what = `EL${level} SCR ${scr.toString(16)} HCR ${hcr.toString(16)} SCTLR ${sctlr.toString(16)}`;
            found.push(...differences.map(text => `${what}: ${text}`));
          }
    expect(found.slice(0, 10)).toEqual([]);
  });

  testWith(...BARE_METAL_NEEDS)('guards calls, jumps and returns as on QEMU', () => {
    const random = new Random(SEED);
    const controls = `
        ldr     x0, =0x${SCR.toString(16)}
        msr     scr_el3, x0
        ldr     x0, =0x${HCR.toString(16)}
        msr     hcr_el2, x0
        ldr     x0, =0x${(0x30d00980 + ALL).toString(16)}
        msr     sctlr_el1, x0
        ldr     x0, =0x190019
        msr     tcr_el1, x0`;
    const steps = ['a', 'b'].flatMap((key, i) => [
      `        adr     x3, 3f
        mov     x4, #${11 + i}
        paci${key}   x3, x4
        braa    x3, x4
3:`.replace('braa', `bra${key}`),
      `        adr     x3, 3f
        paciz${key}  x3
        blra${key}z  x3
        nop
3:      stp     x3, x30, [x22], #16`,
      `        adr     x30, 3f
        mov     sp, x22
        paci${key}sp
        stp     x30, xzr, [x22], #16
        mov     x8, sp
        reta${key}
3:`,
      `        adr     x3, 3f
        mov     sp, x22
        mov     x4, sp
        paci${key}   x3, x4
        msr     elr_el1, x3
        mov     x5, #0x3c5
        msr     spsr_el1, x5
        ereta${key}
3:      mrs     x5, elr_el1
        stp     x5, xzr, [x22], #16`,
    ]);
    expect(compare(frame(random, controls, `${lower(1, '0x3c5')}\n${steps.join('\n')}`))).toEqual([]);
  });
});
