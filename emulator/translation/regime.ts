/** Translation regimes: which registers control the translation of an address (Arm ARM D8.1.2). */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import type { TranslationRegister } from './inputs.ts';

export type TranslationRegime = 'EL1&0' | 'EL2' | 'EL2&0' | 'EL3';

/** Bits of HCR_EL2 that steer translation. */
export const HYPERVISOR = {
  VM: 1n << 0n,
  PTW: 1n << 2n,
  DC: 1n << 12n,
  TGE: 1n << 27n,
  CD: 1n << 32n,
  ID: 1n << 33n,
  E2H: 1n << 34n,
  NV: 1n << 42n,
  NV1: 1n << 43n,
  FWB: 1n << 46n,
  DCT: 1n << 57n,
} as const;

/** All of them together. */
export const HYPERVISOR_BITS = Object.values(HYPERVISOR).reduce((all, bit) => all | bit, 0n);

/** Bits of SCTLR_ELx that steer translation: M, C, I, WXN, EE and EPAN. */
export const SYSTEM_CONTROL_BITS = (1n << 0n) | (1n << 2n) | (1n << 12n) | (1n << 19n) | (1n << 25n) | (1n << 57n);

export interface RegimeRegisters {
  readonly sctlr: TranslationRegister;
  readonly tcr: TranslationRegister;
  readonly mair: TranslationRegister;
  readonly ttbr0: TranslationRegister;
  /** Only where the regime has two address ranges; TCR then has the layout of TCR_EL1. */
  readonly ttbr1: TranslationRegister | undefined;
}

const REGISTERS: Readonly<Record<TranslationRegime, RegimeRegisters>> = {
  'EL1&0': { sctlr: 'SCTLR_EL1', tcr: 'TCR_EL1', mair: 'MAIR_EL1', ttbr0: 'TTBR0_EL1', ttbr1: 'TTBR1_EL1' },
  EL2: { sctlr: 'SCTLR_EL2', tcr: 'TCR_EL2', mair: 'MAIR_EL2', ttbr0: 'TTBR0_EL2', ttbr1: undefined },
  'EL2&0': { sctlr: 'SCTLR_EL2', tcr: 'TCR_EL2', mair: 'MAIR_EL2', ttbr0: 'TTBR0_EL2', ttbr1: 'TTBR1_EL2' },
  EL3: { sctlr: 'SCTLR_EL3', tcr: 'TCR_EL3', mair: 'MAIR_EL3', ttbr0: 'TTBR0_EL3', ttbr1: undefined },
};

/** The stage 1 registers of a regime. */
export function registersOf(regime: TranslationRegime): RegimeRegisters {
  return REGISTERS[regime];
}

/** True where EL0 shares the regime: two address ranges, ASIDs, PAN, separate execute-never bits. */
export function hasUnprivileged(regime: TranslationRegime): boolean {
  return regime === 'EL1&0' || regime === 'EL2&0';
}

/**
 * The regime that translates accesses made at an Exception level.
 * @param hypervisorConfiguration the effective HCR_EL2
 */
export function regimeOf(level: ExceptionLevel, hypervisorConfiguration: bigint): TranslationRegime {
  const host = (hypervisorConfiguration & HYPERVISOR.E2H) !== 0n;
  switch (level) {
    case 3:
      return 'EL3';
    case 2:
      return host ? 'EL2&0' : 'EL2';
    case 1:
      return 'EL1&0';
    case 0:
      return host && (hypervisorConfiguration & HYPERVISOR.TGE) !== 0n ? 'EL2&0' : 'EL1&0';
  }
}

/**
 * Translation contexts: regime, privilege and PSTATE.PAN together decide what a TLB entry allows. The order is that
 * of the tables in linear memory.
 */
export const TRANSLATION_CONTEXTS = [
  'EL1&0 at EL0',
  'EL1&0 at EL1',
  'EL1&0 at EL1 with PAN',
  'EL2&0 at EL0',
  'EL2&0 at EL2',
  'EL2&0 at EL2 with PAN',
  'EL2',
  'EL3',
] as const;

/** Index into {@link TRANSLATION_CONTEXTS}. */
export type TranslationContext = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

const CONTEXTS_OF: Readonly<Record<TranslationRegime, readonly TranslationContext[]>> = {
  'EL1&0': [0, 1, 2],
  'EL2&0': [3, 4, 5],
  EL2: [6],
  EL3: [7],
};

/** All contexts of a regime. */
export function contextsOf(regime: TranslationRegime): readonly TranslationContext[] {
  return CONTEXTS_OF[regime];
}

/** The context of an access with the given privilege; `pan` counts only where EL0 shares the regime. */
export function contextOf(regime: TranslationRegime, privileged: boolean, pan: boolean): TranslationContext {
  switch (regime) {
    case 'EL3':
      return 7;
    case 'EL2':
      return 6;
    default: {
      const first = regime === 'EL1&0' ? 0 : 3;
      return (privileged ? first + (pan ? 2 : 1) : first) as TranslationContext;
    }
  }
}
