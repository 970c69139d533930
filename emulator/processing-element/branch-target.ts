/** Branch target identification (Arm ARM D8.4.5): what may stand where an indirect branch arrives (FEAT_BTI). */
import { decode } from '../architecture/decoder.ts';
import { controllingLevel } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { registerField } from './register-field.ts';

/** PSTATE.BTYPE after an indirect branch; zero after everything else. */
const CALL = 2;
const JUMP = 3;
const JUMP_BY_SCRATCH = 1;

/** PACIASP and PACIBSP accept no plain jump: at the level of the register, and at EL0 under it. */
const STRICT = [
  undefined,
  registerField('SCTLR_EL1', 'BT1'),
  registerField('SCTLR_EL2', 'BT'),
  registerField('SCTLR_EL3', 'BT'),
] as const;
const STRICT_AT_EL0 = [undefined, registerField('SCTLR_EL1', 'BT0'), registerField('SCTLR_EL2', 'BT0')] as const;

/** BTYPE of a branch by register `n`: X16 and X17 are those of veneers, which may go to the beginning of functions. */
export function branchType(call: boolean, n: number, fromGuarded: boolean): number {
  if (call) return CALL;
  return n === 16 || n === 17 || !fromGuarded ? JUMP_BY_SCRATCH : JUMP;
}

/** BTYPE after an instruction outside of guarded pages. */
export function branchTypeOf(word: number): number {
  const row = decode(word)?.row;
  if (!row?.traits.has('indirect') || row.traits.has('return')) return 0;
  return branchType(row.traits.has('call'), (word >>> 5) & 31, false);
}

/** Whether the instruction may be arrived at with PSTATE.BTYPE, which is not zero, in a guarded page. */
export function acceptsBranch(pe: ProcessingElement, word: number): boolean {
  const { btype, el } = pe.state;
  switch (decode(word)?.row.name) {
    case 'BTI C':
      return btype !== JUMP;
    case 'BTI J':
      return btype !== CALL;
    case 'BTI JC':
    case 'BRK':
    case 'HLT':
      return true;
    case 'PACIASP':
    case 'PACIBSP': {
      if (btype !== JUMP) return true;
      const level = controllingLevel(pe);
      const control = el === 0 ? STRICT_AT_EL0[level as 1 | 2] : STRICT[level];
      return pe.field(control) === 0;
    }
    default:
      return false;
  }
}
