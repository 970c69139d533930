/** Reads and writes of the performance monitor registers (Arm ARM D24.5). */
import type { SystemRegisterName } from '../architecture/system-registers/index.ts';
import {
  bitOf,
  CYCLE_COUNTER,
  counterName,
  DOUBLEWORD,
  filterName,
  type PerformanceMonitors,
  PMCR,
  WORD,
} from './performance-monitors.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import type { SystemRegisterHandler, SystemRegisterHandlers } from './system-register-handlers.ts';

const N = registerField('PMCR_EL0', 'N');
/** What PMCR_EL0 keeps; P and C act once, the rest is fixed. */
const PMCR_BASIC = PMCR.E | PMCR.X | PMCR.DP | PMCR.LC;
/** Fields of PMEVTYPERn_EL0 and PMCCFILTR_EL0 that can be written: MT is absent, SH belongs to Secure EL2. */
const FILTER_BITS = 0xfc00_0000n;
const SECURE_EL2_FILTER = 1n << 24n;
const TYPE_BITS = 0xffffn;
const SELECT_BITS = 31n;

/** The handlers of the rows marked 'pmu', for one PE. */
export function performanceRegisterHandlers(
  pe: ProcessingElement,
  monitors: PerformanceMonitors,
): SystemRegisterHandlers {
  const { state } = pe;
  const filterBits = FILTER_BITS | (pe.features.secureEl2 ? SECURE_EL2_FILTER : 0n);
  const PMCR_STORED = PMCR_BASIC | (monitors.hasLongCounters ? PMCR.LP : 0n);

  const counter = (n: number): Required<SystemRegisterHandler> => ({
    read: () => {
      monitors.synchronize();
      return state.read(counterName(n));
    },
    write: (_context, value) => {
      monitors.synchronize();
      state.write(counterName(n), value & ((n === CYCLE_COUNTER || monitors.hasLongCounters ? DOUBLEWORD : WORD) - 1n));
    },
  });

  const type = (n: number): Required<SystemRegisterHandler> => ({
    read: () => state.read(filterName(n)),
    write: (_context, value) => {
      monitors.synchronize();
      state.write(filterName(n), value & (n === CYCLE_COUNTER ? filterBits : filterBits | TYPE_BITS));
    },
  });

  /** One of a pair of registers that set and clear the bits of `name`. */
  const bits = (
    name: SystemRegisterName,
    combine: (before: bigint, written: bigint) => bigint,
  ): SystemRegisterHandler => ({
    read: () => {
      monitors.synchronize();
      return state.read(name) & monitors.visible;
    },
    write: (_context, value) => {
      monitors.synchronize();
      state.write(name, combine(state.read(name), value & monitors.visible));
    },
  });
  const set = (before: bigint, written: bigint): bigint => before | written;
  const clear = (before: bigint, written: bigint): bigint => before & ~written;

  /** The counter that PMSELR_EL0 selects, when the current level can see it. */
  const selected = (): number | undefined => {
    const n = state.read('PMSELR_EL0') & SELECT_BITS;
    return bitOf(monitors.visible, n) === 1n ? Number(n) : undefined;
  };
  const selectedEvent = (): number | undefined => {
    const n = selected();
    return n === CYCLE_COUNTER ? undefined : n;
  };

  const handlers: Record<string, SystemRegisterHandler> = {
    PMCR_EL0: {
      read: () => {
        const shift = BigInt(N.shift);
        const others = state.read('PMCR_EL0') & ~(BigInt(N.mask) << shift);
        return others | (BigInt(state.el < 2 ? monitors.guestCount : monitors.count) << shift);
      },
      write: (_context, value) => {
        monitors.synchronize();
        const count = state.el < 2 ? monitors.guestCount : monitors.count;
        if ((value & PMCR.P) !== 0n) for (let n = 0; n < count; n++) state.write(counterName(n), 0n);
        if ((value & PMCR.C) !== 0n) state.write('PMCCNTR_EL0', 0n);
        state.write('PMCR_EL0', (state.read('PMCR_EL0') & ~PMCR_STORED) | (value & PMCR_STORED) | PMCR.LC);
      },
    },
    PMCNTENSET_EL0: bits('PMCNTENSET_EL0', set),
    PMCNTENCLR_EL0: bits('PMCNTENSET_EL0', clear),
    PMOVSSET_EL0: bits('PMOVSCLR_EL0', set),
    PMOVSCLR_EL0: bits('PMOVSCLR_EL0', clear),
    PMINTENSET_EL1: bits('PMINTENSET_EL1', set),
    PMINTENCLR_EL1: bits('PMINTENSET_EL1', clear),
    PMSWINC_EL0: {
      write: (_context, value) => {
        monitors.synchronize();
        const wanted = value & monitors.visible;
        for (let n = 0; n < monitors.count; n++) {
          if (bitOf(wanted, BigInt(n)) === 1n) monitors.incrementBySoftware(n);
        }
      },
    },
    // Storage with the rows' masks is all there is to these two.
    PMSELR_EL0: {},
    PMUSERENR_EL0: {},
    PMCCNTR_EL0: counter(CYCLE_COUNTER),
    PMCCFILTR_EL0: type(CYCLE_COUNTER),
    PMXEVTYPER_EL0: {
      read: context => {
        const n = selected();
        return n === undefined ? 0n : type(n).read(context);
      },
      write: (context, value) => {
        const n = selected();
        if (n !== undefined) type(n).write(context, value);
      },
    },
    PMXEVCNTR_EL0: {
      read: context => {
        const n = selectedEvent();
        return n === undefined ? 0n : counter(n).read(context);
      },
      write: (context, value) => {
        const n = selectedEvent();
        if (n !== undefined) counter(n).write(context, value);
      },
    },
  };
  for (let n = 0; n < CYCLE_COUNTER; n++) {
    handlers[counterName(n)] = counter(n);
    handlers[filterName(n)] = type(n);
  }
  return Object.fromEntries(
    Object.entries(handlers).map(([name, { read, write }]) => [
      name,
      {
        ...(read && { read }),
        ...(write && {
          write: (context, value) => {
            write(context, value);
            monitors.updateInterrupt();
          },
        }),
      } satisfies SystemRegisterHandler,
    ]),
  );
}
