/** Runs one bare-metal program on QEMU and on our machine and gives what each left in memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineWith } from '../machine/support.ts';
import { runBareMetal, semihostingDump } from './bare-metal.ts';

const RESULTS_AT = 0x4b00_0000;
const FLAG_AT = 0x4eff_f000;

/**
 * The program starts at `_start` in EL3 and branches to `finish` with X22 behind the last of the doublewords that it
 * stored from `RESULTS` on (a symbol). `cpu` is what `-cpu` says, `board` further words of `-M virt`.
 */
export function runOnBoth(
  program: string,
  architecture: string,
  cpu = 'max,sve=off',
  board = '',
): { ours: bigint[]; theirs: bigint[] } {
  const source = `
        .set    RESULTS, ${RESULTS_AT}
${program}
        .text
finish: ldr     x0, =${FLAG_AT}
        str     x22, [x0]
        isb
${semihostingDump('results', RESULTS_AT)}
        .ltorg
`;
  const words = (bytes: Uint8Array) => [...new BigUint64Array(new Uint8Array(bytes).buffer)];
  const theirs = words(runBareMetal({ program: source, architecture, files: [], output: 'results', cpu, board }));
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-both-'));
  try {
    const at = (name: string) => join(folder, name);
    writeFileSync(at('program.s'), source);
    execFileSync('aarch64-linux-gnu-as', [`-march=${architecture}`, '-o', at('program.o'), at('program.s')]);
    execFileSync('aarch64-linux-gnu-ld', ['-Ttext=0x40080000', '-o', at('program'), at('program.o')]);
    const { machine } = machineWith(new Map([['program', new Uint8Array(readFileSync(at('program')))]]), [
      ...['-M', `virt,secure=on,virtualization=on,gic-version=3${board}`],
      ...['-m', '256', '-cpu', cpu, '-kernel', 'program'],
    ]);
    const { memory } = machine.board;
    const flag = memory.linearAddress(FLAG_AT) as number;
    while (memory.u8[flag + 3] === 0) {
      const stop = machine.run(10_000);
      if (stop.kind !== 'budget') throw new Error(`our machine stopped: ${JSON.stringify(stop)}`);
      if (machine.position > 5_000_000) throw new Error('our machine does not come to an end');
    }
    return { ours: words(memory.bytes(RESULTS_AT, theirs.length * 8)!), theirs };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
