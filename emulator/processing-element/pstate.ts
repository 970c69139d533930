/** PSTATE as SPSR_ELx saves it, and the rules for what may be restored (Arm ARM C5.2.19, D1.4.4). */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import { el2Enabled, trapsGeneralExceptions } from './effective-registers.ts';
import { isImplemented } from './implementation.ts';
import type { ProcessingElement } from './processing-element.ts';

/** Bit positions in SPSR_ELx. DAIF lies at 9:6 there and in `state.daif` alike; every field here is below bit 32. */
const SPSR = {
  n: 31,
  z: 30,
  c: 29,
  v: 28,
  tco: 25,
  dit: 24,
  uao: 23,
  pan: 22,
  ss: 21,
  il: 20,
  ssbs: 12,
  btype: 10,
  aarch32: 4,
  level: 2,
} as const;
const DAIF_MASK = 0x3c0;

/** The value SPSR_ELx takes when an exception is taken now. Fields of features that are not implemented are zero. */
export function packSavedState(pe: ProcessingElement): bigint {
  const s = pe.state;
  const low =
    ((s.n << SPSR.n) |
      (s.z << SPSR.z) |
      (s.c << SPSR.c) |
      (s.v << SPSR.v) |
      (s.tco << SPSR.tco) |
      (s.dit << SPSR.dit) |
      (s.uao << SPSR.uao) |
      (s.pan << SPSR.pan) |
      (s.ss << SPSR.ss) |
      (s.il << SPSR.il) |
      (s.ssbs << SPSR.ssbs) |
      (s.btype << SPSR.btype) |
      s.daif |
      (s.el << SPSR.level) |
      s.spSel) >>>
    0;
  return BigInt(low);
}

/** The Exception level and stack pointer that M[3:0] of a saved state selects; undefined for AArch32 and reserved values. */
function returnMode(saved: number): { el: ExceptionLevel; spSel: 0 | 1 } | undefined {
  if ((saved >>> SPSR.aarch32) & 1 || saved & 2) return undefined;
  const el = ((saved >>> SPSR.level) & 3) as ExceptionLevel;
  const spSel = (saved & 1) as 0 | 1;
  return el === 0 && spSel === 1 ? undefined : { el, spSel };
}

/**
 * Where an exception return with this saved state goes, or undefined when the return is illegal (Arm ARM D1.4.4):
 * to a higher level, to AArch32, to a reserved mode, to a level that is not implemented or (EL2) not enabled in the
 * Security state, or to EL1 while HCR_EL2.TGE says that there is none.
 */
export function legalReturn(
  pe: ProcessingElement,
  savedState: bigint,
): { el: ExceptionLevel; spSel: 0 | 1 } | undefined {
  const mode = returnMode(Number(savedState & 0xffff_ffffn));
  if (mode === undefined || mode.el > pe.state.el || !isImplemented(pe.implementation, mode.el)) return undefined;
  if (mode.el === 2 && !el2Enabled(pe)) return undefined;
  if (mode.el === 1 && trapsGeneralExceptions(pe)) return undefined;
  return mode;
}

/** PSTATE.D of a saved state: debug exceptions are masked. */
export function debugMasked(savedState: bigint): boolean {
  return (savedState & 0x200n) !== 0n;
}

/**
 * Restores PSTATE from a saved state, except for SS, which the debug rules decide. `mode` is what `legalReturn` gave;
 * an illegal return sets IL and keeps the level, stack pointer and the fields tied to the execution at that level.
 */
export function restoreSavedState(
  pe: ProcessingElement,
  savedState: bigint,
  mode: { readonly el: ExceptionLevel; readonly spSel: 0 | 1 } | undefined,
): void {
  const { state, features } = pe;
  const saved = Number(savedState & 0xffff_ffffn);
  const bit = (position: number): number => (saved >>> position) & 1;
  if (mode === undefined) {
    state.il = 1;
  } else {
    state.il = bit(SPSR.il);
    state.setLevel(mode.el, mode.spSel);
    if (features.bti) state.btype = (saved >>> SPSR.btype) & 3;
    if (features.ssbs) state.ssbs = bit(SPSR.ssbs);
    if (features.uao) state.uao = bit(SPSR.uao);
    if (features.dit) state.dit = bit(SPSR.dit);
    if (features.mte) state.tco = bit(SPSR.tco);
  }
  state.n = bit(SPSR.n);
  state.z = bit(SPSR.z);
  state.c = bit(SPSR.c);
  state.v = bit(SPSR.v);
  if (features.pan) state.pan = bit(SPSR.pan);
  state.daif = saved & DAIF_MASK;
}

/** PSTATE.SS of a saved state. */
export function savedStep(savedState: bigint): number {
  return Number((savedState >> BigInt(SPSR.ss)) & 1n);
}
