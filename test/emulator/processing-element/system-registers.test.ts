import { describe, expect, test } from 'vitest';
import { systemEncodingKey } from '../../../emulator/architecture/system-register.ts';
import {
  findSystemRegister,
  type SystemRegisterName,
  systemRegisters,
} from '../../../emulator/architecture/system-registers/index.ts';
import { checkFloatingPointAccess } from '../../../emulator/processing-element/floating-point-access.ts';
import {
  executeReadSystemRegister,
  executeWritePstateField,
  executeWriteSystemRegister,
} from '../../../emulator/processing-element/system-instructions.ts';
import { Bench, bit, DEFAULT_FEATURES, HCR, SCR } from './bench.ts';

const key = (name: SystemRegisterName): number => systemEncodingKey(findSystemRegister(name)!.encoding);

/** Executes MRS X1 and tells the value, or the exception it ran into. */
function mrs(bench: Bench, name: SystemRegisterName): bigint | string {
  bench.records.length = 0;
  executeReadSystemRegister(bench.pe, bench.registers, key(name), 1);
  return bench.records.length === 0 ? bench.state.readX(1) : bench.story;
}

/** Executes MSR from X1; undefined when it completed, otherwise the exception. */
function msr(bench: Bench, name: SystemRegisterName, value: bigint): string | undefined {
  bench.records.length = 0;
  bench.state.writeX(1, value);
  executeWriteSystemRegister(bench.pe, bench.registers, key(name), 1);
  return bench.records.length === 0 ? undefined : bench.story;
}

const at = (el: 0 | 1 | 2 | 3, options: ConstructorParameters<typeof Bench>[0] = {}): Bench =>
  new Bench(options).at(el);

describe('an access that is permitted', () => {
  test('moves the value and goes on to the next instruction', () => {
    const bench = at(1);
    expect(msr(bench, 'TPIDR_EL1', 0x1234_5678_9abc_def0n)).toBeUndefined();
    expect(bench.state.pc).toBe(0x1004n);
    expect(mrs(bench, 'TPIDR_EL1')).toBe(0x1234_5678_9abc_def0n);
    expect(bench.state.pc).toBe(0x1008n);
  });

  test('leaves reserved bits alone', () => {
    const bench = at(1);
    msr(bench, 'VBAR_EL1', 0xffff_ffff_ffff_ffffn);
    expect(mrs(bench, 'VBAR_EL1')).toBe(0xffff_ffff_ffff_f800n);
    msr(bench, 'CONTEXTIDR_EL1', 0xffff_ffff_ffff_ffffn);
    expect(mrs(bench, 'CONTEXTIDR_EL1')).toBe(0xffff_ffffn);
  });

  test('keeps the bits of absent features at their value', () => {
    const bench = at(1, { features: [] });
    msr(bench, 'SCTLR_EL1', 0n);
    expect(BigInt(mrs(bench, 'SCTLR_EL1')) & bit(23, 22, 20, 11)).toBe(bit(23, 22, 20, 11));
  });

  test('uses the layout of CPTR_EL2 that HCR_EL2.E2H selects', () => {
    const bench = at(2);
    msr(bench, 'CPTR_EL2', bit(20, 21, 10));
    expect(BigInt(mrs(bench, 'CPTR_EL2')) & bit(20, 21, 10)).toBe(bit(10));
    bench.with({ HCR_EL2: HCR.E2H });
    msr(bench, 'CPTR_EL2', bit(20, 21, 10));
    expect(BigInt(mrs(bench, 'CPTR_EL2')) & bit(20, 21, 10)).toBe(bit(20, 21));
  });
});

describe('an access that is not allowed', () => {
  test('is UNDEFINED below the register’s level, for a read-only register, and where nothing is', () => {
    expect(mrs(at(1), 'HCR_EL2')).toBe('EL1 → EL1, class 0x00');
    expect(msr(at(1), 'MIDR_EL1', 0n)).toBe('EL1 → EL1, class 0x00');
    expect(mrs(at(2), 'SCR_EL3')).toBe('EL2 → EL2, class 0x00');
    const bench = at(1);
    executeReadSystemRegister(bench.pe, bench.registers, systemEncodingKey([3, 0, 4, 15, 7]), 1);
    expect(bench.story).toBe('EL1 → EL1, class 0x00');
  });

  test('is UNDEFINED without the feature', () => {
    expect(mrs(at(1, { features: [] }), 'PAN')).toBe('EL1 → EL1, class 0x00');
    expect(mrs(at(1), 'PAN')).toBe(0n);
  });

  test('to an identification register from EL0 says so with FEAT_IDST', () => {
    expect(mrs(at(0), 'ID_AA64PFR0_EL1')).toBe('EL0 → EL1, class 0x18');
    expect(mrs(at(0, { features: [] }), 'ID_AA64PFR0_EL1')).toBe('EL0 → EL1, class 0x00');
    expect(mrs(at(0).with({ HCR_EL2: HCR.TGE }), 'ID_AA64PFR0_EL1')).toBe('EL0 → EL2, class 0x18');
  });

  test('traps to EL2 with the register in the syndrome and the control in the record', () => {
    const bench = at(1).with({ HCR_EL2: HCR.TVM });
    expect(msr(bench, 'TTBR0_EL1', 0n)).toBe('EL1 → EL2, class 0x18');
    // op0 3, op2 0, op1 0, CRn 2, Rt 1, CRm 0, write
    expect(bench.state.read('ESR_EL2')).toBe(0x6230_0820n);
    expect(bench.lastException.reason).toBe('HCR_EL2.TVM = 1');
    expect(bench.lastException.preferredReturn).toBe(0x1000n);
    expect(mrs(at(1).with({ HCR_EL2: HCR.TVM }), 'TTBR0_EL1')).toBe(0n);
    expect(mrs(at(1).with({ HCR_EL2: HCR.TRVM }), 'TTBR0_EL1')).toBe('EL1 → EL2, class 0x18');
  });

  test('is not trapped by HCR_EL2 where EL2 is not enabled', () => {
    expect(mrs(at(1, { el3: true }).with({ HCR_EL2: HCR.TRVM, SCR_EL3: 0n }), 'TTBR0_EL1')).toBe(0n);
    expect(mrs(at(1, { el3: true }).with({ HCR_EL2: HCR.TRVM, SCR_EL3: SCR.NS }), 'TTBR0_EL1')).toBe(
      'EL1 → EL2, class 0x18',
    );
  });

  test('to implementation-defined encodings traps with TIDCP even where nothing is', () => {
    const bench = at(1).with({ HCR_EL2: bit(20) });
    executeReadSystemRegister(bench.pe, bench.registers, systemEncodingKey([3, 1, 15, 2, 3]), 5);
    expect(bench.story).toBe('EL1 → EL2, class 0x18');
    expect(bench.lastException.reason).toBe('HCR_EL2.TIDCP = 1');
  });
});

describe('a host at EL2', () => {
  const host = (): Bench => at(2).with({ HCR_EL2: HCR.E2H | HCR.TGE | HCR.RW });

  test('reaches its own registers by the names of EL1', () => {
    const bench = host().with({ VBAR_EL1: 0x1000n, VBAR_EL2: 0x2000n });
    expect(mrs(bench, 'VBAR_EL1')).toBe(0x2000n);
    msr(bench, 'VBAR_EL1', 0x4000n);
    expect([bench.state.read('VBAR_EL1'), bench.state.read('VBAR_EL2')]).toEqual([0x1000n, 0x4000n]);
  });

  test('reaches EL1’s by the names that end in EL12', () => {
    const bench = host();
    msr(bench, 'VBAR_EL12', 0x1000n);
    expect([bench.state.read('VBAR_EL1'), bench.state.read('VBAR_EL2')]).toEqual([0x1000n, 0n]);
    expect(mrs(bench, 'VBAR_EL12')).toBe(0x1000n);
  });

  test('loses both with E2H = 0', () => {
    const bench = at(2).with({ VBAR_EL1: 0x1000n, VBAR_EL2: 0x2000n });
    expect(mrs(bench, 'VBAR_EL1')).toBe(0x1000n);
    expect(mrs(bench, 'VBAR_EL12')).toBe('EL2 → EL2, class 0x00');
  });

  test('keeps TPIDR_EL1 and SP_EL1 as they are', () => {
    const bench = host();
    msr(bench, 'TPIDR_EL1', 7n);
    expect([bench.state.read('TPIDR_EL1'), bench.state.read('TPIDR_EL2')]).toEqual([7n, 0n]);
  });
});

describe('identity', () => {
  test('at EL1 is what the hypervisor says', () => {
    const bench = at(1).with({ MIDR_EL1: 1n, VPIDR_EL2: 2n, MPIDR_EL1: 3n, VMPIDR_EL2: 4n });
    expect([mrs(bench, 'MIDR_EL1'), mrs(bench, 'MPIDR_EL1')]).toEqual([2n, 4n]);
    bench.at(2);
    expect([mrs(bench, 'MIDR_EL1'), mrs(bench, 'MPIDR_EL1')]).toEqual([1n, 3n]);
  });
  test('at EL1 is the real one without EL2', () => {
    const bench = at(1, { el2: false }).with({ MIDR_EL1: 1n });
    expect(mrs(bench, 'MIDR_EL1')).toBe(1n);
  });
});

describe('views of the process state', () => {
  test('show and change flags, masks, level and stack pointers', () => {
    const bench = at(1);
    msr(bench, 'NZCV', bit(31, 29));
    expect([bench.state.n, bench.state.z, bench.state.c, bench.state.v]).toEqual([1, 0, 1, 0]);
    expect(mrs(bench, 'NZCV')).toBe(bit(31, 29));
    msr(bench, 'DAIF', 0xffff_ffffn);
    expect(bench.state.daif).toBe(0x3c0);
    expect(mrs(bench, 'CurrentEL')).toBe(4n);
    msr(bench, 'SP_EL0', 0x100n);
    msr(bench, 'SPSel', 0n);
    expect(bench.state.sp).toBe(0x100n);
    expect(mrs(bench, 'SP_EL0')).toBe('EL1 → EL1, class 0x00');
  });

  test('of features: PAN, UAO, DIT and SSBS', () => {
    const bench = at(1);
    msr(bench, 'PAN', bit(22));
    msr(bench, 'UAO', bit(23));
    msr(bench, 'DIT', bit(24));
    msr(bench, 'SSBS', bit(12));
    expect([bench.state.pan, bench.state.uao, bench.state.dit, bench.state.ssbs]).toEqual([1, 1, 1, 1]);
    expect(mrs(bench, 'DIT')).toBe(bit(24));
  });

  test('DAIF at EL0 needs SCTLR_EL1.UMA and is never for a host’s application', () => {
    expect(mrs(at(0), 'DAIF')).toBe('EL0 → EL1, class 0x18');
    expect(mrs(at(0).with({ SCTLR_EL1: bit(9) }), 'DAIF')).toBe(0n);
    expect(mrs(at(0).with({ SCTLR_EL1: bit(9), HCR_EL2: HCR.E2H | HCR.TGE }), 'DAIF')).toBe('EL0 → EL2, class 0x18');
  });

  test('FPCR keeps only the modes that exist and is under the floating-point traps', () => {
    const bench = at(1).with({ CPACR_EL1: bit(20, 21) });
    expect(msr(bench, 'FPCR', 0xffff_ffffn)).toBeUndefined();
    expect(BigInt(mrs(bench, 'FPCR')) & bit(26, 25, 24, 23, 22)).toBe(bit(26, 25, 24, 23, 22));
    expect(mrs(at(1), 'FPCR')).toBe('EL1 → EL1, class 0x07');
  });

  test('CCSIDR_EL1 describes the cache that CSSELR_EL1 selects', () => {
    const bench = at(1);
    msr(bench, 'CSSELR_EL1', 1n);
    expect(mrs(bench, 'CCSIDR_EL1')).toBe(0x201f_e012n);
  });

  test('DCZID_EL0.DZP says that DC ZVA would trap', () => {
    const dzp = (el: 0 | 1, sctlr: bigint, hcr: bigint): bigint =>
      BigInt(mrs(at(el).with({ SCTLR_EL1: sctlr, HCR_EL2: hcr }), 'DCZID_EL0')) & bit(4);
    expect(dzp(0, bit(14), 0n)).toBe(0n);
    expect(dzp(0, 0n, 0n)).toBe(bit(4));
    expect(dzp(1, 0n, 0n)).toBe(0n);
    expect(dzp(1, 0n, bit(28))).toBe(bit(4));
  });
});

describe('MSR (immediate)', () => {
  const set = (bench: Bench, op1: number, op2: number, immediate: number): string | undefined => {
    bench.records.length = 0;
    executeWritePstateField(bench.pe, op1, op2, immediate);
    return bench.records.length === 0 ? undefined : bench.story;
  };

  test('DAIFSet and DAIFClr change the masks given', () => {
    const bench = at(1);
    expect(set(bench, 3, 6, 0b1010)).toBeUndefined();
    expect(bench.state.daif).toBe(0x280);
    expect(set(bench, 3, 7, 0b0010)).toBeUndefined();
    expect(bench.state.daif).toBe(0x200);
    expect(bench.state.pc).toBe(0x1008n);
    expect(bench.reports).toContain('interrupts');
  });

  test('DAIFSet at EL0 is trapped without UMA, as a write of XZR', () => {
    const bench = at(0);
    expect(set(bench, 3, 6, 0b0010)).toBe('EL0 → EL1, class 0x18');
    expect(bench.state.read('ESR_EL1')).toBe(
      BigInt(0x6200_0000 | (6 << 17) | (3 << 14) | (4 << 10) | (31 << 5) | (2 << 1)),
    );
    expect(set(at(0).with({ SCTLR_EL1: bit(9) }), 3, 6, 2)).toBeUndefined();
  });

  test('PAN, UAO and SPSel are UNDEFINED at EL0; DIT and SSBS are not', () => {
    for (const op2 of [3, 4, 5]) expect(set(at(0), 0, op2, 1)).toBe('EL0 → EL1, class 0x00');
    for (const op2 of [1, 2]) expect(set(at(0), 3, op2, 1)).toBeUndefined();
  });

  test('sets PAN, UAO, SPSel, DIT and SSBS', () => {
    const bench = at(1);
    set(bench, 0, 4, 1);
    set(bench, 0, 3, 1);
    set(bench, 0, 5, 0);
    set(bench, 3, 2, 1);
    set(bench, 3, 1, 1);
    const { pan, uao, spSel, dit, ssbs } = bench.state;
    expect([pan, uao, spSel, dit, ssbs]).toEqual([1, 1, 0, 1, 1]);
  });

  test('of fields whose feature is absent is UNDEFINED', () => {
    expect(set(at(1, { features: [] }), 0, 4, 1)).toBe('EL1 → EL1, class 0x00');
    expect(set(at(1), 0, 7, 1)).toBe('EL1 → EL1, class 0x00');
  });
});

describe('floating-point access', () => {
  const trap = (el: 0 | 1 | 2 | 3, values: Parameters<Bench['with']>[0]): string => {
    const bench = at(el, { el3: true })
      .with({ SCR_EL3: SCR.NS, CPACR_EL1: bit(20, 21) })
      .with(values);
    const found = checkFloatingPointAccess(bench.pe);
    return found ? `EL${found.to} class ${found.syndrome.exceptionClass}: ${found.reason}` : 'permitted';
  };
  test('is governed by CPACR_EL1 at EL0 and EL1', () => {
    expect(trap(1, { CPACR_EL1: 0n })).toBe('EL1 class 7: CPACR_EL1.FPEN = 0');
    expect(trap(1, { CPACR_EL1: bit(20) })).toBe('permitted');
    expect(trap(0, { CPACR_EL1: bit(20) })).toBe('EL1 class 7: CPACR_EL1.FPEN = 1');
    expect(trap(0, { CPACR_EL1: bit(21) })).toBe('EL1 class 7: CPACR_EL1.FPEN = 2');
    expect(trap(2, { CPACR_EL1: 0n })).toBe('permitted');
    expect(trap(0, { CPACR_EL1: 0n, HCR_EL2: HCR.TGE })).toBe('EL2 class 0: CPACR_EL1.FPEN = 0');
  });
  test('is governed by CPTR_EL2 in either layout', () => {
    expect(trap(1, { CPTR_EL2: bit(10) })).toBe('EL2 class 7: CPTR_EL2.TFP = 1');
    expect(trap(2, { CPTR_EL2: bit(10) })).toBe('EL2 class 7: CPTR_EL2.TFP = 1');
    expect(trap(2, { CPTR_EL2: bit(10), HCR_EL2: HCR.E2H })).toBe('EL2 class 7: CPTR_EL2.FPEN = 0');
    expect(trap(2, { CPTR_EL2: bit(20), HCR_EL2: HCR.E2H })).toBe('permitted');
    expect(trap(0, { CPTR_EL2: bit(20), HCR_EL2: HCR.E2H })).toBe('permitted');
    expect(trap(0, { CPTR_EL2: bit(20), HCR_EL2: HCR.E2H | HCR.TGE })).toBe('EL2 class 7: CPTR_EL2.FPEN = 1');
    expect(trap(1, { CPTR_EL2: bit(10), SCR_EL3: 0n })).toBe('permitted');
  });
  test('is governed by CPTR_EL3 everywhere', () => {
    for (const el of [0, 1, 2, 3] as const)
      expect(trap(el, { CPTR_EL3: bit(10) })).toBe('EL3 class 7: CPTR_EL3.TFP = 1');
  });
  test('is known to generated code at once', () => {
    const bench = at(1);
    msr(bench, 'CPACR_EL1', bit(20, 21));
    expect(bench.state.engine.get('fpTrapped')).toBe(0);
    msr(bench, 'CPACR_EL1', 0n);
    expect(bench.state.engine.get('fpTrapped')).toBe(1);
  });
});

describe('what a write changes besides', () => {
  test('is reported once, and not when nothing changed', () => {
    const bench = at(2);
    msr(bench, 'TTBR0_EL1', 0x4000_0000n);
    msr(bench, 'TTBR0_EL1', 0x0001_0000_4000_0000n);
    msr(bench, 'TTBR0_EL1', 0x0001_0000_4000_0000n);
    msr(bench, 'VTTBR_EL2', 0x0002_0000_4100_0000n);
    msr(bench, 'TCR_EL1', 25n);
    expect(bench.translationChanges).toEqual([
      { what: 'tables', register: 'TTBR0_EL1' },
      { what: 'asid', register: 'TTBR0_EL1' },
      { what: 'vmid', register: 'VTTBR_EL2' },
      { what: 'controls', register: 'TCR_EL1' },
    ]);
  });
  test('concerns the register that was reached', () => {
    const bench = at(2).with({ HCR_EL2: HCR.E2H });
    msr(bench, 'TCR_EL1', 25n);
    msr(bench, 'TCR_EL12', 25n);
    expect(bench.translationChanges.map(({ register }) => register)).toEqual(['TCR_EL2', 'TCR_EL1']);
  });
  test('HCR_EL2: interrupts, context and translation by the bits that changed', () => {
    const bench = at(2);
    bench.reports.length = 0;
    msr(bench, 'HCR_EL2', HCR.IMO);
    expect(bench.reports).toEqual(['interrupts']);
    expect(bench.translationChanges).toEqual([]);
    msr(bench, 'HCR_EL2', HCR.IMO | HCR.VM | HCR.E2H);
    expect(bench.translationChanges).toEqual([{ what: 'controls', register: 'HCR_EL2' }]);
    expect(bench.reports).toContain('context');
  });
  test('alignment checks reach generated code', () => {
    const bench = at(1);
    msr(bench, 'SCTLR_EL1', bit(1, 3));
    expect([bench.state.engine.get('alignmentCheck'), bench.state.engine.get('spAlignMask')]).toEqual([1, 15]);
    msr(bench, 'SCTLR_EL1', 0n);
    expect([bench.state.engine.get('alignmentCheck'), bench.state.engine.get('spAlignMask')]).toEqual([0, 0]);
  });
});

describe('registers that others implement', () => {
  test('go to their handlers with the context of the access', () => {
    const seen: string[] = [];
    const bench = at(1, {
      features: DEFAULT_FEATURES,
      handlers: {
        CNTV_CVAL_EL0: {
          read: pe => {
            seen.push(`read at EL${pe.el} of PE ${pe.index}, ${pe.secure ? 'Secure' : 'Non-secure'}`);
            return pe.read('CNTVOFF_EL2') + 1n;
          },
          write: (_pe, value) => void seen.push(`write ${value}`),
        },
        CNTVOFF_EL2: {},
      },
    }).with({ CNTVOFF_EL2: 41n });
    expect(mrs(bench, 'CNTV_CVAL_EL0')).toBe(42n);
    msr(bench, 'CNTV_CVAL_EL0', 5n);
    expect(seen).toEqual(['read at EL1 of PE 0, Non-secure', 'write 5']);
  });
  test('are UNDEFINED when nobody does', () => {
    expect(mrs(at(1), 'CNTV_CVAL_EL0')).toBe('EL1 → EL1, class 0x00');
  });
});

test('every register of the tables can be prepared for every level', () => {
  const bench = new Bench({ el3: true });
  for (const row of systemRegisters) {
    for (const el of [0, 1, 2, 3] as const) {
      bench.at(el);
      for (const direction of ['read', 'write'] as const)
        bench.registers.check(systemEncodingKey(row.encoding), direction, 0);
    }
  }
});
