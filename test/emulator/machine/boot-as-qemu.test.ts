import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { planBoot } from '../../../emulator/machine/boot.ts';
import { parseOptionWords } from '../../../emulator/machine/option-words.ts';
import { virtDeviceTree } from '../../../emulator/machine/virt-device-tree.ts';
import { testWith } from '../../support/requires.ts';
import { accessQemu } from '../devices/qemu-board.ts';

const mebibyte = 0x10_0000;
const ram = 0x4000_0000;
const folder = mkdtempSync(join(tmpdir(), 'trapdoor-boot-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Puts a file where QEMU can read it. */
function file(name: string, bytes: Uint8Array): readonly [string, Uint8Array] {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return [path, bytes];
}

function image(imageSize: number, textOffset: number, size = 0x1000): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x5a);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  view.setBigUint64(24, 0xan, true);
  view.setUint32(56, 0x644d_5241, true);
  return bytes;
}

function plan(words: readonly string[], files: ReadonlyMap<string, Uint8Array>) {
  const tree = virtDeviceTree({
    cpuCompatible: 'arm,cortex-a57',
    affinities: [0],
    ramSize: 0,
    gicVersion: 3,
    virtualization: true,
    secure: false,
    el2VirtualTimer: false,
    pmu: true,
    messageInterrupts: false,
    psciConduit: 'smc',
  });
  const board = { affinities: [0], gicVersion: 3 } as const;
  return planBoot(parseOptionWords(words), { read: name => files.get(name)! }, tree, board);
}

/**
 * QEMU puts instructions at the start of RAM that load x0 and jump; the two 64-bit literals behind them are the device
 * tree's address and the kernel's.
 */
const literals = [
  { address: ram + 0x18, size: 8 as const },
  { address: ram + 0x20, size: 8 as const },
];

describe('a kernel lies where QEMU puts it', () => {
  const cases: readonly (readonly [string, string, Uint8Array, number])[] = [
    ['a modern Image in much RAM', '1G', image(30 * mebibyte, 0), 0],
    ['a modern Image with a RAM disk', '512', image(30 * mebibyte, 0), 5 * mebibyte + 123],
    ['a modern Image in little RAM', '128', image(30 * mebibyte, 0), 777],
    ['an Image larger than half of RAM', '64', image(40 * mebibyte, 0), 0x1001],
    ['an older Image with an offset', '256', image(3 * mebibyte, 0x8_0000), 0],
    ['an Image from before sizes were recorded', '256', image(0, 0x10_0000), 99],
    ['a raw program', '256', new Uint8Array(0x2345).fill(7), 99],
  ];
  cases.forEach(([name, memory, kernel, diskSize], index) => {
    testWith('qemu-system-aarch64')(name, async () => {
      const files = new Map([
        file(`kernel-${index}`, kernel),
        file(`disk-${index}`, new Uint8Array(diskSize).fill(0x33)),
      ]);
      const [kernelName, diskName] = [...files.keys()] as [string, string];
      const words = ['-m', memory, '-kernel', kernelName, ...(diskSize ? ['-initrd', diskName] : [])];
      const planned = plan(words, files);
      const disk = planned.pieces.find(piece => piece.name === diskName);
      const edges = disk ? [disk.address - 1, disk.address, disk.address + diskSize - 1, disk.address + diskSize] : [];
      const [treeAt, kernelAt, ...diskBytes] = await accessQemu(
        [...literals, ...edges.map(address => ({ address, size: 1 as const }))],
        words,
      );
      const start = planned.starts.get(0)!;
      expect({ tree: start.x0, kernel: start.pc }).toEqual({ tree: treeAt, kernel: kernelAt });
      expect(diskBytes).toEqual(disk ? [0n, 0x33n, 0x33n, 0n] : []);
    });
  });
});

describe('the device tree lies at the start of RAM on QEMU as here', () => {
  testWith('qemu-system-aarch64')('with firmware', async () => {
    const files = new Map([file('firmware', new Uint8Array(64).fill(1))]);
    const words = ['-m', '64', '-bios', [...files.keys()][0]!];
    const [flash, tree] = await accessQemu(
      [
        { address: 0, size: 4 },
        { address: ram, size: 4 },
      ],
      words,
    );
    expect([flash, tree]).toEqual([0x0101_0101n, 0xedfe_0dd0n]);
    expect(plan(words, files).pieces.map(piece => piece.address)).toEqual([0, ram]);
  });
});
