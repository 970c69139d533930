import { describe, expect } from 'vitest';
import { testWith } from '../support/requires.ts';
import { bootInQemu } from './conformance/boot.ts';
import { consoleDifferences, consoleLines } from './conformance/console.ts';
import { type LinuxVariant, linux } from './conformance/guests.ts';
import { type LinuxRun, linuxFiles, linuxScript, playLinux } from './support/linux.ts';
import { playInOtherProcess } from './support/other-process.ts';
import { machineFor, play, runTo } from './support/play.ts';

const patience = 900_000;
const n1: LinuxVariant = { cpu: 'neoverse-n1', gic: 3, mode: 'vhe', run: 'kvm-vmm' };

const runs = new Map<string, Promise<LinuxRun>>();
/** Each variant is booted once. */
function booted(variant: LinuxVariant): Promise<LinuxRun> {
  const key = JSON.stringify(variant);
  const run = runs.get(key) ?? playLinux(variant);
  runs.set(key, run);
  return run;
}

describe.each<LinuxVariant>([n1, { ...n1, mode: 'nvhe' }])('Linux with KVM, $mode', variant => {
  testWith(...linuxFiles)(
    'runs a guest of the small VMM to its end, and switches itself off',
    async () => {
      const { output } = await booted(variant);
      for (const words of linux(variant).says) expect(output.replaceAll('\r', '')).toMatch(words);
      const exits = consoleLines(output).filter(line => line.startsWith('exit '));
      expect(exits).toHaveLength(36);
      expect(exits[15]).toBe('exit 16: MMIO read of 8 bytes at 0x9000008, answered with 0xcafe');
      expect(exits[16]).toBe('exit 17: MMIO write of 8 bytes at 0x9000010: 0xcaff');
      expect(output).not.toMatch(/WARNING|BUG:|Oops|Call trace/);
    },
    patience,
  );

  testWith('qemu-system-aarch64', ...linuxFiles)(
    'writes the same console as in QEMU',
    async () => {
      const { output } = await booted(variant);
      const qemu = await bootInQemu(linux(variant), patience / 2);
      expect(consoleDifferences(output, qemu.console, linux(variant).allowances)).toEqual([]);
    },
    patience,
  );
});

testWith(...linuxFiles)(
  'what an exit of the KVM guest costs: with VHE it is one exception and one return, without it at least two',
  async () => {
    const vhe = await booted(n1);
    const nvhe = await booted({ ...n1, mode: 'nvhe' });
    const cost = ({ exits }: LinuxRun, cause: string) => {
      const found = exits.find(one => one.cause.includes(cause));
      return found && [found.exceptions, found.returns];
    };
    // KVM answers the first two itself. An access to the VMM's device goes out to EL0 and comes back by a system call;
    // without VHE the kernel at EL1 also asks EL2 to save and restore the interrupt controller and the timer.
    expect(cost(vhe, 'HVC')).toEqual([1, 1]);
    expect(cost(nvhe, 'HVC')).toEqual([2, 2]);
    expect(cost(vhe, 'ID_AA64PFR0_EL1')).toEqual([1, 1]);
    expect(cost(nvhe, 'ID_AA64PFR0_EL1')).toEqual([2, 2]);
    expect(cost(vhe, 'write')).toEqual([2, 2]);
    expect(cost(nvhe, 'write')).toEqual([9, 9]);
  },
  patience,
);

testWith(...linuxFiles)(
  'Linux on two processors',
  async () => {
    const { output } = await booted({ ...n1, smp: 2 });
    for (const words of linux({ ...n1, smp: 2 }).says) expect(output.replaceAll('\r', '')).toMatch(words);
    expect(output).toContain('smp: Brought up 1 node, 2 CPUs');
    expect(output).not.toMatch(/WARNING|BUG:|Oops|Call trace/);
  },
  patience,
);

describe('Linux with KVM ends in the same state', () => {
  testWith(...linuxFiles)(
    'in another process',
    async () => {
      const { position, hash, output } = await booted(n1);
      expect(await playInOtherProcess(linuxScript(n1))).toEqual({ position, hash, output });
    },
    patience,
  );

  testWith(...linuxFiles)(
    'after 1,000 instructions back and forward again',
    async () => {
      const { position, hash } = await booted(n1);
      const script = linuxScript(n1, { reverseDebugging: true });
      const machine = await machineFor(script);
      play(machine, script);
      machine.travelTo(position - 1_000);
      expect(machine.position).toBe(position - 1_000);
      runTo(machine, position + 1);
      expect([machine.position, machine.stateHash()]).toEqual([position, hash]);
    },
    patience,
  );
});
