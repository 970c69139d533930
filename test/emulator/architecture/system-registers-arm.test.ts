import { describe, expect, test } from 'vitest';
import { systemInstructions } from '../../../emulator/architecture/system-instructions.ts';
import { systemRegisters } from '../../../emulator/architecture/system-registers/index.ts';
import {
  arm,
  compareRegisterAccess,
  compareRegisterEncodings,
  compareRegisterFields,
  compareRegisterNames,
  compareSystemInstructions,
  covered,
  fieldDifferences,
  isAccessDifference,
  isFieldDifference,
  notInData,
  uncoveredRegisters,
} from './arm-registers.ts';

describe("the system-register table and Arm's data", () => {
  test('every register is in the data, or is known not to be', () => {
    expect(compareRegisterNames().missing).toEqual(Object.keys(notInData).sort());
  });

  test('encodings, features and memory offsets agree', () => {
    expect(compareRegisterEncodings()).toEqual([]);
  });

  test('fields agree, but for the differences that are listed with a reason', () => {
    const found = compareRegisterFields();
    expect([...found].filter(([name]) => !isFieldDifference(name))).toEqual([]);
    const unfounded = Object.keys(fieldDifferences).filter(name => !found.has(name) && arm.registers[name]?.fields);
    expect(unfounded).toEqual([]);
    console.info(
      `system-register fields: ${covered.length - found.size} registers agree, ${found.size} differ with a reason`,
    );
  });

  test('access, traps and redirections agree at every Exception level', () => {
    const { rules, found } = compareRegisterAccess();
    expect([...found].filter(([name]) => !isAccessDifference(name))).toEqual([]);
    console.info(`system-register access: ${rules} rules of ${covered.length} registers, ${found.size} said otherwise`);
  });

  test('system instructions agree in encoding, feature and traps', () => {
    expect(compareSystemInstructions()).toEqual([]);
  });

  test('the coverage is known', () => {
    const ours = new Set<string>([...systemRegisters, ...systemInstructions].map(row => row.name));
    const { known, others } = uncoveredRegisters();
    console.info(
      `system registers and instructions: ${ours.size - Object.keys(notInData).length} of ours are in Arm's data; ` +
        `not covered: ${known.length} of features we know, ${others.length} of others`,
    );
    expect(
      known.filter(name => /^(CNT|ICC|ICH|PM|DBG|AP.Key|HCR|SCR|ESR|VTCR|AT|DC [CIZ])/.test(name)).length,
    ).toBeLessThan(40);
  });
});
