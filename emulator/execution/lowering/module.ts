/** Writes WebAssembly modules: types, imports, functions, a table, exports. Nothing else in the project writes these bytes. */
import type { ValueType } from '../../architecture/semantics.ts';
import { opcodes } from './opcodes.ts';

const TYPE_CODES: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest ? byte | 0x80 : byte);
  } while (rest);
  return bytes;
}

export function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && !(byte & 0x40)) || (rest === -1n && byte & 0x40)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}

/** The body of one function under construction: bytes, locals and the stack of open blocks. */
export class FunctionBody {
  readonly bytes: number[] = [];
  private readonly localTypes: ValueType[] = [];
  private readonly free = new Map<ValueType, number[]>();
  private readonly blocks: string[] = [];
  private readonly parameterCount: number;

  constructor(parameters: readonly ValueType[]) {
    this.parameterCount = parameters.length;
  }

  /** A new local; `release` lets a later value of the same type use it again. */
  local(type: ValueType): number {
    const reused = this.free.get(type)?.pop();
    if (reused !== undefined) return reused;
    this.localTypes.push(type);
    return this.parameterCount + this.localTypes.length - 1;
  }
  release(type: ValueType, local: number): void {
    const list = this.free.get(type);
    if (list) list.push(local);
    else this.free.set(type, [local]);
  }

  op(...names: string[]): this {
    for (const name of names) {
      const code = opcodes[name];
      if (!code) throw new Error(`no WebAssembly operation “${name}”`);
      this.bytes.push(...code);
    }
    return this;
  }
  get(local: number): this {
    this.bytes.push(0x20, ...unsignedLeb(local));
    return this;
  }
  set(local: number): this {
    this.bytes.push(0x21, ...unsignedLeb(local));
    return this;
  }
  tee(local: number): this {
    this.bytes.push(0x22, ...unsignedLeb(local));
    return this;
  }
  i32(value: number): this {
    this.bytes.push(0x41, ...signedLeb(BigInt(value | 0)));
    return this;
  }
  i64(value: bigint): this {
    this.bytes.push(0x42, ...signedLeb(BigInt.asIntN(64, value)));
    return this;
  }
  f32(value: number): this {
    this.bytes.push(0x43, ...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }
  f64(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }
  v128(bytes: readonly number[]): this {
    this.op('v128.const').bytes.push(...bytes);
    return this;
  }
  /** A load or store with its natural alignment not promised (alignment hint 0) and a constant offset. */
  memory(name: string, offset: number): this {
    this.op(name).bytes.push(0, ...unsignedLeb(offset));
    return this;
  }
  call(functionIndex: number): this {
    this.bytes.push(0x10, ...unsignedLeb(functionIndex));
    return this;
  }
  callIndirect(typeIndex: number): this {
    this.bytes.push(0x11, ...unsignedLeb(typeIndex), 0);
    return this;
  }
  immediateByte(value: number): this {
    this.bytes.push(value);
    return this;
  }

  block(label: string): this {
    this.bytes.push(0x02, 0x40);
    this.blocks.push(label);
    return this;
  }
  loop(label: string): this {
    this.bytes.push(0x03, 0x40);
    this.blocks.push(label);
    return this;
  }
  if(label = ''): this {
    this.bytes.push(0x04, 0x40);
    this.blocks.push(label);
    return this;
  }
  else(): this {
    this.bytes.push(0x05);
    return this;
  }
  end(): this {
    this.bytes.push(0x0b);
    this.blocks.pop();
    return this;
  }
  private depth(label: string): number {
    const at = this.blocks.lastIndexOf(label);
    if (at < 0) throw new Error(`no open block “${label}”`);
    return this.blocks.length - 1 - at;
  }
  branch(label: string): this {
    this.bytes.push(0x0c, ...unsignedLeb(this.depth(label)));
    return this;
  }
  branchIf(label: string): this {
    this.bytes.push(0x0d, ...unsignedLeb(this.depth(label)));
    return this;
  }
  branchTable(labels: readonly string[], otherwise: string): this {
    this.bytes.push(0x0e, ...unsignedLeb(labels.length));
    const depths = new Map<string, number>();
    for (let i = 0; i < this.blocks.length; i++) depths.set(this.blocks[i] as string, this.blocks.length - 1 - i);
    for (const label of labels) this.bytes.push(...unsignedLeb(depths.get(label) as number));
    this.bytes.push(...unsignedLeb(depths.get(otherwise) as number));
    return this;
  }

  /** The function's code entry: local declarations, body, end. */
  encode(): (readonly number[])[] {
    if (this.blocks.length) throw new Error(`block “${this.blocks.at(-1)}” is still open`);
    const runs: [number, ValueType][] = [];
    for (const type of this.localTypes) {
      const last = runs.at(-1);
      if (last && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const head = [
      ...unsignedLeb(runs.length),
      ...runs.flatMap(([count, type]) => [...unsignedLeb(count), TYPE_CODES[type]]),
    ];
    const size = head.length + this.bytes.length + 1;
    return [unsignedLeb(size), head, this.bytes, [0x0b]];
  }
}

type Bytes = ArrayLike<number>;

function concatenate(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const name = (text: string): number[] => {
  const bytes = [...text].map(c => c.charCodeAt(0));
  return [...unsignedLeb(bytes.length), ...bytes];
};

interface FunctionSlot {
  readonly type: number;
  body?: FunctionBody;
}

/** A module that imports one memory as `env.memory` and host functions as `env.<name>`. */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly functions: FunctionSlot[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  private tableEntries: number[] = [];
  private readonly customs: Bytes[] = [];

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    this.typeBytes.push([
      0x60,
      ...unsignedLeb(parameters.length),
      ...parameters.map(t => TYPE_CODES[t]),
      ...unsignedLeb(results.length),
      ...results.map(t => TYPE_CODES[t]),
    ]);
    return this.types.length - 1;
  }
  /** Imports must all be declared before the first function. */
  importFunction(importName: string, parameters: readonly ValueType[], results: readonly ValueType[]): number {
    if (this.functions.length) throw new Error('imports come before functions');
    this.imports.push({ name: importName, type: this.type(parameters, results) });
    return this.imports.length - 1;
  }
  /** Reserves a function's index, so that others can call it before its body is written. */
  declareFunction(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    this.functions.push({ type: this.type(parameters, results) });
    return this.imports.length + this.functions.length - 1;
  }
  define(index: number, body: FunctionBody): void {
    const slot = this.functions[index - this.imports.length];
    if (!slot || slot.body) throw new Error(`function ${index} cannot be defined`);
    slot.body = body;
  }
  export(exportName: string, index: number): void {
    this.exports.push({ name: exportName, index });
  }
  /** Functions reachable by `call_indirect`, by position. */
  setTable(entries: number[]): void {
    this.tableEntries = entries;
  }

  /** A section for the module's users. */
  custom(sectionName: string, content: Uint8Array): void {
    this.customs.push(concatenate([name(sectionName), content]));
  }

  build(): Uint8Array<ArrayBuffer> {
    const parts: Bytes[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const section = (id: number, content: Bytes) => parts.push([id, ...unsignedLeb(content.length)], content);
    const vector = (count: number, items: readonly Bytes[]) => concatenate([unsignedLeb(count), ...items]);
    const list = (items: readonly Bytes[]) => vector(items.length, items);
    section(1, list(this.typeBytes));
    section(
      2,
      list([
        [...name('env'), ...name('memory'), 2, 0, 0],
        ...this.imports.map(i => [...name('env'), ...name(i.name), 0, ...unsignedLeb(i.type)]),
      ]),
    );
    section(3, list(this.functions.map(f => unsignedLeb(f.type))));
    if (this.tableEntries.length) {
      const size = unsignedLeb(this.tableEntries.length);
      section(4, [1, 0x70, 1, ...size, ...size]);
    }
    section(7, list(this.exports.map(e => [...name(e.name), 0, ...unsignedLeb(e.index)])));
    if (this.tableEntries.length)
      section(9, concatenate([[1, 0, 0x41, 0, 0x0b], list(this.tableEntries.map(unsignedLeb))]));
    const bodies = this.functions.map((f, i) => {
      if (!f.body) throw new Error(`function ${i + this.imports.length} has no body`);
      return f.body.encode();
    });
    section(10, vector(bodies.length, bodies.flat()));
    for (const content of this.customs) section(0, content);
    return concatenate(parts);
  }
}
