import { describe, expect, test } from 'vitest';
import { callPsci, type PsciHost } from '../../../emulator/firmware/psci.ts';

/** Three elements, the first one on, that write down what is done to them. */
function machine() {
  const on = [true, false, false];
  const done: string[] = [];
  const host: PsciHost = {
    affinities: [0, 1, 0x100],
    isOn: pe => on[pe]!,
    start(pe, entry, context) {
      on[pe] = true;
      done.push(`start ${pe} at 0x${entry.toString(16)} with ${context}`);
    },
    stop(pe) {
      on[pe] = false;
      done.push(`stop ${pe}`);
    },
    suspend: pe => done.push(`suspend ${pe}`),
    powerOff: () => done.push('power off'),
    reset: () => done.push('reset'),
  };
  const call = (id: number, a = 0n, b = 0n, c = 0n, pe = 0) => {
    const answer = callPsci(host, pe, [BigInt(id), a, b, c]);
    return answer === undefined ? undefined : BigInt.asIntN(64, answer);
  };
  return { call, done };
}

describe('PSCI', () => {
  test('is version 1.1, has nothing to migrate, and SMCCC 1.1 below it', () => {
    const { call } = machine();
    expect(call(0x8400_0000)).toBe(0x1_0001n);
    expect(call(0x8400_0006)).toBe(2n);
    expect(call(0x8000_0000)).toBe(0x1_0001n);
  });

  test('starts an element once, with its context', () => {
    const { call, done } = machine();
    expect(call(0xc400_0003, 1n, 0x4008_0000n, 7n)).toBe(0n);
    expect(done).toEqual(['start 1 at 0x40080000 with 7']);
    expect(call(0xc400_0003, 1n, 0x4008_0000n, 7n)).toBe(-4n);
  });

  test('knows an element by its affinities, whatever flags of MPIDR_EL1 come along', () => {
    const { call, done } = machine();
    expect(call(0xc400_0003, 0x8000_0100n, 0x1000n)).toBe(0n);
    expect(done).toEqual(['start 2 at 0x1000 with 0']);
  });

  test('takes only the low words of a 32-bit call', () => {
    const { call, done } = machine();
    expect(call(0x8400_0003, 0xffff_ffff_0000_0001n, 0xffff_ffff_4000_0000n, 0x1_0000_0005n)).toBe(0n);
    expect(done).toEqual(['start 1 at 0x40000000 with 5']);
  });

  test('refuses an element that is not there and an entry that is no instruction', () => {
    const { call, done } = machine();
    expect(call(0xc400_0003, 9n, 0x4000_0000n)).toBe(-2n);
    expect(call(0xc400_0003, 1n, 0x4000_0002n)).toBe(-9n);
    expect(done).toEqual([]);
  });

  test('says who is on', () => {
    const { call } = machine();
    expect(call(0xc400_0004, 0n, 0n)).toBe(0n);
    expect(call(0xc400_0004, 1n, 0n)).toBe(1n);
    expect(call(0xc400_0004, 9n, 0n)).toBe(-2n);
    expect(call(0xc400_0004, 9n, 1n)).toBe(0n);
    expect(call(0xc400_0004, 0n, 4n)).toBe(-2n);
  });

  test('stops the caller, suspends it, and ends or restarts the machine', () => {
    const { call, done } = machine();
    expect(call(0xc400_0001)).toBe(0n);
    expect(call(0x8400_0002, 0n, 0n, 0n, 1)).toBeUndefined();
    expect(call(0x8400_0008)).toBeUndefined();
    expect(call(0x8400_0009)).toBeUndefined();
    expect(done).toEqual(['suspend 0', 'stop 1', 'power off', 'reset']);
  });

  test('lists its features and refuses the rest', () => {
    const { call } = machine();
    const feature = (id: number) => call(0x8400_000a, BigInt(id));
    expect([0x8400_0000, 0xc400_0003, 0x8400_0003, 0x8000_0000].map(feature)).toEqual([0n, 0n, 0n, 0n]);
    // 64-bit VERSION, SYSTEM_RESET2, MEM_PROTECT.
    expect([0xc400_0000, 0x8400_0012, 0x8400_0013].map(feature)).toEqual([-1n, -1n, -1n]);
    expect(call(0xc400_0008)).toBe(-1n);
    expect(call(0x8600_0000)).toBe(-1n);
    expect(call(0x8000_0001, 0x8000_0000n)).toBe(0n);
    expect(call(0x8000_0001, 0x8000_8000n)).toBe(-1n);
  });
});
