import { describe, expect, test } from 'vitest';
import { type CpuOptions, configureCpu, cpuModels, findCpuModel } from '../../../emulator/architecture/cpu-model.ts';
import { features, findFeature } from '../../../emulator/architecture/feature.ts';
import { extractField, field, isReserved, maskOfBits } from '../../../emulator/architecture/system-register.ts';
import {
  findSystemRegister,
  type SystemRegisterName,
  systemRegisterNamed,
} from '../../../emulator/architecture/system-registers/index.ts';
import { allInstructions } from './all-instructions.ts';

const virtualization: CpuOptions = { el2: true, el3: false, gicV3: true };

function shown(cpu: string, register: SystemRegisterName, name: string, options = virtualization): number {
  const { resetValues } = configureCpu(findCpuModel(cpu)!, options);
  return Number(extractField(resetValues.get(register) ?? 0n, systemRegisterNamed(register), name));
}

describe('a CPU model', () => {
  test('reports what the real CPU reports where the machine has it', () => {
    const { resetValues } = configureCpu(findCpuModel('cortex-a57')!, virtualization);
    expect(resetValues.get('MIDR_EL1')).toBe(0x411f_d070n);
    expect(resetValues.get('CTR_EL0')).toBe(0x8444_c004n);
    expect(shown('cortex-a57', 'ID_AA64MMFR0_EL1', 'PARange')).toBe(4);
    expect(shown('cortex-a57', 'ID_AA64DFR0_EL1', 'BRPs')).toBe(5);
    expect(shown('cortex-a57', 'ID_AA64DFR0_EL1', 'DebugVer')).toBe(6);
    expect(shown('neoverse-n1', 'ID_AA64MMFR1_EL1', 'VH')).toBe(1);
  });

  test('has the virtualization extensions of its own architecture version only', () => {
    expect(configureCpu(findCpuModel('cortex-a57')!, virtualization).hasFeature('FEAT_VHE')).toBe(false);
    expect(configureCpu(findCpuModel('cortex-a76')!, virtualization).hasFeature('FEAT_VHE')).toBe(true);
  });

  test('reports AArch64 alone, at the levels that the machine has', () => {
    for (const { name } of cpuModels) {
      expect(['EL0', 'EL1', 'EL2', 'EL3'].map(el => shown(name, 'ID_AA64PFR0_EL1', el))).toEqual([1, 1, 1, 0]);
    }
    const secure = { el2: false, el3: true, gicV3: true };
    expect(['EL2', 'EL3'].map(el => shown('max', 'ID_AA64PFR0_EL1', el, secure))).toEqual([0, 1]);
  });

  test('reports the GIC interface when there is one', () => {
    expect(shown('cortex-a72', 'ID_AA64PFR0_EL1', 'GIC')).toBe(1);
    const withGicV2 = { ...virtualization, gicV3: false };
    expect(shown('cortex-a72', 'ID_AA64PFR0_EL1', 'GIC', withGicV2)).toBe(0);
    expect(configureCpu(findCpuModel('cortex-a72')!, withGicV2).hasFeature('FEAT_GICv3')).toBe(false);
  });

  test('never reports a feature that the machine lacks', () => {
    const claims = cpuModels.flatMap(model => {
      const { resetValues } = configureCpu(model, { el2: true, el3: true, gicV3: true });
      return features
        .filter(feature => !feature.implemented)
        .filter(({ report }) => {
          const row = systemRegisterNamed(report.register as SystemRegisterName);
          const value = Number(extractField(resetValues.get(row.name) ?? 0n, row, report.field));
          const { high, low } = field(row, report.field);
          const saysAbsent = value === 2 ** (high - low + 1) - 1;
          return value >= report.value && !saysAbsent;
        })
        .map(feature => `${model.name}: ${feature.name}`);
    });
    expect(claims).toEqual([]);
  });

  test('has 52-bit addresses with small granules in max unless lpa2=off', () => {
    const granules = ['TGran4', 'TGran16', 'TGran64', 'TGran4_2', 'TGran16_2', 'TGran64_2'];
    const off = { ...virtualization, properties: { lpa2: false } };
    expect(shown('max', 'ID_AA64MMFR0_EL1', 'PARange', off)).toBe(6);
    expect(granules.map(name => shown('max', 'ID_AA64MMFR0_EL1', name))).toEqual([1, 2, 0, 3, 3, 2]);
    expect(granules.map(name => shown('max', 'ID_AA64MMFR0_EL1', name, off))).toEqual([0, 1, 0, 2, 2, 2]);
    expect(configureCpu(findCpuModel('max')!, off).hasFeature('FEAT_LPA2')).toBe(false);
  });

  test('takes scalable vectors out of max', () => {
    expect(shown('max', 'ID_AA64PFR0_EL1', 'SVE')).toBe(0);
  });

  test('resets bits that are one without a feature, and the stored identity of EL2', () => {
    const { resetValues } = configureCpu(findCpuModel('cortex-a57')!, virtualization);
    expect(extractField(resetValues.get('SCTLR_EL1')!, systemRegisterNamed('SCTLR_EL1'), 'SPAN')).toBe(1n);
    expect(resetValues.get('VPIDR_EL2')).toBe(resetValues.get('MIDR_EL1'));
    expect(resetValues.get('CPTR_EL2')).toBe(0x33ffn);
    expect(extractField(resetValues.get('MDCR_EL2')!, systemRegisterNamed('MDCR_EL2'), 'HPMN')).toBe(6n);
  });

  test('sets no reserved bit', () => {
    const found = cpuModels.flatMap(model =>
      [...configureCpu(model, virtualization).resetValues].flatMap(([name, value]) =>
        systemRegisterNamed(name)
          .fields.filter(one => one.name === 'RES0' && (value & maskOfBits(one.high, one.low)) !== 0n)
          .map(one => `${model.name} ${name} ${one.high}:${one.low} in ${value.toString(16)}`),
      ),
    );
    expect(found).toEqual([]);
  });
});

describe('the feature table', () => {
  test('names each feature once and reports it in a field that exists', () => {
    const names = features.map(feature => feature.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, report } of features) {
      const row = findSystemRegister(report.register);
      const found = row?.fields.find(one => one.name === report.field && !isReserved(one));
      expect(found, `${name}: ${report.register}.${report.field}`).toBeDefined();
    }
  });
});

describe('the features and the instruction table', () => {
  test('know each other: what an instruction asks for is a feature, and is there when the machine says so', () => {
    const asked = new Set(allInstructions.map(row => row.feature).filter(name => name !== undefined));
    const found: string[] = [];
    for (const name of asked) if (findFeature(name) === undefined) found.push(`${name} is no feature`);
    const withInstructions =
      'CRC32 LSE LRCPC LRCPC2 LOR FlagM FlagM2 SB RDM DotProd FHM AES SHA256 JSCVT FCMA FP16'.split(' ');
    for (const name of withInstructions.map(each => `FEAT_${each}`)) {
      const implemented = findFeature(name)?.implemented ?? false;
      if (implemented && !asked.has(name)) found.push(`${name} is said to be implemented but has no instruction`);
    }
    expect(found).toEqual([]);
  });
});
