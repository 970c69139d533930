import type { FixupKind, RelocationOperator } from '../architecture.ts';
import type { DataField } from './fixup.ts';

/** Bits of an instruction or datum that a relocation fills. */
export type RelocationField = DataField | Exclude<FixupKind, 'immediate'>;

/**
 * How the value comes about: S is the symbol, A the addend, P the place.
 * `absolute` S+A; `relative` S+A−P; `page` distance of 4 KiB pages; `got` kinds need a table that only a linker for
 * shared images makes; `tls` kinds likewise.
 */
export type RelocationFormula = 'absolute' | 'relative' | 'page' | 'got' | 'tls';

/** One AArch64 ELF relocation (ELF for the Arm 64-bit Architecture, section "Relocation"). */
export interface RelocationRow {
  readonly name: string;
  readonly number: number;
  readonly formula: RelocationFormula;
  readonly field: RelocationField;
  /** For `movw`: which 16 bits of the value go in. */
  readonly group?: 0 | 1 | 2 | 3;
  /** Whether a value that does not fit is an error; instructions that take low bits only do not check. */
  readonly check: 'signed' | 'unsigned' | 'either' | 'none';
  /** For `movw`: MOVN or MOVZ is chosen by the sign. */
  readonly chooses?: boolean;
}

function row(
  number: number,
  name: string,
  formula: RelocationFormula,
  field: RelocationField,
  check: RelocationRow['check'],
  more: { group?: 0 | 1 | 2 | 3; chooses?: boolean } = {},
): RelocationRow {
  return { number, name: `R_AARCH64_${name}`, formula, field, check, ...more };
}

export const relocations: readonly RelocationRow[] = [
  row(257, 'ABS64', 'absolute', 'data64', 'none'),
  row(258, 'ABS32', 'absolute', 'data32', 'either'),
  row(259, 'ABS16', 'absolute', 'data16', 'either'),
  row(260, 'PREL64', 'relative', 'data64', 'none'),
  row(261, 'PREL32', 'relative', 'data32', 'either'),
  row(262, 'PREL16', 'relative', 'data16', 'either'),
  row(263, 'MOVW_UABS_G0', 'absolute', 'movw', 'unsigned', { group: 0 }),
  row(264, 'MOVW_UABS_G0_NC', 'absolute', 'movw', 'none', { group: 0 }),
  row(265, 'MOVW_UABS_G1', 'absolute', 'movw', 'unsigned', { group: 1 }),
  row(266, 'MOVW_UABS_G1_NC', 'absolute', 'movw', 'none', { group: 1 }),
  row(267, 'MOVW_UABS_G2', 'absolute', 'movw', 'unsigned', { group: 2 }),
  row(268, 'MOVW_UABS_G2_NC', 'absolute', 'movw', 'none', { group: 2 }),
  row(269, 'MOVW_UABS_G3', 'absolute', 'movw', 'none', { group: 3 }),
  row(270, 'MOVW_SABS_G0', 'absolute', 'movw', 'signed', { group: 0, chooses: true }),
  row(271, 'MOVW_SABS_G1', 'absolute', 'movw', 'signed', { group: 1, chooses: true }),
  row(272, 'MOVW_SABS_G2', 'absolute', 'movw', 'signed', { group: 2, chooses: true }),
  row(273, 'LD_PREL_LO19', 'relative', 'literal19', 'signed'),
  row(274, 'ADR_PREL_LO21', 'relative', 'adr21', 'signed'),
  row(275, 'ADR_PREL_PG_HI21', 'page', 'adrp21', 'signed'),
  row(276, 'ADR_PREL_PG_HI21_NC', 'page', 'adrp21', 'none'),
  row(277, 'ADD_ABS_LO12_NC', 'absolute', 'add12', 'none'),
  row(278, 'LDST8_ABS_LO12_NC', 'absolute', 'ldst8', 'none'),
  row(279, 'TSTBR14', 'relative', 'branch14', 'signed'),
  row(280, 'CONDBR19', 'relative', 'branch19', 'signed'),
  row(282, 'JUMP26', 'relative', 'branch26', 'signed'),
  row(283, 'CALL26', 'relative', 'branch26', 'signed'),
  row(284, 'LDST16_ABS_LO12_NC', 'absolute', 'ldst16', 'none'),
  row(285, 'LDST32_ABS_LO12_NC', 'absolute', 'ldst32', 'none'),
  row(286, 'LDST64_ABS_LO12_NC', 'absolute', 'ldst64', 'none'),
  row(287, 'MOVW_PREL_G0', 'relative', 'movw', 'signed', { group: 0, chooses: true }),
  row(288, 'MOVW_PREL_G0_NC', 'relative', 'movw', 'none', { group: 0 }),
  row(289, 'MOVW_PREL_G1', 'relative', 'movw', 'signed', { group: 1, chooses: true }),
  row(290, 'MOVW_PREL_G1_NC', 'relative', 'movw', 'none', { group: 1 }),
  row(291, 'MOVW_PREL_G2', 'relative', 'movw', 'signed', { group: 2, chooses: true }),
  row(292, 'MOVW_PREL_G2_NC', 'relative', 'movw', 'none', { group: 2 }),
  row(293, 'MOVW_PREL_G3', 'relative', 'movw', 'none', { group: 3, chooses: true }),
  row(299, 'LDST128_ABS_LO12_NC', 'absolute', 'ldst128', 'none'),
  row(309, 'GOT_LD_PREL19', 'got', 'literal19', 'signed'),
  row(311, 'ADR_GOT_PAGE', 'got', 'adrp21', 'signed'),
  row(312, 'LD64_GOT_LO12_NC', 'got', 'ldst64', 'none'),
  row(528, 'TLSLD_ADD_DTPREL_HI12', 'tls', 'add12', 'none'),
  row(529, 'TLSLD_ADD_DTPREL_LO12', 'tls', 'add12', 'none'),
  row(530, 'TLSLD_ADD_DTPREL_LO12_NC', 'tls', 'add12', 'none'),
  row(541, 'TLSIE_ADR_GOTTPREL_PAGE21', 'tls', 'adrp21', 'none'),
  row(542, 'TLSIE_LD64_GOTTPREL_LO12_NC', 'tls', 'ldst64', 'none'),
  row(549, 'TLSLE_ADD_TPREL_HI12', 'tls', 'add12', 'none'),
  row(550, 'TLSLE_ADD_TPREL_LO12', 'tls', 'add12', 'none'),
  row(551, 'TLSLE_ADD_TPREL_LO12_NC', 'tls', 'add12', 'none'),
  row(562, 'TLSDESC_ADR_PAGE21', 'tls', 'adrp21', 'none'),
  row(563, 'TLSDESC_LD64_LO12', 'tls', 'ldst64', 'none'),
  row(564, 'TLSDESC_ADD_LO12', 'tls', 'add12', 'none'),
];

const byName = new Map(relocations.map(entry => [entry.name, entry]));
const byNumber = new Map(relocations.map(entry => [entry.number, entry]));

/** The relocation of that ELF number. */
export function relocationNumbered(number: number): RelocationRow | undefined {
  return byNumber.get(number);
}

/** The relocation named without its prefix; a name that does not exist is a mistake of ours. */
export function relocationNamed(name: string): RelocationRow {
  const found = byName.get(`R_AARCH64_${name}`);
  if (!found) throw new Error(`there is no relocation ${name}`);
  return found;
}

/** Relocation for each operator in each field it may stand in; without an operator, the field's own. */
const byOperator: Readonly<Partial<Record<RelocationOperator, Readonly<Partial<Record<RelocationField, string>>>>>> = {
  lo12: {
    add12: 'ADD_ABS_LO12_NC',
    ldst8: 'LDST8_ABS_LO12_NC',
    ldst16: 'LDST16_ABS_LO12_NC',
    ldst32: 'LDST32_ABS_LO12_NC',
    ldst64: 'LDST64_ABS_LO12_NC',
    ldst128: 'LDST128_ABS_LO12_NC',
  },
  abs_g0: { movw: 'MOVW_UABS_G0' },
  abs_g0_nc: { movw: 'MOVW_UABS_G0_NC' },
  abs_g0_s: { movw: 'MOVW_SABS_G0' },
  abs_g1: { movw: 'MOVW_UABS_G1' },
  abs_g1_nc: { movw: 'MOVW_UABS_G1_NC' },
  abs_g1_s: { movw: 'MOVW_SABS_G1' },
  abs_g2: { movw: 'MOVW_UABS_G2' },
  abs_g2_nc: { movw: 'MOVW_UABS_G2_NC' },
  abs_g2_s: { movw: 'MOVW_SABS_G2' },
  abs_g3: { movw: 'MOVW_UABS_G3' },
  prel_g0: { movw: 'MOVW_PREL_G0' },
  prel_g0_nc: { movw: 'MOVW_PREL_G0_NC' },
  prel_g1: { movw: 'MOVW_PREL_G1' },
  prel_g1_nc: { movw: 'MOVW_PREL_G1_NC' },
  prel_g2: { movw: 'MOVW_PREL_G2' },
  prel_g2_nc: { movw: 'MOVW_PREL_G2_NC' },
  prel_g3: { movw: 'MOVW_PREL_G3' },
  pg_hi21: { adrp21: 'ADR_PREL_PG_HI21' },
  pg_hi21_nc: { adrp21: 'ADR_PREL_PG_HI21_NC' },
  got: { adrp21: 'ADR_GOT_PAGE', literal19: 'GOT_LD_PREL19' },
  got_lo12: { ldst64: 'LD64_GOT_LO12_NC' },
  gottprel: { adrp21: 'TLSIE_ADR_GOTTPREL_PAGE21' },
  gottprel_lo12: { ldst64: 'TLSIE_LD64_GOTTPREL_LO12_NC' },
  tprel_hi12: { add12: 'TLSLE_ADD_TPREL_HI12' },
  tprel_lo12: { add12: 'TLSLE_ADD_TPREL_LO12' },
  tprel_lo12_nc: { add12: 'TLSLE_ADD_TPREL_LO12_NC' },
  tlsdesc: { adrp21: 'TLSDESC_ADR_PAGE21' },
  tlsdesc_lo12: { add12: 'TLSDESC_ADD_LO12', ldst64: 'TLSDESC_LD64_LO12' },
  dtprel_hi12: { add12: 'TLSLD_ADD_DTPREL_HI12' },
  dtprel_lo12: { add12: 'TLSLD_ADD_DTPREL_LO12' },
  dtprel_lo12_nc: { add12: 'TLSLD_ADD_DTPREL_LO12_NC' },
};

const plain: Readonly<Partial<Record<RelocationField, string>>> = {
  data64: 'ABS64',
  data32: 'ABS32',
  data16: 'ABS16',
  literal19: 'LD_PREL_LO19',
  adr21: 'ADR_PREL_LO21',
  adrp21: 'ADR_PREL_PG_HI21',
  branch14: 'TSTBR14',
  branch19: 'CONDBR19',
};

/** The relocation for a field; `word` is the instruction, which tells a call from a jump. */
export function relocationFor(
  field: RelocationField,
  operator: RelocationOperator | undefined,
  word: number,
): RelocationRow | undefined {
  const name = operator
    ? byOperator[operator]?.[field]
    : field === 'branch26'
      ? word >>> 31 === 1
        ? 'CALL26'
        : 'JUMP26'
      : plain[field];
  return name === undefined ? undefined : relocationNamed(name);
}

/** The relocation for a datum that holds a distance from itself. */
export function relativeRelocation(field: RelocationField): RelocationRow | undefined {
  const names: Readonly<Partial<Record<RelocationField, string>>> = {
    data64: 'PREL64',
    data32: 'PREL32',
    data16: 'PREL16',
  };
  const name = names[field];
  return name === undefined ? undefined : relocationNamed(name);
}

const page = (address: bigint): bigint => address & ~0xfffn;

/** Value of a relocation's formula; addresses are unsigned, the result is signed. */
export function relocationValue(entry: RelocationRow, symbolPlusAddend: bigint, place: bigint): bigint {
  switch (entry.formula) {
    case 'relative':
      return BigInt.asIntN(64, symbolPlusAddend - place);
    case 'page':
      return BigInt.asIntN(64, page(symbolPlusAddend) - page(place));
    default:
      return BigInt.asIntN(64, symbolPlusAddend);
  }
}

/** Stores a value in the bytes at `offset`; answers a problem's text when it does not fit. */
export function applyRelocation(
  entry: RelocationRow,
  bytes: Uint8Array,
  offset: number,
  value: bigint,
): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (entry.field) {
    case 'data8':
    case 'data16':
    case 'data32':
    case 'data64':
      return applyData(entry, view, offset, value);
    case 'movw':
      return applyMovWide(entry, view, offset, value);
    default:
      return applyInstruction(entry, view, offset, value);
  }
}

const dataBytes = { data8: 1, data16: 2, data32: 4, data64: 8 } as const;

function applyData(entry: RelocationRow, view: DataView, offset: number, value: bigint): string | undefined {
  const size = dataBytes[entry.field as DataField];
  for (let index = 0; index < size; index++) {
    view.setUint8(offset + index, Number((value >> BigInt(8 * index)) & 0xffn));
  }
  if (entry.check === 'none') return undefined;
  const bits = BigInt(8 * size);
  const fits = value >= -(1n << (bits - 1n)) && value < 1n << bits;
  return fits ? undefined : `The value ${hex(value)} does not fit in ${size} byte${size === 1 ? '' : 's'}.`;
}

function applyMovWide(entry: RelocationRow, view: DataView, offset: number, value: bigint): string | undefined {
  const shift = BigInt(16 * (entry.group ?? 0));
  let word = view.getUint32(offset, true);
  let bits = value;
  if (entry.chooses) {
    // Bit 30 tells MOVZ (1) from MOVN (0); MOVN stores the complement.
    word = value < 0n ? word & ~(1 << 30) : word | (1 << 30);
    if (value < 0n) bits = ~value;
  }
  const chunk = Number((bits >> shift) & 0xffffn);
  view.setUint32(offset, ((word & ~(0xffff << 5)) | (chunk << 5)) >>> 0, true);
  const limit = 1n << (shift + 16n);
  const fits =
    entry.check === 'none' ||
    (entry.check === 'unsigned' ? value >= 0n && value < limit : value >= -limit && value < limit);
  return fits ? undefined : `The value ${hex(value)} does not fit in ${shift + 16n} bits.`;
}

interface InstructionField {
  /** Bits of the value below this one are not stored. */
  readonly scale: number;
  readonly bits: number;
  readonly at: number;
  /** What the low bits must be, as an error: an address has to be a multiple of the scale. */
  readonly aligned: boolean;
  /** Only the low 12 bits of the value count. */
  readonly low12: boolean;
}

const instructionFields: Readonly<Partial<Record<RelocationField, InstructionField>>> = {
  branch26: { scale: 2, bits: 26, at: 0, aligned: true, low12: false },
  branch19: { scale: 2, bits: 19, at: 5, aligned: true, low12: false },
  literal19: { scale: 2, bits: 19, at: 5, aligned: true, low12: false },
  branch14: { scale: 2, bits: 14, at: 5, aligned: true, low12: false },
  add12: { scale: 0, bits: 12, at: 10, aligned: false, low12: true },
  ldst8: { scale: 0, bits: 12, at: 10, aligned: true, low12: true },
  ldst16: { scale: 1, bits: 11, at: 10, aligned: true, low12: true },
  ldst32: { scale: 2, bits: 10, at: 10, aligned: true, low12: true },
  ldst64: { scale: 3, bits: 9, at: 10, aligned: true, low12: true },
  ldst128: { scale: 4, bits: 8, at: 10, aligned: true, low12: true },
};

function applyInstruction(entry: RelocationRow, view: DataView, offset: number, value: bigint): string | undefined {
  const word = view.getUint32(offset, true);
  if (entry.field === 'adr21' || entry.field === 'adrp21') {
    const immediate = Number(BigInt.asUintN(21, entry.field === 'adrp21' ? value >> 12n : value));
    const cleared = word & ~((3 << 29) | (0x7ffff << 5));
    view.setUint32(offset, (cleared | ((immediate & 3) << 29) | ((immediate >> 2) << 5)) >>> 0, true);
    const limit = entry.field === 'adrp21' ? 1n << 32n : 1n << 20n;
    return entry.check !== 'none' && (value < -limit || value >= limit) ? tooFar(value, limit) : undefined;
  }
  const field = instructionFields[entry.field];
  if (!field) return `Relocation ${entry.name} cannot be applied.`;
  const scale = BigInt(field.scale);
  const part = field.low12 ? value & 0xfffn : value;
  if (field.aligned && part & ((1n << scale) - 1n)) {
    return `${hex(value)} is not a multiple of ${1 << field.scale}, as this instruction needs.`;
  }
  const stored = Number(BigInt.asUintN(field.bits, part >> scale));
  const mask = (2 ** field.bits - 1) * 2 ** field.at;
  view.setUint32(offset, ((word & ~mask) | (stored << field.at)) >>> 0, true);
  if (field.low12 || entry.check === 'none') return undefined;
  const limit = 1n << (BigInt(field.bits) + scale - 1n);
  return value < -limit || value >= limit ? tooFar(value, limit) : undefined;
}

function tooFar(value: bigint, limit: bigint): string {
  const units = [
    ['GiB', 30n],
    ['MiB', 20n],
    ['KiB', 10n],
  ] as const;
  const [unit, shift] = units.find(([, bits]) => limit >= 1n << bits) ?? ['bytes', 0n];
  return `The target lies ${hex(value)} bytes away; this instruction reaches ±${limit >> shift} ${unit}.`;
}

function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
