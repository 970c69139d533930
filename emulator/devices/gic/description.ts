/** What a debugger shows of an interrupt controller. Reading it changes nothing. */
import type { PeInterruptPins } from '../../bus/types.ts';
import type { InterruptBank } from './interrupt-bank.ts';
import { firstSharedInterrupt, groupName, softwareGeneratedInterrupts } from './interrupt-id.ts';
import { type ListRegister, listState, wantsEndMaintenance } from './list-register.ts';
import type { LocalitySpecificInterrupts } from './locality-specific.ts';
import { maintenanceFields, type VirtualInterface } from './virtual-interface.ts';

export interface InterruptDescription {
  readonly intid: number;
  readonly kind: 'SGI' | 'PPI' | 'SPI' | 'LPI';
  /** Processing element that a private interrupt belongs to. */
  readonly pe?: number;
  readonly enabled: boolean;
  readonly pending: boolean;
  readonly active: boolean;
  /** Level of the interrupt's line. */
  readonly line: boolean;
  readonly trigger: 'level' | 'edge';
  /** Such as `Group 0` or `Non-secure Group 1`. */
  readonly group: string;
  readonly priority: number;
  /** Processing elements that a shared interrupt can go to. */
  readonly targets?: readonly number[];
}

export interface ListRegisterDescription {
  readonly index: number;
  readonly state: 'invalid' | 'pending' | 'active' | 'pending and active';
  readonly virtualId: number;
  readonly priority: number;
  readonly group: 0 | 1;
  /** Physical interrupt that is deactivated along with the virtual one. */
  readonly physicalId?: number;
  /** Its end asks for a maintenance interrupt. */
  readonly endMaintenance: boolean;
}

export interface VirtualInterfaceDescription {
  readonly enabled: boolean;
  readonly listRegisters: readonly ListRegisterDescription[];
  /** Names of the reasons for a maintenance interrupt, such as `U`. */
  readonly maintenance: readonly string[];
  readonly groupsEnabled: readonly [boolean, boolean];
  readonly priorityMask: number;
  readonly runningPriority: number;
  /** Virtual INTID that the guest would acknowledge. */
  readonly highestPending?: number;
}

export interface CpuInterfaceDescription {
  readonly pe: number;
  readonly pins: Readonly<PeInterruptPins>;
  readonly priorityMask: number;
  readonly runningPriority: number;
  /** Names of the groups that are enabled at the CPU interface. */
  readonly groupsEnabled: readonly string[];
  readonly highestPending?: number;
  readonly virtual: VirtualInterfaceDescription;
}

export interface InterruptControllerDescription {
  readonly version: 2 | 3;
  readonly twoSecurityStates: boolean;
  /** Names of the groups that the distributor forwards. */
  readonly groupsForwarded: readonly string[];
  readonly interrupts: readonly InterruptDescription[];
  readonly processingElements: readonly CpuInterfaceDescription[];
}

/** Describes every interrupt of a bank. `targets` answers where a shared one can go. */
export function describeBank(
  bank: InterruptBank,
  twoSecurityStates: boolean,
  where: { pe: number } | { targets: (intid: number) => readonly number[] },
): readonly InterruptDescription[] {
  return Array.from({ length: bank.count }, (_, offset) => {
    const intid = bank.first + offset;
    return {
      intid,
      kind: intid < softwareGeneratedInterrupts ? 'SGI' : intid < firstSharedInterrupt ? 'PPI' : 'SPI',
      enabled: bank.test('enabled', intid),
      pending: bank.test('pending', intid),
      active: bank.test('active', intid),
      line: bank.test('level', intid),
      trigger: bank.test('edge', intid) ? 'edge' : 'level',
      group: groupName(bank.groupOf(intid, twoSecurityStates), twoSecurityStates),
      priority: bank.priority(intid),
      ...('pe' in where ? where : { targets: where.targets(intid) }),
    };
  });
}

/** Describes the LPIs that are pending at a processing element; of the others nothing is known outside of memory. */
export function describeLpis(lpis: LocalitySpecificInterrupts, pe: number, group: string): InterruptDescription[] {
  return lpis.pending.map(intid => ({
    ...{ intid, kind: 'LPI', pe, ...lpis.pendingConfiguration(intid) },
    ...{ pending: true, active: false, line: false, trigger: 'edge', group },
  }));
}

function describeListRegister(lr: Readonly<ListRegister>, index: number): ListRegisterDescription {
  const states = {
    [listState.invalid]: 'invalid',
    [listState.pending]: 'pending',
    [listState.active]: 'active',
    [listState.pendingAndActive]: 'pending and active',
  } as const;
  return {
    index,
    state: states[lr.state],
    virtualId: lr.virtualId,
    priority: lr.priority,
    group: lr.group,
    ...(lr.hardware && { physicalId: lr.physicalField }),
    endMaintenance: wantsEndMaintenance(lr),
  };
}

export function describeVirtualInterface(
  virtual: VirtualInterface,
  listRegisters: number,
): VirtualInterfaceDescription {
  const pending = virtual.highestPending();
  const status = virtual.maintenanceStatus;
  return {
    enabled: virtual.enabled,
    listRegisters: Array.from({ length: listRegisters }, (_, index) =>
      describeListRegister(virtual.listRegister(index), index),
    ),
    maintenance: maintenanceFields.filter(f => (status >> f.low) & 1).map(f => f.name),
    groupsEnabled: virtual.control.enabled,
    priorityMask: virtual.control.priorityMask,
    runningPriority: virtual.runningPriority,
    ...(pending && { highestPending: pending.virtualId }),
  };
}
