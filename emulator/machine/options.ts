/** What a machine is made of: the result of reading QEMU's option words, a launch configuration or a test. */

import type { CpuProperties } from '../architecture/cpu-model.ts';
import { type CounterRate, defaultCounterRate } from '../devices/generic-timer.ts';

/** A file that a generic loader puts into memory before the machine starts. */
export interface LoaderOptions {
  /** Name of the file. */
  readonly file: string;
  /** Physical address; without it the file must be an ELF file, which says where it belongs. */
  readonly address?: number;
  /** Processing element that starts at the file's address or entry point. */
  readonly startsElement?: number;
  /** Loads the bytes as they are even if they look like an ELF file. */
  readonly raw: boolean;
}

/** A value that a generic loader writes into memory before the machine starts. */
export interface LoaderValue {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A processing element that starts at an address. */
export interface StartOptions {
  readonly element: number;
  readonly address: number;
}

/** A file that a hypervisor finds in memory, and the device tree tells it where (QEMU's guest loader). */
export interface GuestModuleOptions {
  readonly kind: 'kernel' | 'ramdisk';
  readonly file: string;
  readonly address: number;
  /** Command line of a kernel. */
  readonly bootArguments?: string;
}

/** Contents of a flash bank. */
export interface FlashOptions {
  readonly bank: 0 | 1;
  readonly file: string;
}

/** A drive: an image on the host, which is only read. What the guest writes stays in the machine. */
export interface DriveOptions {
  readonly file: string;
  /** The guest cannot write to it either. */
  readonly readOnly: boolean;
  /** The user knows that what is written does not stay. */
  readonly temporary: boolean;
}

/** A port of the host's loopback interface whose connections are given to a port of the guest. */
export interface PortForwardOptions {
  readonly hostPort: number;
  /** IPv4 address of the guest; the one that DHCP gives it when absent. */
  readonly guestAddress?: number;
  readonly guestPort: number;
}

/** The machine's own network, and which connections leave the machine. */
export interface NetworkOptions {
  /** The guest may connect to the host's loopback interface, which is 10.0.2.2 to it. */
  readonly loopback: boolean;
  readonly forwards: readonly PortForwardOptions[];
}

/** How a device is reached. */
export type DeviceBus = 'mmio' | 'pci';

/** A port of a console device. */
export interface ConsolePortOptions {
  readonly number: number;
  readonly isConsole: boolean;
  readonly name?: string;
  /** It is connected with the terminal. */
  readonly terminal: boolean;
}

/** A device that is plugged in, in the order in which they were named. */
export type DeviceOptions = {
  readonly bus: DeviceBus;
  /** Number of its PCI slot; the first free one when absent. */
  readonly slot?: number;
} & (
  | { readonly kind: 'block'; readonly drive: DriveOptions; readonly serial: string }
  | { readonly kind: 'entropy' }
  | {
      readonly kind: 'network';
      /** Six bytes. */
      readonly mac: readonly number[];
      /** Without a network nothing answers. */
      readonly network?: NetworkOptions;
    }
  /** A folder of the host, which the guest can only read unless it is `writable`. */
  | { readonly kind: 'folder'; readonly path: string; readonly tag: string; readonly writable: boolean }
  | { readonly kind: 'console'; readonly ports: readonly ConsolePortOptions[] }
);

/** An item of the fw_cfg directory: from a file or given in place. */
export type FwCfgOptions =
  | { readonly name: string; readonly file: string }
  | { readonly name: string; readonly text: string };

/** Semihosting as the guest may use it. */
export interface SemihostingOptions {
  readonly enabled: boolean;
  /** EL0 may call as well. */
  readonly userspace: boolean;
  /** The command line, one word each. */
  readonly arguments: readonly string[];
}

/** Options of a machine. File names are as the user gave them; who starts the machine reads the files. */
export interface MachineOptions {
  readonly virtualization: boolean;
  readonly secure: boolean;
  /** RAM has allocation tags (`mte=on`), and the processing elements FEAT_MTE. */
  readonly memoryTagging: boolean;
  readonly gicVersion: 2 | 3;
  /** A GICv3 has an ITS, and with it interrupts by messages. A GICv2 always has them. */
  readonly its: boolean;
  /** Name of a CPU model. */
  readonly cpu: string;
  /** Words behind the model's name. */
  readonly cpuProperties?: CpuProperties;
  readonly processingElements: number;
  /** Size of RAM in bytes. */
  readonly memorySize: number;
  readonly kernel?: string;
  readonly initrd?: string;
  /** Kernel command line. */
  readonly append?: string;
  readonly bios?: string;
  readonly dtb?: string;
  readonly flash: readonly FlashOptions[];
  readonly loaders: readonly LoaderOptions[];
  readonly loaderValues: readonly LoaderValue[];
  readonly starts: readonly StartOptions[];
  readonly guestModules: readonly GuestModuleOptions[];
  /** The device tree has seeds for the guest's own randomness. */
  readonly deviceTreeSeeds: boolean;
  readonly fwCfg: readonly FwCfgOptions[];
  readonly devices: readonly DeviceOptions[];
  /** The virtio-mmio transports have the legacy interface. */
  readonly legacyVirtio: boolean;
  /** For each serial port, whether it is connected with the terminal; without a word the first is. */
  readonly serial: readonly boolean[];
  /** Where the machine's random numbers begin. */
  readonly seed: number;
  readonly semihosting: SemihostingOptions;
  readonly counter: CounterRate;
  /** Seconds since 1970 that the real-time clock shows at virtual time zero. */
  readonly realTimeBase: number;
  /** A reset ends the run instead of starting again. */
  readonly noReboot: boolean;
  /** The machine waits to be told to start. */
  readonly startPaused: boolean;
}

const mebibyte = 0x10_0000;

/** What QEMU assumes for its `virt` board where nothing is said, except that the CPU is the richest model. */
export const defaultMachineOptions: MachineOptions = {
  virtualization: false,
  secure: false,
  memoryTagging: false,
  gicVersion: 2,
  its: true,
  cpu: 'max',
  processingElements: 1,
  memorySize: 128 * mebibyte,
  flash: [],
  loaders: [],
  loaderValues: [],
  starts: [],
  guestModules: [],
  deviceTreeSeeds: false,
  fwCfg: [],
  devices: [],
  legacyVirtio: true,
  serial: [],
  seed: 1,
  semihosting: { enabled: false, userspace: false, arguments: [] },
  counter: defaultCounterRate,
  realTimeBase: 1_735_689_600, // 2025-01-01T00:00:00Z
  noReboot: false,
  startPaused: false,
};

/** The options cannot be understood or are not supported; `message` says what would be. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** Names of all files that the options mention, in the order in which a person would look for them. */
export function filesOf(options: MachineOptions): string[] {
  const named = [options.bios, options.kernel, options.initrd, options.dtb].filter(name => name !== undefined);
  const inFwCfg = options.fwCfg.flatMap(item => ('file' in item ? [item.file] : []));
  return [
    ...named,
    ...options.flash.map(f => f.file),
    ...options.loaders.map(l => l.file),
    ...options.guestModules.map(m => m.file),
    ...inFwCfg,
  ];
}
