import { describe, expect, test } from 'vitest';
import { findFeature } from '../../../emulator/architecture/feature.ts';
import { systemInstructions } from '../../../emulator/architecture/system-instructions.ts';
import {
  type Condition,
  conditionFields,
  describeTrap,
  extractField,
  type Field,
  field,
  insertField,
  isReserved,
  maskOfBits,
  type SystemRegister,
  systemEncodingKey,
  type Trap,
} from '../../../emulator/architecture/system-register.ts';
import {
  findSystemRegister,
  systemRegisterAt,
  systemRegisterNamed,
  systemRegisterSlot,
  systemRegisters,
} from '../../../emulator/architecture/system-registers/index.ts';

/** Everything that is wrong, one line each, so that a failure tells all. */
function problems<Row extends { name: string }>(rows: readonly Row[], check: (row: Row) => Iterable<string>): string[] {
  return rows.flatMap(row => [...check(row)].map(problem => `${row.name}: ${problem}`));
}

function* gapsIn(fields: readonly Field[]): Iterable<string> {
  let next = 63;
  for (const one of fields) {
    if (one.high !== next) yield `${one.name} starts at bit ${one.high}, not ${next}`;
    if (one.low > one.high) yield `${one.name} ends above its start`;
    next = one.low - 1;
  }
  if (next !== -1) yield `bits ${next}:0 are not described`;
}

function* unknownControls(conditions: readonly Condition[]): Iterable<string> {
  for (const condition of conditions) {
    const row = findSystemRegister(condition.register);
    if (row === undefined) {
      yield `asks for ${condition.register}, which is no register`;
      continue;
    }
    try {
      const width = conditionFields(row, condition, conditions).reduce((sum, one) => sum + one.high - one.low + 1, 0);
      for (const value of condition.is) if (value >= 2 ** width) yield `${condition.field} cannot be ${value}`;
    } catch (error) {
      yield String(error);
    }
  }
}

const trapConditions = (traps: readonly Trap[]): readonly Condition[][] => traps.map(trap => [...trap.when]);

describe('the system-register table', () => {
  test('describes each of the 64 bits of each register exactly once', () => {
    const found = problems(systemRegisters, function* (row) {
      yield* gapsIn(row.fields);
      for (const layout of row.layouts) yield* gapsIn(layout.fields);
    });
    expect(found).toEqual([]);
  });

  test('gives a field name once in a layout', () => {
    const found = problems(systemRegisters, function* (row) {
      for (const fields of [row.fields, ...row.layouts.map(layout => layout.fields)]) {
        const names = fields.filter(one => !isReserved(one)).map(one => one.name);
        for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) yield `${name} occurs twice`;
      }
    });
    expect(found).toEqual([]);
  });

  test('names only values that fit their field', () => {
    const found = problems(systemRegisters, function* (row) {
      for (const one of row.fields) {
        for (const value of Object.keys(one.values ?? {})) {
          if (Number(value) >= 2 ** (one.high - one.low + 1)) yield `${one.name} cannot be ${value}`;
        }
      }
    });
    expect(found).toEqual([]);
  });

  test('has each name once, and each encoding once for reads and once for writes', () => {
    const names = [...systemRegisters, ...systemInstructions].map(row => row.name.toUpperCase());
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    for (const direction of ['read', 'write'] as const) {
      const keys = [...systemRegisters, ...systemInstructions]
        .filter(row => (row.access as SystemRegister['access'])[direction] !== undefined)
        .map(row => systemEncodingKey(row.encoding));
      expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    }
    expect(systemRegisterAt(systemEncodingKey([2, 3, 0, 5, 0]), 'read')?.name).toBe('DBGDTRRX_EL0');
    expect(systemRegisterAt(systemEncodingKey([2, 3, 0, 5, 0]), 'write')?.name).toBe('DBGDTRTX_EL0');
  });

  test('traps only on fields that exist', () => {
    const found = problems<SystemRegister>(systemRegisters, function* (row) {
      for (const conditions of trapConditions(row.traps)) yield* unknownControls(conditions);
      yield* unknownControls(row.unless);
      for (const redirect of row.redirects) yield* unknownControls(redirect.when);
      for (const layout of row.layouts) yield* unknownControls(layout.when);
    });
    const inInstructions = problems(systemInstructions, function* (row) {
      for (const conditions of trapConditions(row.traps)) yield* unknownControls(conditions);
    });
    expect([...found, ...inInstructions]).toEqual([]);
  });

  test('redirects and shares storage only with registers that exist and have storage or a handler', () => {
    const found = problems<SystemRegister>(systemRegisters, function* (row) {
      for (const { to } of row.redirects) if (!findSystemRegister(to)) yield `redirects to ${to}`;
      if (typeof row.storage !== 'object') return;
      const other = findSystemRegister(row.storage.sharedWith);
      if (other === undefined) yield `shares with ${row.storage.sharedWith}`;
      else if (typeof other.storage === 'object') yield `shares with ${other.name}, which has no storage of its own`;
    });
    expect(found).toEqual([]);
  });

  test('names only features that the feature table knows', () => {
    const unknown = new Set<string>();
    const note = (name: string | undefined): void => {
      if (name !== undefined && findFeature(name) === undefined) unknown.add(name);
    };
    for (const row of systemRegisters) {
      note(row.feature);
      for (const trap of row.traps) note(trap.feature);
      for (const one of [...row.fields, ...row.layouts.flatMap(layout => layout.fields)]) note(one.feature);
    }
    for (const row of systemInstructions) note(row.feature);
    expect([...unknown]).toEqual([]);
  });

  test('resets no reserved bit to the wrong value', () => {
    const found = problems(systemRegisters, function* (row) {
      for (const one of row.fields) {
        const mask = maskOfBits(one.high, one.low);
        if (one.name === 'RES0' && (row.reset & mask) !== 0n) yield `resets RES0 bits ${one.high}:${one.low}`;
        if (one.name === 'RES1' && (row.reset & mask) !== mask) yield `clears RES1 bits ${one.high}:${one.low}`;
      }
    });
    expect(found).toEqual([]);
  });

  test('is found by name in any case and by encoding', () => {
    expect(findSystemRegister('vbar_el1')?.name).toBe('VBAR_EL1');
    expect(findSystemRegister('currentel')?.name).toBe('CurrentEL');
    expect(systemRegisterAt(systemEncodingKey([3, 0, 12, 0, 0]))?.name).toBe('VBAR_EL1');
    expect(systemRegisterAt(systemEncodingKey([3, 0, 15, 15, 7]))).toBeUndefined();
  });

  test('gives the _EL12 name the storage of the register it reaches', () => {
    expect(systemRegisterSlot('SCTLR_EL12')).toBe(systemRegisterSlot('SCTLR_EL1'));
    expect(systemRegisterSlot('SCTLR_EL2')).not.toBe(systemRegisterSlot('SCTLR_EL1'));
    expect(systemRegisterSlot('CurrentEL')).toBeUndefined();
  });

  test('says its traps in words', () => {
    const words = systemRegisterNamed('VBAR_EL1').traps.map(describeTrap);
    expect(words).toContain('Trapped to EL2 on read when SCR_EL3.FGTEn = 1 and HFGRTR_EL2.VBAR_EL1 = 1');
    const ttbr = systemRegisterNamed('TTBR0_EL1').traps.map(describeTrap);
    expect(ttbr).toContain('Trapped to EL2 on write when HCR_EL2.TVM = 1');
    const pmcr = systemRegisterNamed('PMCR_EL0').traps.map(describeTrap);
    expect(pmcr[0]).toBe('Trapped to EL1 when PMUSERENR_EL0.EN = 0');
  });
});

describe('fields', () => {
  const hcr = systemRegisterNamed('HCR_EL2');

  test('are read and replaced in place', () => {
    expect(field(hcr, 'E2H')).toEqual({ high: 34, low: 34, mask: 1n << 34n });
    expect(extractField(0b11n << 10n, hcr, 'BSU')).toBe(3n);
    expect(insertField(0xfffn, hcr, 'BSU', 1n)).toBe(0x7ffn);
    expect(() => field(hcr, 'NONE')).toThrow('HCR_EL2 has no field NONE');
  });

  test('are looked up in the layout that the conditions beside them imply', () => {
    const cnthctl = systemRegisterNamed('CNTHCTL_EL2');
    const asked: Condition = { register: 'CNTHCTL_EL2', field: 'EL1PCTEN', is: [0] };
    const e2h: Condition = { register: 'HCR_EL2', field: 'E2H', is: [1] };
    expect(conditionFields(cnthctl, asked, [asked])[0]?.low).toBe(0);
    expect(conditionFields(cnthctl, asked, [e2h, asked])[0]?.low).toBe(10);
  });
});
