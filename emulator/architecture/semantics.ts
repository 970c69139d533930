/**
 * The language in which instruction rows say what they do.
 *
 * A row's `semantics` calls a `SemanticsBuilder`; the builder records a short list of statements over SSA values.
 * The list is lowered twice: by the interpreter generator with operands read from the predecoded record, and by the
 * JIT with operands constant. Nothing else gives an instruction its meaning.
 *
 * Pure operations carry WebAssembly's names, because those are the operations both lowerings have; everything that
 * touches the machine (registers, flags, memory, control flow, exceptions) is a node of its own.
 */

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** An SSA value. Values are compared by identity; `uses` is filled in by the lowering. */
export interface Value<T extends ValueType = ValueType> {
  readonly type: T;
  readonly node: Node;
}
export type I32 = Value<'i32'>;
export type I64 = Value<'i64'>;
export type F32 = Value<'f32'>;
export type F64 = Value<'f64'>;
export type V128 = Value<'v128'>;

/** Flags and other one-word state that semantics may read and write by name. */
export type StateField =
  | 'n'
  | 'z'
  | 'c'
  | 'v'
  | 'el'
  | 'spSel'
  | 'daif'
  | 'pan'
  | 'uao'
  | 'dit'
  | 'ssbs'
  | 'tco'
  | 'btype'
  | 'spAlignMask'
  | 'fpTrapped'
  | 'eventRegister'
  | 'interruptPending'
  | 'exclusiveValid'
  | 'exclusiveSize'
  | 'pointerAuthentication'
  | 'allocationTags'
  | 'guardedPagesSeen';
export type WideStateField =
  | 'exclusiveAddress'
  | 'fpcr'
  | 'fpsr'
  /** Where a system operation that needs an address finds it. */
  | 'exitAddress'
  /** A system register as it is stored, past all checks. */
  | `register:${string}`;

/** A register operand of the row as semantics see it; the lowering knows where its number comes from. */
export interface RegisterRef {
  readonly kind: 'register';
  readonly bank: 'x' | 'v';
  readonly operand: string;
  /** Distance from the operand's number, modulo 32: register pairs and lists name only the first. */
  readonly offset: number;
  /** 31 means the stack pointer, not the zero register. */
  readonly stackPointer: boolean;
}

/** How a memory access behaves beyond its size. */
export interface AccessOptions {
  /** LDTR and STTR: as if at EL0 where PSTATE.UAO and HCR_EL2 say so. */
  readonly unprivileged?: boolean;
  /**
   * Misalignment is an Alignment fault whatever SCTLR_ELx.A says (exclusives, atomics); with FEAT_LSE2 only beyond 16 bytes,
   * and for accesses that are merely ordered SCTLR_ELx.nAA lifts that too.
   */
  readonly aligned?: true | 'ordered';
  /** A load that a store follows (atomics): faults are reported as for a write. */
  readonly forWrite?: boolean;
  /** Register whose transfer ESR_ELx.ISS describes when the access is emulated by a hypervisor (ISV = 1). */
  readonly transfer?: {
    readonly operand: string;
    readonly signExtend: boolean;
    readonly sixtyFour: boolean;
    readonly acquireRelease: boolean;
  };
  /** The alignment that `aligned` demands in bytes, when it is not the access's own size (pairs). */
  readonly alignment?: number;
  /**
   * The access is to the allocation tags of memory instead of its data: to the one of a granule, in bits 3:0, or to
   * sixteen of an aligned block. Where tags cannot be accessed they are zero, and writes to them are lost.
   */
  readonly tags?: 'one' | 'sixteen';
  /** Bytes of the elements of which the access consists, when it is not one: these must be aligned where SCTLR_ELx.A asks. */
  readonly elementSize?: AccessSize;
}

export type AccessSize = 1 | 2 | 4 | 8 | 16;

export type Node =
  | { readonly op: 'const'; readonly type: 'i32' | 'f32' | 'f64'; readonly value: number }
  | { readonly op: 'const64'; readonly value: bigint }
  | { readonly op: 'const128'; readonly bytes: readonly number[] }
  /** An immediate operand of the row, sign- or zero-extended to the type as its kind's `value` gives it. */
  | { readonly op: 'operand'; readonly type: 'i32' | 'i64'; readonly operand: string }
  /** `immediate`: a lane number, or the sixteen of a shuffle. */
  | {
      readonly op: 'wasm';
      readonly code: string;
      readonly immediate?: number | readonly number[];
      readonly args: readonly Value[];
    }
  | { readonly op: 'call'; readonly helper: Helper; readonly args: readonly Value[] }
  | { readonly op: 'getRegister'; readonly register: RegisterRef; readonly type: ValueType }
  | { readonly op: 'getState'; readonly field: StateField }
  | { readonly op: 'getWideState'; readonly field: WideStateField }
  | { readonly op: 'pc' }
  | {
      readonly op: 'load';
      readonly address: I64;
      readonly size: AccessSize;
      readonly options: AccessOptions;
    }
  | { readonly op: 'getVariable'; readonly variable: Variable };

/** A mutable local of one semantics, for values that differ between the arms of an `if`. */
export interface Variable<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
}

export type Statement =
  /** Fixes the moment at which an order-sensitive value is taken. */
  | { readonly op: 'take'; readonly value: Value }
  | { readonly op: 'setRegister'; readonly register: RegisterRef; readonly value: Value }
  | { readonly op: 'setLink'; readonly value: I64 }
  | { readonly op: 'setState'; readonly field: StateField; readonly value: I32 }
  | { readonly op: 'setWideState'; readonly field: WideStateField; readonly value: I64 }
  | { readonly op: 'setVariable'; readonly variable: Variable; readonly value: Value }
  | {
      readonly op: 'store';
      readonly address: I64;
      readonly size: AccessSize;
      readonly value: Value;
      readonly options: AccessOptions;
    }
  | {
      readonly op: 'if';
      readonly condition: I32;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  /** Branch by the row's label operand (bytes from this instruction). */
  | { readonly op: 'branchRelative'; readonly operand: string }
  | { readonly op: 'branchTo'; readonly target: I64 }
  /** Leaves the engine: the named system operation is done by the processing element, which also moves the PC. */
  | { readonly op: 'system'; readonly operation: string }
  /** Raises a synchronous exception of this instruction. */
  | { readonly op: 'raise'; readonly exception: RaisedException; readonly address?: I64 }
  /** Ends the instruction and looks for interrupts that a change of mask has let through. */
  | { readonly op: 'checkInterrupts' };

export type RaisedException = 'undefined' | 'spAlignment' | 'pcAlignment' | 'fpTrap';

/**
 * A function over values, shared by rows and compiled once into the engine's module. Floating-point helpers read FPCR and
 * add to FPSR, which may be done twice without harm; beyond that they are pure.
 */
export interface Helper {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  /** `wasm`: built from the same language; `host`: a function of the host, for what is rare and long. */
  readonly body:
    | { readonly kind: 'wasm'; readonly build: (b: SemanticsBuilder, ...args: Value[]) => Value }
    | { readonly kind: 'host' };
}

/** Defines a helper in the semantics language. */
export function helper(
  name: string,
  parameters: readonly ValueType[],
  result: ValueType,
  build: (b: SemanticsBuilder, ...args: never[]) => Value,
): Helper {
  return {
    name,
    parameters,
    result,
    body: { kind: 'wasm', build: build as (b: SemanticsBuilder, ...args: Value[]) => Value },
  };
}

/** Declares a helper that the host supplies by name (`execution/host-helpers.ts`). */
export function hostHelper(name: string, parameters: readonly ValueType[], result: ValueType): Helper {
  return { name, parameters, result, body: { kind: 'host' } };
}

type Integer = 'i32' | 'i64';

/**
 * Records the meaning of one instruction. Values of the wrong width do not compile; shapes (`sf`, `size` …) are
 * ordinary TypeScript conditions around the calls.
 */
export class SemanticsBuilder {
  statements: Statement[] = [];
  readonly variables: Variable[] = [];

  private value<T extends ValueType>(type: T, node: Node): Value<T> {
    return { type, node };
  }

  private taken<T extends ValueType>(type: T, node: Node): Value<T> {
    const value = this.value(type, node);
    this.statements.push({ op: 'take', value });
    return value;
  }

  // ---- constants and operands
  i32(value: number): I32 {
    return this.value('i32', { op: 'const', type: 'i32', value: value | 0 });
  }
  i64(value: bigint | number): I64 {
    return this.value('i64', { op: 'const64', value: BigInt.asIntN(64, BigInt(value)) });
  }
  f32(value: number): F32 {
    return this.value('f32', { op: 'const', type: 'f32', value });
  }
  f64(value: number): F64 {
    return this.value('f64', { op: 'const', type: 'f64', value });
  }
  v128(bytes: readonly number[]): V128 {
    return this.value('v128', { op: 'const128', bytes });
  }
  /** An immediate operand of the row; as i32 its low half. */
  immediate<T extends Integer>(type: T, operand: { readonly kind: 'immediate'; readonly operand: string }): Value<T> {
    return this.value(type, { op: 'operand', type, operand: operand.operand });
  }
  constant<T extends Integer>(type: T, value: bigint | number): Value<T> {
    return (type === 'i32' ? this.i32(Number(BigInt.asIntN(32, BigInt(value)))) : this.i64(value)) as Value<T>;
  }

  // ---- pure operations
  /** Any WebAssembly operation by name; the typed methods below are the ones rows use. */
  wasm<T extends ValueType>(
    type: T,
    code: string,
    args: readonly Value[],
    immediate?: number | readonly number[],
  ): Value<T> {
    return this.value(
      type,
      immediate === undefined ? { op: 'wasm', code, args } : { op: 'wasm', code, args, immediate },
    );
  }
  private same<T extends ValueType>(code: string, a: Value<T>, b: Value<T>): Value<T> {
    return this.wasm(a.type, `${a.type}.${code}`, [a, b]);
  }
  private test<T extends ValueType>(code: string, a: Value<T>, b: Value<T>): I32 {
    return this.wasm('i32', `${a.type}.${code}`, [a, b]);
  }
  add<T extends ValueType>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('add', a, b);
  }
  sub<T extends ValueType>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('sub', a, b);
  }
  mul<T extends ValueType>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('mul', a, b);
  }
  and<T extends Integer>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('and', a, b);
  }
  or<T extends Integer>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('or', a, b);
  }
  xor<T extends Integer>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('xor', a, b);
  }
  not<T extends Integer>(a: Value<T>): Value<T> {
    return this.xor(a, this.constant(a.type, -1));
  }
  negate<T extends Integer>(a: Value<T>): Value<T> {
    return this.sub(this.constant(a.type, 0), a);
  }
  /** Shift amounts are taken modulo the width, as both Arm's variable shifts and WebAssembly do. */
  shl<T extends Integer>(a: Value<T>, amount: Value<T>): Value<T> {
    return this.same('shl', a, amount);
  }
  shrUnsigned<T extends Integer>(a: Value<T>, amount: Value<T>): Value<T> {
    return this.same('shr_u', a, amount);
  }
  shrSigned<T extends Integer>(a: Value<T>, amount: Value<T>): Value<T> {
    return this.same('shr_s', a, amount);
  }
  rotateRight<T extends Integer>(a: Value<T>, amount: Value<T>): Value<T> {
    return this.same('rotr', a, amount);
  }
  rotateLeft<T extends Integer>(a: Value<T>, amount: Value<T>): Value<T> {
    return this.same('rotl', a, amount);
  }
  /** Division traps in WebAssembly on zero and overflow: guard with `select` operands first. */
  divUnsigned<T extends Integer>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('div_u', a, b);
  }
  divSigned<T extends Integer>(a: Value<T>, b: Value<T>): Value<T> {
    return this.same('div_s', a, b);
  }
  countLeadingZeros<T extends Integer>(a: Value<T>): Value<T> {
    return this.wasm(a.type, `${a.type}.clz`, [a]);
  }
  countTrailingZeros<T extends Integer>(a: Value<T>): Value<T> {
    return this.wasm(a.type, `${a.type}.ctz`, [a]);
  }
  populationCount<T extends Integer>(a: Value<T>): Value<T> {
    return this.wasm(a.type, `${a.type}.popcnt`, [a]);
  }
  isZero<T extends Integer>(a: Value<T>): I32 {
    return this.wasm('i32', `${a.type}.eqz`, [a]);
  }
  equal<T extends ValueType>(a: Value<T>, b: Value<T>): I32 {
    return this.test('eq', a, b);
  }
  notEqual<T extends ValueType>(a: Value<T>, b: Value<T>): I32 {
    return this.test('ne', a, b);
  }
  lessUnsigned<T extends Integer>(a: Value<T>, b: Value<T>): I32 {
    return this.test('lt_u', a, b);
  }
  lessSigned<T extends Integer>(a: Value<T>, b: Value<T>): I32 {
    return this.test('lt_s', a, b);
  }
  greaterUnsigned<T extends Integer>(a: Value<T>, b: Value<T>): I32 {
    return this.test('gt_u', a, b);
  }
  greaterSigned<T extends Integer>(a: Value<T>, b: Value<T>): I32 {
    return this.test('gt_s', a, b);
  }
  atLeastUnsigned<T extends Integer>(a: Value<T>, b: Value<T>): I32 {
    return this.test('ge_u', a, b);
  }
  /** `condition ? a : b`; both are computed. */
  select<T extends ValueType>(condition: I32, a: Value<T>, b: Value<T>): Value<T> {
    return this.wasm(a.type, a.type === 'v128' ? 'select.v128' : 'select', [a, b, condition]);
  }
  wrap(a: I64): I32 {
    return this.wasm('i32', 'i32.wrap_i64', [a]);
  }
  zeroExtend(a: I32): I64 {
    return this.wasm('i64', 'i64.extend_i32_u', [a]);
  }
  signExtend(a: I32): I64 {
    return this.wasm('i64', 'i64.extend_i32_s', [a]);
  }
  /** Sign-extends the low 8, 16 or 32 bits within the value's own type. */
  signExtendLow<T extends Integer>(a: Value<T>, bits: 8 | 16 | 32): Value<T> {
    if (a.type === 'i32' && bits === 32) return a;
    return this.wasm(a.type, `${a.type}.extend${bits}_s`, [a]);
  }
  /** Converts an integer to `type`: same width unchanged, wider by zero extension, narrower by truncation. */
  resize<T extends Integer>(type: T, a: Value<Integer>): Value<T> {
    if (a.type === type) return a as Value<T>;
    return (type === 'i64' ? this.zeroExtend(a as I32) : this.wrap(a as I64)) as Value<T>;
  }
  call<T extends ValueType>(type: T, fn: Helper, ...args: Value[]): Value<T> {
    if (fn.result !== type) throw new Error(`helper ${fn.name} gives ${fn.result}, not ${type}`);
    return this.value(type, { op: 'call', helper: fn, args });
  }

  // ---- machine state
  read<T extends ValueType>(type: T, register: RegisterRef): Value<T> {
    return this.taken(type, { op: 'getRegister', register, type });
  }
  /** Writes a general-purpose register (an i32 clears the upper half) or a SIMD&FP register (the rest is cleared). */
  write(register: RegisterRef, value: Value): void {
    this.statements.push({ op: 'setRegister', register, value });
  }
  state(field: StateField): I32 {
    return this.taken('i32', { op: 'getState', field });
  }
  setState(field: StateField, value: I32): void {
    this.statements.push({ op: 'setState', field, value });
  }
  wideState(field: WideStateField): I64 {
    return this.taken('i64', { op: 'getWideState', field });
  }
  setWideState(field: WideStateField, value: I64): void {
    this.statements.push({ op: 'setWideState', field, value });
  }
  /** Address of this instruction. */
  pc(): I64 {
    return this.value('i64', { op: 'pc' });
  }

  // ---- memory
  /** Loads 1 to 8 bytes, zero-extended to 64 bits. May raise a Data Abort; nothing before it must have taken effect. */
  load(address: I64, size: 1 | 2 | 4 | 8, options: AccessOptions = {}): I64 {
    return this.taken('i64', { op: 'load', address, size, options });
  }
  load128(address: I64, options: AccessOptions = {}): V128 {
    return this.taken('v128', { op: 'load', address, size: 16, options });
  }
  /** Stores the low `size` bytes of a 64-bit value (or all of a v128). */
  store(address: I64, size: AccessSize, value: I64 | V128, options: AccessOptions = {}): void {
    this.statements.push({ op: 'store', address, size, value, options });
  }

  // ---- control
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const thenStatements = this.collect(then);
    const otherwiseStatements = otherwise ? this.collect(otherwise) : [];
    this.statements.push({ op: 'if', condition, then: thenStatements, otherwise: otherwiseStatements });
  }
  private collect(build: () => void): Statement[] {
    const outer = this.statements;
    const inner: Statement[] = [];
    this.statements = inner;
    try {
      build();
    } finally {
      this.statements = outer;
    }
    return inner;
  }
  variable<T extends ValueType>(initial: Value<T>): Variable<T> {
    const variable = { type: initial.type, index: this.variables.length };
    this.variables.push(variable);
    this.assign(variable, initial);
    return variable;
  }
  assign<T extends ValueType>(variable: Variable<T>, value: Value<T>): void {
    this.statements.push({ op: 'setVariable', variable, value });
  }
  valueOf<T extends ValueType>(variable: Variable<T>): Value<T> {
    return this.taken(variable.type, { op: 'getVariable', variable });
  }
  /** Writes the link register, X30. */
  writeLink(address: I64): void {
    this.statements.push({ op: 'setLink', value: address });
  }
  /** Goes to this instruction's address plus the label operand. */
  branchRelative(operand: LabelRef): void {
    this.statements.push({ op: 'branchRelative', operand: operand.operand });
  }
  branchTo(target: I64): void {
    this.statements.push({ op: 'branchTo', target });
  }
  system(operation: string): void {
    this.statements.push({ op: 'system', operation });
  }
  raise(exception: RaisedException, address?: I64): void {
    this.statements.push(address ? { op: 'raise', exception, address } : { op: 'raise', exception });
  }
  checkInterrupts(): void {
    this.statements.push({ op: 'checkInterrupts' });
  }
}

/** A label operand as semantics see it. */
export interface LabelRef {
  readonly kind: 'label';
  readonly operand: string;
}
