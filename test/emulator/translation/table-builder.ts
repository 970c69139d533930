/** Builds translation tables in the memory of a stand-in, one mapping at a time. */
import type { TableLevel } from '../../../emulator/translation/fault.ts';
import { GRANULE_4KB, type Granule, lowestResolvedBit } from '../../../emulator/translation/granule.ts';
import type { MachineStandIn } from './machine-stand-in.ts';

/** Bits of stage 1 descriptors. */
export const S1 = {
  AF: 1n << 10n,
  /** AP[1]: EL0 may access. */
  USER: 1n << 6n,
  READ_ONLY: 1n << 7n,
  NON_SECURE: 1n << 5n,
  INNER_SHAREABLE: 3n << 8n,
  NOT_GLOBAL: 1n << 11n,
  GUARDED: 1n << 50n,
  DBM: 1n << 51n,
  PXN: 1n << 53n,
  UXN: 1n << 54n,
  PXN_TABLE: 1n << 59n,
  UXN_TABLE: 1n << 60n,
  NO_EL0_TABLE: 1n << 61n,
  READ_ONLY_TABLE: 1n << 62n,
  NON_SECURE_TABLE: 1n << 63n,
} as const;

/** Bits of stage 2 descriptors. */
export const S2 = {
  AF: 1n << 10n,
  READ: 1n << 6n,
  WRITE: 1n << 7n,
  NORMAL: 0xfn << 2n,
  DEVICE: 0n,
  INNER_SHAREABLE: 3n << 8n,
  DBM: 1n << 51n,
  XN0: 1n << 53n,
  XN1: 1n << 54n,
} as const;

const CONTENT = 0x0000_ffff_ffff_f000n;

export class TableBuilder {
  readonly base: number;
  private readonly machine: MachineStandIn;
  private readonly granule: Granule;
  private readonly startLevel: TableLevel;
  private readonly inputSize: number;
  private next: number;

  /** @param inputSize bits of the addresses that the tables translate, which sizes the first table */
  constructor(
    machine: MachineStandIn,
    base: number,
    { granule = GRANULE_4KB, startLevel = 0 as TableLevel, inputSize = 48 } = {},
  ) {
    this.machine = machine;
    this.base = base;
    this.granule = granule;
    this.startLevel = startLevel;
    this.inputSize = inputSize;
    const firstTable = 8 * 2 ** (inputSize - lowestResolvedBit(granule, startLevel));
    this.next = base + Math.max(firstTable, 2 ** granule.bits);
  }

  /**
   * Maps an input address by a descriptor of the given level.
   * @param tableBits ORed into the table descriptors on the way
   * @returns the address of the final descriptor
   */
  map(input: bigint, output: number, bits: bigint, level: TableLevel = 3, tableBits = 0n): number {
    const at = this.descriptorAddress(input, level, tableBits);
    this.machine.write(at, BigInt(output) | bits | (level === 3 ? 3n : 1n));
    return at;
  }

  /** Where the descriptor of a level for an input address lies; tables on the way are made. */
  descriptorAddress(input: bigint, level: TableLevel, tableBits = 0n): number {
    let table = this.base;
    let high = this.inputSize;
    for (let at = this.startLevel; ; at++) {
      const low = lowestResolvedBit(this.granule, at);
      const index = Number((input >> BigInt(low)) & ((1n << BigInt(high - low)) - 1n));
      const address = table + index * 8;
      if (at === level) return address;
      let descriptor = this.machine.read(address);
      if ((descriptor & 1n) === 0n) {
        descriptor = BigInt(this.next) | 3n;
        this.next += 2 ** this.granule.bits;
      }
      this.machine.write(address, descriptor | tableBits);
      table = Number(descriptor & CONTENT);
      high = low;
    }
  }
}
