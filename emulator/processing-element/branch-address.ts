/** Where an indirect branch or an exception return really goes when the address carries a tag (Arm ARM D8.9). */
import { controllingLevel, hostExtension } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';

interface TagControls {
  /** TBI: the top byte is ignored. */
  readonly ignore: RegisterField;
  /** TBID: but not in instruction addresses (FEAT_PAuth). */
  readonly dataOnly: RegisterField;
}
const controls = (register: 'TCR_EL1' | 'TCR_EL2' | 'TCR_EL3', half: '' | '0' | '1'): TagControls => ({
  ignore: registerField(register, `TBI${half}`),
  dataOnly: registerField(register, `TBID${half}`),
});
const EL1 = [controls('TCR_EL1', '0'), controls('TCR_EL1', '1')] as const;
const HOST = [controls('TCR_EL2', '0'), controls('TCR_EL2', '1')] as const;
const EL2 = controls('TCR_EL2', '');
const EL3 = controls('TCR_EL3', '');

const UPPER_HALF = 1n << 55n;
const TAG = 0xffn << 56n;

/**
 * The address that reaches the PC at the current level: with tags ignored, bits 63:56 become copies of bit 55, or
 * zeros in a regime with one address range.
 */
export function branchAddress(pe: ProcessingElement, address: bigint): bigint {
  const level = controllingLevel(pe);
  const twoRanges = level === 1 || (level === 2 && hostExtension(pe));
  const upper = twoRanges && (address & UPPER_HALF) !== 0n;
  const { ignore, dataOnly } = tagControls(level, twoRanges, upper);
  if (pe.field(ignore) === 0 || (pe.features.pauth && pe.field(dataOnly) === 1)) return address;
  return upper ? address | TAG : address & ~TAG;
}

function tagControls(level: 1 | 2 | 3, twoRanges: boolean, upper: boolean): TagControls {
  if (level === 3) return EL3;
  if (!twoRanges) return EL2;
  return (level === 1 ? EL1 : HOST)[upper ? 1 : 0];
}
