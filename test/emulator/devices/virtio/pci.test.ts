import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testWith } from '../../../support/requires.ts';
import { QemuBoard } from '../qemu-board.ts';
import { type Board, blockHeader, configurationAddress, ownBoard, PciDriver } from './driver.ts';

const image = Uint8Array.from({ length: 64 * 512 }, (_, i) => (i * 5 + (i >> 9)) & 0xff);
const files = new Map([['disk.img', image]]);
const words = [
  ...['-M', 'virt,gic-version=3', '-drive', 'if=none,id=d,file=disk.img,format=raw'],
  ...['-device', 'virtio-blk-pci,drive=d,disable-legacy=on', '-device', 'virtio-rng-pci,disable-legacy=on,addr=5'],
];

async function sameAsQemu(work: (board: Board) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-pci-'));
  const path = join(folder, 'disk.img');
  writeFileSync(path, image);
  const ours = await work(ownBoard(words, files));
  const qemu = new QemuBoard([
    ...['-cpu', 'cortex-a57', '-m', '16'],
    ...words.map(word => word.replace('disk.img', path)),
  ]);
  try {
    expect(ours).toEqual(await work(qemu));
  } finally {
    await qemu.close();
    rmSync(folder, { recursive: true });
  }
}

async function started(board: Board, slot = 1): Promise<PciDriver> {
  const driver = new PciDriver(board, slot);
  await driver.enable();
  await driver.start(1);
  return driver;
}

describe('PCI answers as on QEMU', () => {
  testWith('qemu-system-aarch64')('when the bus is enumerated and every register is tried', async () => {
    await sameAsQemu(async board => {
      const seen: string[] = [];
      const read = async (slot: number, offset: number) => {
        const value = await board.read(configurationAddress(slot) + offset, 4);
        seen.push(`slot ${slot} + 0x${offset.toString(16)} = 0x${value.toString(16)}`);
      };
      for (let slot = 0; slot < 32; slot++) await read(slot, 0);
      for (const slot of [0, 1, 5]) {
        for (let offset = 0; offset < 0x104; offset += 4) await read(slot, offset);
        // Behind the capabilities QEMU keeps what is written, though nothing is there.
        for (let offset = 4; offset < (slot === 0 ? 0x40 : 0xa4); offset += 4) {
          await board.write(configurationAddress(slot) + offset, 4, 0xffff_ffffn);
          await read(slot, offset);
          await board.write(configurationAddress(slot) + offset, 4, 0n);
        }
      }
      return seen;
    });
  });

  testWith('qemu-system-aarch64')('when a drive is used with an interrupt pin', async () => {
    await sameAsQemu(async board => {
      const driver = await started(board);
      const seen: unknown[] = [];
      // QEMU also offers to reset single queues, which is absent here.
      for (let offset = 8; offset < 0x38; offset += 4) seen.push(await driver.read(offset, 4));
      for (let sector = 0; sector < 5; sector++) {
        seen.push(
          await driver.request(0, [blockHeader(sector & 1, sector), sector & 1 ? image.slice(0, 512) : 512, 1]),
        );
        seen.push(await board.read(configurationAddress(1) + 4, 4));
        seen.push(await driver.read(0x1000, 1), await driver.read(0x1000, 1));
        seen.push(await board.read(configurationAddress(1) + 4, 4));
      }
      for (let i = 0; i < 8; i++) seen.push(await driver.read(0x2000 + 4 * i, 4));
      return seen;
    });
  });

  testWith('qemu-system-aarch64')('when messages go to memory, masked and not', async () => {
    await sameAsQemu(async board => {
      const driver = await started(board);
      const seen: unknown[] = [];
      const look = async () => seen.push([...(await board.readBytes(0x4020_0000, 8))], await driver.read(0x1000, 1));
      await board.write(driver.messages + 16, 4, 0x4020_0000n);
      await board.write(driver.messages + 20, 4, 0n);
      await board.write(driver.messages + 24, 4, 0x1234_5678n);
      await driver.configure(0x9a, 2, 0x8000);
      await board.writeBytes(0x4020_0000, new Uint8Array(8));
      await driver.request(0, [blockHeader(0, 0), 512, 1]);
      await look();
      seen.push(await board.read(driver.messages + 0x800, 4));
      await board.write(driver.messages + 28, 4, 0n);
      await look();
      seen.push(await board.read(driver.messages + 0x800, 4));
      await board.writeBytes(0x4020_0000, new Uint8Array(8));
      await driver.request(0, [blockHeader(0, 1), 512, 1]);
      await look();
      return seen;
    });
  });
});

describe('a function on PCI', () => {
  test('sends its messages to the ITS as the device that it is', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own, 5);
    await own.write(driver.messages + 16, 4, 0x809_0040n);
    await own.write(driver.messages + 24, 4, 7n);
    await own.write(driver.messages + 28, 4, 0n);
    await driver.configure(0x9a, 2, 0x8000);
    const heard: number[][] = [];
    const its = own.board.interruptController as unknown as { its: { translate(device: number, event: number): void } };
    its.its.translate = (device, event) => heard.push([device, event]);
    await driver.request(0, [16]);
    expect(heard).toEqual([[5 << 3, 7]]);
  });

  test('does not reach memory before it is a bus master', async () => {
    const own = ownBoard(words, files);
    const driver = await started(own);
    await driver.configure(0x04, 2, 2);
    await driver.put(0, [blockHeader(0, 0), 512, 1]);
    await driver.notify(0);
    expect(await driver.used(0)).toBe(false);
    expect((await driver.read(0x14, 1)) & 0x40).toBe(0x40);
  });

  test('is the same after its state was saved and restored', async () => {
    const own = ownBoard(words, files);
    await started(own);
    const host = own.board.snapshotables.find(({ name }) => name === 'PCI host')!;
    const saved = structuredClone(host.save());
    await (await started(own, 5)).request(0, [16]);
    host.restore(saved);
    expect(host.save()).toEqual(saved);
  });

  test('has one slot for itself', () => {
    expect(() => ownBoard([...words, '-device', 'virtio-rng-pci,addr=5'], files)).toThrow(
      'PCI slot 5 (addr=) has a device already',
    );
  });
});
