import { ByteBuffer } from './byte-buffer.ts';
import type { CallFrame, CallFrameRecorder, CallFrameRule } from './call-frame.ts';
import type { Place } from './expression.ts';
import { distanceInSection } from './layout.ts';
import { leb128 } from './leb128.ts';
import type { Section, SectionFlags } from './model.ts';
import type { ObjectRelocation, ObjectSection, ObjectSymbol } from './object.ts';
import { relocationNamed } from './relocation.ts';
import { sectionFlags } from './section-names.ts';

/** Opcodes of DWARF call-frame instructions (DWARF 5, 6.4.2). */
const opcode = {
  advance: 0x40,
  offset: 0x80,
  restore: 0xc0,
  advance1: 0x02,
  advance2: 0x03,
  advance4: 0x04,
  offsetExtended: 0x05,
  restoreExtended: 0x06,
  undefined: 0x07,
  sameValue: 0x08,
  register: 0x09,
  rememberState: 0x0a,
  restoreState: 0x0b,
  defineCfa: 0x0c,
  defineCfaRegister: 0x0d,
  defineCfaOffset: 0x0e,
  offsetExtendedSigned: 0x11,
  negateReturnAddressState: 0x2d,
} as const;

const codeUnit = 4;
const dataUnit = -8;
const stackPointer = 31;

/** `.eh_frame` and `.debug_frame` for what `.cfi_*` described; sections must be laid out. */
export function callFrameSections(
  recorder: CallFrameRecorder,
  sectionSymbol: (section: Section) => ObjectSymbol,
): ObjectSection[] {
  const frames = recorder.frames.filter(frame => frame.end);
  if (frames.length === 0) return [];
  const sections: ObjectSection[] = [];
  if (recorder.sections.ehFrame) sections.push(build(frames, true, sectionSymbol));
  if (recorder.sections.debugFrame) sections.push(build(frames, false, sectionSymbol));
  return sections;
}

function build(
  frames: readonly CallFrame[],
  eh: boolean,
  sectionSymbol: (section: Section) => ObjectSymbol,
): ObjectSection {
  const out = new ByteBuffer();
  const relocations: ObjectRelocation[] = [];
  const commons = new Map<string, number>();
  const flags = sectionFlags(eh ? 'a' : '') as SectionFlags;
  // In `.debug_frame` each description names its common part by an address in this very section.
  const holder: { section?: ObjectSection } = {};
  const ownSymbol = () => ({
    name: '',
    place: holder.section!,
    value: 0n,
    size: 0n,
    binding: 'local' as const,
    visibility: 'default' as const,
    type: 'section' as const,
  });
  const pendingOwn: { offset: number; addend: number }[] = [];
  for (const frame of frames) {
    const key = `${frame.returnRegister}/${frame.signal}/${frame.simple}`;
    let common = commons.get(key);
    if (common === undefined) {
      common = writeCommon(out, frame, eh);
      commons.set(key, common);
    }
    const start = open(out);
    if (eh) out.integer(BigInt(out.length - common), 4);
    else {
      pendingOwn.push({ offset: out.length, addend: common });
      out.integer(0n, 4);
    }
    relocations.push({
      offset: out.length,
      row: relocationNamed(eh ? 'PREL32' : 'ABS64'),
      symbol: sectionSymbol(frame.start.fragment.section),
      addend: BigInt((frame.start.fragment.offset ?? 0) + frame.start.offset),
    });
    const size = eh ? 4 : 8;
    out.integer(0n, size);
    out.integer(distanceInSection(frame.start, frame.end!) ?? 0n, size);
    if (eh) out.integer(0n, 1);
    writeRules(out, frame);
    close(out, start, eh ? 4 : 8);
    // The last entry also fills the section up to its alignment.
    if (frame === frames[frames.length - 1]) close(out, start, 8, 0);
  }
  const section: ObjectSection = {
    name: eh ? '.eh_frame' : '.debug_frame',
    type: 'progbits',
    flags,
    entrySize: 0,
    group: undefined,
    alignment: 8,
    size: out.length,
    data: out.view(),
    relocations,
  };
  holder.section = section;
  if (pendingOwn.length > 0) {
    const symbol = ownSymbol();
    for (const { offset, addend } of pendingOwn) {
      relocations.push({ offset, row: relocationNamed('ABS32'), symbol, addend: BigInt(addend) });
    }
    relocations.sort((a, b) => a.offset - b.offset);
  }
  return section;
}

/** Begins an entry: its length comes later. */
function open(out: ByteBuffer): number {
  const start = out.length;
  out.integer(0n, 4);
  return start;
}

/** Pads an entry with no-operations and fills in its length. */
function close(out: ByteBuffer, start: number, alignment: number, from = start): void {
  while ((out.length - from) % alignment !== 0) out.integer(0n, 1);
  new DataView(out.bytes.buffer).setUint32(start, out.length - start - 4, true);
}

function writeCommon(out: ByteBuffer, frame: CallFrame, eh: boolean): number {
  const start = open(out);
  out.integer(eh ? 0n : 0xffffffffn, 4);
  out.integer(1n, 1);
  if (eh) out.append(new TextEncoder().encode(frame.signal ? 'zRS' : 'zR'));
  out.integer(0n, 1);
  out.append(Uint8Array.from(leb128(BigInt(codeUnit), false)));
  out.append(Uint8Array.from(leb128(BigInt(dataUnit), true)));
  out.integer(BigInt(frame.returnRegister), 1);
  if (eh) {
    // One byte of augmentation: addresses are relative, signed, four bytes.
    out.integer(1n, 1);
    out.integer(0x1bn, 1);
  }
  if (!frame.simple) {
    out.append(Uint8Array.from([opcode.defineCfa, stackPointer, 0]));
  }
  close(out, start, eh ? 4 : 8);
  return start;
}

function writeRules(out: ByteBuffer, frame: CallFrame): void {
  let at: Place = frame.start;
  for (const { at: place, rule } of frame.rules) {
    const units = Number(distanceInSection(at, place) ?? 0n) / codeUnit;
    if (units > 0) advance(out, units);
    at = place;
    writeRule(out, rule);
  }
}

function advance(out: ByteBuffer, units: number): void {
  if (units < 0x40) out.integer(BigInt(opcode.advance | units), 1);
  else if (units < 0x100) {
    out.integer(BigInt(opcode.advance1), 1);
    out.integer(BigInt(units), 1);
  } else if (units < 0x10000) {
    out.integer(BigInt(opcode.advance2), 1);
    out.integer(BigInt(units), 2);
  } else {
    out.integer(BigInt(opcode.advance4), 1);
    out.integer(BigInt(units), 4);
  }
}

function writeRule(out: ByteBuffer, rule: CallFrameRule): void {
  const write = (first: number, ...operands: number[][]) => {
    out.integer(BigInt(first), 1);
    for (const operand of operands) out.append(Uint8Array.from(operand));
  };
  const unsigned = (value: number) => leb128(BigInt(value), false);
  const signed = (value: number) => leb128(BigInt(value), true);
  switch (rule.kind) {
    case 'defineCfa':
      write(opcode.defineCfa, unsigned(rule.register), unsigned(rule.offset));
      return;
    case 'defineCfaRegister':
      write(opcode.defineCfaRegister, unsigned(rule.register));
      return;
    case 'defineCfaOffset':
      write(opcode.defineCfaOffset, unsigned(rule.offset));
      return;
    case 'offset': {
      const units = rule.offset / dataUnit;
      if (units < 0) {
        write(opcode.offsetExtendedSigned, unsigned(rule.register), signed(units));
        return;
      }
      if (rule.register < 0x40) {
        write(opcode.offset | rule.register, unsigned(units));
        return;
      }
      write(opcode.offsetExtended, unsigned(rule.register), unsigned(units));
      return;
    }
    case 'restore':
      if (rule.register < 0x40) {
        write(opcode.restore | rule.register);
        return;
      }
      write(opcode.restoreExtended, unsigned(rule.register));
      return;
    case 'undefined':
      write(opcode.undefined, unsigned(rule.register));
      return;
    case 'sameValue':
      write(opcode.sameValue, unsigned(rule.register));
      return;
    case 'register':
      write(opcode.register, unsigned(rule.register), unsigned(rule.other));
      return;
    case 'remember':
      write(opcode.rememberState);
      return;
    case 'restoreState':
      write(opcode.restoreState);
      return;
    case 'negateReturnAddressState':
      write(opcode.negateReturnAddressState);
      return;
    case 'bytes':
      out.append(rule.bytes);
  }
}
