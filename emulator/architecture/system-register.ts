/** One row of the system-register table, and what can be computed from a row alone. */

/** An Exception level, 0 to 3. */
export type ExceptionLevel = 0 | 1 | 2 | 3;

export type Direction = 'read' | 'write';

/** The operands of MRS and MSR that select a register (Arm ARM C5.3). */
export type SystemEncoding = readonly [op0: number, op1: number, CRn: number, CRm: number, op2: number];

/** A run of bits `high:low` of a register. The names RES0 and RES1 mark reserved bits. */
export interface Field {
  readonly high: number;
  readonly low: number;
  readonly name: string;
  /** Meaning in a few words. */
  readonly brief?: string;
  /** Words for the values that have a meaning of their own. */
  readonly values?: Readonly<Record<number, string>>;
  /** Writes leave a read-only field as it is. */
  readonly readOnly?: boolean;
  /** The field exists only with this feature, otherwise the bits are reserved with the value `without`. */
  readonly feature?: string;
  /** What the bits read as when `feature` is absent; 0 when not given. */
  readonly without?: 0 | 1;
}

/**
 * A test of one control: `register.field` has one of the values `is`, or (with `not`) none of them.
 * Several fields joined by commas are concatenated, the first one highest: `'E2H,TGE'` with `is: [3]`.
 *
 * Fields mean effective values: HCR_EL2 reads as zero while EL2 is absent or disabled in the current Security state,
 * and TGE and E2H switch other fields off or on (Arm ARM D13.2). While EL3 is absent, a condition on a register
 * of EL3 holds. A condition on a register that the CPU model lacks does not hold. Registers with a handler and
 * without storage (ICC_SRE_EL1, ICH_HCR_EL2) are read through the handler.
 */
export interface Condition {
  readonly register: string;
  readonly field: string;
  readonly is: readonly number[];
  readonly not?: boolean;
}

/** What a trapped access becomes. */
export type TrapClass =
  /** Exception class 0x18 naming the register and the direction. */
  | 'systemRegister'
  /** Exception class 0x07, access to SIMD and floating-point state. */
  | 'floatingPoint'
  /** Exception class 0x00. */
  | 'undefined';

/**
 * An access from one of the levels `from` goes to Exception level `to` when all of `when` hold.
 *
 * Traps to a level that is absent, and to EL2 while it is disabled in the current Security state, do not exist.
 * A trap from EL0 to EL1 goes to EL2 instead while HCR_EL2.TGE is 1, as every exception does.
 * With `to` equal to the level of the access and `as: 'undefined'` the access is simply UNDEFINED there.
 */
export interface Trap {
  readonly to: 1 | 2 | 3;
  readonly on: Direction | 'access';
  /** The Exception levels whose accesses are trapped. */
  readonly from: readonly ExceptionLevel[];
  readonly when: readonly Condition[];
  readonly as: TrapClass;
  /** The trap exists only with this feature. */
  readonly feature?: string;
}

/**
 * An access from one of the levels `from` reaches register `to` instead when all of `when` hold; to a register
 * of EL2 only while EL2 is enabled. Traps of the original register come first.
 */
export interface Redirect {
  readonly from: readonly ExceptionLevel[];
  readonly on: Direction | 'access';
  readonly to: string;
  readonly when: readonly Condition[];
}

/** Under FEAT_NV2 an access at EL1 becomes a memory access at VNCR_EL2.BADDR plus `offset`, in bytes. */
export interface NestedMemory {
  readonly offset: number;
  readonly when: 'always' | 'NV1' | '!NV1';
}

/** A second meaning of the register's bits, in force while all of `when` hold. */
export interface Layout {
  readonly name: string;
  readonly when: readonly Condition[];
  readonly fields: readonly Field[];
}

/** Who implements reads and writes that do more than store. */
export type Handler = 'pe' | 'timer' | 'gic' | 'pmu' | 'debug';

export interface SystemRegister<Name extends string = string> {
  readonly name: Name;
  readonly encoding: SystemEncoding;
  /** One sentence in words. */
  readonly brief: string;
  /** The lowest Exception level that may read or write; absent means that nobody may. */
  readonly access: { readonly read?: ExceptionLevel; readonly write?: ExceptionLevel };
  /** The feature without which the encoding is UNDEFINED. */
  readonly feature?: string;
  /** The register exists only where this is the highest Exception level implemented. */
  readonly onlyIfHighest?: ExceptionLevel;
  /** The access is UNDEFINED unless all of these hold. */
  readonly unless: readonly Condition[];
  /** In order of priority: the first that applies is taken. */
  readonly traps: readonly Trap[];
  readonly redirects: readonly Redirect[];
  readonly nested?: NestedMemory;
  /** Value after reset, RES1 included; architecturally unknown bits reset to zero. A CPU model may say otherwise. */
  readonly reset: bigint;
  /** Bits 63 to 0 in order, without gaps. */
  readonly fields: readonly Field[];
  readonly layouts: readonly Layout[];
  /** 'own': the row has a 64-bit slot; 'none': a view of other state or computed by its handler. */
  readonly storage: 'own' | 'none' | { readonly sharedWith: string };
  readonly handler?: Handler;
}

type Optional = 'unless' | 'traps' | 'redirects' | 'reset' | 'layouts' | 'storage';
type Description = Omit<SystemRegister, 'name' | 'encoding' | Optional> &
  Partial<Omit<Pick<SystemRegister, Optional>, 'traps'>> & { readonly traps?: readonly TrapDraft[] };

/** A trap whose levels, when left out, are those below `to` that may access the register at all. */
export type TrapDraft = Omit<Trap, 'from'> & Partial<Pick<Trap, 'from'>>;

/** Names the levels of a drafted trap, given which levels may access the register. */
export function completeTrap(draft: TrapDraft, access: SystemRegister['access']): Trap {
  const { read = 3, write = 3 } = access;
  const lowest = draft.on === 'access' ? Math.min(read, write) : draft.on === 'read' ? read : write;
  const from = ([0, 1, 2] as const).filter(level => level >= lowest && level < draft.to);
  return { from, ...draft };
}

/** Makes a row; what is left out is empty, zero or (storage) 'own'. RES1 bits need not be repeated in `reset`. */
export function systemRegister<const Name extends string>(
  name: Name,
  encoding: SystemEncoding,
  description: Description,
): SystemRegister<Name> {
  const traps = (description.traps ?? []).map(draft => completeTrap(draft, description.access));
  const ones = description.fields.filter(one => one.name === 'RES1');
  const reset = ones.reduce((value, one) => value | maskOfBits(one.high, one.low), description.reset ?? 0n);
  return { unless: [], redirects: [], layouts: [], storage: 'own', ...description, reset, traps, name, encoding };
}

/**
 * A row together with its name for EL2 and EL3 under HCR_EL2.E2H = 1 (FEAT_VHE): `X_EL1` and `X_EL12`,
 * `X_EL0` and `X_EL02`. Such names have op1 = 5, reach the same state, and are UNDEFINED while E2H = 0.
 */
export function withHostAlias<const Name extends string>(
  row: SystemRegister<Name>,
  aliasTraps: readonly TrapDraft[] = [],
): [SystemRegister<Name>, SystemRegister<`${Name}2`>] {
  const [op0, , crn, crm, op2] = row.encoding;
  const level = row.name.endsWith('_EL1') ? 'EL1' : 'EL0';
  const alias: SystemRegister<`${Name}2`> = {
    ...row,
    name: `${row.name}2`,
    encoding: [op0, 5, crn, crm, op2],
    brief: `${row.name} as seen from EL2 or EL3 while EL2 runs a host: reaches the ${level} register.`,
    access: { ...(row.access.read !== undefined && { read: 2 }), ...(row.access.write !== undefined && { write: 2 }) },
    // Without FEAT_VHE, E2H is 0.
    feature: row.feature ?? 'FEAT_VHE',
    unless: [{ register: 'HCR_EL2', field: 'E2H', is: [1] }],
    traps: aliasTraps.map(draft => completeTrap(draft, { read: 2, write: 2 })),
    redirects: [],
    storage: { sharedWith: row.name },
  };
  if (row.nested?.when === 'NV1') return [row, { ...alias, nested: { offset: row.nested.offset, when: '!NV1' } }];
  return [row, alias];
}

// ---- fields ------------------------------------------------------------------------------------

type FieldDetails = Omit<Field, 'high' | 'low' | 'name'>;

/** `bits('63:48', 'ASID', 'Address space identifier')`, `bits('0', 'M', 'MMU', { values: … })`, or without words. */
export function bits(range: string, name: string, brief?: string | FieldDetails, details?: FieldDetails): Field {
  const [high = Number.NaN, low = high] = range.split(':').map(Number);
  return { high, low, name, ...(typeof brief === 'string' ? { brief, ...details } : brief) };
}

/** A field of one bit for each bit of `range`, from the highest: `name` and a number, which is `first` for the lowest bit. */
export function eachBit(
  range: string,
  name: string,
  first: number,
  brief?: string | FieldDetails,
  details?: FieldDetails,
): Field[] {
  const { high, low } = bits(range, name);
  return Array.from({ length: high - low + 1 }, (_, below) =>
    bits(`${high - below}`, `${name}${first + high - low - below}`, brief, details),
  );
}

export const res0 = (range: string): Field => bits(range, 'RES0');
export const res1 = (range: string): Field => bits(range, 'RES1');

export interface FieldPosition {
  readonly high: number;
  readonly low: number;
  /** The field's bits in place. */
  readonly mask: bigint;
}

/** The bits `high:low` set, in place. */
export function maskOfBits(high: number, low: number): bigint {
  return ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
}

/**
 * Where a field lies. `layout` names one of the row's further layouts; without it the basic layout counts first.
 * @throws RangeError when the row has no such field.
 */
export function field(row: SystemRegister, name: string, layout?: string): FieldPosition {
  const found = findField(row, name, layout);
  if (found === undefined)
    throw new RangeError(`${row.name} has no field ${name}${layout ? ` in layout ${layout}` : ''}`);
  return { high: found.high, low: found.low, mask: maskOfBits(found.high, found.low) };
}

/** The field of that name, or undefined. */
export function findField(row: SystemRegister, name: string, layout?: string): Field | undefined {
  if (layout !== undefined) {
    return row.layouts.find(one => one.name === layout)?.fields.find(one => one.name === name);
  }
  for (const fields of [row.fields, ...row.layouts.map(one => one.fields)]) {
    const found = fields.find(one => one.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value of a field, shifted down to bit 0. */
export function extractField(value: bigint, row: SystemRegister, name: string, layout?: string): bigint {
  const { low, mask } = field(row, name, layout);
  return (value & mask) >> BigInt(low);
}

/** `value` with a field replaced; bits of `content` beyond the field are dropped. */
export function insertField(
  value: bigint,
  row: SystemRegister,
  name: string,
  content: bigint,
  layout?: string,
): bigint {
  const { low, mask } = field(row, name, layout);
  return (value & ~mask) | ((content << BigInt(low)) & mask);
}

export const isReserved = (one: Field): boolean => one.name === 'RES0' || one.name === 'RES1';

/** How software's writes reach the bits of a register on a PE with the given features. */
export interface WriteMasks {
  /** Bits that take the written value. */
  readonly writable: bigint;
  /** Bits that always read as one. */
  readonly ones: bigint;
}

/** The masks of the basic layout or of the one named. Bits in neither mask and not read-only read as zero. */
export function writeMasks(row: SystemRegister, hasFeature: (name: string) => boolean, layout?: string): WriteMasks {
  const fields = layout === undefined ? row.fields : row.layouts.find(one => one.name === layout)?.fields;
  if (fields === undefined) throw new RangeError(`${row.name} has no layout ${layout}`);
  let writable = 0n;
  let ones = 0n;
  for (const one of fields) {
    const mask = maskOfBits(one.high, one.low);
    const absent = one.feature !== undefined && !hasFeature(one.feature);
    if (one.name === 'RES1' || (absent && one.without === 1)) ones |= mask;
    else if (one.name !== 'RES0' && !absent && !one.readOnly) writable |= mask;
  }
  return { writable, ones };
}

// ---- encodings ---------------------------------------------------------------------------------

/** The 16-bit key of an encoding: op0:op1:CRn:CRm:op2, bits 20:5 of MRS and MSR. */
export function systemEncodingKey([op0, op1, crn, crm, op2]: SystemEncoding): number {
  return (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
}

/** The name any assembler takes for an encoding: `S3_0_C2_C0_0`. */
export function genericName([op0, op1, crn, crm, op2]: SystemEncoding): string {
  return `S${op0}_${op1}_C${crn}_C${crm}_${op2}`;
}

// ---- conditions and traps ----------------------------------------------------------------------

/** `on('HCR_EL2', 'TVM')`: the field is 1, or has one of the given values. */
export function on(register: string, fieldName: string, ...is: number[]): Condition {
  return { register, field: fieldName, is: is.length === 0 ? [1] : is };
}

/** `off('SCTLR_EL1', 'UMA')`: the field is 0. */
export function off(register: string, fieldName: string): Condition {
  return { register, field: fieldName, is: [0] };
}

/** The field has none of the given values. */
export function isNot(register: string, fieldName: string, ...is: number[]): Condition {
  return { register, field: fieldName, is, not: true };
}

/**
 * The fields a condition tests, highest first, in the layout that the other conditions beside it imply
 * (`beside` asking HCR_EL2.E2H = 1 selects the host layout of CPTR_EL2).
 */
export function conditionFields(row: SystemRegister, condition: Condition, beside: readonly Condition[]): Field[] {
  const layout = row.layouts.find(one => one.when.every(wanted => beside.some(given => implies(given, wanted))));
  return condition.field.split(',').map(name => {
    const found = findField(row, name, layout?.name) ?? findField(row, name);
    if (found === undefined) throw new RangeError(`${row.name} has no field ${name}`);
    return found;
  });
}

function implies(given: Condition, wanted: Condition): boolean {
  if (given.register !== wanted.register || given.not || wanted.not) return false;
  const names = given.field.split(',');
  const place = names.indexOf(wanted.field);
  if (place < 0) return false;
  // Only single-bit fields are ever joined.
  const shift = names.length - 1 - place;
  return given.is.every(value => wanted.is.includes(names.length === 1 ? value : (value >> shift) & 1));
}

// ---- nested virtualization ---------------------------------------------------------------------

/** What HCR_EL2.NV does to an access at EL1 that only EL2 may make, when nothing else came before (FEAT_NV). */
export function nestedTrap({ access }: Pick<SystemRegister, 'access'>, direction: Direction): Trap | undefined {
  if (access[direction] !== 2) return undefined;
  return { to: 2, on: direction, from: [1], when: [on('HCR_EL2', 'NV')], as: 'systemRegister' };
}

/** When an access at EL1 goes to memory: after the register's own traps, before {@link nestedTrap} (FEAT_NV2). */
export function nestedConditions({ when }: NestedMemory): Condition[] {
  const both = [on('HCR_EL2', 'NV'), on('HCR_EL2', 'NV2')];
  return when === 'always' ? both : [...both, when === 'NV1' ? on('HCR_EL2', 'NV1') : off('HCR_EL2', 'NV1')];
}

/** `memory at VNCR_EL2 + 0x110`. */
export const nestedPlace = ({ offset }: NestedMemory): string => `memory at VNCR_EL2 + 0x${offset.toString(16)}`;

/** `HCR_EL2.TVM = 1`, `CPACR_EL1.FPEN = 0 or 2`, `HCR_EL2.{E2H,TGE} ≠ 3`. */
export function describeCondition({ register, field: name, is, not }: Condition): string {
  const subject = name.includes(',') ? `{${name}}` : name;
  return `${register}.${subject} ${not ? '≠' : '='} ${is.join(not ? ' nor ' : ' or ')}`;
}

/** `Trapped to EL2 on write when HCR_EL2.TVM = 1`; the levels are named unless they are all below. */
export function describeTrap(trap: Trap): string {
  const when = trap.when.length === 0 ? '' : ` when ${trap.when.map(describeCondition).join(' and ')}`;
  const direction = trap.on === 'access' ? '' : ` on ${trap.on}`;
  const levels = trap.from
    .map(level => `EL${level}`)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
  if (trap.as === 'undefined' && trap.from.every(level => level === trap.to)) {
    return `UNDEFINED at ${levels}${direction}${when}`;
  }
  const below = trap.from.length > 0 && trap.from.at(-1) === trap.to - 1 && (trap.from[0] === 0 || trap.from[0] === 1);
  const from = below && (trap.to !== 2 || trap.from.length === 2 || trap.from[0] === 1) ? '' : ` from ${levels}`;
  const as = { systemRegister: '', floatingPoint: ' as a floating-point access', undefined: ' as UNDEFINED' }[trap.as];
  return `Trapped to EL${trap.to}${as}${direction}${from}${when}`;
}
