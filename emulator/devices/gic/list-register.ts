/**
 * List registers: the interrupts a hypervisor presents to its guest. A list register is kept decoded; GICv3's
 * ICH_LRn_EL2 and GICv2's GICH_LRn are two layouts of the same thing.
 */

/** State of the interrupt in a list register: bit 0 is pending, bit 1 active. */
export const listState = { invalid: 0, pending: 1, active: 2, pendingAndActive: 3 } as const;
export type ListState = 0 | 1 | 2 | 3;

export interface ListRegister {
  state: ListState;
  /** The virtual interrupt stands for a physical one, which is deactivated along with it. */
  hardware: boolean;
  group: 0 | 1;
  /** Priority, 0 (most urgent) to 0xf8. */
  priority: number;
  /** INTID that the guest sees. */
  virtualId: number;
  /**
   * With `hardware` the physical INTID. Otherwise bit 9 asks for a maintenance interrupt at the end of the interrupt,
   * and GICv2 keeps the number of the processing element that sent an SGI in bits 2:0.
   */
  physicalField: number;
}

export function emptyListRegister(): ListRegister {
  return { state: 0, hardware: false, group: 0, priority: 0, virtualId: 0, physicalField: 0 };
}

/** Whether the end of this interrupt asks for a maintenance interrupt. */
export function wantsEndMaintenance(lr: ListRegister): boolean {
  return !lr.hardware && (lr.physicalField & 0x200) !== 0;
}

/** ICH_LRn_EL2 (GICv3 architecture): `priorityMask` has the priority bits that are implemented. */
export function encodeListRegister(lr: ListRegister): bigint {
  return (
    (BigInt(lr.state) << 62n) |
    (lr.hardware ? 1n << 61n : 0n) |
    (BigInt(lr.group) << 60n) |
    (BigInt(lr.priority) << 48n) |
    (BigInt(lr.physicalField) << 32n) |
    BigInt(lr.virtualId)
  );
}

export function decodeListRegister(value: bigint, priorityMask: number): ListRegister {
  const high = Number(value >> 32n);
  return {
    state: ((high >>> 30) & 3) as ListState,
    hardware: ((high >>> 29) & 1) !== 0,
    group: ((high >>> 28) & 1) as 0 | 1,
    priority: (high >>> 16) & priorityMask,
    virtualId: Number(BigInt.asUintN(32, value)),
    physicalField: high & 0x1fff,
  };
}

/** GICH_LRn (GICv2 architecture): five priority bits, ten-bit INTIDs. */
export function encodeListRegisterV2(lr: ListRegister): number {
  return (
    ((lr.hardware ? 1 << 31 : 0) |
      (lr.group << 30) |
      (lr.state << 28) |
      ((lr.priority >> 3) << 23) |
      ((lr.physicalField & 0x3ff) << 10) |
      (lr.virtualId & 0x3ff)) >>>
    0
  );
}

export function decodeListRegisterV2(value: number): ListRegister {
  return {
    state: ((value >>> 28) & 3) as ListState,
    hardware: value >>> 31 !== 0,
    group: ((value >>> 30) & 1) as 0 | 1,
    priority: ((value >>> 23) & 0x1f) << 3,
    virtualId: value & 0x3ff,
    physicalField: (value >>> 10) & 0x3ff,
  };
}
