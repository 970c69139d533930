import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { launch } from '../../debug-adapter/launch/launch.ts';
import { testWith } from '../support/requires.ts';
import { Client } from './support/client.ts';
import { tool } from './support/compile.ts';
import { lineOf } from './support/guests.ts';

const linked = 0xffff_0000_0008_0000n;
const loaded = 0x4008_0000n;

/** A kernel in small: it starts at its physical address, maps itself `gigabytes` above where it was linked, goes there. */
const kernel = (gigabytes: number) => `
        .globl  _start
        .type   _start, @function
_start: adr     x0, stack
        mov     sp, x0
        bl      early
        adr     x1, tables
        add     x2, x1, #0x1000             // level 1 of the lower half: the gigabyte of RAM where it is
        orr     x3, x2, #3
        str     x3, [x1]
        ldr     x3, =0x40000701
        str     x3, [x2, #8]
        msr     ttbr0_el1, x1
        add     x1, x1, #0x2000
        add     x2, x1, #0x1000             // level 1 of the upper half: the same at another place
        orr     x4, x2, #3
        str     x4, [x1]
        str     x3, [x2, #${8 * gigabytes}]
        msr     ttbr1_el1, x1
        mov     x1, #0xff
        msr     mair_el1, x1
        ldr     x1, =0x280100010
        msr     tcr_el1, x1
        isb
        mrs     x1, sctlr_el1
        orr     x1, x1, #1
        msr     sctlr_el1, x1
        isb
        ldr     x0, =late
        ldr     x1, =${gigabytes} << 30
        add     x0, x0, x1
        br      x0
        .size   _start, . - _start
        .type   early, @function
early:  mov     x5, #1
        mov     x6, #2
        ret
        .size   early, . - early
        .type   late, @function
late:   mov     x5, #11
        ldr     x7, =400000
1:      sub     x7, x7, #1
        cbnz    x7, 1b
        bl      deeper
        b       late
        .size   late, . - late
        .type   deeper, @function
deeper: mov     x6, #12
        mrs     x8, currentel
        ret
        .size   deeper, . - deeper
        .ltorg
        .balign 4096
tables: .space  0x4000
        .space  0x1000
stack:
`;

async function debugKernel(gigabytes: number, use: (client: Client, path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  const client = new Client(launch);
  try {
    writeFileSync(join(folder, 'kernel.S'), kernel(gigabytes));
    const words = ['-g', '-nostdlib', '-static', `-Wl,-Ttext=0x${linked.toString(16)}`, '-o', 'kernel.elf', 'kernel.S'];
    tool(folder, 'aarch64-linux-gnu-gcc', ...words);
    tool(folder, 'aarch64-linux-gnu-objcopy', '-O', 'binary', '-j', '.text', 'kernel.elf', 'kernel.bin');
    await client.launch(
      {
        program: join(folder, 'kernel.bin'),
        symbolFiles: [join(folder, 'kernel.elf')],
        virtualization: false,
        stopOnEntry: true,
        cwd: folder,
      },
      async () => undefined,
    );
    await use(client, join(folder, 'kernel.S'));
  } finally {
    await client.respond('disconnect');
    rmSync(folder, { recursive: true, force: true });
  }
}

const pcOf = async (client: Client) => BigInt((await client.evaluate('pc')).split(' ')[0]!);

describe('an image that does not run where it was linked', () => {
  for (const gigabytes of [0, 13]) {
    testWith('aarch64-linux-gnu-gcc')(
      `has breakpoints before translation is on and after, ${gigabytes} GiB above its link address`,
      () =>
        debugKernel(gigabytes, async (client, path) => {
          const placed = linked + (BigInt(gigabytes) << 30n);
          expect((await client.stack())[0]).toMatch(/^_start {2}\[EL1\] {2}kernel\.S:4$/);
          const set = await client.request('setFunctionBreakpoints', {
            breakpoints: ['early', 'deeper'].map(name => ({ name })),
          });
          expect(set!.breakpoints.map(({ verified }) => verified)).toEqual([true, true]);
          await client.run('continue');
          expect(await client.stack()).toEqual([
            expect.stringMatching(/^early {2}\[EL1\] {2}kernel\.S:/),
            expect.stringMatching(/^_start\+0xc {2}\[EL1\] {2}kernel\.S:6$/),
          ]);
          expect((await pcOf(client)) >> 16n).toBe(loaded >> 16n);
          expect(await client.evaluate('&late')).toContain('0x400800');

          await client.run('continue');
          expect(await client.stack()).toEqual([
            expect.stringMatching(/^deeper {2}\[EL1\] {2}kernel\.S:/),
            expect.stringMatching(/^late\+0x/),
          ]);
          expect((await pcOf(client)) >> 16n).toBe(placed >> 16n);
          expect(await client.evaluate('&early')).toContain(`0x${placed.toString(16).slice(0, 12)}`);
          // It was found while this loop ran, which was then run again from where it began.
          await client.request('setBreakpoints', {
            source: { path },
            breakpoints: [{ line: lineOf(kernel(gigabytes), 'late:') }],
          });
          await client.run('reverseContinue');
          expect((await client.stack())[0]).toMatch(/^late {2}\[EL1\]/);
          expect(await client.evaluate('x5')).toBe('1');
        }),
    );
  }
});
