/**
 * Which system registers generated code may read by itself. Whether an access is allowed, trapped or redirected depends
 * on much; so the host decides the first time, and its answer holds until the host does anything that could change it
 * (another system operation, an exception, a change from outside). The answers are bits of `readableRegisters`.
 */
import type { Fields } from '../architecture/pattern.ts';
import { systemEncodingKey } from '../architecture/system-register.ts';
import {
  type SystemRegisterName,
  systemRegisterAt,
  systemRegisterNamed,
  systemRegisterSlot,
} from '../architecture/system-registers/index.ts';
import { ACTIVE_WINDOW, DISCARD_SLOT, stateOffsets } from '../processing-element/state.ts';
import type { ExecutionUnit } from './execution-unit.ts';

/** Where the value comes from: storage, or the state behind a view. */
export const readKinds = ['stored', 'SP_EL0', 'DAIF', 'CurrentEL', 'NZCV', 'CNTPCT_EL0', 'CNTVCT_EL0'] as const;
export type ReadKind = (typeof readKinds)[number];
const viewKinds: ReadonlyMap<number, ReadKind> = new Map(
  readKinds.flatMap(kind =>
    kind === 'stored' ? [] : [[systemEncodingKey(systemRegisterNamed(kind).encoding), kind] as const],
  ),
);

export interface RegisterRead {
  readonly kind: ReadKind;
  readonly bit: number;
  readonly name: SystemRegisterName;
  /** Linear address of the storage, for `stored`. */
  readonly address: number;
}

/** Places in the record of a read. */
export const READ_TARGET = 2;
export const READ_BIT = 3;
export const READ_ADDRESS = 4;

const BITS = 32;

/** The key of MRS and MSR: op0:op1:CRn:CRm:op2. */
export const registerKey = (f: Fields): number =>
  ((2 + (f['o0'] as number)) << 14) |
  ((f['op1'] as number) << 11) |
  ((f['CRn'] as number) << 7) |
  ((f['CRm'] as number) << 3) |
  (f['op2'] as number);

/** Gives the registers that a guest reads their bits, in the order in which they are met. */
export class RegisterReads {
  private readonly reads = new Map<number, RegisterRead>();

  /** The way to read a register without help; undefined when there is none. */
  find(key: number): RegisterRead | undefined {
    const known = this.reads.get(key);
    if (known) return known;
    const row = systemRegisterAt(key);
    if (!row || this.reads.size === BITS) return undefined;
    const slot = systemRegisterSlot(row.name);
    const kind = viewKinds.get(key) ?? (slot === undefined ? undefined : 'stored');
    if (!kind) return undefined;
    const address = ACTIVE_WINDOW + stateOffsets.systemRegisters + 8 * (slot ?? 0);
    const read: RegisterRead = { kind, bit: this.reads.size, name: row.name, address };
    this.reads.set(key, read);
    return read;
  }

  /** After the host read the register: whether generated code may do it from now on. Notes what it needs for that. */
  allow(
    { registers, state }: ExecutionUnit,
    key: number,
    rt: number,
    now: number,
    instructionsPerTick: number,
  ): boolean {
    const read = this.reads.get(key);
    if (!read) return false;
    const decision = registers.check(key, 'read', rt);
    if (decision.kind !== 'permitted') return false;
    const { register } = decision;
    switch (read.kind) {
      case 'stored':
        return register.plain !== undefined && systemRegisterSlot(register.plain) === systemRegisterSlot(read.name);
      case 'CNTPCT_EL0':
      case 'CNTVCT_EL0': {
        if (register.row.name !== read.name) return false;
        const physical = BigInt(Math.floor(now / instructionsPerTick));
        const offset = BigInt.asUintN(64, physical - register.read());
        if (read.kind === 'CNTPCT_EL0' && offset !== 0n) return false;
        state.engine.setFloat('instructionsPerTick', instructionsPerTick);
        if (read.kind === 'CNTVCT_EL0') state.engine.setWide('counterOffset', offset);
        return true;
      }
      default:
        return register.row.name === read.name;
    }
  }

  bitOf(key: number): number {
    return 1 << (this.reads.get(key)?.bit ?? 0);
  }
}

/** Writes what the handler of a read needs. */
export function writeRead(view: DataView, at: number, read: RegisterRead, fields: Fields): void {
  const rt = fields['Rt'] as number;
  view.setUint8(at + READ_TARGET, rt === 31 ? DISCARD_SLOT : rt);
  view.setUint8(at + READ_BIT, read.bit);
  view.setUint32(at + READ_ADDRESS, read.address, true);
}
