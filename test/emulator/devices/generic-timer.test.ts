import { describe, expect, test } from 'vitest';
import { GenericTimer } from '../../../emulator/devices/generic-timer.ts';
import { MachineClock } from '../../../emulator/machine/virtual-clock.ts';
import type { HandlerContext } from '../../../emulator/processing-element/system-register-handlers.ts';
import { TestLine } from './support.ts';

const E2H = 1n << 34n;
const TGE = 1n << 27n;

function machine(processingElements = 1) {
  const clock = new MachineClock();
  const lines = new Map<string, TestLine>();
  const line = (pe: number, intid: number) => {
    const key = `${pe}:${intid}`;
    if (!lines.has(key)) lines.set(key, new TestLine());
    return lines.get(key)!;
  };
  const timer = new GenericTimer({ clock, processingElements, line });
  const context = (index: number, el: number, hcr: bigint): HandlerContext => ({
    index,
    el,
    secure: false,
    read: name => (name === 'HCR_EL2' ? hcr : 0n),
    write: () => {},
  });
  return {
    clock,
    timer,
    line,
    read: (name: string, { pe = 0, el = 1, hcr = 0n } = {}) =>
      timer.systemRegisterHandlers[name]!.read!(context(pe, el, hcr)),
    write: (name: string, value: bigint, { pe = 0, el = 1, hcr = 0n } = {}) =>
      timer.systemRegisterHandlers[name]!.write!(context(pe, el, hcr), value),
  };
}

describe('the system counter', () => {
  test('ticks once per sixteen instruction units', () => {
    const { clock, read } = machine();
    clock.moveTo(159);
    expect(read('CNTPCT_EL0')).toBe(9n);
    clock.moveTo(160);
    expect(read('CNTPCT_EL0')).toBe(10n);
    expect(read('CNTFRQ_EL0')).toBe(62_500_000n);
  });

  test('is seen through CNTVOFF_EL2 by a guest and without it by a VHE host', () => {
    const { clock, read, write } = machine();
    clock.moveTo(1600);
    write('CNTVOFF_EL2', 30n);
    expect(read('CNTVCT_EL0', { el: 1 })).toBe(70n);
    expect(read('CNTVCT_EL0', { el: 2 })).toBe(70n);
    expect(read('CNTVCT_EL0', { el: 2, hcr: E2H })).toBe(100n);
    expect(read('CNTVCT_EL0', { el: 0, hcr: E2H })).toBe(70n);
    expect(read('CNTVCT_EL0', { el: 0, hcr: E2H | TGE })).toBe(100n);
    write('CNTVOFF_EL2', 101n);
    expect(read('CNTVCT_EL0')).toBe((1n << 64n) - 1n);
  });
});

describe.each([
  ['CNTP', 'EL0', 30],
  ['CNTV', 'EL0', 27],
  ['CNTHP', 'EL2', 26],
  ['CNTHV', 'EL2', 28],
  ['CNTPS', 'EL1', 29],
])('the timer %s', (name, suffix, intid) => {
  const [CTL, CVAL, TVAL] = ['CTL', 'CVAL', 'TVAL'].map(r => `${name}_${r}_${suffix}`) as [string, string, string];

  test(`raises interrupt ${intid} exactly when the counter reaches the compare value`, () => {
    const { clock, line, read, write } = machine();
    write(CVAL, 100n);
    write(CTL, 1n);
    expect(clock.nextEventAt()).toBe(1600);
    clock.advanceTo(1599);
    expect([line(0, intid).level, read(CTL)]).toEqual([false, 1n]);
    clock.advanceTo(1600);
    expect([line(0, intid).level, read(CTL)]).toEqual([true, 5n]);
  });

  test('lowers its line when masked, disabled or moved into the future', () => {
    const { line, write, read } = machine();
    write(CTL, 1n);
    expect(line(0, intid).level).toBe(true);
    write(CTL, 3n);
    expect([line(0, intid).level, read(CTL)]).toEqual([false, 7n]);
    write(CTL, 0n);
    expect(read(CTL)).toBe(0n);
    write(CVAL, 1n);
    write(CTL, 1n);
    expect(line(0, intid).level).toBe(false);
  });

  test('counts TVAL down as a signed number', () => {
    const { clock, line, read, write } = machine();
    clock.moveTo(160);
    write(TVAL, 5n);
    expect(read(CVAL)).toBe(15n);
    write(CTL, 1n);
    clock.advanceTo(160 + 7 * 16);
    expect(read(TVAL)).toBe(0xffff_fffen);
    expect(line(0, intid).level).toBe(true);
    write(TVAL, 0xffff_ffffn);
    expect(read(CVAL)).toBe(16n);
  });
});

describe('the generic timer', () => {
  test('compares the virtual timer with the offset counter and follows a change of the offset', () => {
    const { clock, line, write } = machine();
    write('CNTVOFF_EL2', 1000n);
    write('CNTV_CVAL_EL0', 10n);
    write('CNTV_CTL_EL0', 1n);
    // The offset counter has wrapped to a huge value, so the condition holds until it passes zero.
    expect(line(0, 27).level).toBe(true);
    clock.advanceTo(16_000);
    expect(line(0, 27).level).toBe(false);
    clock.advanceTo(16_160);
    expect(line(0, 27).level).toBe(true);
    write('CNTVOFF_EL2', 1005n);
    expect(line(0, 27).level).toBe(false);
  });

  test('keeps the timers of processing elements apart', () => {
    const { line, write } = machine(2);
    write('CNTP_CTL_EL0', 1n, { pe: 1 });
    expect([line(0, 30).level, line(1, 30).level]).toEqual([false, true]);
  });

  test('waits for nothing when the compare value is beyond reach', () => {
    const { clock, write } = machine();
    write('CNTP_CVAL_EL0', (1n << 64n) - 1n);
    write('CNTP_CTL_EL0', 1n);
    expect(clock.nextEventAt()).toBe(Number.POSITIVE_INFINITY);
  });

  test('comes back from a snapshot and fires at the same moment again', () => {
    const { clock, timer, line, write } = machine();
    write('CNTV_CVAL_EL0', 50n);
    write('CNTV_CTL_EL0', 1n);
    const saved = structuredClone([clock.save(), timer.save()]);
    clock.advanceTo(2000);
    expect(line(0, 27).level).toBe(true);
    clock.restore(saved[0]);
    timer.restore(saved[1]);
    expect(line(0, 27).level).toBe(false);
    clock.advanceTo(799);
    expect(line(0, 27).level).toBe(false);
    clock.advanceTo(800);
    expect(line(0, 27).level).toBe(true);
  });
});
