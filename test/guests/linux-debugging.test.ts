import { expect } from 'vitest';
import { launchMachine } from '../../debug-adapter/launch/launch.ts';
import { Client } from '../debug-adapter/support/client.ts';
import { testWith } from '../support/requires.ts';
import { wordsOf } from './conformance/boot.ts';
import { linux } from './conformance/guests.ts';
import { linuxFiles } from './support/linux.ts';

testWith(...linuxFiles)(
  'stops at one exit of a KVM guest, says what it was, and steps back to the instruction that caused it',
  async () => {
    const words = wordsOf(linux({ cpu: 'neoverse-n1', gic: 3, mode: 'vhe', run: 'kvm-vmm' }));
    const client = new Client(configuration => launchMachine(configuration, words));
    try {
      const stop = await client.launch({}, () =>
        client.request('setExceptionBreakpoints', {
          filters: [],
          filterOptions: [{ filterId: 'vmexit', condition: 'vmid > 0 && ec==dabort && ipa==0x9000008' }],
        }),
      );
      expect(stop.body).toMatchObject({ reason: 'exception' });
      const { description, exceptionId } = (await client.request('exceptionInfo', { threadId: 1 }))!;
      expect(exceptionId).toBe('Data abort');
      expect(description).toContain('EL1 → EL2: Read of a doubleword into X1 at 0x9000008 (IPA 0x9000008) failed');
      // The instruction is read through the guest's translation, which the host has replaced by its own.
      expect(description).toMatch(/^Instruction: ldr x1, \[x19, #8\] {2}at 0x4000/m);
      const stack = await client.stack();
      expect(stack.map(frame => /^.*\[EL\d\]|── EL\d → EL\d/.exec(frame)?.[0].replace(/\+0x\w+/, ''))).toEqual([
        expect.stringMatching(/^__bp_harden_hyp_vecs {2}\[EL2\]$/),
        '── EL1 → EL2',
        '0x40000024  [EL1]',
        '── EL2 → EL1',
        // The host, by the names that its Image brings along.
        ...[
          '__guest_enter',
          '__kvm_vcpu_run_vhe',
          '__kvm_vcpu_run',
          'kvm_arm_vcpu_enter_exit',
          'kvm_arch_vcpu_ioctl_run',
        ]
          .concat('kvm_vcpu_ioctl', '__arm64_sys_ioctl', 'invoke_syscall', 'el0_svc_common.constprop.0', 'do_el0_svc')
          .concat('el0_svc', 'el0t_64_sync_handler', 'el0t_64_sync')
          .map(name => `${name}  [EL2]`),
        '── EL0 → EL2',
        expect.stringMatching(/^0x40\w+ {2}\[EL0\]$/),
        ...stack.slice(stack.findIndex(frame => frame.includes('[EL0]')) + 1).map(() => expect.anything()),
      ]);

      await client.run('stepBack');
      expect(await client.evaluate('el')).toBe('1');
      expect(await client.evaluate('x19')).toBe('0x9000000');
      await client.request('setExceptionBreakpoints', { filters: [] });
      await client.request('setExceptionBreakpoints', { filters: ['vmentry'] });
      await client.run('continue');
      expect(await client.evaluate('x1')).toBe('0xcafe');
    } finally {
      await client.respond('disconnect');
    }
  },
  900_000,
);

testWith(linuxFiles[0])(
  'stops where a kernel without a root file system panics, in the function that writes to the console',
  async () => {
    const words = wordsOf(linux({ cpu: 'neoverse-n1', gic: 3, mode: 'vhe', run: 'none' }));
    const initrd = words.indexOf('-initrd');
    words.splice(initrd, 2);
    const client = new Client(configuration => launchMachine(configuration, words));
    try {
      const stop = await client.launch({}, () => client.request('setExceptionBreakpoints', { filters: ['panic'] }));
      expect(stop.body).toMatchObject({
        reason: 'exception',
        description: 'Guest kernel panic',
        text: 'VFS: Unable to mount root fs on unknown-block(0,0)',
      });
      expect(await client.evaluate('el')).toBe('2');
      // Its callers, from the console's driver down to the thread's first function.
      expect((await client.stack()).map(frame => frame.split('+')[0])).toEqual(
        expect.arrayContaining([
          'pl011_console_write',
          '_printk',
          'panic',
          'mount_root',
          'kernel_init',
          'ret_from_fork',
        ]),
      );
    } finally {
      await client.respond('disconnect');
    }
  },
  900_000,
);
