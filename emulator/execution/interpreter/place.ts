/**
 * Where the interpreter keeps things: operands come from the predecoded record, registers and most state live in the
 * active window, the flags and the position live in locals of the main function (in memory for rare handlers, which
 * are functions of their own).
 */
import type {
  AccessOptions,
  AccessSize,
  Helper,
  RaisedException,
  RegisterRef,
  StateField,
  ValueType,
  WideStateField,
} from '../../architecture/semantics.ts';
import { type SystemRegisterName, systemRegisterSlot } from '../../architecture/system-registers/index.ts';
import { ACTIVE_WINDOW, type StateFieldName, stateOffsets } from '../../processing-element/state.ts';
import { TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES } from '../../translation/tlb.ts';
import {
  ACCESS_FOR_WRITE,
  ACCESS_ORDERED,
  ACCESS_STORE,
  ACCESS_TAG,
  ACCESS_TAG_BLOCK,
  ACCESS_UNPRIVILEGED,
  Exit,
  raisedCodes,
} from '../engine.ts';
import type { Emit, Place } from '../lowering/lower.ts';
import type { FunctionBody } from '../lowering/module.ts';
import {
  findOperand,
  findRegister,
  PAGE_RECORDS_MASK,
  RECORD_SHIFT,
  RECORD_SIZE,
  type RecordLayout,
  registerShift,
} from '../record.ts';

/** Addresses of state in the active window. */
export const at = (field: StateFieldName): number => ACTIVE_WINDOW + stateOffsets[field];

/** Where a wide field is: a part of the state, or the storage of a system register. */
function wideAt(field: WideStateField): number {
  if (!field.startsWith('register:')) return at(field as StateFieldName);
  const slot = systemRegisterSlot(field.slice('register:'.length) as SystemRegisterName);
  if (slot === undefined) throw new Error(`${field} has no storage`);
  return at('systemRegisters') + 8 * slot;
}

/** Locals of the function a handler is emitted into. */
export interface Locals {
  /** Address of the current record. */
  readonly ip: number;
  /** Present in the main function only; rare handlers find these in memory. */
  readonly main?: {
    /**
     * Where the budget ends if the code runs straight on: its distance from the current record is what is left, a record
     * for each instruction. Straight code need not count; a jump moves it along.
     */
    readonly budgetEnd: number;
    readonly page: number;
    readonly tlb: number;
    readonly flags: Readonly<Record<'n' | 'z' | 'c' | 'v', number>>;
    /** Exit code on the way to the exit block, target address on the way to the jump blocks. */
    readonly code: number;
    readonly target: number;
    readonly next: number;
  };
}

/** Functions that handlers call. */
export interface Callees {
  readonly slowLoad: number;
  readonly slowStore: number;
  /** Accesses that missed but may only be unaligned; they get the entry's address as last argument. */
  readonly unalignedLoad: Readonly<Record<2 | 4 | 8, number>>;
  readonly unalignedStore: Readonly<Record<2 | 4 | 8, number>>;
  helper(helper: Helper): number;
  systemOperation(name: string): number;
}

const FLAGS = new Set(['n', 'z', 'c', 'v']);
const stateName = (field: StateField): StateFieldName => (field === 'v' ? 'v_' : field);

const TLB_ENTRY_SHIFT = Math.log2(TLB_ENTRY_BYTES);

/** Options of one half of a 16-byte access: the first half stands for the alignment of the whole. */
const halfOf = (options: AccessOptions, half: 0n | 8n): AccessOptions =>
  options.elementSize ? options : { ...options, elementSize: half ? 8 : 16 };

export class InterpreterPlace implements Place {
  readonly body: FunctionBody;
  private readonly locals: Locals;
  private readonly callees: Callees;
  private readonly layout: RecordLayout;

  constructor(body: FunctionBody, locals: Locals, callees: Callees, layout: RecordLayout) {
    this.body = body;
    this.locals = locals;
    this.callees = callees;
    this.layout = layout;
  }

  // ---- operands
  operand(type: 'i32' | 'i64', operand: string): void {
    const part = findOperand(this.layout, operand);
    const { body } = this;
    body.get(this.locals.ip);
    if (part.storedAs === 'i64') body.memory(type === 'i64' ? 'i64.load' : 'i32.load', part.at);
    else if (part.storedAs === 'u16') body.memory(`${type}.load16_u`, part.at);
    else body.memory(`${type}.load8_u`, part.at);
  }

  private slotAddress(register: RegisterRef, direction: 'read' | 'write'): void {
    const part = findRegister(this.layout, register, direction);
    this.body.get(this.locals.ip);
    if (part.storedAs === 'offset') this.body.memory('i32.load16_u', part.at);
    else this.body.memory('i32.load8_u', part.at).i32(registerShift(register.bank)).op('i32.shl');
  }

  readRegister(type: ValueType, register: RegisterRef): void {
    this.slotAddress(register, 'read');
    this.body.memory(`${type}.load`, at(register.bank));
  }

  writeRegister(type: ValueType, register: RegisterRef, value: Emit): void {
    const { body } = this;
    this.slotAddress(register, 'write');
    value();
    if (register.bank === 'x') {
      if (type === 'i32') body.op('i64.extend_i32_u');
      else if (type !== 'i64') throw new Error(`a general-purpose register cannot hold ${type}`);
      body.memory('i64.store', at('x'));
      return;
    }
    if (type === 'v128') {
      body.memory('v128.store', at('v'));
      return;
    }
    // A scalar result clears the rest of the vector register.
    if (type === 'f32') body.op('i32.reinterpret_f32', 'i64.extend_i32_u');
    else if (type === 'i32') body.op('i64.extend_i32_u');
    else if (type === 'f64') body.op('i64.reinterpret_f64');
    body.memory('i64.store', at('v'));
    this.slotAddress(register, 'write');
    body.i64(0n).memory('i64.store', at('v') + 8);
  }

  writeLink(value: Emit): void {
    this.body.i32(0);
    value();
    this.body.memory('i64.store', at('x') + 8 * 30);
  }

  // ---- state
  readState(field: StateField): void {
    const { main } = this.locals;
    if (main && FLAGS.has(field)) this.body.get(main.flags[field as 'n']);
    else this.body.i32(0).memory('i32.load', at(stateName(field)));
  }
  writeState(field: StateField, value: Emit): void {
    const { main } = this.locals;
    if (main && FLAGS.has(field)) {
      value();
      this.body.set(main.flags[field as 'n']);
      return;
    }
    this.body.i32(0);
    value();
    this.body.memory('i32.store', at(stateName(field)));
  }
  readWideState(field: WideStateField): void {
    this.body.i32(0).memory('i64.load', wideAt(field));
  }
  writeWideState(field: WideStateField, value: Emit): void {
    this.body.i32(0);
    value();
    this.body.memory('i64.store', wideAt(field));
  }

  private page(): void {
    if (this.locals.main) this.body.get(this.locals.main.page);
    else this.body.i32(0).memory('i64.load', at('page'));
  }

  pc(): void {
    this.page();
    this.body
      .get(this.locals.ip)
      .i32(PAGE_RECORDS_MASK)
      .op('i32.and')
      .i32(RECORD_SHIFT - 2)
      .op('i32.shr_u', 'i64.extend_i32_u', 'i64.or');
  }

  // ---- memory
  /** Pushes whether the access misses the TLB, leaving the entry's address in `entry`. */
  private probe(address: number, entry: number, size: AccessSize, options: AccessOptions, store: boolean): void {
    const { body } = this;
    body
      .get(address)
      .i64(BigInt(12 - TLB_ENTRY_SHIFT))
      .op('i64.shr_u', 'i32.wrap_i64');
    body.i32((TLB_ENTRIES - 1) << TLB_ENTRY_SHIFT).op('i32.and');
    if (options.unprivileged) body.i32(0).memory('i32.load', at('tlbUnprivileged'));
    else if (this.locals.main) body.get(this.locals.main.tlb);
    else body.i32(0).memory('i32.load', at('tlb'));
    body.op('i32.add').tee(entry);
    body.memory('i64.load', store || options.forWrite ? TLB_ENTRY.tagWrite : TLB_ENTRY.tagRead);
    const alignment = options.alignment ?? size;
    body
      .get(address)
      .i64(~0xfffn | BigInt(alignment - 1))
      .op('i64.and', 'i64.ne');
  }

  private hostAddress(address: number, entry: number): void {
    this.body.get(address).op('i32.wrap_i64').get(entry).memory('i32.load', TLB_ENTRY.addend).op('i32.add');
  }

  private descriptor(size: AccessSize, options: AccessOptions, store: boolean): number {
    const { elementSize } = options;
    return (
      Math.log2(size) |
      (elementSize && elementSize !== size ? (Math.log2(elementSize) + 1) << 12 : 0) |
      (store ? ACCESS_STORE : 0) |
      (options.unprivileged ? ACCESS_UNPRIVILEGED : 0) |
      (options.forWrite ? ACCESS_FOR_WRITE : 0) |
      (options.tags === 'one' ? ACCESS_TAG : options.tags === 'sixteen' ? ACCESS_TAG_BLOCK : 0) |
      (options.aligned === 'ordered' ? ACCESS_ORDERED : 0) |
      (options.aligned ? Math.log2(options.alignment ?? size) << 8 : 0)
    );
  }

  /** Before the host is asked: it must see where we are. */
  private spill(): void {
    const { main, ip } = this.locals;
    const { body } = this;
    body.i32(0).get(ip).memory('i32.store', at('record'));
    if (!main) return;
    body.i32(0).get(main.budgetEnd).memory('i32.store', at('budgetEnd'));
  }

  /** After the host was asked: it may have shortened the budget, and the access may have failed. */
  private resume(): void {
    const { main } = this.locals;
    const { body } = this;
    if (main) body.i32(0).memory('i32.load', at('budgetEnd')).set(main.budgetEnd);
    body.i32(0).memory('i32.load', at('accessFailed'));
    body.if('');
    this.exit(Exit.accessFailed);
    body.end();
  }

  /** Calls what serves an access that missed, with its other arguments on the stack. */
  private callSlow(size: 1 | 2 | 4 | 8, options: AccessOptions, store: boolean, entry: number): void {
    const { body, callees } = this;
    body.i32(this.descriptor(size, options, store));
    if (size === 1 || options.aligned || options.forWrite) body.call(store ? callees.slowStore : callees.slowLoad);
    else body.get(entry).call((store ? callees.unalignedStore : callees.unalignedLoad)[size]);
  }

  /** Allocation tags are served by the host alone. */
  private loadTags(address: Emit, size: AccessSize, options: AccessOptions, result: number): void {
    const { body, callees } = this;
    this.spill();
    address();
    body
      .i32(this.descriptor(size, options, false))
      .call(callees.slowLoad)
      .set(result);
    this.resume();
  }

  private storeTags(address: Emit, size: AccessSize, value: Emit, options: AccessOptions): void {
    const { body, callees } = this;
    this.spill();
    address();
    value();
    body.i32(this.descriptor(size, options, true)).call(callees.slowStore);
    this.resume();
  }

  load(address: Emit, size: AccessSize, options: AccessOptions, result: number): void {
    if (options.tags) {
      this.loadTags(address, size, options, result);
      return;
    }
    const { body } = this;
    const a = body.local('i64');
    const entry = body.local('i32');
    address();
    body.set(a);
    this.probe(a, entry, size, options, false);
    body.if('');
    this.spill();
    if (size === 16) {
      const low = body.local('i64');
      const high = body.local('i64');
      for (const [half, local] of [
        [0n, low],
        [8n, high],
      ] as const) {
        body.get(a).i64(half).op('i64.add');
        this.callSlow(8, halfOf(options, half), false, entry);
        body.set(local);
        this.resume();
      }
      // One big-endian element begins with its high half.
      const lane = (half: 0 | 1) => {
        const [mine, other] = half ? [high, low] : [low, high];
        if (options.elementSize) body.get(mine);
        else body.get(other).get(mine).i32(0).memory('i32.load', at('bigEndianData')).op('select');
      };
      lane(0);
      body.op('i64x2.splat');
      lane(1);
      body.op('i64x2.replace_lane').immediateByte(1).set(result);
      body.release('i64', low);
      body.release('i64', high);
    } else {
      body.get(a);
      this.callSlow(size, options, false, entry);
      body.set(result);
      this.resume();
    }
    body.else();
    this.hostAddress(a, entry);
    const loads = { 1: 'i64.load8_u', 2: 'i64.load16_u', 4: 'i64.load32_u', 8: 'i64.load', 16: 'v128.load' } as const;
    body.memory(loads[size], 0).set(result);
    body.end();
    body.release('i64', a);
    body.release('i32', entry);
  }

  store(address: Emit, size: AccessSize, value: Emit, valueType: ValueType, options: AccessOptions): void {
    if (options.tags) {
      this.storeTags(address, size, value, options);
      return;
    }
    const { body } = this;
    const a = body.local('i64');
    const entry = body.local('i32');
    const stored = body.local(valueType);
    address();
    body.set(a);
    value();
    body.set(stored);
    this.probe(a, entry, size, options, true);
    body.if('');
    this.spill();
    if (size === 16) {
      for (const half of [0n, 8n] as const) {
        body.get(a).i64(half).op('i64.add');
        const lane = (number: 0 | 1) => body.get(stored).op('i64x2.extract_lane').immediateByte(number);
        const [mine, other] = half ? ([1, 0] as const) : ([0, 1] as const);
        if (options.elementSize) lane(mine);
        else {
          // One big-endian element begins with its high half.
          lane(other);
          lane(mine);
          body.i32(0).memory('i32.load', at('bigEndianData')).op('select');
        }
        this.callSlow(8, halfOf(options, half), true, entry);
        this.resume();
      }
    } else {
      body.get(a).get(stored);
      this.callSlow(size, options, true, entry);
      this.resume();
    }
    body.else();
    this.hostAddress(a, entry);
    const stores = { 1: 'i64.store8', 2: 'i64.store16', 4: 'i64.store32', 8: 'i64.store', 16: 'v128.store' } as const;
    body.get(stored).memory(stores[size], 0);
    body.end();
    body.release('i64', a);
    body.release('i32', entry);
    body.release(valueType, stored);
  }

  // ---- control
  branchRelative(operand: string): void {
    const { main, ip } = this.locals;
    const { body } = this;
    if (!main) throw new Error('a rare handler cannot branch by a label');
    const part = findOperand(this.layout, operand);
    body.get(ip).get(ip).memory('i32.load', part.at).op('i32.add').set(main.next);
    body.branch('jump');
  }
  branchTo(target: Emit): void {
    const { main } = this.locals;
    if (!main) throw new Error('a rare handler cannot branch');
    target();
    this.body.set(main.target).branch('jumpTo');
  }
  system(operation: string): void {
    this.detail(this.callees.systemOperation(operation));
    this.exit(Exit.system);
  }
  raise(exception: RaisedException, address: Emit | undefined): void {
    this.detail(raisedCodes[exception]);
    if (address) {
      this.body.i32(0);
      address();
      this.body.memory('i64.store', at('exitAddress'));
    }
    this.exit(Exit.raise);
  }
  checkInterrupts(): void {
    const { main } = this.locals;
    const { body } = this;
    if (!main) throw new Error('a rare handler cannot check for interrupts');
    body.i32(0).memory('i32.load', at('interruptPending')).if('');
    body.get(this.locals.ip).i32(RECORD_SIZE).op('i32.add').set(this.locals.ip);
    this.exit(Exit.unmasked);
    body.end();
  }
  private detail(value: number): void {
    this.body.i32(0).i32(value).memory('i32.store', at('exitDetail'));
  }
  private exit(code: number): void {
    const { main } = this.locals;
    this.body.i32(code);
    if (main) this.body.set(main.code).branch('exit');
    else this.body.op('return');
  }
  callHelper(helper: Helper): void {
    this.body.call(this.callees.helper(helper));
  }
}
