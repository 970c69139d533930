/**
 * A PCI Express host without any device: configuration space and the windows for memory and I/O read as all ones,
 * which is what a bus answers where nothing is plugged in, and swallow writes.
 */

import type { AccessSize, MmioRegion } from '../bus/types.ts';

/** One window of an empty PCI Express host. It has no state. */
export class EmptyPciWindow implements MmioRegion {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  read(_offset: number, size: AccessSize): bigint {
    return (1n << BigInt(8 * size)) - 1n;
  }

  write(): void {
    // Nobody listens.
  }
}
