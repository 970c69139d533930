/** The state of a processing element after reset (Arm ARM D1.5). */
import { storedSystemRegisters } from '../architecture/system-registers/index.ts';
import { refreshDerivedState } from './derived-state.ts';
import { highestLevel } from './implementation.ts';
import type { ProcessingElement } from './processing-element.ts';
import { randomStart } from './random-numbers.ts';

const ALL_MASKED = 0x3c0;
const GENERAL_REGISTERS = 31;
/** Affinity 0.0.0.0; bit 31 is RES1. */
const UNIPROCESSOR = 1n << 31n;

/**
 * Resets a PE: at the highest implemented level, with its own stack pointer and all interrupts masked. What the
 * architecture leaves unknown is zero. The machine sets the PC. `mpidr` is MPIDR_EL1, which tells this PE from others.
 */
export function resetProcessingElement(pe: ProcessingElement, mpidr = UNIPROCESSOR): void {
  const { state, implementation } = pe;
  for (let n = 0; n < GENERAL_REGISTERS; n++) state.writeX(n, 0n);
  for (let n = 0; n < 32; n++) state.readV(n).fill(0);
  for (let el = 0; el < 4; el++) state.writeSp(el, 0n);
  for (const row of storedSystemRegisters) {
    state.write(row.name, implementation.resetValues.get(row.name) ?? row.reset);
  }
  state.write('RNDR', randomStart(implementation.randomSeed ?? 0, pe.index));
  state.write('MPIDR_EL1', mpidr);
  // Lower levels see the real identity until EL2 gives them another.
  state.write('VPIDR_EL2', state.read('MIDR_EL1'));
  state.write('VMPIDR_EL2', mpidr);
  state.setLevel(highestLevel(implementation), 1);
  state.sp = 0n;
  state.n = state.z = state.c = state.v = 0;
  state.daif = ALL_MASKED;
  state.pan = state.uao = state.dit = state.ssbs = state.tco = state.allInt = 0;
  state.btype = state.ss = state.il = 0;
  state.fpcr = 0n;
  state.fpsr = 0n;
  state.pc = 0n;
  state.eventRegister = 0;
  state.clearExclusive();
  pe.systemErrorPending = false;
  refreshDerivedState(pe);
}
