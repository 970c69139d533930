import { describe, expect, test } from 'vitest';
import { systemEncodingKey } from '../../../emulator/architecture/system-register.ts';
import { findSystemRegister, type SystemRegisterName } from '../../../emulator/architecture/system-registers/index.ts';
import { executeExceptionReturn } from '../../../emulator/processing-element/call-instructions.ts';
import {
  armedBreakpoints,
  armedWatchpoints,
  completeStep,
  raisePendingStep,
  stepState,
  watchpointHit,
} from '../../../emulator/processing-element/debug-exceptions.ts';
import {
  raiseSupervisorCall,
  raiseUndefined,
  raiseWatchpoint,
} from '../../../emulator/processing-element/synchronous-exceptions.ts';
import { Bench, bit, HCR, SCR } from './bench.ts';

const SS = bit(0);
const KDE = bit(13);
const MDE = bit(15);

/** OS lock unlocked, six breakpoints and four watchpoints. */
function debugged(el: 0 | 1 | 2 | 3, mdscr: bigint, values: Parameters<Bench['with']>[0] = {}): Bench {
  return new Bench({ el3: true })
    .at(el)
    .with({ OSLSR_EL1: 8n, SCR_EL3: SCR.NS, MDSCR_EL1: mdscr, ID_AA64DFR0_EL1: 0x10_3050_06n, ...values });
}

function write(bench: Bench, name: SystemRegisterName, value: bigint): void {
  bench.registers.register(name).write(value);
}

describe('software step', () => {
  test('is active where debug exceptions are enabled', () => {
    const active = (bench: Bench): boolean => stepState(bench.pe) !== 'inactive';
    expect(active(debugged(0, SS))).toBe(true);
    expect(active(debugged(0, 0n))).toBe(false);
    expect(active(debugged(0, SS, { OSLSR_EL1: 10n }))).toBe(false);
    expect(active(debugged(1, SS))).toBe(false);
    expect(active(debugged(1, SS | KDE))).toBe(true);
    expect(active(debugged(2, SS | KDE))).toBe(false);
    expect(active(debugged(1, SS, { MDCR_EL2: bit(8) }))).toBe(true);
    expect(active(debugged(2, SS | KDE, { MDCR_EL2: bit(8) }))).toBe(true);
    expect(active(debugged(0, SS, { HCR_EL2: HCR.TGE }))).toBe(true);
    expect(active(debugged(3, SS | KDE))).toBe(false);
  });

  test('at the level that takes it is masked by PSTATE.D', () => {
    const bench = debugged(1, SS | KDE);
    bench.state.daif = 0x200;
    expect(stepState(bench.pe)).toBe('inactive');
  });

  test('in Secure state is disabled by MDCR_EL3.SDD', () => {
    expect(stepState(debugged(0, SS, { SCR_EL3: 0n, MDCR_EL3: bit(16) }).pe)).toBe('inactive');
    expect(stepState(debugged(0, SS, { SCR_EL3: 0n }).pe)).toBe('activePending');
  });

  test('lets one instruction run after the return and then takes the exception', () => {
    const bench = debugged(1, SS).with({ SPSR_EL1: bit(21), ELR_EL1: 0x4000n });
    executeExceptionReturn(bench.pe);
    expect([bench.state.el, bench.state.ss, stepState(bench.pe)]).toEqual([0, 1, 'activeNotPending']);
    bench.state.pc = 0x4004n;
    completeStep(bench.pe, false);
    expect(bench.story).toBe('EL0 → EL1, class 0x32');
    expect(bench.state.read('ESR_EL1') & 0x1ff_ffffn).toBe(bit(24) | 0x22n);
    expect(bench.lastException.preferredReturn).toBe(0x4004n);
    expect(bench.state.read('SPSR_EL1') & bit(21)).toBe(0n);
  });

  test('says when the instruction was a load-exclusive', () => {
    const bench = debugged(0, SS);
    bench.state.ss = 1;
    completeStep(bench.pe, true);
    expect(bench.state.read('ESR_EL1') & 0x1ff_ffffn).toBe(bit(24, 6) | 0x22n);
  });

  test('is pending at once after a return with SPSR.SS = 0', () => {
    const bench = debugged(1, SS).with({ SPSR_EL1: 0n, ELR_EL1: 0x4000n });
    executeExceptionReturn(bench.pe);
    expect(stepState(bench.pe)).toBe('activePending');
    raisePendingStep(bench.pe);
    expect(bench.state.read('ESR_EL1') & 0x1ff_ffffn).toBe(0x22n);
  });

  test('of a call counts the call; other exceptions leave the step to be done', () => {
    const bench = debugged(0, SS);
    bench.state.ss = 1;
    raiseSupervisorCall(bench.pe, 0);
    expect(bench.state.read('SPSR_EL1') & bit(21)).toBe(0n);
    const other = debugged(0, SS);
    other.state.ss = 1;
    raiseUndefined(other.pe);
    expect(other.state.read('SPSR_EL1') & bit(21)).toBe(bit(21));
  });

  test('does not start from a return where stepping is enabled already', () => {
    const bench = debugged(1, SS | KDE).with({ SPSR_EL1: bit(21) | 5n });
    executeExceptionReturn(bench.pe);
    expect(bench.state.ss).toBe(0);
  });

  test('goes to EL2 with MDCR_EL2.TDE', () => {
    const bench = debugged(0, SS, { MDCR_EL2: bit(8) });
    raisePendingStep(bench.pe);
    expect(bench.story).toBe('EL0 → EL2, class 0x32');
  });
});

describe('the OS lock', () => {
  test('is locked and unlocked through OSLAR_EL1', () => {
    const bench = debugged(1, 0n);
    write(bench, 'OSLAR_EL1', 1n);
    expect(bench.state.read('OSLSR_EL1')).toBe(10n);
    write(bench, 'OSLAR_EL1', 0n);
    expect(bench.state.read('OSLSR_EL1')).toBe(8n);
    expect(bench.reports).toContain('debug');
  });
  test('opens the external debugger’s half of MDSCR_EL1', () => {
    const bench = debugged(1, 0n);
    write(bench, 'MDSCR_EL1', bit(15, 14));
    expect(bench.state.read('MDSCR_EL1')).toBe(bit(15));
    write(bench, 'OSLAR_EL1', 1n);
    write(bench, 'MDSCR_EL1', bit(15, 14));
    expect(bench.state.read('MDSCR_EL1')).toBe(bit(15, 14));
  });
});

test('claim tags are set and cleared by different registers', () => {
  const bench = debugged(1, 0n);
  write(bench, 'DBGCLAIMSET_EL1', 5n);
  write(bench, 'DBGCLAIMCLR_EL1', 1n);
  expect(bench.registers.register('DBGCLAIMCLR_EL1').read()).toBe(4n);
  expect(bench.registers.register('DBGCLAIMSET_EL1').read()).toBe(0xffn);
});

describe('hardware breakpoints', () => {
  const armed = (el: 0 | 1 | 2, control: bigint, values: Parameters<Bench['with']>[0] = {}): number =>
    armedBreakpoints(
      debugged(el, MDE | KDE, { DBGBVR0_EL1: 0x4000n, DBGBCR0_EL1: control | 0x1e1n, MDCR_EL2: 0n, ...values }).pe,
    ).length;

  test('match at the levels that PMC and HMC name', () => {
    expect([armed(0, 0b10n << 1n), armed(1, 0b10n << 1n)]).toEqual([1, 0]);
    expect([armed(0, 0b01n << 1n), armed(1, 0b01n << 1n)]).toEqual([0, 1]);
    expect([armed(0, 0b11n << 1n), armed(1, 0b11n << 1n)]).toEqual([1, 1]);
    const tde = { MDCR_EL2: bit(8) };
    expect([armed(2, 0b11n << 1n, tde), armed(2, (0b11n << 1n) | bit(13), tde)]).toEqual([0, 1]);
  });

  test('are silent without MDE, E, or in the wrong Security state', () => {
    expect(armed(1, 0b11n << 1n, { MDSCR_EL1: KDE })).toBe(0);
    expect(armed(1, 0b11n << 1n, { DBGBCR0_EL1: 0x1e6n })).toBe(0);
    expect(armed(1, (0b11n << 1n) | bit(15))).toBe(0);
    expect(armed(1, (0b11n << 1n) | bit(14))).toBe(1);
  });

  test('that are linked match in one context only', () => {
    const linked = (contextId: bigint): number =>
      armed(0, (0b11n << 1n) | bit(20) | (1n << 16n), {
        DBGBCR1_EL1: (3n << 20n) | 0x1e7n,
        DBGBVR1_EL1: 42n,
        CONTEXTIDR_EL1: contextId,
      });
    expect([linked(42n), linked(43n)]).toEqual([1, 0]);
  });

  test('give the address they stand on', () => {
    const bench = debugged(0, MDE, { DBGBVR0_EL1: 0xffff_8000_0000_4000n, DBGBCR0_EL1: 0x1e7n });
    expect(armedBreakpoints(bench.pe)).toEqual([{ index: 0, address: 0xffff_8000_0000_4000n }]);
  });
});

describe('watchpoints', () => {
  const armed = (control: bigint, value = 0x8000n) =>
    armedWatchpoints(debugged(0, MDE, { DBGWVR0_EL1: value, DBGWCR0_EL1: control | 0b111n }).pe);

  test('watch the bytes that BAS selects', () => {
    const [watchpoint] = armed((0b0011_1100n << 5n) | (3n << 3n));
    expect(watchpoint).toMatchObject({ first: 0x8002n, last: 0x8005n, read: true, write: true });
    expect(watchpointHit(watchpoint!, 0x8004n, 4, false)).toBe(true);
    expect(watchpointHit(watchpoint!, 0x8006n, 2, false)).toBe(false);
    expect(watchpointHit(watchpoint!, 0x8000n, 2, true)).toBe(false);
    expect(watchpointHit(watchpoint!, 0x8000n, 8, true)).toBe(true);
  });

  test('watch a power of two of bytes with MASK', () => {
    const [watchpoint] = armed((12n << 24n) | (0xffn << 5n) | (2n << 3n));
    expect(watchpoint).toMatchObject({ first: 0x8000n, last: 0x8fffn, read: false, write: true });
    expect(watchpointHit(watchpoint!, 0x8ff8n, 8, true)).toBe(true);
    expect(watchpointHit(watchpoint!, 0x8ff8n, 8, false)).toBe(false);
  });

  test('report address and direction', () => {
    const bench = debugged(0, MDE);
    raiseWatchpoint(bench.pe, 0x8004n, true);
    expect(bench.story).toBe('EL0 → EL1, class 0x34');
    expect(bench.state.read('FAR_EL1')).toBe(0x8004n);
    expect(bench.state.read('ESR_EL1') & 0x7fn).toBe(0x62n);
  });
});

test('registers of breakpoints beyond those implemented are UNDEFINED', () => {
  const bench = debugged(1, 0n);
  const check = (name: SystemRegisterName) =>
    bench.registers.check(systemEncodingKey(findSystemRegister(name)!.encoding), 'read', 0).kind;
  expect([check('DBGBVR5_EL1'), check('DBGBVR6_EL1')]).toEqual(['permitted', 'undefined']);
});
