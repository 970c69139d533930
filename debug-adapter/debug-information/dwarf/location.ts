/** Evaluates DWARF expressions to a location or a value. Source: DWARF 5, 2.5 and 2.6; 7.7.1. */
import { ByteReader, MalformedData } from '../byte-reader.ts';

/** What an expression may ask of the frame it is evaluated in. */
export interface ExpressionContext {
  /** Register by its DWARF number; undefined when the frame does not know it any more. */
  register(number: number): bigint | undefined;
  /** A little-endian value in memory. */
  memory(address: bigint, size: number): bigint | undefined;
  /** The byte order of numbers in the expression. */
  readonly littleEndian: boolean;
  readonly cfa: bigint | undefined;
  /** Evaluates DW_AT_frame_base of the function. */
  frameBase(): bigint | undefined;
  /** Added to every address that the image names (its load offset). */
  readonly loadOffset: bigint;
  /** What an expression had as its value when the function was called; only a caller can tell. */
  entryValue?(expression: Uint8Array): bigint | undefined;
  /** The address at an index of .debug_addr. */
  indexedAddress(index: number): bigint | undefined;
}

/** Where a value is. */
export type Location =
  | { readonly kind: 'memory'; readonly address: bigint }
  | { readonly kind: 'register'; readonly register: number }
  /** Not stored anywhere, but known. */
  | { readonly kind: 'value'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly pieces: readonly { readonly size: number; readonly location: Location }[] }
  | { readonly kind: 'optimised-out' };

const mask64 = (1n << 64n) - 1n;

class Unavailable extends Error {}

/** Evaluates an expression; `initial` is pushed first (call frame expressions get the CFA). */
export function evaluateLocation(expression: Uint8Array, context: ExpressionContext, initial?: bigint): Location {
  if (expression.length === 0) return { kind: 'optimised-out' };
  try {
    return new Evaluation(expression, context, initial).run();
  } catch (problem) {
    if (problem instanceof Unavailable || problem instanceof MalformedData) return { kind: 'optimised-out' };
    throw problem;
  }
}

class Evaluation {
  readonly #stack: bigint[] = [];
  readonly #reader: ByteReader;
  readonly #context: ExpressionContext;

  constructor(expression: Uint8Array, context: ExpressionContext, initial: bigint | undefined) {
    this.#reader = new ByteReader(expression, 'a location expression', 0, expression.length, context.littleEndian);
    this.#context = context;
    if (initial !== undefined) this.#stack.push(initial);
  }

  #pop(): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw new MalformedData('a location expression takes more than it has');
    return value;
  }
  #push(value: bigint | undefined): undefined {
    if (value === undefined) throw new Unavailable();
    this.#stack.push(value & mask64);
  }

  run(): Location {
    const pieces: { size: number; location: Location }[] = [];
    let location: Location | undefined;
    const reader = this.#reader;
    for (let steps = 0; !reader.atEnd; steps++) {
      if (steps > 10_000) throw new MalformedData('a location expression does not end');
      const opcode = reader.u8();
      if (opcode >= 0x50 && opcode <= 0x6f) location = { kind: 'register', register: opcode - 0x50 };
      else if (opcode === 0x90) location = { kind: 'register', register: reader.ulebNumber() };
      else if (opcode === 0x9f) location = { kind: 'value', value: this.#pop() };
      else if (opcode === 0x9e) location = { kind: 'bytes', bytes: reader.take(reader.ulebNumber()) };
      else if (opcode === 0x93 || opcode === 0x9d) {
        let size = reader.ulebNumber();
        if (opcode === 0x9d) {
          size = Math.ceil(size / 8);
          reader.uleb();
        }
        const of: Location =
          location ?? (this.#stack.length > 0 ? { kind: 'memory', address: this.#pop() } : { kind: 'optimised-out' });
        pieces.push({ size, location: of });
        location = undefined;
      } else this.#operate(opcode);
    }
    if (pieces.length > 0) return { kind: 'pieces', pieces };
    return location ?? { kind: 'memory', address: this.#pop() };
  }

  #operate(opcode: number): undefined {
    const reader = this.#reader;
    const stack = this.#stack;
    const context = this.#context;
    if (opcode >= 0x30 && opcode <= 0x4f) return this.#push(BigInt(opcode - 0x30));
    if (opcode >= 0x70 && opcode <= 0x8f) {
      const offset = reader.sleb();
      const value = context.register(opcode - 0x70);
      return this.#push(value === undefined ? undefined : value + offset);
    }
    switch (opcode) {
      case 0x03: // addr
        return this.#push(reader.u64() + context.loadOffset);
      case 0x06: // deref
        return this.#push(context.memory(this.#pop(), 8));
      case 0x94: // deref_size
        return this.#push(context.memory(this.#pop(), reader.u8()));
      case 0x08:
        return this.#push(BigInt(reader.u8()));
      case 0x09:
        return this.#push(BigInt(reader.i8()));
      case 0x0a:
        return this.#push(BigInt(reader.u16()));
      case 0x0b:
        return this.#push(BigInt.asIntN(16, BigInt(reader.u16())));
      case 0x0c:
        return this.#push(BigInt(reader.u32()));
      case 0x0d:
        return this.#push(BigInt.asIntN(32, BigInt(reader.u32())));
      case 0x0e:
      case 0x0f:
        return this.#push(reader.u64());
      case 0x10: // constu
        return this.#push(reader.uleb());
      case 0x11: // consts
        return this.#push(reader.sleb());
      case 0x12: // dup
        return this.#push(stack[stack.length - 1]);
      case 0x13: // drop
        this.#pop();
        return;
      case 0x14: // over
        return this.#push(stack[stack.length - 2]);
      case 0x15: // pick
        return this.#push(stack[stack.length - 1 - reader.u8()]);
      case 0x16: {
        const [a, b] = [this.#pop(), this.#pop()];
        this.#push(a);
        return this.#push(b);
      }
      case 0x17: {
        const [a, b, c] = [this.#pop(), this.#pop(), this.#pop()];
        this.#push(a);
        this.#push(c);
        return this.#push(b);
      }
      case 0x19: {
        const value = BigInt.asIntN(64, this.#pop());
        return this.#push(value < 0n ? -value : value);
      }
      case 0x1f:
        return this.#push(-this.#pop());
      case 0x20:
        return this.#push(~this.#pop());
      case 0x23: // plus_uconst
        return this.#push(this.#pop() + reader.uleb());
      case 0x28: {
        const distance = BigInt.asIntN(16, BigInt(reader.u16()));
        if (this.#pop() !== 0n) this.#jump(distance);
        return;
      }
      case 0x2f:
        return this.#jump(BigInt.asIntN(16, BigInt(reader.u16())));
      case 0x91: {
        // fbreg
        const offset = reader.sleb();
        const base = context.frameBase();
        return this.#push(base === undefined ? undefined : base + offset);
      }
      case 0x92: {
        const register = context.register(reader.ulebNumber());
        const offset = reader.sleb();
        return this.#push(register === undefined ? undefined : register + offset);
      }
      case 0x96: // nop
        return;
      case 0x9c: // call_frame_cfa
        return this.#push(context.cfa);
      case 0xa1: {
        const address = context.indexedAddress(reader.ulebNumber());
        return this.#push(address === undefined ? undefined : address + context.loadOffset);
      }
      case 0xa2: // constx
        return this.#push(context.indexedAddress(reader.ulebNumber()));
      case 0xa3: // entry_value, and GNU's name for it
      case 0xf3:
        return this.#push(context.entryValue?.(reader.take(reader.ulebNumber())));
      case 0xa8: // convert and reinterpret: to the generic type only
      case 0xa9:
        reader.uleb();
        return;
    }
    const b = this.#pop();
    const a = this.#pop();
    const [sa, sb] = [BigInt.asIntN(64, a), BigInt.asIntN(64, b)];
    const truth = (condition: boolean) => this.#push(condition ? 1n : 0n);
    switch (opcode) {
      case 0x1a:
        return this.#push(a & b);
      case 0x1b:
        if (sb === 0n) throw new Unavailable();
        return this.#push(sa / sb);
      case 0x1c:
        return this.#push(a - b);
      case 0x1d:
        if (b === 0n) throw new Unavailable();
        return this.#push(a % b);
      case 0x1e:
        return this.#push(a * b);
      case 0x21:
        return this.#push(a | b);
      case 0x22:
        return this.#push(a + b);
      case 0x24:
        return this.#push(b > 63n ? 0n : a << b);
      case 0x25:
        return this.#push(b > 63n ? 0n : a >> b);
      case 0x26:
        return this.#push(sa >> (b > 63n ? 63n : b));
      case 0x27:
        return this.#push(a ^ b);
      case 0x29:
        return truth(a === b);
      case 0x2a:
        return truth(sa >= sb);
      case 0x2b:
        return truth(sa > sb);
      case 0x2c:
        return truth(sa <= sb);
      case 0x2d:
        return truth(sa < sb);
      case 0x2e:
        return truth(a !== b);
      default:
        throw new Unavailable();
    }
  }

  #jump(distance: bigint): undefined {
    const to = this.#reader.offset + Number(distance);
    if (to < 0 || to > this.#reader.end) throw new MalformedData('a location expression branches out of itself');
    this.#reader.offset = to;
  }
}
