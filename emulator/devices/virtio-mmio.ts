/**
 * An empty virtio transport over MMIO (virtio 1.2, 4.2.2): present, with nothing plugged in. A driver reads device
 * ID 0 and leaves it alone. The transports say version 1 (the legacy layout), as QEMU's `virt` board does.
 */

import type { AccessSize, MmioRegion } from '../bus/types.ts';

/** Size of one transport's region. */
export const virtioMmioSize = 0x200;

const words: ReadonlyMap<number, number> = new Map([
  [0x000, 0x7472_6976], // MagicValue: "virt"
  [0x004, 1], // Version
  [0x008, 0], // DeviceID: none
  [0x00c, 0x554d_4551], // VendorID: "QEMU"
]);

/** A transport without a device. It has no state. */
export class EmptyVirtioTransport implements MmioRegion {
  readonly name: string;

  constructor(index: number) {
    this.name = `virtio-mmio transport ${index}`;
  }

  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.read(offset, 4) | (this.read(offset + 4, 4) << 32n);
    const word = BigInt(words.get(offset & ~3) ?? 0) >> BigInt(8 * (offset & 3));
    return BigInt.asUintN(8 * size, word);
  }

  write(): void {
    // Without a device there is nothing to configure.
  }
}
