/** The three sizes of translation tables (Arm ARM D8.2). */
import type { TableLevel } from './fault.ts';

export interface Granule {
  readonly name: '4KB' | '16KB' | '64KB';
  /** Address bits within a page. */
  readonly bits: 12 | 14 | 16;
  /** Address bits that one full table resolves. */
  readonly stride: 9 | 11 | 13;
  /** The first level at which a block descriptor is legal with addresses of 48 bits; 52-bit formats begin one earlier. */
  readonly firstBlockLevel: 1 | 2;
}

export const GRANULE_4KB: Granule = { name: '4KB', bits: 12, stride: 9, firstBlockLevel: 1 };
export const GRANULE_16KB: Granule = { name: '16KB', bits: 14, stride: 11, firstBlockLevel: 2 };
export const GRANULE_64KB: Granule = { name: '64KB', bits: 16, stride: 13, firstBlockLevel: 2 };

/** The lowest address bit that a table of the given level resolves. */
export function lowestResolvedBit(granule: Granule, level: TableLevel): number {
  return granule.bits + (3 - level) * granule.stride;
}

/** Fields TG0 of TCR_ELx and VTCR_EL2; undefined for the reserved value. */
export function granuleOfTg0(tg0: number): Granule | undefined {
  return [GRANULE_4KB, GRANULE_64KB, GRANULE_16KB][tg0];
}

/** Field TG1 of TCR_ELx; undefined for the reserved value. */
export function granuleOfTg1(tg1: number): Granule | undefined {
  return [undefined, GRANULE_16KB, GRANULE_4KB, GRANULE_64KB][tg1];
}
