/** Exclusive, atomic and ordered accesses that are not aligned (Arm ARM B2.5.2, FEAT_LSE2). */
import { controllingLevel } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';

const nAA = [
  undefined,
  registerField('SCTLR_EL1', 'nAA'),
  registerField('SCTLR_EL2', 'nAA'),
  registerField('SCTLR_EL3', 'nAA'),
] as const;
/** What lies within an aligned block of so many bytes is accessed as one. */
const ATOMIC_BYTES = 16n;

/** Whether an access that is not aligned may be made. `ordered`: it only has acquire or release semantics. */
export function permitsUnaligned(pe: ProcessingElement, address: bigint, size: number, ordered: boolean): boolean {
  if (!pe.features.unalignedAtomics) return false;
  if ((address & (ATOMIC_BYTES - 1n)) + BigInt(size) <= ATOMIC_BYTES) return true;
  return ordered && pe.field(nAA[controllingLevel(pe)]) === 1;
}
