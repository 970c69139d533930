/**
 * Memory copy and memory set (Arm ARM C3.2.18): FEAT_MOPS with option A.
 *
 * The prologue goes to the first boundary of a page, the main instruction as far as there is a page or more to do, and the
 * epilogue does what is left. An instruction that has more to do than bytes of one page goes on when it is executed again,
 * its registers telling what remains: so no interrupt waits for more, every state in between has a position, and where an
 * exception leaves a copy depends on nothing but the guest. What a copy does is defined byte by byte, whatever overlaps.
 *
 * How the three divide the work, and that nothing is checked where nothing is left, is IMPLEMENTATION DEFINED; both are as
 * in QEMU, so that a fault leaves the same registers on both.
 */
import type { MemoryOperation } from '../architecture/instructions/memory-copy-set.ts';
import type { Fields } from '../architecture/pattern.ts';
import { TAG_GRANULE } from '../bus/allocation-tags.ts';
import { memoryOperationsDisabledBy, raiseMemoryOperation } from '../processing-element/memory-copy-set.ts';
import { raiseDataAbort, raiseUndefined } from '../processing-element/synchronous-exceptions.ts';
import { completeInstruction } from '../processing-element/system-instructions.ts';
import { alignmentFault } from './access-path.ts';
import { type ReachedBytes, reachBytes } from './byte-run.ts';
import { ACCESS_STORE, ACCESS_TAG, ACCESS_TAG_BLOCK, ACCESS_UNPRIVILEGED } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import type { SlowMemory } from './memory-access.ts';

const PAGE = 4096n;
/** Bytes that have one allocation tag, and those whose tags are written together. */
const GRANULE = BigInt(TAG_GRANULE);
const TAG_BLOCK = 16n * GRANULE;
/** Larger sizes count as these: what fits below the tag of an address, or a signed number. */
const LARGEST: Readonly<Record<MemoryOperation['kind'], bigint>> = {
  copy: (1n << 55n) - 1n,
  copyForward: (1n << 63n) - 1n,
  set: (1n << 63n) - 1n,
  setTags: (1n << 63n) - GRANULE,
};
/** What tells whether source and destination overlap. */
const UNTAGGED = (1n << 56n) - 1n;

/** What remains to be done: upwards from the addresses on, or down to them. */
interface Work {
  readonly to: bigint;
  /** Of a set, it stands still. */
  readonly from: bigint;
  readonly remaining: bigint;
  readonly backward: boolean;
}

const isSet = (kind: MemoryOperation['kind']): boolean => kind === 'set' || kind === 'setTags';
const address = (value: bigint): bigint => BigInt.asUintN(64, value);
const lesser = (a: bigint, b: bigint): bigint => {
  if (a < b) return a;
  return b;
};

/** Executes one of the instructions at the PC, or a part of it. An access that fails is left to the engine. */
export function executeMemoryOperation(
  unit: ExecutionUnit,
  operation: MemoryOperation,
  fields: Fields,
  memory: SlowMemory,
): void {
  const { pe, state } = unit;
  const { kind, stage, options } = operation;
  const lacking = kind === 'setTags' && !pe.implementation.hasFeature('FEAT_MTE') ? 'FEAT_MTE is absent' : undefined;
  const disabled = lacking ?? memoryOperationsDisabledBy(pe);
  if (disabled !== undefined) {
    raiseUndefined(pe, disabled);
    return;
  }
  const work = stage === 'prologue' ? prepare(unit, operation, fields) : resume(unit, operation, fields);
  if (!work) {
    raiseMemoryOperation(pe, {
      set: isSet(kind),
      tags: kind === 'setTags',
      options,
      epilogue: stage === 'epilogue',
      wrongOption: state.c === 1,
      destination: fields['Rd'] as number,
      source: fields['Rs'] as number,
      size: fields['Rn'] as number,
    });
    return;
  }
  const { to, remaining: size } = work;
  if (kind === 'setTags' && size !== 0n && ((to | size) & (GRANULE - 1n)) !== 0n) {
    raiseDataAbort(pe, alignmentFault(address(to), true));
    return;
  }
  const share = stage === 'prologue' ? withinPages(kind, work) : stage === 'main' && size < PAGE ? 0n : size;
  const done = share === 0n ? 0n : BigInt(advance(unit, operation, work, share, fields, memory));
  if (done === 0n && share > 0n) {
    // A size that was too large has become the largest.
    if (stage === 'prologue' && memory.path.failed?.kind === 'fault') keep(unit, operation, fields, work, true);
    return;
  }
  // What was done counts. An access that failed behind it fails again when the instruction goes on.
  state.engine.set('accessFailed', 0);
  const { backward } = work;
  const remaining = work.remaining - done;
  const left = backward ? { ...work, remaining } : { ...work, to: work.to + done, from: work.from + done, remaining };
  const finished = stage === 'main' ? remaining < PAGE : done === share;
  keep(unit, operation, fields, left, stage === 'prologue' && !finished);
  if (!finished) {
    unit.unfinished = true;
    return;
  }
  if (stage === 'prologue') for (const flag of ['n', 'z', 'c', 'v'] as const) state[flag] = 0;
  completeInstruction(pe);
}

/** The prologue finds addresses and a size. */
function prepare({ state }: ExecutionUnit, { kind }: MemoryOperation, { Rd, Rs, Rn }: Fields): Work {
  const to = state.readX(Rd as number);
  const from = state.readX(Rs as number);
  const remaining = lesser(state.readX(Rn as number), LARGEST[kind]);
  const distance = (to & UNTAGGED) - (from & UNTAGGED);
  return { to, from, remaining, backward: kind === 'copy' && distance > 0n && distance < remaining };
}

/**
 * The others find option A: a negative size with the addresses of the ends, or for what goes backward a positive size with
 * those of the beginnings. Undefined when it is nothing that the instruction before could have left.
 */
function resume({ state }: ExecutionUnit, { kind, stage }: MemoryOperation, { Rd, Rs, Rn }: Fields): Work | undefined {
  const size = BigInt.asIntN(64, state.readX(Rn as number));
  const to = state.readX(Rd as number);
  const from = state.readX(Rs as number);
  const backward = size > 0n;
  if (size === 0n) return { to, from, remaining: 0n, backward };
  if (state.c === 1 || (backward && kind !== 'copy')) return undefined;
  const work = backward
    ? { to, from, remaining: size, backward }
    : { to: to + size, from: from + size, remaining: -size, backward };
  return stage === 'epilogue' && work.remaining >= PAGE ? undefined : work;
}

/** Writes the registers: in the format of option A, or as the prologue found them. */
function keep({ state }: ExecutionUnit, { kind }: MemoryOperation, { Rd, Rs, Rn }: Fields, left: Work, plain: boolean) {
  const { to, from, remaining, backward } = left;
  const ahead = plain || backward ? 0n : remaining;
  state.writeX(Rd as number, address(to + ahead));
  if (!isSet(kind)) state.writeX(Rs as number, address(from + ahead));
  state.writeX(Rn as number, address(plain || backward ? remaining : -remaining));
}

/** How many bytes of what remains lie within one block of memory that begins at a multiple of its size. */
function within(start: bigint, { remaining, backward }: Work, block: bigint): bigint {
  return backward ? ((start + remaining - 1n) & (block - 1n)) + 1n : block - (start & (block - 1n));
}

/** How many bytes are left in the page of the destination and in that of the source. */
function withinPages(kind: MemoryOperation['kind'], work: Work): bigint {
  const target = lesser(work.remaining, within(work.to, work, PAGE));
  return isSet(kind) ? target : lesser(target, within(work.from, work, PAGE));
}

/** Does as much of the share as lies within one page; gives the number of bytes, zero when the first access failed. */
function advance(
  unit: ExecutionUnit,
  { kind, unprivilegedRead, unprivilegedWrite }: MemoryOperation,
  work: Work,
  share: bigint,
  { Rs }: Fields,
  memory: SlowMemory,
): number {
  const { to, from, remaining, backward } = work;
  const copies = !isSet(kind);
  const length = lesser(share, withinPages(kind, work));
  const first = (start: bigint, count: bigint): bigint => address(backward ? start + remaining - count : start);
  const reach = (count: bigint): Reached | undefined => {
    const one = (start: bigint, descriptor: number, unprivileged: boolean) =>
      reachBytes(
        memory.path,
        unit,
        first(start, count),
        Number(count),
        descriptor | (unprivileged ? ACCESS_UNPRIVILEGED : 0),
      );
    const source = copies ? one(from, 0, unprivilegedRead) : undefined;
    if (copies && !source) return undefined;
    const target = one(to, ACCESS_STORE, unprivilegedWrite);
    return target && { target, ...(source && { source }), count: Number(count) };
  };
  // What the guest watches is met byte by byte.
  const watched = unit.guestWatchesPage(first(to, length)) || (copies && unit.guestWatchesPage(first(from, length)));
  let reached = reach(watched ? (kind === 'setTags' ? GRANULE : 1n) : length);
  const failure = () => (!reached && memory.path.failed?.kind === 'fault' ? memory.path.failed.fault.kind : undefined);
  const retry = (count: bigint): void => {
    unit.state.engine.set('accessFailed', 0);
    reached = reach(count);
  };
  // What lies before the granule with another tag can be done.
  if (failure() === 'tagCheck')
    retry(lesser(length, lesser(within(to, work, GRANULE), copies ? within(from, work, GRANULE) : GRANULE)));
  // Downwards the last byte is the first, and the one that is reported.
  if (backward && failure() !== undefined) retry(1n);
  if (!reached) return 0;
  const { source, target, count } = reached;
  if (source) return copy(source, target, count, backward);
  if (kind === 'setTags' && !writeTags(unit, memory, address(to), count)) return 0;
  return fill(target, count, Number(unit.state.readX(Rs as number) & 0xffn));
}

/** Gives bytes of a page the tag of their address. False when it failed. */
function writeTags(unit: ExecutionUnit, memory: SlowMemory, start: bigint, count: number): boolean {
  const tag = (start >> 56n) & 15n;
  const end = start + BigInt(count);
  for (let at = start; at < end; ) {
    const block = (at & (TAG_BLOCK - 1n)) === 0n && end - at >= TAG_BLOCK;
    if (block) memory.store(unit, at, tag * 0x1111_1111_1111_1111n, ACCESS_STORE | ACCESS_TAG_BLOCK);
    else memory.store(unit, at, tag, ACCESS_STORE | ACCESS_TAG);
    if (unit.state.engine.get('accessFailed')) return false;
    at += block ? TAG_BLOCK : GRANULE;
  }
  return true;
}

interface Reached {
  readonly source?: ReachedBytes;
  readonly target: ReachedBytes;
  readonly count: number;
}

function fill(target: ReachedBytes, count: number, value: number): number {
  if (target.bytes) {
    target.bytes.fill(value);
    return count;
  }
  for (let at = 0; at < count; at++) if (!target.write(at, value)) return at;
  return count;
}

function copy(source: ReachedBytes, target: ReachedBytes, count: number, backward: boolean): number {
  if (source.bytes && target.bytes) {
    // Whether bytes are read that the copy itself has written, the same memory being perhaps at two addresses.
    const distance = target.bytes.byteOffset - source.bytes.byteOffset;
    const ahead = backward ? -distance : distance;
    if (ahead <= 0 || ahead >= count) {
      target.bytes.set(source.bytes);
      return count;
    }
  }
  for (let i = 0; i < count; i++) {
    const at = backward ? count - 1 - i : i;
    const value = source.read(at);
    if (value === undefined || !target.write(at, value)) return i;
  }
  return count;
}
