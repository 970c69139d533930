import { describe, expect, test } from 'vitest';
import {
  executeExceptionReturn,
  executeHypervisorCall,
  executeSecureMonitorCall,
  executeSupervisorCall,
} from '../../../emulator/processing-element/call-instructions.ts';
import { takeException } from '../../../emulator/processing-element/exception.ts';
import {
  raiseBreakpointInstruction,
  raiseDataAbort,
  raiseIllegalState,
  raiseInstructionAbort,
  raisePcAlignment,
  raiseSpAlignment,
  raiseSupervisorCall,
  raiseUndefined,
} from '../../../emulator/processing-element/synchronous-exceptions.ts';
import type { Fault } from '../../../emulator/translation/fault.ts';
import { Bench, bit, DEFAULT_FEATURES, HCR, SCR } from './bench.ts';

const fault = (more: Partial<Fault> = {}): Fault => ({
  kind: 'translation',
  level: 3,
  stage: 1,
  onStage1Walk: false,
  write: false,
  virtualAddress: 0xffff_0000_1234_5678n,
  intermediatePhysicalAddress: undefined,
  ...more,
});

describe('taking an exception', () => {
  test('saves where it came from and goes to the vector of its group', () => {
    const bench = new Bench().at(0, 0x8000n).with({ VBAR_EL1: 0xffff_8000_0000_0800n });
    bench.state.n = 1;
    bench.state.daif = 0x40;
    raiseSupervisorCall(bench.pe, 0x1234);
    const { state } = bench;
    expect(state.pc).toBe(0xffff_8000_0000_0c00n);
    expect([state.el, state.spSel, state.daif]).toEqual([1, 1, 0x3c0]);
    expect(state.read('ELR_EL1')).toBe(0x8004n);
    expect(state.read('SPSR_EL1')).toBe(0x8000_0040n);
    expect(state.read('ESR_EL1')).toBe(0x5600_1234n);
    expect(bench.story).toBe('EL0 → EL1, class 0x15');
  });

  test('uses the four vector groups by level and stack pointer', () => {
    const vector = (from: 0 | 1 | 2, spSel: 0 | 1, to: 1 | 2): bigint => {
      const bench = new Bench().at(from);
      bench.state.setLevel(from, spSel);
      takeException(bench.pe, { cause: 'irq', to, preferredReturn: 0n });
      return bench.state.pc;
    };
    expect(vector(1, 0, 1)).toBe(0x080n);
    expect(vector(1, 1, 1)).toBe(0x280n);
    expect(vector(1, 0, 2)).toBe(0x480n);
    expect(vector(0, 0, 1)).toBe(0x480n);
    expect(vector(2, 1, 2)).toBe(0x280n);
  });

  test('switches to the stack pointer of the target and keeps the others', () => {
    const bench = new Bench().at(0);
    bench.state.sp = 0x100n;
    bench.state.writeSp(1, 0x200n);
    raiseSupervisorCall(bench.pe, 0);
    expect(bench.state.sp).toBe(0x200n);
    expect(bench.state.readSp(0)).toBe(0x100n);
  });

  test('sets PAN where SCTLR.SPAN is 0, at EL2 only for a host', () => {
    const panAfter = (sctlr: 'SCTLR_EL1' | 'SCTLR_EL2', span: boolean, hcr: bigint): number => {
      const bench = new Bench().at(0).with({ [sctlr]: span ? bit(23) : 0n, HCR_EL2: hcr });
      raiseSupervisorCall(bench.pe, 0);
      return bench.state.pan;
    };
    expect(panAfter('SCTLR_EL1', false, HCR.RW)).toBe(1);
    expect(panAfter('SCTLR_EL1', true, HCR.RW)).toBe(0);
    expect(panAfter('SCTLR_EL2', false, HCR.TGE | HCR.E2H)).toBe(1);
    expect(panAfter('SCTLR_EL2', true, HCR.TGE | HCR.E2H)).toBe(0);
    expect(panAfter('SCTLR_EL2', false, HCR.TGE)).toBe(0);
  });

  test('clears UAO, BTYPE, IL and SS, takes SSBS from SCTLR.DSSBS and leaves DIT', () => {
    const bench = new Bench().at(0).with({ SCTLR_EL1: bit(44) });
    const { state } = bench;
    state.uao = state.il = state.ss = state.dit = 1;
    state.btype = 3;
    raiseIllegalState(bench.pe);
    expect([state.uao, state.btype, state.il, state.ss, state.ssbs, state.dit]).toEqual([0, 0, 0, 0, 1, 1]);
    expect(state.read('SPSR_EL1')).toBe(bit(24, 23, 21, 20, 11, 10));
  });

  test('drops the exclusive reservation', () => {
    const bench = new Bench().at(0);
    bench.state.engine.set('exclusiveValid', 1);
    raiseSupervisorCall(bench.pe, 0);
    expect(bench.state.engine.get('exclusiveValid')).toBe(0);
  });

  test('is recorded with cause, addresses and guest', () => {
    const bench = new Bench().at(1, 0x4000n).with({ HCR_EL2: HCR.VM, VTTBR_EL2: 5n << 48n, VBAR_EL2: 0x8_0000n });
    bench.position = 77;
    executeHypervisorCall(bench.pe, 9);
    expect(bench.lastException).toEqual({
      kind: 'exception',
      pe: 0,
      position: 77,
      from: 1,
      to: 2,
      fromSecure: false,
      toSecure: false,
      instruction: 0x4000n,
      target: 0x8_0400n,
      cause: 'synchronous',
      syndrome: 0x5a00_0009n,
      exceptionClass: 0x16,
      preferredReturn: 0x4004n,
      vmid: 5,
      guest: 'exit',
    });
  });

  test('of a host is no guest exit', () => {
    const bench = new Bench().at(0).with({ HCR_EL2: HCR.TGE | HCR.E2H });
    raiseSupervisorCall(bench.pe, 0);
    expect(bench.lastException.guest).toBeUndefined();
    expect(bench.lastException.vmid).toBeUndefined();
  });
});

describe('synchronous exceptions that nothing else routes', () => {
  const raisers = { raiseUndefined, raiseIllegalState, raisePcAlignment, raiseSpAlignment };
  for (const [name, raise] of Object.entries(raisers)) {
    test(`${name} goes to the current level, from EL0 to EL1, or to EL2 with TGE`, () => {
      const target = (el: 0 | 1 | 2 | 3, hcr: bigint): number => {
        const bench = new Bench({ el3: true }).at(el).with({ HCR_EL2: hcr, SCR_EL3: SCR.NS });
        raise(bench.pe);
        expect(bench.state.read(`ELR_EL${bench.state.el as 1 | 2 | 3}`)).toBe(0x1000n);
        return bench.state.el;
      };
      expect([0, 1, 2, 3].map(el => target(el as 0 | 1 | 2 | 3, 0n))).toEqual([1, 1, 2, 3]);
      expect(target(0, HCR.TGE)).toBe(2);
      expect(target(0, HCR.TGE | HCR.E2H)).toBe(2);
    });
  }

  test('TGE counts only while EL2 is enabled in the Security state', () => {
    const bench = new Bench({ el3: true }).at(0).with({ HCR_EL2: HCR.TGE, SCR_EL3: 0n });
    raiseUndefined(bench.pe);
    expect(bench.state.el).toBe(1);
  });

  test('a misaligned PC is both the return and the fault address', () => {
    const bench = new Bench().at(1, 0x1002n);
    raisePcAlignment(bench.pe);
    expect(bench.state.read('FAR_EL1')).toBe(0x1002n);
    expect(bench.state.read('ELR_EL1')).toBe(0x1002n);
    expect(bench.state.read('ESR_EL1')).toBe(0x8a00_0000n);
  });
});

describe('aborts', () => {
  test('of stage 1 go to EL1 and name the level of the tables', () => {
    const bench = new Bench().at(0);
    raiseDataAbort(bench.pe, fault({ write: true }));
    expect(bench.story).toBe('EL0 → EL1, class 0x24');
    expect(bench.state.read('ESR_EL1')).toBe(0x9200_0047n);
    expect(bench.state.read('FAR_EL1')).toBe(0xffff_0000_1234_5678n);
  });

  test('without a change of level use the second form of their class', () => {
    const bench = new Bench().at(1);
    raiseDataAbort(bench.pe, fault());
    expect(bench.story).toBe('EL1 → EL1, class 0x25');
    raiseInstructionAbort(bench.pe, fault({ kind: 'permission' }));
    expect(bench.story).toBe('EL1 → EL1, class 0x21');
  });

  test('of stage 2 go to EL2 with the intermediate address and the instruction described', () => {
    const bench = new Bench().at(1).with({ HCR_EL2: HCR.VM });
    raiseDataAbort(
      bench.pe,
      fault({ stage: 2, level: 2, write: true, virtualAddress: 0x9000_018n, intermediatePhysicalAddress: 0x900_0018 }),
      { transfer: { size: 4, signExtend: false, register: 3, sixtyFour: false, acquireRelease: false } },
    );
    expect(bench.story).toBe('EL1 → EL2, class 0x24');
    expect(bench.state.read('ESR_EL2')).toBe(0x9383_0046n);
    expect(bench.state.read('HPFAR_EL2')).toBe(0x9_0000n);
    expect(bench.state.read('FAR_EL2')).toBe(0x900_0018n);
    expect(bench.lastException.ipa).toBe(0x900_0000n);
    expect(bench.lastException.guest).toBe('exit');
  });

  test('of stage 2 during a stage 1 walk say so and do not describe the instruction', () => {
    const bench = new Bench().at(1).with({ HCR_EL2: HCR.VM });
    raiseDataAbort(bench.pe, fault({ stage: 2, onStage1Walk: true, intermediatePhysicalAddress: 0x4800_0000 }), {
      transfer: { size: 8, signExtend: false, register: 0, sixtyFour: true, acquireRelease: false },
    });
    expect(bench.state.read('ESR_EL2')).toBe(0x9200_0087n);
    expect(bench.state.read('HPFAR_EL2')).toBe(0x48_0000n);
  });

  test('of stage 1 do not describe the instruction, whoever takes them', () => {
    const bench = new Bench().at(0).with({ HCR_EL2: HCR.TGE });
    raiseDataAbort(bench.pe, fault(), {
      transfer: { size: 8, signExtend: false, register: 0, sixtyFour: true, acquireRelease: false },
    });
    expect(bench.state.read('ESR_EL2')).toBe(0x9200_0007n);
  });

  test('that are external go to EL3 with SCR_EL3.EA and to EL2 with HCR_EL2.TEA', () => {
    const target = (hcr: bigint, scr: bigint): number => {
      const bench = new Bench({ el3: true }).at(1).with({ HCR_EL2: hcr, SCR_EL3: scr | SCR.NS });
      raiseDataAbort(bench.pe, fault({ kind: 'externalAbort', level: 0 }));
      return bench.state.el;
    };
    expect(target(0n, 0n)).toBe(1);
    expect(target(HCR.TEA, 0n)).toBe(2);
    expect(target(HCR.TEA, SCR.EA)).toBe(3);
  });

  test('of cache maintenance are writes', () => {
    const bench = new Bench().at(1);
    raiseDataAbort(bench.pe, fault(), { cacheMaintenance: true });
    expect(bench.state.read('ESR_EL1') & 0x140n).toBe(0x140n);
  });
});

describe('HVC', () => {
  test('is UNDEFINED at EL0, without EL2 and where it is disabled', () => {
    const story = (bench: Bench): string => {
      executeHypervisorCall(bench.pe, 0);
      return bench.story;
    };
    expect(story(new Bench().at(0))).toBe('EL0 → EL1, class 0x00');
    expect(story(new Bench({ el2: false }).at(1))).toBe('EL1 → EL1, class 0x00');
    expect(story(new Bench().at(1).with({ HCR_EL2: HCR.HCD }))).toBe('EL1 → EL1, class 0x00');
    expect(story(new Bench({ el3: true }).at(1).with({ SCR_EL3: SCR.NS }))).toBe('EL1 → EL1, class 0x00');
    expect(story(new Bench({ el3: true }).at(1).with({ SCR_EL3: SCR.HCE }))).toBe('EL1 → EL1, class 0x00');
    expect(story(new Bench({ el3: true }).at(1).with({ SCR_EL3: SCR.HCE | SCR.NS }))).toBe('EL1 → EL2, class 0x16');
    expect(story(new Bench({ el3: true }).at(3).with({ SCR_EL3: SCR.HCE | SCR.NS }))).toBe('EL3 → EL3, class 0x16');
    expect(story(new Bench().at(2))).toBe('EL2 → EL2, class 0x16');
  });

  test('reaches the firmware first where the firmware answers HVC', () => {
    const bench = new Bench({ el2: false, conduit: 'hvc', firmware: call => call === 0x8400_0000 }).at(1);
    bench.state.writeX(0, 0x8400_0000n);
    executeHypervisorCall(bench.pe, 0);
    expect(bench.state.pc).toBe(0x1004n);
    expect(bench.records).toEqual([]);
  });
});

describe('SMC', () => {
  test('goes to EL3, is trapped by TSC and disabled by SMD', () => {
    const story = (el: 0 | 1 | 2, hcr: bigint, scr: bigint): string => {
      const bench = new Bench({ el3: true }).at(el).with({ HCR_EL2: hcr, SCR_EL3: scr | SCR.NS });
      executeSecureMonitorCall(bench.pe, 7);
      const { preferredReturn } = bench.lastException;
      return `${bench.story}, returns to ${preferredReturn.toString(16)}`;
    };
    expect(story(0, 0n, 0n)).toBe('EL0 → EL1, class 0x00, returns to 1000');
    expect(story(1, 0n, 0n)).toBe('EL1 → EL3, class 0x17, returns to 1004');
    expect(story(1, HCR.TSC, 0n)).toBe('EL1 → EL2, class 0x17, returns to 1000');
    expect(story(1, HCR.TSC, SCR.SMD)).toBe('EL1 → EL2, class 0x17, returns to 1000');
    expect(story(2, HCR.TSC, 0n)).toBe('EL2 → EL3, class 0x17, returns to 1004');
    expect(story(1, 0n, SCR.SMD)).toBe('EL1 → EL1, class 0x00, returns to 1000');
  });

  test('without EL3 reaches the firmware that answers SMC, unless TSC traps it', () => {
    const firmware = { conduit: 'smc', firmware: (call: number) => call === 0x8400_0000 } as const;
    const call = (hcr: bigint, x0: bigint): string => {
      const bench = new Bench(firmware).at(1).with({ HCR_EL2: hcr });
      bench.state.writeX(0, x0);
      executeSecureMonitorCall(bench.pe, 0);
      return bench.records.length === 0 ? `returned to ${bench.state.pc.toString(16)}` : bench.story;
    };
    expect(call(0n, 0x8400_0000n)).toBe('returned to 1004');
    expect(call(0n, 0x1234n)).toBe('EL1 → EL1, class 0x00');
    expect(call(HCR.TSC, 0x8400_0000n)).toBe('EL1 → EL2, class 0x17');
  });

  test('without EL3 and firmware is UNDEFINED and never trapped', () => {
    const bench = new Bench().at(1).with({ HCR_EL2: HCR.TSC });
    executeSecureMonitorCall(bench.pe, 0);
    expect(bench.story).toBe('EL1 → EL1, class 0x00');
  });
});

describe('BRK', () => {
  test('goes to EL2 with MDCR_EL2.TDE or TGE, whatever else debug is set to', () => {
    const target = (el: 0 | 1 | 2 | 3, mdcr: bigint, hcr: bigint): number => {
      const bench = new Bench({ el3: true }).at(el).with({ MDCR_EL2: mdcr, HCR_EL2: hcr, SCR_EL3: SCR.NS });
      raiseBreakpointInstruction(bench.pe, 1);
      return bench.state.el;
    };
    expect([0, 1, 2, 3].map(el => target(el as 0 | 1 | 2 | 3, 0n, 0n))).toEqual([1, 1, 2, 3]);
    expect([0, 1, 2, 3].map(el => target(el as 0 | 1 | 2 | 3, bit(8), 0n))).toEqual([2, 2, 2, 3]);
    expect(target(0, 0n, HCR.TGE)).toBe(2);
  });
});

describe('exception return', () => {
  const returned = (bench: Bench): string => {
    executeExceptionReturn(bench.pe);
    const last = bench.records.at(-1)!;
    if (last.kind === 'exception') return bench.story;
    return `EL${last.from} → EL${last.to}${last.illegal ? ', illegal' : ''}${last.guest ? `, guest ${last.guest}` : ''}`;
  };
  const from2 = (spsr: bigint, hcr = 0n): string =>
    returned(new Bench().at(2).with({ SPSR_EL2: spsr, ELR_EL2: 0x5000n, HCR_EL2: hcr }));

  test('is UNDEFINED at EL0', () => {
    expect(returned(new Bench().at(0))).toBe('EL0 → EL1, class 0x00');
  });

  test('restores everything that was saved', () => {
    const bench = new Bench().at(2).with({ SPSR_EL2: 0xf1d0_1ec5n & ~bit(20, 21), ELR_EL2: 0x5000n });
    expect(returned(bench)).toBe('EL2 → EL1, guest entry');
    const { state } = bench;
    expect([state.n, state.z, state.c, state.v]).toEqual([1, 1, 1, 1]);
    expect([state.el, state.spSel, state.daif, state.pc]).toEqual([1, 1, 0x2c0, 0x5000n]);
    expect([state.dit, state.uao, state.pan, state.ssbs, state.btype]).toEqual([1, 1, 1, 1, 3]);
  });

  test('ignores bits of features that are not implemented', () => {
    const bench = new Bench({ features: [] }).at(2).with({ SPSR_EL2: 0xf1d0_1ec5n & ~bit(20, 21) });
    returned(bench);
    const { state } = bench;
    expect([state.dit, state.uao, state.pan, state.ssbs, state.btype]).toEqual([0, 0, 0, 0, 0]);
  });

  test('enters a guest, or a host application', () => {
    expect(from2(0x5n)).toBe('EL2 → EL1, guest entry');
    expect(from2(0x0n)).toBe('EL2 → EL0, guest entry');
    expect(from2(0x0n, HCR.TGE | HCR.E2H)).toBe('EL2 → EL0');
    expect(from2(0x9n)).toBe('EL2 → EL2');
    expect(from2(0x8n)).toBe('EL2 → EL2');
  });

  test('is illegal to a higher level, a reserved mode, AArch32, or EL1 under TGE', () => {
    expect(from2(0xdn)).toBe('EL2 → EL2, illegal');
    expect(from2(0x1n)).toBe('EL2 → EL2, illegal');
    expect(from2(0x6n)).toBe('EL2 → EL2, illegal');
    expect(from2(0x10n)).toBe('EL2 → EL2, illegal');
    expect(from2(0x1fn)).toBe('EL2 → EL2, illegal');
    expect(from2(0x5n, HCR.TGE)).toBe('EL2 → EL2, illegal');
  });

  test('is illegal to levels that are missing or not enabled', () => {
    const from3 = (spsr: bigint, scr: bigint, options = {}): string =>
      returned(new Bench({ el3: true, ...options }).at(3).with({ SPSR_EL3: spsr, SCR_EL3: scr }));
    expect(from3(0x9n, SCR.NS)).toBe('EL3 → EL2');
    expect(from3(0x9n, 0n)).toBe('EL3 → EL3, illegal');
    expect(from3(0x9n, SCR.EEL2)).toBe('EL3 → EL3, illegal');
    expect(from3(0x9n, SCR.EEL2, { features: ['FEAT_SEL2'] })).toBe('EL3 → EL2');
    expect(from3(0x9n, SCR.NS, { el2: false })).toBe('EL3 → EL3, illegal');
    expect(from3(0x5n, 0n)).toBe('EL3 → EL1');
  });

  test('that is illegal keeps the level, sets IL and restores flags and masks only', () => {
    const bench = new Bench().at(2).with({ SPSR_EL2: 0x6040_13c1n, ELR_EL2: 0x5000n });
    bench.state.ssbs = 0;
    expect(returned(bench)).toBe('EL2 → EL2, illegal');
    const { state } = bench;
    expect([state.il, state.el, state.spSel, state.z, state.c, state.daif]).toEqual([1, 2, 1, 1, 1, 0x3c0]);
    expect([state.pan, state.ssbs, state.pc]).toEqual([1, 0, 0x5000n]);
  });

  test('brings IL back when it was saved', () => {
    const bench = new Bench().at(2).with({ SPSR_EL2: bit(20) | 0x5n });
    expect(returned(bench)).toBe('EL2 → EL1, guest entry');
    expect(bench.state.il).toBe(1);
  });

  test('is an event and drops the exclusive reservation', () => {
    const bench = new Bench().at(2).with({ SPSR_EL2: 0x5n });
    bench.state.engine.set('exclusiveValid', 1);
    returned(bench);
    expect([bench.state.eventRegister, bench.state.engine.get('exclusiveValid')]).toEqual([1, 0]);
  });

  test('drops the tag of the address where the target regime ignores it', () => {
    const target = (el: 1 | 2, elr: bigint, tcr1: bigint, tcr2: bigint, hcr = 0n): bigint => {
      const spsr = el === 1 ? 0x5n : 0x9n;
      const bench = new Bench()
        .at(2)
        .with({ SPSR_EL2: spsr, ELR_EL2: elr, TCR_EL1: tcr1, TCR_EL2: tcr2, HCR_EL2: hcr });
      returned(bench);
      return bench.state.pc;
    };
    expect(target(1, 0x5a00_0000_0000_1000n, 0n, 0n)).toBe(0x5a00_0000_0000_1000n);
    expect(target(1, 0x5a00_0000_0000_1000n, bit(37), 0n)).toBe(0x1000n);
    expect(target(1, 0x5aff_8000_0000_1000n, bit(38), 0n)).toBe(0xffff_8000_0000_1000n);
    expect(target(2, 0x5aff_8000_0000_1000n, 0n, bit(20))).toBe(0x00ff_8000_0000_1000n);
    expect(target(2, 0x5aff_8000_0000_1000n, 0n, bit(38), HCR.E2H)).toBe(0xffff_8000_0000_1000n);
  });
});

describe('Fine-grained traps of instructions', () => {
  const trapped = (fields: bigint, el: 0 | 1, fine = bit(27)) =>
    new Bench({ el3: true, features: [...DEFAULT_FEATURES, 'FEAT_FGT'] })
      .with({ SCR_EL3: bit(0, 8, 10) | fine, HCR_EL2: bit(31), HFGITR_EL2: fields })
      .at(el);

  test('take SVC to EL2, to be looked at before it is executed', () => {
    for (const [el, field] of [
      [0, bit(52)],
      [1, bit(53)],
    ] as const) {
      const bench = trapped(field, el);
      bench.state.pc = 0x1000n;
      executeSupervisorCall(bench.pe, 7);
      expect(bench.records.at(-1)).toMatchObject({ to: 2, exceptionClass: 0x15, preferredReturn: 0x1000n });
    }
  });

  test('leave SVC alone at the other level, and where SCR_EL3.FGTEn is 0', () => {
    for (const bench of [trapped(bit(52), 1), trapped(bit(53), 0), trapped(bit(52, 53), 0, 0n)]) {
      bench.state.pc = 0x1000n;
      executeSupervisorCall(bench.pe, 7);
      expect(bench.records.at(-1)).toMatchObject({ to: 1, preferredReturn: 0x1004n });
    }
  });

  test('take ERET of EL1 to EL2', () => {
    const bench = trapped(bit(51), 1);
    executeExceptionReturn(bench.pe);
    expect(bench.records.at(-1)).toMatchObject({ kind: 'exception', to: 2, exceptionClass: 0x1a });
  });
});
