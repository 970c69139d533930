import { describe, expect, test } from 'vitest';
import {
  absentRegisterAt,
  absentRegisters,
  disassemble,
  findFeature,
  findSystemRegister,
  systemEncodingKey,
  systemRegisterAt,
} from '../../../emulator/architecture/index.ts';

describe('registers of absent features', () => {
  test('are not those of the machine, neither by name nor by encoding', () => {
    for (const { name, encoding } of absentRegisters) {
      expect(findSystemRegister(name), name).toBeUndefined();
      expect(systemRegisterAt(systemEncodingKey(encoding)), name).toBeUndefined();
    }
  });

  test('have each an encoding of their own', () => {
    for (const one of absentRegisters) expect(absentRegisterAt(systemEncodingKey(one.encoding))).toBe(one);
  });

  test('belong to features that are not implemented', () => {
    const implemented = absentRegisters.filter(one => findFeature(one.feature)?.implemented);
    expect(implemented.map(one => `${one.name} of ${one.feature}`)).toEqual([]);
  });

  test('are printed by name', () => {
    expect(disassemble(0xd538_1200, { pc: 0n })).toBe('mrs x0, zcr_el1');
  });
});
