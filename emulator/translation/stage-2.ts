/** Stage 2: from intermediate physical to physical addresses (Arm ARM D8.2.3). */
import type { Shareability } from './attributes.ts';
import {
  ACCESS_FLAG,
  DIRTY_BIT_MODIFIER,
  memoryAttributesOf,
  STAGE2_WRITABLE,
  shareabilityOf,
  updateDescriptor,
} from './descriptor.ts';
import type { FaultKind, TableLevel } from './fault.ts';
import type { TranslationImplementation } from './implementation.ts';
import type { TranslationInputs } from './inputs.ts';
import { type Permissions, READ, stage2Permissions, WRITE } from './permissions.ts';
import { PhysicalDescriptorSource } from './physical-descriptor-source.ts';
import type { Purpose } from './request.ts';
import type { Stage2Controls } from './stage-2-controls.ts';
import { type Stage2Failure, type WalkRecorder, walkTables } from './table-walk.ts';

export interface Stage2Request {
  readonly needed: Permissions;
  readonly privileged: boolean;
  readonly purpose: Purpose;
  /** Stage 1 reads or updates one of its descriptors. */
  readonly onStage1Walk: boolean;
  readonly recorder: WalkRecorder | undefined;
}

export interface Stage2Result {
  readonly failed: false;
  readonly physicalAddress: number;
  readonly nonSecure: boolean;
  readonly permissions: Permissions;
  /** MemAttr as it stands in the descriptor. */
  readonly memoryAttributes: number;
  readonly shareability: Shareability;
  readonly sizeBits: number;
}

export class Stage2Translator {
  private readonly inputs: TranslationInputs;
  private readonly implementation: TranslationImplementation;
  private readonly source: PhysicalDescriptorSource;

  constructor(inputs: TranslationInputs, implementation: TranslationImplementation) {
    this.inputs = inputs;
    this.implementation = implementation;
    this.source = new PhysicalDescriptorSource(inputs);
  }

  /** Translates an address of a guest whose stage 2 is on. */
  translate(controls: Stage2Controls, address: number, request: Stage2Request): Stage2Result | Stage2Failure {
    const { format, space } = controls;
    const failure = (kind: FaultKind, level: TableLevel, refusedWrite = false): Stage2Failure => ({
      failed: true,
      kind,
      level,
      intermediatePhysicalAddress: address,
      intermediateNonSecure: space.addressNonSecure,
      refusedWrite,
    });
    if (!controls.valid || address >= format.inputLimit) return failure('translation', 0);
    const updates = request.purpose === 'access' || request.purpose === 'cacheMaintenance';
    for (;;) {
      const leaf = walkTables(
        this.source,
        format,
        address,
        space.tablesNonSecure,
        request.recorder,
        request.onStage1Walk,
      );
      if (leaf.failed) return failure(leaf.kind, leaf.level);
      let { low } = leaf;
      if ((low & ACCESS_FLAG) === 0) {
        if (!controls.updatesAccessFlag) return failure('accessFlag', leaf.level);
        if (updates) low |= ACCESS_FLAG;
      }
      const dirtyManaged = controls.updatesDirtyState && (leaf.high & DIRTY_BIT_MODIFIER) !== 0;
      let permissions = stage2Permissions(
        low,
        leaf.high,
        request.privileged,
        dirtyManaged,
        this.implementation.separateStage2ExecuteNever,
      );
      const missing = request.needed & ~permissions;
      if (missing !== 0) return failure('permission', leaf.level, missing === WRITE);
      const memoryAttributes = memoryAttributesOf(low);
      if (request.onStage1Walk && controls.protectsTableWalks && isStage2Device(memoryAttributes, controls)) {
        return failure('permission', leaf.level);
      }
      if (dirtyManaged && (low & STAGE2_WRITABLE) === 0) {
        if (request.purpose === 'access' && (request.needed & WRITE) !== 0) low |= STAGE2_WRITABLE;
        else permissions &= ~WRITE;
      }
      if (low !== leaf.low) {
        const outcome = updateDescriptor(this.inputs, leaf, low, format.bigEndian);
        if (outcome === 'changed') continue;
        if (outcome === 'unsupported') return failure('unsupportedAtomicUpdate', 0);
      }
      return {
        failed: false,
        physicalAddress: leaf.outputAddress,
        nonSecure: space.outputNonSecure,
        permissions,
        memoryAttributes,
        shareability: format.shareability ?? shareabilityOf(low),
        sizeBits: leaf.sizeBits,
      };
    }
  }
}

function isStage2Device(memoryAttributes: number, controls: Stage2Controls): boolean {
  return controls.forcesWriteBack ? (memoryAttributes & 4) === 0 : memoryAttributes < 4;
}

/** The request that stage 1 makes for its own descriptors. */
export function tableAccess(write: boolean, purpose: Purpose, recorder: WalkRecorder | undefined): Stage2Request {
  return { needed: write ? WRITE : READ, privileged: true, purpose, onStage1Walk: true, recorder };
}
