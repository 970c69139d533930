/** CPU models: which identification values a PE shows, and from them its features. */
import { type Feature, features } from './feature.ts';
import { extractField, type Field, field, insertField, isReserved, writeMasks } from './system-register.ts';
import { type SystemRegisterName, systemRegisterNamed, systemRegisters } from './system-registers/index.ts';

type Values = Readonly<Partial<Record<SystemRegisterName, bigint>>>;

export interface CpuModel {
  /** As `-cpu` takes it. */
  readonly name: string;
  readonly brief: string;
  /** `compatible` of its device tree node. */
  readonly compatible: string;
  /** What the real CPU reports; what the machine lacks is taken out by `resetValues`. */
  readonly reports: Values;
  /** CCSIDR_EL1 by the value of CSSELR_EL1. */
  readonly caches: readonly bigint[];
  /** Takes the words of `cpuProperties`. */
  readonly hasProperties?: boolean;
  /** A model that only this machine has. */
  readonly own?: boolean;
}

const armv8: Values = {
  ID_AA64PFR0_EL1: 0x0000_2222n,
  ID_AA64DFR0_EL1: 0x1030_5106n,
  ID_AA64ISAR0_EL1: 0x1_1120n,
  CTR_EL0: 0x8444_c004n,
  DCZID_EL0: 4n,
  CLIDR_EL1: 0xa20_0023n,
  PMCEID0_EL0: 0x2_0001n,
};

const armv82: Values = {
  ID_AA64PFR0_EL1: 0x1100_0000_1011_1112n,
  ID_AA64DFR0_EL1: 0x1030_5408n,
  ID_AA64ISAR0_EL1: 0x1000_1021_1120n,
  ID_AA64ISAR1_EL1: 0x10_0001n,
  ID_AA64MMFR1_EL1: 0x1021_2122n,
  ID_AA64MMFR2_EL1: 0x1011n,
  CTR_EL0: 0x8444_c004n,
  DCZID_EL0: 4n,
  CLIDR_EL1: 0x8200_0023n,
  PMCEID0_EL0: 0x2_0001n,
  PMCEID1_EL0: 0x18n,
};

/** QEMU's `max`, as its version 7.2 has it. */
const max: CpuModel = {
  name: 'max',
  compatible: 'arm,armv8',
  brief: 'Everything that QEMU 7.2 offers and the machine implements.',
  hasProperties: true,
  reports: {
    ...armv82,
    MIDR_EL1: 0xf_0510n,
    ID_AA64PFR0_EL1: 0x1201_0011_2011_2222n,
    ID_AA64PFR1_EL1: 0x100_0321n,
    ID_AA64DFR0_EL1: 0x1030_5609n,
    ID_AA64ISAR0_EL1: 0x1221_1111_1021_2120n,
    ID_AA64ISAR1_EL1: 0x11_1111_0121_1012n,
    ID_AA64MMFR0_EL1: 0x323_1020_1126n,
    ID_AA64MMFR1_EL1: 0x110_1021_1122n,
    ID_AA64MMFR2_EL1: 0x1021_0110_1001_1011n,
    CLIDR_EL1: 0x200_0023n,
    PMCR_EL0: 0x4101_3000n,
    PMCEID1_EL0: 0x1000_0018n,
  },
  caches: [0x701f_e00an, 0x201f_e012n, 0x70ff_e07an],
};

export const cpuModels: readonly CpuModel[] = [
  {
    name: 'cortex-a53',
    compatible: 'arm,cortex-a53',
    brief: 'Small Armv8.0 core with 40-bit physical addresses.',
    reports: {
      ...armv8,
      MIDR_EL1: 0x410f_d034n,
      ID_AA64MMFR0_EL1: 0x1122n,
      CTR_EL0: 0x8444_8004n,
      PMCR_EL0: 0x4103_3000n,
    },
    caches: [0x700f_e01an, 0x201f_e00an, 0x707f_e07an],
  },
  {
    name: 'cortex-a57',
    compatible: 'arm,cortex-a57',
    brief: 'Armv8.0 core with 44-bit physical addresses.',
    reports: { ...armv8, MIDR_EL1: 0x411f_d070n, ID_AA64MMFR0_EL1: 0x1124n, PMCR_EL0: 0x4101_3000n },
    caches: [0x701f_e00an, 0x201f_e012n, 0x70ff_e07an],
  },
  {
    name: 'cortex-a72',
    compatible: 'arm,cortex-a72',
    brief: 'Armv8.0 core with 44-bit physical addresses.',
    reports: { ...armv8, MIDR_EL1: 0x410f_d083n, ID_AA64MMFR0_EL1: 0x1124n, PMCR_EL0: 0x4102_3000n },
    caches: [0x701f_e00an, 0x201f_e012n, 0x707f_e07an],
  },
  {
    name: 'cortex-a76',
    compatible: 'arm,cortex-a76',
    brief: 'Armv8.2 core with VHE and atomics, 40-bit physical addresses.',
    reports: {
      ...armv82,
      MIDR_EL1: 0x414f_d0b1n,
      ID_AA64PFR1_EL1: 0x10n,
      ID_AA64MMFR0_EL1: 0x10_1122n,
      PMCR_EL0: 0x410b_3000n,
    },
    caches: [0x701f_e01an, 0x201f_e01an, 0x707f_e03an],
  },
  {
    name: 'neoverse-n1',
    compatible: 'arm,neoverse-n1',
    brief: 'Armv8.2 server core with VHE and atomics, 48-bit physical addresses.',
    reports: {
      ...armv82,
      MIDR_EL1: 0x414f_d0c1n,
      ID_AA64PFR1_EL1: 0x20n,
      ID_AA64MMFR0_EL1: 0x10_1125n,
      PMCR_EL0: 0x410c_3000n,
    },
    caches: [0x701f_e01an, 0x201f_e01an, 0x70ff_e03an],
  },
  max,
  {
    ...max,
    name: 'trapdoor',
    brief: 'What max has, and everything newer that the machine implements.',
    own: true,
    reports: {
      ...max.reports,
      ID_AA64DFR0_EL1: 0x1000_0000_1030_5609n,
      ID_AA64ISAR1_EL1: 0x0111_1211_0131_1052n,
      ID_AA64MMFR0_EL1: 0x0100_0323_1020_1126n,
      ID_AA64MMFR1_EL1: 0x1000_0110_1021_1122n,
      ID_AA64MMFR2_EL1: 0x1221_0111_1201_1011n,
      ID_AA64ISAR2_EL1: 0x0011_0000_1011_0002n,
    },
  },
];

/** The model of a name, or undefined. */
export function findCpuModel(name: string): CpuModel | undefined {
  return cpuModels.find(model => model.name === name);
}

/** What the machine around the PE decides. */
export interface CpuOptions {
  readonly el2: boolean;
  readonly el3: boolean;
  /** The GIC has a system-register interface. */
  readonly gicV3: boolean;
  /** Memory has allocation tags; without them there is no memory tagging at all. */
  readonly memoryTagging?: boolean;
  /** Words behind the model's name (`cpuProperties`) that differ from the default. */
  readonly properties?: CpuProperties;
}

/** Words that `-cpu max` takes as on QEMU, and the values that the machine can give them. */
export const cpuProperties = {
  pauth: { values: [true, false], brief: 'Pointer authentication.' },
  'pauth-impdef': { values: [true, false], brief: 'Its codes are a quick hash instead of QARMA5.' },
  lpa2: { values: [true, false], brief: '52-bit addresses with small granules.' },
  sve: { values: [false], brief: 'Scalable vectors.' },
  sme: { values: [false], brief: 'Scalable matrices.' },
} as const satisfies Readonly<Record<string, { readonly values: readonly boolean[]; readonly brief: string }>>;

export type CpuProperties = Readonly<Partial<Record<keyof typeof cpuProperties, boolean>>>;

/** A model in a machine: reset values by register, and the features they report. */
export interface CpuConfiguration {
  readonly model: CpuModel;
  /** Reset values that differ from the rows'. */
  readonly resetValues: ReadonlyMap<SystemRegisterName, bigint>;
  readonly features: ReadonlySet<string>;
  hasFeature(name: string): boolean;
}

/** Fields that tell a size or a property rather than a feature; they are shown as the model reports them. */
const properties: ReadonlySet<string> = new Set([
  'ID_AA64DFR0_EL1.DebugVer',
  'ID_AA64DFR0_EL1.BRPs',
  'ID_AA64DFR0_EL1.WRPs',
  'ID_AA64DFR0_EL1.CTX_CMPs',
  'ID_AA64PFR0_EL1.AdvSIMD',
  'ID_AA64ISAR1_EL1.GPA',
  'ID_AA64ISAR1_EL1.GPI',
  'ID_AA64MMFR0_EL1.SNSMem',
  'ID_AA64MMFR0_EL1.PARange',
  'ID_AA64MMFR0_EL1.TGran4',
  'ID_AA64MMFR0_EL1.TGran4_2',
  'ID_AA64MMFR0_EL1.TGran16_2',
  'ID_AA64MMFR0_EL1.TGran64_2',
  'ID_AA64MMFR2_EL1.BBM',
]);

/** A field value of all ones says "absent" in the fields that can say so. */
const absent = 15;

const isFeatureRegister = (name: string): boolean => /^ID_AA64(PFR|DFR|ISAR|MMFR)\d_EL1$/.test(name);
/** Fields that always have the value of another one. */
const followers: Readonly<Record<string, string>> = { 'ID_AA64PFR0_EL1.AdvSIMD': 'FP' };
const reportedBy = (register: string, name: string): readonly Feature[] => {
  const reporting = followers[`${register}.${name}`] ?? name;
  return features.filter(one => one.report.register === register && one.report.field === reporting);
};

/** The most that a field may say: the highest value up to `reported` of which every feature is implemented. */
function truthful(register: string, { name, high, low }: Field, reported: number): number {
  if (reported === absent && high - low === 3) return reported;
  const rows = reportedBy(register, name);
  const isProperty = properties.has(`${register}.${name}`);
  const missing = rows.filter(one => !one.implemented && one.report.value <= reported).map(one => one.report.value);
  if (isProperty) return missing.length > 0 ? Math.min(...missing) - 1 : reported;
  const usable = rows.filter(
    one => one.implemented && one.report.value <= Math.min(reported, ...missing.map(v => v - 1)),
  );
  return Math.max(0, ...usable.map(one => one.report.value));
}

/** The fields that the properties decide. `authentication`: what pointer authentication of either algorithm can do. */
function fieldsOfProperties(
  { pauth = true, 'pauth-impdef': hashed = false, lpa2 = true }: CpuProperties,
  authentication: bigint,
): [SystemRegisterName, string, bigint][] {
  const [qarma, own] = pauth ? (hashed ? [0n, 1n] : [1n, 0n]) : [0n, 0n];
  return [
    ['ID_AA64ISAR1_EL1', 'APA', qarma * authentication],
    ['ID_AA64ISAR1_EL1', 'GPA', qarma],
    ['ID_AA64ISAR1_EL1', 'API', own * authentication],
    ['ID_AA64ISAR1_EL1', 'GPI', own],
    ['ID_AA64MMFR0_EL1', 'TGran4', lpa2 ? 1n : 0n],
    ['ID_AA64MMFR0_EL1', 'TGran16', lpa2 ? 2n : 1n],
    ['ID_AA64MMFR0_EL1', 'TGran4_2', lpa2 ? 3n : 2n],
    ['ID_AA64MMFR0_EL1', 'TGran16_2', lpa2 ? 3n : 2n],
  ];
}

function identify(model: CpuModel, options: CpuOptions): Map<SystemRegisterName, bigint> {
  const { el2, el3, gicV3, memoryTagging = false, properties = {} } = options;
  const values = new Map<SystemRegisterName, bigint>();
  for (const [name, reported] of Object.entries(model.reports) as [SystemRegisterName, bigint][]) {
    const row = systemRegisterNamed(name);
    let value = reported;
    if (isFeatureRegister(name)) {
      for (const one of row.fields.filter(each => !isReserved(each))) {
        const shown = Number(extractField(reported, row, one.name));
        value = insertField(value, row, one.name, BigInt(truthful(name, one, shown)));
      }
    }
    values.set(name, value);
  }
  if (model.hasProperties) {
    const isar1 = systemRegisterNamed('ID_AA64ISAR1_EL1');
    const authentication = extractField(values.get(isar1.name) ?? 0n, isar1, 'APA');
    for (const [register, name, content] of fieldsOfProperties(properties, authentication)) {
      const before = values.get(register) ?? 0n;
      values.set(register, insertField(before, systemRegisterNamed(register), name, content));
    }
  }
  const pfr1 = systemRegisterNamed('ID_AA64PFR1_EL1');
  if (!memoryTagging) values.set(pfr1.name, insertField(values.get(pfr1.name) ?? 0n, pfr1, 'MTE', 0n));
  const pfr0 = systemRegisterNamed('ID_AA64PFR0_EL1');
  let profile = values.get('ID_AA64PFR0_EL1') ?? 0n;
  // AArch64 only, at the levels that there are.
  const levels: readonly [string, boolean][] = [
    ['EL0', true],
    ['EL1', true],
    ['EL2', el2],
    ['EL3', el3],
  ];
  for (const [level, there] of levels) profile = insertField(profile, pfr0, level, there ? 1n : 0n);
  values.set('ID_AA64PFR0_EL1', insertField(profile, pfr0, 'GIC', gicV3 ? 1n : 0n));
  return values;
}

/** Which features a set of identification values reports. */
function reportedFeatures(values: ReadonlyMap<SystemRegisterName, bigint>): Set<string> {
  const found = new Set<string>();
  for (const { name, report, implemented } of features) {
    const row = systemRegisterNamed(report.register as SystemRegisterName);
    const value = Number(extractField(values.get(row.name) ?? 0n, row, report.field));
    const { high, low } = field(row, report.field);
    const says = value !== absent || high - low !== 3 ? value >= report.value : false;
    if (implemented && says) found.add(name);
  }
  // Either algorithm is pointer authentication, and reports what it can do with the same values.
  const isar1 = systemRegisterNamed('ID_AA64ISAR1_EL1');
  const own = Number(extractField(values.get(isar1.name) ?? 0n, isar1, 'API'));
  for (const { name, report } of reportedBy(isar1.name, 'APA'))
    if (own >= report.value && name !== 'FEAT_PACQARMA5') found.add(name);
  return found;
}

/** Puts a model into a machine. */
export function configureCpu(model: CpuModel, options: CpuOptions): CpuConfiguration {
  const resetValues = identify(model, options);
  const found = reportedFeatures(resetValues);
  const hasFeature = (name: string): boolean => found.has(name);
  resetValues.set('VPIDR_EL2', resetValues.get('MIDR_EL1') ?? 0n);
  const counters = extractField(resetValues.get('PMCR_EL0') ?? 0n, systemRegisterNamed('PMCR_EL0'), 'N');
  resetValues.set('MDCR_EL2', insertField(0n, systemRegisterNamed('MDCR_EL2'), 'HPMN', counters));
  // Reserved bits that are one because a feature is absent.
  for (const row of systemRegisters) {
    if (row.storage !== 'own') continue;
    const { ones } = writeMasks(row, hasFeature);
    const value = resetValues.get(row.name) ?? row.reset;
    if ((value | ones) !== row.reset) resetValues.set(row.name, value | ones);
  }
  return { model, resetValues, features: found, hasFeature };
}
