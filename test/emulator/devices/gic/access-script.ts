/**
 * Scripts of register accesses that run on our interrupt controller and, as a bare-metal program, on QEMU.
 * Each access that reads gives one value; the two lists of values must be the same.
 */
import type { AccessSize } from '../../../../emulator/bus/types.ts';

/**
 * Where an access executes. `el2` is the hypervisor with interrupts routed to it, `guest` its guest at EL1; with EL3
 * the machine starts at `el3`, and `secureEl1` and `nonSecureEl2` are entered from there.
 */
export type World = 'el2' | 'guest' | 'el3' | 'secureEl1' | 'nonSecureEl2';

export type Frame = 'GICD' | 'GICR' | 'GICC' | 'GICH' | 'GICV';

/** Where QEMU's `virt` board has the frames. */
export const frameBase: Readonly<Record<Frame, number>> = {
  GICD: 0x0800_0000,
  GICR: 0x080a_0000,
  GICC: 0x0801_0000,
  GICH: 0x0803_0000,
  GICV: 0x0804_0000,
};

export type Step =
  | {
      readonly do: 'read';
      readonly at: World;
      readonly frame: Frame;
      readonly offset: number;
      readonly size: AccessSize;
    }
  | {
      readonly do: 'write';
      readonly at: World;
      readonly frame: Frame;
      readonly offset: number;
      readonly size: AccessSize;
      readonly value: bigint;
    }
  | { readonly do: 'mrs'; readonly at: World; readonly register: string }
  | { readonly do: 'msr'; readonly at: World; readonly register: string; readonly value: bigint }
  /** Reads ISR_EL1 as 2×I + F: which of the interrupt inputs are high, as this world sees them. */
  | { readonly do: 'pins'; readonly at: World };

/** op0, op1, CRn, CRm, op2 of the registers that scripts name. */
export const encodings: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  ICC_PMR_EL1: [3, 0, 4, 6, 0],
  ICC_IAR0_EL1: [3, 0, 12, 8, 0],
  ICC_EOIR0_EL1: [3, 0, 12, 8, 1],
  ICC_HPPIR0_EL1: [3, 0, 12, 8, 2],
  ICC_BPR0_EL1: [3, 0, 12, 8, 3],
  ICC_AP0R0_EL1: [3, 0, 12, 8, 4],
  ICC_AP1R0_EL1: [3, 0, 12, 9, 0],
  ICC_DIR_EL1: [3, 0, 12, 11, 1],
  ICC_RPR_EL1: [3, 0, 12, 11, 3],
  ICC_SGI1R_EL1: [3, 0, 12, 11, 5],
  ICC_ASGI1R_EL1: [3, 0, 12, 11, 6],
  ICC_SGI0R_EL1: [3, 0, 12, 11, 7],
  ICC_IAR1_EL1: [3, 0, 12, 12, 0],
  ICC_EOIR1_EL1: [3, 0, 12, 12, 1],
  ICC_HPPIR1_EL1: [3, 0, 12, 12, 2],
  ICC_BPR1_EL1: [3, 0, 12, 12, 3],
  ICC_CTLR_EL1: [3, 0, 12, 12, 4],
  ICC_SRE_EL1: [3, 0, 12, 12, 5],
  ICC_IGRPEN0_EL1: [3, 0, 12, 12, 6],
  ICC_IGRPEN1_EL1: [3, 0, 12, 12, 7],
  ICC_SRE_EL2: [3, 4, 12, 9, 5],
  ICH_AP0R0_EL2: [3, 4, 12, 8, 0],
  ICH_AP1R0_EL2: [3, 4, 12, 9, 0],
  ICH_HCR_EL2: [3, 4, 12, 11, 0],
  ICH_VTR_EL2: [3, 4, 12, 11, 1],
  ICH_MISR_EL2: [3, 4, 12, 11, 2],
  ICH_EISR_EL2: [3, 4, 12, 11, 3],
  ICH_ELRSR_EL2: [3, 4, 12, 11, 5],
  ICH_VMCR_EL2: [3, 4, 12, 11, 7],
  ICH_LR0_EL2: [3, 4, 12, 12, 0],
  ICH_LR1_EL2: [3, 4, 12, 12, 1],
  ICH_LR2_EL2: [3, 4, 12, 12, 2],
  ICH_LR3_EL2: [3, 4, 12, 12, 3],
  ICC_CTLR_EL3: [3, 6, 12, 12, 4],
  ICC_SRE_EL3: [3, 6, 12, 12, 5],
  ICC_IGRPEN1_EL3: [3, 6, 12, 12, 7],
};

/** One step in words, as a failing comparison shows it. */
export function inWords(step: Step): string {
  const hex = (value: bigint | number) => `0x${value.toString(16)}`;
  switch (step.do) {
    case 'read':
      return `${step.at}: read ${step.size} bytes at ${step.frame} + ${hex(step.offset)}`;
    case 'write':
      return `${step.at}: write ${hex(step.value)} (${step.size} bytes) at ${step.frame} + ${hex(step.offset)}`;
    case 'mrs':
      return `${step.at}: read ${step.register}`;
    case 'msr':
      return `${step.at}: write ${hex(step.value)} to ${step.register}`;
    case 'pins':
      return `${step.at}: interrupt inputs`;
  }
}
