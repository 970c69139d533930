import { describe, expect, test } from 'vitest';
import { MmioDriver, ownBoard } from './driver.ts';

const words = ['-device', 'virtio-rng-device'];

async function numbers(seed: number): Promise<Uint8Array> {
  const driver = new MmioDriver(ownBoard([...words, '-seed', `${seed}`]), 0, { legacy: true });
  await driver.start(1);
  const { length, bytes } = await driver.request(0, [64, 3]);
  expect(length).toBe(67);
  return bytes;
}

describe('the entropy device', () => {
  test('fills all the room it is given, with bytes that look random', async () => {
    const bytes = await numbers(1);
    expect(new Set(bytes).size).toBeGreaterThan(40);
  });

  test('gives the same bytes in every run, and others for another seed', async () => {
    expect(await numbers(7)).toEqual(await numbers(7));
    expect(await numbers(7)).not.toEqual(await numbers(8));
  });

  test('goes on where it was when its state is restored', async () => {
    const own = ownBoard(words);
    const driver = new MmioDriver(own, 0, { legacy: true });
    await driver.start(1);
    const device = own.board.snapshotables.find(({ name }) => name === 'virtio-mmio transport 31')!;
    const saved = device.save();
    const first = await driver.request(0, [16]);
    device.restore(structuredClone(saved));
    const again = new MmioDriver(own, 0, { legacy: true });
    await again.start(1);
    expect((await again.request(0, [16])).bytes).toEqual(first.bytes);
  });
});
