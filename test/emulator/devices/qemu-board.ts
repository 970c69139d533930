import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
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

/** QEMU's board while its processors stand still, for tests that look at what they read before they go on. */
export class QemuBoard {
  readonly #qemu;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  /** @param words QEMU's command line after `-display none` and its like */
  constructor(words: readonly string[]) {
    this.#qemu = spawn(
      'qemu-system-aarch64',
      [
        ...['-nodefaults', '-S', '-display', 'none', '-serial', 'null', '-monitor', 'none'],
        ...['-qtest', 'stdio', '-qtest-log', '/dev/null', ...words],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#qemu.stderr.on('data', chunk => {
      this.#complaint += chunk;
    });
    this.#lines = createInterface({ input: this.#qemu.stdout })[Symbol.asyncIterator]();
  }

  async read(address: number, size: AccessSize): Promise<bigint> {
    return BigInt((await this.#ask(words({ address, size }))).slice(3));
  }

  async write(address: number, size: AccessSize, value: bigint): Promise<void> {
    await this.#ask(words({ address, size, value }));
  }

  async readBytes(address: number, length: number): Promise<Uint8Array> {
    const answer = await this.#ask(`read 0x${address.toString(16)} 0x${length.toString(16)}`);
    return Uint8Array.from(Buffer.from(answer.slice('OK 0x'.length), 'hex'));
  }

  async writeBytes(address: number, bytes: Uint8Array): Promise<void> {
    const hex = Buffer.from(bytes).toString('hex');
    await this.#ask(`write 0x${address.toString(16)} 0x${bytes.length.toString(16)} 0x${hex}`);
  }

  async #ask(command: string): Promise<string> {
    this.#qemu.stdin.write(`${command}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`QEMU ended: ${this.#complaint}`);
      if (value.startsWith('OK')) return value;
      if (!value.startsWith('IRQ')) throw new Error(`QEMU answers “${value}” to “${command}”`);
    }
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#qemu.on('exit', () => resolve());
      this.#qemu.kill('SIGKILL');
    });
  }
}
