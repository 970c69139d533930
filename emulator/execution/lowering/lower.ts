/**
 * Lowers semantics statements to WebAssembly: the part that both engines share.
 *
 * Pure values used once are emitted where they are used; order-sensitive ones (register reads, loads) go to a local at
 * the point where the row took them; pure values used several times are kept in a local from their first use on.
 * Where registers, immediates, flags and memory come from is the `Place`'s business.
 */
import type {
  AccessOptions,
  AccessSize,
  Helper,
  I64,
  RaisedException,
  RegisterRef,
  StateField,
  Statement,
  Value,
  ValueType,
  Variable,
  WideStateField,
} from '../../architecture/semantics.ts';
import type { FunctionBody } from './module.ts';

/** Emits a value on the stack. */
export type Emit = () => void;

/** Where one engine keeps what semantics touch. Every method emits code into the function at hand. */
export interface Place {
  readonly body: FunctionBody;
  /** Pushes an immediate operand. */
  operand(type: 'i32' | 'i64', operand: string): void;
  readRegister(type: ValueType, register: RegisterRef): void;
  writeRegister(type: ValueType, register: RegisterRef, value: Emit): void;
  writeLink(value: Emit): void;
  readState(field: StateField): void;
  writeState(field: StateField, value: Emit): void;
  readWideState(field: WideStateField): void;
  writeWideState(field: WideStateField, value: Emit): void;
  pc(): void;
  /** Leaves the loaded value in `result`. */
  load(address: Emit, size: AccessSize, options: AccessOptions, result: number): void;
  store(address: Emit, size: AccessSize, value: Emit, valueType: ValueType, options: AccessOptions): void;
  branchRelative(operand: string): void;
  branchTo(target: Emit): void;
  system(operation: string): void;
  raise(exception: RaisedException, address: Emit | undefined): void;
  checkInterrupts(): void;
  callHelper(helper: Helper): void;
}

/** Emits the statements of one variant. */
export function lowerStatements(statements: readonly Statement[], variables: readonly Variable[], place: Place): void {
  new Lowering(variables, place, countUses(statements)).run(statements);
}

/** Emits a helper's result value on the stack; its arguments are the function's first locals. */
export function lowerValue(
  value: Value,
  statements: readonly Statement[],
  variables: readonly Variable[],
  place: Place,
): void {
  const uses = countUses(statements);
  countValue(value, uses);
  const lowering = new Lowering(variables, place, uses, false);
  lowering.run(statements);
  lowering.push(value);
  lowering.releaseAll();
}

function countUses(statements: readonly Statement[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  const walk = (list: readonly Statement[]): void => {
    for (const s of list) {
      switch (s.op) {
        case 'take':
          countArguments(s.value, uses);
          if (!uses.has(s.value)) uses.set(s.value, 0);
          break;
        case 'setRegister':
        case 'setLink':
        case 'setState':
        case 'setWideState':
        case 'setVariable':
          countValue(s.value, uses);
          break;
        case 'store':
          countValue(s.address, uses);
          countValue(s.value, uses);
          break;
        case 'if':
          countValue(s.condition, uses);
          walk(s.then);
          walk(s.otherwise);
          break;
        case 'branchTo':
          countValue(s.target, uses);
          break;
        case 'raise':
          if (s.address) countValue(s.address, uses);
          break;
        default:
          break;
      }
    }
  };
  walk(statements);
  return uses;
}

function countValue(value: Value, uses: Map<Value, number>): void {
  const before = uses.get(value) ?? 0;
  uses.set(value, before + 1);
  if (before === 0 && !isTaken(value)) countArguments(value, uses);
}

function countArguments(value: Value, uses: Map<Value, number>): void {
  const { node } = value;
  if (node.op === 'wasm' || node.op === 'call') for (const argument of node.args) countValue(argument, uses);
  else if (node.op === 'load') countValue(node.address, uses);
}

/** Values that a `take` statement fixes; their arguments are counted there. */
function isTaken(value: Value): boolean {
  switch (value.node.op) {
    case 'getRegister':
    case 'getState':
    case 'getWideState':
    case 'load':
    case 'getVariable':
      return true;
    default:
      return false;
  }
}

class Lowering {
  private readonly place: Place;
  private readonly body: FunctionBody;
  private readonly uses: Map<Value, number>;
  private readonly variableLocals: number[];
  private readonly variableTypes: ValueType[];
  private kept = new Map<Value, number>();
  private readonly owned: [ValueType, number][] = [];
  private readonly releases: boolean;

  constructor(variables: readonly Variable[], place: Place, uses: Map<Value, number>, releases = true) {
    this.place = place;
    this.body = place.body;
    this.uses = uses;
    this.releases = releases;
    this.variableTypes = variables.map(v => v.type);
    this.variableLocals = variables.map(v => this.body.local(v.type));
  }

  private local(type: ValueType): number {
    const local = this.body.local(type);
    this.owned.push([type, local]);
    return local;
  }

  run(statements: readonly Statement[]): void {
    for (const statement of statements) this.statement(statement);
    if (this.releases) this.releaseAll();
  }

  releaseAll(): void {
    for (const [type, local] of this.owned) this.body.release(type, local);
    this.variableLocals.forEach((local, i) => {
      this.body.release(this.variableTypes[i] as ValueType, local);
    });
    this.owned.length = 0;
  }

  private list(statements: readonly Statement[]): void {
    // What an arm of an `if` keeps in locals is not valid after it.
    const before = new Map(this.kept);
    for (const statement of statements) this.statement(statement);
    this.kept = before;
  }

  private statement(s: Statement): void {
    const { place, body } = this;
    switch (s.op) {
      case 'take':
        this.take(s.value);
        break;
      case 'setRegister':
        place.writeRegister(s.value.type, s.register, () => this.push(s.value));
        break;
      case 'setLink':
        place.writeLink(() => this.push(s.value));
        break;
      case 'setState':
        place.writeState(s.field, () => this.push(s.value));
        break;
      case 'setWideState':
        place.writeWideState(s.field, () => this.push(s.value));
        break;
      case 'setVariable':
        this.push(s.value);
        body.set(this.variableLocals[s.variable.index] as number);
        break;
      case 'store':
        place.store(
          () => this.push(s.address),
          s.size,
          () => this.push(s.value),
          s.value.type,
          s.options,
        );
        break;
      case 'if':
        this.push(s.condition);
        body.if();
        this.list(s.then);
        if (s.otherwise.length) {
          body.else();
          this.list(s.otherwise);
        }
        body.end();
        break;
      case 'branchRelative':
        place.branchRelative(s.operand);
        break;
      case 'branchTo':
        place.branchTo(() => this.push(s.target));
        break;
      case 'system':
        place.system(s.operation);
        break;
      case 'raise': {
        const { address } = s;
        place.raise(s.exception, address ? () => this.push(address) : undefined);
        break;
      }
      case 'checkInterrupts':
        place.checkInterrupts();
        break;
    }
  }

  private take(value: Value): void {
    const { node } = value;
    const used = this.uses.get(value) ?? 0;
    if (used === 0 && node.op !== 'load') return;
    const local = this.local(value.type);
    if (node.op === 'load') this.place.load(() => this.push(node.address), node.size, node.options, local);
    else {
      this.emitNode(value);
      this.body.set(local);
    }
    this.kept.set(value, local);
  }

  push(value: Value): void {
    const kept = this.kept.get(value);
    if (kept !== undefined) {
      this.body.get(kept);
      return;
    }
    if (isTaken(value)) throw new Error(`a ${value.node.op} is used where it was not taken`);
    this.emitNode(value);
    const { op } = value.node;
    const cheap = op === 'const' || op === 'const64' || op === 'const128' || op === 'pc';
    if ((this.uses.get(value) ?? 0) > 1 && !cheap) {
      const local = this.local(value.type);
      this.body.tee(local);
      this.kept.set(value, local);
    }
  }

  private emitNode(value: Value): void {
    const { node } = value;
    const { body, place } = this;
    switch (node.op) {
      case 'const':
        if (node.type === 'i32') body.i32(node.value);
        else if (node.type === 'f32') body.f32(node.value);
        else body.f64(node.value);
        break;
      case 'const64':
        body.i64(node.value);
        break;
      case 'const128':
        body.v128(node.bytes);
        break;
      case 'operand':
        place.operand(node.type, node.operand);
        break;
      case 'wasm':
        for (const argument of node.args) this.push(argument);
        if (node.code.startsWith('argument.')) body.get(node.immediate as number);
        else {
          body.op(node.code);
          if (typeof node.immediate === 'number') body.immediateByte(node.immediate);
          else for (const byte of node.immediate ?? []) body.immediateByte(byte);
        }
        break;
      case 'call':
        for (const argument of node.args) this.push(argument);
        place.callHelper(node.helper);
        break;
      case 'getRegister':
        place.readRegister(node.type, node.register);
        break;
      case 'getState':
        place.readState(node.field);
        break;
      case 'getWideState':
        place.readWideState(node.field);
        break;
      case 'getVariable':
        body.get(this.variableLocals[node.variable.index] as number);
        break;
      case 'pc':
        place.pc();
        break;
      case 'load':
        throw new Error('loads are taken');
    }
  }
}

/** Arguments of a helper under construction: values that stand for the function's parameters. */
export function helperArguments(helper: Helper): Value[] {
  return helper.parameters.map((type, index) => ({
    type,
    node: { op: 'wasm', code: `argument.${type}`, immediate: index, args: [] },
  }));
}

export type { I64 };
