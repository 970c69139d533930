/** Bitfield moves and extract (Arm ARM C4.1.92): shifts by a constant, extensions and field moves are their aliases. */
import { instruction } from '../instruction.ts';
import { fieldLsb, fieldWidth, shiftByConstant, topBit } from '../operands/bitfield.ts';
import { generalRegister } from '../operands/register.ts';
import type { Value } from '../semantics.ts';
import { typeOf } from './common.ts';

const opcodes = { sbfm: '00', bfm: '01', ubfm: '10' } as const;

type F = Readonly<Record<string, number>>;
const width = (f: F) => (f['sf'] ? 64 : 32);
const wraps = (f: F) => (f['imms'] as number) < (f['immr'] as number);

const aliases = {
  sbfm: [
    {
      syntax: 'asr {d}, {n}, {right}',
      when: (f: F) => f['imms'] === width(f) - 1,
      operands: { right: shiftByConstant('right') },
    },
    {
      syntax: 'sbfiz {d}, {n}, {lsb}, {width}',
      when: wraps,
      operands: { lsb: fieldLsb('insert'), width: fieldWidth('insert') },
    },
    ...([0, 1] as const).flatMap(sf =>
      (['sxtb', 'sxth'] as const).map((name, i) => ({
        syntax: `${name} {d}, {w}`,
        fixed: { immr: 0, imms: i ? 15 : 7, sf, N: sf },
        operands: { d: generalRegister('Rd', sf ? 64 : 32), w: generalRegister('Rn', 32) },
      })),
    ),
    {
      syntax: 'sxtw {d}, {w}',
      fixed: { immr: 0, imms: 31, sf: 1, N: 1 },
      operands: { d: generalRegister('Rd', 64), w: generalRegister('Rn', 32) },
    },
    { syntax: 'sbfx {d}, {n}, {lsb}, {width}', operands: { lsb: fieldLsb('extract'), width: fieldWidth('extract') } },
  ],
  bfm: [
    {
      syntax: 'bfc {d}, {lsb}, {width}',
      fixed: { Rn: 31 },
      when: wraps,
      operands: { lsb: fieldLsb('insert'), width: fieldWidth('insert') },
    },
    {
      syntax: 'bfi {d}, {n}, {lsb}, {width}',
      when: wraps,
      operands: { lsb: fieldLsb('insert'), width: fieldWidth('insert') },
    },
    { syntax: 'bfxil {d}, {n}, {lsb}, {width}', operands: { lsb: fieldLsb('extract'), width: fieldWidth('extract') } },
  ],
  ubfm: [
    {
      syntax: 'lsl {d}, {n}, {left}',
      when: (f: F) => f['imms'] !== width(f) - 1 && (f['imms'] as number) + 1 === f['immr'],
      operands: { left: shiftByConstant('left') },
    },
    {
      syntax: 'lsr {d}, {n}, {right}',
      when: (f: F) => f['imms'] === width(f) - 1,
      operands: { right: shiftByConstant('right') },
    },
    {
      syntax: 'ubfiz {d}, {n}, {lsb}, {width}',
      when: wraps,
      operands: { lsb: fieldLsb('insert'), width: fieldWidth('insert') },
    },
    { syntax: 'uxtb {d}, {n}', fixed: { immr: 0, imms: 7, sf: 0, N: 0 } },
    { syntax: 'uxth {d}, {n}', fixed: { immr: 0, imms: 15, sf: 0, N: 0 } },
    { syntax: 'ubfx {d}, {n}, {lsb}, {width}', operands: { lsb: fieldLsb('extract'), width: fieldWidth('extract') } },
  ],
} as const;

const briefs = {
  sbfm: 'Moves a bitfield, extending its sign.',
  bfm: 'Moves a bitfield and keeps the other bits of the destination.',
  ubfm: 'Moves a bitfield and clears the other bits.',
} as const;

const moves = (['sbfm', 'bfm', 'ubfm'] as const).map(name =>
  instruction(name.toUpperCase(), `sf ${opcodes[name]} 100110 N immr:6 imms:6 Rn:5 Rd:5`, {
    operands: {
      d: generalRegister('Rd', 'sf'),
      n: generalRegister('Rn', 'sf'),
      rotate: topBit('immr'),
      top: topBit('imms'),
    },
    syntax: `${name} {d}, {n}, {rotate}, {top}`,
    aliases: aliases[name].map(alias => ({ ...alias })),
    brief: briefs[name],
    allocated: f => f.N === f.sf && (f.sf === 1 || (f.immr < 32 && f.imms < 32)),
    shape: ['sf'],
    derived: { inserts: { values: [0, 1], of: f => Number(f.imms < f.immr) } },
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const last = f.sf ? 63 : 31;
      type T = Value<'i32' | 'i64'>;
      const constant = (value: number): T => b.constant(type, value);
      const n: T = b.read(type, o.n);
      const r: T = b.immediate(type, o.rotate);
      const s: T = b.immediate(type, o.top);
      // Extract: the field s..r goes to the bottom. Insert: the field s..0 goes up to width - r.
      const up = b.sub(constant(last), s);
      const shifted = b.shl(n, up);
      const back = f.inserts ? b.add(up, b.sub(r, constant(last + 1))) : b.add(up, r);
      if (name === 'ubfm') b.write(o.d, b.shrUnsigned(shifted, back));
      else if (name === 'sbfm') b.write(o.d, b.shrSigned(shifted, back));
      else {
        const mask = b.shrUnsigned(b.shl(constant(-1), up), back);
        const field = b.shrUnsigned(shifted, back);
        b.write(o.d, b.or(b.and(b.read(type, o.d), b.not(mask)), field));
      }
    },
  }),
);

const extract = instruction('EXTR', 'sf 00 100111 N 0 Rm:5 imms:6 Rn:5 Rd:5', {
  operands: {
    d: generalRegister('Rd', 'sf'),
    n: generalRegister('Rn', 'sf'),
    m: generalRegister('Rm', 'sf'),
    lsb: topBit('imms'),
  },
  syntax: 'extr {d}, {n}, {m}, {lsb}',
  aliases: [
    { syntax: 'ror {d}, {n}, {right}', when: f => f['Rn'] === f['Rm'], operands: { right: shiftByConstant('rotate') } },
  ],
  brief: 'Extracts a register from a pair of registers.',
  allocated: f => f.N === f.sf && (f.sf === 1 || f.imms < 32),
  shape: ['sf'],
  semantics: (b, o, f) => {
    const type = typeOf(f.sf);
    type T = Value<'i32' | 'i64'>;
    const lsb: T = b.immediate(type, o.lsb);
    const n: T = b.read(type, o.n);
    const m: T = b.read(type, o.m);
    // Shifting left by one first keeps the amount within the width when lsb is 0.
    const high = b.shl(b.shl(n, b.constant(type, 1)), b.sub(b.constant(type, f.sf ? 63 : 31), lsb));
    b.write(o.d, b.or(b.shrUnsigned(m, lsb), high));
  },
});

export const bitfield = [...moves, extract];
