/** The device tree that QEMU's `virt` board shows its guest, made from the board's own facts. */

import { timers } from '../devices/generic-timer.ts';
import {
  cells64,
  childNamed,
  type DeviceTree,
  type DeviceTreeNode,
  node,
  type PropertyValue,
} from './flattened-device-tree.ts';
import { pciInterrupt, privateInterrupt, virtMemoryMap } from './virt-memory-map.ts';

/** What the tree depends on. */
export interface VirtDeviceTreeOptions {
  /** `compatible` of a processor, such as `arm,cortex-a72`. */
  readonly cpuCompatible: string;
  /** Main affinity values (MPIDR_EL1 without its flags) of the processing elements. */
  readonly affinities: readonly number[];
  /** Size of RAM in bytes. */
  readonly ramSize: number;
  readonly gicVersion: 2 | 3;
  /** EL2 is there, and with it the GIC's maintenance interrupt. */
  readonly virtualization: boolean;
  /** The secure world's devices are there. */
  readonly secure: boolean;
  /** The EL2 virtual timer (FEAT_VHE) is there. */
  readonly el2VirtualTimer: boolean;
  /** The performance monitors are there. */
  readonly pmu: boolean;
  /** The interrupt controller's message-signalled part (GICv3's ITS, GICv2's v2m frame) is there. */
  readonly messageInterrupts: boolean;
  /** How PSCI is called; `none` when firmware of the guest provides it. */
  readonly psciConduit: 'smc' | 'hvc' | 'none';
}

/** A file that a hypervisor finds in memory, as Multiboot modules are described in a device tree. */
export interface ModuleNode {
  readonly kind: 'kernel' | 'ramdisk';
  readonly address: number;
  readonly size: number;
  readonly bootArguments?: string;
}

/** What a boot loader adds under `/chosen`. */
export interface ChosenOptions {
  readonly bootArguments?: string;
  /** Physical addresses of the first byte of the initial RAM disk and of the byte after its last. */
  readonly initrd?: { readonly start: number; readonly end: number };
  readonly modules?: readonly ModuleNode[];
  /** Random bytes: for the place of the kernel in its address space, and for its random numbers. */
  readonly seeds?: { readonly layout: Uint8Array; readonly numbers: Uint8Array };
}

const edgeRising = 1;
const levelHigh = 4;
const shared = 0;
const privatePeripheral = 1;
const firstPrivateIntid = 16;

const hex = (value: number) => value.toString(16);
const at = (name: string, { base }: { readonly base: number }) => `${name}@${hex(base)}`;
const reg = ({ base, size }: { readonly base: number; readonly size: number }) => [...cells64(base), ...cells64(size)];
const spi = (number: number) => [shared, number, levelHigh];
const secureOnly = { 'secure-status': 'okay', status: 'disabled' };
const primeCell = (name: string) => [`arm,${name}`, 'arm,primecell'];

/** Builds the tree, without anything that a boot loader adds. */
export function virtDeviceTree(options: VirtDeviceTreeOptions): DeviceTree {
  const map = virtMemoryMap;
  // Phandles in the order in which QEMU hands them out.
  let lastPhandle = 0x8000;
  const clock = lastPhandle;
  const cpuPhandles = new Map<number, number>();
  for (let index = options.affinities.length - 1; index >= 0; index--) cpuPhandles.set(index, ++lastPhandle);
  const gic = ++lastPhandle;
  const messages = options.messageInterrupts ? ++lastPhandle : undefined;
  const gpio = ++lastPhandle;
  const secureGpio = options.secure ? ++lastPhandle : undefined;

  // A GICv2's private interrupts name the processors they go to.
  const privateFlags = options.gicVersion === 2 ? levelHigh | (((1 << options.affinities.length) - 1) << 8) : levelHigh;
  const ppi = (intid: number) => [privatePeripheral, intid - firstPrivateIntid, privateFlags];
  const uartClocks = { 'clock-names': ['uartclk', 'apb_pclk'], clocks: [clock, clock] };
  const apbClock = { 'clock-names': 'apb_pclk', clocks: [clock] };
  const pl061 = (range: { base: number; size: number; spi: number }, phandle: number, extra = {}) =>
    node(at('pl061', range), {
      ...extra,
      phandle: [phandle],
      ...apbClock,
      interrupts: spi(range.spi),
      'gpio-controller': true,
      '#gpio-cells': [2],
      compatible: primeCell('pl061'),
      reg: reg(range),
    });
  const pl011 = (range: { base: number; size: number; spi: number }, extra = {}) =>
    node(at('pl011', range), {
      ...extra,
      ...uartClocks,
      interrupts: spi(range.spi),
      reg: reg(range),
      compatible: primeCell('pl011'),
    });

  const root = node(
    '',
    {
      'interrupt-parent': [gic],
      'dma-coherent': true,
      model: 'linux,dummy-virt',
      '#size-cells': [2],
      '#address-cells': [2],
      compatible: 'linux,dummy-virt',
    },
    [
      options.psciConduit === 'none' ? undefined : psci(options.psciConduit),
      node(at('memory', map.ram), { reg: reg({ ...map.ram, size: options.ramSize }), device_type: 'memory' }),
      node(at('platform-bus', map.platformBus), {
        'interrupt-parent': [gic],
        ranges: [0, ...cells64(map.platformBus.base), map.platformBus.size],
        '#address-cells': [1],
        '#size-cells': [1],
        compatible: ['qemu,platform', 'simple-bus'],
      }),
      node(at('fw-cfg', map.fwCfg), { 'dma-coherent': true, reg: reg(map.fwCfg), compatible: 'qemu,fw-cfg-mmio' }),
      ...virtioTransports(),
      secureGpio ? gpioSwitch('restart', secureGpio, 1) : undefined,
      secureGpio ? gpioSwitch('poweroff', secureGpio, 0) : undefined,
      secureGpio ? pl061(map.secureGpio, secureGpio, secureOnly) : undefined,
      node('gpio-keys', { compatible: 'gpio-keys' }, [
        node('poweroff', { gpios: [gpio, powerKeyPin, 0], 'linux,code': [keyPower], label: 'GPIO Key Poweroff' }),
      ]),
      pl061(map.gpio, gpio),
      pci(gic, messages),
      node(at('pl031', map.rtc), {
        ...apbClock,
        interrupts: spi(map.rtc.spi),
        reg: reg(map.rtc),
        compatible: primeCell('pl031'),
      }),
      options.secure
        ? node(at('secram', map.secureRam), { ...secureOnly, reg: reg(map.secureRam), device_type: 'memory' })
        : undefined,
      options.secure ? pl011(map.secureUart, secureOnly) : undefined,
      pl011(map.uart),
      options.pmu ? node('pmu', { interrupts: ppi(privateInterrupt.pmu), compatible: 'arm,armv8-pmuv3' }) : undefined,
      interruptController(options, gic, messages),
      ...flash(options.secure),
      cpus(options, cpuPhandles),
      node('timer', {
        interrupts: timerOrder
          .filter(name => name !== 'CNTHV' || options.el2VirtualTimer)
          .flatMap(name => ppi(timers.find(timer => timer.name === name)!.intid)),
        'always-on': true,
        compatible: ['arm,armv8-timer', 'arm,armv7-timer'],
      }),
      node('apb-pclk', {
        phandle: [clock],
        'clock-output-names': 'clk24mhz',
        'clock-frequency': [24_000_000],
        '#clock-cells': [0],
        compatible: 'fixed-clock',
      }),
      node('aliases', {
        serial1: options.secure ? `/${at('pl011', map.secureUart)}` : undefined,
        serial0: `/${at('pl011', map.uart)}`,
      }),
      options.secure ? node('secure-chosen', { 'stdout-path': `/${at('pl011', map.secureUart)}` }) : undefined,
      node('chosen', { 'stdout-path': `/${at('pl011', map.uart)}` }),
    ],
  );
  return { root, reservations: [] };
}

/** The pin of the GPIO that the power key drives. */
export const powerKeyPin = 3;
/** Linux's input code of a power key. */
const keyPower = 116;

/** Order of the timers in the binding: secure physical, physical, virtual, hypervisor physical, hypervisor virtual. */
const timerOrder = ['CNTPS', 'CNTP', 'CNTV', 'CNTHP', 'CNTHV'] as const;

const psci = (method: string) =>
  node('psci', {
    migrate: [0xc400_0005],
    cpu_on: [0xc400_0003],
    cpu_off: [0x8400_0002],
    cpu_suspend: [0xc400_0001],
    method,
    compatible: ['arm,psci-1.0', 'arm,psci-0.2', 'arm,psci'],
  });

const gpioSwitch = (what: string, gpio: number, pin: number) =>
  node(`gpio-${what}`, { ...secureOnly, gpios: [gpio, pin, 0], compatible: `gpio-${what}` });

function virtioTransports(): DeviceTreeNode[] {
  const { base, size, spi: first, count } = virtMemoryMap.virtio;
  const each = size / count;
  return Array.from({ length: count }, (_, index) => {
    const range = { base: base + index * each, size: each };
    return node(at('virtio_mmio', range), {
      'dma-coherent': true,
      interrupts: [shared, first + index, edgeRising],
      reg: reg(range),
      compatible: 'virtio,mmio',
    });
  });
}

function pci(gic: number, messages: number | undefined): DeviceTreeNode {
  const map = virtMemoryMap;
  // Each slot's four pins go to the four interrupts, one further with each slot.
  const interruptMap = [0, 1, 2, 3].flatMap(slot =>
    [0, 1, 2, 3].flatMap(pin => [
      ...[slot << 11, 0, 0, pin + 1],
      ...[gic, 0, 0],
      ...spi(pciInterrupt + ((pin + slot) % 4)),
    ]),
  );
  const ioSpace = 0x100_0000;
  const memorySpace = 0x200_0000;
  const memory64Space = 0x300_0000;
  const high = cells64(map.pciMemory64.base);
  return node(at('pcie', map.pciMemory), {
    'interrupt-map-mask': [0x1800, 0, 0, 7],
    'interrupt-map': interruptMap,
    '#interrupt-cells': [1],
    ranges: [
      ...[ioSpace, 0, 0, ...reg(map.pciIo)],
      ...[memorySpace, ...cells64(map.pciMemory.base), ...reg(map.pciMemory)],
      ...[memory64Space, ...high, ...reg(map.pciMemory64)],
    ],
    reg: reg(map.pciConfiguration),
    'msi-map': messages ? [0, messages, 0, 0x1_0000] : undefined,
    'dma-coherent': true,
    'bus-range': [0, map.pciConfiguration.size / 0x10_0000 - 1],
    'linux,pci-domain': [0],
    '#size-cells': [2],
    '#address-cells': [3],
    device_type: 'pci',
    compatible: 'pci-host-ecam-generic',
  });
}

function interruptController(
  options: VirtDeviceTreeOptions,
  phandle: number,
  messages: number | undefined,
): DeviceTreeNode {
  const map = virtMemoryMap;
  const maintenance = options.virtualization
    ? [privatePeripheral, privateInterrupt.gicMaintenance - firstPrivateIntid, levelHigh]
    : undefined;
  const version3 = options.gicVersion === 3;
  const frames = version3
    ? [map.gicDistributor, map.gicRedistributors]
    : [
        ...[map.gicDistributor, map.gicCpuInterface],
        ...(options.virtualization ? [map.gicVirtualInterfaceControl, map.gicVirtualCpuInterface] : []),
      ];
  const properties: Record<string, PropertyValue | undefined> = {
    phandle: [phandle],
    interrupts: maintenance,
    reg: frames.flatMap(reg),
    '#redistributor-regions': version3 ? [1] : undefined,
    compatible: version3 ? 'arm,gic-v3' : 'arm,cortex-a15-gic',
    ranges: true,
    '#size-cells': [2],
    '#address-cells': [2],
    'interrupt-controller': true,
    '#interrupt-cells': [3],
  };
  return node(at('intc', map.gicDistributor), properties, [
    messages
      ? node(version3 ? at('its', map.gicIts) : at('v2m', map.gicV2m), {
          phandle: [messages],
          reg: reg(version3 ? map.gicIts : map.gicV2m),
          '#msi-cells': version3 ? [1] : undefined,
          'msi-controller': true,
          compatible: version3 ? 'arm,gic-v3-its' : 'arm,gic-v2m-frame',
        })
      : undefined,
  ]);
}

/** Both banks in one node, or the first one apart for the secure world. */
function flash(secure: boolean): DeviceTreeNode[] {
  const { flash0, flash1 } = virtMemoryMap;
  const cfi = (name: string, banks: readonly { base: number; size: number }[], extra = {}) =>
    node(at(name, banks[0]!), {
      ...extra,
      'bank-width': [4],
      reg: banks.flatMap(reg),
      compatible: 'cfi-flash',
    });
  return secure ? [cfi('flash', [flash1]), cfi('secflash', [flash0], secureOnly)] : [cfi('flash', [flash0, flash1])];
}

function cpus(options: VirtDeviceTreeOptions, phandles: ReadonlyMap<number, number>): DeviceTreeNode {
  const several = options.affinities.length > 1;
  const cores = options.affinities.map((_, index) => node(`core${index}`, { cpu: [phandles.get(index)!] }));
  return node('cpus', { '#size-cells': [0], '#address-cells': [1] }, [
    node('cpu-map', {}, [node('socket0', {}, [node('cluster0', {}, cores)])]),
    ...options.affinities.map((affinity, index) =>
      node(`cpu@${hex(index)}`, {
        phandle: [phandles.get(index)!],
        reg: [affinity],
        'enable-method': several && options.psciConduit !== 'none' ? 'psci' : undefined,
        compatible: options.cpuCompatible,
        device_type: 'cpu',
      }),
    ),
  ]);
}

/** Adds what a boot loader says to `/chosen`, making the node where it is missing. */
export function addChosen(tree: DeviceTree, options: ChosenOptions): void {
  let chosen = childNamed(tree.root, 'chosen');
  if (!chosen) {
    chosen = node('chosen', {});
    tree.root.children.push(chosen);
  }
  if (options.bootArguments !== undefined) chosen.properties.set('bootargs', options.bootArguments);
  if (options.initrd) {
    chosen.properties.set('linux,initrd-start', cells64(options.initrd.start));
    chosen.properties.set('linux,initrd-end', cells64(options.initrd.end));
  }
  if (options.seeds) {
    chosen.properties.set('rng-seed', options.seeds.numbers);
    chosen.properties.set('kaslr-seed', options.seeds.layout);
  }
  for (const module of options.modules ?? []) {
    chosen.children.unshift(
      node(`module@0x${hex(module.address).padStart(8, '0')}`, {
        bootargs: module.bootArguments,
        compatible: ['multiboot,module', `multiboot,${module.kind}`],
        reg: [...cells64(module.address), ...cells64(module.size)],
      }),
    );
  }
}

/** The board's facts that a tree of the user's must agree with. */
export interface BoardFacts {
  readonly affinities: readonly number[];
  readonly gicVersion: 2 | 3;
}

/**
 * What in a tree contradicts the machine, so that a guest would fail for no visible reason; undefined when nothing
 * does. A tree may leave out what the machine has.
 */
export function disagreement(tree: DeviceTree, board: BoardFacts): string | undefined {
  const strings = (value: PropertyValue | undefined): readonly string[] => {
    if (value instanceof Uint8Array) return new TextDecoder().decode(value).split('\0');
    return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [];
  };
  const controllers = tree.root.children.filter(child => child.properties.has('interrupt-controller'));
  const versions: readonly (readonly [2 | 3, readonly string[]])[] = [
    [2, ['arm,cortex-a15-gic', 'arm,gic-400', 'arm,cortex-a9-gic']],
    [3, ['arm,gic-v3']],
  ];
  for (const controller of controllers) {
    const compatible = strings(controller.properties.get('compatible'));
    const version = versions.find(([, names]) => names.some(name => compatible.includes(name)))?.[0];
    if (version !== undefined && version !== board.gicVersion) {
      return `its interrupt controller ${controller.name} is a GICv${version}, and the machine has gic-version=${board.gicVersion}`;
    }
  }
  const processors = (childNamed(tree.root, 'cpus')?.children ?? []).filter(child => child.name.startsWith('cpu@'));
  for (const processor of processors) {
    const reg = processor.properties.get('reg');
    const affinity = reg instanceof Uint8Array ? reg.reduce((value, byte) => value * 256 + byte, 0) : 0;
    if (!board.affinities.includes(affinity)) {
      return `it has a processor ${processor.name} with reg 0x${hex(affinity)}, and the machine has ${board.affinities.map(a => `0x${hex(a)}`).join(' ')}; see -smp`;
    }
  }
  return undefined;
}

/** Says how PSCI is called in a tree that a user gave: firmware that is not the user's own knows it better. */
export function replacePsci(tree: DeviceTree, conduit: VirtDeviceTreeOptions['psciConduit']): void {
  if (conduit === 'none') return;
  const { children } = tree.root;
  const others = children.filter(child => child.name !== 'psci');
  children.splice(0, children.length, psci(conduit), ...others);
}

/**
 * Puts the machine's RAM into a tree that a user gave: the memory nodes it has are replaced by one.
 */
export function replaceMemory(tree: DeviceTree, base: number, size: number): void {
  const { root } = tree;
  const isMemory = (child: DeviceTreeNode) => child.name === 'memory' || child.name.startsWith('memory@');
  const others = root.children.filter(child => !isMemory(child));
  const cellsOf = (property: string, usual: number) => {
    const value = root.properties.get(property);
    return value instanceof Uint8Array && value.length === 4 ? value[3]! : usual;
  };
  const inCells = (value: number, cells: number) => (cells === 1 ? [value >>> 0] : [...cells64(value)]);
  const range = [...inCells(base, cellsOf('#address-cells', 2)), ...inCells(size, cellsOf('#size-cells', 1))];
  root.children.splice(0, root.children.length, ...others);
  root.children.push(node(`memory@${hex(base)}`, { device_type: 'memory', reg: range }));
}
