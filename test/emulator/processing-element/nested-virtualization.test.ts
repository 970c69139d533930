import { describe, expect, test } from 'vitest';
import { systemInstructions } from '../../../emulator/architecture/system-instructions.ts';
import { systemEncodingKey } from '../../../emulator/architecture/system-register.ts';
import { type SystemRegisterName, systemRegisterNamed } from '../../../emulator/architecture/system-registers/index.ts';
import {
  executeExceptionReturn,
  executeSecureMonitorCall,
  executeSupervisorCall,
} from '../../../emulator/processing-element/call-instructions.ts';
import { SystemInstructionAccess } from '../../../emulator/processing-element/system-instruction-access.ts';
import {
  executeReadSystemRegister,
  executeWriteSystemRegister,
} from '../../../emulator/processing-element/system-instructions.ts';
import { Bench, DEFAULT_FEATURES, HCR } from './bench.ts';

/** A hypervisor at EL1 as the controls of the one at EL2 say. */
function nested(hcr: bigint, el: 0 | 1 | 2 = 1): Bench {
  const features = [...DEFAULT_FEATURES, 'FEAT_NV', 'FEAT_NV2'];
  return new Bench({ features }).at(el).with({ HCR_EL2: HCR.RW | hcr, VNCR_EL2: 0x8000n });
}
const key = (name: SystemRegisterName): number => systemEncodingKey(systemRegisterNamed(name).encoding);

/** What MRS reads, or the exception that it takes. */
function read(bench: Bench, name: SystemRegisterName): bigint | string {
  bench.records.length = 0;
  executeReadSystemRegister(bench.pe, bench.registers, key(name), 1);
  return bench.records.length === 0 ? bench.state.readX(1) : bench.story;
}
/** The exception that MSR takes, or where the value is. */
function write(bench: Bench, name: SystemRegisterName, value: bigint): string | undefined {
  bench.records.length = 0;
  bench.state.writeX(1, value);
  executeWriteSystemRegister(bench.pe, bench.registers, key(name), 1);
  return bench.records.length === 0 ? undefined : bench.story;
}
function execute(bench: Bench, name: string): string | undefined {
  const row = systemInstructions.find(one => one.name === name)!;
  bench.records.length = 0;
  const host = { tlbi: () => {}, at: () => true, cacheByAddress: () => true, zeroBlock: () => true };
  new SystemInstructionAccess(bench.pe, bench.registers, host as never).execute(
    systemEncodingKey(row.encoding),
    row.takesRegister ? 0 : 31,
  );
  return bench.records.length === 0 ? undefined : bench.story;
}

const TRAPPED = 'EL1 → EL2, class 0x18';
const UNDEFINED = 'EL1 → EL1, class 0x00';

describe('HCR_EL2.NV', () => {
  test('traps registers of EL2, names of a host and maintenance of EL2 that EL1 tries', () => {
    for (const name of ['VBAR_EL2', 'HCR_EL2', 'TTBR0_EL2', 'ELR_EL2', 'SCTLR_EL12', 'ELR_EL12'] as const) {
      expect([name, read(nested(HCR.NV), name)]).toEqual([name, TRAPPED]);
      expect([name, write(nested(HCR.NV), name, 0n)]).toEqual([name, TRAPPED]);
      expect([name, read(nested(0n), name)]).toEqual([name, UNDEFINED]);
    }
    for (const name of ['TLBI ALLE1', 'TLBI VAE2IS', 'AT S1E2R', 'AT S12E1R', 'TLBI IPAS2E1IS']) {
      expect([name, execute(nested(HCR.NV), name)]).toEqual([name, TRAPPED]);
      expect([name, execute(nested(0n), name)]).toEqual([name, UNDEFINED]);
    }
  });

  test('leaves the names of a host to EL1 whatever HCR_EL2.E2H says', () => {
    expect(read(nested(HCR.NV | HCR.E2H), 'TCR_EL12')).toBe(TRAPPED);
  });

  test('does not make registers of EL3, nor writes of what can only be read, trap', () => {
    expect(read(nested(HCR.NV), 'SCR_EL3')).toBe(UNDEFINED);
    expect(write(nested(HCR.NV), 'ICH_VTR_EL2', 0n)).toBe(UNDEFINED);
  });

  test('does nothing to EL0 and EL2', () => {
    expect(read(nested(HCR.NV, 0), 'VBAR_EL2')).toBe('EL0 → EL1, class 0x00');
    expect(read(nested(HCR.NV, 2), 'VBAR_EL2')).toBe(0n);
  });

  test('shows EL2 in CurrentEL', () => {
    expect(read(nested(HCR.NV), 'CurrentEL')).toBe(8n);
    expect(read(nested(0n), 'CurrentEL')).toBe(4n);
  });

  test('traps ERET', () => {
    const bench = nested(HCR.NV);
    executeExceptionReturn(bench.pe);
    expect(bench.story).toBe('EL1 → EL2, class 0x1a');
    expect(bench.state.read('ELR_EL2')).toBe(0x1000n);
  });

  test('lets HCR_EL2.TSC trap an SMC that nobody would answer', () => {
    const bench = nested(HCR.NV | HCR.TSC);
    executeSecureMonitorCall(bench.pe, 3);
    expect(bench.story).toBe('EL1 → EL2, class 0x17');
    const plain = nested(HCR.TSC);
    executeSecureMonitorCall(plain.pe, 3);
    expect(plain.story).toBe(UNDEFINED);
  });

  test('is zero without the feature', () => {
    const bench = new Bench().at(2);
    write(bench, 'HCR_EL2', HCR.RW | HCR.NV | HCR.NV1 | HCR.NV2 | HCR.AT);
    expect(read(bench, 'HCR_EL2')).toBe(HCR.RW);
  });
});

describe('HCR_EL2.AT', () => {
  test('traps the translation of addresses of EL1 and EL0', () => {
    expect(execute(nested(HCR.NV | HCR.AT), 'AT S1E1R')).toBe(TRAPPED);
    expect(execute(nested(HCR.NV | HCR.AT), 'AT S1E0W')).toBe(TRAPPED);
    expect(execute(nested(HCR.NV), 'AT S1E1R')).toBeUndefined();
  });
});

describe('HCR_EL2.NV1', () => {
  test('traps what a hypervisor without VHE keeps for its guest', () => {
    for (const name of ['ELR_EL1', 'SPSR_EL1', 'VBAR_EL1'] as const) {
      expect([name, read(nested(HCR.NV | HCR.NV1), name)]).toEqual([name, TRAPPED]);
      expect([name, read(nested(HCR.NV), name)]).toEqual([name, 0n]);
      expect([name, read(nested(HCR.NV1), name)]).toEqual([name, 0n]);
    }
    expect(read(nested(HCR.NV | HCR.NV1), 'TPIDR_EL1')).toBe(0n);
  });
});

describe('HCR_EL2.NV2', () => {
  test('sends registers of EL2 to memory at VNCR_EL2', () => {
    const bench = nested(HCR.NV | HCR.NV2);
    expect(write(bench, 'VTTBR_EL2', 0x1234n)).toBeUndefined();
    expect([...bench.nestedMemory]).toEqual([[0x8020n, 0x1234n]]);
    expect(bench.state.read('VTTBR_EL2')).toBe(0n);
    expect(read(bench, 'VTTBR_EL2')).toBe(0x1234n);
    expect(bench.state.pc).toBe(0x1008n);
  });

  test('stays at the instruction when the memory cannot be accessed', () => {
    const bench = nested(HCR.NV | HCR.NV2);
    read(bench, 'VTTBR_EL2');
    expect(bench.state.pc).toBe(0x1000n);
  });

  test('has no effect without NV', () => {
    expect(read(nested(HCR.NV2), 'VTTBR_EL2')).toBe(UNDEFINED);
  });

  test('traps registers of EL2 that have no place in memory', () => {
    expect(read(nested(HCR.NV | HCR.NV2), 'CNTHCTL_EL2')).toBe(TRAPPED);
    expect(read(nested(HCR.NV | HCR.NV2), 'VBAR_EL2')).toBe(TRAPPED);
  });

  test("reaches EL1's exception state by EL2's names", () => {
    const bench = nested(HCR.NV | HCR.NV2).with({ ELR_EL1: 1n, SPSR_EL1: 2n, ESR_EL1: 3n, FAR_EL1: 4n });
    expect(read(bench, 'ELR_EL2')).toBe(1n);
    expect(read(bench, 'SPSR_EL2')).toBe(2n);
    expect(read(bench, 'ESR_EL2')).toBe(3n);
    expect(read(bench, 'FAR_EL2')).toBe(4n);
    write(bench, 'ELR_EL2', 5n);
    expect(bench.state.read('ELR_EL1')).toBe(5n);
    expect(bench.state.read('ELR_EL2')).toBe(0n);
  });

  test("sends a guest's registers to memory: EL12 names with VHE, EL1 names without", () => {
    const host = nested(HCR.NV | HCR.NV2);
    write(host, 'SCTLR_EL12', 7n);
    write(host, 'SCTLR_EL1', 0x30d0_0801n);
    expect([...host.nestedMemory]).toEqual([[0x8110n, 7n]]);
    const plain = nested(HCR.NV | HCR.NV1 | HCR.NV2);
    write(plain, 'SCTLR_EL1', 7n);
    expect([...plain.nestedMemory]).toEqual([[0x8110n, 7n]]);
    write(plain, 'ELR_EL1', 8n);
    expect(plain.nestedMemory.get(0x8230n)).toBe(8n);
    expect(write(plain, 'SCTLR_EL12', 7n)).toBe(TRAPPED);
  });

  test('comes after the traps of a register', () => {
    const bench = nested(HCR.NV | HCR.NV1 | HCR.NV2 | HCR.TVM);
    expect(write(bench, 'SCTLR_EL1', 7n)).toBe(TRAPPED);
    expect(bench.nestedMemory.size).toBe(0);
  });
});

describe('SPSR_EL1 after an exception from EL1 to EL1', () => {
  const saved = (hcr: bigint, from: 0 | 1 = 1) => {
    const bench = nested(hcr, from);
    executeSupervisorCall(bench.pe, 0);
    expect(bench.story).toBe(`EL${from} → EL1, class 0x15`);
    return bench.state.read('SPSR_EL1') & 0xfn;
  };
  test('says EL2 where a hypervisor shall believe it', () => {
    expect(saved(0n)).toBe(5n);
    expect(saved(HCR.NV)).toBe(9n);
    expect(saved(HCR.NV | HCR.NV1)).toBe(5n);
    expect(saved(HCR.NV | HCR.NV2)).toBe(9n);
    expect(saved(HCR.NV | HCR.NV1 | HCR.NV2)).toBe(9n);
    expect(saved(HCR.NV | HCR.NV2, 0)).toBe(0n);
  });
});
