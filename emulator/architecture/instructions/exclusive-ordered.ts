/** Load/store exclusive, ordered (acquire, release), and compare-and-swap (Arm ARM C4.1.94). */
import { instruction, type Trait } from '../instruction.ts';
import { signedOffset, zeroOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import type { I64, SemanticsBuilder, Value } from '../semantics.ts';
import { baseAddress, baseIsSp } from './common.ts';
import { transfer } from './load-store.ts';

const SIZES = [
  { bits: '00', suffix: 'b', log2: 0, width: 32, what: 'a byte' },
  { bits: '01', suffix: 'h', log2: 1, width: 32, what: 'a halfword' },
  { bits: '10', suffix: '', log2: 2, width: 32, what: 'a word' },
  { bits: '11', suffix: '', log2: 3, width: 64, what: 'a doubleword' },
] as const;
type Size = (typeof SIZES)[number];

const bytes = (size: Size) => (1 << size.log2) as 1 | 2 | 4 | 8;
const widthNote = (size: Size) => (size.log2 >= 2 ? ` (${size.width}-bit)` : '');
const base = { n: generalRegisterOrSp('Rn', 64), zero: zeroOffset };

/** Marks the address in the local monitor. A reservation is lost on exceptions returns, CLREX and at the end of a turn. */
function reserve(b: SemanticsBuilder, address: I64, size: number): void {
  b.setWideState('exclusiveAddress', address);
  b.setState('exclusiveSize', b.i32(size));
  b.setState('exclusiveValid', b.i32(1));
}

/** Whether the reservation covers this access; it is used up either way. */
function reserved(b: SemanticsBuilder, address: I64, size: number): Value<'i32'> {
  const same = b.and(
    b.equal(b.wideState('exclusiveAddress'), address),
    b.and(b.equal(b.state('exclusiveSize'), b.i32(size)), b.state('exclusiveValid')),
  );
  return same;
}

const exclusive = SIZES.flatMap(size =>
  ([0, 1] as const).flatMap(o0 => {
    const load = `ld${o0 ? 'a' : ''}xr${size.suffix}`;
    const store = `st${o0 ? 'l' : ''}xr${size.suffix}`;
    const options = { aligned: true } as const;
    const accesses: readonly Trait[] = ['exclusive'];
    return [
      instruction(`${load.toUpperCase()}${widthNote(size)}`, `${size.bits} 001000 0 1 0 xxxxx ${o0} xxxxx Rn:5 Rt:5`, {
        operands: { t: generalRegister('Rt', size.width), ...base },
        syntax: `${load} {t}, [{n}, {zero}]`,
        brief: `Loads ${size.what} and reserves its address${o0 ? ', with acquire semantics' : ''}.`,
        traits: [...accesses, 'load'],
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const value = b.load(address, bytes(size), {
            ...options,
            transfer: { operand: 't', signExtend: false, sixtyFour: size.log2 === 3, acquireRelease: o0 === 1 },
          });
          reserve(b, address, bytes(size));
          b.write(o.t, value);
        },
      }),
      instruction(`${store.toUpperCase()}${widthNote(size)}`, `${size.bits} 001000 0 0 0 Rs:5 ${o0} xxxxx Rn:5 Rt:5`, {
        operands: { s: generalRegister('Rs', 32), t: generalRegister('Rt', size.width), ...base },
        syntax: `${store} {s}, {t}, [{n}, {zero}]`,
        brief: `Stores ${size.what} if its address is still reserved; the status register tells (0: stored)${o0 ? ', with release semantics' : ''}.`,
        traits: [...accesses, 'store'],
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const holds = reserved(b, address, bytes(size));
          const status = b.variable(b.i32(1));
          b.if(holds, () => {
            b.store(address, bytes(size), b.read('i64', o.t), options);
            b.assign(status, b.i32(0));
          });
          b.setState('exclusiveValid', b.i32(0));
          b.write(o.s, b.valueOf(status));
        },
      }),
    ];
  }),
);

const exclusivePairs = [SIZES[2], SIZES[3]].flatMap(size =>
  ([0, 1] as const).flatMap(o0 => {
    const load = `ld${o0 ? 'a' : ''}xp`;
    const store = `st${o0 ? 'l' : ''}xp`;
    const half = bytes(size) as 4 | 8;
    const options = { aligned: true, alignment: half * 2 } as const;
    const pair = { t: generalRegister('Rt', size.width), t2: generalRegister('Rt2', size.width), ...base };
    return [
      instruction(`${load.toUpperCase()}${widthNote(size)}`, `${size.bits} 001000 0 1 1 xxxxx ${o0} Rt2:5 Rn:5 Rt:5`, {
        operands: pair,
        syntax: `${load} {t}, {t2}, [{n}, {zero}]`,
        brief: `Loads a pair and reserves its address${o0 ? ', with acquire semantics' : ''}.`,
        traits: ['exclusive', 'load'],
        rare: true,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const low = b.load(address, half, options);
          const high = b.load(b.add(address, b.i64(half)), half);
          reserve(b, address, half * 2);
          b.write(o.t, low);
          b.write(o.t2, high);
        },
      }),
      instruction(`${store.toUpperCase()}${widthNote(size)}`, `${size.bits} 001000 0 0 1 Rs:5 ${o0} Rt2:5 Rn:5 Rt:5`, {
        operands: { s: generalRegister('Rs', 32), ...pair },
        syntax: `${store} {s}, {t}, {t2}, [{n}, {zero}]`,
        brief: `Stores a pair if its address is still reserved; the status register tells (0: stored)${o0 ? ', with release semantics' : ''}.`,
        traits: ['exclusive', 'store'],
        rare: true,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const holds = reserved(b, address, half * 2);
          const status = b.variable(b.i32(1));
          b.if(holds, () => {
            b.store(address, half, b.read('i64', o.t), options);
            b.store(b.add(address, b.i64(half)), half, b.read('i64', o.t2));
            b.assign(status, b.i32(0));
          });
          b.setState('exclusiveValid', b.i32(0));
          b.write(o.s, b.valueOf(status));
        },
      }),
    ];
  }),
);

/** LDAR, STLR and the limited-ordering LDLAR, STLLR. */
const ordered = SIZES.flatMap(size =>
  [
    { name: 'stllr', L: '0', o0: '0', feature: 'FEAT_LOR' },
    { name: 'stlr', L: '0', o0: '1', feature: undefined },
    { name: 'ldlar', L: '1', o0: '0', feature: 'FEAT_LOR' },
    { name: 'ldar', L: '1', o0: '1', feature: undefined },
  ].map(({ name, L, o0, feature }) =>
    instruction(
      `${name.toUpperCase()}${size.suffix.toUpperCase()}${widthNote(size)}`,
      `${size.bits} 001000 1 ${L as '0'} 0 xxxxx ${o0 as '0'} xxxxx Rn:5 Rt:5`,
      {
        operands: { t: generalRegister('Rt', size.width), ...base },
        syntax: `${name}${size.suffix} {t}, [{n}, {zero}]`,
        brief: `${L === '1' ? 'Loads' : 'Stores'} ${size.what} with ${L === '1' ? 'acquire' : 'release'} semantics.`,
        traits: [L === '1' ? 'load' : 'store'],
        ...(feature && { feature }),
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const kind = L === '1' ? 'load' : 'store';
          const ordering = { operand: 't', signExtend: false, sixtyFour: size.log2 === 3, acquireRelease: true };
          transfer(b, { kind, log2: size.log2, width: size.width }, o.t, baseAddress(b, o.n, f.sp), {
            aligned: 'ordered',
            transfer: ordering,
          });
        },
      },
    ),
  ),
);

/** LDAPR (FEAT_LRCPC). */
const acquirePc = SIZES.map(size =>
  instruction(
    `LDAPR${size.suffix.toUpperCase()}${widthNote(size)}`,
    `${size.bits} 111000 1 0 1 11111 1100 00 Rn:5 Rt:5`,
    {
      operands: { t: generalRegister('Rt', size.width), ...base },
      syntax: `ldapr${size.suffix} {t}, [{n}, {zero}]`,
      brief: `Loads ${size.what} with the weaker acquire semantics of RCpc.`,
      feature: 'FEAT_LRCPC',
      traits: ['load'],
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        const ordering = { operand: 't', signExtend: false, sixtyFour: size.log2 === 3, acquireRelease: true };
        transfer(b, { kind: 'load', log2: size.log2, width: size.width }, o.t, baseAddress(b, o.n, f.sp), {
          aligned: 'ordered',
          transfer: ordering,
        });
      },
    },
  ),
);

/** LDAPUR, STLUR and the sign-extending loads (FEAT_LRCPC2). */
const unscaledOrdered = SIZES.flatMap(size => {
  const list = [
    { name: `stlur${size.suffix}`, opc: '00', kind: 'store', width: size.width },
    { name: `ldapur${size.suffix}`, opc: '01', kind: 'load', width: size.width },
    ...(size.log2 < 3
      ? [{ name: `ldapurs${size.log2 === 2 ? 'w' : size.suffix}`, opc: '10', kind: 'loadSigned', width: 64 } as const]
      : []),
    ...(size.log2 < 2 ? [{ name: `ldapurs${size.suffix}`, opc: '11', kind: 'loadSigned', width: 32 } as const] : []),
  ] as const;
  return list.map(({ name, opc, kind, width }) =>
    instruction(`${name.toUpperCase()} (${width}-bit)`, `${size.bits} 011001 ${opc} 0 imm9:9 00 Rn:5 Rt:5`, {
      operands: {
        t: generalRegister('Rt', width),
        n: generalRegisterOrSp('Rn', 64),
        offset: signedOffset('imm9', 9, 1, true),
      },
      syntax: `${name} {t}, [{n}, {offset}]`,
      brief: `${kind === 'store' ? 'Stores' : 'Loads'} ${size.what} with ${kind === 'store' ? 'release' : 'acquire'} semantics of RCpc.`,
      feature: 'FEAT_LRCPC2',
      traits: [kind === 'store' ? 'store' : 'load'],
      rare: true,
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        const ordering = {
          operand: 't',
          signExtend: kind === 'loadSigned',
          sixtyFour: width === 64,
          acquireRelease: true,
        };
        const address = b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset));
        transfer(b, { kind, log2: size.log2, width }, o.t, address, { aligned: 'ordered', transfer: ordering });
      },
    }),
  );
});

export const exclusiveAndOrdered = [...exclusive, ...exclusivePairs, ...ordered, ...acquirePc, ...unscaledOrdered];
