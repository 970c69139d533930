/** Values of the expression language: what they are, where they come from, and how they read as text. */
import { builtinTypes, type ValueType } from '../../debug-information/types.ts';
import type { AddressSpace, SpaceAddress } from '../target.ts';

/** Where a value can be written back. */
export type Place =
  | { readonly kind: 'memory'; readonly at: SpaceAddress }
  /** A register by name, or bits `high:low` of it. */
  | { readonly kind: 'register'; readonly name: string; readonly high: number; readonly low: number };

export interface Value {
  readonly type: ValueType;
  /** The bits of a scalar, unsigned; of an aggregate nothing (its members are read from its place). */
  readonly bits: bigint;
  readonly place?: Place;
  /** The address space a pointer points into; absent: the current regime. */
  readonly space?: AddressSpace;
  /** A named set, such as the exception classes of `dabort`; `==` and `in` ask whether it holds the other side. */
  readonly set?: ReadonlySet<bigint>;
  /** What the bits mean in words. */
  readonly meaning?: string;
}

export const u64Type = builtinTypes.get('u64')!;
export const s64Type = builtinTypes.get('s64')!;
export const booleanType: ValueType = { kind: 'boolean', name: 'bool', size: 1 };

export function unsignedType(size: number): ValueType {
  return builtinTypes.get(`u${size * 8}`) ?? { kind: 'integer', name: `u${size * 8}`, size, signed: false };
}

export const integerValue = (value: bigint): Value => ({ type: u64Type, bits: BigInt.asUintN(64, value) });
/** A number that people count with: shown in decimal. */
export const countValue = (value: bigint): Value => ({
  type: { kind: 'integer', name: 'count', size: 8, signed: false, decimal: true },
  bits: value,
});
export const booleanValue = (value: boolean): Value => ({ type: booleanType, bits: value ? 1n : 0n });

export function isScalar(type: ValueType): boolean {
  return type.kind !== 'structure' && type.kind !== 'array' && type.kind !== 'function' && type.kind !== 'unknown';
}

export function isSigned(type: ValueType): boolean {
  return type.kind === 'integer' && type.signed;
}

/** The number a scalar stands for: negative when its type is signed and its top bit is set. */
export function numberOf(value: Value): bigint {
  const { type, bits } = value;
  return isSigned(type) ? BigInt.asIntN(type.size * 8, bits) : bits;
}

export function isTrue(value: Value): boolean {
  return value.bits !== 0n;
}

export function floatOf(value: Value): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value.bits, true);
  return value.type.size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

export function floatValue(number: number): Value {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number, true);
  return { type: builtinTypes.get('f64')!, bits: view.getBigUint64(0, true) };
}

/** Bytes to an unsigned number. */
export function bitsOf(bytes: Uint8Array, bigEndian = false): bigint {
  let bits = 0n;
  for (const byte of bigEndian ? bytes : bytes.toReversed()) bits = (bits << 8n) | BigInt(byte);
  return bits;
}

export function bytesOf(bits: bigint, size: number, bigEndian = false): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    bytes[index] = Number(bits & 0xffn);
    bits >>= 8n;
  }
  return bigEndian ? bytes.reverse() : bytes;
}

export function hex(value: bigint | number, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** How numbers are shown: hexadecimal, decimal, binary, character. */
export type NumberFormat = 'x' | 'd' | 'b' | 'c';

/** A scalar as text. Without a format: small numbers in decimal, everything that looks like an address in hexadecimal. */
export function scalarText(value: Value, format?: NumberFormat): string {
  const { type, bits } = value;
  if (format === 'x') return hex(bits);
  if (format === 'b') return `0b${bits.toString(2)}`;
  if (format === 'c') return characterText(bits);
  const number = numberOf(value);
  if (format === 'd') return number.toString();
  const words = value.meaning ? ` (${value.meaning})` : '';
  switch (type.kind) {
    case 'boolean':
      return bits === 0n ? 'false' : 'true';
    case 'float':
      return floatText(value);
    case 'enumeration':
      return type.values.get(BigInt.asIntN(type.size * 8, bits)) ?? type.values.get(bits) ?? number.toString();
    case 'pointer':
      return hex(bits) + words;
    default:
      if (type.kind === 'integer' && type.character) return `${number} ${characterText(bits)}`;
      if (type.kind === 'integer' && type.decimal) return number.toString() + words;
      return (number < 0n || bits < 10n || (isSigned(type) && bits < 0x10000n) ? number.toString() : hex(bits)) + words;
  }
}

function characterText(bits: bigint): string {
  const code = Number(bits & 0xffn);
  return code >= 32 && code < 127 ? `'${String.fromCharCode(code)}'` : `'\\x${code.toString(16).padStart(2, '0')}'`;
}

function floatText(value: Value): string {
  const text = String(floatOf(value));
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
