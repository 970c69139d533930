/**
 * Where things are on QEMU's `virt` board and which interrupt each raises: the one place that the board and its
 * device tree are both made from. SPI numbers count from zero (INTID 32).
 */

const kibibyte = 0x400;
const mebibyte = 0x10_0000;
const gibibyte = 0x4000_0000;

/** Physical addresses of the board. */
export const virtMemoryMap = {
  flash0: { base: 0x0000_0000, size: 64 * mebibyte },
  flash1: { base: 0x0400_0000, size: 64 * mebibyte },
  gicDistributor: { base: 0x0800_0000, size: 64 * kibibyte },
  gicCpuInterface: { base: 0x0801_0000, size: 64 * kibibyte },
  /** Messages raise 64 shared interrupts. */
  gicV2m: { base: 0x0802_0000, size: 4 * kibibyte, spi: 48, count: 64 },
  gicVirtualInterfaceControl: { base: 0x0803_0000, size: 64 * kibibyte },
  gicVirtualCpuInterface: { base: 0x0804_0000, size: 64 * kibibyte },
  gicIts: { base: 0x0808_0000, size: 128 * kibibyte },
  gicRedistributors: { base: 0x080a_0000, size: 0x00f6_0000 },
  uart: { base: 0x0900_0000, size: 4 * kibibyte, spi: 1 },
  rtc: { base: 0x0901_0000, size: 4 * kibibyte, spi: 2 },
  fwCfg: { base: 0x0902_0000, size: 0x18 },
  gpio: { base: 0x0903_0000, size: 4 * kibibyte, spi: 7 },
  secureUart: { base: 0x0904_0000, size: 4 * kibibyte, spi: 8 },
  secureGpio: { base: 0x090b_0000, size: 4 * kibibyte, spi: 0 },
  /** 32 transports of 512 bytes; the interrupts follow one another. */
  virtio: { base: 0x0a00_0000, size: 32 * 0x200, spi: 16, count: 32 },
  platformBus: { base: 0x0c00_0000, size: 32 * mebibyte },
  secureRam: { base: 0x0e00_0000, size: 16 * mebibyte },
  pciMemory: { base: 0x1000_0000, size: 0x2eff_0000 },
  pciIo: { base: 0x3eff_0000, size: 64 * kibibyte },
  ram: { base: gibibyte },
  pciConfiguration: { base: 0x40_1000_0000, size: 256 * mebibyte },
  pciMemory64: { base: 512 * gibibyte, size: 512 * gibibyte },
} as const;

/** SPI of PCI's INTA; INTB to INTD follow. */
export const pciInterrupt = 3;

/** Number of SPIs of the interrupt controller. */
export const sharedInterrupts = 256;

/** INTIDs of private interrupts besides the timers'. */
export const privateInterrupt = { pmu: 23, gicMaintenance: 25 } as const;

/** The most processing elements the redistributors' window has room for. */
export const mostProcessingElements = Math.floor(virtMemoryMap.gicRedistributors.size / (128 * kibibyte));
