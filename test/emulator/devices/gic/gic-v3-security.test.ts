import { describe, expect, test } from 'vitest';
import { type Actor, firmware, GicV3Bench, hypervisor, secureSystem } from './gic-v3-bench.ts';

const spurious = 1023;
const secureGroup1 = 40;
const nonSecureGroup1 = 41;
const group0 = 42;

/** Firmware that has put one interrupt in each group and enabled all. */
function secureBench() {
  const bench = new GicV3Bench({ securityExtensions: true }).open(firmware);
  for (const intid of [secureGroup1, nonSecureGroup1, group0]) {
    bench.configure(intid, { group: intid === nonSecureGroup1 ? 1 : 0, priority: 0x80 }, firmware);
  }
  bench.setGicd(0xd04, 1 << (secureGroup1 - 32), 4, firmware);
  bench.write('ICC_IGRPEN1_EL3', 3, firmware);
  const enter = ({ pe, el, secure }: Actor) => bench.gic.setExecutionState(pe, el, secure);
  const pend = (intid: number) => bench.setGicd(0x204, 2 ** (intid - 32), 4, firmware);
  return { bench, enter, pend };
}

describe('with two security states', () => {
  test.each([
    ['Group 0', group0, 'fiq', 'fiq', 'fiq'],
    ['Secure Group 1', secureGroup1, 'fiq', 'irq', 'fiq'],
    ['Non-secure Group 1', nonSecureGroup1, 'irq', 'fiq', 'fiq'],
  ])('%s is signalled by what executes', (_, intid, nonSecure, secure, el3) => {
    const { bench, enter, pend } = secureBench();
    pend(intid);
    const seen = [hypervisor, secureSystem, firmware].map(actor => {
      enter(actor);
      return bench.pins();
    });
    expect(seen).toEqual([nonSecure, secure, el3]);
  });

  test('each security state acknowledges its own interrupts', () => {
    const { bench, pend } = secureBench();
    pend(secureGroup1);
    expect(bench.read('ICC_IAR1_EL1', hypervisor)).toBe(spurious);
    expect(bench.read('ICC_IAR0_EL1', firmware)).toBe(1020);
    expect(bench.read('ICC_IAR1_EL1', secureSystem)).toBe(secureGroup1);
    bench.write('ICC_EOIR1_EL1', secureGroup1, hypervisor);
    expect(bench.state(secureGroup1)).toBe('active');
    bench.write('ICC_EOIR1_EL1', secureGroup1, secureSystem);
    expect(bench.state(secureGroup1)).toBe('inactive');
    pend(group0);
    expect(bench.read('ICC_IAR0_EL1', hypervisor)).toBe(spurious);
    expect(bench.read('ICC_HPPIR0_EL1', secureSystem)).toBe(group0);
  });

  test('EL3 learns whom a pending interrupt is for without acknowledging it', () => {
    const { bench, pend } = secureBench();
    pend(nonSecureGroup1);
    expect(bench.read('ICC_HPPIR0_EL1', firmware)).toBe(1021);
    expect(bench.state(nonSecureGroup1)).toBe('pending');
  });

  test('Non-secure software sees nothing of Secure interrupts in the distributor', () => {
    const { bench } = secureBench();
    expect(bench.gicd(0x104, 4, hypervisor)).toBe(BigInt(1 << (nonSecureGroup1 - 32)));
    bench.setGicd(0x184, 0xffff_ffff, 4, hypervisor);
    expect(bench.gicd(0x104, 4, firmware)).toBe(BigInt((1 << (secureGroup1 - 32)) | (1 << (group0 - 32))));
    expect([bench.gicd(0x084, 4, hypervisor), bench.gicd(0xd04, 4, hypervisor)]).toEqual([0n, 0n]);
    expect(bench.gicd(0x400 + group0, 1, hypervisor)).toBe(0n);
  });

  test('Non-secure software has the less urgent half of the priorities', () => {
    const { bench } = secureBench();
    bench.setGicd(0x400 + nonSecureGroup1, 0x40, 1, hypervisor);
    expect(bench.gicd(0x400 + nonSecureGroup1, 1, hypervisor)).toBe(0x40n);
    expect(bench.gicd(0x400 + nonSecureGroup1, 1, firmware)).toBe(0xa0n);
    const limited = { ...hypervisor, scr: 1n << 2n };
    bench.write('ICC_PMR_EL1', 0x40, limited);
    expect([bench.read('ICC_PMR_EL1', limited), bench.read('ICC_PMR_EL1', firmware)]).toEqual([0x40, 0xa0]);
    bench.write('ICC_PMR_EL1', 0x40, firmware);
    bench.write('ICC_PMR_EL1', 0xff, limited);
    expect([bench.read('ICC_PMR_EL1', limited), bench.read('ICC_PMR_EL1', firmware)]).toEqual([0, 0x40]);
  });

  test('writing one priority byte leaves the Secure ones beside it alone', () => {
    const { bench } = secureBench();
    bench.setGicd(0x400 + nonSecureGroup1, 0, 1, hypervisor);
    expect(bench.gicd(0x400 + 40, 4, firmware)).toBe(0x0080_8080n);
  });

  test('NSACR gives Non-secure software some power over a Secure interrupt', () => {
    const { bench } = secureBench();
    const pendNonSecure = () => bench.setGicd(0x204, 1 << (group0 - 32), 4, hypervisor);
    pendNonSecure();
    expect(bench.state(group0)).toBe('inactive');
    bench.setGicd(0xe08, 1 << (2 * (group0 - 32)), 4, firmware);
    pendNonSecure();
    expect(bench.state(group0)).toBe('pending');
    bench.setGicd(0x284, 1 << (group0 - 32), 4, hypervisor);
    expect(bench.state(group0)).toBe('pending');
  });

  test('registers of Group 1 exist twice, and EL3 chooses one by SCR_EL3.NS', () => {
    const { bench } = secureBench();
    bench.write('ICC_BPR1_EL1', 5, secureSystem);
    bench.write('ICC_BPR1_EL1', 6, hypervisor);
    expect(bench.read('ICC_BPR1_EL1', firmware)).toBe(5);
    expect(bench.read('ICC_BPR1_EL1', { ...firmware, scr: 1n })).toBe(6);
  });

  test('GICD_CTLR has a Non-secure view, and DS gives up the second state for good', () => {
    const { bench } = secureBench();
    expect([bench.gicd(0, 4, firmware), bench.gicd(0, 4, hypervisor)]).toEqual([0x37n, 0x12n]);
    bench.setGicd(0, 0, 4, hypervisor);
    expect(bench.gicd(0, 4, firmware)).toBe(0x35n);
    bench.setGicd(0, 0x40, 4, firmware);
    bench.setGicd(0, 0x3, 4, firmware);
    expect([bench.gicd(0, 4, firmware), bench.gicd(0, 4, hypervisor)]).toEqual([0x53n, 0x53n]);
  });

  test('an SGI of the other security state needs permission', () => {
    const { bench } = secureBench();
    bench.configure(3, { group: 0 }, firmware);
    bench.write('ICC_SGI0R_EL1', (3n << 24n) | 1n, hypervisor);
    expect(bench.state(3)).toBe('inactive');
    bench.setGicr(0x1_0e00, 1 << 6, 4, 0, firmware);
    bench.write('ICC_SGI0R_EL1', (3n << 24n) | 1n, hypervisor);
    expect(bench.state(3)).toBe('pending');
  });

  test('firmware can leave everything to Non-secure software', () => {
    const { bench, enter } = secureBench();
    bench.gic.assignAllToNonSecure();
    enter(hypervisor);
    bench.setGicd(0x204, 1 << (group0 - 32), 4, hypervisor);
    expect(bench.pins()).toBe('irq');
    expect(bench.gic.describe().interrupts.find(i => i.intid === 7)?.group).toBe('Non-secure Group 1');
  });
});
