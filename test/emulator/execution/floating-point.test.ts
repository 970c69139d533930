import { describe, expect, test } from 'vitest';
import { DOUBLE, FPSR, SINGLE } from '../../../emulator/execution/floating-point.ts';
import {
  floatAdd,
  floatCompare,
  floatDivide,
  floatMultiply,
  floatMultiplyAdd,
} from '../../../emulator/execution/floating-point-arithmetic.ts';
import { Random } from '../translation/random.ts';

const view = new DataView(new ArrayBuffer(8));
const bitsOfDouble = (value: number): bigint => {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const doubleOf = (bits: bigint): number => {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
};
const bitsOfSingle = (value: number): bigint => {
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
};
const singleOf = (bits: bigint): number => {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
};

const TO_NEAREST = 0;
const TOWARDS_ZERO = 3 << 22;
const FLUSH_TO_ZERO = 1 << 24;
const DEFAULT_NAN = 1 << 25;

describe('Floating-point arithmetic', () => {
  test('to nearest, agrees with the host on doubles', () => {
    const random = new Random(7);
    for (let i = 0; i < 5000; i++) {
      const [x, y] = [random.bits(64), random.bits(64)];
      const cases: [string, bigint, number][] = [
        ['add', floatAdd(DOUBLE, x, y, TO_NEAREST).bits, doubleOf(x) + doubleOf(y)],
        ['subtract', floatAdd(DOUBLE, x, y, TO_NEAREST, true).bits, doubleOf(x) - doubleOf(y)],
        ['multiply', floatMultiply(DOUBLE, x, y, TO_NEAREST).bits, doubleOf(x) * doubleOf(y)],
        ['divide', floatDivide(DOUBLE, x, y, TO_NEAREST).bits, doubleOf(x) / doubleOf(y)],
      ];
      for (const [name, ours, host] of cases)
        if (!Number.isNaN(host)) expect([name, x, y, ours]).toEqual([name, x, y, bitsOfDouble(host)]);
    }
  });

  test('to nearest, agrees with the host on singles', () => {
    const random = new Random(8);
    for (let i = 0; i < 5000; i++) {
      const [x, y] = [random.bits(32), random.bits(32)];
      const cases: [string, bigint, number][] = [
        ['add', floatAdd(SINGLE, x, y, TO_NEAREST).bits, singleOf(x) + singleOf(y)],
        ['multiply', floatMultiply(SINGLE, x, y, TO_NEAREST).bits, singleOf(x) * singleOf(y)],
        ['divide', floatDivide(SINGLE, x, y, TO_NEAREST).bits, singleOf(x) / singleOf(y)],
      ];
      for (const [name, ours, host] of cases)
        if (!Number.isNaN(host)) expect([name, x, y, ours]).toEqual([name, x, y, bitsOfSingle(Math.fround(host))]);
    }
  });

  test('multiply-add rounds once', () => {
    const x = bitsOfDouble(1 + 2 ** -30);
    const exact = floatMultiplyAdd(DOUBLE, bitsOfDouble(-(1 + 2 ** -29)), x, x, TO_NEAREST);
    expect(doubleOf(exact.bits)).toBe(2 ** -60);
    expect(exact.flags).toBe(0);
  });

  test('a signalling NaN is made quiet and reported', () => {
    const signalling = 0x7ff0_0000_0000_0001n;
    expect(floatAdd(DOUBLE, bitsOfDouble(1), signalling, TO_NEAREST)).toEqual({
      bits: 0x7ff8_0000_0000_0001n,
      flags: FPSR.IOC,
    });
    expect(floatAdd(DOUBLE, bitsOfDouble(1), signalling, DEFAULT_NAN).bits).toBe(0x7ff8_0000_0000_0000n);
  });

  test('infinity minus infinity is invalid, a division by zero is said to be one', () => {
    const infinity = bitsOfDouble(Number.POSITIVE_INFINITY);
    expect(floatAdd(DOUBLE, infinity, infinity, TO_NEAREST, true).flags).toBe(FPSR.IOC);
    expect(floatDivide(DOUBLE, bitsOfDouble(1), 0n, TO_NEAREST)).toEqual({ bits: infinity, flags: FPSR.DZC });
  });

  test('overflow stops at the largest number when rounding towards zero', () => {
    const largest = bitsOfDouble(Number.MAX_VALUE);
    expect(floatAdd(DOUBLE, largest, largest, TOWARDS_ZERO)).toEqual({ bits: largest, flags: FPSR.OFC | FPSR.IXC });
  });

  test('FPCR.FZ flushes operands and results', () => {
    expect(floatAdd(DOUBLE, 1n, 0n, FLUSH_TO_ZERO)).toEqual({ bits: 0n, flags: FPSR.IDC });
    const smallest = 0x0010_0000_0000_0000n;
    expect(floatMultiply(DOUBLE, smallest, bitsOfDouble(0.5), FLUSH_TO_ZERO)).toEqual({ bits: 0n, flags: FPSR.UFC });
  });

  test('comparison tells equal, less, greater and unordered', () => {
    const [one, two, nan] = [bitsOfDouble(1), bitsOfDouble(2), 0x7ff8_0000_0000_0000n];
    const nzcv = (x: bigint, y: bigint) => floatCompare(DOUBLE, x, y, false, TO_NEAREST).nzcv;
    expect([nzcv(one, one), nzcv(one, two), nzcv(two, one), nzcv(one, nan)]).toEqual([6, 8, 2, 3]);
    expect(floatCompare(DOUBLE, one, nan, false, TO_NEAREST).flags).toBe(0);
    expect(floatCompare(DOUBLE, one, nan, true, TO_NEAREST).flags).toBe(FPSR.IOC);
  });
});
