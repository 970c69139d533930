import { describe, expect, test } from 'vitest';
import { MmioDriver, ownBoard } from './driver.ts';

const words = ['-netdev', 'user,id=n', '-device', 'virtio-net-device,netdev=n,mac=52:54:00:00:00:01'];
const modern = [...words, '-global', 'virtio-mmio.force-legacy=false'];
const mergeReceiveBuffers = 1n << 15n;

/** Who has 10.0.2.2? */
const question = Uint8Array.from([
  ...Array(6).fill(0xff),
  ...[0x52, 0x54, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0, 0, 1, 10, 0, 2, 15],
  ...[0, 0, 0, 0, 0, 0, 10, 0, 2, 2],
]);

describe('a network device', () => {
  test('has the address that it was given, and its link is up', async () => {
    const driver = new MmioDriver(ownBoard(words), 0, { legacy: true });
    expect(await driver.configuration(9)).toEqual([0x52, 0x54, 0, 0, 0, 1, 1, 0, 0xff]);
  });

  test.each([
    ['a legacy driver', words, true, 0n, 10],
    ['a legacy driver that merges buffers', words, true, mergeReceiveBuffers, 12],
    ['a modern driver', modern, false, 0n, 12],
  ])('carries frames both ways for %s', async (_, line, legacy, features, header) => {
    const own = ownBoard(line);
    const driver = new MmioDriver(own, 0, { legacy, features });
    await driver.start(2);
    const [room] = await driver.offer(0, 1, 200);
    await driver.notify(0);
    await driver.request(1, [new Uint8Array(header), question]);
    expect(await driver.collect(0)).toBe(header + 42);
    const received = await own.readBytes(room!, header + 42);
    expect([...received.subarray(header, header + 8)]).toEqual([0x52, 0x54, 0, 0, 0, 1, 0x52, 0x55]);
    if (header === 12) expect([received[10], received[11]]).toEqual([1, 0]);
  });

  test('spreads a frame over several buffers when the driver allows it', async () => {
    const own = ownBoard(words);
    const driver = new MmioDriver(own, 0, { legacy: true, features: mergeReceiveBuffers });
    await driver.start(2);
    const rooms = await driver.offer(0, 4, 20);
    await driver.request(1, [new Uint8Array(12), question]);
    expect([await driver.collect(0), await driver.collect(0), await driver.collect(0)]).toEqual([20, 20, 14]);
    expect((await own.readBytes(rooms[0]!, 20))[10]).toBe(3);
    expect(await driver.used(0)).toBe(false);
  });

  test('keeps a frame until there is room', async () => {
    const driver = new MmioDriver(ownBoard(words), 0, { legacy: true });
    await driver.start(2);
    await driver.request(1, [new Uint8Array(10), question]);
    expect(await driver.used(0)).toBe(false);
    await driver.offer(0, 1, 200);
    await driver.notify(0);
    expect(await driver.collect(0)).toBe(52);
  });
});
