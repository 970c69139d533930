import { expect, test } from 'vitest';
import { nestedAccesses, recordedAccesses } from './nested-accesses.ts';

/** Where QEMU 10 differs, and why. Each entry must really differ. */
const differs: readonly { readonly reason: string; readonly accesses: RegExp }[] = [
  { reason: 'whether these go to memory is left to implementations', accesses: /^(read|write) ACTLR_EL1$/ },
  { reason: 'QEMU does not have these', accesses: /^(read|write) (ACTLR_EL12|DBGPRCR_EL1|DBGAUTHSTATUS_EL1)$/ },
  {
    reason: 'QEMU has four list registers and five bits of priority',
    accesses: / ICH_(LR([4-9]|1.)|AP[01]R[1-3])_EL2$/,
  },
  { reason: 'what can only be read has no encoding to write it', accesses: /^write ICH_(VTR|MISR|EISR|ELRSR)_EL2$/ },
  { reason: 'each is one direction of the debug channel', accesses: /^write DBGDTR[RT]X_EL0$/ },
];

test('Under nested virtualization MRS and MSR of every register at EL1 end as in QEMU 10', () => {
  const ours = nestedAccesses();
  const differences = recordedAccesses().flatMap(access => {
    const found = ours(access);
    if (found.join() === access.expected.join()) return [];
    return [`${access.direction} ${access.name}: QEMU ${access.expected.join(' ')}, ours ${found.join(' ')}`];
  });
  const accessOf = (difference: string) => difference.split(':')[0]!;
  expect(differences.filter(one => !differs.some(({ accesses }) => accesses.test(accessOf(one))))).toEqual([]);
  for (const { reason, accesses } of differs)
    expect(
      differences.some(one => accesses.test(accessOf(one))),
      reason,
    ).toBe(true);
});
