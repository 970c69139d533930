/**
 * A PCI Express host (pci-host-ecam-generic) with nothing plugged in: only the host's own bridge function answers at
 * bus 0, device 0. Everything else reads as all ones, which is what a bus answers where nobody is, and swallows
 * writes.
 */

import type { AccessSize, MmioRegion } from '../bus/types.ts';

const allOnes = (size: AccessSize) => (1n << BigInt(8 * size)) - 1n;

/** A window through which no device is reached. It has no state. */
export class EmptyPciWindow implements MmioRegion {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  read(_offset: number, size: AccessSize): bigint {
    return allOnes(size);
  }

  write(): void {
    // Nobody listens.
  }
}

/** Bytes of configuration space of one function. */
const functionSize = 0x1000;

/** The header (type 0) of the bridge by offset of its words; the rest is zero, so it has no windows or capabilities. */
const bridgeHeader: ReadonlyMap<number, number> = new Map([
  [0x00, 0x0008_1b36], // Red Hat's generic PCI Express host
  [0x08, 0x0600_0000], // host bridge
  [0x2c, 0x1100_1af4], // subsystem
]);

/** Configuration space of the host, in the layout of ECAM. The bridge has nothing to configure, so no state. */
export class PciConfigurationSpace implements MmioRegion {
  readonly name = 'PCI configuration space';

  read(offset: number, size: AccessSize): bigint {
    if (offset >= functionSize) return allOnes(size);
    const word = (at: number) => BigInt(bridgeHeader.get(at) ?? 0);
    const both = word(offset & ~3) | (word((offset & ~3) + 4) << 32n);
    return BigInt.asUintN(8 * size, both >> BigInt(8 * (offset & 3)));
  }

  write(): void {
    // Every field of the bridge is fixed.
  }
}
