/** The AT instructions and PAR_EL1 (Arm ARM C5.4, D8.2.11, PAR_EL1). */
import type { ExceptionLevel } from '../architecture/system-register.ts';
import type { AddressTranslator } from './address-translator.ts';
import { type Fault, statusCode } from './fault.ts';
import type { Translation, TranslationRequest } from './request.ts';

export const ADDRESS_TRANSLATE_OPERATIONS = [
  'S1E0R',
  'S1E0W',
  'S1E1R',
  'S1E1W',
  'S1E1RP',
  'S1E1WP',
  'S1E2R',
  'S1E2W',
  'S1E3R',
  'S1E3W',
  'S12E0R',
  'S12E0W',
  'S12E1R',
  'S12E1W',
] as const;
export type AddressTranslateOperation = (typeof ADDRESS_TRANSLATE_OPERATIONS)[number];

/** Who executes the AT instruction. */
export interface AddressTranslateContext {
  readonly level: ExceptionLevel;
  /** Security state below EL3: SCR_EL3.NS = 0. */
  readonly secure: boolean;
  /** PSTATE.PAN; only AT S1E1RP and S1E1WP heed it. */
  readonly pan: boolean;
}

/** What an AT instruction does: it writes PAR_EL1, or it takes a Data Abort. */
export type AddressTranslateResult =
  | { readonly kind: 'result'; readonly par: bigint }
  | { readonly kind: 'abort'; readonly fault: Fault };

/** Bit 11 of PAR_EL1 in its 64-bit format reads as one. */
const PAR_RES1 = 1n << 11n;

/** Executes an AT instruction whose access checks have passed. */
export function addressTranslate(
  translator: AddressTranslator,
  operation: AddressTranslateOperation,
  virtualAddress: bigint,
  context: AddressTranslateContext,
): AddressTranslateResult {
  const result = translator.translate(requestOf(translator, operation, virtualAddress, context));
  if (result.ok) return { kind: 'result', par: parOfTranslation(result) };
  const { fault } = result;
  // Stage 2 refusing a stage 1 walk is the hypervisor's business, and EL1 must not learn of it.
  const belongsToHypervisor = fault.onStage1Walk && context.level === 1;
  if (belongsToHypervisor || fault.kind === 'externalAbortOnWalk') return { kind: 'abort', fault };
  return { kind: 'result', par: parOfFault(fault) };
}

function requestOf(
  translator: AddressTranslator,
  operation: AddressTranslateOperation,
  virtualAddress: bigint,
  context: AddressTranslateContext,
): TranslationRequest {
  const respectsPan = operation.endsWith('P');
  const target = Number(operation[operation.indexOf('E') + 1]) as ExceptionLevel;
  const common = {
    virtualAddress,
    access: operation.includes('W') ? ('write' as const) : ('read' as const),
    privileged: target !== 0,
    purpose: 'addressTranslation' as const,
    pan: respectsPan && context.pan,
    stage1Only: operation.startsWith('S1E'),
  };
  if (target === 3) return { ...common, regime: 'EL3', secure: true };
  // EL0 and EL1 share a regime: under HCR_EL2.{E2H,TGE} = {1,1} the operations of both act on EL2&0.
  const { secure } = context;
  return { ...common, regime: translator.regimeOf(target === 2 ? 2 : 0), secure };
}

/** PAR_EL1 for a translation that succeeded. */
export function parOfTranslation(translation: Translation): bigint {
  const page = BigInt(Math.floor(translation.physicalAddress / 4096)) << 12n;
  return (
    (BigInt(translation.attributes) << 56n) |
    page |
    PAR_RES1 |
    (translation.nonSecure ? 1n << 9n : 0n) |
    (BigInt(translation.shareability) << 7n)
  );
}

/** PAR_EL1 for a translation that faulted: F, FST, PTW and S. */
export function parOfFault(fault: Fault): bigint {
  return (
    PAR_RES1 |
    1n |
    (BigInt(statusCode(fault)) << 1n) |
    (fault.onStage1Walk ? 1n << 8n : 0n) |
    (fault.stage === 2 ? 1n << 9n : 0n)
  );
}
