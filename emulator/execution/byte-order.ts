/** Big-endian data (Arm ARM B2.9): which bytes of an access are exchanged. */
import type { AccessSize } from '../bus/types.ts';
import { naturalAlignment } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';

/** The bytes of an access as a number and back, in the byte order of the current level's data, element by element. */
export function inDataOrder(unit: ExecutionUnit, value: bigint, size: AccessSize, descriptor: number): bigint {
  if (unit.state.engine.get('bigEndianData') === 0) return value;
  return swapElements(value, size, Math.min(size, naturalAlignment(descriptor)));
}

/** Reverses the bytes of each element. */
export function swapElements(value: bigint, size: number, element: number): bigint {
  let swapped = 0n;
  for (let i = 0; i < size; i++) {
    const byte = (value >> BigInt(8 * i)) & 0xffn;
    swapped |= byte << BigInt(8 * (i - (i % element) + element - 1 - (i % element)));
  }
  return swapped;
}
