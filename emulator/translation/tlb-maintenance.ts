/** What the TLBI instructions name (Arm ARM C5.5, D8.14). */

import type { TranslationStage } from './fault.ts';
import { GRANULE_4KB, GRANULE_16KB, GRANULE_64KB } from './granule.ts';
import { HYPERVISOR, type TranslationRegime } from './regime.ts';

/** What has to go. Page numbers are bits 55:12 of virtual and bits 51:12 of intermediate physical addresses. */
export type TlbInvalidation = {
  readonly regime: TranslationRegime;
  /** The operation reaches the other PEs of its shareability domain. */
  readonly broadcast: boolean;
} & (
  | { readonly what: 'everything' }
  | { readonly what: 'asid'; readonly asid: number }
  | {
      readonly what: 'pages';
      readonly firstPage: number;
      readonly lastPage: number;
      /** Entries of this ASID and global ones; undefined for those of every ASID. */
      readonly asid: number | undefined;
    }
  | { readonly what: 'intermediatePages'; readonly firstPage: number; readonly lastPage: number }
);

/**
 * `VAE1`, `RVALE1IS`, `ALLE2OSNXS`, `IPAS2LE1`: an R for ranges, what is named, an L for the last level only, the
 * level of the regime, the shareability domain and FEAT_XS's qualifier.
 */
const NAME = /^(R?)(ALL|VMALLS12|VMALL|VAA|VA|ASID|IPAS2)(L?)(E[123])(IS|OS)?(NXS)?$/;

/** Bits of a virtual page number, address bits 55:12. */
const PAGE_NUMBER_BITS = 44;
/** Bits of an intermediate physical page number, address bits 51:12. */
const INTERMEDIATE_NUMBER_BITS = 40;
/** Bits of BaseADDR. */
const BASE_BITS = 37;

/**
 * Decodes a TLBI operation.
 * @param name the operation without "TLBI", such as `VAE1IS`
 * @param operand Xt; ignored by the operations that have none
 * @param hypervisorConfiguration the effective HCR_EL2
 * @param wide whether the addresses of a stage have 52 bits whatever the granule (TCR_ELx.DS, VTCR_EL2.DS)
 * @throws RangeError for a name that is no TLBI operation
 */
export function tlbInvalidation(
  name: string,
  operand: bigint,
  hypervisorConfiguration: bigint,
  wide: (regime: TranslationRegime, stage: TranslationStage) => boolean,
): TlbInvalidation {
  const { range, subject, level, broadcast } = partsOf(name);
  const regime = regimeNamed(subject, level, hypervisorConfiguration);
  switch (subject) {
    case 'ASID':
      return { regime, broadcast, what: 'asid', asid: asidOf(operand) };
    case 'VA':
    case 'VAA': {
      const { firstPage, lastPage } = range
        ? pageRange(operand, true, wide(regime, 1))
        : singlePage(operand, PAGE_NUMBER_BITS);
      const asid = subject === 'VA' && level !== 'E3' ? asidOf(operand) : undefined;
      return { regime, broadcast, what: 'pages', firstPage, lastPage, asid };
    }
    case 'IPAS2': {
      const { firstPage, lastPage } = range
        ? pageRange(operand, false, wide(regime, 2))
        : singlePage(operand, INTERMEDIATE_NUMBER_BITS);
      return { regime, broadcast, what: 'intermediatePages', firstPage, lastPage };
    }
    default:
      return { regime, broadcast, what: 'everything' };
  }
}

const asidOf = (operand: bigint): number => Number(operand >> 48n);

interface Parts {
  readonly range: boolean;
  readonly subject: string;
  readonly level: string;
  readonly broadcast: boolean;
}
const known = new Map<string, Parts>();

function partsOf(name: string): Parts {
  const before = known.get(name);
  if (before) return before;
  const found = NAME.exec(name);
  if (!found) throw new RangeError(`${name} is not a TLBI operation`);
  const [, range, subject, , level, domain] = found;
  const parts = { range: range !== '', subject: subject!, level: level!, broadcast: domain !== undefined };
  known.set(name, parts);
  return parts;
}

function regimeNamed(subject: string, level: string, hypervisorConfiguration: bigint): TranslationRegime {
  if (level === 'E3') return 'EL3';
  const host = (hypervisorConfiguration & HYPERVISOR.E2H) !== 0n;
  if (level === 'E2') return host ? 'EL2&0' : 'EL2';
  // Operations that name a guest reach it even while the host runs.
  const namesGuest = subject === 'ALL' || subject === 'VMALLS12' || subject === 'IPAS2';
  const hostRuns = host && (hypervisorConfiguration & HYPERVISOR.TGE) !== 0n;
  return hostRuns && !namesGuest ? 'EL2&0' : 'EL1&0';
}

function singlePage(operand: bigint, bits: number): { firstPage: number; lastPage: number } {
  const page = Number(BigInt.asUintN(bits, operand));
  return { firstPage: page, lastPage: page };
}

/** Field TG of the range operations: 1, 2 and 3; the reserved 0 is taken for the smallest granule. */
const RANGE_GRANULES = [GRANULE_4KB, GRANULE_4KB, GRANULE_16KB, GRANULE_64KB];

/**
 * FEAT_TLBIRANGE: BaseADDR counts granules, or always 64 KB where addresses are wide, and the range has
 * (NUM + 1) * 2^(5 * SCALE + 1) granules.
 */
function pageRange(operand: bigint, isVirtual: boolean, wide: boolean): { firstPage: number; lastPage: number } {
  const field = (low: number, width: number): number => Number((operand >> BigInt(low)) & ((1n << BigInt(width)) - 1n));
  const pagesPerUnit = 2 ** (RANGE_GRANULES[field(46, 2)]!.bits - 12);
  const pagesPerBase = wide ? 2 ** (GRANULE_64KB.bits - 12) : pagesPerUnit;
  const base = field(0, BASE_BITS);
  // The top bit of a virtual BaseADDR stands for all address bits above it.
  const isUpper = isVirtual && base >= 2 ** (BASE_BITS - 1);
  const firstPage = base * pagesPerBase + (isUpper ? 2 ** PAGE_NUMBER_BITS - 2 ** BASE_BITS * pagesPerBase : 0);
  const units = (field(39, 5) + 1) * 2 ** (5 * field(44, 2) + 1);
  return { firstPage, lastPage: firstPage + units * pagesPerUnit - 1 };
}
