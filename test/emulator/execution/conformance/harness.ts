/**
 * A bare-metal program that runs random programs one after the other and keeps what each of them did. The same bytes run
 * on QEMU and on our machine.
 *
 * Each random program runs at EL1 or EL0 with SP_EL0 as its stack pointer and ends with BRK #0x77. Every other exception
 * is written to its log and stepped over, but a failed instruction fetch ends the program. Before it a window of memory is filled with numbers; after it the window's
 * checksum is kept. The data it reads and writes are readable and writable at EL0, its code is read-only.
 */
import { instructions } from '../../../../emulator/architecture/instructions/index.ts';
import { generateInterpreter } from '../../../../emulator/execution/interpreter/generate.ts';
import { type Interpreter, loadInterpreter } from '../../../../emulator/execution/interpreter/interpreter.ts';
import { Machine } from '../../../../emulator/machine/machine.ts';
import { parseOptionWords } from '../../../../emulator/machine/option-words.ts';
import { architectureInstructions, assembleAndLink } from '../../../../language-server/assembler/index.ts';
import { BARE_METAL_NEEDS, runBareMetal, semihostingDump } from '../../processing-element/bare-metal.ts';

export { BARE_METAL_NEEDS };

/** The window of memory that is filled and summed up, within the data region, and the part of it that pointers are to. */
export const WINDOW = 0x4a10_0000n;
export const WINDOW_SIZE = 2048;
const PAGE = 4096;
/** Behind its last byte nothing is mapped. */
export const DATA_END = 0x4a20_0000n;
export const CODE_AT = 0x4400_1000;
/** Code regions of 2 MiB are mapped up to here. */
export const CODE_END = 0x4600_0000;
const STARTS_AT = 0x4600_0000;
const RESULTS_AT = 0x4b00_0000;
/** A word that tells that all results are there. */
const FLAG_AT = 0x4eff_f000;

/** What a program starts with: X0 to X30, SP, PSTATE, FPCR, the seed of the window, then V0 to V31 as pairs. */
export interface Start {
  readonly x: readonly bigint[];
  readonly sp: bigint;
  readonly pstate: bigint;
  readonly fpcr: bigint;
  readonly seed: bigint;
  readonly v: readonly bigint[];
  readonly words: readonly number[];
}

export interface LoggedException {
  readonly elr: bigint;
  readonly esr: bigint;
  readonly far: bigint;
}

export interface Result {
  readonly x: readonly bigint[];
  readonly sp: bigint;
  readonly pstate: bigint;
  readonly fpsr: bigint;
  readonly checksum: bigint;
  readonly v: readonly bigint[];
  readonly exceptions: readonly LoggedException[];
}

/** Byte order of all data at EL1 and EL0, page tables included. */
export type ByteOrder = 'little' | 'big';
/** Of SCTLR_EL1. */
const EE_AND_E0E = 0x300_0000;

/** The data region has allocation tags, and accesses to it are checked. */
export interface TagChecks {
  /** SCTLR_EL1.TCF and TCF0. */
  readonly atEl1: 0 | 1 | 2 | 3;
  readonly atEl0: 0 | 1 | 2 | 3;
  /** TCR_EL1.TCMA0. */
  readonly tagZeroUnchecked: boolean;
}

/** Every effect of a failed check, at EL1 and at EL0. */
export const tagSettings: readonly TagChecks[] = [
  { atEl1: 1, atEl0: 1, tagZeroUnchecked: false },
  { atEl1: 2, atEl0: 3, tagZeroUnchecked: true },
  { atEl1: 3, atEl0: 2, tagZeroUnchecked: false },
  { atEl1: 0, atEl0: 1, tagZeroUnchecked: true },
];

/** Those under which no failed check is only noted. */
export const synchronousTagSettings = tagSettings.filter(({ atEl1, atEl0 }) => atEl1 < 2 && atEl0 < 2);

/**
 * Both machines have what QEMU's `max` has got since version 7.2: ours is `trapdoor`. Around the window are pages that are
 * not for EL0, read-only, or not there.
 */
export interface Newer {
  /** SCTLR_EL1.nAA: ordered accesses may be unaligned. */
  readonly unalignedOrdered: boolean;
}

export const newerSettings: readonly Newer[] = [{ unalignedOrdered: false }, { unalignedOrdered: true }];

/** What differs between the runs of programs. */
export interface Setting {
  readonly order?: ByteOrder;
  readonly tagChecks?: TagChecks;
  readonly newer?: Newer;
}

/** Bytes of the window that are filled and summed up. */
const windowSize = ({ newer }: Setting): number => (newer ? 3 * PAGE : WINDOW_SIZE);

/** Exceptions beyond this number are counted only. */
const LOGGED = 24;
const START_WORDS = 31 + 5 + 64;
const RESULT_WORDS = 31 + 5 + 64 + 3 * LOGGED;

/** Whether programs use the SIMD and floating-point registers: once their loads and stores have rows. */
export const VECTORS = instructions.some(row => row.name.startsWith('LDP (SIMD&FP'));

const pairs = (op: 'ldp' | 'stp', bank: string, base: string, first: number, last: number, offset: number): string =>
  Array.from({ length: (last - first + 1) / 2 }, (_, i) => {
    const n = first + 2 * i;
    return `        ${op} ${bank}${n}, ${bank}${n + 1}, [${base}, #${offset + i * (bank === 'q' ? 32 : 16)}]`;
  }).join('\n');

/** The ten halves of the keys of pointer authentication, S3_0_C2_C1_0 and on. */
const keys = Array.from({ length: 10 }, (_, i) => {
  const half = BigInt.asUintN(64, 0x9e3779b97f4a7c15n * BigInt(i + 1));
  const name = `s3_0_c2_c${1 + (i >> 2)}_${i & 3}`;
  return `        number  x0, 0x${half.toString(16)}\n        msr     ${name}, x0`;
}).join('\n');

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const control = ({ order }: Setting, value: number): string => hex(value + (order === 'big' ? EE_AND_E0E : 0));

/** SCTLR_EL1: MSCEn and nAA. */
const newerControl = ({ newer }: Setting): number => (newer ? 2 ** 33 + (newer.unalignedOrdered ? 2 ** 6 : 0) : 0);
/** SCR_EL3.HXEn and HCRX_EL2.MSCEn. */
const HXEN = 0x40_0000_0000n;
const MSCEN = 1 << 11;

/** Entries of the pages around the window: privileged, then the window, read-only and none. */
const PAGES_AROUND = `
        place   x0, level_three + 8 * 255
        number  x1, 0x006000004a0ff703
        str     x1, [x0]
        number  x1, 0x006000004a1037c3
        str     x1, [x0, #32]
        str     xzr, [x0, #40]`;
/** The data region: a block that is read-write for both, or pages. */
const dataRegion = ({ tagChecks, newer }: Setting): string => `
        number  x1, 0x006000004a00074${tagChecks ? 5 : 1}     // data: read-write for both
${
  newer
    ? `        place   x2, level_three
        add     x1, x1, #2
        mov     x3, #512
1:      str     x1, [x2], #8
        add     x1, x1, #4096
        subs    x3, x3, #1
        b.ne    1b
        place   x1, level_three + 3`
    : ''
}
        str     x1, [x0]${newer ? PAGES_AROUND : ''}`;

/** SCTLR_EL1: ATA, ATA0, TCF, TCF0, and DZE so that EL0 may clear blocks. */
const tagControl = ({ tagChecks }: Setting): number =>
  tagChecks ? 3 * 2 ** 42 + tagChecks.atEl1 * 2 ** 40 + tagChecks.atEl0 * 2 ** 38 + 2 ** 14 : 0;
/** TCR_EL1: TBI0 and TCMA0. */
const tagTranslation = ({ tagChecks }: Setting): bigint =>
  tagChecks ? (1n << 37n) | (tagChecks.tagZeroUnchecked ? 1n << 57n : 0n) : 0n;

/** X1 is the seed, and X5 keeps the tag that most granules get. */
const keepTag = '        and     x5, x1, #15';
/** Gives the window tags by the random sequence in X1, and IRG what it starts from. */
const fillTags = `
        number  x2, ${WINDOW}
        mov     x3, #${WINDOW_SIZE / 16}
1:      madd    x1, x1, x4, x4
        lsr     x6, x1, #60
        tst     x1, #0x30000000000
        csel    x6, x6, x5, eq
        lsl     x6, x6, #56
        stg     x6, [x2], #16
        subs    x3, x3, #1
        b.ne    1b
        ubfx    x2, x1, #20, #17
        msr     gcr_el1, x2
        and     x2, x1, #15
        ubfx    x3, x1, #8, #16
        orr     x2, x2, x3, lsl #8
        msr     rgsr_el1, x2
        msr     tfsr_el1, xzr
        msr     tfsre0_el1, xzr`;
/** Adds the window's tags and what checks and IRG have left to the checksum in X4. */
const sumTags = `
        number  x2, ${WINDOW}
        mov     x3, #${WINDOW_SIZE / 16}
1:      mov     x6, xzr
        ldg     x6, [x2]
        add     x2, x2, #16
        eor     x4, x4, x6
        mul     x4, x4, x5
        ror     x4, x4, #29
        subs    x3, x3, #1
        b.ne    1b
${['rgsr_el1', 'tfsr_el1', 'tfsre0_el1'].map(name => `        mrs     x6, ${name}\n        eor     x4, x4, x6\n        mul     x4, x4, x5\n        ror     x4, x4, #29`).join('\n')}`;

/** Moves X0 past the instruction; past what remains of a copy or set of memory, too, which is open without its beginning. */
const stepOver = ({ newer }: Setting): string =>
  newer
    ? `        msr     pan, #0
2:      add     x0, x0, #4
        ldr     w1, [x0]
        tbz     w1, #24, 3f
        tbnz    w1, #25, 3f
        tbz     w1, #10, 3f
        lsr     w1, w1, #27
        cmp     w1, #3
        b.eq    2b
3:`
    : '        add     x0, x0, #4';

/** The program; its literals are made by instructions, since its data are in the byte order that it tests. */
const program = (setting: Setting): string => `
        .macro  number register, value
        movz    \\register, #((\\value) & 0xffff)
        movk    \\register, #(((\\value) >> 16) & 0xffff), lsl #16
        movk    \\register, #(((\\value) >> 32) & 0xffff), lsl #32
        movk    \\register, #(((\\value) >> 48) & 0xffff), lsl #48
        .endm
        .macro  place register, symbol
        adrp    \\register, \\symbol
        add     \\register, \\register, #:lo12:\\symbol
        .endm
        .global _start
        .text
_start: number  x0, 0x30401 | 0x100 | ${setting.tagChecks ? '0x4000000' : '0'} | ${hex(setting.newer ? HXEN : 0)}    // SCR_EL3: NS, RW, HCE, no trap of pointer authentication and tags
        msr     scr_el3, x0
${setting.newer ? `        mov     x0, #${MSCEN}\n        msr     s3_4_c1_c2_2, x0           // HCRX_EL2` : ''}
        number  x0, 0x30080000000 | ${setting.tagChecks ? '0x100000000000000' : '0'}  // HCR_EL2: RW, and no such traps
        msr     hcr_el2, x0
${keys}
        msr     cptr_el3, xzr
        mov     x0, #0x33ff
        msr     cptr_el2, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        number  x0, ${control(setting, 0x30d0_1980)}    // SCTLR_EL1: SPAN, I and RES1 bits; QEMU does not check SP's alignment
        msr     sctlr_el1, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        adr     x0, level1
        msr     elr_el3, x0
        isb
        eret

level1: mov     x0, #0x40000000             // the device trees of the two machines differ
        place   x1, _start
clear:  stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.ne    clear
        place   x0, frame
        mov     sp, x0
${setting.tagChecks ? '        msr     tco, #1' : ''}
        mov     x0, #0x${setting.tagChecks ? 'f0ff' : 'ff'}                 // MAIR_EL1: normal memory, and with tags
        msr     mair_el1, x0
        number  x0, ${hex(0x2_0099_3519n | tagTranslation(setting))}            // TCR_EL1: 39 bits, 4 KiB, inner shareable, write-back; no walks by TTBR1
        msr     tcr_el1, x0
        place   x0, level_one
        msr     ttbr0_el1, x0
        place   x1, level_two + 3
        str     x1, [x0, #8]
        place   x0, level_two
        number  x1, 0x0040000040000701     // the harness: privileged, read-write
        mov     x2, #16
1:      str     x1, [x0], #8                // 0x40000000 to 0x42000000
        add     x1, x1, #0x200000
        subs    x2, x2, #1
        b.ne    1b
        place   x0, level_two + 8 * 32
        number  x1, 0x00000000440007c1     // code: read-only for both
        mov     x2, #16
1:      str     x1, [x0], #8                // 0x44000000 to 0x46000000
        add     x1, x1, #0x200000
        subs    x2, x2, #1
        b.ne    1b
        number  x1, 0x0040000046000701     // starts: privileged
        mov     x2, #16
1:      str     x1, [x0], #8
        add     x1, x1, #0x200000
        subs    x2, x2, #1
        b.ne    1b
        place   x0, level_two + 8 * 80
${dataRegion(setting)}
        place   x0, level_two + 8 * 88
        number  x1, 0x006000004b000701     // results: privileged
        mov     x2, #32
1:      str     x1, [x0], #8
        add     x1, x1, #0x200000
        subs    x2, x2, #1
        b.ne    1b
        dsb     sy
        tlbi    vmalle1
        dsb     sy
        isb
        number  x0, ${control(setting, 0xf8d0_3985 + tagControl(setting) + newerControl(setting))}    // with the MMU, the data cache and all authentication
        msr     sctlr_el1, x0
        isb
        number  x20, ${STARTS_AT}
        number  x22, ${RESULTS_AT}
        ldr     x21, [x20], #8              // how many
        stp     x20, x21, [sp, #0x20]
        str     x22, [sp, #0x30]

next:   ldp     x20, x21, [sp, #0x20]
        cbz     x21, over
        sub     x21, x21, #1
        place   x0, frame_log
        str     x0, [sp, #0x10]
        ldp     x1, x0, [x20, #${8 * 31}]
        msr     sp_el0, x1
        msr     spsr_el1, x0
        ldp     x0, x1, [x20, #${8 * 33}]
        msr     fpcr, x0
        msr     fpsr, xzr
        ldr     x0, [x20, #${8 * 35}]       // address of the code
        msr     elr_el1, x0
        clrex
${setting.tagChecks ? keepTag : ''}
        number  x2, ${WINDOW}
        mov     x3, #${windowSize(setting) / 8}
        number  x4, 0x5851f42d4c957f2d
fill:   madd    x1, x1, x4, x4
        str     x1, [x2], #8
        subs    x3, x3, #1
        b.ne    fill
${setting.tagChecks ? fillTags : ''}
        add     x0, x20, #${8 * 36}
${VECTORS ? pairs('ldp', 'q', 'x0', 0, 31, 0) : ''}
        add     x0, x20, #${8 * START_WORDS}
        stp     x0, x21, [sp, #0x20]
        mov     x30, x20
${pairs('ldp', 'x', 'x30', 0, 29, 0)}
        ldr     x30, [x30, #240]
        eret

taken:  stp     x0, x1, [sp]                // an exception of a random program
        mrs     x0, esr_el1
        mov     w1, #0x0077
        movk    w1, #0xf200, lsl #16
        cmp     x0, x1
        b.eq    ended
        ldr     x1, [sp, #0x10]
        str     x0, [x1, #8]
        mrs     x0, elr_el1
        str     x0, [x1]
        mrs     x0, far_el1
        str     x0, [x1, #16]
        add     x1, x1, #24
        str     x1, [sp, #0x10]
        mrs     x0, esr_el1
        lsr     x0, x0, #26
        sub     x1, x0, #0x20
        cmp     x1, #2
        b.ls    ended                       // a branch into nowhere ends the program
        cmp     x0, #0x15
        b.eq    1f                          // SVC returns behind itself
        mrs     x0, elr_el1
${stepOver(setting)}
        msr     elr_el1, x0
1:      ldp     x0, x1, [sp]
        eret

ended:  msr     pan, #0
        ldr     x1, [sp, #0x30]
        stp     x2, x3, [x1, #16]
        ldp     x2, x3, [sp]
        stp     x2, x3, [x1]
${pairs('stp', 'x', 'x1', 4, 29, 32)}
        str     x30, [x1, #240]
        mrs     x2, sp_el0
        mrs     x3, spsr_el1
        stp     x2, x3, [x1, #${8 * 31}]
        mrs     x2, fpsr
        str     x2, [x1, #${8 * 33}]
        number  x2, ${WINDOW}
        mov     x3, #${windowSize(setting) / 8}
        mov     x4, #0
        number  x5, 0x5851f42d4c957f2d
sum:    ldr     x6, [x2], #8
        eor     x4, x4, x6
        mul     x4, x4, x5
        ror     x4, x4, #29
        subs    x3, x3, #1
        b.ne    sum
${setting.tagChecks ? sumTags : ''}
        place   x2, frame_log
        ldr     x3, [sp, #0x10]
        sub     x3, x3, x2
        stp     x4, x3, [x1, #${8 * 34}]
        add     x4, x1, #${8 * 36}
${VECTORS ? pairs('stp', 'q', 'x4', 0, 31, 0) : ''}
        add     x4, x1, #${8 * 100}
        mov     x5, #${3 * LOGGED}
copy:   ldr     x6, [x2], #8
        str     x6, [x4], #8
        subs    x5, x5, #1
        b.ne    copy
        str     x4, [sp, #0x30]
        b       next

over:   ldr     x22, [sp, #0x30]
        number  x0, ${control({}, 0x30d0_1980)}    // little-endian, as semihosting is
        msr     sctlr_el1, x0
        isb
        number  x0, ${FLAG_AT}
        mov     x1, #1
        str     x1, [x0]
        isb
${semihostingDump('results', RESULTS_AT)}
        .balign 2048
vectors:
        .rept   16
        b       taken
        .balign 128
        .endr
        .ltorg
        .bss
        .balign 4096
level_one: .skip 4096
level_two: .skip 4096
level_three: .skip 4096
frame:  .skip   0x40
frame_log: .skip 8 * 3 * 200
`;

/** Doublewords as a program of the byte order sees them: the two of a vector register are one big-endian number. */
function inOrder(words: readonly bigint[], order: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(8 * i, word, order === 'little');
  return bytes;
}
/** V0 to V31 from pairs of doublewords, the low one first, or back. */
const vectorsInOrder = (v: readonly bigint[], order: ByteOrder): bigint[] =>
  order === 'little' ? [...v] : v.map((_, i) => v[i ^ 1]!);

function dataOf(starts: readonly Start[], order: ByteOrder): { starts: Uint8Array; code: Uint8Array } {
  const words: bigint[] = [BigInt(starts.length)];
  const code: number[] = [];
  for (const { x, sp, pstate, fpcr, seed, v, words: own } of starts) {
    words.push(...x, sp, pstate, fpcr, seed, BigInt(CODE_AT + 4 * code.length), ...vectorsInOrder(v, order));
    code.push(...own);
  }
  if (CODE_AT + 4 * code.length > CODE_END) throw new Error('too many programs in one run');
  return { starts: inOrder(words, order), code: new Uint8Array(Uint32Array.from(code).buffer) };
}

/**
 * A syndrome as far as it is compared. Since version 8 QEMU calls every unaligned atomic access a write; the manual calls it a
 * read, as a read of the address would have failed, too (ESR_ELx.WnR).
 */
function comparedSyndrome({ newer }: Setting, esr: bigint): bigint {
  const unaligned = esr >> 27n === 0x12n && (esr & 0x3fn) === 0x21n;
  return newer && unaligned ? esr & ~(1n << 6n) : esr;
}

function readResults(bytes: Uint8Array, count: number, setting: Setting): Result[] {
  const { order = 'little' } = setting;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const words = Array.from({ length: count * RESULT_WORDS }, (_, i) => view.getBigUint64(8 * i, order === 'little'));
  return Array.from({ length: count }, (_, i) => {
    const w = words.slice(i * RESULT_WORDS, (i + 1) * RESULT_WORDS);
    const logged = Math.min(LOGGED, Number(w[35]) / 24);
    return {
      x: w.slice(0, 31),
      sp: w[31]!,
      pstate: w[32]!,
      fpsr: w[33]!,
      checksum: w[34]!,
      v: vectorsInOrder(w.slice(36, 100), order),
      exceptions: Array.from({ length: logged }, (_, n) => ({
        elr: w[100 + 3 * n]!,
        esr: comparedSyndrome(setting, w[101 + 3 * n]!),
        far: w[102 + 3 * n]!,
      })),
    };
  });
}

const ARCHITECTURE = 'armv8.5-a+memtag';
/** As `-cpu` takes it here and in QEMU, whose default has other codes of pointers. */
const cpus = ({ newer }: Setting) =>
  newer ? { ours: 'trapdoor', theirs: 'max,sve=off,pauth-qarma5=on' } : { ours: 'max', theirs: 'max,sve=off' };
const boardWords = ({ tagChecks }: Setting): string => (tagChecks ? ',mte=on' : '');

export function runOnQemu(starts: readonly Start[], setting: Setting = {}): Result[] {
  const { order = 'little' } = setting;
  const data = dataOf(starts, order);
  const bytes = runBareMetal({
    program: program(setting),
    board: boardWords(setting),
    cpu: cpus(setting).theirs,
    architecture: ARCHITECTURE,
    files: [
      { address: STARTS_AT, bytes: data.starts },
      { address: CODE_AT, bytes: data.code },
    ],
    output: 'results',
  });
  return readResults(new Uint8Array(bytes), starts.length, setting);
}

const images = new Map<string, Uint8Array>();

/** The program for our machine, assembled here: it needs no other assembler. */
function programImage(setting: Setting): Uint8Array {
  const text = program(setting);
  const known = images.get(text);
  if (known) return known;
  const { elf, problems } = assembleAndLink([{ path: 'program.s', text }], {
    instructions: architectureInstructions,
  });
  if (!elf) throw new Error(`the harness does not assemble: ${problems.map(({ message }) => message).join(', ')}`);
  images.set(text, elf);
  return elf;
}

let interpreter: Interpreter | undefined;

export function runHere(starts: readonly Start[], setting: Setting = {}): Result[] {
  const { order = 'little' } = setting;
  interpreter ??= loadInterpreter(generateInterpreter(instructions), instructions);
  const data = dataOf(starts, order);
  const files = new Map<string, Uint8Array>([
    ['program', programImage(setting)],
    ['starts', data.starts],
    ['code', data.code],
  ]);
  const machine = new Machine({
    interpreter,
    options: parseOptionWords([
      ...[
        '-M',
        `virt,secure=on,virtualization=on,gic-version=3${boardWords(setting)}`,
        '-cpu',
        cpus(setting).ours,
        '-m',
        '256',
      ],
      ...['-kernel', 'program'],
      ...['-device', `loader,file=starts,addr=${STARTS_AT},force-raw=on`],
      ...['-device', `loader,file=code,addr=${CODE_AT},force-raw=on`],
    ]),
    files: { read: name => files.get(name)! },
  });
  const { memory } = machine.board;
  const flag = memory.linearAddress(FLAG_AT) as number;
  while (memory.u8[flag] === 0) {
    const stop = machine.run(1_000_000);
    if (stop.kind !== 'budget') throw new Error(`our machine stopped: ${JSON.stringify(stop)}`);
    if (machine.position > 200_000_000) throw new Error('our machine does not come to an end');
  }
  return readResults(memory.bytes(RESULTS_AT, starts.length * RESULT_WORDS * 8)!.slice(), starts.length, setting);
}
