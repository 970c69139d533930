/** ICH_VMCR_EL2 and GICH_VMCR, which have the same layout: the guest's CPU interface as one register. */
import { field, fieldMasks } from './register-file.ts';
import type { VirtualControl } from './virtual-interface.ts';

export const virtualMachineControlFields = [
  field('0', 'VENG0', 'Group 0 enabled.'),
  field('1', 'VENG1', 'Group 1 enabled.'),
  field('2', 'VAckCtl', 'Group 1 interrupts are acknowledged by the Group 0 register as well.'),
  field('3', 'VFIQEn', 'Group 0 interrupts are signalled as virtual FIQs.'),
  field('4', 'VCBPR', 'Both groups use the Group 0 binary point.'),
  field('9', 'VEOIM', 'Ending an interrupt drops its priority only.'),
  field('20:18', 'VBPR1', 'Binary point of Group 1.'),
  field('23:21', 'VBPR0', 'Binary point of Group 0.'),
  field('31:24', 'VPMR', 'Priority mask.'),
] as const;

type FieldName = (typeof virtualMachineControlFields)[number]['name'];

const lowBit = Object.fromEntries(virtualMachineControlFields.map(f => [f.name, f.low])) as Record<FieldName, number>;
const mask = fieldMasks(virtualMachineControlFields);

export function encodeVirtualControl(control: Readonly<VirtualControl>): number {
  const [binaryPoint0, binaryPoint1] = control.binaryPoint;
  const values: Record<FieldName, number> = {
    VENG0: Number(control.enabled[0]),
    VENG1: Number(control.enabled[1]),
    VAckCtl: Number(control.acknowledgeControl),
    VFIQEn: Number(control.fiqEnabled),
    VCBPR: Number(control.commonBinaryPoint),
    VEOIM: Number(control.splitEnd),
    VBPR1: binaryPoint1,
    VBPR0: binaryPoint0,
    VPMR: control.priorityMask,
  };
  return virtualMachineControlFields.reduce((all, { name, low }) => all | (values[name] << low), 0) >>> 0;
}

export function decodeVirtualControl(value: number): VirtualControl {
  const get = (name: FieldName) => (value & mask[name]) >>> lowBit[name];
  return {
    enabled: [get('VENG0') !== 0, get('VENG1') !== 0],
    acknowledgeControl: get('VAckCtl') !== 0,
    fiqEnabled: get('VFIQEn') !== 0,
    commonBinaryPoint: get('VCBPR') !== 0,
    splitEnd: get('VEOIM') !== 0,
    binaryPoint: [get('VBPR0'), get('VBPR1')],
    priorityMask: get('VPMR'),
  };
}
