/** What is asked of translation, and the answer. */
import type { Shareability } from './attributes.ts';
import type { Fault } from './fault.ts';
import type { TranslationRegime } from './regime.ts';
import type { WalkRecorder } from './table-walk.ts';

/** `atomic` reads and writes at once. */
export type AccessKind = 'read' | 'write' | 'execute' | 'atomic';

/**
 * Why an address is translated:
 * - `access`: the program reads, writes or fetches; hardware updates of descriptors happen;
 * - `cacheMaintenance`: DC or IC by address; only the access flag is updated;
 * - `addressTranslation`: an AT instruction; nothing is updated;
 * - `inspect`: a person looks; nothing is updated.
 */
export type Purpose = 'access' | 'cacheMaintenance' | 'addressTranslation' | 'inspect';

export interface TranslationRequest {
  /** 64 bits, unsigned. */
  readonly virtualAddress: bigint;
  readonly access: AccessKind;
  readonly regime: TranslationRegime;
  /** False for EL0 and for unprivileged loads and stores. */
  readonly privileged: boolean;
  /** Security state in which the access is made; EL3 is Secure. */
  readonly secure: boolean;
  /** PSTATE.PAN where it applies: not for DC and IC other than DC ZVA, nor for AT other than AT S1E1RP and WP. */
  readonly pan: boolean;
  readonly purpose: Purpose;
  /** Ends with the result of stage 1. Its tables are still reached through stage 2. */
  readonly stage1Only?: boolean;
  readonly recorder?: WalkRecorder;
}

export interface Translation {
  readonly ok: true;
  readonly physicalAddress: number;
  readonly nonSecure: boolean;
  /** Memory type and cacheability in the format of PAR_EL1.ATTR. */
  readonly attributes: number;
  readonly shareability: Shareability;
  /**
   * What the privilege of the request may do with the page through both stages. `write` is false for a page that
   * would have to be marked dirty first, even when a write would succeed.
   */
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** log2 of the bytes that are mapped by the same descriptors; 12 where no table decides. */
  readonly stage1SizeBits: number;
  readonly stage2SizeBits: number;
  /** True where the translation holds for every ASID. */
  readonly global: boolean;
  /** FEAT_BTI: branches into the page must land on a BTI. */
  readonly guarded: boolean;
  /** The output of stage 1, equal to `physicalAddress` without stage 2. */
  readonly intermediatePhysicalAddress: number;
}

export type TranslationResult = Translation | { readonly ok: false; readonly fault: Fault };
