/** What TLBI, AT, DC and IC do once their access checks have passed. */
import { type BlockOperation, ZERO_BLOCK_BYTES } from '../architecture/system-instructions.ts';
import { effectiveHcr, hcrField, isSecure, isSecureBelowEl3 } from '../processing-element/effective-registers.ts';
import { registerField } from '../processing-element/register-field.ts';
import { raiseDataAbort } from '../processing-element/synchronous-exceptions.ts';
import { type AddressTranslateOperation, addressTranslate } from '../translation/address-translate.ts';
import { tlbInvalidation } from '../translation/tlb-maintenance.ts';
import { ACCESS_STORE, ACCESS_TAG, ACCESS_UNCHECKED } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import type { SlowMemory } from './memory-access.ts';

const GRANULE = 16n;
const FB = registerField('HCR_EL2', 'FB');

export class Maintenance {
  private readonly unit: ExecutionUnit;
  private readonly units: () => readonly ExecutionUnit[];
  private readonly memory: () => SlowMemory;

  constructor(unit: ExecutionUnit, units: () => readonly ExecutionUnit[], memory: () => SlowMemory) {
    this.unit = unit;
    this.units = units;
    this.memory = memory;
  }

  /** `operation` without "TLBI", such as `VAE1IS`. */
  tlbi(operation: string, value: bigint): void {
    const { pe, translator } = this.unit;
    const invalidation = tlbInvalidation(operation, value, effectiveHcr(pe), (regime, stage) =>
      translator.hasWideAddresses(regime, stage),
    );
    const forced = pe.state.el === 1 && hcrField(pe, FB) === 1;
    const targets = invalidation.broadcast || forced ? this.units() : [this.unit];
    for (const { keeper } of targets) keeper.invalidate(invalidation);
  }

  /** `operation` without "AT". False when it took an exception. */
  at(operation: string, value: bigint): boolean {
    const { pe, state, translator } = this.unit;
    const result = addressTranslate(translator, operation as AddressTranslateOperation, value, {
      level: state.el as 0 | 1 | 2 | 3,
      secure: isSecureBelowEl3(pe),
      pan: state.pan === 1,
    });
    if (result.kind === 'abort') {
      raiseDataAbort(pe, result.fault, { cacheMaintenance: true });
      return false;
    }
    state.write('PAR_EL1', result.par);
    return true;
  }

  /**
   * A cache operation by address: caches are transparent here, but the address must translate.
   * False when it took an exception.
   */
  cacheByAddress(address: bigint): boolean {
    const { pe, state, translator } = this.unit;
    const result = translator.translate({
      virtualAddress: address,
      access: 'read',
      regime: translator.regimeOf(state.el as 0 | 1 | 2 | 3),
      privileged: state.el > 0,
      secure: isSecure(pe),
      pan: false,
      purpose: 'cacheMaintenance',
    });
    if (result.ok) {
      // Generated code does the page's other lines by itself.
      this.memory().path.open(this.unit, address);
      return true;
    }
    raiseDataAbort(pe, result.fault, { cacheMaintenance: true });
    return false;
  }

  /** DC ZVA, GVA and GZVA. False when a store failed, which the engine sees by itself. */
  fillBlock(operation: BlockOperation, address: bigint): boolean {
    const start = address & ~(ZERO_BLOCK_BYTES - 1n);
    // What follows the first access to a block cannot fail.
    if (operation !== 'zeroBlock') {
      const tag = (address >> 56n) & 15n;
      for (let offset = 0n; offset < ZERO_BLOCK_BYTES; offset += GRANULE)
        if (!this.store(address, start + offset, tag, ACCESS_STORE | ACCESS_TAG)) return false;
    }
    return operation === 'tagBlock' || this.zeroBlock(address, start, operation === 'tagAndZeroBlock');
  }

  private zeroBlock(address: bigint, start: bigint, tagged: boolean): boolean {
    const { tlb, context } = this.unit;
    for (let offset = 0n; offset < ZERO_BLOCK_BYTES; offset += 8n) {
      // The first store may open the way for the others.
      if (tlb.zero(context, start, Number(ZERO_BLOCK_BYTES))) return true;
      if (!this.store(address, start + offset, 0n, ACCESS_STORE | 3 | (tagged ? ACCESS_UNCHECKED : 0))) return false;
    }
    return true;
  }

  /** A store on behalf of an instruction that names `address`. False when it failed, which the engine sees by itself. */
  private store(address: bigint, at: bigint, value: bigint, descriptor: number): boolean {
    const { state } = this.unit;
    const memory = this.memory();
    memory.store(this.unit, at, value, descriptor);
    if (state.engine.get('accessFailed') === 0) return true;
    const { failed } = memory.path;
    if (failed?.kind === 'fault') {
      const { fault } = failed;
      // A failed tag check tells the granule.
      if (fault.kind !== 'tagCheck') memory.path.failed = { ...failed, fault: { ...fault, virtualAddress: address } };
    }
    return false;
  }
}
