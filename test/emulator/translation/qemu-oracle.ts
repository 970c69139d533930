/**
 * Asks QEMU what AT instructions answer and how instruction fetches end. A bare-metal program at EL3 takes worlds
 * (values of the translation registers and questions about them) from memory, executes AT or leaves for the address of
 * each question, and writes PAR_EL1 or the syndromes to a file by semihosting.
 *
 * A fetch is asked for with PSTATE.IL set, so that it ends at once: where it succeeds, in an Illegal Execution state
 * exception. The vectors of EL1 and EL2 call EL3, which notes what the first exception left in the registers of EL1 and
 * EL2. Under stage 2 the vectors of EL1 are out of reach, and trying to fetch one is an exception to EL2.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressTranslateOperation } from '../../../emulator/translation/address-translate.ts';
import type { TranslationRegister } from '../../../emulator/translation/inputs.ts';

/** Registers that a world sets, in the order of the program below. */
export const WORLD_REGISTERS = [
  'SCR_EL3',
  'HCR_EL2',
  'SCTLR_EL1',
  'TCR_EL1',
  'MAIR_EL1',
  'TTBR0_EL1',
  'TTBR1_EL1',
  'SCTLR_EL2',
  'TCR_EL2',
  'MAIR_EL2',
  'TTBR0_EL2',
  'TTBR1_EL2',
  'VTCR_EL2',
  'VTTBR_EL2',
  'VSTCR_EL2',
  'VSTTBR_EL2',
] as const satisfies readonly TranslationRegister[];

/** Registers that the program reports first. */
const REPORTED = [
  'ID_AA64MMFR0_EL1',
  'ID_AA64MMFR1_EL1',
  'ID_AA64MMFR2_EL1',
  'ID_AA64ISAR1_EL1',
  'ID_AA64ISAR2_EL1',
  'ID_AA64PFR1_EL1',
] as const satisfies readonly TranslationRegister[];

/** The program's operations, in order. */
export const OPERATIONS = [
  'S1E0R',
  'S1E0W',
  'S1E1R',
  'S1E1W',
  'S1E1RP',
  'S1E1WP',
  'S1E2R',
  'S1E2W',
  'S12E0R',
  'S12E0W',
  'S12E1R',
  'S12E1W',
] as const satisfies readonly AddressTranslateOperation[];

/** Fetches of an instruction at EL0 and EL1; they follow the AT operations. */
export const FETCHES = ['fetch at EL0', 'fetch at EL1'] as const;

const EVERY_OPERATION: readonly Question['operation'][] = [...OPERATIONS, ...FETCHES];

export interface Question {
  readonly operation: (typeof OPERATIONS)[number] | (typeof FETCHES)[number];
  readonly virtualAddress: bigint;
}

export interface World {
  readonly registers: Readonly<Record<(typeof WORLD_REGISTERS)[number], bigint>>;
  /** PSTATE.PAN during the AT instructions. */
  readonly pan: boolean;
  readonly questions: readonly Question[];
}

/** The registers that a fetch leaves; those of the first exception are not zero. */
export const FETCH_REGISTERS = ['ESR_EL1', 'FAR_EL1', 'ESR_EL2', 'FAR_EL2', 'HPFAR_EL2'] as const;
export type FetchRecord = Readonly<Record<(typeof FETCH_REGISTERS)[number], bigint>>;

export interface Answers {
  readonly idRegisters: Readonly<Partial<Record<TranslationRegister, bigint>>>;
  /** PAR_EL1 by world and question; an exception is {@link EXCEPTION} with the syndrome below it. */
  readonly par: readonly (readonly bigint[])[];
  /** By world and question, for fetches. */
  readonly fetches: readonly (readonly (FetchRecord | undefined)[])[];
  /** The table memory afterwards. */
  readonly memory: Buffer;
}

/** Marks an answer that was an exception: ESR_EL3 in the low half. */
export const EXCEPTION = 0xeeee_eeee_0000_0000n;

/**
 * A level 1 table for TTBR1_EL1 (T1SZ = 25, 4 KB) that maps EL1's vectors. Under stage 2, TTBR1_EL1 has to hold an
 * address that stage 2 refuses instead.
 */
export const UPPER_TABLE_AT = 0x4700_0000;

const WORLDS_AT = 0x4200_0000;
const RESULTS_AT = 0x4800_0000;
/** Where the caller's table memory lies. */
export const TABLES_AT = 0x4400_0000;

const program = `
        .global _start
        .text
_start: adr     x0, vectors
        msr     vbar_el3, x0
        adr     x0, vectors_el2
        msr     vbar_el2, x0
        orr     x0, x0, #0xffffff8000000000
        msr     vbar_el1, x0
        ldr     x0, =${UPPER_TABLE_AT}
        ldr     x1, =0x40000481         // a read-only block of 1 GiB with the access flag
        str     x1, [x0, #8]
        ldr     x20, =${WORLDS_AT}
        ldr     x22, =${RESULTS_AT}
${REPORTED.map(name => `        mrs     x0, ${genericOf(name)}\n        str     x0, [x22], #8`).join('\n')}
        ldr     x24, [x20], #8          // bytes of table memory
        ldr     x21, [x20], #8          // worlds
world:  cbz     x21, done
${WORLD_REGISTERS.map(name => `        ldr     x0, [x20], #8\n        msr     ${genericOf(name)}, x0`).join('\n')}
        ldr     x0, [x20], #8
        cbz     x0, 1f
        .inst   0xd500419f              // msr pan, #1
        b       2f
1:      .inst   0xd500409f              // msr pan, #0
2:      isb
        tlbi    alle1
        tlbi    alle2
        dsb     sy
        isb
        ldr     x23, [x20], #8          // questions
ask:    cbz     x23, next
        ldp     x0, x1, [x20], #16
        adr     x2, operations
        add     x2, x2, x0, lsl #3
        mov     x5, #0
        blr     x2
        cbz     x2, asked               // a fetch stores what it finds
        isb
        mrs     x4, par_el1
        cmp     x5, #0
        csel    x4, x4, x5, eq
        str     x4, [x22], #8
asked:  sub     x23, x23, #1
        b       ask
next:   sub     x21, x21, #1
        b       world

done:   adr     x1, open
        mov     x0, #1
        hlt     #0xf000
        mov     x19, x0
        adr     x1, write
        str     x19, [x1]
        ldr     x2, =${RESULTS_AT}
        sub     x3, x22, x2
        stp     x2, x3, [x1, #8]
        mov     x0, #5
        hlt     #0xf000
        adr     x1, write
        ldr     x2, =${TABLES_AT}
        stp     x2, x24, [x1, #8]
        mov     x0, #5
        hlt     #0xf000
        adr     x1, exit
        mov     x0, #0x18
        hlt     #0xf000

        .balign 8
operations:
${OPERATIONS.map(name => `        ${instructionOf(name)}\n        ret`).join('\n')}
        movz    x7, #0x3c0
        b       fetch
        movz    x7, #0x3c5
fetch:  movk    x7, #0x10, lsl #16      // PSTATE.IL
        msr     spsr_el3, x7
        msr     elr_el3, x1
${FETCH_REGISTERS.map(name => `        msr     ${name}, xzr`).join('\n')}
        eret
landed:
${FETCH_REGISTERS.map(name => `        mrs     x0, ${name}\n        str     x0, [x22], #8`).join('\n')}
        mov     x2, #0
        ret
        .balign 8
open:   .quad   name, 5, name_end - name - 1   // "wb"
write:  .quad   0, 0, 0
exit:   .quad   0x20026, 0
name:   .asciz  "answers"
name_end:
        .balign 2048
vectors:
        .rept   8
        mrs     x5, esr_el3
        movk    x5, #0xeeee, lsl #32
        movk    x5, #0xeeee, lsl #48
        mrs     x6, elr_el3
        add     x6, x6, #4
        msr     elr_el3, x6
        eret
        .balign 128
        .endr
        .rept   8
        b       landed
        .balign 128
        .endr
vectors_el2:
        .rept   16
        smc     #0
        .balign 128
        .endr
`;

/** The assembler here may not know the newest names. */
function genericOf(name: string): string {
  const generic: Readonly<Record<string, string>> = {
    ID_AA64ISAR2_EL1: 'S3_0_C0_C6_2',
    TTBR1_EL2: 'S3_4_C2_C0_1',
    VSTTBR_EL2: 'S3_4_C2_C6_0',
    VSTCR_EL2: 'S3_4_C2_C6_2',
  };
  return generic[name] ?? name;
}

function instructionOf(operation: string): string {
  if (operation === 'S1E1RP') return 'sys #0, C7, C9, #0, x1';
  if (operation === 'S1E1WP') return 'sys #0, C7, C9, #1, x1';
  return `at ${operation}, x1`;
}

/** Runs the worlds over the given tables, which lie at {@link TABLES_AT}. */
export function askQemu(worlds: readonly World[], tables: Uint8Array): Answers {
  const words: bigint[] = [BigInt(tables.byteLength), BigInt(worlds.length)];
  for (const world of worlds) {
    for (const name of WORLD_REGISTERS) words.push(world.registers[name]);
    words.push(world.pan ? 1n : 0n, BigInt(world.questions.length));
    for (const { operation, virtualAddress } of world.questions) {
      words.push(BigInt(EVERY_OPERATION.indexOf(operation)), virtualAddress);
    }
  }
  const directory = mkdtempSync(join(tmpdir(), 'translation-'));
  try {
    const at = (name: string): string => join(directory, name);
    writeFileSync(at('program.s'), program);
    writeFileSync(at('worlds'), new Uint8Array(BigUint64Array.from(words).buffer));
    writeFileSync(at('tables'), tables);
    execFileSync('aarch64-linux-gnu-as', ['-march=armv8.1-a', '-o', at('program.o'), at('program.s')]);
    execFileSync('aarch64-linux-gnu-ld', ['-Ttext=0x40080000', '-o', at('program'), at('program.o')]);
    const run = spawnSync(
      'qemu-system-aarch64',
      [
        ...['-M', 'virt,secure=on,virtualization=on,gic-version=3', '-cpu', 'max,sve=off', '-m', '256'],
        ...['-display', 'none', '-serial', 'none', '-monitor', 'none', '-semihosting', '-kernel', at('program')],
        ...['-device', `loader,file=${at('worlds')},addr=${WORLDS_AT},force-raw=on`],
        ...['-device', `loader,file=${at('tables')},addr=${TABLES_AT},force-raw=on`],
      ],
      { cwd: directory, timeout: 60_000, encoding: 'utf8' },
    );
    if (run.error || run.status !== 0)
      throw new Error(`QEMU ended with ${run.status}: ${run.stderr}`, { cause: run.error });
    const file = readFileSync(at('answers'));
    let offset = 0;
    const take = (): bigint => {
      const value = file.readBigUInt64LE(offset);
      offset += 8;
      return value;
    };
    const idRegisters = Object.fromEntries(REPORTED.map(name => [name, take()]));
    const par: bigint[][] = [];
    const fetches: (FetchRecord | undefined)[][] = [];
    for (const { questions } of worlds) {
      const pars: bigint[] = [];
      const records: (FetchRecord | undefined)[] = [];
      for (const { operation } of questions) {
        const isFetch = operation.startsWith('fetch');
        pars.push(isFetch ? 0n : take());
        records.push(isFetch ? takeFetchRecord(take) : undefined);
      }
      par.push(pars);
      fetches.push(records);
    }
    return { idRegisters, par, fetches, memory: file.subarray(offset) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function takeFetchRecord(take: () => bigint): FetchRecord {
  return {
    ESR_EL1: take(),
    FAR_EL1: take(),
    ESR_EL2: take(),
    FAR_EL2: take(),
    HPFAR_EL2: take(),
  };
}
