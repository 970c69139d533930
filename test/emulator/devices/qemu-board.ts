import { spawn } from 'node:child_process';
import type { AccessSize } from '../../../emulator/bus/types.ts';

/** One access at a physical address; without a value it is a read. */
export interface DeviceAccess {
  readonly address: number;
  readonly size: AccessSize;
  readonly value?: bigint;
}

const letters: Readonly<Record<AccessSize, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };

/** Words of QEMU's test protocol for an access. */
function words({ address, size, value }: DeviceAccess): string {
  const at = `0x${address.toString(16)}`;
  return value === undefined ? `read${letters[size]} ${at}` : `write${letters[size]} ${at} 0x${value.toString(16)}`;
}

/**
 * Makes the accesses on QEMU's `virt` board while its processors stand still.
 *
 * @param machine further words of QEMU's command line
 * @returns for each access what was read, or undefined for a write
 */
export async function accessQemu(
  accesses: readonly DeviceAccess[],
  machine: readonly string[] = [],
): Promise<(bigint | undefined)[]> {
  const qemu = spawn(
    'qemu-system-aarch64',
    [
      ...['-M', 'virt,virtualization=on,gic-version=3', '-cpu', 'cortex-a57', '-nodefaults', '-S'],
      ...['-display', 'none', '-serial', 'null', '-monitor', 'none'],
      ...['-qtest', 'stdio', '-qtest-log', '/dev/null'],
      ...machine,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  try {
    return await new Promise((resolve, reject) => {
      let output = '';
      let complaint = '';
      qemu.on('error', reject);
      qemu.on('exit', status => reject(new Error(`QEMU ended with status ${status}: ${complaint}`)));
      qemu.stderr.on('data', chunk => {
        complaint += chunk;
      });
      qemu.stdout.on('data', chunk => {
        output += chunk;
        const answers = output.split('\n').filter(line => line.startsWith('OK'));
        if (!output.endsWith('\n') || answers.length < accesses.length) return;
        resolve(answers.map((line, i) => (accesses[i]!.value === undefined ? BigInt(line.slice(3)) : undefined)));
      });
      qemu.stdin.end(accesses.map(access => `${words(access)}\n`).join(''));
    });
  } finally {
    qemu.kill('SIGKILL');
  }
}
