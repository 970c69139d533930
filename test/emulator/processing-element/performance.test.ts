import { describe, expect, test } from 'vitest';
import type { SystemRegisterName } from '../../../emulator/architecture/system-registers/index.ts';
import { raiseSupervisorCall } from '../../../emulator/processing-element/synchronous-exceptions.ts';
import { Bench, bit, DEFAULT_FEATURES, SCR } from './bench.ts';

/** Six event counters; EL2 owns none of them unless the test says so. */
function monitored(el: 0 | 1 | 2 = 1, features: readonly string[] = []): Bench {
  return new Bench({ features: [...DEFAULT_FEATURES, ...features] })
    .at(el)
    .with({ PMCR_EL0: 6n << 11n, MDCR_EL2: 6n, PMUSERENR_EL0: 1n });
}
const write = (bench: Bench, name: SystemRegisterName, value: bigint): void =>
  bench.registers.register(name).write(value);
const read = (bench: Bench, name: SystemRegisterName): bigint => bench.registers.register(name).read();

const ON = 1n;
const CYCLES = bit(31);

describe('the cycle counter', () => {
  test('counts one for each instruction while it is on', () => {
    const bench = monitored();
    bench.position = 100;
    write(bench, 'PMCNTENSET_EL0', CYCLES);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 150;
    expect(read(bench, 'PMCCNTR_EL0')).toBe(50n);
    write(bench, 'PMCR_EL0', 0n);
    bench.position = 200;
    expect(read(bench, 'PMCCNTR_EL0')).toBe(50n);
    write(bench, 'PMCR_EL0', bit(2));
    expect(read(bench, 'PMCCNTR_EL0')).toBe(0n);
  });

  test('leaves out the levels that its filter excludes', () => {
    const bench = monitored(0);
    write(bench, 'PMCCFILTR_EL0', bit(31));
    write(bench, 'PMCNTENSET_EL0', CYCLES);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 10;
    raiseSupervisorCall(bench.pe, 0);
    bench.position = 1000;
    expect(bench.state.el).toBe(1);
    expect(read(bench, 'PMCCNTR_EL0')).toBe(10n);
  });

  test('does not count at EL2 unless told to', () => {
    const counted = (filter: bigint): bigint => {
      const bench = monitored(2);
      write(bench, 'PMCCFILTR_EL0', filter);
      write(bench, 'PMCNTENSET_EL0', CYCLES);
      write(bench, 'PMCR_EL0', ON);
      bench.position = 10;
      return read(bench, 'PMCCNTR_EL0');
    };
    expect([counted(0n), counted(bit(27))]).toEqual([0n, 10n]);
  });

  test('does not count at EL2 while MDCR_EL2.HCCD forbids it', () => {
    const bench = monitored(2, ['FEAT_PMUv3p5']);
    write(bench, 'PMCCFILTR_EL0', bit(27));
    write(bench, 'PMCNTENSET_EL0', CYCLES);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 10;
    write(bench, 'MDCR_EL2', 6n | bit(23));
    bench.position = 30;
    expect(read(bench, 'PMCCNTR_EL0')).toBe(10n);
  });

  test('does not count the turns of other processing elements', () => {
    const bench = monitored();
    write(bench, 'PMCNTENSET_EL0', CYCLES);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 10;
    bench.pe.leave();
    bench.position = 1010;
    bench.pe.enter();
    bench.position = 1015;
    expect(read(bench, 'PMCCNTR_EL0')).toBe(15n);
  });
});

describe('event counters', () => {
  test('count instructions, cycles and software events, and nothing else', () => {
    const bench = monitored();
    const events = [0x08n, 0x11n, 0x00n, 0x13n];
    events.forEach((event, n) => write(bench, `PMEVTYPER${n as 0}_EL0`, event));
    write(bench, 'PMCNTENSET_EL0', 0xfn);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 20;
    write(bench, 'PMSWINC_EL0', 0b1101n);
    expect([0, 1, 2, 3].map(n => read(bench, `PMEVCNTR${n as 0}_EL0`))).toEqual([20n, 20n, 1n, 0n]);
  });

  test('overflow at 32 bits, and a chained neighbour counts that', () => {
    const bench = monitored();
    write(bench, 'PMEVTYPER0_EL0', 0x08n);
    write(bench, 'PMEVTYPER1_EL0', 0x1en);
    write(bench, 'PMEVCNTR0_EL0', 0xffff_fffen);
    write(bench, 'PMCNTENSET_EL0', 0b11n);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 5;
    expect(read(bench, 'PMEVCNTR0_EL0')).toBe(3n);
    expect(read(bench, 'PMEVCNTR1_EL0')).toBe(1n);
    expect(read(bench, 'PMOVSSET_EL0')).toBe(1n);
    write(bench, 'PMOVSCLR_EL0', 1n);
    expect(read(bench, 'PMOVSSET_EL0')).toBe(0n);
  });

  test('overflow at 64 bits when PMCR_EL0.LP says so', () => {
    const bench = monitored(1, ['FEAT_PMUv3p5']);
    write(bench, 'PMEVTYPER0_EL0', 0x08n);
    write(bench, 'PMEVTYPER1_EL0', 0x1en);
    write(bench, 'PMEVCNTR0_EL0', 0xffff_fffen);
    write(bench, 'PMCNTENSET_EL0', 0b11n);
    write(bench, 'PMCR_EL0', ON | bit(7));
    bench.position = 5;
    expect(read(bench, 'PMEVCNTR0_EL0')).toBe(0x1_0000_0003n);
    expect(read(bench, 'PMOVSSET_EL0')).toBe(0n);
    write(bench, 'PMEVCNTR0_EL0', (1n << 64n) - 1n);
    bench.position = 8;
    expect(read(bench, 'PMEVCNTR0_EL0')).toBe(2n);
    expect([read(bench, 'PMOVSSET_EL0'), read(bench, 'PMEVCNTR1_EL0')]).toEqual([1n, 0n]);
  });

  test('are selected by PMSELR_EL0', () => {
    const bench = monitored();
    write(bench, 'PMSELR_EL0', 3n);
    write(bench, 'PMXEVTYPER_EL0', 0x11n);
    write(bench, 'PMXEVCNTR_EL0', 77n);
    expect([read(bench, 'PMEVTYPER3_EL0'), read(bench, 'PMEVCNTR3_EL0')]).toEqual([0x11n, 77n]);
    write(bench, 'PMSELR_EL0', 31n);
    write(bench, 'PMXEVTYPER_EL0', bit(27));
    expect(read(bench, 'PMCCFILTR_EL0')).toBe(bit(27));
    write(bench, 'PMSELR_EL0', 20n);
    expect([read(bench, 'PMXEVCNTR_EL0'), read(bench, 'PMXEVTYPER_EL0')]).toEqual([0n, 0n]);
  });
});

describe('the overflow interrupt', () => {
  test('is asserted while a counter that may interrupt has overflowed', () => {
    const bench = monitored();
    write(bench, 'PMEVTYPER0_EL0', 0x08n);
    write(bench, 'PMEVCNTR0_EL0', 0xffff_ffffn);
    write(bench, 'PMCNTENSET_EL0', 1n);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 5;
    expect(read(bench, 'PMOVSSET_EL0')).toBe(1n);
    expect(bench.performanceInterrupt).toBe(false);
    write(bench, 'PMINTENSET_EL1', 1n);
    expect(bench.performanceInterrupt).toBe(true);
    write(bench, 'PMCR_EL0', 0n);
    expect(bench.performanceInterrupt).toBe(false);
    write(bench, 'PMCR_EL0', ON);
    write(bench, 'PMOVSCLR_EL0', 1n);
    expect(bench.performanceInterrupt).toBe(false);
  });

  test('of EL2’s counters depends on HPME', () => {
    const bench = monitored(2).with({ MDCR_EL2: 4n });
    write(bench, 'PMOVSSET_EL0', bit(5));
    write(bench, 'PMINTENSET_EL1', bit(5));
    write(bench, 'PMCR_EL0', ON);
    expect(bench.performanceInterrupt).toBe(false);
    write(bench, 'MDCR_EL2', bit(7) | 4n);
    expect(bench.performanceInterrupt).toBe(true);
  });

  test('is foreseen: instructions until the nearest overflow at this level', () => {
    const bench = monitored(1);
    const until = () => bench.pe.performance?.untilInterrupt();
    write(bench, 'PMEVTYPER0_EL0', 0x08n);
    write(bench, 'PMEVTYPER1_EL0', 0x08n | bit(31));
    write(bench, 'PMEVCNTR0_EL0', 0xffff_ff00n);
    write(bench, 'PMEVCNTR1_EL0', 0xffff_fff0n);
    write(bench, 'PMCNTENSET_EL0', 0b11n);
    expect(until()).toBe(Number.POSITIVE_INFINITY);
    write(bench, 'PMINTENSET_EL1', 0b11n);
    write(bench, 'PMCR_EL0', ON);
    expect(until()).toBe(0x100);
    bench.position = 0x10;
    expect(until()).toBe(0xf0);
    bench.at(0);
    expect(until()).toBe(0x10);
  });
});

describe('EL2', () => {
  test('keeps counters from HPMN up to itself', () => {
    const bench = monitored(1).with({ MDCR_EL2: 4n });
    expect((read(bench, 'PMCR_EL0') >> 11n) & 31n).toBe(4n);
    write(bench, 'PMCNTENSET_EL0', 0xffff_ffffn);
    expect(read(bench, 'PMCNTENSET_EL0')).toBe(CYCLES | 0xfn);
    bench.at(2);
    expect((read(bench, 'PMCR_EL0') >> 11n) & 31n).toBe(6n);
    expect(read(bench, 'PMCNTENSET_EL0')).toBe(CYCLES | 0xfn);
  });

  test('switches its own counters on with HPME', () => {
    const bench = monitored(2).with({ MDCR_EL2: 4n });
    write(bench, 'PMEVTYPER5_EL0', 0x08n | bit(27));
    write(bench, 'PMCNTENSET_EL0', bit(5));
    write(bench, 'PMCR_EL0', ON);
    bench.position = 10;
    expect(read(bench, 'PMEVCNTR5_EL0')).toBe(0n);
    write(bench, 'MDCR_EL2', bit(7) | 4n);
    bench.position = 30;
    expect(read(bench, 'PMEVCNTR5_EL0')).toBe(20n);
  });

  test('in Secure state counts where SH and NSH of a counter differ', () => {
    const bench = new Bench({ el3: true, features: [...DEFAULT_FEATURES, 'FEAT_SEL2'] })
      .with({ SCR_EL3: SCR.RW | SCR.EEL2, MDCR_EL3: bit(17), MDCR_EL2: 6n, PMCR_EL0: 6n << 11n })
      .at(2);
    [0n, bit(27), bit(24), bit(24) | bit(27)].forEach((filter, n) => {
      write(bench, `PMEVTYPER${n}_EL0` as SystemRegisterName, 0x08n | filter);
    });
    write(bench, 'PMCNTENSET_EL0', 0xfn);
    write(bench, 'PMCR_EL0', ON);
    bench.position = 10;
    expect([0, 1, 2, 3].map(n => read(bench, `PMEVCNTR${n}_EL0` as SystemRegisterName))).toEqual([0n, 10n, 10n, 0n]);
  });
});
