/** The identification registers of the CPU models against QEMU's, read by a program at EL2. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { configureCpu, cpuModels } from '../../../emulator/architecture/cpu-model.ts';
import { features } from '../../../emulator/architecture/feature.ts';
import { extractField, genericName, isReserved } from '../../../emulator/architecture/system-register.ts';
import { type SystemRegisterName, systemRegisterNamed } from '../../../emulator/architecture/system-registers/index.ts';
import { testWith } from '../../support/requires.ts';

const registers: readonly SystemRegisterName[] = [
  'MIDR_EL1',
  'REVIDR_EL1',
  'AIDR_EL1',
  'CTR_EL0',
  'DCZID_EL0',
  'CLIDR_EL1',
  'ID_AA64PFR0_EL1',
  'ID_AA64PFR1_EL1',
  'ID_AA64DFR0_EL1',
  'ID_AA64DFR1_EL1',
  'ID_AA64ISAR0_EL1',
  'ID_AA64ISAR1_EL1',
  'ID_AA64ISAR2_EL1',
  'ID_AA64MMFR0_EL1',
  'ID_AA64MMFR1_EL1',
  'ID_AA64MMFR2_EL1',
  'PMCR_EL0',
  'OSLSR_EL1',
  'CNTFRQ_EL0',
  'CNTHCTL_EL2',
  'MDCR_EL2',
  'VPIDR_EL2',
];

/** Prints each register as 16 hexadecimal digits on the PL011, then the three caches, then powers off. */
const program = `
        .global _start
_start: ldr     x20, =0x9000000
${registers.map(name => `        mrs     x0, ${genericName(systemRegisterNamed(name).encoding)}\n        bl      print`).join('\n')}
${[0, 1, 2].map(cache => `        mov     x0, #${cache}\n        msr     csselr_el1, x0\n        isb\n        mrs     x0, ccsidr_el1\n        bl      print`).join('\n')}
        ldr     x0, =0x84000008         // PSCI SYSTEM_OFF
        smc     #0
print:  mov     x2, #60
1:      lsr     x1, x0, x2
        and     x1, x1, #15
        cmp     x1, #10
        add     x3, x1, #'0'
        add     x4, x1, #'a' - 10
        csel    x1, x3, x4, lo
        strb    w1, [x20]
        subs    x2, x2, #4
        b.ge    1b
        mov     w1, #10
        strb    w1, [x20]
        ret
`;

/** Fields that follow from a feature which another field reports. */
const consequences: Readonly<Record<string, string>> = {
  'ID_AA64PFR0_EL1.AdvSIMD': 'FEAT_FP16',
  'ID_AA64ISAR1_EL1.APA': 'FEAT_PAuth',
  'ID_AA64ISAR1_EL1.GPA': 'FEAT_PAuth',
  'ID_AA64MMFR0_EL1.TGran4': 'FEAT_LPA2',
  'ID_AA64MMFR0_EL1.TGran4_2': 'FEAT_LPA2',
  'ID_AA64MMFR0_EL1.TGran16_2': 'FEAT_LPA2',
};

/** Whether a difference has a reason: AArch32, a feature the machine lacks, or one that QEMU got after version 7.2. */
function explained(register: string, field: string, ours: bigint, theirs: bigint): boolean {
  const name = `${register}.${field}`;
  if (/^ID_AA64PFR0_EL1\.EL[0-3]$/.test(name)) return true;
  if (ours > theirs) return name === 'ID_AA64MMFR2_EL1.EVT';
  return features.some(
    feature =>
      !feature.implemented &&
      (feature.name === consequences[name] ||
        (feature.report.register === register &&
          feature.report.field === field &&
          BigInt(feature.report.value) <= theirs)),
  );
}

describe('the CPU models', () => {
  testWith(
    'qemu-system-aarch64',
    'aarch64-linux-gnu-as',
    'aarch64-linux-gnu-ld',
  )('report what QEMU reports, less the features that the machine lacks', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trapdoor-cpu-'));
    const found: string[] = [];
    try {
      const at = (name: string): string => join(folder, name);
      writeFileSync(at('id.s'), program);
      execFileSync('aarch64-linux-gnu-as', [at('id.s'), '-o', at('id.o')]);
      execFileSync('aarch64-linux-gnu-ld', ['-Ttext', '0x40080000', at('id.o'), '-o', at('id.elf')]);
      for (const model of cpuModels.filter(({ own }) => !own)) {
        const machine = ['-M', 'virt,virtualization=on,gic-version=3', '-cpu', model.name, '-kernel', at('id.elf')];
        const quiet = ['-nographic', '-monitor', 'none', '-serial', `file:${at('out')}`];
        execFileSync('qemu-system-aarch64', [...machine, ...quiet], { timeout: 60_000, stdio: 'ignore' });
        const values = readFileSync(at('out'), 'utf8')
          .trim()
          .split('\n')
          .map(line => BigInt(`0x${line}`));
        const { resetValues } = configureCpu(model, { el2: true, el3: false, gicV3: true });
        registers.forEach((name, index) => {
          const row = systemRegisterNamed(name);
          const [ours, theirs] = [resetValues.get(name) ?? row.reset, values[index]!];
          for (const one of row.fields.filter(each => !isReserved(each))) {
            const [mine, other] = [extractField(ours, row, one.name), extractField(theirs, row, one.name)];
            if (mine !== other && !explained(name, one.name, mine, other)) {
              found.push(`${model.name} ${name}.${one.name}: QEMU ${other}, ours ${mine}`);
            }
          }
        });
        expect(model.caches, model.name).toEqual(values.slice(registers.length));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(found).toEqual([]);
  });
});
