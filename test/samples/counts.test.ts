import { describe, expect, test } from 'vitest';
import { runOf, sampleNamed } from './support.ts';

const isGuestExit = (cause: string) => cause.startsWith('EL1 → EL2') || cause.startsWith('EL0 → EL2');

const sum = (counts: ReadonlyMap<string, number>, matches: (cause: string) => boolean) =>
  [...counts].filter(([cause]) => matches(cause)).reduce((total, [, count]) => total + count, 0);

describe('what a sample counts is what the machine recorded:', () => {
  test("the tiny hypervisor's table of exits", async () => {
    const { console, counts } = await runOf(sampleNamed('tiny-hypervisor'));
    const printed = (what: RegExp) => Number(new RegExp(`^ *(\\d+) {2}${what.source}`, 'm').exec(console)?.[1]);
    expect(printed(/hypercalls/)).toBe(counts.get('EL1 → EL2  HVC #0'));
    expect(printed(/accesses to the serial port/)).toBe(
      counts.get('EL1 → EL2  Data abort, stage 2, write: translation fault, level 1'),
    );
    expect(printed(/reads of identification registers/)).toBe(counts.get('EL1 → EL2  Trapped read of ID_AA64PFR0_EL1'));
    expect(printed(/waits/)).toBe(counts.get('EL1 → EL2  WFI was trapped'));
    expect(printed(/timer interrupts/)).toBe(counts.get('EL1 → EL2  IRQ'));
    // The list register did its work: the guest took a virtual interrupt for the physical one.
    expect(counts.get('EL1 → EL1  Virtual IRQ')).toBe(counts.get('EL1 → EL2  IRQ'));
    // Nothing else exited; the guest was entered once at the start, and after each exit but the last.
    const table = console.slice(console.indexOf('its exits were'));
    const total = [...table.matchAll(/^ *(\d+) {2}/gm)].reduce((all, match) => all + Number(match[1]), 0);
    expect(sum(counts, isGuestExit)).toBe(total);
    expect(counts.get('EL2 ↓ EL1  VM entry')).toBe(total);
  });

  test('traps and ERETs with and without VHE', async () => {
    const { console, counts } = await runOf(sampleNamed('vhe'));
    const parts = [...console.matchAll(/traps to EL2: (\d+), ERETs: (\d+)/g)];
    expect(parts.map(([, traps, erets]) => [Number(traps), Number(erets)])).toEqual([
      [2, 2],
      [1, 1],
    ]);
    // Beside these: the host at EL1 was started by one ERET and ended by one HVC.
    expect(sum(counts, isGuestExit)).toBe(2 + 1 + 1);
    expect(counts.get('EL2 ↓ EL1  VM entry')).toBe(2 + 1 + 1);
    expect(counts.get('EL1 → EL2  IRQ')).toBe(2);
  });

  test('each way between the Exception levels, once or as often as the lesson says', async () => {
    const { counts } = await runOf(sampleNamed('exception-levels'));
    expect(Object.fromEntries(counts)).toEqual({
      'EL0 → EL1  SVC #42': 1,
      'EL0 → EL1  SVC #0': 1,
      'EL0 → EL1  An UNDEFINED instruction, or one that a control makes UNDEFINED': 1,
      'EL1 → EL2  HVC #7': 1,
      'EL1 → EL2  SMC #0': 1,
      'EL1 → EL2  HVC #0': 1,
      'EL2 ↓ EL1  VM entry': 3,
      'EL1 ↓ EL0  Exception return': 3,
    });
  });

  test('the calls between two worlds, and the one interrupt', async () => {
    const { console, counts } = await runOf(sampleNamed('secure-world'));
    expect(Object.fromEntries(counts)).toEqual({
      // The kernel's four, the five with which the secure world gives up the processing element.
      'EL1 → EL3  SMC #0': 4 + 5,
      'EL2 → EL3  SMC #0': 1,
      'EL1 → EL3  FIQ': 1,
      'EL1 → EL2  HVC #0': 1,
      'EL1 → EL1  Data abort, read: synchronous external abort': 1,
      // Into the secure world five times, back to the kernel four times: the monitor answers one call itself.
      'EL3 ↓ EL1  Exception return': 5 + 4,
      'EL3 ↓ EL2  Exception return': 2,
      'EL2 ↓ EL1  VM entry': 2,
      'EL1 ↓ EL1  Exception return': 1,
    });
    expect(console).toContain('entries into the secure world: 5');
  });
});
