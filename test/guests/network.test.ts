import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { expect } from 'vitest';
import { launchMachine } from '../../debug-adapter/launch/launch.ts';
import { parseRunArguments } from '../../debug-adapter/run/arguments.ts';
import { run, runStatus } from '../../debug-adapter/run/run.ts';
import { isMachineWord } from '../../debug-adapter/targets/create-machine.ts';
import { EmulatorTarget } from '../../debug-adapter/targets/emulator-target.ts';
import { guestFile } from '../../scripts/guests/folder.mjs';
import { testWith } from '../support/requires.ts';
import { guest } from './support/guest-file.ts';

const listening = (server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown }) =>
  new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** A port of this computer that is free now. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listening(server);
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** What the guest answers, once somebody listens there. */
async function conversationWith(port: number, words: string): Promise<string> {
  for (;;) {
    const client = connect(port, '127.0.0.1', () => client.end(words));
    try {
      return await textOf(client);
    } catch {
      // The connection was reset: the guest was not that far yet.
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}

const prompt = 'trapdoor:/# ';

testWith(guest('linux/Image'), guest('virtio/initramfs.cpio'))(
  'Linux fetches a file from this computer, serves one to it, and its past can be visited without either knowing',
  async () => {
    const file = Buffer.alloc(700_001);
    for (let at = 0; at < file.length; at++) file[at] = Math.imul(at, 0x9e37_79b1) >>> 24;
    const digest = createHash('md5').update(file).digest('hex');
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end(file);
    });
    const port = await listening(server);
    const forwarded = await freePort();
    const words = [
      ...['-M', 'virt,gic-version=3', '-cpu', 'neoverse-n1', '-m', '256'],
      ...['-kernel', guestFile('linux/Image')!, '-initrd', guestFile('virtio/initramfs.cpio')!],
      ...['-append', 'console=ttyAMA0 cryptomgr.notests nokaslr'],
      ...['-nic', `user,model=virtio-net-device,loopback=on,hostfwd=tcp:127.0.0.1:${forwarded}-:7`],
    ];
    const steps = [
      'for n in failover net_failover virtio_mmio virtio_net; do for m in /modules/*-$n.ko; do insmod $m; done; done',
      'ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2',
      `wget -q -O /tmp/file http://10.0.2.2:${port}/file; md5sum /tmp/file`,
      'wget -O - http://10.0.2.2:1/; wget -O - http://10.0.2.3/',
      'echo lis""tening; nc -l -p 7 -e sh -c "cat; echo the end"; echo ser""ved',
    ];
    const conversation = steps.flatMap(step => ['--expect', prompt, '--input', `${step}\\n`]);
    const args = parseRunArguments([...words, ...conversation, '--expect', 'served'], isMachineWord);
    const launched = await launchMachine({ reverseDebugging: false }, words);
    let output = '';
    let answer: Promise<string> | undefined;
    const said: string[] = [];
    const status = await run(launched, args, {
      write: bytes => {
        const before = output;
        output += Buffer.from(bytes).toString('latin1');
        if (before.includes('listening') || !output.includes('listening')) return;
        answer = conversationWith(forwarded, 'hello guest\n');
      },
      report: line => said.push(line),
      breathe: () => new Promise(resolve => setImmediate(resolve)),
      noReboot: true,
    });
    const { target } = launched;
    if (!(target instanceof EmulatorTarget)) throw new TypeError('the bundled machine is expected');
    try {
      expect(status, output).toBe(runStatus.success);
      expect(output).toContain(`${digest}  /tmp/file`);
      expect(output.match(/can't connect to remote host \(10\.0\.2\.\d\): Connection refused/g)).toHaveLength(2);
      expect(said.join()).toMatch(/10\.0\.2\.3 port 80 was refused/);
      expect(await answer).toBe('hello guest\nthe end\n');
      expect(requests).toBe(1);

      const { machine } = target;
      const { position } = machine;
      const hash = machine.stateHash();
      machine.travelTo(position - 20_000_000);
      machine.travelTo(position);
      expect(machine.stateHash()).toBe(hash);
      expect(requests, 'nothing leaves the machine again').toBe(1);
    } finally {
      target.dispose();
      server.close();
    }
  },
  600_000,
);
