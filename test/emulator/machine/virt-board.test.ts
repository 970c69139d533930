import { describe, expect, test } from 'vitest';
import type { BusAccess } from '../../../emulator/bus/types.ts';
import { parseOptionWords } from '../../../emulator/machine/option-words.ts';
import { virtBoard } from '../../../emulator/machine/virt-board.ts';

const nonSecure: BusAccess = { pe: 0, secure: false, privileged: true };
const secure: BusAccess = { ...nonSecure, secure: true };

function board(line: string, contents: Readonly<Record<string, Uint8Array>> = { fw: Uint8Array.of(0x11, 0x22) }) {
  const log: string[] = [];
  const made = virtBoard({
    machine: parseOptionWords(`-m 16 -M virt,gic-version=3 ${line}`.split(' ')),
    files: { read: name => contents[name]! },
    cpu: { compatible: 'arm,cortex-a72', virtualizationHostExtensions: false, performanceMonitors: true },
    engineArea: 0x1000,
    host: {
      pinsChanged: () => {},
      beforeMemoryWrite: (address, length) => log.push(`write 0x${address.toString(16)} ${length}`),
      routeChanged: range => log.push(`${range.name} ${range.directRead ? 'direct' : 'through device'}`),
      transmit: (port, byte) => log.push(`${port} ${String.fromCharCode(byte)}`),
      powerOff: () => log.push('power off'),
      reset: () => log.push('reset'),
    },
  });
  made.loadImages('power on');
  log.length = 0;
  return {
    ...made,
    log,
    read: (address: number, access = nonSecure) => made.map.read(address, 4, access),
    write: (address: number, value: bigint, access = nonSecure) => made.map.write(address, 4, value, access),
  };
}

describe('the virt board', () => {
  test('has firmware in flash, the device tree at the start of RAM, and devices at their places', () => {
    const { read } = board('-bios fw');
    expect(read(0)).toBe(0x2211n);
    expect(read(0x4000_0000)).toBe(0xedfe_0dd0n);
    expect(read(0x900_0fe0)).toBe(0x11n);
    expect(read(0x901_0fe0)).toBe(0x31n);
    expect(read(0x903_0fe0)).toBe(0x61n);
    expect(read(0x902_0000)).toBe(0x554d_4551n);
    expect(read(0xa00_0000)).toBe(0x7472_6976n);
    expect(read(0xa00_3e00)).toBe(0x7472_6976n);
    expect(read(0x40_1000_8000)).toBe(0xffff_ffffn);
  });

  test('answers an external abort where it has nothing', () => {
    const { read, write } = board('-bios fw');
    expect(read(0xc00_0000)).toBeUndefined();
    expect(read(0x4000_0000 + 16 * 0x10_0000)).toBeUndefined();
    expect(write(0xb00_0000, 0n)).toBe(false);
  });

  test('keeps the secure world to itself', () => {
    const { read, write, log } = board('-M virt,secure=on,gic-version=3 -bios fw');
    expect([read(0), read(0xe00_0000), read(0x904_0000)]).toEqual([undefined, undefined, undefined]);
    expect([read(0, secure), read(0xe00_0000, secure)]).toEqual([0x2211n, 0n]);
    write(0x904_0000, 0x53n, secure);
    write(0x900_0000, 0x4en);
    expect(log).toEqual(['secure uart S', 'terminal N']);
    write(0x90b_0400, 1n, secure);
    write(0x90b_03fc, 1n, secure);
    expect(log.at(-1)).toBe('power off');
  });

  test('tells the machine when flash stops being memory and when its contents change', () => {
    const { write, log } = board('-bios fw');
    write(0x400_0000, 0x0040_0040n);
    write(0x400_0000, 0x1234_5678n);
    write(0x400_0000, 0x00ff_00ffn);
    expect(log).toEqual(['flash bank 1 through device', 'write 0x4000000 4', 'flash bank 1 direct']);
  });

  test('brings a key press to the interrupt controller as SPI 7', () => {
    const { write, pressPowerKey, interruptController } = board('-bios fw');
    write(0x903_040c, 8n);
    write(0x903_0410, 8n);
    pressPowerKey();
    const line = interruptController.describe().interrupts.find(interrupt => interrupt.intid === 39);
    expect(line?.pending).toBe(true);
  });

  test('holds the power key for a tenth of a second, also when its state was restored meanwhile', () => {
    const { read, pressPowerKey, clock, snapshotables } = board('-bios fw');
    pressPowerKey();
    clock.advanceTo(50_000_000);
    const saved = snapshotables.map(device => structuredClone(device.save()));
    clock.advanceTo(99_999_999);
    expect(read(0x903_0020)).toBe(8n);
    clock.advanceTo(100_000_001);
    expect(read(0x903_0020)).toBe(0n);
    snapshotables.forEach((device, index) => {
      device.restore(saved[index]);
    });
    expect(read(0x903_0020)).toBe(8n);
    clock.advanceTo(100_000_001);
    expect(read(0x903_0020)).toBe(0n);
  });

  test('resets its devices but neither memory, flash nor time', () => {
    const { clock, read, write, resetDevices, loadImages } = board('-bios fw');
    clock.moveTo(1000);
    write(0x900_0030, 0x301n);
    write(0x4010_0000, 7n);
    write(0x400_0000, 0x0040_0040n);
    write(0x400_0000, 9n);
    write(0, 0x0040_0040n);
    write(0, 8n);
    write(0x4000_0000, 0n);
    resetDevices('power on');
    loadImages('reset');
    expect(read(0x900_0030)).toBe(0x300n);
    expect([read(0), read(0x400_0000), read(0x4010_0000)]).toEqual([8n, 9n, 7n]);
    expect(read(0x4000_0000)).toBe(0xedfe_0dd0n);
    expect(clock.now()).toBe(1000);
  });

  test('has the frames of a GICv2, those of the hypervisor only with EL2', () => {
    const without = board('-M virt,gic-version=2 -bios fw');
    expect(without.read(0x800_0004)).toBeDefined();
    expect(without.read(0x801_00fc)).toBeDefined();
    expect(without.read(0x803_0004)).toBeUndefined();
    const withEl2 = board('-M virt,gic-version=2,virtualization=on -bios fw');
    expect([withEl2.read(0x803_0004), withEl2.read(0x804_00fc)]).not.toContain(undefined);
    expect(() => board('-M virt,gic-version=2,secure=on -bios fw')).toThrow('secure=on needs gic-version=3');
  });

  test('numbers its elements as QEMU does', () => {
    expect(board('-bios fw -smp 18').affinities.slice(14)).toEqual([14, 15, 0x100, 0x101]);
  });

  test('gives state the same names every time, and no name twice', () => {
    const names = () => board('-M virt,secure=on,gic-version=3 -bios fw').snapshotables.map(s => s.name);
    expect(names()).toEqual(names());
    expect(new Set(names()).size).toBe(names().length);
  });

  test('handles the timers’ and the interrupt controller’s system registers', () => {
    const handlers = board('-bios fw').systemRegisterHandlers(0);
    expect(handlers).toHaveProperty('CNTV_CTL_EL0');
    expect(handlers).toHaveProperty('ICC_IAR1_EL1');
  });
});
