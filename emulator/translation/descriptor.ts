/** Fields of block and page descriptors that both stages share, within their unsigned 32-bit halves (Arm ARM D8.3). */
import type { Shareability } from './attributes.ts';
import type { SwapOutcome, TranslationInputs } from './inputs.ts';
import { joinHalves, type Leaf, swapBytes } from './table-walk.ts';

/** Low half, bit 10: the access flag. */
export const ACCESS_FLAG = 1 << 10;
/** High half, bit 51: the dirty-bit modifier. */
export const DIRTY_BIT_MODIFIER = 1 << 19;
/** High half, bit 50: guarded page. */
export const GUARDED_PAGE = 1 << 18;
/** Low half, bit 11: not global. */
export const NOT_GLOBAL = 1 << 11;
/** Low half, bit 5: the output address is Non-secure. */
export const NON_SECURE = 1 << 5;
/** Low half, stage 1 AP[2]: read-only. */
export const STAGE1_READ_ONLY = 1 << 7;
/** Low half, stage 2 S2AP[1]: writable. */
export const STAGE2_WRITABLE = 1 << 7;

/** SH, bits 9:8. */
export function shareabilityOf(low: number): Shareability {
  return ((low >>> 8) & 3) as Shareability;
}

/** AP[2:1], bits 7:6. */
export function accessPermissionsOf(low: number): number {
  return (low >>> 6) & 3;
}

/** AttrIndx, bits 4:2. */
export function attributeIndexOf(low: number): number {
  return (low >>> 2) & 7;
}

/** MemAttr of stage 2, bits 5:2. */
export function memoryAttributesOf(low: number): number {
  return (low >>> 2) & 0xf;
}

/** Writes a descriptor back with another low half, if memory still holds what the walk saw. */
export function updateDescriptor(
  inputs: TranslationInputs,
  leaf: Leaf,
  newLow: number,
  bigEndian: boolean,
): SwapOutcome {
  const inMemory = (low: number): bigint =>
    bigEndian ? joinHalves(swapBytes(low), swapBytes(leaf.high)) : joinHalves(leaf.high, low);
  return inputs.compareAndSwap(
    leaf.descriptorPhysicalAddress,
    leaf.descriptorPhysicalNonSecure,
    inMemory(leaf.low),
    inMemory(newLow),
  );
}
