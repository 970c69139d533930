/**
 * Performance monitors (Arm ARM D13): deterministic, one cycle an instruction.
 *
 * Counters are brought up to date when somebody looks or when the rules for counting change, not while code runs.
 * Overflows are recorded; the overflow interrupt is not implemented.
 */
import type { SystemRegisterName } from '../architecture/system-registers/index.ts';
import { el2Enabled, isSecure } from './effective-registers.ts';
import type { PerformanceCounting, ProcessingElement } from './processing-element.ts';
import { fieldAt, registerField } from './register-field.ts';

const N = registerField('PMCR_EL0', 'N');
const HPMN = registerField('MDCR_EL2', 'HPMN');
const HPME = registerField('MDCR_EL2', 'HPME');
const HPMD = registerField('MDCR_EL2', 'HPMD');
const SPME = registerField('MDCR_EL3', 'SPME');
const SWITCHED_ON = fieldAt('PMCNTENSET_EL0', 31, 0);

/** The cycle counter's number in the registers that hold a bit for each counter. */
export const CYCLE_COUNTER = 31;
/** Bits of PMCR_EL0. */
export const PMCR = { E: 1n, P: 2n, C: 4n, X: 0x10n, DP: 0x20n, LC: 0x40n };
/** Event numbers that can be counted; all others count nothing. */
export const EVENT = { softwareIncrement: 0x00, instructionsRetired: 0x08, cycles: 0x11, chain: 0x1e };
export const WORD = 1n << 32n;
export const DOUBLEWORD = 1n << 64n;
const FILTER = { P: 31n, U: 30n, NSK: 29n, NSU: 28n, NSH: 27n, M: 26n };

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
    if (stops && el === 2 && pe.field(HPMD) === 1 && (cycles || n < this.guestCount)) return false;
    const filter = pe.state.read(filterName(n));
    const P = bitOf(filter, FILTER.P);
    const U = bitOf(filter, FILTER.U);
    if (el === 3) return P === bitOf(filter, FILTER.M);
    if (el === 2) return bitOf(filter, FILTER.NSH) === 1n;
    if (el === 1) return secure ? P === 0n : P === bitOf(filter, FILTER.NSK);
    return secure ? U === 0n : U === bitOf(filter, FILTER.NSU);
  }

  /** A counter is switched on, so that the level at which code runs matters. */
  get active(): boolean {
    return this.pe.field(SWITCHED_ON) !== 0;
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
    const sum = state.read(name) + amount;
    if (n === CYCLE_COUNTER) {
      const modulus = (state.read('PMCR_EL0') & PMCR.LC) !== 0n ? DOUBLEWORD : WORD;
      const before = state.read(name) & (modulus - 1n);
      state.write(name, sum & (DOUBLEWORD - 1n));
      if (before + amount >= modulus) this.overflow(n);
      return;
    }
    state.write(name, sum & (WORD - 1n));
    const overflows = sum / WORD;
    if (overflows === 0n) return;
    this.overflow(n);
    const next = n + 1;
    if (n % 2 === 1 || next >= this.count) return;
    const chained = this.eventOf(next) === EVENT.chain;
    if (chained && this.enabled(next) && this.counts(next)) this.add(next, overflows);
  }

  private overflow(n: number): void {
    const { state } = this.pe;
    state.write('PMOVSCLR_EL0', state.read('PMOVSCLR_EL0') | (1n << BigInt(n)));
  }
}
