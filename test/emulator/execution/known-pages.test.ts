import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';

/** Maps memory, sets bits of SCTLR_EL1, and goes on in `body` with X1 at a page that has been read and not yet stored to. */
const program = (bits: number, body: string) => `
        .globl  _start
_start: ldr     x0, =0xff00
        msr     mair_el1, x0
        ldr     x0, =0x200803519
        msr     tcr_el1, x0
        ldr     x0, =table
        msr     ttbr0_el1, x0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        mrs     x9, sctlr_el1
        orr     x9, x9, #1
        orr     x0, x9, #${bits}
        msr     sctlr_el1, x0
        isb
        ldr     x1, =buffer
        ldr     x2, [x1]
        movz    x2, #0x1122, lsl #48
${body}
report: msr     sctlr_el1, x9
        isb
        ldr     x0, =result
        str     x3, [x0]
done:   b       done
        .balign 2048
vectors: .space 0x200
        mrs     x3, esr_el1
        b       report
        .balign 512
        sub     x1, x1, x4                  // EL0 is done
        ldr     x3, [x1]
        b       report
        .data
        .balign 4096
table:  .quad   0x401, 0x40000705, 0x40000745 // the same memory for EL0
        .space  4072
buffer: .space  4096
result: .quad   0
`;

/** What the guest stores to `result` at the end. */
const resultAfter = (bits: number, body: string): bigint => {
  const { machine, symbols } = guest(program(bits, body));
  machine.run(200);
  const bytes = machine.board.memory.bytes(Number(symbols.get('result')), 8)?.slice() as Uint8Array;
  return new DataView(bytes.buffer).getBigUint64(0, true);
};

describe('the first store to a page that was read before', () => {
  test('is big-endian where data are', () => {
    const body = `
        mov     x4, #0x40000000
        add     x1, x1, x4
        adr     x0, user
        add     x0, x0, x4
        msr     elr_el1, x0
        msr     spsr_el1, xzr
        eret
user:   ldr     x3, [x1]
        str     x2, [x1]
        svc     #0`;
    expect(resultAfter(1 << 24, body)).toBe(0x2211n);
  });

  test('is checked for the alignment of the whole register', () => {
    const body = `
        add     x1, x1, #8
        str     q0, [x1]`;
    expect(resultAfter(1 << 1, body)).toBe(0x9600_0061n);
  });
});
