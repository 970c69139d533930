import { describe, expect, test } from 'vitest';
import { MachineClock } from '../../../emulator/machine/virtual-clock.ts';

describe('the virtual clock', () => {
  test('lets each event happen at its own time, in order of time and then of scheduling', () => {
    const clock = new MachineClock();
    const seen: string[] = [];
    const note = (what: string) => () => seen.push(`${what}@${clock.now()}`);
    clock.schedule(30, note('c'));
    clock.schedule(10, note('a'));
    clock.schedule(30, note('d'));
    clock.schedule(20, note('b'));
    clock.advanceTo(100);
    expect(seen).toEqual(['a@10', 'b@20', 'c@30', 'd@30']);
    expect(clock.now()).toBe(100);
  });

  test('does not run a cancelled event, and ignores cancelling twice', () => {
    const clock = new MachineClock();
    const event = clock.schedule(5, () => expect.unreachable());
    clock.cancel(event);
    clock.cancel(event);
    clock.advanceTo(10);
    expect(clock.nextEventAt()).toBe(Number.POSITIVE_INFINITY);
  });

  test('runs an event that is already due at the next opportunity, not at once', () => {
    const clock = new MachineClock();
    clock.moveTo(50);
    let happened = false;
    clock.schedule(10, () => {
      happened = true;
    });
    expect(happened).toBe(false);
    clock.runDueEvents();
    expect(happened).toBe(true);
    expect(clock.now()).toBe(50);
  });

  test('runs events that an event schedules within the same advance', () => {
    const clock = new MachineClock();
    const times: number[] = [];
    const tick = () => {
      times.push(clock.now());
      clock.schedule(clock.now() + 10, tick);
    };
    clock.schedule(10, tick);
    clock.advanceTo(35);
    expect(times).toEqual([10, 20, 30]);
    expect(clock.nextEventAt()).toBe(40);
  });

  test('keeps the order of a thousand events with a fixed sequence of times and cancellations', () => {
    const clock = new MachineClock();
    const seen: number[] = [];
    const events = Array.from({ length: 1000 }, (_, i) => {
      const at = (i * 7919) % 1009;
      return clock.schedule(at, () => seen.push(at));
    });
    for (let i = 0; i < 1000; i += 3) clock.cancel(events[i]!);
    clock.advanceTo(2000);
    expect(seen).toHaveLength(666);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('goes back only by restoring, and then has no events', () => {
    const clock = new MachineClock();
    clock.moveTo(7);
    const saved = clock.save();
    clock.schedule(20, () => expect.unreachable());
    clock.moveTo(10);
    expect(() => clock.moveTo(9)).toThrow('virtual time cannot go back from 10 to 9');
    clock.restore(saved);
    expect(clock.now()).toBe(7);
    clock.advanceTo(100);
  });
});
