/** What TLBI, AT, DC and IC do once their access checks have passed. */
import { effectiveHcr, hcrField, isSecure, isSecureBelowEl3 } from '../processing-element/effective-registers.ts';
import { registerField } from '../processing-element/register-field.ts';
import { raiseDataAbort, raiseWatchpoint } from '../processing-element/synchronous-exceptions.ts';
import { type AddressTranslateOperation, addressTranslate } from '../translation/address-translate.ts';
import { tlbInvalidation } from '../translation/tlb-maintenance.ts';
import { ACCESS_STORE } from './engine.ts';
import type { ExecutionUnit } from './execution-unit.ts';
import type { SlowMemory } from './memory-access.ts';

const FB = registerField('HCR_EL2', 'FB');
/** DCZID_EL0.BS = 4: sixteen words. */
export const ZERO_BLOCK_BYTES = 64n;

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
      this.memory().open(this.unit, address);
      return true;
    }
    raiseDataAbort(pe, result.fault, { cacheMaintenance: true });
    return false;
  }

  /** DC ZVA. False when it took an exception. */
  zeroBlock(address: bigint): boolean {
    const { pe, state, tlb, context } = this.unit;
    const memory = this.memory();
    const start = address & ~(ZERO_BLOCK_BYTES - 1n);
    for (let offset = 0n; offset < ZERO_BLOCK_BYTES; offset += 8n) {
      // The first store may open the way for the others.
      if (tlb.zero(context, start, Number(ZERO_BLOCK_BYTES))) return true;
      memory.store(this.unit, start + offset, 0n, ACCESS_STORE | 3);
      if (state.engine.get('accessFailed') === 0) continue;
      state.engine.set('accessFailed', 0);
      const { failed } = memory;
      if (failed?.kind === 'fault') raiseDataAbort(pe, { ...failed.fault, virtualAddress: address });
      else if (failed?.kind === 'guestWatchpoint') raiseWatchpoint(pe, failed.virtualAddress, true);
      return false;
    }
    return true;
  }
}
