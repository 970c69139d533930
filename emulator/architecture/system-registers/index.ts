/** The system registers of the machine, in one list. */
import { type Direction, type SystemRegister, systemEncodingKey } from '../system-register.ts';
import { controlRegisters } from './control.ts';
import { debugRegisters } from './debug.ts';
import { exceptionRegisters } from './exception.ts';
import { hypervisorRegisters } from './hypervisor.ts';
import { identificationRegisters } from './identification.ts';
import { reservedIdentificationRegisters } from './identification-reserved.ts';
import { interruptControllerRegisters } from './interrupt-controller.ts';
import { memoryTaggingRegisters } from './memory-tagging.ts';
import { performanceRegisters } from './performance.ts';
import { pointerAuthenticationRegisters } from './pointer-authentication.ts';
import { rasRegisters } from './ras.ts';
import { timerRegisters } from './timer.ts';
import { translationRegisters } from './translation.ts';

const rows = [
  ...identificationRegisters,
  ...reservedIdentificationRegisters,
  ...controlRegisters,
  ...exceptionRegisters,
  ...translationRegisters,
  ...hypervisorRegisters,
  ...timerRegisters,
  ...interruptControllerRegisters,
  ...performanceRegisters,
  ...debugRegisters,
  ...rasRegisters,
  ...pointerAuthenticationRegisters,
  ...memoryTaggingRegisters,
];

/** The name of any register in the table, aliases such as SCTLR_EL12 included. */
export type SystemRegisterName = (typeof rows)[number]['name'];

/** Every row, in the order that also gives the storage slots. */
export const systemRegisters: readonly SystemRegister<SystemRegisterName>[] = rows;

/** Names in upper case: two of Arm's, CurrentEL and SPSel, are not. */
const byName = new Map<string, SystemRegister<SystemRegisterName>>(
  systemRegisters.map(row => [row.name.toUpperCase(), row]),
);
const byKey = new Map<number, SystemRegister<SystemRegisterName>[]>();
for (const row of systemRegisters) {
  const key = systemEncodingKey(row.encoding);
  byKey.set(key, [...(byKey.get(key) ?? []), row]);
}

/** The row of a name known to exist. */
export function systemRegisterNamed(name: SystemRegisterName): SystemRegister<SystemRegisterName> {
  return byName.get(name.toUpperCase())!;
}

/** The row of any name, upper or lower case, or undefined. */
export function findSystemRegister(name: string): SystemRegister<SystemRegisterName> | undefined {
  return byName.get(name.toUpperCase());
}

/**
 * The row of an encoding key (`systemEncodingKey`), or undefined when nothing is allocated there. One encoding reads
 * one register and writes another (DBGDTRRX_EL0 and DBGDTRTX_EL0); without a direction the one read counts.
 */
export function systemRegisterAt(
  key: number,
  direction: Direction = 'read',
): SystemRegister<SystemRegisterName> | undefined {
  const rows = byKey.get(key);
  return rows?.find(row => row.access[direction] !== undefined) ?? rows?.[0];
}

/** The registers that own 64 bits of state; the index of a row here is its storage slot. */
export const storedSystemRegisters: readonly SystemRegister<SystemRegisterName>[] = systemRegisters.filter(
  row => row.storage === 'own',
);

const ownSlots = new Map<string, number>(storedSystemRegisters.map((row, slot) => [row.name, slot]));
const slots = new Map<string, number | undefined>(
  systemRegisters.map(({ name, storage }) => [
    name,
    ownSlots.get(typeof storage === 'object' ? storage.sharedWith : name),
  ]),
);

/** The storage slot of a register, following aliases; undefined when the register is a view without state of its own. */
export function systemRegisterSlot(name: SystemRegisterName): number | undefined {
  return slots.get(name);
}
