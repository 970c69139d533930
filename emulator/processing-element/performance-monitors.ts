/**
 * Performance monitors (Arm ARM D13): deterministic, one cycle an instruction.
 *
 * Counters are brought up to date when somebody looks or when the rules for counting change, not while code runs. The
 * machine asks beforehand when a counter will overflow and interrupt, and looks then.
 */
import type { SystemRegisterName } from '../architecture/system-registers/index.ts';
import { el2Enabled, isSecure } from './effective-registers.ts';
import type { PerformanceCounting, ProcessingElement } from './processing-element.ts';
import { fieldAt, registerField } from './register-field.ts';

const N = registerField('PMCR_EL0', 'N');
const HPMN = registerField('MDCR_EL2', 'HPMN');
const HPME = registerField('MDCR_EL2', 'HPME');
const HPMD = registerField('MDCR_EL2', 'HPMD');
const HCCD = registerField('MDCR_EL2', 'HCCD');
const HLP = registerField('MDCR_EL2', 'HLP');
const SCCD = registerField('MDCR_EL3', 'SCCD');
const SPME = registerField('MDCR_EL3', 'SPME');
const SWITCHED_ON = fieldAt('PMCNTENSET_EL0', 31, 0);
const INTERRUPTS = fieldAt('PMINTENSET_EL1', 30, 0);
const CYCLE_INTERRUPT = fieldAt('PMINTENSET_EL1', 31, 31);

/** The cycle counter's number in the registers that hold a bit for each counter. */
export const CYCLE_COUNTER = 31;
/** Bits of PMCR_EL0. */
export const PMCR = { E: 1n, P: 2n, C: 4n, X: 0x10n, DP: 0x20n, LC: 0x40n, LP: 0x80n };
/** Event numbers that can be counted; all others count nothing. */
export const EVENT = { softwareIncrement: 0x00, instructionsRetired: 0x08, cycles: 0x11, chain: 0x1e };
export const WORD = 1n << 32n;
export const DOUBLEWORD = 1n << 64n;
const FILTER = { P: 31n, U: 30n, NSK: 29n, NSU: 28n, NSH: 27n, SH: 24n, M: 26n };

export const counterName = (n: number): SystemRegisterName =>
  (n === CYCLE_COUNTER ? 'PMCCNTR_EL0' : `PMEVCNTR${n}_EL0`) as SystemRegisterName;
export const filterName = (n: number): SystemRegisterName =>
  (n === CYCLE_COUNTER ? 'PMCCFILTR_EL0' : `PMEVTYPER${n}_EL0`) as SystemRegisterName;
export const bitOf = (value: bigint, position: bigint): bigint => (value >> position) & 1n;

export class PerformanceMonitors implements PerformanceCounting {
  private readonly pe: ProcessingElement;

  constructor(pe: ProcessingElement) {
    this.pe = pe;
  }

  /** Event counters implemented. */
  get count(): number {
    return this.pe.field(N);
  }

  /** Event counters have 64 bits (FEAT_PMUv3p5). */
  get hasLongCounters(): boolean {
    return this.pe.implementation.hasFeature('FEAT_PMUv3p5');
  }

  /** Counters below this number belong to EL1 and EL0; the others to EL2. */
  get guestCount(): number {
    return el2Enabled(this.pe) ? Math.min(this.pe.field(HPMN), this.count) : this.count;
  }

  /** The counters that the current level can see, as a mask with the cycle counter at bit 31. */
  get visible(): bigint {
    const events = this.pe.state.el < 2 ? this.guestCount : this.count;
    return (1n << BigInt(CYCLE_COUNTER)) | ((1n << BigInt(events)) - 1n);
  }

  /** The counter is switched on. */
  private enabled(n: number): boolean {
    const { state } = this.pe;
    if (bitOf(state.read('PMCNTENSET_EL0'), BigInt(n)) === 0n) return false;
    const guest = n === CYCLE_COUNTER || n < this.guestCount;
    return guest ? (state.read('PMCR_EL0') & PMCR.E) !== 0n : this.pe.field(HPME) === 1;
  }

  /** The counter's filter and the controls of EL2 and EL3 let it count at the current level. */
  private counts(n: number): boolean {
    const { pe } = this;
    const { el } = pe.state;
    const secure = pe.implementation.el3 && isSecure(pe);
    const cycles = n === CYCLE_COUNTER;
    const stops = !cycles || (pe.state.read('PMCR_EL0') & PMCR.DP) !== 0n;
    if (stops && secure && pe.field(SPME) === 0) return false;
    if (cycles && ((secure && pe.field(SCCD) === 1) || (el === 2 && pe.field(HCCD) === 1))) return false;
    if (stops && el === 2 && pe.field(HPMD) === 1 && (cycles || n < this.guestCount)) return false;
    const filter = pe.state.read(filterName(n));
    const P = bitOf(filter, FILTER.P);
    const U = bitOf(filter, FILTER.U);
    if (el === 3) return P === bitOf(filter, FILTER.M);
    // In Secure state EL2 counts where SH and NSH differ.
    if (el === 2) return bitOf(filter, FILTER.NSH) !== (secure ? bitOf(filter, FILTER.SH) : 0n);
    if (el === 1) return secure ? P === 0n : P === bitOf(filter, FILTER.NSK);
    return secure ? U === 0n : U === bitOf(filter, FILTER.NSU);
  }

  /** A counter is switched on, so that the level at which code runs matters. */
  get active(): boolean {
    return this.pe.field(SWITCHED_ON) !== 0;
  }

  get interrupting(): boolean {
    return this.active && this.pe.field(INTERRUPTS) + this.pe.field(CYCLE_INTERRUPT) !== 0;
  }

  untilInterrupt(): number {
    if (!this.interrupting) return Number.POSITIVE_INFINITY;
    this.synchronize();
    const { state } = this.pe;
    const interrupts = state.read('PMINTENSET_EL1') & ~state.read('PMOVSCLR_EL0');
    let nearest = Number.POSITIVE_INFINITY;
    for (const n of [...Array(this.count).keys(), CYCLE_COUNTER]) {
      const event = n === CYCLE_COUNTER ? EVENT.cycles : this.eventOf(n);
      if (event !== EVENT.cycles && event !== EVENT.instructionsRetired) continue;
      // What an odd counter chains to is reached by its neighbour's overflow.
      const chained = n % 2 === 0 && n !== CYCLE_COUNTER && this.eventOf(n + 1) === EVENT.chain;
      if (bitOf(interrupts, BigInt(n)) === 0n && !(chained && bitOf(interrupts, BigInt(n + 1)) === 1n)) continue;
      if (this.enabled(n) && this.counts(n))
        nearest = Math.min(nearest, Number(this.modulus(n) - (state.read(counterName(n)) & (this.modulus(n) - 1n))));
    }
    return nearest;
  }

  updateInterrupt(): void {
    const { state } = this.pe;
    const raised = state.read('PMOVSCLR_EL0') & state.read('PMINTENSET_EL1');
    const forEl2 = (1n << BigInt(this.count)) - (1n << BigInt(this.guestCount));
    const enabled = (state.read('PMCR_EL0') & PMCR.E ? ~forEl2 : 0n) | (this.pe.field(HPME) === 1 ? forEl2 : 0n);
    this.pe.host.performanceInterrupt(this.pe, (raised & enabled) !== 0n);
  }

  /** One more than the most that a counter holds before it overflows. */
  private modulus(n: number): bigint {
    const control = this.pe.state.read('PMCR_EL0');
    if (n === CYCLE_COUNTER) return control & PMCR.LC ? DOUBLEWORD : WORD;
    const long = n < this.guestCount ? (control & PMCR.LP) !== 0n : this.pe.field(HLP) === 1;
    return long ? DOUBLEWORD : WORD;
  }

  /** Adds what was executed since the last time, at the level and under the rules in force until now. */
  synchronize(): void {
    const { state } = this.pe;
    const now = BigInt(this.pe.retired());
    const elapsed = now - state.engine.getWide('performanceCountedTo');
    state.engine.setWide('performanceCountedTo', now);
    if (elapsed <= 0n || !this.active) return;
    for (let n = 0; n < this.count; n++) {
      const event = this.eventOf(n);
      if (event !== EVENT.cycles && event !== EVENT.instructionsRetired) continue;
      if (this.enabled(n) && this.counts(n)) this.add(n, elapsed);
    }
    if (this.enabled(CYCLE_COUNTER) && this.counts(CYCLE_COUNTER)) this.add(CYCLE_COUNTER, elapsed);
  }

  /** Counts one software event (PMSWINC_EL0). */
  incrementBySoftware(n: number): void {
    if (this.eventOf(n) === EVENT.softwareIncrement && this.enabled(n) && this.counts(n)) this.add(n, 1n);
  }

  private eventOf(n: number): number {
    return Number(this.pe.state.read(filterName(n)) & 0xffffn);
  }

  private add(n: number, amount: bigint): void {
    const { state } = this.pe;
    const name = counterName(n);
    const modulus = this.modulus(n);
    const before = state.read(name);
    state.write(name, (before + amount) & ((this.hasLongCounters || n === CYCLE_COUNTER ? DOUBLEWORD : WORD) - 1n));
    const overflows = ((before & (modulus - 1n)) + amount) / modulus;
    if (overflows === 0n) return;
    this.overflow(n);
    const next = n + 1;
    if (n % 2 === 1 || n === CYCLE_COUNTER || next >= this.count || modulus !== WORD) return;
    const chained = this.eventOf(next) === EVENT.chain;
    if (chained && this.enabled(next) && this.counts(next)) this.add(next, overflows);
  }

  private overflow(n: number): void {
    const { state } = this.pe;
    state.write('PMOVSCLR_EL0', state.read('PMOVSCLR_EL0') | (1n << BigInt(n)));
    this.updateInterrupt();
  }
}
