import { describe, expect, test } from 'vitest';
import {
  exceptionClass,
  exceptionClasses,
  exceptionClassesNamed,
} from '../../../emulator/architecture/exception-class.ts';
import { faultStatus, faultStatuses } from '../../../emulator/architecture/fault-status.ts';
import { describeSyndrome, trappedAccess } from '../../../emulator/architecture/syndrome-description.ts';

const esr = (ec: number, iss: number): bigint => (BigInt(ec) << 26n) | (1n << 25n) | BigInt(iss);
const summary = (ec: number, iss: number, context = {}): string => describeSyndrome(esr(ec, iss), context).summary;

describe('the exception classes', () => {
  test('lay out each bit of ISS once', () => {
    for (const row of exceptionClasses) {
      let next = 24;
      for (const one of row.syndrome) {
        expect(one.high, `${row.name}: ${one.name}`).toBe(next);
        next = one.low - 1;
      }
      expect(next, row.name).toBe(-1);
    }
  });

  test('have each code once, and are found by code and by short name', () => {
    const codes = exceptionClasses.map(row => row.code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(exceptionClass(0x16)?.name).toBe('HVC');
    expect(exceptionClass(0x3f)).toBeUndefined();
    expect(exceptionClassesNamed('dabort').map(row => row.code)).toEqual([0x24, 0x25]);
  });
});

describe('the fault status codes', () => {
  test('have each code once', () => {
    const codes = faultStatuses.map(one => one.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('tell kind and level', () => {
    expect(faultStatus(0b00_0111)).toMatchObject({ kind: 'translation', level: 3, name: 'translation fault, level 3' });
    expect(faultStatus(0b00_1101)).toMatchObject({ kind: 'permission', level: 1 });
    expect(faultStatus(0b10_0001)?.level).toBeUndefined();
    expect(faultStatus(0b01_0010)).toBeUndefined();
  });
});

describe('a syndrome in words', () => {
  test('names calls and their immediates', () => {
    expect(summary(0x16, 0)).toBe('HVC #0.');
    expect(summary(0x15, 42)).toBe('SVC #42.');
    expect(summary(0x17, 0)).toBe('SMC #0.');
    expect(summary(0x3c, 0xf000)).toBe('BRK #0xf000.');
  });

  test('names the register, the direction and Xt of a trapped access', () => {
    // MSR VBAR_EL1, X3: op0 3, op1 0, CRn 12, CRm 0, op2 0
    const vbar = (3 << 20) | (12 << 10) | (3 << 5);
    expect(summary(0x18, vbar)).toBe('Write of VBAR_EL1 from X3 was trapped.');
    expect(summary(0x18, vbar | 1)).toBe('Read of VBAR_EL1 into X3 was trapped.');
    expect(summary(0x18, (vbar & ~(31 << 5)) | (31 << 5))).toBe('Write of VBAR_EL1 from XZR was trapped.');
    expect(trappedAccess(esr(0x18, vbar))).toMatchObject({ name: 'VBAR_EL1', kind: 'register', register: 3 });
  });

  test('names a trapped system instruction', () => {
    // DC CISW, X1: op0 1, op1 0, CRn 7, CRm 14, op2 2
    expect(summary(0x18, (1 << 20) | (2 << 17) | (7 << 10) | (1 << 5) | (14 << 1))).toBe(
      'DC CISW with X1 was trapped.',
    );
    // TLBI VMALLE1IS
    expect(summary(0x18, (1 << 20) | (8 << 10) | (31 << 5) | (3 << 1))).toBe('TLBI VMALLE1IS was trapped.');
  });

  test('gives the generic name of a register that no table has', () => {
    expect(summary(0x18, (3 << 20) | (7 << 17) | (7 << 14) | (15 << 10) | (15 << 1) | 1)).toBe(
      'Read of S3_7_C15_C15_7 into X0 was trapped.',
    );
  });

  test('says what a data abort did, where, and why it failed', () => {
    const write = (1 << 24) | (2 << 22) | (3 << 16) | (1 << 6) | 0b00_0111;
    const where = { faultAddress: 0x900_0000n, intermediatePhysicalAddress: 0x900_0000n };
    expect(summary(0x24, write, where)).toBe(
      'Write of a word from W3 at 0x9000000 (IPA 0x9000000) failed: translation fault, level 3.',
    );
    expect(summary(0x25, 0b00_0101, { faultAddress: 0x1000n })).toBe(
      'Read at 0x1000 failed: translation fault, level 1.',
    );
    expect(summary(0x24, (1 << 7) | 0b00_0110)).toBe(
      'Read failed at stage 2 of a stage 1 table walk: translation fault, level 2.',
    );
    expect(summary(0x20, 0b00_1111, { faultAddress: 0x8000n })).toBe(
      'Instruction fetch at 0x8000 failed: permission fault, level 3.',
    );
  });

  test('names the instruction that waited', () => {
    expect(summary(0x01, 0)).toBe('WFI was trapped.');
    expect(summary(0x01, 1)).toBe('WFE was trapped.');
  });

  test('lists the fields with their meanings', () => {
    const { className, fields } = describeSyndrome(
      esr(0x24, (1 << 24) | (3 << 22) | (1 << 15) | (5 << 16) | 0b00_0100),
    );
    expect(className).toBe('Data abort from a lower level');
    expect(fields).toContainEqual({ name: 'EC', value: 0x24n, meaning: 'Data abort from a lower level' });
    expect(fields).toContainEqual({ name: 'SAS', value: 3n, meaning: 'doubleword' });
    expect(fields).toContainEqual({ name: 'SRT', value: 5n, meaning: 'X5' });
    expect(fields).toContainEqual({ name: 'DFSC', value: 4n, meaning: 'translation fault, level 0' });
  });

  test('never fails on a reserved class', () => {
    for (let ec = 0; ec < 64; ec++) {
      for (const iss of [0, 0x1ff_ffff, 0xaa_aaaa]) expect(summary(ec, iss)).toMatch(/\.$/);
    }
    expect(describeSyndrome(esr(0x3f, 0)).className).toBe('Reserved class 0x3f');
  });
});
