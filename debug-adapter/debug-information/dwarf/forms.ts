/** Attribute values by form. Source: DWARF 5, 7.5.5 and 7.5.6; DWARF 4, 7.5.4; GNU extensions of gcc and binutils. */
import type { ByteReader } from '../byte-reader.ts';
import { MalformedData } from '../byte-reader.ts';
import { type DwarfSections, readOffset } from './sections.ts';

/** What a form needs to know of the unit it stands in. */
export interface FormContext {
  readonly sections: DwarfSections;
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  /** Offset of the unit in .debug_info, which local references count from. */
  readonly unitOffset: number;
  /** DW_AT_str_offsets_base and DW_AT_addr_base of the unit. */
  readonly strOffsetsBase: number;
  readonly addrBase: number;
}

export type AttributeValue =
  | { readonly kind: 'address'; readonly value: bigint }
  /** A constant; `signed` when the form says so. */
  | { readonly kind: 'constant'; readonly value: bigint; readonly signed: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'block'; readonly value: Uint8Array }
  | { readonly kind: 'expression'; readonly value: Uint8Array }
  | { readonly kind: 'flag'; readonly value: boolean }
  /** Offset of a debugging entry in .debug_info. */
  | { readonly kind: 'reference'; readonly value: number }
  /** Offset into another section, which the attribute names. */
  | { readonly kind: 'offset'; readonly value: number }
  /** Index into a list of offsets (loclistx, rnglistx). */
  | { readonly kind: 'index'; readonly value: number }
  | { readonly kind: 'unknown' };

const constant = (value: bigint, signed = false): AttributeValue => ({ kind: 'constant', value, signed });
const string = (value: string): AttributeValue => ({ kind: 'string', value });

function indexedString(context: FormContext, index: number): AttributeValue {
  const { strOffsets, littleEndian } = context.sections;
  const at = context.strOffsetsBase + index * context.offsetSize;
  if (at + context.offsetSize > strOffsets.length) return { kind: 'unknown' };
  const view = new DataView(strOffsets.buffer, strOffsets.byteOffset, strOffsets.byteLength);
  const offset =
    context.offsetSize === 4 ? view.getUint32(at, littleEndian) : Number(view.getBigUint64(at, littleEndian));
  return string(context.sections.string(offset));
}

function indexedAddress(context: FormContext, index: number): AttributeValue {
  return { kind: 'address', value: addressAt(context, index) };
}

/** The address at an index of the unit's part of .debug_addr. */
export function addressAt(context: FormContext, index: number): bigint {
  const { addr, littleEndian } = context.sections;
  const at = context.addrBase + index * context.addressSize;
  if (at + context.addressSize > addr.length) throw new MalformedData(`.debug_addr has no address ${index}`);
  const view = new DataView(addr.buffer, addr.byteOffset, addr.byteLength);
  return context.addressSize === 8 ? view.getBigUint64(at, littleEndian) : BigInt(view.getUint32(at, littleEndian));
}

/** Bytes of a value of this form; undefined when that differs from value to value. */
export function formSize(
  form: number,
  { version, offsetSize, addressSize }: Pick<FormContext, 'version' | 'offsetSize' | 'addressSize'>,
): number | undefined {
  switch (form) {
    case 0x19: // flag_present
    case 0x21: // implicit_const
      return 0;
    case 0x0b: // data1
    case 0x0c: // flag
    case 0x11: // ref1
    case 0x25: // strx1
    case 0x29: // addrx1
      return 1;
    case 0x05: // data2
    case 0x12: // ref2
    case 0x26: // strx2
    case 0x2a: // addrx2
      return 2;
    case 0x27: // strx3
    case 0x2b: // addrx3
      return 3;
    case 0x06: // data4
    case 0x13: // ref4
    case 0x1c: // ref_sup4
    case 0x28: // strx4
    case 0x2c: // addrx4
      return 4;
    case 0x07: // data8
    case 0x14: // ref8
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      return 8;
    case 0x1e: // data16
      return 16;
    case 0x01: // addr
      return addressSize;
    case 0x10: // ref_addr: an address in DWARF 2
      return version === 2 ? addressSize : offsetSize;
    case 0x0e: // strp
    case 0x17: // sec_offset
    case 0x1d: // strp_sup
    case 0x1f: // line_strp
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      return offsetSize;
    default:
      return undefined;
  }
}

/** Passes over one attribute value. */
export function skipForm(reader: ByteReader, form: number, context: FormContext): void {
  const size = formSize(form, context);
  if (size !== undefined) {
    reader.skip(size);
    return;
  }
  switch (form) {
    case 0x03: // block2
      reader.skip(reader.u16());
      break;
    case 0x04: // block4
      reader.skip(reader.u32());
      break;
    case 0x0a: // block1
      reader.skip(reader.u8());
      break;
    case 0x09: // block
    case 0x18: // exprloc
      reader.skip(reader.ulebNumber());
      break;
    case 0x0d: // sdata
    case 0x0f: // udata
    case 0x15: // ref_udata
    case 0x1a: // strx
    case 0x1b: // addrx
    case 0x22: // loclistx
    case 0x23: // rnglistx
      reader.skipLeb();
      break;
    default:
      readForm(reader, form, context, 0n);
  }
}

/** Reads one attribute value. */
export function readForm(reader: ByteReader, form: number, context: FormContext, implicit: bigint): AttributeValue {
  switch (form) {
    case 0x01: // DW_FORM_addr
      return { kind: 'address', value: reader.unsigned(context.addressSize) };
    case 0x03: // block2
      return { kind: 'block', value: reader.take(reader.u16()) };
    case 0x04: // block4
      return { kind: 'block', value: reader.take(reader.u32()) };
    case 0x05: // data2
      return constant(BigInt(reader.u16()));
    case 0x06: // data4: a section offset as well in DWARF 3
      return constant(BigInt(reader.u32()));
    case 0x07: // data8
      return constant(reader.u64());
    case 0x08: // string
      return string(reader.cString());
    case 0x09: // block
      return { kind: 'block', value: reader.take(reader.ulebNumber()) };
    case 0x0a: // block1
      return { kind: 'block', value: reader.take(reader.u8()) };
    case 0x0b: // data1
      return constant(BigInt(reader.u8()));
    case 0x0c: // flag
      return { kind: 'flag', value: reader.u8() !== 0 };
    case 0x0d: // sdata
      return constant(reader.sleb(), true);
    case 0x0e: // strp
      return string(context.sections.string(readOffset(reader, context.offsetSize)));
    case 0x0f: // udata
      return constant(reader.uleb());
    case 0x10: // ref_addr: as wide as an address in DWARF 2
      return {
        kind: 'reference',
        value: Number(reader.unsigned(context.version === 2 ? context.addressSize : context.offsetSize)),
      };
    case 0x11: // ref1
      return { kind: 'reference', value: context.unitOffset + reader.u8() };
    case 0x12: // ref2
      return { kind: 'reference', value: context.unitOffset + reader.u16() };
    case 0x13: // ref4
      return { kind: 'reference', value: context.unitOffset + reader.u32() };
    case 0x14: // ref8
      return { kind: 'reference', value: context.unitOffset + reader.size64() };
    case 0x15: // ref_udata
      return { kind: 'reference', value: context.unitOffset + reader.ulebNumber() };
    case 0x16: // indirect
      return readForm(reader, reader.ulebNumber(), context, implicit);
    case 0x17: // sec_offset
      return { kind: 'offset', value: readOffset(reader, context.offsetSize) };
    case 0x18: // exprloc
      return { kind: 'expression', value: reader.take(reader.ulebNumber()) };
    case 0x19: // flag_present
      return { kind: 'flag', value: true };
    case 0x1a: // strx
      return indexedString(context, reader.ulebNumber());
    case 0x1b: // addrx
      return indexedAddress(context, reader.ulebNumber());
    case 0x1e: // data16
      return { kind: 'block', value: reader.take(16) };
    case 0x1f: // line_strp
      return string(context.sections.lineString(readOffset(reader, context.offsetSize)));
    case 0x20: // ref_sig8
      reader.skip(8);
      return { kind: 'unknown' };
    case 0x21: // implicit_const
      return constant(implicit, true);
    case 0x22: // loclistx
    case 0x23: // rnglistx
      return { kind: 'index', value: reader.ulebNumber() };
    case 0x25: // strx1
      return indexedString(context, reader.u8());
    case 0x26: // strx2
      return indexedString(context, reader.u16());
    case 0x27: // strx3
      return indexedString(context, reader.u24());
    case 0x28: // strx4
      return indexedString(context, reader.u32());
    case 0x29: // addrx1
      return indexedAddress(context, reader.u8());
    case 0x2a: // addrx2
      return indexedAddress(context, reader.u16());
    case 0x2b: // addrx3
      return indexedAddress(context, reader.u24());
    case 0x2c: // addrx4
      return indexedAddress(context, reader.u32());
    case 0x1c: // ref_sup4
      reader.skip(4);
      return { kind: 'unknown' };
    case 0x24: // ref_sup8
      reader.skip(8);
      return { kind: 'unknown' };
    case 0x1d: // strp_sup
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      readOffset(reader, context.offsetSize);
      return { kind: 'unknown' };
    default:
      throw new MalformedData(`${reader.what}: unknown attribute form 0x${form.toString(16)} at ${reader.offset}`);
  }
}
