import { describe, expect, test } from 'vitest';
import { GicV3Bench, hypervisor, on } from './gic-v3-bench.ts';

const spurious = 1023;

function withInterrupt(intid = 40, options: Parameters<GicV3Bench['configure']>[1] = {}) {
  const bench = new GicV3Bench().open();
  bench.configure(intid, options);
  return bench;
}

describe('a shared interrupt of a GICv3', () => {
  test('is signalled as IRQ when pending, is acknowledged once, and ends', () => {
    const bench = withInterrupt();
    bench.pend(40);
    expect(bench.pins()).toBe('irq');
    expect(bench.read('ICC_IAR1_EL1')).toBe(40);
    expect([bench.pins(), bench.state(40), bench.read('ICC_RPR_EL1')]).toEqual(['', 'active', 0x80]);
    expect(bench.read('ICC_IAR1_EL1')).toBe(spurious);
    bench.write('ICC_EOIR1_EL1', 40);
    expect([bench.state(40), bench.read('ICC_RPR_EL1')]).toEqual(['inactive', 0xff]);
  });

  test('follows its line when level-sensitive: pending again after its end while the line stays high', () => {
    const bench = withInterrupt(40, { level: true });
    const line = bench.gic.spi(8);
    line.set(true);
    expect(bench.read('ICC_IAR1_EL1')).toBe(40);
    expect([bench.state(40), bench.pins()]).toEqual(['pending and active', '']);
    bench.write('ICC_EOIR1_EL1', 40);
    expect([bench.state(40), bench.pins()]).toEqual(['pending', 'irq']);
    line.set(false);
    expect([bench.state(40), bench.pins()]).toEqual(['inactive', '']);
  });

  test('remembers a rising edge when edge-triggered, also one that comes while it is active', () => {
    const bench = withInterrupt();
    const line = bench.gic.spi(8);
    line.set(true);
    line.set(false);
    expect(bench.read('ICC_IAR1_EL1')).toBe(40);
    line.set(true);
    expect(bench.state(40)).toBe('pending and active');
    bench.write('ICC_EOIR1_EL1', 40);
    expect(bench.read('ICC_IAR1_EL1')).toBe(40);
    bench.write('ICC_EOIR1_EL1', 40);
    expect(bench.state(40)).toBe('inactive');
  });

  test('in Group 0 is signalled as FIQ and acknowledged by the Group 0 register only', () => {
    const bench = withInterrupt(40, { group: 0 });
    bench.pend(40);
    expect(bench.pins()).toBe('fiq');
    expect(bench.read('ICC_IAR1_EL1')).toBe(spurious);
    expect(bench.read('ICC_HPPIR0_EL1')).toBe(40);
    expect(bench.read('ICC_IAR0_EL1')).toBe(40);
  });

  test('stays silent while disabled, masked by priority, or its group is off anywhere', () => {
    const bench = withInterrupt();
    bench.pend(40);
    bench.setGicd(0x184, 1 << 8);
    expect(bench.pins()).toBe('');
    bench.setGicd(0x104, 1 << 8);
    bench.write('ICC_PMR_EL1', 0x80);
    expect(bench.pins()).toBe('');
    bench.write('ICC_PMR_EL1', 0x88);
    expect(bench.pins()).toBe('irq');
    bench.write('ICC_IGRPEN1_EL1', 0);
    expect(bench.pins()).toBe('');
    bench.write('ICC_IGRPEN1_EL1', 1);
    bench.setGicd(0, 1);
    expect(bench.pins()).toBe('');
    bench.setGicd(0, 3);
    expect(bench.pins()).toBe('irq');
  });

  test('that is more urgent preempts, a less urgent one waits', () => {
    const bench = withInterrupt(40, { priority: 0x80 });
    bench.configure(41, { priority: 0x40 });
    bench.configure(42, { priority: 0xc0 });
    bench.pend(40);
    expect(bench.read('ICC_IAR1_EL1')).toBe(40);
    bench.pend(42);
    expect(bench.pins()).toBe('');
    bench.pend(41);
    expect([bench.pins(), bench.read('ICC_HPPIR1_EL1')]).toEqual(['irq', 41]);
    expect(bench.read('ICC_IAR1_EL1')).toBe(41);
    expect(bench.read('ICC_AP1R0_EL1')).toBe((1 << (0x80 >> 3)) | (1 << (0x40 >> 3)));
    bench.write('ICC_EOIR1_EL1', 41);
    expect(bench.read('ICC_RPR_EL1')).toBe(0x80);
    bench.write('ICC_EOIR1_EL1', 40);
    expect(bench.read('ICC_IAR1_EL1')).toBe(42);
  });

  test('of the same group priority does not preempt, whatever its subpriority', () => {
    const bench = withInterrupt(40, { priority: 0x88 });
    bench.configure(41, { priority: 0x80 });
    bench.write('ICC_BPR1_EL1', 5);
    bench.pend(40);
    bench.read('ICC_IAR1_EL1');
    bench.pend(41);
    expect([bench.pins(), bench.read('ICC_RPR_EL1')]).toEqual(['', 0x80]);
    bench.write('ICC_EOIR1_EL1', 40);
    expect(bench.pins()).toBe('irq');
  });

  test('ends in two steps with EOImode: the priority drops first, deactivation follows', () => {
    const bench = withInterrupt();
    bench.write('ICC_CTLR_EL1', 2);
    bench.pend(40);
    bench.read('ICC_IAR1_EL1');
    bench.write('ICC_EOIR1_EL1', 40);
    expect([bench.read('ICC_RPR_EL1'), bench.state(40)]).toEqual([0xff, 'active']);
    bench.pend(40);
    expect(bench.pins()).toBe('');
    bench.write('ICC_DIR_EL1', 40);
    expect(bench.pins()).toBe('irq');
  });

  test('goes to the processing element that GICD_IROUTER names', () => {
    const bench = new GicV3Bench({ processingElements: 2 }).open();
    bench.configure(40);
    bench.setGicd(0x6000 + 8 * 40, 1n, 8);
    bench.pend(40);
    expect([bench.pins(0), bench.pins(1)]).toEqual(['', 'irq']);
    expect(bench.read('ICC_IAR1_EL1', on(1, hypervisor))).toBe(40);
    bench.write('ICC_EOIR1_EL1', 40, on(1, hypervisor));
    bench.setGicd(0x6000 + 8 * 40, 7n, 8);
    bench.pend(40);
    expect([bench.pins(0), bench.pins(1)]).toEqual(['', '']);
  });

  test('routed to any goes to the first processing element that takes its group', () => {
    const bench = new GicV3Bench({ processingElements: 3 }).open();
    bench.configure(40);
    bench.setGicd(0x6000 + 8 * 40, 1n << 31n, 8);
    bench.write('ICC_IGRPEN1_EL1', 0, on(0, hypervisor));
    bench.pend(40);
    expect([bench.pins(0), bench.pins(1), bench.pins(2)]).toEqual(['', 'irq', '']);
    bench.write('ICC_IGRPEN1_EL1', 0, on(1, hypervisor));
    expect([bench.pins(0), bench.pins(1), bench.pins(2)]).toEqual(['', '', 'irq']);
    expect(bench.gic.describe().interrupts.find(i => i.intid === 40)?.targets).toEqual([0, 1, 2]);
  });

  test('beyond the last one does not exist', () => {
    const bench = new GicV3Bench();
    expect(() => bench.gic.spi(256)).toThrow('SPI 256: the GIC has SPIs 0 to 255');
    bench.setGicd(0x100 + 4 * 9, 0xffff_ffff);
    expect(bench.gicd(0x100 + 4 * 9)).toBe(0n);
  });
});

describe('a private interrupt of a GICv3', () => {
  test('belongs to one processing element', () => {
    const bench = new GicV3Bench({ processingElements: 2 }).open();
    bench.configure(27, { pe: 1, level: true });
    bench.gic.ppi(1, 27).set(true);
    expect([bench.pins(0), bench.pins(1)]).toEqual(['', 'irq']);
    expect(bench.changes).toEqual([1]);
    expect(bench.read('ICC_IAR1_EL1', on(1, hypervisor))).toBe(27);
  });

  test('tells of a change of the pins once', () => {
    const bench = withInterrupt(27, { level: true });
    const line = bench.gic.ppi(0, 27);
    line.set(true);
    line.set(true);
    expect(bench.changes).toEqual([0]);
    expect(() => bench.gic.ppi(0, 32)).toThrow('INTID 32 is no PPI');
    expect(() => bench.gic.ppi(1, 27)).toThrow('processing element 1: the GIC serves 1');
  });
});

describe('a software generated interrupt of a GICv3', () => {
  const open = () => {
    const bench = new GicV3Bench({ processingElements: 3 }).open();
    for (const pe of [0, 1, 2]) bench.configure(5, { pe });
    return bench;
  };
  const pending = (bench: GicV3Bench) => [0, 1, 2].filter(pe => bench.pins(pe) === 'irq');

  test('reaches the processing elements of the target list', () => {
    const bench = open();
    bench.write('ICC_SGI1R_EL1', (5n << 24n) | 0b110n);
    expect(pending(bench)).toEqual([1, 2]);
    expect(bench.read('ICC_IAR1_EL1', on(1, hypervisor))).toBe(5);
    expect(pending(bench)).toEqual([2]);
  });

  test('reaches everybody else', () => {
    const bench = open();
    bench.write('ICC_SGI1R_EL1', (1n << 40n) | (5n << 24n), on(1, hypervisor));
    expect(pending(bench)).toEqual([0, 2]);
  });

  test('reaches nobody of another affinity, nor a target that has it in the other group', () => {
    const bench = open();
    bench.write('ICC_SGI1R_EL1', (5n << 24n) | (1n << 16n) | 0b111n);
    bench.write('ICC_SGI0R_EL1', (5n << 24n) | 0b111n);
    expect(pending(bench)).toEqual([]);
    bench.setGicr(0x1_0080, 0, 4, 2);
    bench.write('ICC_SGI0R_EL1', (5n << 24n) | 0b111n);
    expect([bench.pins(0), bench.pins(1), bench.pins(2)]).toEqual(['', '', 'fiq']);
  });

  test('is edge-triggered for ever', () => {
    const bench = open();
    bench.setGicr(0x1_0c00, 0);
    expect(bench.gicr(0x1_0c00)).toBe(0xaaaa_aaaan);
  });
});

describe('what a GICv3 says of itself', () => {
  test('288 interrupts, affinity routing, no LPIs, no security states', () => {
    const bench = new GicV3Bench({ processingElements: 2 });
    expect(bench.gicd(0x004)).toBe(0x0178_0008n);
    expect(bench.gicd(0x000)).toBe(0x50n);
    expect(bench.gicd(0x00c)).toBe(0n);
    expect(bench.gicd(0xffe8)).toBe(0x3bn);
    expect(bench.gicr(0x8, 8, 0)).toBe(0n);
    expect(bench.gicr(0x8, 8, 1)).toBe(0x0000_0001_0000_0110n);
    expect(bench.gicr(0xffe8)).toBe(0x3bn);
    expect(bench.read('ICH_VTR_EL2')).toBe(0x90b8_0003);
  });

  test('GICR_WAKER follows what software asks for', () => {
    const bench = new GicV3Bench();
    expect(bench.gicr(0x14)).toBe(6n);
    bench.setGicr(0x14, 0);
    expect(bench.gicr(0x14)).toBe(0n);
  });

  test('64-bit registers can be accessed by halves, byte registers by bytes, others only whole', () => {
    const bench = new GicV3Bench();
    bench.setGicd(0x6000 + 8 * 40, 0x0001_0203);
    bench.setGicd(0x6004 + 8 * 40, 4);
    expect(bench.gicd(0x6000 + 8 * 40, 8)).toBe(0x4_0001_0203n);
    expect(bench.gicd(0x6004 + 8 * 40)).toBe(4n);
    bench.setGicd(0x429, 0x42, 1);
    expect([bench.gicd(0x428), bench.gicd(0x429, 1)]).toEqual([0x4200n, 0x42n]);
    bench.setGicd(0x428, 0xffff, 2);
    bench.setGicd(0x105, 0xff, 1);
    expect([bench.gicd(0x428), bench.gicd(0x104)]).toEqual([0x4200n, 0n]);
  });

  test('the debugger sees interrupts, groups and the CPU interface without disturbing them', () => {
    const bench = withInterrupt(40, { priority: 0x90 });
    bench.pend(40);
    const { interrupts, processingElements, groupsForwarded } = bench.gic.describe();
    expect(interrupts.find(i => i.intid === 40)).toEqual({
      intid: 40,
      kind: 'SPI',
      enabled: true,
      pending: true,
      active: false,
      line: false,
      trigger: 'edge',
      group: 'Group 1',
      priority: 0x90,
      targets: [0],
    });
    expect(groupsForwarded).toEqual(['Group 0', 'Group 1']);
    expect(processingElements[0]).toMatchObject({ highestPending: 40, priorityMask: 0xf8, runningPriority: 0xff });
    expect(bench.pins()).toBe('irq');
  });

  test('a snapshot brings everything back, pins included', () => {
    const bench = withInterrupt();
    bench.pend(40);
    bench.read('ICC_IAR1_EL1');
    bench.configure(41, { priority: 0x20 });
    bench.write('ICH_LR2_EL2', 0x5080_0000_0000_0030n);
    const saved = bench.gic.save();
    const before = bench.gic.describe();
    bench.pend(41);
    bench.write('ICC_EOIR1_EL1', 40);
    bench.write('ICH_LR2_EL2', 0);
    expect(bench.pins()).toBe('irq');
    bench.gic.restore(saved);
    expect(bench.gic.describe()).toEqual(before);
    const other = new GicV3Bench();
    other.gic.restore(saved);
    expect(other.gic.describe()).toEqual(before);
  });
});
