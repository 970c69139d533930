/**
 * Asks QEMU what exceptions and exception returns do. A bare-metal program at EL3 takes trials (controls, process state
 * and one instruction) from memory; each ends in an exception, of which it reports the vector, ESR, SPSR, ELR and the
 * process state on entry.
 */
import { runBareMetal, semihostingDump } from './bare-metal.ts';

/** Registers that a trial sets, in the order of the program. */
export const CONTROLS = ['SCTLR_EL1', 'SCTLR_EL2', 'MDCR_EL2', 'SPSR_EL1', 'SPSR_EL2', 'HCR_EL2', 'SCR_EL3'] as const;
export type Control = (typeof CONTROLS)[number];

export interface Trial {
  readonly controls: Readonly<Record<Control, bigint>>;
  /** SPSR_EL3 with which the trial is entered: level, stack pointer and the rest of the process state. */
  readonly entry: bigint;
  readonly word: number;
}

export interface Outcome {
  /** The level that took the exception. */
  readonly to: number;
  /** Offset from VBAR_ELx. */
  readonly vector: number;
  readonly syndrome: bigint;
  readonly savedState: bigint;
  /** ELR_ELx, in bytes from the trial's instruction. */
  readonly returns: number;
  /** DAIF, PAN, UAO, SSBS, SPSel on entry, in SPSR's positions; zero for exceptions to EL3. */
  readonly entered: bigint;
}

const TRIALS_AT = 0x4200_0000;
const CODE_AT = 0x4600_0000;
const RESULTS_AT = 0x4800_0000;
/** BRK #0x77 follows each instruction, and exception returns go there. */
const STOP = 0xd420_0ee0;
const TRIAL_BYTES = 8;

const PAN = 'S3_0_C4_C2_3';
const UAO = 'S3_0_C4_C2_4';
const SSBS = 'S3_3_C4_C2_6';

const vectors = (el: 1 | 2): string => `
        .balign 2048
vectors${el}:
        .set    offset, 0
        .rept   16
        mov     x9, #offset
        movk    x9, #${el}, lsl #16
        b       report
        .balign 128
        .set    offset, offset + 0x80
        .endr
`;

const program = `
        .global _start
        .text
_start: adr     x0, vectors3
        msr     vbar_el3, x0
        ldr     x20, =${TRIALS_AT}
        ldr     x22, =${RESULTS_AT}
        ldr     x21, [x20], #8
        ldr     x19, =${CODE_AT}
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
        add     x1, x19, #4
        msr     elr_el1, x1
        msr     elr_el2, x1
${CONTROLS.map(name => `        ldr     x0, [x20], #8\n        msr     ${name}, x0`).join('\n')}
        ldr     x0, [x20], #8
        msr     spsr_el3, x0
        msr     elr_el3, x19
        isb
        eret

        // At EL1 or EL2, with the vector in X9: adds the process state and goes up.
report: mrs     x10, daif
        mrs     x11, ${PAN}
        orr     x10, x10, x11
        mrs     x11, ${UAO}
        orr     x10, x10, x11
        mrs     x11, ${SSBS}
        orr     x10, x10, x11
        mrs     x11, spsel
        orr     x10, x10, x11
        smc     #0x55

from3:  mrs     x12, esr_el3
        ldr     x11, =0x5e000055
        cmp     x12, x11
        b.eq    lower
        mrs     x13, spsr_el3
        mrs     x14, elr_el3
        mov     x10, #0
        b       ended
lower:  mrs     x12, esr_el1
        mrs     x13, spsr_el1
        mrs     x14, elr_el1
        tbz     x9, #17, ended          // EL1
        mrs     x12, esr_el2
        mrs     x13, spsr_el2
        mrs     x14, elr_el2
ended:  sub     x14, x14, x19
        stp     x9, x12, [x22], #16
        stp     x13, x14, [x22], #16
        str     x10, [x22], #8
        sub     x21, x21, #1
        add     x19, x19, #${TRIAL_BYTES}
        b       trial
${semihostingDump('outcomes', RESULTS_AT)}
${vectors(1)}${vectors(2)}
        .balign 2048
vectors3:
        .set    offset, 0
        .rept   16
        // A report from below keeps its X9.
        mrs     x12, esr_el3
        ldr     x11, =0x5e000055
        cmp     x12, x11
        b.eq    from3
        mov     x9, #offset
        movk    x9, #3, lsl #16
        b       from3
        .balign 128
        .set    offset, offset + 0x80
        .endr
`;

const WORDS = 5;

/** Runs the trials. */
export function askQemu(trials: readonly Trial[]): Outcome[] {
  const words: bigint[] = [BigInt(trials.length)];
  for (const { controls, entry } of trials) {
    for (const name of CONTROLS) words.push(controls[name]);
    words.push(entry);
  }
  const code = Uint32Array.from(trials.flatMap(({ word }) => [word, STOP]));
  const file = runBareMetal({
    program,
    architecture: 'armv8.2-a',
    files: [
      { address: TRIALS_AT, bytes: new Uint8Array(BigUint64Array.from(words).buffer) },
      { address: CODE_AT, bytes: new Uint8Array(code.buffer) },
    ],
    output: 'outcomes',
  });
  return trials.map((_, index) => {
    const word = (n: number): bigint => file.readBigUInt64LE((index * WORDS + n) * 8);
    return {
      to: Number(word(0) >> 16n),
      vector: Number(word(0) & 0xffffn),
      syndrome: word(1),
      savedState: word(2),
      returns: Number(BigInt.asIntN(64, word(3))),
      entered: word(4),
    };
  });
}
