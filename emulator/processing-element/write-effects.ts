/** What else changes when a system register is written: which caches, masks and derived state depend on it. */
import { field, maskOfBits, type SystemRegister } from '../architecture/system-register.ts';
import { type SystemRegisterName, systemRegisterNamed } from '../architecture/system-registers/index.ts';
import { refreshDerivedState } from './derived-state.ts';
import type { ProcessingElement } from './processing-element.ts';

/** Called after the write, with the value before and the bits that differ from it now (never none). */
export type WriteEffect = (pe: ProcessingElement, before: bigint, changed: bigint) => void;

const fieldsOf = (row: SystemRegister, names: string): bigint =>
  names.split(' ').reduce((mask, name) => mask | field(row, name).mask, 0n);

/** An effect of some fields only. */
function when(register: SystemRegisterName, names: string, effect: WriteEffect): WriteEffect {
  const mask = fieldsOf(systemRegisterNamed(register), names);
  return (pe, before, changed) => {
    if ((changed & mask) !== 0n) effect(pe, before, changed);
  };
}

const all =
  (...effects: WriteEffect[]): WriteEffect =>
  (pe, before, changed) => {
    for (const effect of effects) effect(pe, before, changed);
  };

const translationControls =
  (register: SystemRegisterName): WriteEffect =>
  pe =>
    pe.host.translationChanged(pe, { what: 'controls', register });

const derived: WriteEffect = pe => refreshDerivedState(pe);
const context: WriteEffect = pe => {
  refreshDerivedState(pe);
  pe.host.contextChanged(pe);
};
const interrupts: WriteEffect = pe => pe.host.interruptsChanged(pe);
const debug: WriteEffect = pe => pe.host.debugChanged(pe);

/** A new table base; a new identifier too when bits 63:48 changed and are in use. */
function tableBase(register: SystemRegisterName, identifier: 'asid' | 'vmid'): WriteEffect {
  const identifierBits = maskOfBits(63, 48);
  return (pe, _before, changed) =>
    pe.host.translationChanged(pe, { what: changed & identifierBits ? identifier : 'tables', register });
}

const systemControl = (register: SystemRegisterName, regimeFields: string): WriteEffect =>
  all(when(register, regimeFields, translationControls(register)), derived);

const effects: Partial<Record<SystemRegisterName, WriteEffect>> = {
  SCTLR_EL1: systemControl('SCTLR_EL1', 'M C WXN EE E0E EPAN ATA ATA0 TCF TCF0'),
  SCTLR_EL2: systemControl('SCTLR_EL2', 'M C WXN EE E0E EPAN ATA ATA0 TCF TCF0'),
  SCTLR_EL3: systemControl('SCTLR_EL3', 'M C WXN EE ATA TCF'),
  HCR_EL2: all(
    when('HCR_EL2', 'VM PTW DC DCT FWB CD ID E2H ATA NV NV1', translationControls('HCR_EL2')),
    when('HCR_EL2', 'E2H TGE API ATA', context),
    when('HCR_EL2', 'TGE', debug),
    when('HCR_EL2', 'AMO IMO FMO VSE VI VF TGE E2H', interrupts),
  ),
  SCR_EL3: all(
    when('SCR_EL3', 'NS EEL2 SIF ATA', translationControls('SCR_EL3')),
    when('SCR_EL3', 'NS EEL2 API ATA', context),
    interrupts,
  ),
  CPACR_EL1: derived,
  CPTR_EL2: derived,
  CPTR_EL3: derived,
  MDSCR_EL1: debug,
  MDCR_EL2: debug,
  MDCR_EL3: debug,
  TTBR0_EL1: tableBase('TTBR0_EL1', 'asid'),
  TTBR1_EL1: tableBase('TTBR1_EL1', 'asid'),
  TTBR0_EL2: tableBase('TTBR0_EL2', 'asid'),
  TTBR1_EL2: tableBase('TTBR1_EL2', 'asid'),
  TTBR0_EL3: tableBase('TTBR0_EL3', 'asid'),
  VTTBR_EL2: tableBase('VTTBR_EL2', 'vmid'),
  VSTTBR_EL2: translationControls('VSTTBR_EL2'),
};
const controlRegisters = 'TCR_EL1 TCR_EL2 TCR_EL3 VTCR_EL2 VSTCR_EL2 MAIR_EL1 MAIR_EL2 MAIR_EL3'.split(
  ' ',
) as SystemRegisterName[];
for (const register of controlRegisters) effects[register] = translationControls(register);

/** The effect of writing a register, by the name of the row that owns the storage; undefined when there is none. */
export function writeEffect(register: SystemRegisterName): WriteEffect | undefined {
  if (/^DBG[BW][VC]R\d+_EL1$/.test(register)) return debug;
  return effects[register];
}
