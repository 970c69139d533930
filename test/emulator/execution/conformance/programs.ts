/** Random programs made of the instruction rows. */

import { configureCpu, findCpuModel } from '../../../../emulator/architecture/cpu-model.ts';
import { decode } from '../../../../emulator/architecture/decoder.ts';
import type { Instruction } from '../../../../emulator/architecture/instruction.ts';
import { instructions } from '../../../../emulator/architecture/instructions/index.ts';
import { memoryCopySet } from '../../../../emulator/architecture/instructions/memory-copy-set.ts';
import { insertFields } from '../../../../emulator/architecture/pattern.ts';
import { Random } from '../../translation/random.ts';
import { floatFormats, randomFloat } from '../random-floats.ts';
import { DATA_END, type Setting, type Start, type TagChecks, WINDOW, WINDOW_SIZE } from './harness.ts';
import { randomInstance } from './instances.ts';
import { copyOrSet, LONGEST } from './memory-operations.ts';

/** Instructions of each program, without the final BRK. */
export const LENGTH = 24;

/** What programs are about; those with tags and of newer models need a newer QEMU. */
type Kind = 'usual' | 'tagged' | 'newer';
const kindOf = ({ tagChecks, newer }: Setting): Kind => (newer ? 'newer' : tagChecks ? 'tagged' : 'usual');

/** X24 to X27 and SP point into the window, X28 near the end of the data, X22 and X23 hold small offsets. */
const POINTERS = [24, 25, 26, 27, 31];
/** Of these one stays aligned: it is never written back. QEMU does not check the alignment of LDAPR and its kin. */
const ALIGNED = 27;
const MOVABLE = POINTERS.filter(n => n !== ALIGNED);
const needsAligned = (row: Instruction) => /^(LDAPU?R|STLUR)/.test(row.name);
/** Newer models have FEAT_LSE2, by which fewer ordered and atomic accesses must be aligned. */
const staysAligned = (row: Instruction, kind: Kind): boolean =>
  kind !== 'newer' &&
  (needsAligned(row) || (kind === 'tagged' && (row.group === 'Exclusive and ordered' || row.group === 'Atomics')));
const writesBack = (row: Instruction) => /post-index|pre-index/.test(row.name);
const EDGE = 28;
const OFFSETS = [22, 23];
const LAST_DESTINATION = 21;

/** Rows that leave the program, wait, or do what other tests compare with QEMU. */
const elsewhere: readonly { readonly rows: RegExp; readonly why: string }[] = [
  { rows: /^(WFE|WFI|ERET|HVC|SMC|HLT|BRK)$/, why: 'leaves the program or waits' },
  { rows: /^(MRS|MSR \(register\)|SYS|SYSL)$/, why: 'system registers and instructions have tests of their own' },
  { rows: /^(BR|BLR|RET)$|^(BL?RA[AB]Z?|E?RETA[AB])$/, why: 'written with the address they go to' },
  { rows: /^(CPY|SETG?)F?[PME][RTWN]*$/, why: 'written in threes' },
  { rows: /^(ST|LD)L?A?X[RP]/, why: 'written in pairs' },
  { rows: /^STLX[RP]/, why: 'written in pairs' },
  { rows: /^FCVTZS \(fixed-point, SIMD scalar, half\)$/, why: 'QEMU leaves the sign in bits 31:16' },
];

/** Features of the model `trapdoor` that the newest QEMU compared with (10.0) lacks. */
const lackedByQemu: ReadonlySet<string> = new Set(['FEAT_CSSC', 'FEAT_LRCPC3', 'FEAT_CLRBHB', 'FEAT_RPRFM']);

/** Branches that nearly always fail to authenticate an address, which is an exception in newer models (FEAT_FPACCOMBINE). */
const authenticates = /^(BL?RA[AB]Z?|RETA[AB])$/;

/** The rows that programs are made of, by group. Where both machines run as `max`, what it lacks is UNDEFINED on both. */
function groupsOf(kind: Kind): Instruction[][] {
  const model = findCpuModel(kind === 'newer' ? 'trapdoor' : 'max')!;
  const cpu = configureCpu(model, { el2: true, el3: true, gicV3: true, memoryTagging: kind === 'tagged' });
  const byGroup = new Map<string, Instruction[]>();
  for (const row of instructions) {
    const wanted = kind === 'newer' && authenticates.test(row.name);
    if (!wanted && elsewhere.some(({ rows }) => rows.test(row.name))) continue;
    if (!row.semantics || (row.feature && (!cpu.hasFeature(row.feature) || lackedByQemu.has(row.feature)))) continue;
    byGroup.set(row.group, [...(byGroup.get(row.group) ?? []), row]);
  }
  return [...byGroup.values()];
}
const groups: Record<Kind, Instruction[][]> = {
  usual: groupsOf('usual'),
  tagged: groupsOf('tagged'),
  newer: groupsOf('newer'),
};
const exclusives = instructions.filter(row => row.traits.has('exclusive'));

/** Makes programs only of rows whose names match: to look at what is new. */
export function restrictTo(names: RegExp): void {
  const restrict = (list: Instruction[][]) =>
    list.map(rows => rows.filter(row => names.test(row.name))).filter(rows => rows.length > 0);
  for (const kind of ['usual', 'tagged', 'newer'] as const) groups[kind] = restrict(groups[kind]);
}

/** The rows that programs may contain. */
export const comparedRows = (setting: Setting): readonly Instruction[] => {
  const kind = kindOf(setting);
  return [...groups[kind].flat(), ...exclusives, ...(kind === 'newer' ? memoryCopySet : [])];
};

function register(random: Random): number {
  return random.chance(0.08) ? 31 : random.chance(0.05) ? 29 + random.below(2) : random.below(LAST_DESTINATION + 1);
}

const isMemory = (row: Instruction) => row.traits.has('load') || row.traits.has('store') || /^PRF/.test(row.name);

/** Behaviour that the manual leaves open. */
function unpredictable(row: Instruction, fields: Readonly<Record<string, number>>): boolean {
  const { Rn, Rt, Rt2, Rs } = fields;
  const load = row.traits.has('load');
  const vector = row.operands['t']?.bank === 'v';
  if (Rt2 !== undefined && load && Rt === Rt2) return true;
  if (writesBack(row) && !vector && Rn !== 31 && (Rn === Rt || Rn === Rt2)) return true;
  return row.traits.has('exclusive') && Rs !== undefined && (Rs === Rt || Rs === Rt2 || Rs === Rn);
}

/** An instruction of a program, and how many words on it may lead, when it leads anywhere. */
interface Placed {
  readonly row: Instruction;
  readonly fields: Record<string, number>;
  readonly leadsTo?: { distance: number; set(distance: number): void };
  /** Nothing may lead here but the instruction before it. */
  readonly closed?: boolean;
}

function base(row: Instruction, random: Random, kind: Kind): number {
  if (staysAligned(row, kind)) return ALIGNED;
  if (random.chance(0.04)) return register(random);
  // After a transfer of several registers of which a later part faults these, or memory, are UNKNOWN. Which part of
  // a transfer fails first, when one fails its tag check and the other has no translation, is open.
  const inOrder =
    kind !== 'usual' ? /^(LD|ST)N?P|structure|^LD\dR|^STZ?2G|SIMD&FP.*\bq\b/ : /^LDN?P \(SIMD|structure|^LD\dR/;
  if (random.chance(0.05) && !inOrder.test(row.name)) return EDGE;
  return random.pick(writesBack(row) ? MOVABLE : POINTERS);
}

/** One instruction of a row that keeps the pointers and goes no further than the end of the program. */
function place(row: Instruction, random: Random, left: number, kind: Kind): Placed | undefined {
  for (let tries = 0; tries < 50; tries++) {
    const instance = randomInstance(row, random);
    if (!instance) return undefined;
    const fields: Record<string, number> = { ...instance.fields };
    const memory = isMemory(row);
    for (const [name, operand] of Object.entries(row.operands)) {
      const field = operand.registerField;
      if (!field || operand.bank === 'v') continue;
      if (memory && name === 'n') fields[field] = base(row, random, kind);
      else if (memory && field === 'Rm') fields[field] = random.chance(0.03) ? register(random) : random.pick(OFFSETS);
      else if (name === 'd' || memory) {
        fields[field] = register(random);
        if (operand.stackPointer && fields[field] === 31 && !random.chance(0.05)) fields[field] = 3;
      }
    }
    if (memory && 'imm12' in fields && random.chance(0.9)) fields['imm12'] = random.below(16);
    for (const operand of Object.values(row.operands)) {
      // Labels stay within the program (branches forward) or near it (literals and addresses).
      if (operand.role === 'label') for (const f of operand.fields) fields[f] = 1 + random.below(left);
    }
    if (staysAligned(row, kind) && 'imm9' in fields) fields['imm9']! &= 0x1f8;
    if (/literal/.test(row.name)) fields['imm19'] = (random.below(64) - 32) & 0x7ffff;
    if (/^MSR \(immediate\)/.test(row.name)) {
      if (fields['op1'] === 0 && fields['op2'] === 5) continue; // SPSel would exchange the harness's stack pointer
      // QEMU's newer `max` always has a little of FEAT_MTE; ours has all of it, or none.
      if (kind === 'newer' && fields['op1'] === 3 && fields['op2'] === 4) continue;
      if (!(fields['op1'] === 3 && fields['op2']! >= 6)) fields['CRm']! &= 1;
    }
    // A time in the past: others would be waited for.
    if (/^WF[EI]T$/.test(row.name)) fields['Rd'] = 31;
    if (unpredictable(row, fields) || !row.allocated(fields)) continue;
    if (decode(insertFields(row.pattern, fields))?.row !== row) continue;
    const field = Object.values(row.operands).find(kind => kind.role === 'label')?.fields[0];
    if (field === undefined) return { row, fields };
    const set = (distance: number) => {
      fields[field] = distance;
    };
    return { row, fields, leadsTo: { distance: fields[field]!, set } };
  }
  return undefined;
}

const CLREX = instructions.find(row => row.name === 'CLREX')!;
const ADR = instructions.find(row => row.name === 'ADR')!;

/** An indirect branch, with the ADR that computes where it goes. */
function indirectBranch(random: Random, left: number): Placed[] {
  const name = random.pick(['BR', 'BLR', 'RET']);
  const row = instructions.find(one => one.name === name)!;
  const Rd = random.below(LAST_DESTINATION + 1);
  const fields: Record<string, number> = { Rd, immlo: 0 };
  const set = (distance: number) => {
    fields['immhi'] = distance;
  };
  const distance = 2 + random.below(left - 1);
  set(distance);
  return [
    { row: ADR, fields, leadsTo: { distance, set } },
    { row, fields: { Rn: Rd }, closed: true },
  ];
}

/** A load exclusive and a store exclusive of the same size and address, and perhaps something between. */
function exclusivePair(random: Random, kind: Kind): Placed[] {
  const load = random.pick(exclusives.filter(row => row.traits.has('load')));
  const size = (row: Instruction) =>
    `${/B|H/.exec(row.name.slice(3))?.[0] ?? ''}${/XP/.test(row.name)}${/\(.*\)/.exec(row.name) ?? ''}`;
  const store = random.pick(exclusives.filter(row => row.traits.has('store') && size(row) === size(load)));
  const placed: Placed[] = [];
  const Rn = kind === 'tagged' ? ALIGNED : random.pick(POINTERS);
  for (const row of [load, store]) {
    for (;;) {
      const fields: Record<string, number> = {};
      for (const kind of Object.values(row.operands))
        if (kind.registerField) fields[kind.registerField] = register(random);
      fields['Rn'] = Rn;
      if (unpredictable(row, fields)) continue;
      placed.push({ row, fields });
      break;
    }
    if (row === load && random.chance(0.2)) placed.push({ row: CLREX, fields: { CRm: 15 } });
  }
  return placed;
}

const corner = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 1n << 63n, (1n << 64n) - 1n];

function value(random: Random): bigint {
  if (random.chance(0.2)) return random.pick(corner);
  if (random.chance(0.2)) return BigInt.asUintN(64, BigInt(random.below(512) - 256));
  return random.bits(64);
}

/** 64 bits of a vector: integers of one width, half of them near the limits of the width or small, as shift amounts are. */
function integerHalf(random: Random): bigint {
  const width = random.pick([8, 16, 32, 64]);
  const limits = [1n << BigInt(width - 1), (1n << BigInt(width - 1)) - 1n, (1n << BigInt(width)) - 1n, 0n];
  let half = 0n;
  for (let at = 0; at < 64; at += width) {
    const element = random.chance(0.25)
      ? random.pick(limits)
      : random.chance(0.35)
        ? BigInt(random.below(140) - 70)
        : random.bits(width) >> BigInt(random.chance(0.5) ? random.below(width) : 0);
    half |= BigInt.asUintN(width, element) << BigInt(at);
  }
  return half;
}

/** 64 bits of a vector: numbers of one format. */
function vectorHalf(random: Random): bigint {
  if (random.chance(0.1)) return random.bits(64);
  if (random.chance(0.35)) return integerHalf(random);
  const format = random.pick(floatFormats);
  let half = 0n;
  for (let at = 0; at < 64; at += format.width) half |= randomFloat(random, format) << BigInt(at);
  return half;
}

/** Of a subnormal number that is flushed, QEMU's FJCVTZS says that it was converted exactly. */
const mayFlush = (placed: readonly Placed[]) => !placed.some(({ row }) => row.name === 'FJCVTZS');

/** Rounding, flushing, NaNs and the half-precision format, as FPCR has them. */
function control(random: Random, flushes: boolean): bigint {
  if (random.chance(0.4)) return 0n;
  const bit = (position: number, probability: number) => (random.chance(probability) ? 1n << BigInt(position) : 0n);
  return (random.bits(2) << 22n) | bit(24, flushes ? 0.3 : 0) | bit(25, 0.3) | bit(19, 0.3) | bit(26, 0.3);
}

/**
 * Stores of several parts: when a later part fails its tag check, whether the memory of the earlier ones is written is left
 * open.
 */
const inParts = /^STN?P \(|^ST[1-4] |^ST(R|UR) \(SIMD&FP, .*\bq\b/;

/**
 * QEMU (7.2 to 10.0) does not check the first of these against tags, takes a compare and swap for a write alone, and of
 * more than 32 bytes checks only as many as are left over.
 */
const checkedOtherwise = (row: Instruction): boolean =>
  /^(LDAPUR|STLUR|CAS)|multiple structures, (three|four) vectors|^(LD|ST)[34] \(multiple/.test(row.name);

/** QEMU's `max` has newer pointer authentication since version 8, which is needed here: 7.2 mixes up tags. */
const ofNewerModels = (row: Instruction): boolean =>
  row.feature === 'FEAT_PAuth' || row.group === 'Pointer authentication';

/** A row for a program with tags: half of them access memory, and half of these tags. */
function rowOfTagging(random: Random, { atEl1, atEl0 }: TagChecks): Instruction {
  const wanted = random.pick<(row: Instruction) => boolean>([
    () => true,
    isMemory,
    isMemory,
    row => row.group === 'Memory tagging',
  ]);
  const synchronous = atEl1 === 1 || atEl0 === 1;
  for (;;) {
    const candidates = random
      .pick(groups.tagged)
      .filter(
        row => wanted(row) && !checkedOtherwise(row) && !ofNewerModels(row) && !(synchronous && inParts.test(row.name)),
      );
    if (candidates.length > 0) return random.pick(candidates);
  }
}

const SYS = instructions.find(row => row.name === 'SYS')!;

/** DC GVA or GZVA of a pointer. Of DC ZVA, QEMU (7.2 to 10.0) reports a failed check as a read of another address. */
function block(random: Random): Placed {
  return {
    row: SYS,
    fields: { op1: 3, CRn: 7, CRm: 4, op2: random.pick([3, 4]), Rt: random.pick(POINTERS.slice(0, 4)) },
  };
}

/** The first place from one on where something may lead. */
function pastClosed(placed: readonly Placed[], at: number): number {
  return placed[at]?.closed ? pastClosed(placed, at + 1) : at;
}

/** A random program and what it starts with; the same seed gives the same. */
export function randomProgram(seed: number, setting: Setting = {}): Start {
  const { tagChecks } = setting;
  const about = kindOf(setting);
  const random = new Random(seed);
  for (let i = 0; i < 4; i++) random.word();
  const placed: Placed[] = [];
  while (placed.length < LENGTH) {
    const left = LENGTH - placed.length;
    const kind = left > 4 ? random.below(50) : 2;
    if (kind === 0) placed.push(...indirectBranch(random, left));
    else if (kind === 1) placed.push(...exclusivePair(random, about));
    else if (tagChecks && left > 4 && kind <= 4) placed.push(block(random));
    else if (about === 'newer' && left > LONGEST && kind <= 15)
      placed.push(...copyOrSet(random, ALIGNED, LAST_DESTINATION, tagChecks !== undefined));
    else {
      const row = tagChecks ? rowOfTagging(random, tagChecks) : random.pick(random.pick(groups[about]));
      const one = place(row, random, left, about);
      if (one) placed.push(one);
    }
  }
  for (const [i, { leadsTo }] of placed.entries())
    if (leadsTo) leadsTo.set(pastClosed(placed, i + leadsTo.distance) - i);
  const words = placed.map(({ row, fields }) => insertFields(row.pattern, fields));
  words.push(0xd420_0ee0);
  const pointer = () =>
    WINDOW + BigInt(random.chance(0.8) ? 16 * random.below(WINDOW_SIZE / 16) : random.below(WINDOW_SIZE));
  const x = Array.from({ length: 31 }, (_, n) => {
    if (n === EDGE) return DATA_END - BigInt(random.below(64));
    if (n === ALIGNED) return pointer() & ~15n;
    if (POINTERS.includes(n)) return pointer();
    if (OFFSETS.includes(n)) return BigInt.asUintN(64, BigInt(random.below(256) - 128));
    return value(random);
  });
  const level = random.chance(0.3) ? 0n : 4n;
  const fpcr = control(random, mayFlush(placed));
  const start = {
    x,
    sp: random.chance(0.95) ? pointer() & ~15n : pointer(),
    pstate: (random.bits(4) << 28n) | 0x3c0n | level,
    fpcr,
    seed: random.bits(64),
    v: Array.from({ length: 64 }, () => vectorHalf(random)),
    words,
  };
  return tagChecks ? withTags(start, random) : start;
}

/** The tag that most of the window has goes into most pointers; checks are sometimes off. */
function withTags(start: Start, random: Random): Start {
  const tagged = (address: bigint) => {
    const tag = random.chance(0.85) ? start.seed & 15n : random.bits(4);
    return (address & ~(15n << 56n)) | (tag << 56n);
  };
  const isPointer = (n: number) => n === EDGE || POINTERS.includes(n);
  return {
    ...start,
    x: start.x.map((value, n) => (isPointer(n) ? tagged(value) : value)),
    sp: tagged(start.sp),
    pstate: start.pstate | (random.chance(0.1) ? 1n << 25n : 0n),
  };
}
