/**
 * GICH, the frame by which a hypervisor controls the virtual interface of the accessing processing element (GICv2
 * architecture, "GIC virtual interface control registers").
 */
import type { BusAccess } from '../../bus/types.ts';
import { listRegisterCount } from './interrupt-id.ts';
import { decodeListRegisterV2, encodeListRegisterV2 } from './list-register.ts';
import { fieldMask, RegisterFile } from './register-file.ts';
import { decodeVirtualControl, encodeVirtualControl, virtualMachineControlFields } from './virtual-control.ts';
import {
  hypervisorControlFields,
  maintenanceFields,
  type VirtualInterface,
  virtualPriorityBits,
} from './virtual-interface.ts';

/** Finds the virtual interface that an access reaches. */
export interface VirtualInterfaces {
  virtual(access: BusAccess): VirtualInterface;
}

/** The traps that GICv3 has in this register do not exist for memory-mapped registers. */
const writableControl = fieldMask(hypervisorControlFields.filter(f => f.high < 8 || f.name === 'EOIcount'));

const virtualType =
  (((virtualPriorityBits - 1) << 29) | ((virtualPriorityBits - 1) << 26) | (listRegisterCount - 1)) >>> 0;

export const virtualInterfaceControlRegisters = new RegisterFile<VirtualInterfaces>([
  {
    name: 'GICH_HCR',
    offset: 0x00,
    brief: 'Controls of the virtual interface.',
    fields: hypervisorControlFields,
    read: (interfaces, _, access) => interfaces.virtual(access).hypervisorControl,
    write: (interfaces, value, _, access) => interfaces.virtual(access).writeHypervisorControl(value, writableControl),
  },
  { name: 'GICH_VTR', offset: 0x04, brief: 'What the virtual interface implements.', read: () => virtualType },
  {
    name: 'GICH_VMCR',
    offset: 0x08,
    brief: "The guest's CPU interface as one register.",
    fields: virtualMachineControlFields,
    read: (interfaces, _, access) => encodeVirtualControl(interfaces.virtual(access).control),
    write: (interfaces, value, _, access) => interfaces.virtual(access).configure(decodeVirtualControl(value)),
  },
  {
    name: 'GICH_MISR',
    offset: 0x10,
    brief: 'Reasons for the maintenance interrupt.',
    fields: maintenanceFields,
    read: (interfaces, _, access) => interfaces.virtual(access).maintenanceStatus,
  },
  {
    name: 'GICH_EISR0',
    offset: 0x20,
    brief: 'List registers whose interrupt ended and that asked to be told.',
    read: (interfaces, _, access) => interfaces.virtual(access).endedListRegisters,
  },
  {
    name: 'GICH_ELRSR0',
    offset: 0x30,
    brief: 'List registers that are empty.',
    read: (interfaces, _, access) => interfaces.virtual(access).emptyListRegisters,
  },
  {
    name: 'GICH_APR',
    offset: 0xf0,
    brief: 'Active priorities of both groups.',
    read: (interfaces, _, access) => interfaces.virtual(access).readActivePriorities(0, 0),
    write: (interfaces, value, _, access) => interfaces.virtual(access).writeActivePriorities(0, 0, value),
  },
  {
    name: 'GICH_LR',
    offset: 0x100,
    count: listRegisterCount,
    brief: 'List registers.',
    read: (interfaces, index, access) => encodeListRegisterV2(interfaces.virtual(access).listRegister(index)),
    write: (interfaces, value, index, access) =>
      interfaces.virtual(access).writeListRegister(index, decodeListRegisterV2(value)),
  },
]);
