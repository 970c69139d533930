import { describe, expect, test } from 'vitest';
import type { PeInterruptPins } from '../../../emulator/bus/types.ts';
import {
  deliverableInterrupt,
  interruptStatus,
  synchronizeErrors,
  takeInterrupt,
  wakesFromWaitForInterrupt,
} from '../../../emulator/processing-element/interrupts.ts';
import { checkWait, consumeEvent } from '../../../emulator/processing-element/wait.ts';
import { Bench, HCR, SCR } from './bench.ts';

const NO_PINS: PeInterruptPins = { irq: false, fiq: false, vIrq: false, vFiq: false };

function bench(el: 0 | 1 | 2 | 3, hcr: bigint, scr: bigint, pins: Partial<PeInterruptPins>, masked = false): Bench {
  const made = new Bench({ el3: true }).at(el).with({ HCR_EL2: hcr, SCR_EL3: scr });
  Object.assign(made.pe.pins, NO_PINS, pins);
  made.state.daif = masked ? 0x3c0 : 0;
  return made;
}

const outcome = (made: Bench): string => {
  const interrupt = deliverableInterrupt(made.pe);
  return interrupt ? `${interrupt.kind} to EL${interrupt.to}` : 'waits';
};

/**
 * Where a physical IRQ goes from EL0, EL1, EL2 and EL3, as the table of Arm ARM D1.3.6 has it: the target, `-` where it
 * waits. Small letters: only while PSTATE.I is 0; capital: whatever PSTATE.I says.
 */
const PHYSICAL: readonly [description: string, hcr: bigint, scr: bigint, expected: string][] = [
  ['Non-secure, nothing routed', 0n, SCR.NS, 'a a - -'],
  ['Non-secure, routed to EL2', HCR.IMO, SCR.NS, 'B B b -'],
  ['Non-secure, TGE', HCR.TGE, SCR.NS, 'B . b -'],
  ['Non-secure, a host', HCR.TGE | HCR.E2H, SCR.NS, 'b . b -'],
  ['Non-secure, a host with a guest', HCR.E2H | HCR.IMO, SCR.NS, 'B B b -'],
  ['Non-secure, E2H alone', HCR.E2H, SCR.NS, 'a a - -'],
  ['Non-secure, routed to EL3', 0n, SCR.NS | SCR.IRQ, 'C C C c'],
  ['Non-secure, routed to both', HCR.IMO, SCR.NS | SCR.IRQ, 'C C C c'],
  ['Secure, nothing routed', 0n, 0n, 'a a . -'],
  ['Secure, HCR_EL2 does not count', HCR.IMO | HCR.TGE, 0n, 'a a . -'],
  ['Secure, routed to EL3', 0n, SCR.IRQ, 'C C . c'],
];

describe('physical interrupts', () => {
  for (const [description, hcr, scr, expected] of PHYSICAL) {
    test(`${description}: ${expected}`, () => {
      const found = ([0, 1, 2, 3] as const).map((el, index) => {
        if (expected.split(' ')[index] === '.') return '.';
        const open = outcome(bench(el, hcr, scr, { irq: true }));
        const masked = outcome(bench(el, hcr, scr, { irq: true }, true));
        if (open === 'waits') return masked === 'waits' ? '-' : `masked ${masked}`;
        const letter = { 'irq to EL1': 'a', 'irq to EL2': 'b', 'irq to EL3': 'c' }[open] ?? open;
        return masked === open ? letter.toUpperCase() : letter;
      });
      expect(found.join(' ')).toBe(expected);
    });
  }

  test('FIQ follows FMO and SCR_EL3.FIQ, SError follows AMO and SCR_EL3.EA', () => {
    expect(outcome(bench(1, HCR.FMO, SCR.NS, { fiq: true }))).toBe('fiq to EL2');
    expect(outcome(bench(1, HCR.IMO, SCR.NS, { fiq: true }))).toBe('fiq to EL1');
    expect(outcome(bench(1, 0n, SCR.NS | SCR.FIQ, { fiq: true }))).toBe('fiq to EL3');
    const serror = (hcr: bigint, scr: bigint): string => {
      const made = bench(1, hcr, scr, {});
      made.pe.systemErrorPending = true;
      return outcome(made);
    };
    expect(serror(HCR.AMO, SCR.NS)).toBe('serror to EL2');
    expect(serror(0n, SCR.NS)).toBe('serror to EL1');
    expect(serror(0n, SCR.NS | SCR.EA)).toBe('serror to EL3');
  });

  test('return to the instruction that was next', () => {
    const made = bench(1, HCR.IMO, SCR.NS, { irq: true });
    expect(takeInterrupt(made.pe)).toBe(true);
    expect(made.story).toBe('EL1 → EL2, irq');
    expect(made.state.read('ELR_EL2')).toBe(0x1000n);
    expect(made.state.pc).toBe(0x480n);
    expect(made.state.read('ESR_EL2')).toBe(0n);
  });
});

describe('virtual interrupts', () => {
  test('are taken to EL1 from EL0 and EL1 while the physical ones belong to EL2', () => {
    expect(outcome(bench(1, HCR.IMO, SCR.NS, { vIrq: true }))).toBe('virtualIrq to EL1');
    expect(outcome(bench(0, HCR.IMO, SCR.NS, { vIrq: true }))).toBe('virtualIrq to EL1');
    expect(outcome(bench(1, HCR.FMO, SCR.NS, { vFiq: true }))).toBe('virtualFiq to EL1');
    expect(outcome(bench(1, HCR.FMO, SCR.NS, { vIrq: true }))).toBe('waits');
    expect(outcome(bench(2, HCR.IMO, SCR.NS, { vIrq: true }))).toBe('waits');
  });
  test('are masked by PSTATE', () => {
    expect(outcome(bench(1, HCR.IMO, SCR.NS, { vIrq: true }, true))).toBe('waits');
  });
  test('do not exist without a guest', () => {
    expect(outcome(bench(0, HCR.IMO | HCR.TGE, SCR.NS, { vIrq: true }))).toBe('waits');
    expect(outcome(bench(0, HCR.IMO | HCR.TGE | HCR.E2H, SCR.NS, { vIrq: true }))).toBe('waits');
    expect(outcome(bench(1, HCR.IMO, 0n, { vIrq: true }))).toBe('waits');
  });
  test('can be pended by the hypervisor in HCR_EL2', () => {
    expect(outcome(bench(1, HCR.IMO | HCR.VI, SCR.NS, {}))).toBe('virtualIrq to EL1');
    expect(outcome(bench(1, HCR.FMO | HCR.VF, SCR.NS, {}))).toBe('virtualFiq to EL1');
    expect(outcome(bench(1, HCR.VI, SCR.NS, {}))).toBe('waits');
  });
  test('of SError are used up and report what VSESR_EL2 says', () => {
    const made = bench(1, HCR.AMO | HCR.VSE, SCR.NS, {}).with({ VSESR_EL2: 0x123n });
    expect(takeInterrupt(made.pe)).toBe(true);
    expect(made.story).toBe('EL1 → EL1, class 0x2f');
    expect(made.state.read('ESR_EL1')).toBe(0xbe00_0123n);
    expect(made.state.read('HCR_EL2') & HCR.VSE).toBe(0n);
    expect(outcome(made)).toBe('waits');
  });
  test('come after physical ones', () => {
    expect(outcome(bench(1, HCR.IMO, SCR.NS, { irq: true, vIrq: true }))).toBe('irq to EL2');
  });
});

describe('ISR_EL1', () => {
  test('shows the physical interrupts, or to a guest the virtual ones in their place', () => {
    expect(interruptStatus(bench(1, 0n, SCR.NS, { irq: true }).pe)).toBe(0x80);
    expect(interruptStatus(bench(1, HCR.IMO, SCR.NS, { irq: true }).pe)).toBe(0);
    expect(interruptStatus(bench(1, HCR.IMO, SCR.NS, { vIrq: true, fiq: true }).pe)).toBe(0xc0);
    expect(interruptStatus(bench(2, HCR.IMO, SCR.NS, { irq: true }).pe)).toBe(0x80);
    expect(interruptStatus(bench(1, HCR.AMO | HCR.VSE, SCR.NS, {}).pe)).toBe(0x100);
  });
});

describe('waiting', () => {
  test('WFI ends with any physical interrupt, masked or not, and with virtual ones for a guest', () => {
    expect(wakesFromWaitForInterrupt(bench(1, 0n, SCR.NS, { irq: true }, true).pe)).toBe(true);
    expect(wakesFromWaitForInterrupt(bench(3, 0n, SCR.NS, { fiq: true }, true).pe)).toBe(true);
    expect(wakesFromWaitForInterrupt(bench(1, HCR.IMO, SCR.NS, { vIrq: true }, true).pe)).toBe(true);
    expect(wakesFromWaitForInterrupt(bench(1, 0n, SCR.NS, { vIrq: true }).pe)).toBe(false);
    expect(wakesFromWaitForInterrupt(bench(2, HCR.IMO, SCR.NS, { vIrq: true }).pe)).toBe(false);
    expect(wakesFromWaitForInterrupt(bench(1, 0n, SCR.NS, {}).pe)).toBe(false);
  });

  test('WFE uses up an event, or sees an interrupt that will be taken', () => {
    const made = bench(1, 0n, SCR.NS, {});
    expect(consumeEvent(made.pe)).toBe(false);
    made.state.eventRegister = 1;
    expect(consumeEvent(made.pe)).toBe(true);
    expect(consumeEvent(made.pe)).toBe(false);
    expect(consumeEvent(bench(1, 0n, SCR.NS, { irq: true }).pe)).toBe(true);
    expect(consumeEvent(bench(1, 0n, SCR.NS, { irq: true }, true).pe)).toBe(false);
  });

  const trapped = (el: 0 | 1 | 2, instruction: 'wfi' | 'wfe', values: Parameters<Bench['with']>[0]): string => {
    const made = new Bench({ el3: true }).at(el).with({ SCR_EL3: SCR.NS, SCTLR_EL1: 0x50000n, SCTLR_EL2: 0x50000n });
    const trap = checkWait(made.with(values).pe, instruction);
    return trap ? `EL${trap.to}: ${trap.reason}, ISS 0x${trap.syndrome.iss.toString(16)}` : 'waits';
  };
  test('is trapped by SCTLR for EL0, by HCR_EL2 for a guest and by SCR_EL3', () => {
    expect(trapped(0, 'wfi', {})).toBe('waits');
    expect(trapped(0, 'wfi', { SCTLR_EL1: 0n })).toBe('EL1: SCTLR_EL1.nTWI = 0, ISS 0x1e00000');
    expect(trapped(0, 'wfe', { SCTLR_EL1: 0x10000n })).toBe('EL1: SCTLR_EL1.nTWE = 0, ISS 0x1e00001');
    expect(trapped(0, 'wfi', { SCTLR_EL1: 0n, HCR_EL2: HCR.TGE })).toBe('EL2: SCTLR_EL1.nTWI = 0, ISS 0x1e00000');
    expect(trapped(0, 'wfi', { SCTLR_EL1: 0n, HCR_EL2: HCR.TGE | HCR.E2H })).toBe('waits');
    expect(trapped(0, 'wfi', { SCTLR_EL2: 0n, HCR_EL2: HCR.TGE | HCR.E2H })).toBe(
      'EL2: SCTLR_EL2.nTWI = 0, ISS 0x1e00000',
    );
    expect(trapped(1, 'wfi', { SCTLR_EL1: 0n })).toBe('waits');
    expect(trapped(1, 'wfi', { HCR_EL2: HCR.TWI })).toBe('EL2: HCR_EL2.TWI = 1, ISS 0x1e00000');
    expect(trapped(1, 'wfe', { HCR_EL2: HCR.TWI })).toBe('waits');
    expect(trapped(2, 'wfi', { HCR_EL2: HCR.TWI })).toBe('waits');
    expect(trapped(2, 'wfi', { SCR_EL3: SCR.NS | (1n << 12n) })).toBe('EL3: SCR_EL3.TWI = 1, ISS 0x1e00000');
  });
});

describe('ESB', () => {
  test('defers a masked SError to DISR_EL1 and leaves an unmasked one to be taken', () => {
    const made = new Bench().at(1);
    made.pe.systemErrorPending = true;
    synchronizeErrors(made.pe);
    expect([made.pe.systemErrorPending, made.state.read('DISR_EL1')]).toEqual([true, 0n]);
    made.state.daif = 0x100;
    synchronizeErrors(made.pe);
    expect([made.pe.systemErrorPending, made.state.read('DISR_EL1')]).toEqual([false, 0x8100_0000n]);
  });
  test('defers a guest’s to VDISR_EL2 with the syndrome from VSESR_EL2', () => {
    const made = new Bench().at(1).with({ HCR_EL2: HCR.AMO | HCR.VSE, VSESR_EL2: 0x42n });
    made.state.daif = 0x100;
    synchronizeErrors(made.pe);
    expect([made.state.read('HCR_EL2'), made.state.read('VDISR_EL2')]).toEqual([HCR.AMO, 0x8000_0042n]);
  });
});
