/**
 * QEMU's `virt` board: memory, devices, their addresses and their interrupts. Processing elements plug into it; it
 * knows none.
 */

import { AddressMap, type MappedRange } from '../bus/address-map.ts';
import { type DirectMemoryAccess, directMemoryAccess } from '../bus/direct-memory-access.ts';
import { MachineMemory, type MemoryBlock } from '../bus/memory.ts';
import type { MmioRegion, Snapshotable } from '../bus/types.ts';
import { CfiFlash } from '../devices/cfi-flash.ts';
import { FwCfg, fwCfgItem, littleEndian } from '../devices/fw-cfg.ts';
import { GenericTimer } from '../devices/generic-timer.ts';
import {
  GicV2,
  GicV3,
  type InterruptController,
  MessageFrame,
  setSpiOffset,
  translaterOffset,
} from '../devices/gic/index.ts';
import { EmptyPciWindow, PciHost } from '../devices/pci/host.ts';
import { Pl011 } from '../devices/pl011.ts';
import { Pl031 } from '../devices/pl031.ts';
import { Pl061 } from '../devices/pl061.ts';
import { PowerKey } from '../devices/power-key.ts';
import type { StreamEvent, StreamNumber } from '../devices/user-network/streams.ts';
import { VirtioConsole } from '../devices/virtio/console.ts';
import { VirtioMmio } from '../devices/virtio/mmio.ts';
import type { SystemRegisterHandlers } from '../processing-element/system-register-handlers.ts';
import { type BootFiles, type BootPlan, type PsciConduit, planBoot, psciConduit } from './boot.ts';
import { FolderJournal } from './folder-journal.ts';
import type { NetworkRequest } from './host-streams.ts';
import { type MachineOptions, OptionError } from './options.ts';
import { powerKeyPin, virtDeviceTree } from './virt-device-tree.ts';
import { assignTransports, pluggedDevices, plugIntoPci } from './virt-devices.ts';
import { pciInterrupt, sharedInterrupts, virtMemoryMap } from './virt-memory-map.ts';
import { MachineClock } from './virtual-clock.ts';

/** What the board depends on besides the machine's options. */
export interface VirtBoardOptions {
  readonly machine: MachineOptions;
  readonly files: BootFiles;
  /** Facts of the CPU model that the device tree tells. */
  readonly cpu: {
    /** `compatible` string, such as `arm,cortex-a72`. */
    readonly compatible: string;
    /** FEAT_VHE, and with it the EL2 virtual timer. */
    readonly virtualizationHostExtensions: boolean;
    /** FEAT_PMUv3. */
    readonly performanceMonitors: boolean;
  };
  /** Bytes at the front of the linear memory that the engine keeps for itself. */
  readonly engineArea: number;
  readonly host: VirtBoardHost;
}

/** What the board tells the machine. */
export interface VirtBoardHost {
  /** The interrupt inputs of a processing element changed. */
  pinsChanged(pe: number): void;
  /** A device is about to change memory: `length` bytes from a physical address, all within one block. */
  beforeMemoryWrite(physicalAddress: number, length: number): void;
  /** A device on the bus, rather than the machine itself, is about to change memory. */
  deviceWrites?(physicalAddress: number, length: number): void;
  /** A range began or ceased to be directly readable. */
  routeChanged(range: MappedRange): void;
  /** The guest sent a byte to the terminal, or through the secure world's port while that is not the terminal. */
  transmit(port: 'terminal' | 'secure uart', byte: number): void;
  /** The secure world's GPIO asks to switch off. */
  powerOff(): void;
  /** The secure world's GPIO asks to start again. */
  reset(): void;
  /** Keeps what folders of the host have answered. */
  readonly folders?: FolderJournal;
  /** The guest's network wants something of the outside. */
  networkRequest?(request: NetworkRequest): void;
}

/** The board with everything on it. */
export interface VirtBoard {
  readonly memory: MachineMemory;
  readonly map: AddressMap;
  readonly clock: MachineClock;
  readonly interruptController: InterruptController;
  readonly timer: GenericTimer;
  readonly uart: Pl011;
  /** The secure world's serial port, with `secure=on`. */
  readonly secureUart: Pl011 | undefined;
  readonly dma: DirectMemoryAccess;
  /** Main affinity value of each processing element, as in MPIDR_EL1 without its flags. */
  readonly affinities: readonly number[];
  /** How PSCI is called. */
  readonly psciConduit: PsciConduit;
  readonly boot: BootPlan;
  /** Everything with state, in the order in which it is restored. Memory is not among it. */
  readonly snapshotables: readonly Snapshotable[];
  /** Handlers of the system registers that belong to devices. */
  systemRegisterHandlers(pe: number): SystemRegisterHandlers;
  /** Puts the images into memory: all of them at power on (unless said otherwise), at a reset all but flash's. */
  loadImages(when?: 'power on' | 'reset'): void;
  /** The blocks of memory that keep their contents over a reset. */
  readonly flash: readonly MemoryBlock[];
  /** Puts every device into its state after power on; at a reset, drives keep what was written. Memory stays. */
  resetDevices(when: 'power on' | 'reset'): void;
  /** Gives what a person types to whoever is connected with the terminal. */
  receive(bytes: Uint8Array): void;
  /** Tells the network of a device (by its place among all) what happened outside. */
  networkEvent(network: number, event: StreamEvent): void;
  /** Bytes that a connection of that network can take. */
  streamRoom(network: number, stream: StreamNumber): number;
  /** Tells the guest that all its connections are lost. */
  breakConnections(): void;
  /** Presses the power key for a tenth of a second. */
  pressPowerKey(): void;
}

/** The affinity of an element: QEMU groups them by what the interrupt controller's target lists can name. */
function affinityOf(index: number, gicVersion: 2 | 3): number {
  const cluster = gicVersion === 2 ? 8 : 16;
  return (Math.floor(index / cluster) << 8) | (index % cluster);
}

/**
 * Builds the board.
 *
 * @throws ImageError, OptionError, MemorySizeError when files or options do not make a machine
 */
export function virtBoard({ machine, files, cpu, engineArea, host }: VirtBoardOptions): VirtBoard {
  const at = virtMemoryMap;
  const secureOnly = { secureOnly: machine.secure };
  const affinities = Array.from({ length: machine.processingElements }, (_, i) => affinityOf(i, machine.gicVersion));
  const conduit = psciConduit(machine, files);
  const tree = virtDeviceTree({
    cpuCompatible: cpu.compatible,
    affinities,
    ramSize: machine.memorySize,
    gicVersion: machine.gicVersion,
    virtualization: machine.virtualization,
    secure: machine.secure,
    el2VirtualTimer: machine.virtualization && cpu.virtualizationHostExtensions,
    pmu: cpu.performanceMonitors,
    messageInterrupts: machine.gicVersion === 2 || machine.its,
    psciConduit: conduit,
  });
  const boot = planBoot(machine, files, tree, { affinities, gicVersion: machine.gicVersion });

  const memory = new MachineMemory({
    reserved: engineArea,
    blocks: [
      { name: 'flash bank 0', ...at.flash0 },
      { name: 'flash bank 1', ...at.flash1 },
      ...(machine.secure ? [{ name: 'secure RAM', ...at.secureRam, tagged: machine.memoryTagging }] : []),
      { name: 'RAM', base: at.ram.base, size: machine.memorySize, tagged: machine.memoryTagging },
    ],
  });
  const map = new AddressMap(memory);
  map.onRouteChanged = range => host.routeChanged(range);
  const dma = directMemoryAccess(map, (address, length) => {
    host.beforeMemoryWrite(address, length);
    host.deviceWrites?.(address, length);
  });
  const clock = new MachineClock();
  const gic = interruptController(machine, affinities, dma, host);

  const timer = new GenericTimer({
    clock,
    processingElements: affinities.length,
    line: (pe, intid) => gic.ppi(pe, intid),
    rate: machine.counter,
  });
  const [uartHasTerminal = true, secureUartHasTerminal = false] = machine.serial;
  const uart = new Pl011({
    name: 'PL011 UART',
    line: gic.spi(at.uart.spi),
    onTransmit: byte => uartHasTerminal && host.transmit('terminal', byte),
  });
  const rtc = new Pl031({
    line: gic.spi(at.rtc.spi),
    clock,
    unitsPerSecond: machine.counter.frequency * machine.counter.instructionsPerTick,
    base: machine.realTimeBase,
  });
  const gpio = new Pl061({ name: 'PL061 GPIO', line: gic.spi(at.gpio.spi) });
  const powerKey = new PowerKey({
    clock,
    duration: (machine.counter.frequency * machine.counter.instructionsPerTick) / 10, // 100 ms
    onLevel: level => gpio.setInput(powerKeyPin, level),
  });
  const fwCfg = new FwCfg({
    memory: dma,
    items: new Map([...boot.fwCfgItems, [fwCfgItem.processorCount, littleEndian(affinities.length, 2)]]),
    files: [
      // What a firmware of this board asks for: no order of devices to boot from, and no wait when none can be.
      { name: 'bootorder', content: new Uint8Array() },
      { name: 'etc/boot-fail-wait', content: littleEndian(0xffff_ffff, 4) },
      ...machine.fwCfg.map(item => ({
        name: item.name,
        content: 'file' in item ? files.read(item.file) : new TextEncoder().encode(item.text),
      })),
    ],
  });

  /** Maps a flash bank whose array is a block of memory. */
  const flash = (name: string, base: number, options = {}): CfiFlash => {
    const block = memory.blockAt(base)!;
    let range: MappedRange | undefined;
    const bank = new CfiFlash(name, {
      bytes: memory.bytes(base, block.size)!,
      beforeWrite: (offset, length) => host.beforeMemoryWrite(base + offset, length),
      setDirectRead: direct => range && map.setDirectRead(range, direct),
    });
    range = map.mapDeviceMemory(bank, block, options);
    return bank;
  };
  const place = (device: MmioRegion, where: { readonly base: number; readonly size: number }, options = {}) => {
    map.mapDevice(device, where.base, where.size, options);
  };

  const banks = [flash('flash bank 0', at.flash0.base, secureOnly), flash('flash bank 1', at.flash1.base)];
  map.mapMemory(memory.blockAt(at.ram.base)!);
  place(uart, at.uart);
  place(rtc, at.rtc);
  place(gpio, at.gpio);
  place(fwCfg, at.fwCfg);
  placeInterruptController(gic, machine, place);
  const messageFrame =
    machine.gicVersion === 2
      ? new MessageFrame({ firstSpi: at.gicV2m.spi, count: at.gicV2m.count, line: spi => gic.spi(spi) })
      : undefined;
  if (messageFrame) place(messageFrame.region, at.gicV2m);
  const transportSize = at.virtio.size / at.virtio.count;
  const plugged = pluggedDevices(machine, files, {
    clock,
    transmit: byte => host.transmit('terminal', byte),
    networkRequest: request => host.networkRequest?.(request),
    folders: host.folders ?? new FolderJournal(),
  });
  const onMmio = assignTransports(plugged);
  const transports = Array.from({ length: at.virtio.count }, (_, index) => {
    const transport = new VirtioMmio({
      index,
      line: gic.spi(at.virtio.spi + index),
      memory: dma,
      legacy: machine.legacyVirtio,
      ...(onMmio.has(index) && { device: onMmio.get(index)!.device }),
    });
    place(transport, { base: at.virtio.base + index * transportSize, size: transportSize });
    return transport;
  });
  const pci = new PciHost([0, 1, 2, 3].map(pin => gic.spi(pciInterrupt + pin)));
  const functions = plugIntoPci(pci, plugged, {
    memory: dma,
    send: (requester, address, data) => {
      if (gic instanceof GicV3 && gic.its && address === at.gicIts.base + translaterOffset) {
        gic.its.translate(requester, data);
      } else if (messageFrame && address === at.gicV2m.base + setSpiOffset) messageFrame.signal(data);
      else dma.write(address, littleEndian(data, 4));
    },
  });
  place(pci.memoryWindow('PCI memory window', at.pciMemory.base), at.pciMemory);
  place(new EmptyPciWindow('PCI I/O window'), at.pciIo);
  place(pci.configuration, at.pciConfiguration);
  place(pci.memoryWindow('PCI 64-bit memory window', at.pciMemory64.base), at.pciMemory64);

  let secureUart: Pl011 | undefined;
  let secureGpio: Pl061 | undefined;
  if (machine.secure) {
    map.mapMemory(memory.blockAt(at.secureRam.base)!, secureOnly);
    secureUart = new Pl011({
      name: 'secure PL011 UART',
      line: gic.spi(at.secureUart.spi),
      onTransmit: byte => host.transmit(secureUartHasTerminal ? 'terminal' : 'secure uart', byte),
    });
    place(secureUart, at.secureUart, secureOnly);
    secureGpio = new Pl061({
      name: 'secure PL061 GPIO',
      line: { set: () => {} }, // not wired to the interrupt controller
      onOutput: (pin, level) => {
        if (level && pin === 0) host.powerOff();
        if (level && pin === 1) host.reset();
      },
    });
    place(secureGpio, at.secureGpio, secureOnly);
  }

  const devices: readonly (Snapshotable | undefined)[] = [
    ...[gic, timer, uart, secureUart, rtc, gpio, secureGpio, powerKey, fwCfg],
    ...transports.filter(transport => transport.endpoint),
    pci,
    ...banks,
  ];
  const stateful = devices.filter(device => device !== undefined);
  const initialStates = stateful.map(device => device.save());

  /** Input for the first port that is connected with the terminal. */
  const consoleInput = (bytes: Uint8Array) => {
    for (const { endpoint } of [...transports, ...functions]) {
      const owner = plugged.find(({ device }) => device === endpoint?.device);
      const port = owner?.terminalPorts[0];
      if (port === undefined || !(endpoint?.device instanceof VirtioConsole)) continue;
      const { device } = endpoint;
      endpoint.work(() => device.receive(port, bytes));
      return;
    }
  };

  const board: VirtBoard = {
    memory,
    map,
    clock,
    interruptController: gic,
    timer,
    uart,
    secureUart,
    dma,
    affinities,
    psciConduit: conduit,
    boot,
    snapshotables: [clock, ...stateful],
    systemRegisterHandlers: pe => ({ ...timer.systemRegisterHandlers, ...gic.systemRegisterHandlers(pe) }),
    loadImages(when = 'power on') {
      for (const { address, bytes, size, survivesReset } of boot.pieces) {
        if (when === 'reset' && survivesReset) continue;
        host.beforeMemoryWrite(address, size);
        const target = memory.bytes(address, size)!;
        target.set(bytes);
        target.fill(0, bytes.length);
      }
    },
    flash: [memory.blockAt(at.flash0.base)!, memory.blockAt(at.flash1.base)!],
    resetDevices(when) {
      stateful.forEach((device, index) => {
        if (when === 'reset' && (device instanceof VirtioMmio || device instanceof PciHost)) device.reset();
        else device.restore(structuredClone(initialStates[index]));
      });
    },
    receive(bytes) {
      // Those that share the terminal with another get no input: the first has it.
      if (uartHasTerminal) for (const byte of bytes) uart.receive(byte);
      else if (secureUartHasTerminal) for (const byte of bytes) secureUart?.receive(byte);
      else consoleInput(bytes);
    },
    networkEvent(network, event) {
      plugged[network]?.network?.happened(event);
    },
    streamRoom: (network, stream) => plugged[network]?.network?.room(stream) ?? 0,
    breakConnections() {
      for (const { network } of plugged) network?.breakConnections();
    },
    pressPowerKey() {
      powerKey.press();
    },
  };
  return board;
}

function interruptController(
  machine: MachineOptions,
  affinities: readonly number[],
  memory: DirectMemoryAccess,
  host: VirtBoardHost,
): InterruptController {
  const onPinsChanged = (pe: number) => host.pinsChanged(pe);
  if (machine.gicVersion === 2) {
    if (machine.secure) throw new OptionError('secure=on needs gic-version=3: the GICv2 here has one Security state');
    return new GicV2({ processingElements: affinities.length, sharedInterrupts, onPinsChanged });
  }
  return new GicV3({
    affinities,
    sharedInterrupts,
    securityExtensions: machine.secure,
    ...(machine.its && { memory }),
    onPinsChanged,
  });
}

/** Which frame of the interrupt controller is where. */
const framesByVersion = {
  2: {
    distributor: 'gicDistributor',
    cpuInterface: 'gicCpuInterface',
    virtualInterfaceControl: 'gicVirtualInterfaceControl',
    virtualCpuInterface: 'gicVirtualCpuInterface',
  },
  3: { distributor: 'gicDistributor', redistributors: 'gicRedistributors', its: 'gicIts' },
} as const;

function placeInterruptController(
  gic: InterruptController,
  machine: MachineOptions,
  place: (device: MmioRegion, where: { readonly base: number; readonly size: number }) => void,
): void {
  const needEl2: readonly string[] = ['virtualInterfaceControl', 'virtualCpuInterface'];
  for (const [frame, where] of Object.entries(framesByVersion[gic.version])) {
    const region = gic.regions[frame];
    if (region && (machine.virtualization || !needEl2.includes(frame))) place(region, virtMemoryMap[where]);
  }
}
