import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testWith } from '../../../support/requires.ts';
import { randomNumbers } from '../../machine/support.ts';
import { QemuBoard } from '../qemu-board.ts';
import { type Board, blockHeader, eventIndex, indirectDescriptors, MmioDriver, ownBoard, type Part } from './driver.ts';

const sectors = 100;
const image = Uint8Array.from({ length: sectors * 512 }, (_, i) => (i * 7 + (i >> 9)) & 0xff);
const drive = (more = '') => [
  ...['-drive', `if=none,id=d,file=disk.img,format=raw${more}`],
  ...['-device', 'virtio-blk-device,drive=d,serial=trapdoor-0123456789a'],
];
const modernWords = ['-global', 'virtio-mmio.force-legacy=false'];

const read = 0;
const write = 1;
const flush = 4;
const identify = 8;
const discard = 11;
const writeZeroes = 13;

function range(sector: number, count: number, flags = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, count, true);
  view.setUint32(12, flags, true);
  return new Uint8Array(view.buffer);
}

async function started(board: Board, legacy: boolean, features = 0n) {
  const driver = new MmioDriver(board, 0, { legacy, features });
  await driver.start(1);
  return driver;
}

describe.each([
  ['legacy', true],
  ['modern', false],
])('a drive on a %s transport', (_, legacy) => {
  const words = [...drive(), ...(legacy ? [] : modernWords)];
  const files = new Map([['disk.img', image]]);

  test('reads the sectors of its image', async () => {
    const driver = await started(ownBoard(words, files), legacy);
    const { length, bytes } = await driver.request(0, [blockHeader(read, 3), 1024, 1]);
    expect(length).toBe(1025);
    expect(bytes.subarray(0, 1024)).toEqual(image.subarray(3 * 512, 5 * 512));
    expect(bytes[1024]).toBe(0);
  });

  test('keeps what is written in the machine, and leaves the image as it was', async () => {
    const before = image.slice();
    const driver = await started(ownBoard(words, files), legacy);
    const text = new TextEncoder().encode('written by the guest'.padEnd(512, '.'));
    expect((await driver.request(0, [blockHeader(write, 8), text, 1])).bytes).toEqual(Uint8Array.of(0));
    const { bytes } = await driver.request(0, [blockHeader(read, 7), 512 * 3, 1]);
    expect(bytes.subarray(0, 512)).toEqual(image.subarray(7 * 512, 8 * 512));
    expect(bytes.subarray(512, 1024)).toEqual(text);
    expect(bytes.subarray(1024, 1536)).toEqual(image.subarray(9 * 512, 10 * 512));
    expect(image).toEqual(before);
  });

  test('has written blocks in its saved state', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own, legacy);
    const device = own.board.snapshotables.find(({ name }) => name === 'virtio-mmio transport 31')!;
    const saved = device.save();
    await driver.request(0, [blockHeader(write, 8), new Uint8Array(512).fill(0x55), 1]);
    device.restore(structuredClone(saved));
    const again = await started(own, legacy);
    const { bytes } = await again.request(0, [blockHeader(read, 8), 512, 1]);
    expect(bytes.subarray(0, 512)).toEqual(image.subarray(8 * 512, 9 * 512));
  });

  test('tells the machine of every byte it writes to memory', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own, legacy);
    const [, data] = await driver.put(0, [blockHeader(read, 0), 512, 1]);
    own.writes.length = 0;
    await driver.notify(0);
    expect(own.writes).toContainEqual({ address: data, length: 512 });
    // Data, status, the used entry, its index.
    expect(own.writes.map(({ length }) => length)).toEqual([512, 1, 8, 2]);
  });

  test('interrupts until the driver acknowledges', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own, legacy);
    await driver.request(0, [blockHeader(flush, 0), 1]);
    expect(await driver.register(0x60)).toBe(1);
    await driver.setRegister(0x64, 1);
    expect(await driver.register(0x60)).toBe(0);
  });

  test('stops when a chain of descriptors has a loop, and says what is wrong', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own, legacy);
    await driver.put(0, [blockHeader(read, 0), 512, 1]);
    await own.write(0x4010_0000 + 16 + 14, 2, 0n); // the second descriptor goes on with the first
    await own.write(0x4010_0000 + 12, 2, 3n);
    await driver.notify(0);
    expect(await driver.used(0)).toBe(false);
    expect((await driver.register(0x70)) & 0x40).toBe(legacy ? 0 : 0x40);
  });
});

/** The same requests on our board and on QEMU's; every answer is compared. */
async function sameAsQemu(words: readonly string[], work: (board: Board) => Promise<unknown[]>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-drive-'));
  const path = join(folder, 'disk.img');
  writeFileSync(path, image);
  const ours = await work(ownBoard(words, new Map([['disk.img', image]])));
  const qemu = new QemuBoard([
    ...['-M', 'virt', '-cpu', 'cortex-a57', '-m', '16'],
    ...words.map(word => word.replace('disk.img', path)),
  ]);
  try {
    expect(ours).toEqual(await work(qemu));
  } finally {
    await qemu.close();
    rmSync(folder, { recursive: true });
  }
}

describe.each([
  ['legacy', true],
  ['modern', false],
])('a drive on a %s transport answers as on QEMU', (_, legacy) => {
  const words = [...drive(), ...(legacy ? [] : modernWords)];

  testWith('qemu-system-aarch64')('when it is identified', async () => {
    await sameAsQemu(words, async board => {
      const driver = new MmioDriver(board, 0, { legacy });
      const registers: number[] = [];
      for (const offset of [0x00, 0x04, 0x08, 0x0c, 0x34, 0x40, 0x44, 0x60, 0x70, 0xfc]) {
        registers.push(await driver.register(offset));
      }
      // QEMU also offers to reset single queues, for which MMIO has no register.
      return [registers, (await driver.offered()) & ~(1n << 40n), await driver.configuration(0x48)];
    });
  });

  testWith('qemu-system-aarch64')('when requests are right, wrong or unknown', async () => {
    await sameAsQemu(words, async board => {
      const driver = await started(board, legacy);
      const block = new Uint8Array(512).fill(0xa5);
      const requests: Part[][] = [
        [blockHeader(read, 0), 512, 1],
        [blockHeader(read, 99), 512, 1],
        [blockHeader(read, 99), 1024, 1],
        [blockHeader(read, 2 ** 40), 512, 1],
        [blockHeader(read, 0), 100, 1],
        [blockHeader(read, 0), 513],
        [blockHeader(write, 5), block, 1],
        [blockHeader(write, 99), new Uint8Array(1024), 1],
        [blockHeader(flush, 0), 1],
        [blockHeader(identify, 0), 20, 1],
        [blockHeader(0x77, 0), 1],
        [blockHeader(writeZeroes, 0), range(4, 3), 1],
        [blockHeader(writeZeroes, 0), range(99, 3), 1],
        [blockHeader(writeZeroes, 0), range(0, 1, 2), 1],
        [blockHeader(discard, 0), range(10, 4), 1],
        [blockHeader(discard, 0), range(99, 4), 1],
        [blockHeader(discard, 0), range(10, 4, 1), 1],
        [blockHeader(read, 0), 512 * 20, 1],
      ];
      const answers: unknown[] = [];
      for (const parts of requests) answers.push(await driver.request(0, parts), await driver.register(0x60));
      return answers;
    });
  });

  testWith('qemu-system-aarch64')('when 60 random requests come through rings that wrap, indirect or not', async () => {
    const seed = 0xb10c;
    console.info(`seed 0x${seed.toString(16)}`);
    await sameAsQemu(words, async board => {
      const next = randomNumbers(seed);
      const driver = await started(board, legacy, eventIndex | indirectDescriptors);
      const answers: unknown[] = [driver.features];
      for (let i = 0; i < 60; i++) {
        const count = 1 + next(4);
        const sector = next(sectors);
        const parts: Part[] = next(2)
          ? [blockHeader(read, sector), 512 * count, 1]
          : [blockHeader(write, sector), new Uint8Array(512 * count).fill(i), 1];
        const { length, bytes } = await driver.request(0, parts, next(2) === 1);
        answers.push(`${i}: ${length} bytes, status ${bytes.at(-1)}, ${Buffer.from(bytes).toString('hex')}`);
        await driver.setRegister(0x64, 3);
      }
      return answers;
    });
  });
});

describe('a read-only drive', () => {
  test('refuses writes', async () => {
    const board = ownBoard(drive(',readonly=on'), new Map([['disk.img', image]]));
    const driver = await started(board, true);
    expect((await driver.offered()) & (1n << 5n)).not.toBe(0n);
    expect((await driver.request(0, [blockHeader(write, 0), new Uint8Array(512), 1])).bytes).toEqual(Uint8Array.of(1));
  });
});
