import { describe, expect, test } from 'vitest';
import { DOUBLE, FPSR, HALF, Rounding, SINGLE } from '../../../emulator/execution/floating-point.ts';
import {
  floatAdd,
  floatCompare,
  floatDivide,
  floatMultiply,
  floatMultiplyAdd,
  floatSquareRoot,
} from '../../../emulator/execution/floating-point-arithmetic.ts';
import {
  floatConvert,
  floatToInteger,
  floatToJavaScriptInteger,
} from '../../../emulator/execution/floating-point-conversion.ts';
import {
  floatReciprocalEstimate,
  floatReciprocalSquareRootEstimate,
} from '../../../emulator/execution/floating-point-estimate.ts';
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

  test('square roots and quotients agree with the host', () => {
    const random = new Random(9);
    for (let i = 0; i < 2000; i++) {
      const [x, y] = [random.bits(63), random.bits(64)];
      const root = Math.sqrt(doubleOf(x));
      if (!Number.isNaN(root)) expect(floatSquareRoot(DOUBLE, x, TO_NEAREST).bits).toBe(bitsOfDouble(root));
      const quotient = doubleOf(x) / doubleOf(y);
      if (!Number.isNaN(quotient)) expect(floatDivide(DOUBLE, x, y, TO_NEAREST).bits).toBe(bitsOfDouble(quotient));
    }
  });

  test('a number rounded to odd says in its last bit that something was lost', () => {
    const third = bitsOfDouble(1 / 3);
    expect(floatConvert(DOUBLE, SINGLE, third, TO_NEAREST, Rounding.odd)).toEqual({
      bits: 0x3eaa_aaabn,
      flags: FPSR.IXC,
    });
    expect(floatConvert(DOUBLE, SINGLE, bitsOfDouble(2 ** 200), TO_NEAREST, Rounding.odd).bits).toBe(0x7f7f_ffffn);
  });

  test('the alternative half precision has no infinities', () => {
    const alternative = 1 << 26;
    const overflow = { bits: 0x7fffn, flags: FPSR.IOC };
    expect(floatConvert(SINGLE, HALF, bitsOfSingle(1e6), alternative)).toEqual(overflow);
    expect(floatConvert(SINGLE, HALF, bitsOfSingle(Number.POSITIVE_INFINITY), alternative)).toEqual(overflow);
    expect(floatConvert(SINGLE, HALF, bitsOfSingle(Number.NaN), alternative)).toEqual({ bits: 0n, flags: FPSR.IOC });
    expect(singleOf(floatConvert(HALF, SINGLE, 0x7fffn, alternative).bits)).toBe(131_008);
  });

  test('half-precision subnormals are flushed by FZ16 alone, without a word, and never in conversions', () => {
    const flush16 = 1 << 19;
    expect(floatAdd(HALF, 1n, 0n, FLUSH_TO_ZERO)).toEqual({ bits: 1n, flags: 0 });
    expect(floatAdd(HALF, 1n, 0n, flush16)).toEqual({ bits: 0n, flags: 0 });
    expect(singleOf(floatConvert(HALF, SINGLE, 1n, flush16 | FLUSH_TO_ZERO).bits)).toBe(2 ** -24);
  });

  test('estimates have eight bits', () => {
    for (const [x, estimate] of [
      [1, 0.998046875],
      [2, 0.4990234375],
      [3, 0.3330078125],
    ] as const)
      expect(doubleOf(floatReciprocalEstimate(DOUBLE, bitsOfDouble(x), TO_NEAREST).bits)).toBe(estimate);
    expect(doubleOf(floatReciprocalSquareRootEstimate(DOUBLE, bitsOfDouble(4), TO_NEAREST).bits)).toBe(0.4990234375);
    expect(floatReciprocalEstimate(DOUBLE, 0n, TO_NEAREST).flags).toBe(FPSR.DZC);
  });

  test('integers saturate, and the JavaScript conversion wraps', () => {
    const signed = { width: 32, unsigned: false, fractionBits: 0 } as const;
    const to = (x: number) => floatToInteger(DOUBLE, bitsOfDouble(x), signed, Rounding.towardsZero, TO_NEAREST);
    expect(to(3e9)).toEqual({ bits: 0x7fff_ffffn, flags: FPSR.IOC });
    expect(to(-1.5)).toEqual({ bits: 0xffff_ffffn, flags: FPSR.IXC });
    expect(floatToJavaScriptInteger(bitsOfDouble(2 ** 32 + 5), TO_NEAREST)).toEqual({ bits: 5n, flags: FPSR.IOC });
  });

  test('QEMU 7.2 differs: FJCVTZS of a flushed subnormal does not set Z (FPToFixedJS)', () => {
    expect(floatToJavaScriptInteger(1n, FLUSH_TO_ZERO)).toEqual({ bits: 0n, flags: FPSR.IDC });
  });

  test('QEMU 7.2 differs: FCVTZS of a half to a fixed-point scalar has nothing above 16 bits', () => {
    const to = { width: 16, unsigned: false, fractionBits: 15 } as const;
    expect(floatToInteger(HALF, 0xbc00n, to, Rounding.towardsZero, TO_NEAREST)).toEqual({ bits: 0x8000n, flags: 0 });
  });
});
