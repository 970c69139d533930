import { describe, expect, test } from 'vitest';
import { guest, randomNumbers } from '../machine/support.ts';

/** Mixes counters, PSTATE, maintenance and unaligned accesses into a sum while a timer interrupts it again and again. */
const program = `
        .globl  _start
_start: adr     x0, vectors
        msr     vbar_el1, x0
        ldr     x0, =stack
        mov     sp, x0
        ldr     x0, =0xff00
        msr     mair_el1, x0
        ldr     x0, =0x200803519
        msr     tcr_el1, x0
        ldr     x0, =table
        msr     ttbr0_el1, x0
        isb
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        msr     sctlr_el1, x0
        isb
        mov     x1, #0x08000000
        mov     w2, #1
        str     w2, [x1]
        mov     w2, #1 << 27
        str     w2, [x1, #0x100]
        mov     x1, #0x08010000
        mov     w2, #0xff
        str     w2, [x1, #4]
        mov     w2, #1
        str     w2, [x1]
        mov     x2, #50
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x2
        mov     x2, #1
        msr     cntv_ctl_el0, x2
        msr     daifclr, #2
        ldr     x20, =buffer
        mov     x21, #0
        mov     x22, #0
again:  mrs     x3, cntvct_el0
        add     x21, x21, x3
        mrs     x3, cntpct_el0
        eor     x21, x21, x3, ror #7
        msr     sp_el0, x21
        mrs     x4, sp_el0
        cmp     x4, x3
        mrs     x5, nzcv
        add     x21, x21, x5
        msr     tpidr_el1, x21
        mrs     x6, tpidr_el1
        mrs     x7, daif
        msr     daif, x7
        dc      cvau, x20
        dc      zva, x20
        ic      ivau, x20
        add     x21, x6, x7
        mrs     x7, currentel
        add     x21, x21, x7
        and     x8, x22, #31
        add     x8, x8, x20
        add     x8, x8, #4080
        str     x21, [x8]
        ldp     x9, x10, [x8, #8]
        add     x21, x9, x10
        ldrsh   w11, [x8, #3]
        add     x21, x21, w11, sxtw
        bl      leaf
        add     x22, x22, #1
        tst     x22, #64
        b.ne    again
        msr     daifset, #2
        nop
        msr     daifclr, #2
        b       again
leaf:   adds    x12, x21, x22
        adc     x21, x12, x21
        ret

        .balign 2048
vectors: .space 0x280
        stp     x0, x1, [sp, #-16]!
        mov     x0, #0x08010000
        ldr     w1, [x0, #0xc]
        add     x21, x21, x1
        str     w1, [x0, #0x10]
        mov     x0, #37
        msr     cntv_tval_el0, x0
        ldr     x0, =count
        ldr     x1, [x0]
        add     x1, x1, #1
        str     x1, [x0]
        ldp     x0, x1, [sp], #16
        eret
        .data
count:  .quad   0
        .balign 4096
table:  .quad   0x401, 0x40000705
        .space  4080
buffer: .space  8192 + 64
        .balign 16
        .space  4096
stack:
`;

const positions = [20_000, 60_001];

/** The state's hash at each of the positions, reached in pieces of the sizes that `next` gives. */
function hashes(next: () => number): string[] {
  const { machine } = guest(program, ['-cpu', 'cortex-a72']);
  return positions.map(position => {
    while (machine.position < position) {
      const stop = machine.run(Math.min(next(), position - machine.position));
      if (stop.kind !== 'budget') throw new Error(`the guest stopped: ${stop.kind}`);
    }
    return machine.stateHash();
  });
}

describe('how a run is cut into pieces', () => {
  const whole = hashes(() => 1_000_000);

  test('the guest is interrupted many times', () => {
    const { machine, symbols } = guest(program, ['-cpu', 'cortex-a72']);
    machine.run(60_001);
    const bytes = machine.board.memory.bytes(Number(symbols.get('count')), 8) as Uint8Array;
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)).toBeGreaterThan(50);
  });

  for (const [what, most] of [
    ['a few instructions', 40],
    ['hundreds of instructions', 1500],
    ['thousands of instructions', 20_000],
  ] as const) {
    for (const seed of [1, 0x5eed]) {
      test(`does not change what it does: ${what}, seed ${seed}`, () => {
        const random = randomNumbers(seed);
        expect(hashes(() => 1 + random(most))).toEqual(whole);
      });
    }
  }
});
