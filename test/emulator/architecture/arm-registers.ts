/** How far the register tables agree with Arm's machine-readable description, condensed by scripts/arm-data/registers.mjs. */
import { readFileSync } from 'node:fs';
import { findFeature } from '../../../emulator/architecture/feature.ts';
import { systemInstructions } from '../../../emulator/architecture/system-instructions.ts';
import {
  type Condition,
  type Field,
  nestedConditions,
  nestedTrap,
  type SystemRegister,
  type Trap,
} from '../../../emulator/architecture/system-register.ts';
import { systemRegisters } from '../../../emulator/architecture/system-registers/index.ts';

type FieldExpectation = [name: string, high: number, low: number, feature?: string, ones?: number];

interface Expectation {
  readonly encoding: string;
  readonly features?: readonly string[];
  readonly nested?: string;
  readonly read?: number;
  readonly write?: number;
  readonly use?: number;
  readonly fields?: readonly FieldExpectation[];
  readonly host?: readonly FieldExpectation[];
}

interface ArmData {
  readonly rules: readonly (readonly string[])[][];
  readonly absent: readonly string[];
  readonly registers: Readonly<Record<string, Expectation>>;
}

export const arm = JSON.parse(readFileSync('test/data/arm/registers.json', 'utf8')) as ArmData;

/** Where the tables differ from Arm's data on purpose. Each entry must really differ. */
export const fieldDifferences: Readonly<Record<string, string>> = {
  HCR_EL2: 'HCD, RW, TID0 and MIOCNCE are named; Arm lists them for machines without EL3 or with AArch32 only',
  ID_AA64DFR2_EL1: 'all its fields belong to features the machine lacks',
  ID_AA64FPFR0_EL1: 'all its fields belong to features the machine lacks',
  OSLSR_EL1: 'the two pieces of OSLM have names of their own',
  PAR_EL1: 'one layout holds the fields of success and of failure',
  DISR_EL1: 'one layout holds both syndrome formats',
  TCR_EL1: 'DS belongs to FEAT_LPA2 in every layout',
  TCR_EL2: 'DS belongs to FEAT_LPA2 in every layout',
  TCR_EL3: 'DS belongs to FEAT_LPA2 in every layout',
  SCR_EL3: 'RW is named, and nothing of realms and mask registers can be written',
  SCTLR_EL2: 'TSCXT is named; Arm lists it in the layout of a host only',
  PMXEVCNTR_EL0: 'has 64 bits with FEAT_PMUv3p5',
  ...Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`PMEVCNTR${n}_EL0`, 'has 64 bits with FEAT_PMUv3p5'])),
};

export const accessDifferences: Readonly<Record<string, string>> = {
  CNTPS_CTL_EL1: 'the same rule, said as an exception instead of a permission; without Secure EL2',
  CNTPS_CVAL_EL1: 'the same rule, said as an exception instead of a permission; without Secure EL2',
  CNTPS_TVAL_EL1: 'the same rule, said as an exception instead of a permission; without Secure EL2',
  CNTP_TVAL_EL0: "what the physical offset does to the value is the timer handler's",
};

/** Registers that Arm's data lists for implementations unlike ours. */
export const notInData: Readonly<Record<string, string>> = {
  RVBAR_EL1: 'condensed for a machine with EL3',
  RVBAR_EL2: 'condensed for a machine with EL3',
  RMR_EL1: 'condensed for a machine with EL3',
  RMR_EL2: 'condensed for a machine with EL3',
  SDER32_EL3: 'hypervisors and monitors save AArch32 state without asking whether it is there',
  DACR32_EL2: 'hypervisors save AArch32 state without asking whether it is there',
  IFSR32_EL2: 'hypervisors save AArch32 state without asking whether it is there',
  FPEXC32_EL2: 'hypervisors save AArch32 state without asking whether it is there',
  DBGVCR32_EL2: 'hypervisors save AArch32 state without asking whether it is there',
};

// ---- our rows in the words of the condensed data -----------------------------------------------

const spell = ({ register, field, is, not }: Condition): string =>
  `${register}.${field}${not ? '!=' : '='}${[...is].sort((a, b) => a - b).join('|')}`;

/** Nobody runs at EL1 while TGE is 1, so these say nothing there. */
const saysNothingAtEl1 = new Set(['HCR_EL2.E2H,TGE!=3', 'HCR_EL2.TGE=0']);

function outcome(conditions: readonly string[], level: number, result: string): string {
  const said = conditions.filter(one => level !== 1 || !saysNothingAtEl1.has(one)).sort();
  return said.length === 0 ? result : `${said.join(' and ')} -> ${result}`;
}

const result = (trap: Trap, level: number): string => {
  if (trap.as === 'systemRegister') return `EL${trap.to}`;
  if (trap.as === 'floatingPoint') return `EL${trap.to} class 7`;
  return trap.to === level ? 'undefined' : `EL${trap.to} class 0`;
};

function outcomes(
  row: Pick<SystemRegister, 'access' | 'traps'> & Partial<Pick<SystemRegister, 'unless' | 'redirects' | 'nested'>>,
  direction: 'read' | 'write',
  level: 0 | 1 | 2 | 3,
): string[] {
  const list: string[] = [];
  const lowest = row.access[direction];
  const controls = (row.unless ?? []).filter(one => /^(HCR_EL2|SCR_EL3)$/.test(one.register));
  const permitted = lowest !== undefined && level >= lowest;
  const alias = controls.filter(one => one.field === 'E2H').map(spell);
  if (permitted) {
    for (const one of controls)
      if (one.field !== 'E2H') list.push(outcome([`${one.register}.${one.field}=0`], level, 'undefined'));
  }
  for (const trap of row.traps) {
    if ((trap.on !== 'access' && trap.on !== direction) || !trap.from.includes(level)) continue;
    const feature = trap.feature === undefined ? [] : [trap.feature];
    const hosts = permitted ? alias : [];
    list.push(outcome([...feature, ...hosts, ...trap.when.map(spell)], level, result(trap, level)));
  }
  if (level === 1 && row.nested) list.push(outcome(nestedConditions(row.nested).map(spell), level, 'memory'));
  for (const redirect of row.redirects ?? []) {
    if ((redirect.on !== 'access' && redirect.on !== direction) || !redirect.from.includes(level)) continue;
    list.push(outcome(redirect.when.map(spell), level, redirect.to));
    if (redirect.when.length === 0) return list;
  }
  const nested = level === 1 && row.redirects ? nestedTrap(row, direction) : undefined;
  if (nested) list.push(outcome(nested.when.map(spell), level, result(nested, level)));
  if (!permitted) return [...list, 'undefined'];
  list.push(outcome(alias, level, 'self'));
  if (alias.length > 0) list.push('undefined');
  return list;
}

/** Two rules that cannot both apply may stand in either order. */
function exclusive(a: string, b: string): boolean {
  const values = (text: string): Map<string, string> =>
    new Map(
      text.includes(' -> ')
        ? text
            .split(' -> ')[0]!
            .split(' and ')
            .map(one => one.split(/(?=!?=)/) as [string, string])
        : [],
    );
  const left = values(a);
  return [...values(b)].some(([name, value]) => left.has(name) && left.get(name) !== value && !value.startsWith('!'));
}

function difference(ours: readonly string[], arms: readonly string[]): string | undefined {
  const missing = arms.filter(one => !ours.includes(one));
  const extra = ours.filter(one => !arms.includes(one));
  if (missing.length + extra.length > 0) return `lacks [${missing.join('; ')}], adds [${extra.join('; ')}]`;
  for (let i = 0; i < ours.length; i++) {
    for (let j = i + 1; j < ours.length; j++) {
      if (arms.indexOf(ours[i]!) > arms.indexOf(ours[j]!) && !exclusive(ours[i]!, ours[j]!)) {
        return `"${ours[i]}" comes before "${ours[j]}"`;
      }
    }
  }
  return undefined;
}

const said = (fields: readonly Field[]): string[] =>
  fields
    .filter(one => one.name !== 'RES0')
    .map(one => [one.name, one.high, one.low, one.feature ?? '', one.without ?? ''].join(' ').trim());

const expected = (fields: readonly FieldExpectation[]): string[] =>
  fields.map(([name, high, low, feature, ones]) => [name, high, low, feature ?? '', ones ?? ''].join(' ').trim());

function fieldDifference(row: SystemRegister, data: Expectation): string | undefined {
  const found: string[] = [];
  const compare = (where: string, ours: readonly Field[], arms: readonly FieldExpectation[]): void => {
    const [left, right] = [said(ours), expected(arms)];
    for (const one of right) if (!left.includes(one)) found.push(`${where}lacks ${one}`);
    for (const one of left) if (!right.includes(one)) found.push(`${where}adds ${one}`);
  };
  if (data.fields) compare('', row.fields, data.fields);
  if (data.host) compare('host ', row.layouts.find(one => one.name === 'host')?.fields ?? [], data.host);
  return found.length === 0 ? undefined : found.join('; ');
}

const nestedRules: Readonly<Record<string, string>> = { '111': 'NV1', '101': '!NV1', '1x1': 'always', xx1: 'always' };

export const covered = systemRegisters.filter(row => arm.registers[row.name] !== undefined);

/** System instructions of the machine's features by op1:CRn:CRm:op2 (decimal, with commas): `dc`, `ic`, `at`, `tlbi` … */
export const systemOperations: ReadonlyMap<string, string> = new Map(
  Object.entries(arm.registers)
    .filter(
      ([, { use, features }]) =>
        use !== undefined && (features ?? []).every(name => findFeature(name)?.implemented ?? false),
    )
    .map(([name, { encoding }]) => [encoding.replace(/^1,/, ''), name.split(' ')[0]!.toLowerCase()]),
);

/** Registers that are in the tables and neither in the data nor known not to be. */
export function compareRegisterNames(): { readonly missing: readonly string[] } {
  const reserved = /^S3_0_C0_C\d_\d$/;
  return {
    missing: systemRegisters
      .filter(row => arm.registers[row.name] === undefined && !reserved.test(row.name))
      .map(row => row.name)
      .sort(),
  };
}

/** Encodings, features and offsets in memory that differ. */
export function compareRegisterEncodings(): string[] {
  const found: string[] = [];
  for (const row of covered) {
    const data = arm.registers[row.name]!;
    if (row.encoding.join() !== data.encoding)
      found.push(`${row.name} is ${data.encoding}, not ${row.encoding.join()}`);
    const needs = row.feature === undefined || row.name.endsWith('2') ? [] : [row.feature];
    if (!row.name.endsWith('2') && needs.join() !== (data.features ?? []).join()) {
      found.push(`${row.name} needs ${data.features?.join() ?? 'nothing'}, not ${needs.join()}`);
    }
    const [offset, rule] = (data.nested ?? '').split(' ');
    const nested = data.nested === undefined ? undefined : { offset: Number(offset), when: nestedRules[rule ?? ''] };
    if (JSON.stringify(row.nested) !== JSON.stringify(nested)) {
      found.push(`${row.name} is nested ${JSON.stringify(nested)}, not ${JSON.stringify(row.nested)}`);
    }
  }
  return found;
}

/** Registers of which the fields differ, and how. */
export function compareRegisterFields(): Map<string, string> {
  const found = new Map<string, string>();
  for (const row of covered) {
    const base = arm.registers[row.name]!;
    const other = fieldDifference(row, base);
    if (other !== undefined) found.set(row.name, other);
  }
  return found;
}

/** Accesses that differ (register, direction, level), and how many rules were compared. */
export function compareRegisterAccess(): { readonly rules: number; readonly found: Map<string, string> } {
  const found = new Map<string, string>();
  let rules = 0;
  for (const row of covered) {
    const data = arm.registers[row.name]!;
    for (const direction of ['read', 'write'] as const) {
      const number = data[direction];
      for (const level of [0, 1, 2, 3] as const) {
        const arms = number === undefined ? ['undefined'] : arm.rules[number]![level]!;
        const ours = row.access[direction] === undefined ? ['undefined'] : outcomes(row, direction, level);
        const other = difference(ours, arms);
        if (other !== undefined) found.set(`${row.name} ${direction} EL${level}`, other);
        rules += arms.length;
      }
    }
  }
  return { rules, found };
}

/** The data have it as an alias of SYS alone. */
const instructionsNotInData: ReadonlySet<string> = new Set(['COSP RCTX']);

/** System instructions that differ in encoding, feature or traps. */
export function compareSystemInstructions(): string[] {
  const found: string[] = [];
  for (const row of systemInstructions) {
    const data = arm.registers[row.name];
    if (data?.use === undefined) {
      if (!instructionsNotInData.has(row.name)) found.push(`${row.name} is not in the data`);
      continue;
    }
    if (row.encoding.join() !== data.encoding) found.push(`${row.name} is ${data.encoding}`);
    if (row.feature !== undefined ? !data.features?.includes(row.feature) : data.features !== undefined) {
      found.push(`${row.name} needs ${data.features?.join() ?? 'nothing'}, not ${row.feature}`);
    }
    for (const level of [0, 1, 2, 3] as const) {
      const other = difference(outcomes(row, 'write', level), arm.rules[data.use]![level]!);
      if (other !== undefined) found.push(`${row.name} at EL${level} ${other}`);
    }
  }
  return found;
}

/** Registers and system instructions of Arm's data that the tables lack: of features they know, and of others. */
export function uncoveredRegisters(): { readonly known: readonly string[]; readonly others: readonly string[] } {
  const ours = new Set<string>([...systemRegisters, ...systemInstructions].map(row => row.name));
  return { known: Object.keys(arm.registers).filter(name => !ours.has(name)), others: arm.absent };
}

/** Whether a difference of fields or access is listed with a reason. */
export const isFieldDifference = (name: string): boolean => name.replace(/_EL12$/, '_EL1') in fieldDifferences;
export const isAccessDifference = (name: string): boolean => name.split(' ')[0]! in accessDifferences;
