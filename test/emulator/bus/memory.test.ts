import { describe, expect, test } from 'vitest';
import { AddressMap } from '../../../emulator/bus/address-map.ts';
import { directMemoryAccess } from '../../../emulator/bus/direct-memory-access.ts';
import { MachineMemory, MemorySizeError } from '../../../emulator/bus/memory.ts';
import type { BusAccess, MmioRegion } from '../../../emulator/bus/types.ts';

const secure: BusAccess = { pe: 0, secure: true, privileged: true };
const nonSecure: BusAccess = { pe: 0, secure: false, privileged: true };

const smallMachine = () =>
  new MachineMemory({
    reserved: 100,
    blocks: [
      { name: 'RAM', base: 0x4000_0000, size: 0x10_0000 },
      { name: 'flash', base: 0, size: 0x1_0000 },
    ],
  });

/** A device that remembers its last write and answers reads with the offset. */
const recorder = () => {
  const device = {
    name: 'recorder',
    last: undefined as undefined | { offset: number; size: number; value: bigint },
    read: (offset: number) => BigInt(offset),
    write(offset: number, size: number, value: bigint) {
      device.last = { offset, size, value };
    },
  };
  return device satisfies MmioRegion;
};

describe('the memory of the machine', () => {
  test('holds the reserved area first, then the blocks in physical order', () => {
    const memory = smallMachine();
    expect(memory.blocks.map(b => [b.name, b.host])).toEqual([
      ['flash', 0x1000],
      ['RAM', 0x1_1000],
    ]);
    expect(memory.linearAddress(0x4000_0010)).toBe(0x1_1010);
    expect(memory.physicalAddress(0x1_1010)).toBe(0x4000_0010);
  });

  test('does not let a range of bytes leave its block', () => {
    const memory = smallMachine();
    expect(memory.linearAddress(0x400f_ffff, 1)).toBeDefined();
    expect(memory.linearAddress(0x400f_ffff, 2)).toBeUndefined();
    expect(memory.linearAddress(0x3fff_ffff)).toBeUndefined();
    expect(memory.physicalAddress(0x10)).toBeUndefined();
  });

  test('says which -m would fit when more than 4 GiB is asked for', () => {
    const ask = () =>
      new MachineMemory({ reserved: 0x10_0000, blocks: [{ name: 'RAM', base: 0x4000_0000, size: 0x1_0000_0000 }] });
    expect(ask).toThrow(MemorySizeError);
    expect(ask).toThrow('-m 4096M does not fit: the machine has 4 GiB for everything. Use at most -m 4095M.');
  });

  test('refuses blocks that overlap', () => {
    const blocks = [
      { name: 'RAM', base: 0, size: 0x2000 },
      { name: 'flash', base: 0x1000, size: 0x1000 },
    ];
    expect(() => new MachineMemory({ reserved: 0, blocks })).toThrow('flash overlaps RAM at 0x1000');
  });
});

describe('the address map', () => {
  test('reads and writes memory little-endian', () => {
    const memory = smallMachine();
    const map = new AddressMap(memory);
    map.mapMemory(memory.blockAt(0x4000_0000)!);
    expect(map.write(0x4000_0004, 4, 0x1122_3344n, nonSecure)).toBe(true);
    expect(map.read(0x4000_0004, 1, nonSecure)).toBe(0x44n);
    expect(map.read(0x4000_0000, 8, nonSecure)).toBe(0x1122_3344_0000_0000n);
  });

  test('gives a device the offset within its region', () => {
    const map = new AddressMap(smallMachine());
    const device = recorder();
    map.mapDevice(device, 0x900_0000, 0x1000);
    expect(map.read(0x900_0018, 4, nonSecure)).toBe(0x18n);
    expect(map.write(0x900_0030, 2, 7n, nonSecure)).toBe(true);
    expect(device.last).toEqual({ offset: 0x30, size: 2, value: 7n });
  });

  test('answers an external abort where nobody is, and where an access runs over the end', () => {
    const map = new AddressMap(smallMachine());
    map.mapDevice(recorder(), 0x902_0000, 0x18);
    expect(map.read(0x800_0000, 4, nonSecure)).toBeUndefined();
    expect(map.write(0x800_0000, 4, 0n, nonSecure)).toBe(false);
    expect(map.read(0x902_0010, 8, nonSecure)).toBe(0x10n);
    expect(map.read(0x902_0014, 8, nonSecure)).toBeUndefined();
  });

  test('hides secure ranges from non-secure accesses', () => {
    const map = new AddressMap(smallMachine());
    map.mapDevice(recorder(), 0x904_0000, 0x1000, { secureOnly: true });
    expect(map.read(0x904_0000, 4, nonSecure)).toBeUndefined();
    expect(map.read(0x904_0000, 4, secure)).toBe(0n);
  });

  test('reads flash directly until told otherwise, writes it through the device, and reports the change', () => {
    const memory = smallMachine();
    const map = new AddressMap(memory);
    const device = recorder();
    const range = map.mapDeviceMemory(device, memory.blockAt(0)!);
    memory.bytes(8, 1)![0] = 0x5a;
    const changes: boolean[] = [];
    map.onRouteChanged = changed => changes.push(changed.directRead);
    expect(map.read(8, 1, nonSecure)).toBe(0x5an);
    map.write(8, 1, 0xffn, nonSecure);
    expect(memory.bytes(8, 1)![0]).toBe(0x5a);
    map.setDirectRead(range, false);
    map.setDirectRead(range, false);
    expect(map.read(8, 1, nonSecure)).toBe(8n);
    expect(changes).toEqual([false]);
  });

  test('refuses ranges that overlap', () => {
    const map = new AddressMap(smallMachine());
    map.mapDevice(recorder(), 0x1000, 0x1000);
    expect(() => map.mapDevice(recorder(), 0x1800, 0x1000)).toThrow('recorder overlaps recorder at 0x1800');
    expect(() => map.mapDevice(recorder(), 0x800, 0x1000)).toThrow('overlaps');
  });
});

describe('direct memory access', () => {
  test('reports a write before it changes memory', () => {
    const memory = smallMachine();
    const map = new AddressMap(memory);
    map.mapMemory(memory.blockAt(0x4000_0000)!);
    const seen: number[] = [];
    const dma = directMemoryAccess(map, address => seen.push(memory.bytes(address, 1)![0]!));
    expect(dma.write(0x4000_0100, Uint8Array.of(1, 2))).toBe(true);
    expect(seen).toEqual([0]);
    expect(dma.read(0x4000_0100, 2)).toEqual(Uint8Array.of(1, 2));
  });

  test('fails outside of memory instead of touching anything', () => {
    const map = new AddressMap(smallMachine());
    const dma = directMemoryAccess(map, () => expect.unreachable());
    expect(dma.write(0x5000_0000, Uint8Array.of(1))).toBe(false);
    expect(dma.read(0x5000_0000, 1)).toBeUndefined();
  });
});
