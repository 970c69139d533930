import { expect, test } from 'vitest';
import { effectiveRegister } from '../../../debug-adapter/targets/target-registers.ts';
import { guest } from '../../emulator/machine/support.ts';

const NV = 1n << 42n;
const NV2 = 1n << 45n;

test('A register says where an access by its name goes: to another register, or to memory under nested virtualization', () => {
  const { machine } = guest('.globl _start\n_start: b .\n', ['-M', 'virt,virtualization=on', '-cpu', 'trapdoor']);
  const unit = machine.core.units[0]!;
  unit.state.setLevel(1, 1);
  expect(effectiveRegister(unit, 'sctlr_el12')).toBeUndefined();
  unit.state.write('HCR_EL2', (1n << 31n) | NV | NV2);
  expect(effectiveRegister(unit, 'sctlr_el12')).toEqual({
    name: 'memory at VNCR_EL2 + 0x110',
    because: 'HCR_EL2.NV = 1, HCR_EL2.NV2 = 1, HCR_EL2.NV1 = 0',
  });
  expect(effectiveRegister(unit, 'elr_el2')).toEqual({
    name: 'ELR_EL1',
    because: 'HCR_EL2.NV = 1, HCR_EL2.NV2 = 1',
  });
  expect(effectiveRegister(unit, 'sctlr_el1')).toBeUndefined();
});
