/** The memory that stands for registers of a guest hypervisor (FEAT_NV2, Arm ARM D8.11). */
import { isSecure } from '../processing-element/effective-registers.ts';
import { registerField } from '../processing-element/register-field.ts';
import { type AccessPath, busAccess, externalAbort, type Span } from './access-path.ts';
import { swapElements } from './byte-order.ts';
import type { ExecutionUnit } from './execution-unit.ts';

const EE_OF_EL2 = registerField('SCTLR_EL2', 'EE');

/**
 * Reads, or with `written` writes, a doubleword as EL2 whatever the current level (FEAT_NV2). Undefined when it failed.
 */
export function accessAsEL2(
  path: AccessPath,
  unit: ExecutionUnit,
  address: bigint,
  written?: bigint,
): bigint | undefined {
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
  if (!result.ok) return path.fault(unit, result.fault);
  const part: Span = { address: virtualAddress, size: 8, translation: result, store, privileged: true };
  const range = path.route(unit, part);
  if (!range || path.stoppedByWatchpoint(unit, part, store)) return undefined;
  const bigEndian = pe.field(EE_OF_EL2) === 1;
  const { physicalAddress } = result;
  if (!store) {
    const value = path.map.read(physicalAddress, 8, busAccess(unit, part));
    if (value === undefined) return path.fault(unit, externalAbort(part));
    return bigEndian ? swapElements(value, 8, 8) : value;
  }
  if (range.directWrite && range.memory)
    path.observer.beforeWrite(range.memory.host + (physicalAddress - range.memory.base), 8);
  const value = bigEndian ? swapElements(written, 8, 8) : written;
  if (!path.map.write(physicalAddress, 8, value, busAccess(unit, part))) return path.fault(unit, externalAbort(part));
  return written;
}
