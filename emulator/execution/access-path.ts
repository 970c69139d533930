/**
 * What every slow access passes through: translation, watchpoints, allocation tags, the address map, and filling the TLB so
 * that the next access to the page needs no help.
 */
import type { AddressMap, MappedRange } from '../bus/address-map.ts';
import type { BusAccess } from '../bus/types.ts';
import { armedWatchpoints, watchpointHit } from '../processing-element/debug-exceptions.ts';
import { isSecure } from '../processing-element/effective-registers.ts';
import type { Fault } from '../translation/fault.ts';
import { contextOf } from '../translation/regime.ts';
import type { AccessKind, Translation, TranslationResult } from '../translation/request.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import { type CheckedAccess, TagCheck } from './tag-check.ts';

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

/** Bytes of one page with their translation. */
export interface Span {
  readonly address: bigint;
  readonly size: number;
  readonly translation: Translation;
  readonly store: boolean;
  readonly privileged: boolean;
}

/** The way of a slow access to memory and devices, for all processing elements. */
export class AccessPath {
  readonly map: AddressMap;
  readonly observer: MemoryObserver;
  readonly tagCheck: TagCheck;
  /** Why the last access failed. */
  failed: FailedAccess | undefined;

  /** @param currentWord the instruction that a processing element is executing */
  constructor(map: AddressMap, observer: MemoryObserver, currentWord: (unit: ExecutionUnit) => number) {
    this.map = map;
    this.observer = observer;
    this.tagCheck = new TagCheck(map.memory, currentWord, page => observer.tagsChange(page));
  }

  /** A watchpoint that the guest itself has set, in force at the current level. */
  stoppedByGuest(unit: ExecutionUnit, address: bigint, size: number, kind: AccessKind): boolean {
    if (unit.guestWatchpoints.length === 0) return false;
    const hit = (write: boolean) => armedWatchpoints(unit.pe).find(one => watchpointHit(one, address, size, write));
    const read = kind === 'write' ? undefined : hit(false);
    const found = read ?? (kind === 'read' ? undefined : hit(true));
    if (!found) return false;
    const virtualAddress = address > found.first ? address : found.first;
    this.fail(unit, { kind: 'guestWatchpoint', virtualAddress, write: read === undefined });
    return true;
  }

  /** A check against allocation tags that raises its fault. */
  stoppedByTag(unit: ExecutionUnit, access: CheckedAccess): boolean {
    const fault = this.tagCheck.check(unit, access);
    if (fault) this.fault(unit, fault);
    return fault !== undefined;
  }

  translate(unit: ExecutionUnit, address: bigint, access: AccessKind, privileged: boolean): Translation | undefined {
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

  route(unit: ExecutionUnit, part: Span): MappedRange | undefined {
    const range = this.map.find(part.translation.physicalAddress, !part.translation.nonSecure);
    if (!range) return this.fault(unit, externalAbort(part));
    return range;
  }

  stoppedByWatchpoint(unit: ExecutionUnit, part: Span, write: boolean): boolean {
    const { physicalAddress } = part.translation;
    if (!this.observer.isWatched(Math.floor(physicalAddress / 4096))) return false;
    const { address, size } = part;
    if (!this.observer.watchedAccess(unit, { physicalAddress, virtualAddress: address, size, write })) return false;
    this.fail(unit, { kind: 'watchpoint' });
    return true;
  }

  /** Lets generated code reach the page directly, as far as nobody needs to know of its accesses. */
  fill(unit: ExecutionUnit, { address, translation, privileged }: Span, range: MappedRange): void {
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

  /** Lets generated code read a page directly from now on, when a load of the address would have the same effect. */
  open(unit: ExecutionUnit, address: bigint): void {
    const privileged = unit.state.el > 0;
    const translation = this.look(unit, address, 'read', privileged);
    if (!translation.ok) return;
    const range = this.map.find(translation.physicalAddress, !translation.nonSecure);
    if (range?.directRead) this.fill(unit, { address, size: 1, translation, store: false, privileged }, range);
  }

  fault(unit: ExecutionUnit, fault: Fault): undefined {
    this.fail(unit, { kind: 'fault', fault });
    return undefined;
  }

  /** Notes why the access failed and tells generated code that it did. */
  private fail(unit: ExecutionUnit, failed: FailedAccess): void {
    this.failed = failed;
    unit.state.engine.set('accessFailed', 1);
  }
}

export const busAccess = (unit: ExecutionUnit, part: Span): BusAccess => ({
  pe: unit.state.index,
  secure: !part.translation.nonSecure,
  privileged: part.privileged,
});

/** A fault that no table walk has met. */
const faultAt = (kind: Fault['kind'], virtualAddress: bigint, write: boolean): Fault => ({
  kind,
  level: 0,
  stage: 1,
  onStage1Walk: false,
  write,
  virtualAddress,
  intermediatePhysicalAddress: undefined,
});

export const alignmentFault = (virtualAddress: bigint, write: boolean): Fault =>
  faultAt('alignment', virtualAddress, write);

export const externalAbort = ({ address, store }: Span): Fault => faultAt('externalAbort', address, store);
