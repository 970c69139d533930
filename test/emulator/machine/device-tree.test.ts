import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  childNamed,
  DeviceTreeError,
  flatten,
  node,
  parseDeviceTree,
} from '../../../emulator/machine/flattened-device-tree.ts';
import {
  addChosen,
  replaceMemory,
  type VirtDeviceTreeOptions,
  virtDeviceTree,
} from '../../../emulator/machine/virt-device-tree.ts';
import { testWith } from '../../support/requires.ts';

const gibibyte = 0x4000_0000;

/** The machine that QEMU's trees beside this test were made with. */
const machine: VirtDeviceTreeOptions = {
  cpuCompatible: 'arm,neoverse-n1',
  affinities: [0],
  ramSize: gibibyte,
  gicVersion: 3,
  virtualization: true,
  secure: false,
  el2VirtualTimer: true,
  pmu: true,
  messageInterrupts: true,
  psciConduit: 'smc',
};
const four = { affinities: [0, 1, 2, 3] };

const decompile = (blob: Uint8Array) =>
  spawnSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-'], { input: blob, encoding: 'utf8' }).stdout;

/** Removes all transports but the first, as the expected trees have it. */
const withoutFurtherTransports = (dts: string) => dts.replace(/\tvirtio_mmio@(?!a000000)[0-9a-f]+ \{[^}]*\};\n\n/g, '');

describe('the device tree of the virt board, read by dtc, is the one that QEMU 10 gives', () => {
  const cases: readonly [string, VirtDeviceTreeOptions][] = [
    ['el2-gicv3-smp1', machine],
    ['el2-gicv3-smp4', { ...machine, ...four }],
    ['el2-gicv2-smp1', { ...machine, gicVersion: 2 }],
    ['el2-gicv2-smp4', { ...machine, ...four, gicVersion: 2 }],
    ['el1-gicv3-smp1', { ...machine, virtualization: false, el2VirtualTimer: false, psciConduit: 'hvc' }],
    ['el3-gicv3-smp1', { ...machine, secure: true, psciConduit: 'none' }],
  ];
  for (const [name, options] of cases) {
    testWith('dtc')(`for ${name}`, () => {
      const expected = readFileSync(new URL(`virt-device-trees/${name}.dts`, import.meta.url), 'utf8');
      expect(withoutFurtherTransports(decompile(flatten(virtDeviceTree(options))))).toBe(expected);
    });
  }
});

describe('the device tree of the virt board', () => {
  test('has 32 virtio transports with interrupts one after the other', () => {
    const transports = virtDeviceTree(machine).root.children.filter(child => child.name.startsWith('virtio_mmio@'));
    expect(transports).toHaveLength(32);
    expect(transports[31]?.name).toBe('virtio_mmio@a003e00');
    expect(transports[31]?.properties.get('interrupts')).toEqual([0, 47, 1]);
  });

  test('does not mention message-signalled interrupts where the interrupt controller has none', () => {
    const { root } = virtDeviceTree({ ...machine, messageInterrupts: false });
    expect(childNamed(root, 'intc@8000000')?.children).toEqual([]);
    expect(childNamed(root, 'pcie@10000000')?.properties.has('msi-map')).toBe(false);
  });

  test('carries boot arguments and the initial RAM disk under /chosen', () => {
    const tree = virtDeviceTree(machine);
    addChosen(tree, { bootArguments: 'console=ttyAMA0', initrd: { start: 0x4800_0000, end: 0x4800_1234 } });
    const chosen = childNamed(tree.root, 'chosen')!.properties;
    expect(chosen.get('bootargs')).toBe('console=ttyAMA0');
    expect(chosen.get('linux,initrd-start')).toEqual([0, 0x4800_0000]);
    expect(chosen.get('linux,initrd-end')).toEqual([0, 0x4800_1234]);
    expect(chosen.get('stdout-path')).toBe('/pl011@9000000');
  });
});

describe('a device tree given by the user', () => {
  test('comes out of reading and writing as it went in', () => {
    const blob = flatten({ ...virtDeviceTree(machine), reservations: [[0x4000_0000n, 0x1000n]] });
    const tree = parseDeviceTree(blob);
    expect(tree.reservations).toEqual([[0x4000_0000n, 0x1000n]]);
    expect(flatten(tree)).toEqual(blob);
  });

  test('gets the memory of the machine in the cells it counts with', () => {
    const small = {
      root: node('', { '#address-cells': [1], '#size-cells': [1] }, [node('memory', {})]),
      reservations: [],
    };
    const tree = parseDeviceTree(flatten(small));
    replaceMemory(tree, 0x4000_0000, 0x800_0000);
    expect(tree.root.children.map(child => child.name)).toEqual(['memory@40000000']);
    expect(tree.root.children[0]?.properties.get('reg')).toEqual([0x4000_0000, 0x800_0000]);
  });

  test('gets a /chosen when it has none', () => {
    const tree = { root: node('', {}), reservations: [] };
    addChosen(tree, { bootArguments: 'quiet' });
    expect(childNamed(tree.root, 'chosen')?.properties.get('bootargs')).toBe('quiet');
  });

  test('is refused with the reason when it is not one', () => {
    expect(() => parseDeviceTree(new TextEncoder().encode('/dts-v1/; / { compatible = "x"; model = "y"; };'))).toThrow(
      'compile a .dts with dtc first',
    );
  });

  test('never crashes the reader, wherever it is cut', () => {
    const blob = flatten(virtDeviceTree(machine));
    for (let length = 0; length < blob.length; length += 13) {
      expect(() => parseDeviceTree(blob.slice(0, length))).toThrow(DeviceTreeError);
    }
  });

  test('never crashes the reader, whichever byte lies', () => {
    const blob = flatten(virtDeviceTree({ ...machine, pmu: false }));
    for (let at = 0; at < blob.length; at += 7) {
      const damaged = blob.slice();
      damaged[at]! ^= 0xff;
      try {
        parseDeviceTree(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceTreeError);
      }
    }
  });
});
