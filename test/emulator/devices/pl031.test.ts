import { describe, expect, test } from 'vitest';
import { Pl031 } from '../../../emulator/devices/pl031.ts';
import { MachineClock } from '../../../emulator/machine/virtual-clock.ts';
import { TestLine } from './support.ts';

const DR = 0x00;
const MR = 0x04;
const LR = 0x08;
const IMSC = 0x10;
const RIS = 0x14;
const ICR = 0x1c;

function rtc() {
  const clock = new MachineClock();
  const line = new TestLine();
  const device = new Pl031({ line, clock, unitsPerSecond: 1000, base: 500 });
  return {
    clock,
    line,
    device,
    read: (offset: number) => Number(device.read(offset, 4)),
    write: (offset: number, value: number) => device.write(offset, 4, BigInt(value)),
  };
}

describe('the real-time clock', () => {
  test('counts seconds of virtual time from its base, or from what the guest loads', () => {
    const { clock, read, write } = rtc();
    clock.advanceTo(2999);
    expect(read(DR)).toBe(502);
    write(LR, 10_000);
    expect(read(DR)).toBe(10_000);
    clock.advanceTo(5000);
    expect(read(DR)).toBe(10_003);
  });

  test('raises its interrupt in the second that matches', () => {
    const { clock, line, read, write } = rtc();
    write(IMSC, 1);
    write(MR, 503);
    clock.advanceTo(2999);
    expect([read(RIS), line.level]).toEqual([0, false]);
    clock.advanceTo(3000);
    expect([read(RIS), line.level]).toEqual([1, true]);
    write(ICR, 1);
    expect([read(RIS), line.level]).toEqual([0, false]);
  });

  test('matches at once when the second is now, and when the time is set past it never', () => {
    const { clock, line, write } = rtc();
    write(IMSC, 1);
    write(MR, 500);
    expect(line.level).toBe(true);
    write(ICR, 1);
    write(MR, 510);
    write(LR, 600);
    clock.advanceTo(1_000_000);
    expect(line.level).toBe(false);
  });

  test('comes back from a snapshot with its alarm', () => {
    const { clock, device, line, write } = rtc();
    write(IMSC, 1);
    write(MR, 503);
    const saved = structuredClone([clock.save(), device.save()]);
    clock.advanceTo(4000);
    clock.restore(saved[0]);
    device.restore(saved[1]);
    expect(line.level).toBe(false);
    clock.advanceTo(3000);
    expect(line.level).toBe(true);
  });

  test('identifies itself', () => {
    const { read } = rtc();
    expect([read(0xfe0), read(0xfe4), read(0xff0), read(0xffc)]).toEqual([0x31, 0x10, 0x0d, 0xb1]);
  });
});
