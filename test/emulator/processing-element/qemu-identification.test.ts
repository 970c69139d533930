import { expect } from 'vitest';
import { extractField, isReserved } from '../../../emulator/architecture/system-register.ts';
import { systemRegisters } from '../../../emulator/architecture/system-registers/index.ts';
import { testWith } from '../../support/requires.ts';
import { BARE_METAL_NEEDS } from './bare-metal.ts';
import { runOnBoth } from './both-machines.ts';

/** The identification registers of AArch64, and what else tells what the processor is and how large things are. */
const rows = systemRegisters.filter(({ name }) => /^(ID_AA64|CTR_EL0|DCZID_EL0|(MID|REVID|CLID|AID)R_EL1)/.test(name));

const program = `
        .globl  _start
_start: ldr     x22, =RESULTS
${rows
  .map(({ encoding: [op0, op1, crn, crm, op2] }) => `        mrs     x0, S${op0}_${op1}_C${crn}_C${crm}_${op2}`)
  .map(read => `${read}\n        str     x0, [x22], #8`)
  .join('\n')}
        b       finish
        .ltorg
`;

/** Fields in which `max` differs here from QEMU 7.2's, with the reason. */
const differs: readonly { readonly fields: RegExp; readonly reason: string }[] = [
  { fields: /^ID_AA64PFR0_EL1\.EL[0-3]$/, reason: 'there is no AArch32' },
  { fields: /^(ID_AA64PFR0_EL1\.SVE|ID_AA64ZFR0_EL1\..*)$/, reason: 'there are no scalable vectors' },
  { fields: /^(ID_AA64PFR1_EL1\.SME|ID_AA64SMFR0_EL1\..*)$/, reason: 'there are no scalable matrices' },
];

testWith(...BARE_METAL_NEEDS)('the identification registers of max say the same as in QEMU, field by field', () => {
  const { ours, theirs } = runOnBoth(program, 'armv8-a', 'max');
  const found = rows.flatMap((row, index) =>
    row.fields
      .filter(one => !isReserved(one))
      .map(({ name }) => ({
        field: `${row.name}.${name}`,
        here: extractField(ours[index]!, row, name),
        there: extractField(theirs[index]!, row, name),
      }))
      .filter(({ here, there }) => here !== there),
  );
  const unexplained = found.filter(({ field }) => !differs.some(({ fields }) => fields.test(field)));
  expect(unexplained).toEqual([]);
  expect(differs.filter(({ fields }) => !found.some(({ field }) => fields.test(field)))).toEqual([]);
  expect(rows.length).toBeGreaterThan(15);
});
