/** Runs small bare-metal programs on QEMU's board with EL3, EL2 and a GICv3, for tests that compare with it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The programs that `runBareMetal` needs. */
export const BARE_METAL_NEEDS = ['qemu-system-aarch64', 'aarch64-linux-gnu-as', 'aarch64-linux-gnu-ld'] as const;

export interface BareMetalRun {
  /** Assembly; starts at `_start` in EL3 and ends with `semihostingDump`. */
  readonly program: string;
  /** As the assembler's `-march` takes it. */
  readonly architecture: string;
  /** Data put into RAM before the start. */
  readonly files: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  /** The file that the program writes. */
  readonly output: string;
  /** As `-cpu` takes it. */
  readonly cpu?: string;
  /** Words of `-M virt` beyond the usual ones. */
  readonly board?: string;
}

/**
 * Assembly that ends a program at the label `done`: writes the memory from `start` up to X22 to a file and exits.
 * Works by semihosting (HLT #0xF000).
 */
export function semihostingDump(file: string, start: number): string {
  return `
done:   adr     x1, open
        mov     x0, #1
        hlt     #0xf000
        adr     x1, write
        ldr     x2, =${start}
        sub     x3, x22, x2
        stp     x0, x2, [x1]
        str     x3, [x1, #16]
        mov     x0, #5
        hlt     #0xf000
        adr     x1, exit
        mov     x0, #0x18
        hlt     #0xf000
        b       .                           // where HLT is an exception that is stepped over

        .balign 8
open:   .quad   name, 5, name_end - name - 1   // "wb"
write:  .quad   0, 0, 0
exit:   .quad   0x20026, 0
name:   .asciz  "${file}"
name_end:
`;
}

/** Assembles and runs a program; gives the file it wrote. */
export function runBareMetal({
  program,
  architecture,
  files,
  output,
  cpu = 'max,sve=off',
  board = '',
}: BareMetalRun): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'bare-metal-'));
  try {
    const at = (name: string): string => join(directory, name);
    writeFileSync(at('program.s'), program);
    files.forEach(({ bytes }, index) => writeFileSync(at(`file${index}`), bytes));
    execFileSync('aarch64-linux-gnu-as', [`-march=${architecture}`, '-o', at('program.o'), at('program.s')]);
    execFileSync('aarch64-linux-gnu-ld', ['-Ttext=0x40080000', '-o', at('program'), at('program.o')]);
    const loaders = files.flatMap(({ address }, index) => [
      '-device',
      `loader,file=${at(`file${index}`)},addr=${address},force-raw=on`,
    ]);
    const run = spawnSync(
      'qemu-system-aarch64',
      [
        ...['-M', `virt,secure=on,virtualization=on,gic-version=3${board}`, '-cpu', cpu, '-m', '256'],
        ...['-display', 'none', '-serial', 'none', '-monitor', 'none', '-semihosting', '-kernel', at('program')],
        ...loaders,
      ],
      { cwd: directory, timeout: 60_000, encoding: 'utf8' },
    );
    if (run.error || run.status !== 0) {
      throw new Error(`QEMU ended with ${run.status}: ${run.stderr}`, { cause: run.error });
    }
    return readFileSync(at(output));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
