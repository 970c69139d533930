/** What can go wrong with an access on its way to memory, and how a syndrome and PAR_EL1 report it. */

import { type FaultStatusKind, faultStatuses } from '../architecture/fault-status.ts';

/** The faults that an access can meet here. */
export type FaultKind = Extract<
  FaultStatusKind,
  | 'addressSize'
  | 'translation'
  | 'accessFlag'
  | 'permission'
  | 'externalAbort'
  | 'externalAbortOnWalk'
  | 'alignment'
  | 'tagCheck'
  | 'tlbConflict'
  | 'unsupportedAtomicUpdate'
  | 'unsupportedExclusive'
>;

/** Walks of addresses of 49 to 52 bits with 4 KB tables begin at level -1. */
export type TableLevel = -1 | 0 | 1 | 2 | 3;
export type TranslationStage = 1 | 2;

/** A failed access, with everything that ESR_ELx, FAR_ELx, HPFAR_EL2 and PAR_EL1 say about it. */
export interface Fault {
  readonly kind: FaultKind;
  /** Level of the table that was being looked up; 0 where the kind has no level. */
  readonly level: TableLevel;
  /** The stage that failed. */
  readonly stage: TranslationStage;
  /** ESR_ELx.S1PTW, PAR_EL1.PTW: stage 2 failed for an access that stage 1 made to its own tables. */
  readonly onStage1Walk: boolean;
  /** ESR_ELx.WnR: a write failed. */
  readonly write: boolean;
  /** The virtual address as the program gave it, for FAR_ELx. */
  readonly virtualAddress: bigint;
  /** The address that stage 2 was asked for, for HPFAR_EL2; undefined for stage 1. */
  readonly intermediatePhysicalAddress: number | undefined;
  /** HPFAR_EL2.NS: it is a Non-secure address of a Secure guest. */
  readonly intermediateNonSecure?: boolean;
}

/** Codes by kind and level; kinds without levels have one code, at level 0. */
const CODES = new Map<FaultStatusKind, Map<TableLevel, number>>();
for (const { kind, level = 0, code } of faultStatuses) {
  const codes = CODES.get(kind) ?? new Map<TableLevel, number>();
  CODES.set(kind, codes.set(level, code));
}

/** The six-bit fault status code of DFSC, IFSC and PAR_EL1.FST (Arm ARM, ESR_ELx, ISS of Data and Instruction Aborts). */
export function statusCode({ kind, level }: Pick<Fault, 'kind' | 'level'>): number {
  const codes = CODES.get(kind);
  const code = codes && (codes.get(level) ?? codes.get(0));
  if (code === undefined) throw new Error(`no fault status code for ${kind}`);
  return code;
}

/** HPFAR_EL2.NS. */
const NON_SECURE = 1n << 63n;

/** HPFAR_EL2 for a stage 2 fault: FIPA is bits 51:12 of the address at bits 43:4. */
export function hypervisorFaultAddress(fault: Fault): bigint {
  if (fault.intermediatePhysicalAddress === undefined) return 0n;
  const page = BigInt(Math.floor(fault.intermediatePhysicalAddress / 4096)) << 4n;
  return fault.intermediateNonSecure ? page | NON_SECURE : page;
}
