/** The guest's own debug facilities: software step, hardware breakpoints and watchpoints (Arm ARM D2.8–D2.11). */
import type { SystemRegisterName } from '../architecture/system-registers/index.ts';
import { debugExceptionsEnabled, stepRequested } from './debug-enable.ts';
import { currentVmid, isSecure } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';
import { raiseSoftwareStep } from './synchronous-exceptions.ts';

const MDE = registerField('MDSCR_EL1', 'MDE');

/** Where the software step machine stands before an instruction. */
export type StepState = 'inactive' | 'activeNotPending' | 'activePending';

/** Software step as it stands: pending when the step is over and its exception is due. */
export function stepState(pe: ProcessingElement): StepState {
  if (!stepRequested(pe) || !debugExceptionsEnabled(pe)) return 'inactive';
  return pe.state.ss === 1 ? 'activeNotPending' : 'activePending';
}

/** The engine executed one instruction in state `activeNotPending`; what follows is the step exception. */
export function completeStep(pe: ProcessingElement, exclusive: boolean): void {
  pe.state.ss = 0;
  if (stepState(pe) === 'activePending') raiseSoftwareStep(pe, true, exclusive);
}

/** Arrived in state `activePending` without executing anything (an exception return with SPSR.SS = 0). */
export function raisePendingStep(pe: ProcessingElement): void {
  raiseSoftwareStep(pe, false, false);
}

/** A hardware breakpoint that is in force at the current level. */
export interface ArmedBreakpoint {
  readonly index: number;
  /** Virtual address of the instruction. */
  readonly address: bigint;
}

/** A watchpoint that is in force at the current level. */
export interface ArmedWatchpoint {
  readonly index: number;
  /** First and last byte watched, virtual addresses. */
  readonly first: bigint;
  readonly last: bigint;
  /** Bytes watched within the aligned doubleword at `first`, when BAS selects single bytes; else all from first to last. */
  readonly byteSelect: number | undefined;
  readonly read: boolean;
  readonly write: boolean;
}

/** The fields that DBGBCRn_EL1 and DBGWCRn_EL1 share. */
function levelsMatch(pe: ProcessingElement, control: number, privilegeLow: number): boolean {
  const pac = (control >>> privilegeLow) & 3;
  const hmc = (control >>> 13) & 1;
  const ssc = (control >>> 14) & 3;
  const { el } = pe.state;
  if (!securityMatches(pe, ssc, hmc, pac)) return false;
  // HMC = 1 adds the levels above EL1; PAC says which of EL1 (bit 0) and EL0 (bit 1) match.
  if (el >= 2) return hmc === 1 && (el === 2 ? !(ssc === 2 && pac === 0) : ssc !== 1);
  return el === 1 ? (pac & 1) === 1 : (pac & 2) === 2;
}

/** SSC: 0 both states, 1 Non-secure only, 2 Secure only, 3 with HMC and PAC in further combinations. */
function securityMatches(pe: ProcessingElement, ssc: number, hmc: number, pac: number): boolean {
  if (ssc === 1) return !isSecure(pe);
  if (ssc === 2) return isSecure(pe);
  // SSC = 3 with HMC = 1 and PAC = 0 is EL2 only, in either state.
  return !(ssc === 3 && hmc === 1 && pac === 0) || pe.state.el === 2;
}

const breakpointControl = (n: number): SystemRegisterName => `DBGBCR${n}_EL1` as SystemRegisterName;
const breakpointValue = (n: number): SystemRegisterName => `DBGBVR${n}_EL1` as SystemRegisterName;
const watchpointControl = (n: number): SystemRegisterName => `DBGWCR${n}_EL1` as SystemRegisterName;
const watchpointValue = (n: number): SystemRegisterName => `DBGWVR${n}_EL1` as SystemRegisterName;

/** ID_AA64DFR0_EL1 counts from one less than the number. */
function implementedCount(pe: ProcessingElement, low: bigint): number {
  return Number((pe.state.read('ID_AA64DFR0_EL1') >> low) & 15n) + 1;
}

/** The address in DBGBVR or DBGWVR: upper bits are copies of bit 48, or of bit 52 with FEAT_LVA. */
const comparedAddress = (pe: ProcessingElement, register: SystemRegisterName): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(pe.features.largeVirtualAddresses ? 53 : 49, pe.state.read(register))) & ~3n;

/** A context breakpoint (BT with bits 1 or 3): CONTEXTIDR_EL1, the VMID, or both. */
function contextMatches(pe: ProcessingElement, n: number): boolean {
  const control = Number(pe.state.read(breakpointControl(n)) & 0xffff_ffffn);
  if ((control & 1) === 0) return false;
  const type = (control >>> 20) & 15;
  const value = pe.state.read(breakpointValue(n));
  const wantsContext = (type & 2) !== 0;
  const wantsVmid = (type & 8) !== 0;
  if (!wantsContext && !wantsVmid) return false;
  const contextId = pe.state.read('CONTEXTIDR_EL1') & 0xffff_ffffn;
  if (wantsContext && (value & 0xffff_ffffn) !== contextId) return false;
  return !wantsVmid || currentVmid(pe) === Number((value >> 32n) & 0xffffn);
}

/** Linked breakpoints and watchpoints match only in the context of breakpoint LBN. */
function linkMatches(pe: ProcessingElement, linked: boolean, control: number): boolean {
  return !linked || contextMatches(pe, (control >>> 16) & 15);
}

function facilitiesEnabled(pe: ProcessingElement): boolean {
  return pe.field(MDE) === 1 && debugExceptionsEnabled(pe);
}

/** An address breakpoint that is switched on, with what decides when it matches. */
interface BreakpointSetting extends ArmedBreakpoint {
  readonly control: number;
  readonly linked: boolean;
}

function breakpointSettings(pe: ProcessingElement): BreakpointSetting[] {
  if (pe.field(MDE) === 0) return [];
  const settings: BreakpointSetting[] = [];
  for (let index = 0; index < implementedCount(pe, 12n); index++) {
    const control = Number(pe.state.read(breakpointControl(index)) & 0xffff_ffffn);
    const type = (control >>> 20) & 15;
    // Types 0 and 1 compare an address; A64 code has all of BAS set or is never matched.
    if ((control & 1) === 0 || type > 1 || ((control >>> 5) & 15) !== 15) continue;
    const address = comparedAddress(pe, breakpointValue(index));
    settings.push({ index, address, control, linked: type === 1 });
  }
  return settings;
}

/** Addresses at which a breakpoint may match at some level, in some context; changes with `debugChanged` only. */
export function placedBreakpoints(pe: ProcessingElement): bigint[] {
  return breakpointSettings(pe).map(({ address }) => address);
}

/** The address breakpoints that match at the current level and in the current context. */
export function armedBreakpoints(pe: ProcessingElement): ArmedBreakpoint[] {
  if (!facilitiesEnabled(pe)) return [];
  return breakpointSettings(pe)
    .filter(({ control, linked }) => levelsMatch(pe, control, 1) && linkMatches(pe, linked, control))
    .map(({ index, address }) => ({ index, address }));
}

interface WatchpointSetting extends ArmedWatchpoint {
  readonly control: number;
}

function watchpointSettings(pe: ProcessingElement): WatchpointSetting[] {
  if (pe.field(MDE) === 0) return [];
  const settings: WatchpointSetting[] = [];
  for (let index = 0; index < implementedCount(pe, 20n); index++) {
    const control = Number(pe.state.read(watchpointControl(index)) & 0xffff_ffffn);
    if ((control & 1) === 0) continue;
    const range = watchedRange(comparedAddress(pe, watchpointValue(index)), control);
    if (range === undefined) continue;
    const loadStore = (control >>> 3) & 3;
    settings.push({ index, ...range, read: (loadStore & 1) === 1, write: (loadStore & 2) === 2, control });
  }
  return settings;
}

/** The ranges that a watchpoint may watch at some level, in some context; changes with `debugChanged` only. */
export function placedWatchpoints(pe: ProcessingElement): Pick<ArmedWatchpoint, 'first' | 'last'>[] {
  return watchpointSettings(pe).map(({ first, last }) => ({ first, last }));
}

/** The watchpoints that match at the current level and in the current context. */
export function armedWatchpoints(pe: ProcessingElement): ArmedWatchpoint[] {
  if (!facilitiesEnabled(pe)) return [];
  return watchpointSettings(pe)
    .filter(({ control }) => levelsMatch(pe, control, 1) && linkMatches(pe, ((control >>> 20) & 1) === 1, control))
    .map(({ control: _, ...armed }) => armed);
}

/** MASK covers 2^MASK bytes; otherwise BAS selects bytes of a doubleword (or word) at the address. */
function watchedRange(
  address: bigint,
  control: number,
): Pick<ArmedWatchpoint, 'first' | 'last' | 'byteSelect'> | undefined {
  const mask = (control >>> 24) & 31;
  if (mask >= 3) {
    const size = 1n << BigInt(mask);
    const first = address & ~(size - 1n);
    return { first, last: first + size - 1n, byteSelect: undefined };
  }
  const byteSelect = (control >>> 5) & 0xff;
  if (byteSelect === 0) return undefined;
  const lowest = 31 - Math.clz32(byteSelect & -byteSelect);
  const highest = 31 - Math.clz32(byteSelect);
  return { first: address + BigInt(lowest), last: address + BigInt(highest), byteSelect: byteSelect >>> lowest };
}

/** Whether an access of `size` bytes at `address` touches a byte that is watched. */
export function watchpointHit(watchpoint: ArmedWatchpoint, address: bigint, size: number, write: boolean): boolean {
  if (write ? !watchpoint.write : !watchpoint.read) return false;
  const from = address > watchpoint.first ? address : watchpoint.first;
  const end = address + BigInt(size) - 1n;
  const to = end < watchpoint.last ? end : watchpoint.last;
  if (from > to) return false;
  if (watchpoint.byteSelect === undefined) return true;
  const low = Number(from - watchpoint.first);
  const count = Number(to - from) + 1;
  return (watchpoint.byteSelect & (((1 << count) - 1) << low)) !== 0;
}
