/**
 * The slow path of loads and stores: translation, alignment, devices, and filling the TLB so that the next access to the
 * page needs no help.
 */
import { type AddressMap, type MappedRange, storeLittleEndian } from '../bus/address-map.ts';
import { TAG_GRANULE } from '../bus/allocation-tags.ts';
import type { AccessSize, BusAccess } from '../bus/types.ts';
import { armedWatchpoints, watchpointHit } from '../processing-element/debug-exceptions.ts';
import { isSecure } from '../processing-element/effective-registers.ts';
import { allocationTagAccess } from '../processing-element/memory-tagging.ts';
import { registerField } from '../processing-element/register-field.ts';
import { permitsUnaligned } from '../processing-element/unaligned-access.ts';
import { isDevice, NORMAL_TAGGED } from '../translation/attributes.ts';
import type { Fault } from '../translation/fault.ts';
import { contextOf } from '../translation/regime.ts';
import type { AccessKind, Translation, TranslationResult } from '../translation/request.ts';
import {
  ACCESS_FOR_WRITE,
  ACCESS_ORDERED,
  ACCESS_SIZE_MASK,
  ACCESS_STORE,
  ACCESS_TAG,
  ACCESS_TAG_BLOCK,
  ACCESS_UNCHECKED,
  ACCESS_UNPRIVILEGED,
  accessAlignment,
  naturalAlignment,
} from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import { type CheckedAccess, TagCheck } from './tag-check.ts';

const PAGE_OFFSET = 0xfffn;
const EE_OF_EL2 = registerField('SCTLR_EL2', 'EE');
const ACCESS_TAGS = ACCESS_TAG | ACCESS_TAG_BLOCK;

/** What keeps stores to a page on the slow path, and what must happen before one. */
export interface MemoryObserver {
  /** Whether stores to the linear page may bypass `beforeWrite` from now on. */
  mayWriteFreely(linearPage: number): boolean;
  /** Linear memory is about to change. */
  beforeWrite(linear: number, length: number): void;
  /** The allocation tags of a physical page are about to change on which TLB entries rely: these must go. */
  tagsChange(physicalPage: number): void;
  /** Whether accesses to the physical page are watched. */
  isWatched(physicalPage: number): boolean;
  /** A watched access is about to happen; true stops it, and the run. */
  watchedAccess(unit: ExecutionUnit, access: WatchedAccess): boolean;
}

export interface WatchedAccess {
  readonly physicalAddress: number;
  readonly virtualAddress: bigint;
  readonly size: number;
  readonly write: boolean;
}

/** A load or store that could not be done: a fault to raise, or a watchpoint that stops before it. */
export type FailedAccess =
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** A watchpoint of the debugger. */
  | { readonly kind: 'watchpoint' }
  /** A watchpoint of the guest, to be raised as its exception. */
  | { readonly kind: 'guestWatchpoint'; readonly virtualAddress: bigint; readonly write: boolean };

/** Serves the slow accesses of all processing elements. */
export class SlowMemory {
  private readonly map: AddressMap;
  private readonly observer: MemoryObserver;
  private readonly tagCheck: TagCheck;
  /** Why the last access failed. */
  failed: FailedAccess | undefined;

  /** @param currentWord the instruction that a processing element is executing */
  constructor(map: AddressMap, observer: MemoryObserver, currentWord: (unit: ExecutionUnit) => number) {
    this.map = map;
    this.observer = observer;
    this.tagCheck = new TagCheck(map.memory, currentWord, page => observer.tagsChange(page));
  }

  load(unit: ExecutionUnit, address: bigint, descriptor: number): bigint {
    if (descriptor & ACCESS_TAGS) return this.loadTags(unit, BigInt.asUintN(64, address), descriptor);
    const size = (1 << (descriptor & ACCESS_SIZE_MASK)) as AccessSize;
    const parts = this.prepare(unit, BigInt.asUintN(64, address), size, descriptor);
    if (!parts) return 0n;
    let value = 0n;
    let shift = 0n;
    for (const part of parts) {
      const read = this.read(unit, part);
      if (read === undefined) return 0n;
      value |= read << shift;
      shift += BigInt(8 * part.size);
    }
    return inDataOrder(unit, value, size, descriptor);
  }

  store(unit: ExecutionUnit, address: bigint, value: bigint, descriptor: number): void {
    if (descriptor & ACCESS_TAGS) {
      this.storeTags(unit, BigInt.asUintN(64, address), value, descriptor);
      return;
    }
    const size = (1 << (descriptor & ACCESS_SIZE_MASK)) as AccessSize;
    if (this.storeToKnownPage(unit, address, size, value, descriptor)) return;
    const parts = this.prepare(unit, BigInt.asUintN(64, address), size, descriptor | ACCESS_STORE);
    if (!parts) return;
    let rest = inDataOrder(unit, BigInt.asUintN(8 * size, value), size, descriptor);
    for (const part of parts) {
      if (!this.write(unit, part, BigInt.asUintN(8 * part.size, rest))) return;
      rest >>= BigInt(8 * part.size);
    }
  }

  /**
   * A store to a page whose translation generated code has already, which is here only because somebody wants to hear
   * of it: the first one in an epoch, or one to decoded code. False where more is to be done.
   */
  private storeToKnownPage(
    unit: ExecutionUnit,
    address: bigint,
    size: AccessSize,
    value: bigint,
    descriptor: number,
  ): boolean {
    const low = Number(BigInt.asUintN(12, address));
    const alignment = Math.max(accessAlignment(descriptor), naturalAlignment(descriptor), size);
    if ((low & (alignment - 1)) !== 0) return false;
    if ((descriptor & ACCESS_UNPRIVILEGED) !== 0) return false;
    const linear = unit.tlb.findForWrite(unit.context, address);
    if (linear < 0) return false;
    this.observer.beforeWrite(linear, size);
    storeLittleEndian(this.map.memory.view, linear, size, inDataOrder(unit, value, size, descriptor));
    if (this.observer.mayWriteFreely(linear >>> 12)) unit.tlb.allowWrites(unit.context, address);
    return true;
  }

  private loadTags(unit: ExecutionUnit, address: bigint, descriptor: number): bigint {
    const found = this.findTags(unit, address, descriptor, 'read');
    if (!found) return 0n;
    const { physicalAddress, linear, count } = found;
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) {
      const at = physicalAddress + i * TAG_GRANULE;
      value = (value << 4n) | BigInt(this.tagCheck.tags.read(at, linear + (i >> 1)));
    }
    return value;
  }

  private storeTags(unit: ExecutionUnit, address: bigint, value: bigint, descriptor: number): void {
    const found = this.findTags(unit, address, descriptor, 'write');
    if (!found) return;
    const { physicalAddress, linear, count } = found;
    this.observer.beforeWrite(linear, (count + 1) >> 1);
    for (let i = 0; i < count; i++) {
      const at = physicalAddress + i * TAG_GRANULE;
      const tag = Number((value >> BigInt(4 * i)) & 15n);
      this.tagCheck.beforeWrite(at, linear + (i >> 1), tag);
      this.tagCheck.tags.write(at, linear + (i >> 1), tag);
    }
  }

  /**
   * The tags that an access is to, after the checks that an access to their memory would undergo; undefined where there
   * are none, or when it failed.
   */
  private findTags(
    unit: ExecutionUnit,
    address: bigint,
    descriptor: number,
    kind: AccessKind,
  ): { readonly physicalAddress: number; readonly linear: number; readonly count: number } | undefined {
    if ((address & BigInt(accessAlignment(descriptor) - 1)) !== 0n)
      return this.fault(unit, alignmentFault(address, kind === 'write'));
    const translation = this.translate(unit, address, kind, unit.state.el > 0);
    if (!translation) return undefined;
    const count = descriptor & ACCESS_TAG_BLOCK ? 16 : 1;
    if (this.stoppedByGuest(unit, address, count * TAG_GRANULE, kind)) return undefined;
    if (translation.attributes !== NORMAL_TAGGED || !allocationTagAccess(unit.pe, unit.state.el)) return undefined;
    const { physicalAddress } = translation;
    const linear = this.tagCheck.tags.address(physicalAddress);
    return linear === undefined ? undefined : { physicalAddress, linear, count };
  }

  /**
   * The bytes of a run within a page, for what accesses them one after the other whatever their alignment. Undefined, and
   * why in `failed`, when not even the first access could be made. `descriptor` tells kind and privilege, no size.
   */
  reach(unit: ExecutionUnit, address: bigint, length: number, descriptor: number): ReachedBytes | undefined {
    const store = (descriptor & ACCESS_STORE) !== 0;
    const privileged = unit.state.el > 0 && !((descriptor & ACCESS_UNPRIVILEGED) !== 0 && unit.actsUnprivileged());
    const context = contextOf(unit.regime, privileged, unit.state.pan === 1);
    const known = unit.tlb.linear(context, address, store);
    if (known !== undefined) return this.inMemory(known, length);
    const kind = store ? 'write' : 'read';
    const translation = this.translate(unit, address, kind, privileged);
    if (!translation || this.stoppedByGuest(unit, address, length, kind)) return undefined;
    if (this.stoppedByTag(unit, { address, size: length, translation, kind, privileged })) return undefined;
    const part = { address, size: length, translation, store, privileged };
    const range = this.route(unit, part);
    if (!range || this.stoppedByWatchpoint(unit, part, store)) return undefined;
    const { physicalAddress } = translation;
    if (!range.memory || !(store ? range.directWrite : range.directRead)) return this.onDevice(unit, part);
    const linear = range.memory.host + (physicalAddress - range.memory.base);
    if (store) this.observer.beforeWrite(linear, length);
    this.fill(unit, part, range);
    return this.inMemory(linear, length);
  }

  private inMemory(linear: number, length: number): ReachedBytes {
    const bytes = this.map.memory.u8.subarray(linear, linear + length);
    return {
      bytes,
      read: at => bytes[at],
      write: (at, value) => {
        bytes[at] = value;
        return true;
      },
    };
  }

  private onDevice(unit: ExecutionUnit, part: Span): ReachedBytes {
    const access = busAccess(unit, part);
    const { physicalAddress } = part.translation;
    const failed = (at: number): undefined =>
      this.fault(unit, externalAbort({ ...part, address: part.address + BigInt(at) }));
    return {
      read: at => {
        const value = this.map.read(physicalAddress + at, 1, access);
        return value === undefined ? failed(at) : Number(value);
      },
      write: (at, value) => {
        if (this.map.write(physicalAddress + at, 1, BigInt(value), access)) return true;
        failed(at);
        return false;
      },
    };
  }

  /** Checks an access and translates it; an access across two pages becomes one of single bytes. */
  private prepare(unit: ExecutionUnit, address: bigint, size: AccessSize, descriptor: number): Part[] | undefined {
    const store = (descriptor & ACCESS_STORE) !== 0;
    const kind: AccessKind = store ? 'write' : descriptor & ACCESS_FOR_WRITE ? 'atomic' : 'read';
    const unprivileged = (descriptor & ACCESS_UNPRIVILEGED) !== 0 && unit.actsUnprivileged();
    const privileged = unit.state.el > 0 && !unprivileged;
    const alignment = Math.max(accessAlignment(descriptor), 1);
    const misaligned = (address & BigInt(naturalAlignment(descriptor) - 1)) !== 0n;
    const demanded = (address & BigInt(alignment - 1)) !== 0n;
    const unaligned = misaligned || demanded;
    const permitted =
      !demanded || permitsUnaligned(unit.pe, address, Math.max(alignment, size), (descriptor & ACCESS_ORDERED) !== 0);
    if (!permitted || (unaligned && unit.state.engine.get('alignmentCheck')))
      return this.fault(unit, alignmentFault(address, store));
    const unchecked = (descriptor & ACCESS_UNCHECKED) !== 0;
    const first = this.translate(unit, address, kind, privileged);
    if (!first) return undefined;
    if (unaligned && isDevice(first.attributes)) return this.fault(unit, alignmentFault(address, store));
    if ((address & PAGE_OFFSET) + BigInt(size) <= 4096n) {
      if (this.stoppedByGuest(unit, address, size, kind)) return undefined;
      if (!unchecked && this.stoppedByTag(unit, { address, size, translation: first, kind, privileged }))
        return undefined;
      const part = { address, size, translation: first, store, privileged };
      return [part];
    }
    const parts: Part[] = [];
    const nextPage = (address | PAGE_OFFSET) + 1n;
    const second = this.translate(unit, BigInt.asUintN(64, nextPage), kind, privileged);
    if (!second) return undefined;
    if (isDevice(second.attributes)) return this.fault(unit, alignmentFault(address, store));
    if (this.stoppedByGuest(unit, address, size, kind)) return undefined;
    const before = Number(nextPage - address);
    if (
      !unchecked &&
      (this.stoppedByTag(unit, { address, size: before, translation: first, kind, privileged }) ||
        this.stoppedByTag(unit, {
          address: BigInt.asUintN(64, nextPage),
          size: size - before,
          translation: second,
          kind,
          privileged,
        }))
    )
      return undefined;
    for (let i = 0; i < size; i++) {
      const at = address + BigInt(i);
      const beyond = at >= nextPage;
      const base = beyond ? second : first;
      const offset = Number(beyond ? at - nextPage : at - address);
      const translation = { ...base, physicalAddress: base.physicalAddress + offset };
      parts.push({ address: BigInt.asUintN(64, at), size: 1, translation, store, privileged });
    }
    return parts;
  }

  /** A watchpoint that the guest itself has set, in force at the current level. */
  private stoppedByGuest(unit: ExecutionUnit, address: bigint, size: number, kind: AccessKind): boolean {
    if (unit.guestWatchpoints.length === 0) return false;
    const hit = (write: boolean) => armedWatchpoints(unit.pe).find(one => watchpointHit(one, address, size, write));
    const read = kind === 'write' ? undefined : hit(false);
    const found = read ?? (kind === 'read' ? undefined : hit(true));
    if (!found) return false;
    const virtualAddress = address > found.first ? address : found.first;
    this.failed = { kind: 'guestWatchpoint', virtualAddress, write: read === undefined };
    unit.state.engine.set('accessFailed', 1);
    return true;
  }

  /** A check against allocation tags that raises its fault. */
  private stoppedByTag(unit: ExecutionUnit, access: CheckedAccess): boolean {
    const fault = this.tagCheck.check(unit, access);
    if (fault) this.fault(unit, fault);
    return fault !== undefined;
  }

  private translate(
    unit: ExecutionUnit,
    address: bigint,
    access: AccessKind,
    privileged: boolean,
  ): Translation | undefined {
    const result = this.look(unit, address, access, privileged);
    if (result.ok) return result;
    return this.fault(unit, result.fault);
  }

  private look(unit: ExecutionUnit, address: bigint, access: AccessKind, privileged: boolean): TranslationResult {
    const { pe, state, translator, regime } = unit;
    const secure = isSecure(pe);
    unit.keeper.synchronize(regime, secure);
    return translator.translate({
      virtualAddress: address,
      access,
      regime,
      privileged,
      secure,
      pan: state.pan === 1,
      purpose: 'access',
    });
  }

  private read(unit: ExecutionUnit, part: Part): bigint | undefined {
    const { physicalAddress } = part.translation;
    const range = this.route(unit, part);
    if (!range || this.stoppedByWatchpoint(unit, part, false)) return undefined;
    if (range.directRead) this.fill(unit, part, range);
    const value = this.map.read(physicalAddress, part.size, busAccess(unit, part));
    return value === undefined ? this.fault(unit, externalAbort(part)) : value;
  }

  private write(unit: ExecutionUnit, part: Part, value: bigint): boolean {
    const { physicalAddress } = part.translation;
    const range = this.route(unit, part);
    if (!range || this.stoppedByWatchpoint(unit, part, true)) return false;
    if (range.directWrite && range.memory) {
      this.observer.beforeWrite(range.memory.host + (physicalAddress - range.memory.base), part.size);
      this.fill(unit, part, range);
    }
    if (this.map.write(physicalAddress, part.size, value, busAccess(unit, part))) return true;
    this.fault(unit, externalAbort(part));
    return false;
  }

  private route(unit: ExecutionUnit, part: Span): MappedRange | undefined {
    const range = this.map.find(part.translation.physicalAddress, !part.translation.nonSecure);
    if (!range) return this.fault(unit, externalAbort(part));
    return range;
  }

  private stoppedByWatchpoint(unit: ExecutionUnit, part: Span, write: boolean): boolean {
    const { physicalAddress } = part.translation;
    if (!this.observer.isWatched(Math.floor(physicalAddress / 4096))) return false;
    const { address, size } = part;
    if (!this.observer.watchedAccess(unit, { physicalAddress, virtualAddress: address, size, write })) return false;
    this.failed = { kind: 'watchpoint' };
    unit.state.engine.set('accessFailed', 1);
    return true;
  }

  /** Lets generated code reach the page directly, as far as nobody needs to know of its accesses. */
  private fill(unit: ExecutionUnit, { address, translation, privileged }: Span, range: MappedRange): void {
    if (!range.memory) return;
    const physicalPage = Math.floor(translation.physicalAddress / 4096);
    if (this.observer.isWatched(physicalPage) || unit.guestWatchesPage(address)) return;
    if (!this.tagCheck.mayBypass(unit, address, translation, privileged)) return;
    const host = range.memory.host + (physicalPage * 4096 - range.memory.base);
    const context = contextOf(unit.regime, privileged, unit.state.pan === 1);
    unit.tlb.fill(context, address, translation, host, {
      read: range.directRead,
      write: range.directWrite,
      heard: !this.observer.mayWriteFreely(host >>> 12),
    });
  }

  /**
   * Reads, or with `written` writes, a doubleword as EL2 whatever the current level (FEAT_NV2). Undefined when it failed.
   */
  nested(unit: ExecutionUnit, address: bigint, written?: bigint): bigint | undefined {
    const { pe, translator } = unit;
    const store = written !== undefined;
    const virtualAddress = BigInt.asUintN(64, address);
    const result = translator.translate({
      virtualAddress,
      access: store ? 'write' : 'read',
      regime: translator.regimeOf(2),
      privileged: true,
      secure: isSecure(pe),
      pan: false,
      purpose: 'access',
    });
    if (!result.ok) return this.fault(unit, result.fault);
    const part: Part = { address: virtualAddress, size: 8, translation: result, store, privileged: true };
    const range = this.route(unit, part);
    if (!range || this.stoppedByWatchpoint(unit, part, store)) return undefined;
    const bigEndian = pe.field(EE_OF_EL2) === 1;
    const { physicalAddress } = result;
    if (!store) {
      const value = this.map.read(physicalAddress, 8, busAccess(unit, part));
      if (value === undefined) return this.fault(unit, externalAbort(part));
      return bigEndian ? swapElements(value, 8, 8) : value;
    }
    if (range.directWrite && range.memory)
      this.observer.beforeWrite(range.memory.host + (physicalAddress - range.memory.base), 8);
    const value = bigEndian ? swapElements(written, 8, 8) : written;
    if (!this.map.write(physicalAddress, 8, value, busAccess(unit, part))) return this.fault(unit, externalAbort(part));
    return written;
  }

  /** Lets generated code read a page directly from now on, when a load of the address would have the same effect. */
  open(unit: ExecutionUnit, address: bigint): void {
    const privileged = unit.state.el > 0;
    const translation = this.look(unit, address, 'read', privileged);
    if (!translation.ok) return;
    const range = this.map.find(translation.physicalAddress, !translation.nonSecure);
    if (range?.directRead) this.fill(unit, { address, size: 1, translation, store: false, privileged }, range);
  }

  /** Notes why the access failed and tells generated code that it did. */
  private fault(unit: ExecutionUnit, fault: Fault): undefined {
    this.failed = { kind: 'fault', fault };
    unit.state.engine.set('accessFailed', 1);
    return undefined;
  }
}

/** The bytes of an access as a number and back, in the byte order of the current level's data, element by element. */
function inDataOrder(unit: ExecutionUnit, value: bigint, size: AccessSize, descriptor: number): bigint {
  if (unit.state.engine.get('bigEndianData') === 0) return value;
  return swapElements(value, size, Math.min(size, naturalAlignment(descriptor)));
}

/** Reverses the bytes of each element. */
function swapElements(value: bigint, size: number, element: number): bigint {
  let swapped = 0n;
  for (let i = 0; i < size; i++) {
    const byte = (value >> BigInt(8 * i)) & 0xffn;
    swapped |= byte << BigInt(8 * (i - (i % element) + element - 1 - (i % element)));
  }
  return swapped;
}

/** Bytes of a page that an access of several has reached. */
export interface ReachedBytes {
  /** They are memory, which nobody else needs to know of. */
  readonly bytes?: Uint8Array;
  /** The byte at a distance from the first; undefined, and why in `failed`, when it cannot be read. */
  read(at: number): number | undefined;
  /** False, with the reason in `failed`, when it cannot be written. */
  write(at: number, value: number): boolean;
}

/** Bytes of one page with their translation. */
interface Span {
  readonly address: bigint;
  readonly size: number;
  readonly translation: Translation;
  readonly store: boolean;
  readonly privileged: boolean;
}

interface Part extends Span {
  readonly size: AccessSize;
}

const busAccess = (unit: ExecutionUnit, part: Span): BusAccess => ({
  pe: unit.state.index,
  secure: !part.translation.nonSecure,
  privileged: part.privileged,
});

export const alignmentFault = (virtualAddress: bigint, write: boolean): Fault => ({
  kind: 'alignment',
  level: 0,
  stage: 1,
  onStage1Walk: false,
  write,
  virtualAddress,
  intermediatePhysicalAddress: undefined,
});

const externalAbort = ({ address, store }: Span): Fault => ({
  kind: 'externalAbort',
  level: 0,
  stage: 1,
  onStage1Walk: false,
  write: store,
  virtualAddress: address,
  intermediatePhysicalAddress: undefined,
});
