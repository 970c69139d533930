/**
 * System operations that generated code may do by itself: reads of system registers, masking interrupts, maintenance by
 * address. Whether one is allowed, trapped or redirected depends on much; so the host decides the first time, and its
 * answer holds until the host does anything that could change it (an exception, a write of a control, a change from
 * outside). The answers are bits of `directOperations`.
 */
import { memoryOperations } from '../architecture/instructions/memory-copy-set.ts';
import type { Fields } from '../architecture/pattern.ts';
import { systemInstructionAt } from '../architecture/system-instructions.ts';
import { systemEncodingKey } from '../architecture/system-register.ts';
import {
  type SystemRegisterName,
  systemRegisterAt,
  systemRegisterNamed,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';
import { ACTIVE_WINDOW, DISCARD_SLOT, stateOffsets, ZERO_SLOT } from '../processing-element/state.ts';
import type { ExecutionUnit } from './execution-unit.ts';

/** Reads: where the value comes from, storage or the state behind a view. */
const readKinds = ['stored', 'SP_EL0', 'DAIF', 'CurrentEL', 'NZCV', 'CNTPCT_EL0', 'CNTVCT_EL0', 'DCZID_EL0'] as const;
const otherKinds = ['writeDAIF', 'cacheByAddress', 'zeroBlock'] as const;
export const directKinds = [...readKinds, ...otherKinds] as const;
export type DirectKind = (typeof directKinds)[number];

const keyOfName = (name: SystemRegisterName): number => systemEncodingKey(systemRegisterNamed(name).encoding);
const viewKinds: ReadonlyMap<number, DirectKind> = new Map(
  readKinds.flatMap(kind => (kind === 'stored' ? [] : [[keyOfName(kind), kind] as const])),
);
const daif = keyOfName('DAIF');
const memoryOperationNames: ReadonlySet<string> = new Set(memoryOperations.map(({ name }) => name));
/** Registers on which no access to a register depends. */
const harmless: ReadonlySet<number> = new Set(
  (
    [
      ...['DAIF', 'NZCV', 'SP_EL0', 'SP_EL1', 'TPIDR_EL0', 'TPIDRRO_EL0', 'TPIDR_EL1', 'TPIDR_EL2', 'CONTEXTIDR_EL1'],
      ...['ELR_EL1', 'ELR_EL2', 'SPSR_EL1', 'SPSR_EL2', 'ELR_EL12', 'SPSR_EL12', 'FPCR', 'FPSR', 'PAR_EL1'],
    ] as SystemRegisterName[]
  ).map(keyOfName),
);

/** An operation that a guest executes and generated code may do. */
export interface DirectOperation {
  readonly kind: DirectKind;
  readonly bit: number;
  /** Linear address of the storage, for `stored`. */
  readonly address: number;
}

/** Places in the record. */
export const DIRECT_REGISTER = 2;
export const DIRECT_BIT = 3;
export const DIRECT_ADDRESS = 4;

const BITS = 64;

/** The key of MRS and MSR: op0:op1:CRn:CRm:op2. */
export const registerKey = (f: Fields): number => systemKey(f, 2 + (f['o0'] as number));
/** The key of SYS and SYSL. */
export const instructionKey = (f: Fields): number => systemKey(f, 1);
const systemKey = (f: Fields, op0: number): number =>
  (op0 << 14) |
  ((f['op1'] as number) << 11) |
  ((f['CRn'] as number) << 7) |
  ((f['CRm'] as number) << 3) |
  (f['op2'] as number);

/** What generated code would have to do for a system operation, named as semantics name it; undefined: only the host can. */
export function directKind(operation: string, fields: Fields): DirectKind | undefined {
  switch (operation) {
    case 'mrs': {
      const key = registerKey(fields);
      const row = systemRegisterAt(key);
      if (!row) return undefined;
      return viewKinds.get(key) ?? (systemRegisterSlot(row.name) === undefined ? undefined : 'stored');
    }
    case 'msr':
      return registerKey(fields) === daif ? 'writeDAIF' : undefined;
    case 'sys': {
      const row = systemInstructionAt(instructionKey(fields));
      if (row?.operation === 'zeroBlock') return 'zeroBlock';
      const isCache = row?.operation === 'dataCache' || row?.operation === 'instructionCache';
      return isCache && row.takesRegister && !row.operand.endsWith('SW') ? 'cacheByAddress' : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether an operation that completed leaves what was decided about others as it was. */
export function keepsDecisions(operation: string, fields: Fields): boolean {
  if (memoryOperationNames.has(operation)) return true;
  return operation === 'mrs' || operation === 'sys' || (operation === 'msr' && harmless.has(registerKey(fields)));
}

/** Gives the operations of a guest their bits, in the order in which they are met. */
export class DirectOperations {
  private readonly operations = new Map<number, DirectOperation>();

  /** The way to do an operation without help; undefined when there is none. */
  find(operation: string, fields: Fields): DirectOperation | undefined {
    const kind = directKind(operation, fields);
    if (!kind) return undefined;
    const key = keyOf(kind, fields);
    const known = this.operations.get(key);
    if (known || this.operations.size === BITS) return known;
    const name = kind === 'stored' ? systemRegisterAt(key)?.name : undefined;
    const slot = (name && systemRegisterSlot(name)) ?? 0;
    const address = ACTIVE_WINDOW + stateOffsets.systemRegisters + 8 * slot;
    const direct: DirectOperation = { kind, bit: this.operations.size, address };
    this.operations.set(key, direct);
    return direct;
  }

  /**
   * After the host did an operation: the bits that let generated code do it from now on, none when it may not. Notes
   * what it needs for that.
   */
  allow(
    { registers, state }: ExecutionUnit,
    operation: string,
    fields: Fields,
    now: number,
    instructionsPerTick: number,
  ): bigint {
    const direct = this.find(operation, fields);
    if (!direct) return 0n;
    const { kind } = direct;
    const bit = 1n << BigInt(direct.bit);
    if (kind === 'cacheByAddress' || kind === 'zeroBlock') return bit;
    const key = registerKey(fields);
    const decision = registers.check(key, kind === 'writeDAIF' ? 'write' : 'read', fields['Rt'] as number);
    if (decision.kind !== 'permitted') return 0n;
    const { register } = decision;
    const name = systemRegisterAt(key)?.name;
    switch (kind) {
      case 'stored':
        return register.plain !== undefined && name && systemRegisterSlot(register.plain) === systemRegisterSlot(name)
          ? bit
          : 0n;
      case 'CNTPCT_EL0':
      case 'CNTVCT_EL0': {
        if (register.row.name !== name) return 0n;
        const physical = BigInt(Math.floor(now / instructionsPerTick));
        const offset = BigInt.asUintN(64, physical - register.read());
        if (kind === 'CNTPCT_EL0' && offset !== 0n) return 0n;
        state.engine.setFloat('instructionsPerTick', instructionsPerTick);
        if (kind === 'CNTVCT_EL0') state.engine.setWide('counterOffset', offset);
        return bit;
      }
      case 'CurrentEL':
        // A hypervisor at EL1 may be shown another level.
        return register.read() === BigInt(state.el << 2) ? bit : 0n;
      case 'DCZID_EL0':
        // It depends on the level and on controls, as the answer itself does.
        state.engine.setWide('zeroBlockIdentification', register.read());
        return bit;
      default:
        return register.row.name === name ? bit : 0n;
    }
  }
}

function keyOf(kind: DirectKind, fields: Fields): number {
  if (kind === 'cacheByAddress' || kind === 'zeroBlock') return instructionKey(fields);
  return kind === 'writeDAIF' ? -1 : registerKey(fields);
}

/** Writes what the handler of a direct operation needs. */
export function writeDirect(view: DataView, at: number, { kind, bit, address }: DirectOperation, fields: Fields): void {
  const rt = fields['Rt'] as number;
  const reads = (otherKinds as readonly DirectKind[]).includes(kind);
  view.setUint8(at + DIRECT_REGISTER, rt !== 31 ? rt : reads ? ZERO_SLOT : DISCARD_SLOT);
  view.setUint8(at + DIRECT_BIT, bit);
  view.setUint32(at + DIRECT_ADDRESS, address, true);
}
