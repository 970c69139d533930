/** Stage 1: from virtual addresses to the output address of the regime (Arm ARM D8.2.2). */
import {
  DEVICE_NGNRNE,
  isDevice,
  memoryAttribute,
  NON_SHAREABLE,
  NORMAL_NON_CACHEABLE,
  NORMAL_TAGGED,
  NORMAL_WRITE_BACK,
  NORMAL_WRITE_THROUGH_READ_ALLOCATE,
  OUTER_SHAREABLE,
  type Shareability,
} from './attributes.ts';
import {
  ACCESS_FLAG,
  accessPermissionsOf,
  attributeIndexOf,
  DIRTY_BIT_MODIFIER,
  GUARDED_PAGE,
  NON_SECURE,
  NOT_GLOBAL,
  STAGE1_READ_ONLY,
  shareabilityOf,
  updateDescriptor,
} from './descriptor.ts';
import type { FaultKind, TableLevel } from './fault.ts';
import type { TranslationImplementation } from './implementation.ts';
import type { TranslationInputs } from './inputs.ts';
import { asFormOfEl2, EXECUTE, type Permissions, READ, stage1Permissions, WRITE } from './permissions.ts';
import { PhysicalDescriptorSource } from './physical-descriptor-source.ts';
import { hasUnprivileged } from './regime.ts';
import type { TranslationRequest } from './request.ts';
import type { AddressRange, Stage1Controls } from './stage-1-controls.ts';
import { type Stage2Translator, tableAccess } from './stage-2.ts';
import { type GuestStage2, stage2Of } from './stage-2-controls.ts';
import {
  type DescriptorSource,
  HIGH_WORD,
  type Leaf,
  lowBits,
  NS_TABLE,
  TABLE_ATTRIBUTES,
  type WalkFailure,
  walkTables,
} from './table-walk.ts';

export interface Stage1Result {
  readonly failed: false;
  readonly outputAddress: number;
  readonly nonSecure: boolean;
  readonly permissions: Permissions;
  readonly attributes: number;
  /** As the descriptor says; what takes effect is decided after stage 2. */
  readonly shareability: Shareability;
  readonly sizeBits: number;
  readonly global: boolean;
  readonly guarded: boolean;
}

/** A failure of stage 1, or of stage 2 on its behalf (`nested`). */
export interface Stage1Failure extends WalkFailure {
  /** A write was refused that a read would not have been. */
  readonly refusedWrite: boolean;
}

const PAGE_BITS = 12;
const ALL: Permissions = READ | WRITE | EXECUTE;
/** SCR_EL3.SIF: Secure state does not execute from Non-secure memory. */
const SECURE_INSTRUCTION_FETCH = 1n << 9n;

/** What an access needs of a page. */
export function neededPermissions(access: TranslationRequest['access']): Permissions {
  switch (access) {
    case 'read':
      return READ;
    case 'write':
      return WRITE;
    case 'execute':
      return EXECUTE;
    case 'atomic':
      return READ | WRITE;
  }
}

export class Stage1Translator {
  private readonly inputs: TranslationInputs;
  private readonly implementation: TranslationImplementation;
  private readonly physical: PhysicalDescriptorSource;
  private readonly throughStage2: Stage2DescriptorSource;

  constructor(inputs: TranslationInputs, implementation: TranslationImplementation, stage2: Stage2Translator) {
    this.inputs = inputs;
    this.implementation = implementation;
    this.physical = new PhysicalDescriptorSource(inputs);
    this.throughStage2 = new Stage2DescriptorSource(inputs, stage2);
  }

  /** @param stage2 stage 2 where it is on and translates the addresses of stage 1 tables */
  translate(
    controls: Stage1Controls,
    stage2: GuestStage2 | undefined,
    request: TranslationRequest,
  ): Stage1Result | Stage1Failure {
    const low = Number(request.virtualAddress & 0xffff_ffffn);
    const high = Number(request.virtualAddress >> 32n);
    const upper = controls.upper !== undefined && (high & 0x80_0000) !== 0;
    const range = upper && controls.upper ? controls.upper : controls.lower;
    const ignoresTopByte = request.access === 'execute' ? range.ignoresTopByteOfInstructions : range.ignoresTopByte;
    if (!controls.enabled) {
      return withoutTables(controls, request, high, low, ignoresTopByte, this.implementation.physicalAddressSize);
    }

    const { inputSize } = range.format;
    if (
      !range.sizeValid ||
      range.walksDisabled ||
      (range.unprivilegedDisabled && !request.privileged) ||
      !isExtension(high, low, inputSize, ignoresTopByte, upper)
    ) {
      return failure('translation', 0);
    }
    const input = lowBits(high, low, inputSize);
    let source: DescriptorSource = this.physical;
    if (stage2) {
      source = this.throughStage2;
      this.throughStage2.prepare(stage2, request);
    }
    for (;;) {
      const leaf = walkTables(source, range.format, input, !request.secure, request.recorder, false);
      if (leaf.failed) return { ...leaf, refusedWrite: false };
      const result = this.finish(controls, range, stage2, request, leaf);
      if (result) return result;
    }
  }

  /** Checks and decodes the final descriptor; undefined when it changed under our hands and the walk starts again. */
  private finish(
    controls: Stage1Controls,
    range: AddressRange,
    stage2: GuestStage2 | undefined,
    request: TranslationRequest,
    leaf: Leaf,
  ): Stage1Result | Stage1Failure | undefined {
    const { purpose } = request;
    const needed = neededPermissions(request.access);
    let { low } = leaf;
    if ((low & ACCESS_FLAG) === 0) {
      if (!controls.updatesAccessFlag) return failure('accessFlag', leaf.level);
      if (purpose === 'access' || purpose === 'cacheMaintenance') low |= ACCESS_FLAG;
    }
    const dirtyManaged = controls.updatesDirtyState && (leaf.high & DIRTY_BIT_MODIFIER) !== 0;
    const unprivilegedShares = hasUnprivileged(controls.regime);
    const asStored = {
      high: leaf.high,
      accessPermissions: accessPermissionsOf(dirtyManaged ? low & ~STAGE1_READ_ONLY : low),
      tableAttributes: range.ignoresHierarchicalPermissions ? 0 : leaf.tableAttributes & TABLE_ATTRIBUTES,
    };
    const { high, accessPermissions, tableAttributes } = controls.formOfEl2 ? asFormOfEl2(asStored) : asStored;
    let permissions = stage1Permissions({
      high,
      accessPermissions,
      tableAttributes,
      unprivilegedShares,
      privileged: request.privileged,
      privilegedAccessNever: request.pan && this.implementation.privilegedAccessNever && !controls.formOfEl2,
      enhancedPan: controls.enhancedPan,
      writeImpliesExecuteNever: controls.writeImpliesExecuteNever,
    });
    const throughNonSecureTable = request.secure && (leaf.tableAttributes & NS_TABLE) !== 0;
    const nonSecure = !request.secure || throughNonSecureTable || (low & NON_SECURE) !== 0;
    if (request.secure && nonSecure && (this.inputs.register('SCR_EL3') & SECURE_INSTRUCTION_FETCH) !== 0n) {
      permissions &= ~EXECUTE;
    }
    const missing = needed & ~permissions;
    if (missing !== 0) return failure('permission', leaf.level, missing === WRITE);
    if (dirtyManaged && (low & STAGE1_READ_ONLY) !== 0) {
      if (purpose === 'access' && (needed & WRITE) !== 0) low &= ~STAGE1_READ_ONLY;
      else permissions &= ~WRITE;
    }
    low >>>= 0;
    if (low !== leaf.low) {
      if (stage2) {
        const refused = this.throughStage2.requireWritable(leaf);
        if (refused) return { ...refused, refusedWrite: refused.nested?.refusedWrite ?? false };
      }
      const outcome = updateDescriptor(this.inputs, leaf, low, range.format.bigEndian);
      if (outcome === 'changed') return undefined;
      if (outcome === 'unsupported') return failure('unsupportedAtomicUpdate', 0);
    }
    const attributes = cachedAttributes(
      controls,
      request.access,
      memoryAttribute(controls.mair, attributeIndexOf(low), this.implementation.tagsMemory),
    );
    return {
      failed: false,
      outputAddress: leaf.outputAddress,
      nonSecure,
      permissions,
      attributes,
      shareability: range.format.shareability ?? shareabilityOf(low),
      sizeBits: leaf.sizeBits,
      global: !unprivilegedShares || ((low & NOT_GLOBAL) === 0 && !throughNonSecureTable),
      guarded: this.implementation.guardsPages && (leaf.high & GUARDED_PAGE) !== 0,
    };
  }
}

/** Attributes as they take effect while SCTLR_ELx.C or I is clear. */
function cachedAttributes(controls: Stage1Controls, access: TranslationRequest['access'], attributes: number): number {
  if (access === 'execute') {
    return isDevice(attributes) || !controls.instructionCacheable ? NORMAL_NON_CACHEABLE : attributes;
  }
  return isDevice(attributes) || controls.dataCacheable ? attributes : NORMAL_NON_CACHEABLE;
}

/** True where the bits above the input size are all copies of bit 55: the address lies in a range at all. */
function isExtension(high: number, low: number, inputSize: number, ignoresTopByte: boolean, upper: boolean): boolean {
  const significant = ignoresTopByte ? high & 0xff_ffff : high;
  const expected = ignoresTopByte ? 0xff_ffff : 0xffff_ffff;
  const highMask = inputSize >= 32 ? (expected & -(1 << (inputSize - 32))) >>> 0 : expected;
  const lowMask = inputSize >= 32 ? 0 : -(1 << inputSize) >>> 0;
  return (significant & highMask) >>> 0 === (upper ? highMask : 0) && (low & lowMask) >>> 0 === (upper ? lowMask : 0);
}

/** Stage 1 off: addresses map to themselves (Arm ARM D8.2.10). */
function withoutTables(
  controls: Stage1Controls,
  request: TranslationRequest,
  high: number,
  low: number,
  ignoresTopByte: boolean,
  physicalAddressSize: number,
): Stage1Result | Stage1Failure {
  const significant = ignoresTopByte ? high & 0xff_ffff : high;
  const outputAddress = significant * HIGH_WORD + low;
  if (outputAddress >= 2 ** physicalAddressSize) return failure('addressSize', 0);
  let attributes = DEVICE_NGNRNE;
  let shareability: Shareability = OUTER_SHAREABLE;
  if (controls.defaultCacheable) {
    attributes = controls.defaultTagged ? NORMAL_TAGGED : NORMAL_WRITE_BACK;
    shareability = NON_SHAREABLE;
  } else if (request.access === 'execute') {
    attributes = controls.instructionCacheable ? NORMAL_WRITE_THROUGH_READ_ALLOCATE : NORMAL_NON_CACHEABLE;
  }
  return {
    failed: false,
    outputAddress,
    nonSecure: !request.secure,
    permissions: ALL,
    attributes,
    shareability,
    sizeBits: PAGE_BITS,
    global: true,
    guarded: false,
  };
}

function failure(kind: FaultKind, level: TableLevel, refusedWrite = false): Stage1Failure {
  return { failed: true, kind, level, refusedWrite };
}

/** Descriptors of stage 1 whose addresses are intermediate physical ones. */
class Stage2DescriptorSource implements DescriptorSource {
  low = 0;
  high = 0;
  physicalAddress = 0;
  physicalNonSecure = true;
  private readonly inner: PhysicalDescriptorSource;
  private readonly stage2: Stage2Translator;
  private guest: GuestStage2 | undefined;
  private request: TranslationRequest | undefined;

  constructor(inputs: TranslationInputs, stage2: Stage2Translator) {
    this.inner = new PhysicalDescriptorSource(inputs);
    this.stage2 = stage2;
  }

  prepare(guest: GuestStage2, request: TranslationRequest): void {
    this.guest = guest;
    this.request = request;
  }

  load(address: number, nonSecure: boolean, level: TableLevel): WalkFailure | undefined {
    const nested = this.translate(address, nonSecure, false);
    if (nested.failed) return { failed: true, kind: nested.kind, level: nested.level, nested };
    const failed = this.inner.load(nested.physicalAddress, nested.nonSecure, level);
    this.low = this.inner.low;
    this.high = this.inner.high;
    this.physicalAddress = nested.physicalAddress;
    this.physicalNonSecure = nested.nonSecure;
    return failed;
  }

  /** Stage 2 must let stage 1 write the descriptor that it updates. */
  requireWritable({ descriptorAddress, descriptorNonSecure, level }: Leaf): WalkFailure | undefined {
    const nested = this.translate(descriptorAddress, descriptorNonSecure, true);
    return nested.failed ? { failed: true, kind: nested.kind, level, nested } : undefined;
  }

  private translate(address: number, nonSecure: boolean, write: boolean) {
    const { guest, request } = this;
    if (!guest || !request) throw new Error('a walk through stage 2 began without its controls');
    const access = tableAccess(write, request.purpose, request.recorder);
    return this.stage2.translate(stage2Of(guest, nonSecure), address, access);
  }
}
