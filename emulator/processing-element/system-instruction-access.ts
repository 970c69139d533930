/** SYS: which maintenance instruction an encoding is, who may execute it, who traps it (Arm ARM C5.1.3). */
import {
  type BlockOperation,
  type SystemInstruction,
  systemInstructionAt,
} from '../architecture/system-instructions.ts';
import { hcrField } from './effective-registers.ts';
import type { ProcessingElement } from './processing-element.ts';
import { firstTrap, type PreparedTrap, prepareTraps } from './register-conditions.ts';
import { registerField } from './register-field.ts';
import { raiseTrap, raiseUndefined } from './synchronous-exceptions.ts';
import { trappedSystemKey } from './syndrome.ts';
import { completeInstruction } from './system-instructions.ts';
import type { SystemRegisterAccess } from './system-register-access.ts';

const TIDCP = registerField('HCR_EL2', 'TIDCP');
const ZERO_REGISTER = 31;

/** What the instructions do to the machine. The methods that may fail have then taken an exception, or left that to the engine, and give false. */
export interface SystemInstructionHost {
  /** `operation` is what follows "TLBI". */
  tlbi(operation: string, value: bigint): void;
  /** `operation` is what follows "AT". */
  at(operation: string, value: bigint): boolean;
  /** DC or IC by virtual address. */
  cacheByAddress(address: bigint): boolean;
  /** DC ZVA, GVA and GZVA. */
  fillBlock(operation: BlockOperation, address: bigint): boolean;
}

interface Prepared {
  readonly row: SystemInstruction;
  /** Traps by the Exception level of the access. */
  readonly traps: readonly (readonly PreparedTrap[])[];
}

/** The system instructions of one processing element; encodings are prepared when they are first used. */
export class SystemInstructionAccess {
  private readonly pe: ProcessingElement;
  private readonly registers: SystemRegisterAccess;
  private readonly host: SystemInstructionHost;
  private readonly prepared = new Map<number, Prepared | undefined>();

  constructor(pe: ProcessingElement, registers: SystemRegisterAccess, host: SystemInstructionHost) {
    this.pe = pe;
    this.registers = registers;
    this.host = host;
  }

  /** Executes SYS at the state's PC. `key` is op0:op1:CRn:CRm:op2 with op0 = 1. */
  execute(key: number, rt: number): void {
    const { pe } = this;
    const { el } = pe.state;
    const found = this.find(key);
    if (isImplementationDefined(key) && el === 1 && hcrField(pe, TIDCP) === 1) {
      raiseTrap(pe, { to: 2, syndrome: trappedSystemKey(key, rt, 'write'), reason: 'HCR_EL2.TIDCP = 1' });
      return;
    }
    if (!found) {
      raiseUndefined(pe);
      return;
    }
    const trap = firstTrap(pe, found.traps[el] ?? [], key, 'write', rt);
    if (trap) raiseTrap(pe, trap);
    else if (el < found.row.access.write || (!found.row.takesRegister && rt !== ZERO_REGISTER)) raiseUndefined(pe);
    else if (this.perform(found.row, rt)) completeInstruction(pe);
  }

  private find(key: number): Prepared | undefined {
    if (this.prepared.has(key)) return this.prepared.get(key);
    const { pe, registers } = this;
    const row = systemInstructionAt(key);
    const present = row && (row.feature === undefined || pe.implementation.hasFeature(row.feature));
    const prepared = present
      ? {
          row,
          traps: ([0, 1, 2, 3] as const).map(el =>
            prepareTraps(pe, row.traps, el, 'write', name => registers.register(name).read()),
          ),
        }
      : undefined;
    this.prepared.set(key, prepared);
    return prepared;
  }

  /** False when it took an exception instead. */
  private perform({ operation, operand, takesRegister }: SystemInstruction, rt: number): boolean {
    const value = this.pe.state.readX(rt);
    switch (operation) {
      case 'tlbi':
        this.host.tlbi(operand, value);
        return true;
      case 'at':
        return this.host.at(operand, value);
      case 'zeroBlock':
      case 'tagBlock':
      case 'tagAndZeroBlock':
        return this.host.fillBlock(operation, value);
      case 'dataCache':
      case 'instructionCache':
        // By set and way, or all: nothing to translate.
        return !takesRegister || operand.endsWith('SW') ? true : this.host.cacheByAddress(value);
      case 'restrictPrediction':
        return true;
    }
  }
}

/** CRn = 11 and 15 are left to implementations. */
function isImplementationDefined(key: number): boolean {
  const crn = (key >> 7) & 15;
  return crn === 11 || crn === 15;
}
