import { describe, expect, test } from 'vitest';
import { guest } from '../machine/support.ts';

/** Stores X2 and loads it back at every distance before a page's end, often enough that the pages are known. */
const program = (store: string, load: string) => `
        .globl  _start
_start: ldr     x0, =0xff00
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
        ldr     x2, =0x8877665544332211
        ldr     x4, =results
        mov     x5, #3
repeat: ldr     x1, =buffer + 4096 - 16
        mov     x3, #24
each:   ${store}
        ${load}
        str     x6, [x4, x3, lsl #3]
        add     x1, x1, #1
        sub     x3, x3, #1
        cbnz    x3, each
        sub     x5, x5, #1
        cbnz    x5, repeat
done:   b       done
        .data
        .balign 4096
table:  .quad   0x401, 0x40000705
        .space  4080
buffer: .space  8192
results: .space 25 * 8
`;

describe('accesses that are not aligned', () => {
  for (const [size, store, load] of [
    [8, 'str x2, [x1]', 'ldr x6, [x1]'],
    [4, 'str w2, [x1]', 'ldr w6, [x1]'],
    [2, 'strh w2, [x1]', 'ldrh w6, [x1]'],
  ] as const) {
    test(`give back the ${size} bytes that were stored, within a page and across two`, () => {
      const { machine, symbols } = guest(program(store, load), ['-cpu', 'cortex-a72']);
      machine.run(1000);
      const bytesAt = (name: string, offset: number, length: number) =>
        machine.board.memory.bytes(Number(symbols.get(name)) + offset, length)?.slice() as Uint8Array;
      const expected = BigInt.asUintN(8 * size, 0x8877665544332211n);
      const results = new DataView(bytesAt('results', 0, 25 * 8).buffer);
      for (let left = 24; left > 0; left--) expect(results.getBigUint64(8 * left, true)).toBe(expected);
      // Each store wrote over all but the first byte of the one before.
      const ones = Array<number>(23).fill(0x11);
      const tail = Array.from({ length: size }, (_, i) => 0x11 * (i + 1));
      expect([...bytesAt('buffer', 4096 - 16, 24 + size)]).toEqual([...ones, ...tail, 0]);
    });
  }
});
