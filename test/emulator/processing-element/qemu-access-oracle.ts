/**
 * Asks QEMU what MRS, MSR and system instructions do at EL0, EL1 and EL2. A bare-metal program at EL3 takes trials
 * (control registers, a level and one instruction) from memory; each ends in an exception whose target level and
 * syndrome it writes to a file by semihosting.
 */
import { runBareMetal, semihostingDump } from './bare-metal.ts';

/** Registers that a trial sets, in the order of the program. HCR_EL2 and SCR_EL3 come last: they change the others' names. */
export const CONTROLS = [
  'CPTR_EL2',
  'MDCR_EL2',
  'CNTHCTL_EL2',
  'SCTLR_EL1',
  'SCTLR_EL2',
  'CPACR_EL1',
  'CNTKCTL_EL1',
  'PMUSERENR_EL0',
  'MDSCR_EL1',
  'CPTR_EL3',
  'MDCR_EL3',
  'ICH_HCR_EL2',
  'ICC_SRE_EL1',
  'ICC_SRE_EL2',
  'HCR_EL2',
  'SCR_EL3',
] as const;
export type Control = (typeof CONTROLS)[number];

export interface Trial {
  readonly controls: Readonly<Record<Control, bigint>>;
  readonly el: 0 | 1 | 2;
  /** The instruction; general-purpose registers X0 to X7 hold zero. */
  readonly word: number;
}

/** Where the trial ended: at the breakpoint after the instruction, or in an exception of the instruction. */
export interface Outcome {
  readonly to: number;
  readonly syndrome: bigint;
}

/** The syndrome of the breakpoint that follows each instruction. */
export const COMPLETED = 0xf200_0077n;

const TRIALS_AT = 0x4200_0000;
const CODE_AT = 0x4600_0000;
const RESULTS_AT = 0x4800_0000;
const generic: Readonly<Record<string, string>> = {
  ICH_HCR_EL2: 'S3_4_C12_C11_0',
  ICC_SRE_EL1: 'S3_0_C12_C12_5',
  ICC_SRE_EL2: 'S3_4_C12_C9_5',
};
const SPSR_MODE = [0x3c0n, 0x3c5n, 0x3c9n] as const;
/** BRK #0x77. */
const STOP = 0xd420_0ee0;

const program = `
        .global _start
        .text
_start: adr     x0, vectors3
        msr     vbar_el3, x0
        mov     x0, #0xf
        msr     S3_6_C12_C12_5, x0      // ICC_SRE_EL3
        isb
        ldr     x20, =${TRIALS_AT}
        ldr     x22, =${RESULTS_AT}
        ldr     x21, [x20], #8
trial:  cbz     x21, done
        mov     x0, #0x401
        msr     scr_el3, x0
        mov     x0, #0x80000000
        msr     hcr_el2, x0
        isb
        adr     x0, vectors2
        msr     vbar_el2, x0
        adr     x0, vectors1
        msr     vbar_el1, x0
        msr     mdscr_el1, xzr
        msr     vtcr_el2, xzr
${CONTROLS.map(name => `        ldr     x0, [x20], #8\n        msr     ${generic[name] ?? name}, x0${name.startsWith('ICC') ? '\n        isb' : ''}`).join('\n')}
        ldp     x0, x1, [x20], #16
        msr     spsr_el3, x0
        msr     elr_el3, x1
        isb
        mov     x0, #0
        mov     x1, #0
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x5, #0
        mov     x6, #0
        mov     x7, #0
        eret

lower:  mrs     x8, esr_el1             // what the trial set may trap this anywhere but here
        cmp     x9, #1
        b.eq    ended
        mrs     x8, esr_el2
ended:  stp     x9, x8, [x22], #16
        sub     x21, x21, #1
        b       trial

${semihostingDump('outcomes', RESULTS_AT)}
        .balign 2048
vectors3:
        .rept   16
        mrs     x10, esr_el3
        ldr     x11, =0x5e000055
        cmp     x10, x11
        b.eq    lower
        mov     x8, x10
        mov     x9, #3
        b       ended
        .balign 128
        .endr
vectors2:
        .rept   16
        mov     x9, #2
        smc     #0x55
        .balign 128
        .endr
vectors1:
        .rept   16
        mov     x9, #1
        smc     #0x55
        .balign 128
        .endr
`;

/** Runs the trials. */
export function askQemu(trials: readonly Trial[]): Outcome[] {
  const words: bigint[] = [BigInt(trials.length)];
  trials.forEach(({ controls, el }, index) => {
    for (const name of CONTROLS) words.push(controls[name]);
    words.push(SPSR_MODE[el], BigInt(CODE_AT + index * 8));
  });
  const code = Uint32Array.from(trials.flatMap(({ word }) => [word, STOP]));
  const outcomes = runBareMetal({
    program,
    architecture: 'armv8.2-a',
    files: [
      { address: TRIALS_AT, bytes: new Uint8Array(BigUint64Array.from(words).buffer) },
      { address: CODE_AT, bytes: new Uint8Array(code.buffer) },
    ],
    output: 'outcomes',
  });
  return trials.map((_, index) => ({
    to: Number(outcomes.readBigUInt64LE(index * 16)),
    syndrome: outcomes.readBigUInt64LE(index * 16 + 8),
  }));
}
