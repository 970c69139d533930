/**
 * Memory types and cacheability (Arm ARM D8.6). An attribute byte has the format of a MAIR_ELx field, which is also
 * that of PAR_EL1.ATTR: bits 7:4 zero for Device memory with the type in 3:2, otherwise the outer and the inner
 * cacheability nibble.
 */

export const DEVICE_NGNRNE = 0x00;
export const NORMAL_NON_CACHEABLE = 0x44;
export const NORMAL_WRITE_THROUGH_READ_ALLOCATE = 0xaa;
export const NORMAL_WRITE_BACK = 0xff;
/** Write-Back with allocation tags (FEAT_MTE2). */
export const NORMAL_TAGGED = 0xf0;

/** The encoding of SH fields: non-shareable, outer and inner shareable; 1 is reserved. */
export type Shareability = 0 | 1 | 2 | 3;
export const NON_SHAREABLE = 0;
export const OUTER_SHAREABLE = 2;
export const INNER_SHAREABLE = 3;

const NON_CACHEABLE = 0x4;

/** True for the four Device types. */
export function isDevice(attributes: number): boolean {
  return (attributes & 0xf0) === 0;
}

/** Field Attr<index> of a MAIR_ELx; `tags` says whether memory has allocation tags (FEAT_MTE2). */
export function memoryAttribute(mair: bigint, index: number, tags: boolean): number {
  const byte = Number((mair >> BigInt(index * 8)) & 0xffn);
  // Forms that need FEAT_XS, or FEAT_MTE2 where it is absent, stand for their plain counterparts.
  if (byte === 0x40) return NORMAL_NON_CACHEABLE;
  if (byte === 0xa0) return NORMAL_WRITE_THROUGH_READ_ALLOCATE;
  if (byte === NORMAL_TAGGED) return tags ? NORMAL_TAGGED : NORMAL_WRITE_BACK;
  return isDevice(byte) ? byte & 0x0c : byte;
}

/** Shareability as it takes effect: Device and wholly Non-cacheable memory is Outer Shareable. */
export function effectiveShareability(attributes: number, shareability: Shareability): Shareability {
  return isDevice(attributes) || attributes === NORMAL_NON_CACHEABLE ? OUTER_SHAREABLE : shareability;
}

/** MemAttr of a stage 2 descriptor (without FEAT_S2FWB) as an attribute byte. */
export function stage2Attributes(memoryAttributes: number): number {
  const outer = memoryAttributes >> 2;
  if (outer === 0) return (memoryAttributes & 3) << 2;
  return (nibbleOf(outer) << 4) | nibbleOf(memoryAttributes & 3);
}

/** Two bits of stage 2 cacheability as a nibble; stage 2 has no allocation hints, so both are set. */
function nibbleOf(cacheability: number): number {
  return cacheability === 2 ? 0xb : cacheability === 3 ? 0xf : NON_CACHEABLE;
}

/** Combines both stages without FEAT_S2FWB: the weaker cacheability of the two, Device before Normal. */
export function combineAttributes(stage1: number, stage2: number): number {
  if (isDevice(stage1)) return isDevice(stage2) ? Math.min(stage1, stage2) : stage1;
  if (isDevice(stage2)) return stage2;
  return (combineNibbles(stage1 >> 4, stage2 >> 4) << 4) | combineNibbles(stage1 & 0xf, stage2 & 0xf);
}

/** Write-Through nibbles have bit 2 clear. The allocation hints are those of stage 1. */
function combineNibbles(stage1: number, stage2: number): number {
  if (stage1 === NON_CACHEABLE || stage2 === NON_CACHEABLE) return NON_CACHEABLE;
  if ((stage1 & 4) === 0) return stage1;
  return (stage2 & 4) === 0 ? 0x8 | (stage1 & 3) : stage1;
}

/**
 * Combines both stages under HCR_EL2.FWB, where MemAttr[2:0] of stage 2 says what to do with stage 1's attributes;
 * MemAttr[3] is reserved and ignored.
 */
export function combineForcingWriteBack(stage1: number, memoryAttributes: number): number {
  switch (memoryAttributes & 7) {
    case 0b111:
      return stage1;
    case 0b110:
      // Even what stage 1 calls Device becomes Normal.
      if (isDevice(stage1)) return NORMAL_WRITE_BACK;
      return (forceWriteBack(stage1 >> 4) << 4) | forceWriteBack(stage1 & 0xf);
    case 0b101:
    case 0b100:
      return isDevice(stage1) ? stage1 : NORMAL_NON_CACHEABLE;
    default:
      return combineAttributes(stage1, (memoryAttributes & 3) << 2);
  }
}

function forceWriteBack(nibble: number): number {
  return nibble === NON_CACHEABLE ? 0xf : nibble | 4;
}

/** Combines both stages by one of the ways above: memory stays tagged where stage 2 leaves it Write-Back. */
export function combineTagged(stage1: number, combine: (plain: number) => number): number {
  if (stage1 !== NORMAL_TAGGED) return combine(stage1);
  const combined = combine(NORMAL_WRITE_BACK);
  return combined === NORMAL_WRITE_BACK ? NORMAL_TAGGED : combined;
}

/** The wider of two shareability domains. */
export function combineShareability(stage1: Shareability, stage2: Shareability): Shareability {
  if (stage1 === OUTER_SHAREABLE || stage2 === OUTER_SHAREABLE) return OUTER_SHAREABLE;
  if (stage1 === INNER_SHAREABLE || stage2 === INNER_SHAREABLE) return INNER_SHAREABLE;
  return NON_SHAREABLE;
}
