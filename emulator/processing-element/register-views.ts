/** System registers that are windows on PSTATE, stack pointers and inputs, with no storage of their own. */
import { hcrField, isInHost, nestsHypervisor } from './effective-registers.ts';
import { interruptStatus } from './interrupts.ts';
import type { ProcessingElement } from './processing-element.ts';
import { readRandomNumber } from './random-numbers.ts';
import { registerField } from './register-field.ts';

/** Reads and writes of the state behind a register. A write gets a value whose reserved bits have been dealt with. */
export interface RegisterView {
  read(pe: ProcessingElement): bigint;
  write?(pe: ProcessingElement, value: bigint): void;
}

type FlagName = 'pan' | 'uao' | 'dit' | 'ssbs' | 'tco' | 'allInt';

/** A PSTATE bit shown at a position of a register of its own. */
function flag(name: FlagName, position: bigint, afterwards?: (pe: ProcessingElement) => void): RegisterView {
  return {
    read: ({ state }) => BigInt(state[name]) << position,
    write: (pe, value) => {
      pe.state[name] = Number((value >> position) & 1n);
      afterwards?.(pe);
    },
  };
}

function stackPointer(el: number): RegisterView {
  return { read: ({ state }) => state.readSp(el), write: ({ state }, value) => state.writeSp(el, value) };
}

/** Changes PSTATE.DAIF and lets interrupts through that were waiting for it. */
export function writeInterruptMasks(pe: ProcessingElement, daif: number): void {
  pe.state.daif = daif;
  pe.host.interruptsChanged(pe);
}

/** Changes PSTATE.SP, and so the stack pointer in use. */
export function writeStackPointerSelect(pe: ProcessingElement, spSel: number): void {
  pe.state.setLevel(pe.state.el, spSel);
}

const TDZ = registerField('HCR_EL2', 'TDZ');
const DZE = registerField('SCTLR_EL1', 'DZE');
const HOST_DZE = registerField('SCTLR_EL2', 'DZE');
/** DCZID_EL0.DZP. */
const ZERO_BLOCK_PROHIBITED = 1n << 4n;

/** DC ZVA would trap at the current level. */
function zeroBlockProhibited(pe: ProcessingElement): boolean {
  const { el } = pe.state;
  if (el === 0 && pe.field(isInHost(pe) ? HOST_DZE : DZE) === 0) return true;
  return el < 2 && hcrField(pe, TDZ) === 1;
}

const views: Readonly<Record<string, RegisterView>> = {
  NZCV: {
    read: ({ state: { n, z, c, v } }) => BigInt(((n << 31) | (z << 30) | (c << 29) | (v << 28)) >>> 0),
    write: ({ state }, value) => {
      const flags = Number((value >> 28n) & 15n);
      state.n = flags >> 3;
      state.z = (flags >> 2) & 1;
      state.c = (flags >> 1) & 1;
      state.v = flags & 1;
    },
  },
  DAIF: {
    read: ({ state }) => BigInt(state.daif),
    write: (pe, value) => writeInterruptMasks(pe, Number(value & 0x3c0n)),
  },
  CURRENTEL: {
    read: pe => BigInt((pe.state.el === 1 && nestsHypervisor(pe) ? 2 : pe.state.el) << 2),
  },
  SPSEL: {
    read: ({ state }) => BigInt(state.spSel),
    write: (pe, value) => writeStackPointerSelect(pe, Number(value & 1n)),
  },
  PAN: flag('pan', 22n, pe => pe.host.contextChanged(pe)),
  UAO: flag('uao', 23n, pe => pe.host.contextChanged(pe)),
  DIT: flag('dit', 24n),
  SSBS: flag('ssbs', 12n),
  TCO: flag('tco', 25n),
  ALLINT: flag('allInt', 13n),
  SP_EL0: stackPointer(0),
  SP_EL1: stackPointer(1),
  SP_EL2: stackPointer(2),
  FPCR: {
    read: ({ state }) => state.fpcr,
    write: ({ state }, value) => {
      state.fpcr = value;
    },
  },
  FPSR: {
    read: ({ state }) => state.fpsr,
    write: ({ state }, value) => {
      state.fpsr = value;
    },
  },
  CCSIDR_EL1: {
    read: ({ state, implementation }) => implementation.caches[Number(state.read('CSSELR_EL1'))] ?? 0n,
  },
  DCZID_EL0: { read: pe => pe.state.read('DCZID_EL0') | (zeroBlockProhibited(pe) ? ZERO_BLOCK_PROHIBITED : 0n) },
  RNDR: { read: pe => readRandomNumber(pe, false) },
  RNDRRS: { read: pe => readRandomNumber(pe, true) },
  ISR_EL1: { read: pe => BigInt(interruptStatus(pe)) },
};

/** The view of that name (any case), or undefined. */
export function findView(name: string): RegisterView | undefined {
  return views[name.toUpperCase()];
}
