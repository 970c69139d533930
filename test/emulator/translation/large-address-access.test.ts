import { expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { BARE_METAL_NEEDS } from '../processing-element/bare-metal.ts';
import { runOnBoth } from '../processing-element/both-machines.ts';

/** Notes a register behind the results so far. */
const macros = `
        .macro  note register
        str     \\register, [x22], #8
        .endm
        .macro  note_system name
        mrs     x10, \\name
        note    x10
        .endm
`;

/** Reads, writes, calls and signs through an alias of RAM; X20 is the alias minus the address. */
const useAlias = (alias: bigint): string => `
        ldr     x20, =0x${(alias - 0x4000_0000n).toString(16)}
        adr     x1, word
        add     x2, x1, x20
        ldr     x3, [x2]
        note    x3
        add     x3, x3, #1
        str     x3, [x2]
        ldr     x3, [x1]
        note    x3
        ldr     x3, [x2, #-3]                   // unaligned
        note    x3
        adr     x4, where
        add     x4, x4, x20
        blr     x4
        note    x0
        mov     x5, #0x77
        mov     x6, x2
        pacda   x6, x5
        note    x6
        autda   x6, x5
        note    x6
`;

/** Tries an address that faults: a load, and a call. */
const fault = (address: bigint): string => `
        ldr     x1, =0x${address.toString(16)}
        ldr     x3, [x1, #8]
        blr     x1
`;

const common = `
where:  adr     x0, .
        ret
        .balign 2048
vectors:
        .space  0x200
        mrs     x10, ESR
        ldr     x11, =0xfe003fff                // QEMU describes accesses of EL2's own, too
        and     x11, x10, x11
        note    x11
        mrs     x11, FAR
        note    x11
        mrs     x11, ELR
        add     x11, x11, #4
        lsr     x10, x10, #26
        cmp     x10, #0x21                      // an instruction abort goes back to the caller
        csel    x11, x30, x11, eq
        msr     ELR, x11
        eret
        .balign 64
word:   .quad   0x1122334455667788
        .ltorg
`;

const AT_EL1 = { ESR: 'esr_el1', FAR: 'far_el1', ELR: 'elr_el1' };
const AT_EL2 = { ESR: 'esr_el2', FAR: 'far_el2', ELR: 'elr_el2' };
const withRegisters = (names: Readonly<Record<string, string>>): string =>
  common.replace(/\b(ESR|FAR|ELR)\b/g, name => names[name]!);

/** EL1, 4 KB tables with TCR_EL1.DS; both halves use the same tables. */
const smallGranule = `
        .set    FIRST, 0x46001000
${macros}
        .globl  _start
_start: ldr     x22, =RESULTS
        ldr     x0, =(3 << 16) | (1 << 10) | 1  // API, APK, RW, NS
        msr     scr_el3, x0
        ldr     x0, =(1 << 31) | (3 << 40)
        msr     hcr_el2, x0
        adr     x0, kernel
        msr     elr_el3, x0
        mov     x0, #0x3c5
        msr     spsr_el3, x0
        eret
kernel: adr     x0, vectors
        msr     vbar_el1, x0
        adr     x0, before
        msr     ttbr0_el1, x0
        msr     ttbr1_el1, x0
        mov     x0, #0xff
        msr     mair_el1, x0
        ldr     x0, =(1 << 59) | (6 << 32) | (2 << 30) | (3 << 28) | (12 << 16) | (3 << 12) | 12
        msr     tcr_el1, x0
        isb
        tlbi    vmalle1
        dsb     sy
        mrs     x0, sctlr_el1
        ldr     x1, =(1 << 27) | 5              // EnDA, C, M
        orr     x0, x0, x1
        msr     sctlr_el1, x0
        isb
${useAlias(0x000f_ffff_c000_0000n)}
${useAlias(0xfff0_0000_4000_0000n)}
${useAlias(0xffff_ffff_c000_0000n)}
        ldr     x1, =0x000fffff80000ffc         // across two pages that are apart in memory
        ldr     x2, =0x0102030405060708
        str     x2, [x1]
        ldr     x3, [x1]
        note    x3
        ldr     x4, =FIRST
        ldr     w3, [x4, #0xffc]
        note    x3
        sub     x4, x4, #0x1000
        ldr     w3, [x4]
        note    x3
${fault(0x000f_ffff_8000_2000n)}
${fault(0x0000_8000_0000_0000n)}
${fault(0x0010_0000_0000_0000n)}
${fault(0xffe0_0000_0000_0000n)}
${fault(0xffff_ffff_8000_2000n)}
        ldr     x1, =0x000fffff80000000         // another page in the place of the first
        ldr     x3, [x1]
        adr     x5, level3
        ldr     x6, [x5, #8]
        str     x6, [x5]
        dsb     sy
        lsr     x7, x1, #12
        tlbi    vaae1, x7
        dsb     sy
        isb
        ldr     w3, [x1]
        note    x3
        ldr     x6, =FIRST | 0x403
        str     x6, [x5]
        dsb     sy
        lsr     x7, x1, #16                     // TLBI RVAAE1: two pages
        orr     x7, x7, #1 << 46
        sys     #0, c8, c6, #3, x7
        dsb     sy
        isb
        ldr     x3, [x1, #0xff8]
        note    x3
        ldr     x1, =0x000fffffc0000000
        at      s1e1r, x1
        isb
        note_system par_el1
        b       finish
${withRegisters(AT_EL1)}
        .balign 4096
before: .quad   level0 + 3
        .space  14 * 8
        .quad   level0_top + 3
        .balign 4096
level0: .quad   level1 + 3
        .balign 4096
level1: .quad   0, 0x40000401
        .balign 4096
level0_top:
        .space  511 * 8
        .quad   level1_top + 3
level1_top:
        .space  510 * 8
        .quad   level2 + 3, 0x40000401
level2: .quad   level3 + 3
        .balign 4096
level3: .quad   FIRST + 0x403, FIRST - 0x1000 + 0x403
        .balign 4096
`;

/** EL2 as a host, 64 KB tables. */
const largeGranule = `
${macros}
        .globl  _start
_start: ldr     x22, =RESULTS
        ldr     x0, =(3 << 16) | (1 << 10) | (1 << 8) | 1
        msr     scr_el3, x0
        ldr     x0, =(1 << 34) | (1 << 31) | (3 << 40)
        msr     hcr_el2, x0
        adr     x0, host
        msr     elr_el3, x0
        mov     x0, #0x3c9
        msr     spsr_el3, x0
        eret
host:   adr     x0, vectors
        msr     vbar_el2, x0
        adr     x0, level1
        msr     ttbr0_el2, x0
        msr     S3_4_C2_C0_1, x0
        mov     x0, #0xff
        msr     mair_el2, x0
        ldr     x0, =(6 << 32) | (3 << 30) | (12 << 16) | (1 << 14) | 12
        msr     tcr_el2, x0
        isb
        tlbi    alle2
        dsb     sy
        mrs     x0, sctlr_el2
        ldr     x1, =(1 << 27) | 5
        orr     x0, x0, x1
        msr     sctlr_el2, x0
        isb
${useAlias(0x000f_ffff_e000_0000n)}
${useAlias(0xfff0_0000_4000_0000n)}
${useAlias(0xfff8_0000_4000_0000n)}
${fault(0x000f_ffff_c000_0000n)}
${fault(0x0004_0000_0000_0000n)}
${fault(0x0010_0000_0000_0000n)}
${fault(0xfff0_0000_0000_0000n)}
        b       finish
${withRegisters(AT_EL2)}
        .balign 65536
level1: .quad   level2 + 3
        .space  511 * 8
        .quad   0x401
        .space  510 * 8
        .quad   level2_top + 3
        .balign 65536
level2: .quad   0, 0, 0x40000401
        .balign 65536
level2_top:
        .space  8191 * 8
        .quad   0x40000401
`;

for (const [name, program] of [
  ['4 KB tables at EL1', smallGranule],
  ['64 KB tables of a host at EL2', largeGranule],
] as const) {
  testWith(...BARE_METAL_NEEDS)(`code reads, writes and runs at addresses of 52 bits as on QEMU: ${name}`, () => {
    const { ours, theirs } = runOnBoth(program, 'armv8.4-a');
    const text = (values: readonly bigint[]) => values.map(value => `0x${value.toString(16)}`);
    expect(text(ours)).toEqual(text(theirs));
    expect(ours.length).toBeGreaterThan(30);
  });
}
