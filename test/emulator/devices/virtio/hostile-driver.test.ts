import { describe, expect, test } from 'vitest';
import type { SharedFolder } from '../../../../emulator/devices/virtio/shared-folder.ts';
import { randomNumbers } from '../../machine/support.ts';
import { MmioDriver, ownBoard, PciDriver } from './driver.ts';

const folder: SharedFolder = { kind: 'folder', name: '', modified: 0, children: () => [] };
const files = new Map([['disk.img', new Uint8Array(8192)]]);
const devices = (bus: 'device' | 'pci') => [
  ...['-drive', 'if=none,id=d,file=disk.img,format=raw', '-device', `virtio-blk-${bus},drive=d`],
  ...['-device', `virtio-rng-${bus}`],
  ...['-netdev', 'user,id=n', '-device', `virtio-net-${bus},netdev=n`],
  ...['-chardev', 'stdio,id=c', '-device', `virtio-serial-${bus}`, '-device', 'virtconsole,chardev=c'],
  ...['-fsdev', 'local,id=f,path=x,readonly=on', '-device', `virtio-9p-${bus},fsdev=f,mount_tag=t`],
];
const kinds = ['blk', 'rng', 'net', 'serial', '9p'];
const queueMemory = 0x4010_0000;
const everyFeature = (1n << 64n) - 1n;

/** Addresses, lengths and flags that a driver might name, right and wrong. */
function descriptor(next: (below: number) => number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  const addresses = [0x4040_0000n, 0x4010_0000n, 0x40ff_fff8n, 0x0900_0000n, 0n, 0xffff_ffff_ffff_fff0n, 0x0a00_3e00n];
  view.setBigUint64(0, addresses[next(addresses.length)]! + BigInt(next(64)), true);
  view.setUint32(8, [0, 1, 12, 16, 32, 512, 4096, 0xffff_ffff][next(8)]!, true);
  view.setUint16(12, next(8), true);
  view.setUint16(14, next(10), true);
  return new Uint8Array(view.buffer);
}

describe.each(kinds.map((kind, index) => [kind, index] as const))('virtio-%s', (kind, index) => {
  test.each(['legacy', 'modern', 'PCI'])('survives whatever a driver puts into its queues (%s)', async transport => {
    const seed = 0x505 + index;
    const next = randomNumbers(seed);
    const words = [
      ...devices(transport === 'PCI' ? 'pci' : 'device'),
      ...(transport === 'modern' ? ['-global', 'virtio-mmio.force-legacy=false'] : []),
    ];
    const own = ownBoard(words, files, folder);
    for (let round = 0; round < 40; round++) {
      const features = next(2) ? everyFeature : 0n;
      const driver =
        transport === 'PCI'
          ? new PciDriver(own, 1 + index, { features })
          : new MmioDriver(own, index, { legacy: transport === 'legacy', features });
      if (driver instanceof PciDriver) await driver.enable();
      const queues = kind === 'serial' ? 4 : kind === 'net' ? 2 : 1;
      await driver.start(queues);
      for (let queue = 0; queue < queues; queue++) {
        const base = queueMemory + 0x1_0000 * queue;
        for (let i = 0; i < 8; i++) await own.writeBytes(base + 16 * i, descriptor(next));
        await own.writeBytes(
          0x4040_0000,
          Uint8Array.from({ length: 64 }, () => next(256)),
        );
        for (let i = 0; i < 8; i++) await own.write(base + 128 + 4 + 2 * i, 2, BigInt(next(10)));
        await own.write(base + 128 + 2, 2, BigInt(next(12)));
        await driver.notify(queue);
      }
      own.board.receive(Uint8Array.of(65, 66));
    }
    // Still there: it can be reset, and used.
    const driver =
      transport === 'PCI'
        ? new PciDriver(own, 1 + index)
        : new MmioDriver(own, index, { legacy: transport === 'legacy' });
    await driver.start(kind === 'serial' ? 4 : 2);
    if (kind === 'rng') expect((await driver.request(0, [16])).length, `seed ${seed}`).toBe(16);
    if (kind === 'net') expect((await driver.request(1, [new Uint8Array(60)])).length, `seed ${seed}`).toBe(0);
  });
});
