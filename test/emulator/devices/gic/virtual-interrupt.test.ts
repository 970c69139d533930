import { describe, expect, test } from 'vitest';
import { GicV3Bench, guest, listRegister } from './gic-v3-bench.ts';

const spurious = 1023;
const control = { en: 1, uie: 2, lrenpie: 4, npie: 8, grp0e: 16, grp0d: 32, grp1e: 64, grp1d: 128 };
const status = { eoi: 1, u: 2, lrenp: 4, np: 8, grp0e: 16, grp0d: 32, grp1e: 64, grp1d: 128 };

/** A hypervisor that has switched the virtual interface on, with a guest that takes interrupts of both groups. */
function virtual() {
  const bench = new GicV3Bench().open();
  bench.write('ICH_HCR_EL2', control.en);
  bench.write('ICC_PMR_EL1', 0xf8, guest);
  bench.write('ICC_IGRPEN0_EL1', 1, guest);
  bench.write('ICC_IGRPEN1_EL1', 1, guest);
  return bench;
}

describe('a virtual interrupt', () => {
  test('in a list register is signalled to the guest, acknowledged and ended by it', () => {
    const bench = virtual();
    bench.write('ICH_LR1_EL2', listRegister({ intid: 27 }));
    expect(bench.pins()).toBe('vIrq');
    expect(bench.read('ICC_IAR1_EL1', guest)).toBe(27);
    expect(bench.read64('ICH_LR1_EL2')).toBe(listRegister({ intid: 27, state: 'active' }));
    expect([bench.pins(), bench.read('ICC_RPR_EL1', guest), bench.read('ICH_AP1R0_EL2')]).toEqual(['', 0x80, 0x1_0000]);
    bench.write('ICC_EOIR1_EL1', 27, guest);
    expect(bench.read64('ICH_LR1_EL2')).toBe(listRegister({ intid: 27, state: 'invalid' }));
    expect(bench.read('ICC_RPR_EL1', guest)).toBe(0xff);
  });

  test('of Group 0 is a virtual FIQ', () => {
    const bench = virtual();
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27, group: 0 }));
    expect(bench.pins()).toBe('vFiq');
    expect(bench.read('ICC_IAR1_EL1', guest)).toBe(spurious);
    expect(bench.read('ICC_IAR0_EL1', guest)).toBe(27);
  });

  test('that stands for a physical one deactivates it at its end', () => {
    const bench = virtual();
    bench.configure(27, { level: true });
    bench.write('ICC_CTLR_EL1', 2);
    bench.gic.ppi(0, 27).set(true);
    bench.read('ICC_IAR1_EL1');
    bench.write('ICC_EOIR1_EL1', 27);
    expect([bench.state(27), bench.pins()]).toEqual(['pending and active', '']);
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27, physical: 27 }));
    expect(bench.read('ICC_IAR1_EL1', guest)).toBe(27);
    bench.gic.ppi(0, 27).set(false);
    bench.write('ICC_EOIR1_EL1', 27, guest);
    expect([bench.state(27), bench.pins()]).toEqual(['inactive', '']);
  });

  test('that stands for a shared physical one deactivates it for everybody', () => {
    const bench = virtual();
    bench.configure(40);
    bench.write('ICC_CTLR_EL1', 2);
    bench.pend(40);
    bench.read('ICC_IAR1_EL1');
    bench.write('ICC_EOIR1_EL1', 40);
    bench.pend(40);
    bench.write('ICH_LR0_EL2', listRegister({ intid: 50, physical: 40 }));
    bench.read('ICC_IAR1_EL1', guest);
    expect(bench.pins()).toBe('');
    bench.write('ICC_EOIR1_EL1', 50, guest);
    expect([bench.state(40), bench.pins()]).toEqual(['pending', 'irq']);
  });

  test('more urgent than the running one preempts it', () => {
    const bench = virtual();
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27, priority: 0x80 }));
    bench.read('ICC_IAR1_EL1', guest);
    bench.write('ICH_LR1_EL2', listRegister({ intid: 28, priority: 0x88 }));
    expect(bench.pins()).toBe('');
    bench.write('ICH_LR2_EL2', listRegister({ intid: 29, priority: 0x40 }));
    expect(bench.pins()).toBe('vIrq');
    expect(bench.read('ICC_IAR1_EL1', guest)).toBe(29);
  });

  test('waits behind the guest’s own priority mask, group enables and the hypervisor’s switch', () => {
    const bench = virtual();
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27, priority: 0x80 }));
    bench.write('ICC_PMR_EL1', 0x80, guest);
    expect(bench.pins()).toBe('');
    bench.write('ICC_PMR_EL1', 0xf8, guest);
    bench.write('ICC_IGRPEN1_EL1', 0, guest);
    expect(bench.pins()).toBe('');
    bench.write('ICC_IGRPEN1_EL1', 1, guest);
    bench.write('ICH_HCR_EL2', 0);
    expect([bench.pins(), bench.read('ICC_IAR1_EL1', guest)]).toEqual(['', spurious]);
    bench.write('ICH_HCR_EL2', control.en);
    expect(bench.pins()).toBe('vIrq');
  });

  test('ends in two steps when the guest asks for it', () => {
    const bench = virtual();
    bench.write('ICC_CTLR_EL1', 2, guest);
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27 }));
    bench.read('ICC_IAR1_EL1', guest);
    bench.write('ICC_EOIR1_EL1', 27, guest);
    expect(bench.read64('ICH_LR0_EL2')).toBe(listRegister({ intid: 27, state: 'active' }));
    bench.write('ICC_DIR_EL1', 27, guest);
    expect(bench.read64('ICH_LR0_EL2')).toBe(listRegister({ intid: 27, state: 'invalid' }));
  });
});

describe('the guest', () => {
  test('reaches the physical registers unless the hypervisor takes interrupts', () => {
    const bench = virtual();
    const plain = { ...guest, hcr: 0n };
    bench.write('ICC_PMR_EL1', 0x50, plain);
    expect([bench.read('ICC_PMR_EL1'), bench.read('ICC_PMR_EL1', guest)]).toEqual([0x50, 0xf8]);
  });

  test('with only IRQs taken from it keeps the physical Group 0 registers', () => {
    const bench = virtual();
    const irqOnly = { ...guest, hcr: 1n << 4n };
    bench.write('ICC_BPR0_EL1', 5);
    bench.write('ICC_BPR1_EL1', 6);
    expect([bench.read('ICC_BPR0_EL1', irqOnly), bench.read('ICC_BPR1_EL1', irqOnly)]).toEqual([5, 3]);
  });

  test('shows its settings to the hypervisor in ICH_VMCR_EL2, and takes them from there', () => {
    const bench = virtual();
    bench.write('ICC_CTLR_EL1', 3, guest);
    bench.write('ICC_BPR0_EL1', 4, guest);
    expect(bench.read('ICH_VMCR_EL2')).toBe(0xf88c_021b);
    expect(bench.read('ICC_BPR1_EL1', guest)).toBe(5);
    bench.write('ICH_VMCR_EL2', 0xa06c_0000);
    expect(bench.read('ICC_PMR_EL1', guest)).toBe(0xa0);
    expect(bench.read('ICC_IGRPEN1_EL1', guest)).toBe(0);
    expect(bench.read('ICC_CTLR_EL1', guest) & 3).toBe(0);
  });
});

describe('the maintenance interrupt', () => {
  /** Level of PPI 25 as GICR_ISPENDR0 shows it. */
  const asserted = (bench: GicV3Bench) => (Number(bench.gicr(0x1_0200)) & (1 << 25)) !== 0;

  test('tells of underflow until two list registers hold interrupts', () => {
    const bench = virtual();
    bench.write('ICH_HCR_EL2', control.en | control.uie);
    expect([bench.read('ICH_MISR_EL2'), asserted(bench)]).toEqual([status.u, true]);
    bench.write('ICH_LR0_EL2', listRegister({ intid: 27 }));
    expect(asserted(bench)).toBe(true);
    bench.write('ICH_LR1_EL2', listRegister({ intid: 28 }));
    expect([bench.read('ICH_MISR_EL2'), asserted(bench)]).toEqual([0, false]);
  });

  test('is a private interrupt like others: enabled, it is signalled and acknowledged', () => {
    const bench = virtual();
    bench.configure(25, { level: true });
    bench.write('ICH_HCR_EL2', control.en | control.npie);
    expect(bench.pins()).toBe('irq');
    expect(bench.read('ICC_IAR1_EL1')).toBe(25);
    bench.write('ICH_HCR_EL2', control.en);
    bench.write('ICC_EOIR1_EL1', 25);
    expect(bench.pins()).toBe('');
  });

  test('tells of the end of an interrupt whose list register asks for it', () => {
    const bench = virtual();
    bench.write('ICH_LR3_EL2', listRegister({ intid: 5, endMaintenance: true }));
    bench.read('ICC_IAR1_EL1', guest);
    expect([bench.read('ICH_EISR_EL2'), asserted(bench)]).toEqual([0, false]);
    bench.write('ICC_EOIR1_EL1', 5, guest);
    expect([bench.read('ICH_EISR_EL2'), bench.read('ICH_ELRSR_EL2'), bench.read('ICH_MISR_EL2')]).toEqual([8, 7, 1]);
    expect(asserted(bench)).toBe(true);
    bench.write('ICH_LR3_EL2', 0);
    expect([asserted(bench), bench.read('ICH_ELRSR_EL2')]).toEqual([false, 15]);
  });

  test('tells of interrupts that end without a list register, which are counted', () => {
    const bench = virtual();
    bench.write('ICH_HCR_EL2', control.en | control.lrenpie);
    bench.write('ICH_AP1R0_EL2', 0x1_0000);
    bench.write('ICC_EOIR1_EL1', 99, guest);
    expect(bench.read('ICH_HCR_EL2')).toBe(0x0800_0000 + control.en + control.lrenpie);
    expect([bench.read('ICH_MISR_EL2'), asserted(bench)]).toEqual([status.lrenp, true]);
  });

  test('does not count an end that drops no priority, or that only drops it', () => {
    const bench = virtual();
    bench.write('ICC_EOIR1_EL1', 99, guest);
    expect(bench.read('ICH_HCR_EL2')).toBe(control.en);
    bench.write('ICC_CTLR_EL1', 2, guest);
    bench.write('ICH_AP1R0_EL2', 0x1_0000);
    bench.write('ICC_EOIR1_EL1', 99, guest);
    expect(bench.read('ICH_HCR_EL2')).toBe(control.en);
    bench.write('ICC_DIR_EL1', 99, guest);
    expect(bench.read('ICH_HCR_EL2')).toBe(0x0800_0000 + control.en);
  });

  test('tells of groups that the guest enables or disables', () => {
    const bench = virtual();
    bench.write('ICH_HCR_EL2', control.en | control.grp0d | control.grp1d);
    expect(bench.read('ICH_MISR_EL2')).toBe(0);
    bench.write('ICC_IGRPEN0_EL1', 0, guest);
    expect([bench.read('ICH_MISR_EL2'), asserted(bench)]).toEqual([status.grp0d, true]);
    bench.write('ICH_HCR_EL2', control.en | control.grp0e | control.grp1e);
    expect(bench.read('ICH_MISR_EL2')).toBe(status.grp1e);
  });

  test('is silent while the virtual interface is off', () => {
    const bench = virtual();
    bench.write('ICH_HCR_EL2', control.uie | control.npie);
    expect(asserted(bench)).toBe(false);
  });
});

test('the debugger sees list registers decoded', () => {
  const bench = virtual();
  bench.write('ICH_LR0_EL2', listRegister({ intid: 27, physical: 30, priority: 0x40 }));
  bench.write('ICH_HCR_EL2', control.en | control.uie);
  const { virtual: view } = bench.gic.describe().processingElements[0]!;
  expect(view).toMatchObject({ enabled: true, maintenance: ['U'], highestPending: 27, groupsEnabled: [true, true] });
  expect(view.listRegisters[0]).toEqual({
    index: 0,
    state: 'pending',
    virtualId: 27,
    priority: 0x40,
    group: 1,
    physicalId: 30,
    endMaintenance: false,
  });
  expect(view.listRegisters[1]).toMatchObject({ state: 'invalid', virtualId: 0 });
});
