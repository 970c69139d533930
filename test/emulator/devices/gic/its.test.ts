import { describe, expect, test } from 'vitest';
import { testWith } from '../../../support/requires.ts';
import { randomNumbers } from '../../machine/support.ts';
import { QemuBoard } from '../qemu-board.ts';
import { type Board, ownBoard } from '../virtio/driver.ts';
import { GicV3Bench, hypervisor, on } from './gic-v3-bench.ts';

/** Where a test keeps the tables, counted from the start of its memory. */
const table = {
  properties: 0x1_0000,
  pending: [0x2_0000, 0x3_0000],
  devices: 0x4_0000,
  collections: 0x5_0000,
  queue: 0x6_0000,
  translations: 0x7_0000,
} as const;
const valid = 1n << 63n;

/** Writes of 32 bytes into the command queue. */
type Command = readonly [bigint, bigint, bigint, bigint];
const command = {
  movi: (device: number, event: number, collection: number): Command => [
    0x01n | (BigInt(device) << 32n),
    BigInt(event),
    BigInt(collection),
    0n,
  ],
  int: (device: number, event: number): Command => [0x03n | (BigInt(device) << 32n), BigInt(event), 0n, 0n],
  clear: (device: number, event: number): Command => [0x04n | (BigInt(device) << 32n), BigInt(event), 0n, 0n],
  sync: (pe: number): Command => [0x05n, 0n, BigInt(pe) << 16n, 0n],
  mapd: (device: number, bits: number, address: number | undefined): Command => [
    0x08n | (BigInt(device) << 32n),
    BigInt(bits - 1),
    address === undefined ? 0n : BigInt(address) | valid,
    0n,
  ],
  mapc: (collection: number, pe: number | undefined): Command => [
    0x09n,
    0n,
    BigInt(collection) | (pe === undefined ? 0n : (BigInt(pe) << 16n) | valid),
    0n,
  ],
  mapti: (device: number, event: number, intid: number, collection: number): Command => [
    0x0an | (BigInt(device) << 32n),
    BigInt(event) | (BigInt(intid) << 32n),
    BigInt(collection),
    0n,
  ],
  inv: (device: number, event: number): Command => [0x0cn | (BigInt(device) << 32n), BigInt(event), 0n, 0n],
  invall: (collection: number): Command => [0x0dn, 0n, BigInt(collection), 0n],
  movall: (from: number, to: number): Command => [0x0en, 0n, BigInt(from) << 16n, BigInt(to) << 16n],
  discard: (device: number, event: number): Command => [0x0fn | (BigInt(device) << 32n), BigInt(event), 0n, 0n],
};

function commandBytes(words: Command): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  words.forEach((word, index) => {
    view.setBigUint64(8 * index, word, true);
  });
  return new Uint8Array(view.buffer);
}

/** A GICv3 with memory for its tables, its LPIs switched on. */
class Its {
  readonly memory = new Uint8Array(0x10_0000);
  readonly bench: GicV3Bench;
  #written = 0;

  constructor(processingElements = 2) {
    this.bench = new GicV3Bench({
      processingElements,
      memory: {
        read: (at, length) => (at + length <= this.memory.length ? this.memory.slice(at, at + length) : undefined),
        write: (at, bytes) => {
          if (at + bytes.length > this.memory.length) return false;
          this.memory.set(bytes, at);
          return true;
        },
      },
    }).open();
    this.memory.fill(0xa1, table.properties, table.properties + 0x1000); // enabled, priority 0xa0
    for (let pe = 0; pe < processingElements; pe++) {
      this.bench.setGicr(0x70, BigInt(table.properties) | 15n, 8, pe);
      this.bench.setGicr(0x78, BigInt(table.pending[pe as 0 | 1]), 8, pe);
      this.bench.setGicr(0, 1, 4, pe);
    }
    this.set(0x100, BigInt(table.devices) | valid);
    this.set(0x108, BigInt(table.collections) | valid);
    this.set(0x80, BigInt(table.queue) | valid);
    this.set(0, 1n, 4);
  }

  set(offset: number, value: bigint, size: 4 | 8 = 8): void {
    this.bench.gic.regions.its!.write(offset, size, value, { pe: 0, secure: false, privileged: true });
  }

  get(offset: number): bigint {
    return this.bench.gic.regions.its!.read(offset, 8, { pe: 0, secure: false, privileged: true });
  }

  execute(...commands: Command[]): void {
    for (const one of commands) {
      this.memory.set(commandBytes(one), table.queue + this.#written);
      this.#written = (this.#written + 32) % 4096;
    }
    this.set(0x88, BigInt(this.#written));
  }

  map(device: number, event: number, intid: number, pe = 0): void {
    this.execute(
      command.mapd(device, 5, table.translations + 0x400 * device),
      command.mapc(pe, pe),
      command.mapti(device, event, intid, pe),
    );
  }
}

describe('the ITS', () => {
  test("makes a device's event an LPI that is acknowledged once and has no active state", () => {
    const its = new Its();
    its.map(3, 1, 8200);
    its.bench.gic.its!.translate(3, 1);
    expect(its.bench.gic.pins(0)).toMatchObject({ irq: true });
    expect(its.bench.gic.describe().interrupts.at(-1)).toMatchObject({
      intid: 8200,
      kind: 'LPI',
      pe: 0,
      pending: true,
    });
    expect(its.bench.read('ICC_IAR1_EL1')).toBe(8200);
    expect(its.bench.gic.pins(0).irq).toBe(false);
    its.bench.gic.its!.translate(3, 1);
    its.bench.write('ICC_EOIR1_EL1', 8200);
    expect(its.bench.read('ICC_IAR1_EL1')).toBe(8200);
  });

  test('drops messages of devices and events that nobody has mapped', () => {
    const its = new Its();
    its.map(3, 1, 8200);
    its.bench.gic.its!.translate(3, 2);
    its.bench.gic.its!.translate(4, 1);
    its.bench.gic.its!.translate(3, 1000);
    expect(its.bench.gic.pins(0).irq).toBe(false);
  });

  test('gives the LPIs of a collection to its processing element, and moves them', () => {
    const its = new Its();
    its.map(1, 0, 8192);
    its.execute(command.mapc(7, 1), command.movi(1, 0, 7), command.int(1, 0));
    expect([its.bench.gic.pins(0).irq, its.bench.gic.pins(1).irq]).toEqual([false, true]);
    its.execute(command.movall(1, 0));
    expect([its.bench.gic.pins(0).irq, its.bench.gic.pins(1).irq]).toEqual([true, false]);
    expect(its.bench.read('ICC_IAR1_EL1', on(1, hypervisor))).toBe(1023);
  });

  test('reads the configuration of an LPI again when it is told to', () => {
    const its = new Its();
    its.map(1, 0, 8193);
    its.memory[table.properties + 1] = 0xa0; // disabled
    its.execute(command.int(1, 0));
    expect(its.bench.gic.pins(0).irq).toBe(false);
    its.memory[table.properties + 1] = 0x41;
    its.execute(command.inv(1, 0));
    expect(its.bench.gic.pins(0).irq).toBe(true);
    expect(its.bench.gic.highestPending(0)).toMatchObject({ intid: 8193, priority: 0x40 });
  });

  test('walks tables of two levels', () => {
    const its = new Its();
    its.set(0, 0n, 4);
    its.set(0x100, BigInt(table.devices) | valid | (1n << 62n)); // pages of 4 KiB: 512 devices each
    its.set(0, 1n, 4);
    new DataView(its.memory.buffer).setBigUint64(table.devices + 8, BigInt(0x8_0000) | valid, true);
    its.map(513, 0, 8194);
    its.map(3, 0, 8195); // its page is not there
    its.execute(command.int(513, 0), command.int(3, 0));
    expect(its.bench.read('ICC_IAR1_EL1')).toBe(8194);
    expect(its.bench.read('ICC_IAR1_EL1')).toBe(1023);
  });

  test('stalls at a command that is not in memory, and goes on when it is told to try again', () => {
    const its = new Its();
    its.set(0, 0n, 4);
    its.set(0x80, 0x10_0000n | valid);
    its.set(0, 1n, 4);
    its.set(0x88, 32n);
    expect(its.get(0x90)).toBe(1n);
    its.set(0, 0n, 4);
    its.set(0x80, BigInt(table.queue) | valid);
    its.set(0, 1n, 4);
    expect(its.get(0x90)).toBe(32n);
  });

  test('keeps what is pending in the table in memory while LPIs are off', () => {
    const its = new Its();
    its.map(1, 0, 8192 + 17);
    its.execute(command.int(1, 0));
    its.bench.setGicr(0, 0);
    expect(its.bench.gic.pins(0).irq).toBe(false);
    expect(its.memory[table.pending[0] + 1024 + 2]).toBe(2);
    its.bench.setGicr(0, 1);
    expect(its.bench.read('ICC_IAR1_EL1')).toBe(8192 + 17);
  });

  test('is the same after its state was saved and restored', () => {
    const its = new Its();
    its.map(1, 0, 8192);
    its.execute(command.int(1, 0));
    const saved = structuredClone(its.bench.gic.save());
    its.bench.read('ICC_IAR1_EL1');
    its.set(0, 0n, 4);
    its.bench.gic.restore(saved);
    expect(its.bench.gic.pins(0).irq).toBe(true);
    expect(its.bench.gic.its!.enabled).toBe(true);
    expect(its.bench.gic.save()).toEqual(saved);
  });
});

const gits = 0x808_0000;
const ram = 0x4010_0000;
const words = ['-M', 'virt,gic-version=3', '-smp', '2'];

/** Runs the same on our board and on QEMU's. */
async function sameAsQemu(work: (board: Board) => Promise<unknown>): Promise<void> {
  const ours = await work(ownBoard(words));
  const qemu = new QemuBoard([...words, '-cpu', 'cortex-a57', '-m', '16']);
  try {
    expect(ours).toEqual(await work(qemu));
  } finally {
    await qemu.close();
  }
}

describe('the ITS does as on QEMU', () => {
  testWith('qemu-system-aarch64')('when its registers are read', async () => {
    await sameAsQemu(async board => {
      const values: string[] = [];
      for (const offset of [0x8, 0x100, 0x108, 0x110, 0x138, 0x80, 0x88, 0x90, 0xffd0, 0xffe8, 0xfff0]) {
        values.push(`GITS + 0x${offset.toString(16)} = 0x${(await board.read(gits + offset, 8)).toString(16)}`);
      }
      for (const offset of [0x0, 0x4]) values.push(`GITS 0x${(await board.read(gits + offset, 4)).toString(16)}`);
      for (const offset of [0x0, 0x2_0000])
        values.push(`GICR 0x${(await board.read(0x80a_0000 + offset, 4)).toString(16)}`);
      for (const offset of [0x8, 0x2_0008])
        values.push(`GICR 0x${(await board.read(0x80a_0000 + offset, 8)).toString(16)}`);
      return values;
    });
  });

  testWith('qemu-system-aarch64')('when 300 random commands come, right and wrong ones', async () => {
    const seed = 0x17 * 0x11 + 5;
    console.info(`seed 0x${seed.toString(16)}`);
    const next = randomNumbers(seed);
    const random = (): Command => {
      const [device, event, collection] = [next(3), next(10), next(4)];
      switch (next(11)) {
        case 0:
          return command.mapd(device, 3, next(4) ? ram + table.translations + 0x400 * device : undefined);
        case 1:
          return command.mapc(collection, next(6) ? next(3) : undefined);
        case 2:
        case 3:
        case 4:
          return command.mapti(device, event, next(12) ? 8192 + next(20) : next(8192), collection);
        case 5:
        case 6:
        case 7:
          return command.int(device, event);
        case 8:
          return command.clear(device, event);
        case 9:
          return next(3) ? command.movi(device, event, collection) : command.movall(next(2), next(2));
        default:
          return next(2) ? command.discard(device, event) : command.invall(collection);
      }
    };
    // Between rounds the tables of pending interrupts are looked at, while LPIs are off.
    const rounds = Array.from({ length: 30 }, () => Array.from({ length: 10 }, random));
    await sameAsQemu(async board => {
      const gicr = (pe: number, offset: number) => 0x80a_0000 + 0x2_0000 * pe + offset;
      await board.writeBytes(ram, new Uint8Array(0x8_0000));
      await board.writeBytes(ram + table.properties, new Uint8Array(0x100).fill(0xa1));
      for (const pe of [0, 1]) {
        await board.write(gicr(pe, 0x70), 8, BigInt(ram + table.properties) | 15n);
        await board.write(gicr(pe, 0x78), 8, BigInt(ram + table.pending[pe as 0 | 1]));
      }
      await board.write(gits + 0x100, 8, BigInt(ram + table.devices) | 0x200n | valid);
      await board.write(gits + 0x108, 8, BigInt(ram + table.collections) | 0x200n | valid);
      await board.write(gits + 0x80, 8, BigInt(ram + table.queue) | valid);
      await board.write(gits, 4, 1n);
      const seen: string[] = [];
      let at = 0;
      for (const [round, commands] of rounds.entries()) {
        for (const pe of [0, 1]) await board.write(gicr(pe, 0), 4, 1n);
        for (const one of commands) {
          await board.writeBytes(ram + table.queue + at, commandBytes(one));
          at = (at + 32) % 4096;
        }
        await board.write(gits + 0x88, 8, BigInt(at));
        seen.push(`round ${round}: read offset 0x${(await board.read(gits + 0x90, 8)).toString(16)}`);
        for (const pe of [0, 1]) {
          await board.write(gicr(pe, 0), 4, 0n);
          const bits = await board.readBytes(ram + table.pending[pe as 0 | 1] + 1024, 4);
          seen.push(`round ${round}, PE ${pe}: pending ${Buffer.from(bits).toString('hex')}`);
        }
      }
      expect(seen.filter(line => /pending .*[1-9a-f]/.test(line)).length).toBeGreaterThan(15);
      return seen;
    });
  });
});

describe('the frame for messages of a GICv2', () => {
  test('says as much as on QEMU, and pulses the interrupt that a message names', async () => {
    const own = ownBoard([]);
    expect(await own.read(0x802_0008, 4)).toBe(0x50_0040n);
    await own.write(0x800_0c14, 4, 0xffff_ffffn); // INTIDs 80 to 95 are edge-triggered
    await own.write(0x802_0040, 4, 82n);
    await own.write(0x802_0040, 4, 200n);
    expect(await own.read(0x800_0208, 4)).toBe(1n << 18n);
    expect(await own.read(0x800_0218, 4)).toBe(0n);
  });
});
