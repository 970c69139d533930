/** Expressions in a frame of a processing element: registers, variables, symbols, memory, and the exception at hand. */
import type { ValueType } from '../debug-information/types.ts';
import { builtinTypes } from '../debug-information/types.ts';
import { liveContext } from './code-context.ts';
import { asynchronousClass, asynchronousKind, exceptionFilters } from './exception-filters.ts';
import { faultIpa } from './exception-text.ts';
import type { ExpressionHost, FieldPlace } from './expression/host.ts';
import { ExpressionProblem } from './expression/lexer.ts';
import { spaceText } from './expression/parser.ts';
import {
  bitsOf,
  booleanValue,
  countValue,
  hex,
  integerValue,
  u64Type,
  unsignedType,
  type Value,
} from './expression/value.ts';
import type { CodeFrame } from './frame.ts';
import { type Images, splitContext } from './images.ts';
import { registerField, registerName } from './registers.ts';
import { frameVariables, globalVariable, type SourceVariable } from './source-variables.ts';
import { syndromeField } from './syndrome.ts';
import {
  type AddressSpace,
  type ExceptionRecord,
  isBigEndian,
  type SpaceAddress,
  type Target,
  UserProblem,
} from './target.ts';

/** Names of exception classes and kinds, as sets that `ec` is compared with. */
const classNames: ReadonlyMap<string, Value> = new Map(
  exceptionFilters.flatMap((filter): [string, Value][] => {
    const asynchronous = asynchronousClass[filter.id as keyof typeof asynchronousClass];
    const codes = filter.classes?.map(BigInt) ?? (asynchronous === undefined ? undefined : [asynchronous]);
    return codes ? [[filter.id, { type: u64Type, bits: codes[0]!, set: new Set(codes), meaning: filter.label }]] : [];
  }),
);

/** What a condition speaks of is not there: the condition does not hold. */
export class AbsentFact extends ExpressionProblem {}

export class FrameHost implements ExpressionHost {
  readonly #target: Target;
  readonly #images: Images;
  readonly #pe: number;
  readonly #frame: CodeFrame | undefined;
  readonly #record: ExceptionRecord | undefined;
  #variables: readonly SourceVariable[] | undefined;

  /** `record` is the exception or return that `from`, `to`, `ec`… speak of. Without a frame: the element as it is. */
  constructor(
    target: Target,
    images: Images,
    pe: number,
    frame: CodeFrame | undefined,
    record: ExceptionRecord | undefined,
  ) {
    this.#target = target;
    this.#images = images;
    this.#pe = pe;
    this.#frame = frame;
    this.#record = record;
  }

  get #element() {
    return this.#target.processingElements[this.#pe]!;
  }
  get #isLive(): boolean {
    return this.#frame === undefined || this.#frame.isLive;
  }

  /** Variables in scope in this frame. */
  get variables(): readonly SourceVariable[] {
    this.#variables ??= this.#frame
      ? frameVariables(this.#frame, this.#images, (at, size) => this.#number(at, size))
      : [];
    return this.#variables;
  }

  fact(name: string): Value | undefined {
    const className = classNames.get(name);
    if (className) return className;
    switch (name) {
      case 'el':
        return countValue(BigInt(this.#frame?.el ?? this.#element.el));
      case 'pe':
        return countValue(BigInt(this.#pe));
      case 'position':
        return countValue(BigInt(this.#target.position));
      case 'secure':
        return booleanValue(this.#element.secure);
      case 'vmid':
        return this.#vmid();
    }
    if (!['from', 'to', 'ec', 'iss', 'esr', 'syndrome', 'far', 'ipa'].includes(name)) return undefined;
    const record = this.#record;
    if (!record) throw new AbsentFact(`there is no exception here that '${name}' could speak of`);
    return recordFact(record, name);
  }

  #vmid(): Value | undefined {
    if (this.#record?.vmid !== undefined) return integerValue(BigInt(this.#record.vmid));
    const vttbr = this.#element.readRegister('vttbr_el2');
    return vttbr === undefined ? undefined : integerValue(vttbr >> 48n);
  }

  variable(name: string): Value | undefined {
    const local = this.variables.find(variable => variable.name === name);
    const variable = local ?? globalVariable(name, this.#frame, this.#images, (at, size) => this.#number(at, size));
    if (!variable) return undefined;
    const value = variable.value(this);
    if (!value) throw new ExpressionProblem(`${name} has no value here: the compiler did not keep it`);
    return value;
  }

  register(name: string): Value | undefined {
    const found = registerName(name);
    if (!found) return undefined;
    const bits = this.#readRegister(found.name);
    if (bits === undefined) {
      if (!this.#isLive && this.#element.readRegister(found.name) !== undefined) {
        throw new ExpressionProblem(`${name} is not known in this frame: it was not saved`);
      }
      return undefined;
    }
    const width = found.size * 8;
    const type = found.isFloat
      ? builtinTypes.get(found.size === 8 ? 'f64' : 'f32')!
      : found.size === 8
        ? u64Type
        : unsignedType(found.size);
    const value: Value = { type, bits: BigInt.asUintN(width, bits) };
    return this.#isLive || !isFrameRegister(found.name)
      ? { ...value, place: { kind: 'register', name: found.name, high: width - 1, low: 0 } }
      : value;
  }

  #readRegister(name: string): bigint | undefined {
    const frame = this.#frame;
    if (frame && !frame.isLive && isFrameRegister(name)) {
      if (name === 'pc') return frame.pc;
      if (name === 'sp') return frame.registers.sp;
      return frame.registers.x(Number(name.slice(1)));
    }
    return this.#element.readRegister(name);
  }

  field(of: string, field: string): FieldPlace | undefined {
    if (of === 'iss' || of === 'esr' || of === 'syndrome') {
      const record = this.#record;
      const exceptionClass = record?.kind === 'exception' ? record.exceptionClass : undefined;
      return exceptionClass === undefined ? undefined : syndromeField(exceptionClass, field);
    }
    if (/^esr_el[1-3]$/.test(of)) {
      const value = this.#element.readRegister(of);
      const inSyndrome = value === undefined ? undefined : syndromeField(Number((value >> 26n) & 63n), field);
      return registerField(of, field) ?? inSyndrome;
    }
    return registerField(of, field);
  }

  symbol(name: string): { address: bigint; isFunction: boolean } | undefined {
    const context = splitContext(name);
    const place = this.#images.symbolNamed(
      context.name,
      context.el === undefined ? (this.#frame?.context ?? liveContext(this.#element)) : { el: context.el },
    );
    return place && { address: place.address, isFunction: place.symbol.kind !== 'object' };
  }

  type(name: string): ValueType | undefined {
    return typeIn(this.#images, name, this.#frame);
  }

  read(at: SpaceAddress, length: number): Uint8Array | undefined {
    const { bytes } = this.#target.readMemory(this.#pe, at, length);
    return bytes.length === length ? bytes : undefined;
  }

  #number(at: SpaceAddress, size: number): bigint | undefined {
    const bytes = this.read(at, size);
    return bytes && bitsOf(bytes, this.isBigEndian(at.space));
  }

  isBigEndian(space: AddressSpace): boolean {
    return isBigEndian(this.#element, space);
  }

  writeMemory(at: SpaceAddress, bytes: Uint8Array): void {
    const written = this.#target.writeMemory(this.#pe, at, bytes);
    if (written < bytes.length)
      throw new UserProblem(`Memory at ${spaceText(at.space)}${hex(at.address)} cannot be written`);
  }

  writeRegister(name: string, value: bigint): void {
    if (!this.#isLive && isFrameRegister(name)) throw new UserProblem(`${name} of a caller cannot be changed`);
    if (!this.#element.writeRegister(name, value)) throw new UserProblem(`${name} cannot be written`);
  }
}

/** Registers that callers have values of their own for. */
function isFrameRegister(name: string): boolean {
  return name === 'pc' || name === 'sp' || /^x\d+$/.test(name);
}

/** A type by name: as the code of the frame means it, else as any image does. */
export function typeIn(images: Images, name: string, frame?: CodeFrame): ValueType | undefined {
  for (const { image, placement } of images.forNames(frame?.context)) {
    const near = frame && BigInt.asUintN(64, frame.lookup - placement.offset);
    const type = image.information.attempt(information => information.functions.typeNamed(name, near));
    if (type) return type;
  }
  return undefined;
}

function recordFact(record: ExceptionRecord, name: string): Value {
  if (name === 'from') return countValue(BigInt(record.from));
  if (name === 'to') return countValue(BigInt(record.to));
  if (record.kind === 'return') throw new AbsentFact(`an exception return has no '${name}'`);
  switch (name) {
    case 'ec': {
      const kind = asynchronousKind(record);
      return integerValue(kind ? asynchronousClass[kind] : BigInt(record.exceptionClass ?? 0));
    }
    case 'iss':
      return integerValue(record.syndrome & 0x1ff_ffffn);
    case 'esr':
    case 'syndrome':
      return integerValue(record.syndrome);
    case 'far':
      if (record.faultAddress === undefined) throw new AbsentFact('this exception reports no fault address');
      return integerValue(record.faultAddress);
    default: {
      const ipa = faultIpa(record);
      if (ipa === undefined) throw new AbsentFact('this exception reports no intermediate physical address');
      return integerValue(ipa);
    }
  }
}
