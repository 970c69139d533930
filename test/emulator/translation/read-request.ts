import type { TranslationRequest } from '../../../emulator/translation/request.ts';

/** A privileged, Non-secure read in the EL1&0 regime, but for what `more` says. */
export const request = (virtualAddress: bigint, more: Partial<TranslationRequest> = {}): TranslationRequest => ({
  virtualAddress,
  access: 'read',
  regime: 'EL1&0',
  privileged: true,
  secure: false,
  pan: false,
  purpose: 'access',
  ...more,
});
