/** What control registers decide about pointer authentication (Arm ARM D8.10), as one word for generated code. */
import { authenticationWord } from '../architecture/instructions/pointer-authentication-code.ts';
import { sizeFieldLimits } from '../translation/address-size.ts';
import { controllingLevel, el2Enabled, hostExtension, isInHost } from './effective-registers.ts';
import type { InstructionTrap } from './floating-point-access.ts';
import type { ProcessingElement } from './processing-element.ts';
import { type RegisterField, registerField } from './register-field.ts';
import { pointerAuthenticationTrap } from './syndrome.ts';

type ByLevel<T> = readonly [undefined, T, T, T];

const LEVELS = ['SCTLR_EL1', 'SCTLR_EL2', 'SCTLR_EL3'] as const;
const KEYS = ['EnIA', 'EnIB', 'EnDA', 'EnDB'];
const ENABLES = [undefined, ...LEVELS.map(name => KEYS.map(key => registerField(name, key)))] as unknown as ByLevel<
  readonly RegisterField[]
>;
const HCR_API = registerField('HCR_EL2', 'API');
const SCR_API = registerField('SCR_EL3', 'API');

interface RangeControls {
  readonly size: RegisterField;
  readonly ignore: RegisterField;
  readonly dataOnly: RegisterField;
  /** TG0 or TG1, with the value that means 64 KiB. */
  readonly granule: RegisterField;
  readonly is64KB: number;
  readonly wide: RegisterField;
}
const range = (register: 'TCR_EL1' | 'TCR_EL2' | 'TCR_EL3', half: '' | '0' | '1', layout?: string): RangeControls => ({
  size: registerField(register, `T${half || '0'}SZ`),
  ignore: registerField(register, `TBI${half}`),
  dataOnly: registerField(register, `TBID${half}`),
  granule: registerField(register, `TG${half || '0'}`),
  is64KB: half === '1' ? 3 : 1,
  wide: registerField(register, 'DS', layout),
});
const EL1 = [range('TCR_EL1', '0'), range('TCR_EL1', '1')] as const;
const HOST = [range('TCR_EL2', '0', 'host'), range('TCR_EL2', '1', 'host')] as const;
const EL2 = [range('TCR_EL2', ''), range('TCR_EL2', '')] as const;
const EL3 = [range('TCR_EL3', ''), range('TCR_EL3', '')] as const;

function rangesOf(pe: ProcessingElement, level: 1 | 2 | 3): readonly [RangeControls, RangeControls] {
  if (level === 3) return EL3;
  if (level === 1) return EL1;
  return hostExtension(pe) ? HOST : EL2;
}

/** The lowest bit above the address of a range: 64 - TxSZ, with sizes out of bounds taken as the nearest one. */
function bottomBit(pe: ProcessingElement, { size, granule, is64KB, wide }: RangeControls): number {
  const granuleBits = pe.field(granule) === is64KB ? 16 : 12;
  const { smallest, largest } = sizeFieldLimits(pe.features, granuleBits, pe.field(wide) === 1);
  return 64 - Math.min(Math.max(pe.field(size), smallest), largest);
}

/** The level that takes the trap of the instructions at the current level, or undefined when they are not trapped. */
function trapTarget(pe: ProcessingElement): 2 | 3 | undefined {
  const { el } = pe.state;
  const guest = el === 1 || (el === 0 && !isInHost(pe));
  if (guest && el2Enabled(pe) && pe.field(HCR_API) === 0) return 2;
  return el < 3 && pe.implementation.el3 && pe.field(SCR_API) === 0 ? 3 : undefined;
}

const forms = [
  ['FEAT_PACIMP', authenticationWord.hashed],
  ['FEAT_PAuth2', authenticationWord.enhanced],
  ['FEAT_FPAC', authenticationWord.faults],
  ['FEAT_FPACCOMBINE', authenticationWord.combinedFaults],
] as const;
const implementedForms = (pe: ProcessingElement): number =>
  forms.reduce((bits, [feature, at]) => bits | (Number(pe.implementation.hasFeature(feature)) << at), 0);

/** The word of `authenticationWord` for the current level; 0 without the feature. */
export function authenticationControls(pe: ProcessingElement): number {
  if (!pe.features.pauth) return 0;
  const level = controllingLevel(pe);
  const trapped = trapTarget(pe) !== undefined;
  const [lower, upper] = rangesOf(pe, level);
  const enabled = ENABLES[level].reduce((bits, field, key) => bits | (pe.field(field) << key), 0);
  const tags = (of: RangeControls): number => pe.field(of.ignore);
  const instructionTags = (of: RangeControls): number => tags(of) & ~pe.field(of.dataOnly);
  return (
    (trapped ? 0 : enabled << authenticationWord.enabled) |
    (trapped ? enabled << authenticationWord.trapped : 0) |
    (Number(trapped) << authenticationWord.genericTrapped) |
    ((instructionTags(lower) | (instructionTags(upper) << 1)) << authenticationWord.instructionTags) |
    ((tags(lower) | (tags(upper) << 1)) << authenticationWord.dataTags) |
    (bottomBit(pe, lower) << authenticationWord.bottomLower) |
    (bottomBit(pe, upper) << authenticationWord.bottomUpper) |
    implementedForms(pe)
  );
}

/** The trap of an instruction that `authenticationControls` said is trapped. */
export function authenticationTrap(pe: ProcessingElement): InstructionTrap {
  const to = trapTarget(pe) ?? 3;
  return { to, syndrome: pointerAuthenticationTrap(), reason: to === 2 ? 'HCR_EL2.API = 0' : 'SCR_EL3.API = 0' };
}
