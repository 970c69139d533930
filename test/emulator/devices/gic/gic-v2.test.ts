import { describe, expect, test } from 'vitest';
import type { AccessSize } from '../../../../emulator/bus/types.ts';
import { GicV2 } from '../../../../emulator/devices/gic/index.ts';

const spurious = 1023;
const groupOneWaits = 1022;

/** A GICv2 whose distributor and CPU interfaces are on, with all shared interrupts going to processing element 0. */
function bench(processingElements = 2) {
  const gic = new GicV2({ processingElements });
  const access = (pe: number) => ({ pe, secure: false, privileged: true });
  const frame =
    (name: 'distributor' | 'cpuInterface' | 'virtualInterfaceControl' | 'virtualCpuInterface') =>
    (offset: number, pe = 0, size: AccessSize = 4) => ({
      get: () => Number(gic.regions[name].read(offset, size, access(pe))),
      set: (value: number) => gic.regions[name].write(offset, size, BigInt(value), access(pe)),
    });
  const gicd = frame('distributor');
  const gicc = frame('cpuInterface');
  const gich = frame('virtualInterfaceControl');
  const gicv = frame('virtualCpuInterface');
  gicd(0).set(3);
  for (let pe = 0; pe < processingElements; pe++) {
    gicc(0, pe).set(3);
    gicc(4, pe).set(0xff);
  }
  const configure = (intid: number, { priority = 0x80, group = 0, targets = 1 } = {}) => {
    const bit = 2 ** (intid & 31);
    if (group === 1) gicd(0x80 + 4 * (intid >> 5)).set(gicd(0x80 + 4 * (intid >> 5)).get() + bit);
    gicd(0x400 + intid, 0, 1).set(priority);
    if (intid >= 32) gicd(0x800 + intid, 0, 1).set(targets);
    gicd(0x100 + 4 * (intid >> 5)).set(bit);
  };
  const pend = (intid: number) => gicd(0x200 + 4 * (intid >> 5)).set(2 ** (intid & 31));
  const pins = (pe = 0) =>
    Object.entries(gic.pins(pe))
      .filter(([, high]) => high)
      .map(([name]) => name)
      .join(' ');
  const state = (intid: number) => {
    const found = gic.describe().interrupts.find(i => i.intid === intid && (i.pe ?? 0) === 0);
    return [found?.pending && 'pending', found?.active && 'active'].filter(Boolean).join(' and ') || 'inactive';
  };
  return { gic, gicd, gicc, gich, gicv, configure, pend, pins, state };
}

describe('a GICv2', () => {
  test('signals, acknowledges and ends an interrupt', () => {
    const { configure, pend, pins, gicc, state } = bench();
    configure(40);
    pend(40);
    expect(pins()).toBe('irq');
    expect(gicc(0x0c).get()).toBe(40);
    expect([pins(), state(40), gicc(0x14).get()]).toEqual(['', 'active', 0x80]);
    gicc(0x10).set(40);
    expect([state(40), gicc(0x14).get(), gicc(0x0c).get()]).toEqual(['inactive', 0xff, spurious]);
  });

  test('signals Group 0 as FIQ when asked to', () => {
    const { configure, pend, pins, gicc } = bench();
    configure(40);
    gicc(0).set(0xb);
    pend(40);
    expect(pins()).toBe('fiq');
  });

  test('tells of a Group 1 interrupt that the plain register may not take, unless AckCtl is set', () => {
    const { configure, pend, gicc } = bench();
    configure(40, { group: 1 });
    pend(40);
    expect([gicc(0x0c).get(), gicc(0x18).get(), gicc(0x28).get()]).toEqual([groupOneWaits, groupOneWaits, 40]);
    gicc(0).set(7);
    expect(gicc(0x0c).get()).toBe(40);
  });

  test('acknowledges Group 1 by the aliased register', () => {
    const { configure, pend, gicc, state } = bench();
    configure(40, { group: 1 });
    pend(40);
    expect(gicc(0x20).get()).toBe(40);
    expect([gicc(0xe8).get() + gicc(0xe4).get() + gicc(0xec).get() + gicc(0xe0).get(), gicc(0xd8).get()]).toEqual([
      1, 0,
    ]);
    gicc(0x24).set(40);
    expect(state(40)).toBe('inactive');
  });

  test('sends SGIs that tell who sent them, each sender apart', () => {
    const { gicd, gicc, configure, pins } = bench(3);
    configure(5);
    gicd(0xf00, 1).set(0x0001_0005);
    gicd(0xf00, 2).set(0x0100_0005);
    expect([pins(0), pins(1), pins(2)]).toEqual(['irq', 'irq', '']);
    expect(gicd(0xf24, 0, 1).get()).toBe(0);
    expect(gicd(0xf25, 0, 1).get()).toBe(0b110);
    expect(gicc(0x0c).get()).toBe((1 << 10) | 5);
    gicc(0x10).set((1 << 10) | 5);
    expect(gicc(0x0c).get()).toBe((2 << 10) | 5);
    gicc(0x10).set((2 << 10) | 5);
    expect(pins()).toBe('');
    gicd(0xf00).set(0x0200_0005);
    expect(gicc(0x0c).get()).toBe(5);
  });

  test('gives a shared interrupt to the first of its targets that acknowledges it', () => {
    const { configure, pend, gicc, pins } = bench();
    configure(40, { targets: 3 });
    pend(40);
    expect([pins(0), pins(1)]).toEqual(['irq', 'irq']);
    expect(gicc(0x0c, 1).get()).toBe(40);
    expect([pins(0), gicc(0x0c, 0).get()]).toEqual(['', spurious]);
  });

  test('has SGIs that cannot be disabled and targets that name only what exists', () => {
    const { gicd } = bench();
    gicd(0x180).set(0xffff_ffff);
    expect(gicd(0x100).get()).toBe(0xffff);
    gicd(0x820).set(0xffff_ffff);
    expect(gicd(0x820).get()).toBe(0x0303_0303);
    expect([gicd(0x800, 0, 1).get(), gicd(0x800, 1, 1).get()]).toEqual([1, 2]);
    expect(gicd(4).get()).toBe(0x28);
  });

  test('serves eight processing elements at most', () => {
    expect(() => new GicV2({ processingElements: 9 })).toThrow('GICv2 serves 1 to 8 processing elements, not 9');
  });

  test('has no system registers', () => {
    expect(bench().gic.systemRegisterHandlers()).toEqual({});
  });

  test('comes back from a snapshot', () => {
    const { gic, configure, pend, gicc, gich } = bench();
    configure(40);
    pend(40);
    gicc(0x0c).get();
    gicc(0).set(0xb);
    gich(0x100).set(0x5000_001b);
    const saved = gic.save();
    const before = gic.describe();
    gicc(0x10).set(40);
    gicc(0).set(0);
    gic.restore(saved);
    expect(gic.describe()).toEqual(before);
    expect(gicc(0).get()).toBe(0xb);
  });
});

describe('the virtual interface of a GICv2', () => {
  const virtual = () => {
    const all = bench();
    all.gich(0).set(1);
    all.gicv(0).set(3);
    all.gicv(4).set(0xf8);
    return all;
  };

  test('presents a list register to the guest and deactivates the physical interrupt at its end', () => {
    const { configure, pend, gicc, gich, gicv, pins, state } = virtual();
    configure(40);
    gicc(0).set(0x201);
    pend(40);
    gicc(0x0c).get();
    gicc(0x10).set(40);
    expect(state(40)).toBe('active');
    gich(0x100).set(2 ** 31 + (1 << 28) + (0x10 << 23) + (40 << 10) + 50);
    expect(pins()).toBe('vIrq');
    expect(gicv(0x0c).get()).toBe(50);
    expect(gich(0xf0).get()).toBe(1 << 0x10);
    gicv(0x10).set(50);
    expect([state(40), gich(0x100).get() >>> 28, gich(0x30).get()]).toEqual(['inactive', 8, 15]);
  });

  test('is a virtual FIQ in Group 0 when the guest asks for it', () => {
    const { gich, gicv, pins } = virtual();
    gich(0x104).set((1 << 28) + 27);
    gicv(0).set(0xb);
    expect(pins()).toBe('vFiq');
    expect(gich(8).get() & 0xf).toBe(0xb);
  });

  test('tells the guest who sent a virtual SGI', () => {
    const { gich, gicv } = virtual();
    gich(0x100).set((1 << 28) + (3 << 10) + 4);
    expect(gicv(0x0c).get()).toBe((3 << 10) + 4);
  });

  test('asks for maintenance at the end of an interrupt that wants it', () => {
    const { gich, gicv, gicd } = virtual();
    gich(0x100).set((1 << 28) + 2 ** 19 + 4);
    gicv(0x0c).get();
    gicv(0x10).set(4);
    expect([gich(0x10).get(), gich(0x20).get()]).toEqual([1, 1]);
    expect(gicd(0x200).get() & (1 << 25)).not.toBe(0);
  });
});
