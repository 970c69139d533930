/** The slow path of loads and stores: alignment, and what an access across two pages consists of. */
import { storeLittleEndian } from '../bus/address-map.ts';
import type { AccessSize } from '../bus/types.ts';
import { permitsUnaligned } from '../processing-element/unaligned-access.ts';
import { isDevice } from '../translation/attributes.ts';
import type { AccessKind } from '../translation/request.ts';
import { type AccessPath, alignmentFault, busAccess, externalAbort, type Span } from './access-path.ts';
import { inDataOrder } from './byte-order.ts';
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
import { TagAccess } from './tag-access.ts';

const PAGE_OFFSET = 0xfffn;
const ACCESS_TAGS = ACCESS_TAG | ACCESS_TAG_BLOCK;

interface Part extends Span {
  readonly size: AccessSize;
}

/** Serves the slow accesses of all processing elements. */
export class SlowMemory {
  readonly path: AccessPath;
  private readonly tags: TagAccess;

  constructor(path: AccessPath) {
    this.path = path;
    this.tags = new TagAccess(path);
  }

  load(unit: ExecutionUnit, address: bigint, descriptor: number): bigint {
    if (descriptor & ACCESS_TAGS) return this.tags.load(unit, BigInt.asUintN(64, address), descriptor);
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
      this.tags.store(unit, BigInt.asUintN(64, address), value, descriptor);
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
    this.path.observer.beforeWrite(linear, size);
    storeLittleEndian(this.path.map.memory.view, linear, size, inDataOrder(unit, value, size, descriptor));
    if (this.path.observer.mayWriteFreely(linear >>> 12)) unit.tlb.allowWrites(unit.context, address);
    return true;
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
      return this.path.fault(unit, alignmentFault(address, store));
    const unchecked = (descriptor & ACCESS_UNCHECKED) !== 0;
    const first = this.path.translate(unit, address, kind, privileged);
    if (!first) return undefined;
    if (unaligned && isDevice(first.attributes)) return this.path.fault(unit, alignmentFault(address, store));
    if ((address & PAGE_OFFSET) + BigInt(size) <= 4096n) {
      if (this.path.stoppedByGuest(unit, address, size, kind)) return undefined;
      if (!unchecked && this.path.stoppedByTag(unit, { address, size, translation: first, kind, privileged }))
        return undefined;
      const part = { address, size, translation: first, store, privileged };
      return [part];
    }
    const parts: Part[] = [];
    const nextPage = (address | PAGE_OFFSET) + 1n;
    const second = this.path.translate(unit, BigInt.asUintN(64, nextPage), kind, privileged);
    if (!second) return undefined;
    if (isDevice(second.attributes)) return this.path.fault(unit, alignmentFault(address, store));
    if (this.path.stoppedByGuest(unit, address, size, kind)) return undefined;
    const before = Number(nextPage - address);
    if (
      !unchecked &&
      (this.path.stoppedByTag(unit, { address, size: before, translation: first, kind, privileged }) ||
        this.path.stoppedByTag(unit, {
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

  private read(unit: ExecutionUnit, part: Part): bigint | undefined {
    const { physicalAddress } = part.translation;
    const range = this.path.route(unit, part);
    if (!range || this.path.stoppedByWatchpoint(unit, part, false)) return undefined;
    if (range.directRead) this.path.fill(unit, part, range);
    const value = this.path.map.read(physicalAddress, part.size, busAccess(unit, part));
    return value === undefined ? this.path.fault(unit, externalAbort(part)) : value;
  }

  private write(unit: ExecutionUnit, part: Part, value: bigint): boolean {
    const { physicalAddress } = part.translation;
    const range = this.path.route(unit, part);
    if (!range || this.path.stoppedByWatchpoint(unit, part, true)) return false;
    if (range.directWrite && range.memory) {
      this.path.observer.beforeWrite(range.memory.host + (physicalAddress - range.memory.base), part.size);
      this.path.fill(unit, part, range);
    }
    if (this.path.map.write(physicalAddress, part.size, value, busAccess(unit, part))) return true;
    this.path.fault(unit, externalAbort(part));
    return false;
  }
}
