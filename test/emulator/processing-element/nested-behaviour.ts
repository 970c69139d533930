/**
 * What single instructions do at EL1 under settings of HCR_EL2.{NV,NV1,NV2,AT}: exceptions and what they leave, results,
 * addresses that are translated. As with `nested-accesses.ts`, a QEMU of 9.0 or newer is asked once and its answers kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { assemble, machineWith } from '../machine/support.ts';
import { runBareMetal, semihostingDump } from './bare-metal.ts';
import { bit, HCR } from './bench.ts';

const FILE = 'test/data/conformance/nested-behaviour.txt';
const RESULTS_AT = 0x4b00_0000;
const FLAG_AT = 0x4eff_f000;
const ARCHITECTURE = 'armv8.4-a';

const INSTRUCTIONS = [
  ...['mrs x0, CurrentEL', 'mrs x0, vttbr_el2', 'msr vttbr_el2, x1', 'mrs x0, elr_el2', 'mrs x0, spsr_el2'],
  ...['mrs x0, esr_el2', 'mrs x0, far_el2', 'mrs x0, sctlr_el12', 'mrs x0, sp_el1', 'mrs x0, cntv_ctl_el02'],
  ...['svc #5', 'hvc #1', 'eret', 'brk #3', 'udf #0', 'msr spsel, #1', 'msr daifset, #2'],
  ...['tlbi vae2, x1', 'tlbi alle2', 'tlbi alle1', 'tlbi vmalls12e1', 'tlbi ipas2e1, x1', 'tlbi vmalle1'],
  ...['at s1e2r, x1', 'at s12e1r, x1', 'at s1e1r, x1', 'at s1e0w, x1'],
  ...['ldr x0, [x2]', 'ldtr x0, [x2]', 'sttr x0, [x2]'],
];

interface Setting {
  readonly name: string;
  readonly hcr: bigint;
  /** Stage 1 of EL1 is on: it maps everything with AP[1] and PXN set. Only a hypervisor without VHE may execute that. */
  readonly mapped?: boolean;
  /** VNCR_EL2, when it is not to point to memory. */
  readonly nested?: bigint;
}
const { NV, NV1, NV2, AT } = HCR;
const SETTINGS: readonly Setting[] = [
  { name: 'none', hcr: 0n },
  { name: 'NV', hcr: NV },
  { name: 'NV AT', hcr: NV | AT },
  { name: 'NV1', hcr: NV1 },
  { name: 'NV2', hcr: NV2 },
  { name: 'NV NV1', hcr: NV | NV1 },
  { name: 'NV NV1 mapped', hcr: NV | NV1, mapped: true },
  { name: 'NV NV2', hcr: NV | NV2 },
  { name: 'NV NV2 nowhere', hcr: NV | NV2, nested: 0xfff0_0000_0000_0000n },
  { name: 'NV NV1 NV2', hcr: NV | NV1 | NV2 },
  { name: 'NV NV1 NV2 mapped', hcr: NV | NV1 | NV2, mapped: true },
];

const cases = SETTINGS.flatMap(setting =>
  INSTRUCTIONS.map((instruction, number) => ({ setting, instruction, number })),
);
const quad = (value: bigint): string => `0x${value.toString(16)}`;

const program = `
        .global _start
_start: ldr     x22, =${RESULTS_AT}
        ldr     x0, =0x30501
        msr     scr_el3, x0
        msr     cptr_el3, xzr
        adr     x0, vectors3
        msr     vbar_el3, x0
        adr     x0, vectors2
        msr     vbar_el2, x0
        adr     x0, vectors1
        msr     vbar_el1, x0
        ldr     x0, =table
        ldr     x1, =0x0020000040000741
        str     x1, [x0, #8]
        msr     ttbr0_el1, x0
        mov     x1, #0xff
        msr     mair_el1, x1
        ldr     x1, =0x200803519
        msr     tcr_el1, x1
        ldr     x20, =cases
each:   ldp     x1, x2, [x20], #16          // HCR_EL2, the instruction
        cbz     x2, finish
        ldp     x4, x5, [x20], #16          // SCTLR_EL1, VNCR_EL2
        ldr     x3, =saved
        str     x20, [x3]
        msr     hcr_el2, x1
        msr     sctlr_el1, x4
        msr     S3_4_C2_C2_0, x5
        msr     elr_el3, x2
        mov     x3, #0x3c5
        msr     spsr_el3, x3
        adr     x3, returned
        msr     elr_el1, x3
        mov     x3, #0x3c4
        msr     spsr_el1, x3
        mov     x3, #0x222
        msr     esr_el1, x3
        mov     x3, #0x333
        msr     far_el1, x3
        ldr     x3, =0x5c000000
        msr     sp_el1, x3
        tlbi    alle1
        dsb     sy
        isb
        mov     x28, x2
        ldr     x2, =word
        mov     x0, #0x99
        str     x0, [x2]
        mov     x0, #0
        mov     x1, #0
        eret

returned: mov   x9, #4
        smc     #0x55

        .balign 2048
vectors3: .rept 16
        b       came
        .balign 128
        .endr
came:   cmp     x9, #2                      // X9: the level that took an exception, or that the instruction completed
        b.eq    1f
        mrs     x1, esr_el1
        mrs     x2, spsr_el1
        mrs     x3, elr_el1
        mrs     x4, far_el1
        b       2f
1:      mrs     x1, esr_el2
        mrs     x2, spsr_el2
        mrs     x3, elr_el2
        mrs     x4, far_el2
2:      sub     x3, x3, x28
        stp     x9, x0, [x22], #16
        stp     x1, x2, [x22], #16
        stp     x3, x4, [x22], #16
        ldr     x20, =saved
        ldr     x20, [x20]
        b       each
        .ltorg
        .balign 2048
vectors2: .rept 16
        mov     x9, #2
        smc     #0x55
        .balign 128
        .endr
vectors1: .rept 16
        mov     x9, #1
        smc     #0x55
        .balign 128
        .endr
${INSTRUCTIONS.map((instruction, i) => `try${i}:  ${instruction}\n        mov     x9, #3\n        smc     #0x55`).join('\n')}
finish: ldr     x0, =${FLAG_AT}
        str     x22, [x0]
        isb
${semihostingDump('results', RESULTS_AT)}
        .ltorg
        .balign 16
cases:
${cases
  .map(({ setting: { hcr, mapped, nested = 0x4c00_0000n }, number }) => {
    // RW, API and APK; SCTLR_EL1 with or without M and C.
    const controls = [
      quad(HCR.RW | bit(40, 41) | hcr),
      `try${number}`,
      mapped ? '0x30d01985' : '0x30d00980',
      quad(nested),
    ];
    return `        .quad   ${controls.join(', ')}`;
  })
  .join('\n')}
        .quad   0, 0
word:   .quad   0
saved:  .quad   0
        .bss
        .balign 4096
table:  .skip   4096
`;

const WORDS = 6;
const hex = (value: bigint): string => value.toString(16);

/** One line for each case. */
function describe(results: Uint8Array): string[] {
  const words = new BigUint64Array(results.slice().buffer);
  return cases.map(({ setting, instruction }, index) => {
    const [where, x0, esr, spsr, elr, far] = words.subarray(index * WORDS, (index + 1) * WORDS) as unknown as bigint[];
    const what =
      where! > 2n
        ? `${where === 3n ? 'completes' : 'returns'}, X0 ${hex(x0!)}`
        : `EL${where}, ESR ${hex(esr!)}, SPSR ${hex(spsr!)}, at +${hex(elr!)}${abort(esr!) ? `, FAR ${hex(far!)}` : ''}`;
    return `${instruction} [${setting.name}]: ${what}`;
  });
}
/** Classes with an address. */
const abort = (esr: bigint): boolean => [0x20n, 0x21n, 0x24n, 0x25n].includes(esr >> 26n);

/** Writes what QEMU answers. */
export function recordNestedBehaviour(): number {
  const lines = describe(runBareMetal({ program, architecture: ARCHITECTURE, files: [], output: 'results' }));
  writeFileSync(FILE, `${lines.join('\n')}\n`);
  return lines.length;
}

export const recordedBehaviour = (): string[] => readFileSync(FILE, 'utf8').trim().split('\n');

/** What our machine does. */
export function nestedBehaviour(): string[] {
  const { elf } = assemble(program);
  const { machine } = machineWith(new Map([['program', elf]]), [
    ...['-M', 'virt,secure=on,virtualization=on,gic-version=3', '-m', '256', '-cpu', 'trapdoor', '-kernel', 'program'],
  ]);
  const { memory } = machine.board;
  const flag = memory.linearAddress(FLAG_AT) as number;
  while (memory.u8[flag + 3] === 0) {
    const stop = machine.run(10_000);
    if (stop.kind !== 'budget' || machine.position > 1_000_000) throw new Error('our machine does not come to an end');
  }
  return describe(memory.bytes(RESULTS_AT, cases.length * WORDS * 8)!);
}
