import { describe, expect, test } from 'vitest';
import { host, result } from '../support/scripted-host.ts';

describe('expressions', () => {
  test.each([
    ['el==1 && x0 > 0x10 && HCR_EL2.VM == 1', 'true'],
    ['el==2 || x0 > 0x10', 'true'],
    ['ipa in 0x09000000..0x09000fff', 'true'],
    ['ipa in 0x0a000000..0x0a000fff', 'false'],
    ['el in (0, 1)', 'true'],
    ['el in {2, 3}', 'false'],
    ['ec==dabort', 'true'],
    ['ec != dabort', 'false'],
    ['ec == hvc', 'false'],
    ['ec in (hvc, dabort)', 'true'],
    ['HCR_EL2.RW', '1'],
    ['hcr_el2.vm', '1 (stage 2 on)'],
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['1 << 12 | 0xf', '0x100f'],
    ['0b1010', '0xa'],
    ["'A'", '0x41'],
    ['10 / 3', '3'],
    ['-7 / 2', '-3'],
    ['-1 < 0', 'true'],
    ['x1 > 0', 'true'],
    ['!x0', 'false'],
    ['~0', '0xffffffffffffffff'],
    ['$x0 + 1', '0x21'],
    ['1.5 * 2', '3.0'],
    ['x0 == 32', 'true'],
    ['3 % 0', 'problem: division by zero'],
    ['1_000', '0x3e8'],
  ])('%s gives %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });
});

describe('memory in expressions', () => {
  test.each([
    ['*(u32*)0x1000', '7'],
    ['*(u32*)sp', '7'],
    ['[va:0x1000].u32', '7'],
    ['[sp + 4].u8', '5'],
    ['[0x1008]', '0x1000'],
    ['*(u64*)pa:0x1008', '0x1000'],
    ['[va@el1:sp+4].u32', '5'],
    ['pa:0x1000 + 8', '0x1008'],
    ['*(u32*)0x2000', 'problem: memory at va:0x2000 cannot be read'],
    ['[ipa:0x2000].u8', 'problem: memory at ipa:0x2000 cannot be read'],
    ['list->value', '7'],
    ['list->low', '5'],
    ['list->next->value', '7'],
    ['(*list).value', '7'],
    ['list[0].value', '7'],
    ['&list->next', '0x1008'],
    ['((node*)sp)->value', '7'],
    ['*(int*)_start', 'problem: memory at va:0x40080000 cannot be read'],
    ['_start + 4', '0x40080004'],
    ['&_start', '0x40080000 (_start)'],
    ['list->nothing', 'problem: list has no field nothing'],
  ])('%s gives %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test('an assignment changes a register, a field of it, or memory', () => {
    const on = host();
    expect(result('x0 = 5', on)).toBe('5');
    expect(on.registers.get('x0')).toBe(5n);
    expect(result('HCR_EL2.VM = 0', on)).toBe('0');
    expect(on.registers.get('hcr_el2')).toBe(0x80000000n);
    expect(result('list->value = 9', on)).toBe('9');
    expect(on.memory[0]).toBe(9);
    expect(result('list->value + 1 = 9', on)).toBe('problem: this value is computed and cannot be changed');
  });
});

describe('text that is no expression', () => {
  test.each([
    ['', 'an expression is missing'],
    ['x0 ==', 'a value is expected before the end'],
    ['(x0', "')' is expected before the end"],
    ['x0 x1', "'x1' is not expected here"],
    ['nonsense', 'there is no register, variable or symbol nonsense'],
    ['$nonsense', 'there is no register nonsense'],
    ['12abc', "'12a' is no number"],
    ['x0 @ 1', "'@' has no meaning here"],
    ['HCR_EL2.NOPE', 'HCR_EL2 has no field NOPE'],
    [`${'('.repeat(500)}1`, 'the expression is nested too deeply'],
    [`${'-'.repeat(500)}1`, 'the expression is nested too deeply'],
    ['*', 'a value is expected before the end'],
    ['x0 = ', 'a value is expected before the end'],
  ])('%j: %s', (text, message) => {
    expect(result(text)).toBe(`problem: ${message}`);
  });
});
