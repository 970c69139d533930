import { describe, expect } from 'vitest';
import type { AccessSize, BusAccess } from '../../../emulator/bus/types.ts';
import { parseOptionWords } from '../../../emulator/machine/option-words.ts';
import { virtBoard } from '../../../emulator/machine/virt-board.ts';
import { testWith } from '../../support/requires.ts';
import { accessQemu, type DeviceAccess, QemuBoard } from './qemu-board.ts';

const access: BusAccess = { pe: 0, secure: false, privileged: true };

function board() {
  return virtBoard({
    machine: parseOptionWords('-M virt,virtualization=on,gic-version=3 -bios fw'.split(' ')),
    files: { read: () => new Uint8Array() },
    cpu: { compatible: 'arm,cortex-a57', virtualizationHostExtensions: false, performanceMonitors: true },
    engineArea: 0,
    host: {
      pinsChanged: () => {},
      beforeMemoryWrite: () => {},
      routeChanged: () => {},
      transmit: () => {},
      powerOff: () => {},
      reset: () => {},
    },
  });
}

/** Makes the accesses on our board and on QEMU's and compares every read. */
async function expectSame(accesses: readonly DeviceAccess[]): Promise<void> {
  const { map } = board();
  const ours = accesses.map(({ address, size, value }) => {
    if (value === undefined) return map.read(address, size, access);
    map.write(address, size, value, access);
    return undefined;
  });
  const theirs = await accessQemu(accesses);
  const show = (results: readonly (bigint | undefined)[]) =>
    accesses.flatMap(({ address, size, value }, i) =>
      value === undefined
        ? [`${i}: read${8 * size} 0x${address.toString(16)} = 0x${results[i]?.toString(16)}`]
        : [`${i}: write${8 * size} 0x${address.toString(16)} 0x${value.toString(16)}`],
    );
  expect(show(ours)).toEqual(show(theirs));
}

/** A small generator of numbers (xorshift32) for repeatable random accesses. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const read = (address: number, size: AccessSize = 4): DeviceAccess => ({ address, size });
const write = (address: number, value: number, size: AccessSize = 4): DeviceAccess => ({
  address,
  size,
  value: BigInt(value),
});

describe('a device gives the same answers as on QEMU', () => {
  testWith('qemu-system-aarch64')('PL011, 600 random accesses', async () => {
    const seed = 0x9011;
    console.info(`seed 0x${seed.toString(16)}`);
    const next = random(seed);
    // UARTRSR is left out, QEMU mirrors data into it. So are loopback and break in the control registers.
    const readable = [0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0xfe0, 0xfec, 0xff4];
    const writable: readonly (readonly [number, number])[] = [
      [0x00, 0xff],
      [0x24, 0xffff],
      [0x28, 0x3f],
      [0x2c, 0xfe],
      [0x30, 0x301],
      [0x34, 0x3f],
      [0x38, 0x7ff],
      [0x44, 0x7ff],
      [0x18, 0xff],
      [0xfe0, 0xff],
    ];
    const accesses = Array.from({ length: 600 }, () => {
      if (next(2)) return read(0x900_0000 + readable[next(readable.length)]!);
      const [offset, mask] = writable[next(writable.length)]!;
      return write(0x900_0000 + offset, next(0x1_0000) & mask);
    });
    await expectSame(accesses);
  });

  testWith('qemu-system-aarch64')('PL061, 600 random accesses', async () => {
    const seed = 0x9061;
    console.info(`seed 0x${seed.toString(16)}`);
    const next = random(seed);
    // The direction is chosen once and the sense stays at edges: QEMU latches levels and lets a pin that becomes an
    // input keep its last output, which the manual does not say.
    const registers = [0x408, 0x40c, 0x410, 0x414, 0x418, 0x41c, 0x420, 0xfe0, 0xfe4, 0xffc];
    const accesses = Array.from({ length: 600 }, () => {
      const offset = next(3) === 0 ? 4 * next(256) : registers[next(registers.length)]!;
      return next(2) ? read(0x903_0000 + offset) : write(0x903_0000 + offset, next(256));
    });
    await expectSame([write(0x903_0400, 0x35), read(0x903_0400), read(0x903_0404), ...accesses]);
  });

  testWith('qemu-system-aarch64')('PL031 without its running seconds', async () => {
    const offsets = [0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc];
    await expectSame([
      ...offsets.filter(offset => offset !== 0x08).map(offset => read(0x901_0000 + offset)),
      ...[write(0x901_0010, 1), write(0x901_0004, 0x1234), write(0x901_0008, 0x1234), read(0x901_0000)],
      ...[0x04, 0x10, 0x14, 0x18].map(offset => read(0x901_0000 + offset)),
      ...[write(0x901_0004, 0x1234), read(0x901_0014), write(0x901_001c, 1), read(0x901_0014)],
    ]);
  });

  testWith('qemu-system-aarch64')(
    'flash: identification, query, programming, erasing and buffered writes',
    async () => {
      const base = 0x400_0000;
      const command = (code: number, at = 0) => write(base + at, code * 0x1_0001);
      await expectSame([
        command(0x98, 0x154),
        ...Array.from({ length: 0x60 }, (_, i) => read(base + 4 * i)),
        command(0xff),
        command(0x90),
        ...Array.from({ length: 8 }, (_, i) => read(base + 4 * i)),
        ...[command(0x70), read(base), read(base, 2), command(0xff), read(base)],
        ...[command(0x40), read(base), write(base + 8, 0x1234_5678), read(base), command(0xff), read(base + 8)],
        ...[command(0x40), write(base + 8, 0xff00_ff00), command(0xff), read(base + 8), read(base + 8, 8)],
        ...[command(0x20, 0x4_0000), command(0xd0, 0x4_0000), read(base), command(0xff), read(base + 0x4_0000)],
        ...[read(base + 0x7_fffc), read(base + 0x8_0000), read(base + 8)],
        ...[command(0xe8, 0x1000), read(base + 0x1000), command(3, 0x1000)],
        ...[0, 4, 8, 12].map(at => write(base + 0x1000 + at, at + 0x100)),
        ...[command(0xd0, 0x1000), read(base), command(0xff)],
        ...[0, 4, 8, 12, 16].map(at => read(base + 0x1000 + at)),
        ...[command(0x60), command(0xd0), read(base), command(0x60), command(0x01), read(base), command(0xff)],
      ]);
    },
  );

  testWith('qemu-system-aarch64')('fw_cfg: signature, interface, processor count and DMA', async () => {
    const base = 0x902_0000;
    const select = (item: number) => write(base + 8, ((item & 0xff) << 8) | (item >> 8), 2);
    await expectSame([
      ...[read(base, 1), read(base, 1), read(base, 2), read(base, 4), select(0), read(base, 8), read(base, 1)],
      ...[select(1), read(base, 4), select(5), read(base, 2), read(base, 2), select(0xabc), read(base, 4)],
      ...[read(base + 16, 8), read(base + 16), read(base + 20), read(base + 8, 2)],
      // A request at 0x40100000 copies the signature to 0x40100100.
      ...[write(0x4010_0000, 0x0a00_0000), write(0x4010_0004, 0x0600_0000)],
      ...[write(0x4010_0008, 0), write(0x4010_000c, 0x0001_1040)],
      ...[write(base + 16, 0), write(base + 20, 0x0000_1040)],
      ...[read(0x4010_0000), read(0x4010_0100, 8)],
    ]);
  });

  testWith('qemu-system-aarch64')('fw_cfg: what firmware may ask for', async () => {
    const files = async (read: (offset: number, size: AccessSize) => Promise<bigint>) => {
      const count = Number(await read(0, 4)) >>> 0;
      const swapped = ((count & 0xff) << 24) | ((count & 0xff00) << 8) | ((count >>> 8) & 0xff00) | (count >>> 24);
      const names: string[] = [];
      for (let file = 0; file < swapped; file++) {
        const bytes: number[] = [];
        for (let i = 0; i < 64; i++) bytes.push(Number(await read(0, 1)));
        names.push(String.fromCharCode(...bytes.slice(8, bytes.indexOf(0, 8))));
      }
      return names;
    };
    const ours = board().map;
    ours.write(0x902_0008, 2, 0x1900n, access);
    const own = await files(async (offset, size) => ours.read(0x902_0000 + offset, size, access)!);
    const qemu = new QemuBoard(['-M', 'virt,acpi=off', '-cpu', 'cortex-a57']);
    try {
      await qemu.write(0x902_0008, 2, 0x1900n);
      const theirs = await files((offset, size) => qemu.read(0x902_0000 + offset, size));
      // Absent here: tables for SMBIOS, and what only a PC's firmware reads.
      const absent = /^(etc\/smbios\/.*|bios-geometry|etc\/tpm\/log)$/;
      expect(own).toEqual(theirs.filter(name => !absent.test(name)));
    } finally {
      await qemu.close();
    }
  });

  testWith('qemu-system-aarch64')('empty virtio transports and a PCI bus without devices', async () => {
    const offsets = [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x044, 0x060, 0x070, 0x0fc, 0x100];
    await expectSame([
      ...[0xa00_0000, 0xa00_3e00].flatMap(base => offsets.map(offset => read(base + offset))),
      ...[0x00, 0x04, 0x08, 0x0c, 0x10, 0x2c, 0x34, 0x40].map(at => read(0x40_1000_0000 + at)),
      ...[read(0x40_1000_0002, 2), read(0x40_1000_000b, 1), read(0x40_1000_1000)],
      ...[read(0x40_1000_8000), read(0x40_1000_8000, 1), read(0x1000_0000), read(0x3eff_0000), read(0x80_0000_0000)],
    ]);
  });
});
