/** Loads and stores of allocation tags (Arm ARM D10.3). */
import { TAG_GRANULE } from '../bus/allocation-tags.ts';
import { allocationTagAccess } from '../processing-element/memory-tagging.ts';
import { NORMAL_TAGGED } from '../translation/attributes.ts';
import type { AccessKind } from '../translation/request.ts';
import { type AccessPath, alignmentFault } from './access-path.ts';
import { ACCESS_TAG_BLOCK, accessAlignment } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';

export class TagAccess {
  private readonly path: AccessPath;

  constructor(path: AccessPath) {
    this.path = path;
  }

  load(unit: ExecutionUnit, address: bigint, descriptor: number): bigint {
    const found = this.find(unit, address, descriptor, 'read');
    if (!found) return 0n;
    const { physicalAddress, linear, count } = found;
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) {
      const at = physicalAddress + i * TAG_GRANULE;
      value = (value << 4n) | BigInt(this.path.tagCheck.tags.read(at, linear + (i >> 1)));
    }
    return value;
  }

  store(unit: ExecutionUnit, address: bigint, value: bigint, descriptor: number): void {
    const found = this.find(unit, address, descriptor, 'write');
    if (!found) return;
    const { physicalAddress, linear, count } = found;
    this.path.observer.beforeWrite(linear, (count + 1) >> 1);
    for (let i = 0; i < count; i++) {
      const at = physicalAddress + i * TAG_GRANULE;
      const tag = Number((value >> BigInt(4 * i)) & 15n);
      this.path.tagCheck.beforeWrite(at, linear + (i >> 1), tag);
      this.path.tagCheck.tags.write(at, linear + (i >> 1), tag);
    }
  }

  /**
   * The tags that an access is to, after the checks that an access to their memory would undergo; undefined where there
   * are none, or when it failed.
   */
  private find(
    unit: ExecutionUnit,
    address: bigint,
    descriptor: number,
    kind: AccessKind,
  ): { readonly physicalAddress: number; readonly linear: number; readonly count: number } | undefined {
    if ((address & BigInt(accessAlignment(descriptor) - 1)) !== 0n)
      return this.path.fault(unit, alignmentFault(address, kind === 'write'));
    const translation = this.path.translate(unit, address, kind, unit.state.el > 0);
    if (!translation) return undefined;
    const count = descriptor & ACCESS_TAG_BLOCK ? 16 : 1;
    if (this.path.stoppedByGuest(unit, address, count * TAG_GRANULE, kind)) return undefined;
    if (translation.attributes !== NORMAL_TAGGED || !allocationTagAccess(unit.pe, unit.state.el)) return undefined;
    const { physicalAddress } = translation;
    const linear = this.path.tagCheck.tags.address(physicalAddress);
    return linear === undefined ? undefined : { physicalAddress, linear, count };
  }
}
