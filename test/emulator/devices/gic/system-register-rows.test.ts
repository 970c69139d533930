import { describe, expect, test } from 'vitest';
import { systemRegisters } from '../../../../emulator/architecture/system-registers/index.ts';
import { GicV3 } from '../../../../emulator/devices/gic/index.ts';
import { virtualMachineControlFields } from '../../../../emulator/devices/gic/virtual-control.ts';
import { hypervisorControlFields, maintenanceFields } from '../../../../emulator/devices/gic/virtual-interface.ts';
import { encodings } from './access-script.ts';

const handlers = new GicV3({ affinities: [0] }).systemRegisterHandlers(0);
const rows = systemRegisters.filter(row => row.handler === 'gic');

describe('the system registers of the interrupt controller and their rows', () => {
  test('every register that is implemented has a row, and reads and writes what the row permits', () => {
    const wrong = Object.entries(handlers).flatMap(([name, handler]) => {
      const row = rows.find(r => r.name === name);
      if (!row) return [`${name} has no row`];
      return (['read', 'write'] as const)
        .filter(direction => (row.access[direction] !== undefined) !== (handler?.[direction] !== undefined))
        .map(direction => `${name}: ${direction}`);
    });
    expect(wrong).toEqual([]);
  });

  test('rows without an implementation are those of more preemption bits and list registers', () => {
    const absent = rows.map(row => row.name).filter(name => handlers[name] === undefined);
    const expected = [
      ...[1, 2, 3].flatMap(n => [`ICC_AP0R${n}_EL1`, `ICC_AP1R${n}_EL1`, `ICH_AP0R${n}_EL2`, `ICH_AP1R${n}_EL2`]),
      ...Array.from({ length: 12 }, (_, n) => `ICH_LR${n + 4}_EL2`),
    ];
    expect(absent.sort()).toEqual(expected.sort());
  });

  test.each([
    ['ICH_HCR_EL2', hypervisorControlFields],
    ['ICH_MISR_EL2', maintenanceFields],
    ['ICH_VMCR_EL2', virtualMachineControlFields],
  ] as const)('fields of %s are where the row has them', (name, fields) => {
    const row = rows.find(r => r.name === name)!;
    for (const { name: fieldName, high, low } of fields) {
      expect(row.fields.find(f => f.name === fieldName)).toMatchObject({ high, low });
    }
  });

  test('scripts use the encodings of the rows', () => {
    for (const [name, encoding] of Object.entries(encodings)) {
      expect(systemRegisters.find(row => row.name === name)?.encoding).toEqual(encoding);
    }
  });
});
