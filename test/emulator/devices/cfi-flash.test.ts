import { describe, expect, test } from 'vitest';
import type { AccessSize } from '../../../emulator/bus/types.ts';
import { CfiFlash, flashSectorSize } from '../../../emulator/devices/cfi-flash.ts';

/** A bank of 64 MiB with a record of what the bus was told. */
function bank() {
  const bytes = new Uint8Array(64 * 0x10_0000);
  const state = { direct: true, writes: [] as [number, number][] };
  const flash = new CfiFlash('flash', {
    bytes,
    beforeWrite: (offset, length) => state.writes.push([offset, length]),
    setDirectRead: direct => {
      state.direct = direct;
    },
  });
  return {
    bytes,
    state,
    flash,
    read: (offset: number, size: AccessSize = 4) => Number(flash.read(offset, size)),
    write: (offset: number, value: number, size: AccessSize = 4) => flash.write(offset, size, BigInt(value)),
  };
}

describe('a flash bank', () => {
  test('is memory until a command comes, and again after the array is selected', () => {
    const { bytes, state, read, write } = bank();
    bytes.set([1, 2, 3, 4], 0x100);
    expect(read(0x100)).toBe(0x0403_0201);
    write(0, 0x0070_0070);
    expect([state.direct, read(0x100)]).toEqual([false, 0x0080_0080]);
    write(0, 0x00ff_00ff);
    expect([state.direct, read(0x100)]).toEqual([true, 0x0403_0201]);
  });

  test('erases one sector of 256 KiB, and only after the confirmation', () => {
    const { bytes, state, read, write } = bank();
    write(flashSectorSize + 0x1234, 0x0020_0020);
    write(flashSectorSize + 0x1234, 0x00d0_00d0);
    expect(read(0)).toBe(0x0080_0080);
    expect([bytes[flashSectorSize - 1], bytes[flashSectorSize], bytes[2 * flashSectorSize]]).toEqual([0, 0xff, 0]);
    expect(state.writes).toEqual([[flashSectorSize, flashSectorSize]]);
    write(0, 0x0020_0020);
    write(0, 0x0070_0070);
    expect(bytes[0]).toBe(0);
    expect(read(0)).toBe(0x00b0_00b0);
    write(0, 0x0050_0050);
    write(0, 0x0070_0070);
    expect(read(0)).toBe(0x0080_0080);
  });

  test('programs a word, and many through the write buffer', () => {
    const { bytes, read, write } = bank();
    write(0x20, 0x0040_0040);
    write(0x20, 0xdead_beef);
    expect([...bytes.subarray(0x20, 0x24)]).toEqual([0xef, 0xbe, 0xad, 0xde]);
    write(0x1000, 0x00e8_00e8);
    expect(read(0x1000)).toBe(0x0080_0080);
    write(0x1000, 0x0003_0003);
    for (let i = 0; i < 4; i++) write(0x1000 + 4 * i, i + 1);
    expect(bytes[0x1000]).toBe(0);
    write(0x1000, 0x00d0_00d0);
    expect([0, 4, 8, 12].map(i => bytes[0x1000 + i])).toEqual([1, 2, 3, 4]);
  });

  test('refuses a buffered write that leaves its window, and says so in its status', () => {
    const { bytes, read, write } = bank();
    write(0x1000, 0x00e8_00e8);
    write(0x1000, 0x0001_0001);
    write(0x1000, 7);
    write(0x2000, 7);
    write(0x1000, 0x00d0_00d0);
    expect(read(0)).toBe(0x0090_0090);
    expect(bytes[0x1000]).toBe(0);
  });

  test('comes back from a snapshot in the middle of a command', () => {
    const first = bank();
    first.write(0x20, 0x0040_0040);
    const second = bank();
    second.flash.restore(structuredClone(first.flash.save()));
    expect(second.state.direct).toBe(false);
    second.write(0x20, 5);
    expect(second.bytes[0x20]).toBe(5);
  });
});
