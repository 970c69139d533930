import { describe, expect, test } from 'vitest';
import { testWith } from '../../../support/requires.ts';
import { QemuBoard } from '../qemu-board.ts';
import { type Board, MmioDriver, ownBoard } from './driver.ts';

const words = [
  ...['-chardev', 'stdio,id=c', '-device', 'virtio-serial-device', '-device', 'virtconsole,chardev=c'],
  ...['-device', 'virtserialport,name=org.example.log'],
];
const multiport = 1n << 1n;
const text = (words: string) => new TextEncoder().encode(words);

function control(port: number, event: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, port, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  return new Uint8Array(view.buffer);
}

async function started(board: Board): Promise<MmioDriver> {
  const driver = new MmioDriver(board, 0, { legacy: true, features: multiport });
  await driver.start(6);
  return driver;
}

describe('a console on virtio', () => {
  test('sends what the guest writes to the terminal', async () => {
    const own = ownBoard(words);
    const driver = await started(own);
    await driver.request(1, [text('hello '), text('terminal\n')]);
    expect(own.output()).toBe('hello terminal\n');
  });

  test('keeps what a person types until the guest gives room for it', async () => {
    const own = ownBoard(words);
    const driver = await started(own);
    own.board.receive(text('ls\n'));
    const first = await driver.request(0, [2]);
    expect([first.length, ...first.bytes]).toEqual([2, ...text('ls')]);
    const second = await driver.request(0, [16]);
    expect(second.length).toBe(1);
    own.board.receive(text('late'));
    expect(await driver.used(0)).toBe(false);
  });

  test('writes one character through its configuration, before there is a driver', async () => {
    const own = ownBoard(words);
    await own.write(0xa00_3f08, 4, 0x21n);
    expect(own.output()).toBe('!');
  });

  testWith('qemu-system-aarch64')('introduces its ports as QEMU does', async () => {
    const conversation = async (board: Board) => {
      const driver = await started(board);
      const room = await driver.offer(2, 5, 64);
      await driver.notify(2);
      for (const message of [control(0, 0, 1), control(0, 3, 1), control(1, 3, 1)]) await driver.request(3, [message]);
      const answers: number[][] = [];
      for (const at of room) {
        const length = await driver.collect(2);
        answers.push([...(await board.readBytes(at, length))]);
      }
      return { answers, configuration: await driver.configuration(12) };
    };
    const qemu = new QemuBoard([
      ...['-M', 'virt', '-cpu', 'cortex-a57', '-m', '16'],
      ...words.map(word => word.replace('stdio,id=c', 'null,id=c')),
    ]);
    try {
      expect(await conversation(ownBoard(words))).toEqual(await conversation(qemu));
    } finally {
      await qemu.close();
    }
  });
});
