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

/** The page at VNCR_EL2, and what its doublewords hold before each trial: this number and their offset. */
const NESTED_AT = 0x4c00_0000;
export const NESTED_MARK = 0xabc0_0000_0000_0000n;
const fillNested = `
        ldr     x0, =${NESTED_AT}
        msr     S3_4_C2_C2_0, x0        // VNCR_EL2
        mov     x1, #0
        ldr     x2, =${NESTED_MARK}
1:      add     x3, x2, x1
        str     x3, [x0, x1]
        add     x1, x1, #8
        cmp     x1, #4096
        b.ne    1b`;
/** What was read, then how the page has changed: the doublewords of both as one number. */
const reportNested = `
        eor     x0, x0, x1
        eor     x2, x2, x3
        eor     x4, x4, x5
        eor     x6, x6, x7
        eor     x0, x0, x2
        eor     x4, x4, x6
        eor     x0, x0, x4
        str     x0, [x22], #8
        ldr     x0, =${NESTED_AT}
        mov     x1, #0
        ldr     x2, =${NESTED_MARK}
        mov     x3, #0
1:      ldr     x4, [x0, x1]
        add     x5, x2, x1
        eor     x4, x4, x5
        eor     x3, x3, x4
        add     x1, x1, #8
        cmp     x1, #4096
        b.ne    1b
        str     x3, [x22], #8`;

const program = (nested: boolean): string => `
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
${nested ? fillNested : ''}
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
${nested ? reportNested : ''}
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

export interface NestedOutcome extends Outcome {
  /** The offset from VNCR_EL2 that was read or written. */
  readonly memory: number | undefined;
}

/** Runs the trials. */
export function askQemu(trials: readonly Trial[]): Outcome[] {
  const outcomes = run(trials, false);
  return trials.map((_, index) => outcomeAt(outcomes, index * 16));
}

/** Runs the trials with memory at VNCR_EL2: for a QEMU that has FEAT_NV2 (9.0 or newer). */
export function askQemuNested(trials: readonly Trial[]): NestedOutcome[] {
  const outcomes = run(trials, true);
  const offsetOf = (value: bigint) => (value >> 48n === NESTED_MARK >> 48n ? Number(value & 0xfffn) : undefined);
  return trials.map((_, index) => {
    const read = offsetOf(outcomes.readBigUInt64LE(index * 32 + 16));
    const written = offsetOf(outcomes.readBigUInt64LE(index * 32 + 24));
    return { ...outcomeAt(outcomes, index * 32), memory: read ?? written };
  });
}

const outcomeAt = (outcomes: Buffer, at: number): Outcome => ({
  to: Number(outcomes.readBigUInt64LE(at)),
  syndrome: outcomes.readBigUInt64LE(at + 8),
});

function run(trials: readonly Trial[], nested: boolean): Buffer {
  const words: bigint[] = [BigInt(trials.length)];
  trials.forEach(({ controls, el }, index) => {
    for (const name of CONTROLS) words.push(controls[name]);
    words.push(SPSR_MODE[el], BigInt(CODE_AT + index * 8));
  });
  const code = Uint32Array.from(trials.flatMap(({ word }) => [word, STOP]));
  return runBareMetal({
    program: program(nested),
    architecture: 'armv8.2-a',
    files: [
      { address: TRIALS_AT, bytes: new Uint8Array(BigUint64Array.from(words).buffer) },
      { address: CODE_AT, bytes: new Uint8Array(code.buffer) },
    ],
    output: 'outcomes',
    board: nested ? '' : ',mte=on',
  });
}
