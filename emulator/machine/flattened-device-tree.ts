/**
 * Device trees as a tree of nodes, and their flattened form (Devicetree Specification 0.4, chapter 5), in both
 * directions.
 */

/** A property's value: nothing, 32-bit cells, strings, or bytes as they are. */
export type PropertyValue = true | readonly number[] | string | readonly string[] | Uint8Array;

/** A node: properties and children in the order in which they are written. */
export interface DeviceTreeNode {
  readonly name: string;
  readonly properties: Map<string, PropertyValue>;
  readonly children: DeviceTreeNode[];
}

/** A whole tree. */
export interface DeviceTree {
  readonly root: DeviceTreeNode;
  /** Ranges of memory that the client program must leave alone: address and size. */
  readonly reservations: readonly (readonly [bigint, bigint])[];
}

/** The bytes are not a flattened device tree that this reader understands. */
export class DeviceTreeError extends Error {
  override readonly name = 'DeviceTreeError';
}

/** A node from its properties and children; undefined ones are left out. */
export function node(
  name: string,
  properties: Readonly<Record<string, PropertyValue | undefined>>,
  children: readonly (DeviceTreeNode | undefined)[] = [],
): DeviceTreeNode {
  const present = Object.entries(properties).filter(
    (entry): entry is [string, PropertyValue] => entry[1] !== undefined,
  );
  return { name, properties: new Map(present), children: children.filter(child => child !== undefined) };
}

/** The child of a node by its name, such as `chosen`. */
export const childNamed = (parent: DeviceTreeNode, name: string) => parent.children.find(child => child.name === name);

const magic = 0xd00d_feed;
const version = 17;
const lastCompatibleVersion = 16;
const headerSize = 40;
const token = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;

/** Splits a 64-bit number into two cells. */
export const cells64 = (value: number): readonly [number, number] => [Math.floor(value / 2 ** 32), value >>> 0];

class Writer {
  #bytes = new Uint8Array(4096);
  length = 0;

  u32(value: number): void {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setUint32(this.length, value);
    this.length += 4;
  }

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  align(): void {
    this.put(new Uint8Array(-this.length & 3));
  }

  result(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const encoder = new TextEncoder();
const terminated = (text: string) => encoder.encode(`${text}\0`);

/** A property's bytes as they stand in the flattened form. */
export function propertyBytes(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array();
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return terminated(value);
  const bytes = new Writer();
  for (const item of value) {
    if (typeof item === 'string') bytes.put(terminated(item));
    else bytes.u32(item);
  }
  return bytes.result();
}

/**
 * Writes a tree in its flattened form.
 *
 * @param room total size in bytes that the blob claims, if it is smaller: space in which later stages may add to it
 */
export function flatten(tree: DeviceTree, room = 0): Uint8Array {
  const strings = new Writer();
  const stringOffsets = new Map<string, number>();
  const stringOffset = (text: string) => {
    const known = stringOffsets.get(text);
    if (known !== undefined) return known;
    const offset = strings.length;
    stringOffsets.set(text, offset);
    strings.put(terminated(text));
    return offset;
  };

  const structure = new Writer();
  const write = (current: DeviceTreeNode) => {
    structure.u32(token.beginNode);
    structure.put(terminated(current.name));
    structure.align();
    for (const [name, value] of current.properties) {
      const bytes = propertyBytes(value);
      structure.u32(token.property);
      structure.u32(bytes.length);
      structure.u32(stringOffset(name));
      structure.put(bytes);
      structure.align();
    }
    current.children.forEach(write);
    structure.u32(token.endNode);
  };
  write(tree.root);
  structure.u32(token.end);

  const reservations = new Writer();
  for (const [address, size] of [...tree.reservations, [0n, 0n] as const]) {
    for (const word of [address >> 32n, address, size >> 32n, size]) reservations.u32(Number(word & 0xffff_ffffn));
  }

  const structureAt = headerSize + reservations.length;
  const stringsAt = structureAt + structure.length;
  const totalSize = Math.max(room, stringsAt + strings.length);
  const result = new Writer();
  for (const word of [
    magic,
    totalSize,
    structureAt,
    stringsAt,
    headerSize,
    version,
    lastCompatibleVersion,
    0, // boot processor
    strings.length,
    structure.length,
  ]) {
    result.u32(word);
  }
  result.put(reservations.result());
  result.put(structure.result());
  result.put(strings.result());
  result.put(new Uint8Array(totalSize - result.length));
  return result.result();
}

/**
 * Reads a flattened tree; every property comes as bytes.
 *
 * @throws DeviceTreeError when the bytes are not a complete tree of a known version
 */
export function parseDeviceTree(bytes: Uint8Array): DeviceTree {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerSize || view.getUint32(0) !== magic) {
    throw new DeviceTreeError(
      'not a device tree blob: it does not begin with d00dfeed (compile a .dts with dtc first)',
    );
  }
  const totalSize = view.getUint32(4);
  if (totalSize > bytes.length) {
    throw new DeviceTreeError(`the device tree blob is cut short: ${bytes.length} of ${totalSize} bytes are there`);
  }
  if (view.getUint32(24) > version) throw new DeviceTreeError(`device tree version ${view.getUint32(24)} is too new`);
  const reader = new Reader(bytes.subarray(0, totalSize), view.getUint32(8), view.getUint32(12));
  return { root: reader.tree(), reservations: reader.reservations(view.getUint32(16)) };
}

/** Deeper nesting than any real tree has. */
const deepest = 64;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: number;
  #at: number;

  constructor(bytes: Uint8Array, structure: number, strings: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#strings = strings;
    this.#at = structure;
  }

  tree(): DeviceTreeNode {
    if (this.#token() !== token.beginNode) throw new DeviceTreeError('the device tree has no root node');
    return this.#node(0);
  }

  reservations(from: number): (readonly [bigint, bigint])[] {
    const found: (readonly [bigint, bigint])[] = [];
    for (let at = from; at + 16 <= this.#bytes.length; at += 16) {
      const entry = [this.#view.getBigUint64(at), this.#view.getBigUint64(at + 8)] as const;
      if (entry[1] === 0n) break;
      found.push(entry);
    }
    return found;
  }

  #node(depth: number): DeviceTreeNode {
    if (depth > deepest) throw new DeviceTreeError(`the device tree nests deeper than ${deepest} nodes`);
    const name = this.#string(this.#at);
    this.#at = align4(this.#at + encoder.encode(name).length + 1);
    const result: DeviceTreeNode = { name, properties: new Map(), children: [] };
    for (;;) {
      const kind = this.#token();
      if (kind === token.endNode) return result;
      if (kind === token.beginNode) result.children.push(this.#node(depth + 1));
      else if (kind === token.property) {
        const length = this.#u32();
        const property = this.#string(this.#strings + this.#u32());
        if (this.#at + length > this.#bytes.length) throw new DeviceTreeError(`property ${property} runs over the end`);
        result.properties.set(property, this.#bytes.slice(this.#at, this.#at + length));
        this.#at = align4(this.#at + length);
      } else {
        throw new DeviceTreeError(`unknown token ${kind} in node ${name || '/'} of the device tree`);
      }
    }
  }

  #token(): number {
    for (;;) {
      const value = this.#u32();
      if (value !== token.nop) return value;
    }
  }

  #u32(): number {
    if (this.#at + 4 > this.#bytes.length) throw new DeviceTreeError('the device tree ends in the middle');
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  #string(from: number): string {
    const end = this.#bytes.indexOf(0, from);
    if (end < 0) throw new DeviceTreeError('a name in the device tree has no end');
    return new TextDecoder().decode(this.#bytes.subarray(from, end));
  }
}

const align4 = (value: number) => (value + 3) & ~3;
