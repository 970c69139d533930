import { describe, expect, test } from 'vitest';
import type { DirectMemoryAccess } from '../../../emulator/bus/direct-memory-access.ts';
import { FwCfg } from '../../../emulator/devices/fw-cfg.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function device() {
  const ram = new Uint8Array(0x1000);
  const memory: DirectMemoryAccess = {
    read: (at, length) => (at + length <= ram.length ? ram.slice(at, at + length) : undefined),
    write(at, bytes) {
      if (at + bytes.length > ram.length) return false;
      ram.set(bytes, at);
      return true;
    },
  };
  const fwCfg = new FwCfg({
    memory,
    items: new Map([[0x05, Uint8Array.of(4, 0)]]),
    files: [
      { name: 'opt/z', content: bytesOf('last') },
      { name: 'opt/a', content: bytesOf('first') },
    ],
  });
  const select = (item: number) => fwCfg.write(8, 2, BigInt(((item & 0xff) << 8) | (item >> 8)));
  const stream = (length: number) => Uint8Array.from({ length }, () => Number(fwCfg.read(0, 1)));
  /** Asks for a copy by the request at address 0. */
  const dma = (control: number, length: number, target: bigint) => {
    const view = new DataView(ram.buffer);
    view.setUint32(0, control);
    view.setUint32(4, length);
    view.setBigUint64(8, target);
    fwCfg.write(16, 4, 0n);
    fwCfg.write(20, 4, 0n);
    return view.getUint32(0);
  };
  return { ram, fwCfg, select, stream, dma };
}

describe('fw_cfg', () => {
  test('streams an item byte by byte, in any width, and zeros after its end', () => {
    const { fwCfg, select, stream } = device();
    select(0);
    expect(new TextDecoder().decode(stream(4))).toBe('QEMU');
    expect([...stream(2)]).toEqual([0, 0]);
    select(0);
    expect(fwCfg.read(0, 2)).toBe(0x4551n);
    select(5);
    expect(fwCfg.read(0, 4)).toBe(4n);
    select(0x7777);
    expect(fwCfg.read(0, 8)).toBe(0n);
  });

  test('lists its files in the order of their names', () => {
    const { select, stream } = device();
    select(0x19);
    const directory = new DataView(stream(4 + 2 * 64).buffer);
    expect(directory.getUint32(0)).toBe(2);
    expect([directory.getUint32(4), directory.getUint16(8)]).toEqual([5, 0x20]);
    expect(new TextDecoder().decode(new Uint8Array(directory.buffer, 12, 6))).toBe('opt/a\0');
    expect([directory.getUint32(68), directory.getUint16(72)]).toEqual([4, 0x21]);
    select(0x21);
    expect(new TextDecoder().decode(stream(4))).toBe('last');
  });

  test('says that it can copy by itself, and does', () => {
    const { fwCfg, ram, dma } = device();
    expect(fwCfg.read(16, 8)).toBe(0x4746_4320_554d_4551n);
    expect(dma((0x20 << 16) | 0x08 | 0x02, 7, 0x100n)).toBe(0);
    expect([...ram.subarray(0x100, 0x107)]).toEqual([...bytesOf('first'), 0, 0]);
    expect(dma((0x20 << 16) | 0x08 | 0x04, 2, 0n)).toBe(0);
    expect(dma(0x02, 3, 0x200n)).toBe(0);
    expect(new TextDecoder().decode(ram.subarray(0x200, 0x203))).toBe('rst');
  });

  test('reports a copy that leaves memory or writes an item', () => {
    const { dma } = device();
    expect(dma((0x20 << 16) | 0x08 | 0x02, 5, 0xfffn)).toBe(1);
    expect(dma((0x20 << 16) | 0x08 | 0x02, 0xffff_ffff, 0x100n)).toBe(1);
    expect(dma((0x20 << 16) | 0x08 | 0x10, 5, 0x100n)).toBe(1);
  });

  test('survives a request that lies outside of memory', () => {
    const { fwCfg, ram } = device();
    fwCfg.write(16, 8, 0xffff_ffff_ffff_ffffn);
    expect(ram.every(byte => byte === 0)).toBe(true);
  });

  test('refuses a file name that the directory has no room for', () => {
    const files = [{ name: 'x'.repeat(56), content: new Uint8Array() }];
    const memory = { read: () => undefined, write: () => false };
    expect(() => new FwCfg({ memory, items: new Map(), files })).toThrow('longer than 55 characters');
  });

  test('comes back from a snapshot in the middle of an item', () => {
    const first = device();
    first.select(0x20);
    first.stream(2);
    const second = device();
    second.fwCfg.restore(structuredClone(first.fwCfg.save()));
    expect(new TextDecoder().decode(second.stream(3))).toBe('rst');
  });
});
