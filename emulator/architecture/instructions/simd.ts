/** Advanced SIMD on whole vectors (Arm ARM C4.1.96): integer and bitwise operations, duplication, immediates. */
import { instruction } from '../instruction.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import { hexadecimal, immediateAt } from '../operands/immediate.ts';
import { generalRegisterName, parseGeneralRegister } from '../operands/register.ts';
import {
  byImm5,
  bySizeAndQ,
  bytesByQ,
  halfOrFull,
  lowestSetBit,
  scalarRegister,
  vectorRegister,
} from '../operands/vector.ts';
import type { Fields } from '../pattern.ts';
import type { I64, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';
import { checkFloatingPoint, writeVector } from './simd-common.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

/** WebAssembly's name of vectors with elements of a size. */
const LANES = ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const;

function lanes(b: SemanticsBuilder, size: number, operation: string, x: V128, y: V128): V128 {
  return b.wasm('v128', `${LANES[size]}.${operation}`, [x, y]);
}

/** Comparisons of unsigned doublewords, which WebAssembly lacks: those of signed ones with the top bits inverted. */
function unsigned(b: SemanticsBuilder, size: number, operation: 'gt' | 'ge', x: V128, y: V128): V128 {
  if (size !== 3) return lanes(b, size, `${operation}_u`, x, y);
  const top = b.v128([0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80]);
  const flip = (v: V128) => b.wasm('v128', 'v128.xor', [v, top]);
  return lanes(b, size, `${operation}_s`, flip(x), flip(y));
}

const threeSame = (
  [
    { name: 'add', U: '0', opcode: '10000', brief: 'Adds', compute: (b, s, x, y) => lanes(b, s, 'add', x, y) },
    { name: 'sub', U: '1', opcode: '10000', brief: 'Subtracts', compute: (b, s, x, y) => lanes(b, s, 'sub', x, y) },
    {
      name: 'cmeq',
      U: '1',
      opcode: '10001',
      brief: 'Sets elements to all ones where equal',
      compute: (b, s, x, y) => lanes(b, s, 'eq', x, y),
    },
    {
      name: 'cmgt',
      U: '0',
      opcode: '00110',
      brief: 'Sets elements to all ones where signed greater',
      compute: (b, s, x, y) => lanes(b, s, 'gt_s', x, y),
    },
    {
      name: 'cmge',
      U: '0',
      opcode: '00111',
      brief: 'Sets elements to all ones where signed greater or equal',
      compute: (b, s, x, y) => lanes(b, s, 'ge_s', x, y),
    },
    {
      name: 'cmhi',
      U: '1',
      opcode: '00110',
      brief: 'Sets elements to all ones where unsigned greater',
      compute: (b, s, x, y) => unsigned(b, s, 'gt', x, y),
    },
    {
      name: 'cmhs',
      U: '1',
      opcode: '00111',
      brief: 'Sets elements to all ones where unsigned greater or equal',
      compute: (b, s, x, y) => unsigned(b, s, 'ge', x, y),
    },
  ] satisfies {
    name: string;
    U: '0' | '1';
    opcode: string;
    brief: string;
    compute: (b: SemanticsBuilder, size: number, x: V128, y: V128) => V128;
  }[]
).map(({ name, U, opcode, brief, compute }) =>
  instruction(
    `${name.toUpperCase()} (vector)`,
    `0 Q ${U as '0'} 01110 size:2 1 Rm:5 ${opcode as '10000'} 1 Rn:5 Rd:5`,
    {
      ...common,
      operands: {
        d: vectorRegister('Rd', bySizeAndQ),
        n: vectorRegister('Rn', bySizeAndQ),
        m: vectorRegister('Rm', bySizeAndQ),
      },
      syntax: `${name} {d}, {n}, {m}`,
      brief: `${brief}, element by element.`,
      allocated: f => f.size !== 3 || f.Q === 1,
      shape: ['Q', 'size'],
      possible: f => f.size !== 3 || f.Q === 1,
      semantics: (b, o, f) => {
        checkFloatingPoint(b);
        writeVector(b, o.d, compute(b, f.size, b.read('v128', o.n), b.read('v128', o.m)), f.Q);
      },
    },
  ),
);

/** One register written for both Rn and Rm. */
const same: OperandKind<RegisterRef> = {
  ...vectorRegister('Rn', bytesByQ),
  fields: ['Rn', 'Rm', 'Q'],
  parse: input => {
    const result = vectorRegister('Rn', bytesByQ).parse(input);
    if ('problem' in result) return result;
    return { fields: { ...result.fields, Rm: result.fields['Rn'] as number }, consumed: 1 };
  },
};

const bitwise = (
  [
    { name: 'and', U: '0', size: '00', brief: 'ANDs two vectors' },
    { name: 'bic', U: '0', size: '01', brief: 'ANDs a vector with the complement of another' },
    { name: 'orr', U: '0', size: '10', brief: 'ORs two vectors' },
    { name: 'orn', U: '0', size: '11', brief: 'ORs a vector with the complement of another' },
    { name: 'eor', U: '1', size: '00', brief: 'Exclusive-ORs two vectors' },
    { name: 'bsl', U: '1', size: '01', brief: 'Selects bits of two vectors by the destination' },
    { name: 'bit', U: '1', size: '10', brief: 'Inserts bits where the second vector has ones' },
    { name: 'bif', U: '1', size: '11', brief: 'Inserts bits where the second vector has zeros' },
  ] as const
).map(({ name, U, size, brief }) =>
  instruction(`${name.toUpperCase()} (vector, register)`, `0 Q ${U} 01110 ${size} 1 Rm:5 00011 1 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: vectorRegister('Rd', bytesByQ),
      n: vectorRegister('Rn', bytesByQ),
      m: vectorRegister('Rm', bytesByQ),
    },
    syntax: `${name} {d}, {n}, {m}`,
    aliases: name === 'orr' ? [{ syntax: 'mov {d}, {same}', when: f => f['Rn'] === f['Rm'], operands: { same } }] : [],
    brief: `${brief}.`,
    shape: ['Q'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const n = b.read('v128', o.n);
      const m = b.read('v128', o.m);
      const two = (operation: string, x: V128, y: V128) => b.wasm('v128', `v128.${operation}`, [x, y]);
      const select = (mask: V128, ones: V128, zeros: V128) => b.wasm('v128', 'v128.bitselect', [ones, zeros, mask]);
      const result = () => {
        switch (name) {
          case 'and':
            return two('and', n, m);
          case 'bic':
            return two('andnot', n, m);
          case 'orr':
            return two('or', n, m);
          case 'orn':
            return two('or', n, b.wasm('v128', 'v128.not', [m]));
          case 'eor':
            return two('xor', n, m);
          case 'bsl':
            return select(b.read('v128', o.d), n, m);
          case 'bit':
            return select(m, n, b.read('v128', o.d));
          default:
            return select(m, b.read('v128', o.d), n);
        }
      };
      writeVector(b, o.d, result(), f.Q);
    },
  }),
);

/** The general-purpose register that DUP spreads: X for doublewords, W for what is smaller. */
const duplicated: OperandKind<RegisterRef> = {
  role: 'register',
  bank: 'x',
  stackPointer: false,
  registerField: 'Rn',
  fields: ['Rn'],
  describe: 'a general-purpose register: x for doublewords, w otherwise',
  print: f => generalRegisterName(f['Rn'] as number, lowestSetBit(f['imm5'] as number) === 3, false),
  parse: input => parseGeneralRegister(input, 'Rn', input.fields['imm5'] === 8 ? 64 : 32, false),
};

const duplicate = instruction('DUP (general)', '0 Q 0 01110000 imm5:5 0 0001 1 Rn:5 Rd:5', {
  ...common,
  operands: { d: vectorRegister('Rd', byImm5), n: duplicated },
  syntax: 'dup {d}, {n}',
  brief: 'Copies a general-purpose register into every element of a vector.',
  allocated: f => (f.imm5 & 15) !== 0 && (f.Q === 1 || (f.imm5 & 15) !== 8),
  shape: ['Q'],
  derived: { size: { values: [0, 1, 2, 3], of: f => lowestSetBit(f.imm5) } },
  possible: f => f.size !== 3 || f.Q === 1,
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const value = b.read(f.size === 3 ? 'i64' : 'i32', o.n);
    writeVector(b, o.d, b.wasm('v128', `${LANES[f.size]}.splat`, [value]), f.Q);
  },
});

const immediate8 = (f: Fields) => (f['abc'] as number) * 32 + (f['defgh'] as number);

/** An eight-bit immediate with a shift, as MOVI and MVNI spread it over elements of `bits` bits. */
function spreadImmediate(bits: 8 | 16 | 32, shift: 'lsl' | 'msl', inverted: boolean): OperandKind<ImmediateRef> {
  const step = (f: Fields) => (bits === 8 ? 0 : (f['cmode_amount'] as number));
  const amount = (f: Fields) => (shift === 'msl' ? 8 * (step(f) + 1) : 8 * step(f));
  const last = bits === 8 ? 0 : bits === 16 || shift === 'msl' ? 1 : 3;
  return {
    role: 'immediate',
    fields: bits === 8 ? ['abc', 'defgh'] : ['abc', 'defgh', 'cmode_amount'],
    describe: `an immediate, 0 to 255${bits === 8 ? '' : `, optionally with ${shift}`}`,
    storedAs: 'i64',
    print: f => `${hexadecimal(immediate8(f))}${amount(f) ? `, ${shift} #${amount(f)}` : ''}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (immediate?.value === undefined) return problem('expected an immediate, 0 to 255', current(input)?.span);
      if (immediate.value < 0n || immediate.value > 255n)
        return problem(`${immediate.value} is out of range: 0 to 255`, immediate.span, true);
      const next = input.operands[input.at + 1];
      const written = next?.kind === 'shift' ? next : undefined;
      if ((written && written.name !== shift) || (!written && shift === 'msl'))
        return problem(`expected ${shift}`, written?.span ?? immediate.span);
      const by = Number(written?.amount?.value ?? 0n);
      const value = by / 8 - (shift === 'msl' ? 1 : 0);
      if (!Number.isInteger(value) || value < 0 || value > last)
        return problem(`${shift} by ${by} is not possible here`, written?.span, true);
      const whole = Number(immediate.value);
      const fields: Record<string, number> = { abc: whole >> 5, defgh: whole & 31 };
      if (bits !== 8) fields['cmode_amount'] = value;
      return { fields, consumed: written ? 2 : 1 };
    },
    value: f => {
      const by = BigInt(amount(f));
      const element = (BigInt(immediate8(f)) << by) | (shift === 'msl' ? (1n << by) - 1n : 0n);
      let value = 0n;
      for (let at = 0n; at < 64n; at += BigInt(bits)) value |= element << at;
      return inverted ? value ^ ((1n << 64n) - 1n) : value;
    },
  };
}

/** Eight bits, each of which stands for a byte of ones or zeros. */
const byteMask: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: ['abc', 'defgh'],
  describe: 'an immediate of bytes that are all ones or all zeros',
  storedAs: 'i64',
  print: f => hexadecimal(expandBytes(immediate8(f))),
  parse: input => {
    const immediate = immediateAt(input);
    if (immediate?.value === undefined) return problem('expected an immediate', current(input)?.span);
    const given = BigInt.asUintN(64, immediate.value);
    for (let bits = 0; bits < 256; bits++)
      if (expandBytes(bits) === given) return { fields: { abc: bits >> 5, defgh: bits & 31 }, consumed: 1 };
    return problem('every byte must be 0x00 or 0xff', immediate.span, true);
  },
  value: f => expandBytes(immediate8(f)),
};

function expandBytes(bits: number): bigint {
  let value = 0n;
  for (let i = 0; i < 8; i++) if (bits & (1 << i)) value |= 0xffn << BigInt(8 * i);
  return value;
}

function writeImmediate(b: SemanticsBuilder, register: RegisterRef, value: I64, Q: number): void {
  checkFloatingPoint(b);
  if (Q) b.write(register, b.wasm('v128', 'i64x2.splat', [value]));
  else b.write(register, value);
}

const spreads = (['movi', 'mvni'] as const).flatMap(name =>
  (
    [
      { what: '32-bit', cmode: '0 cmode_amount:2 0', bits: 32, shift: 'lsl', arrangement: halfOrFull('2s', '4s') },
      { what: '16-bit', cmode: '10 cmode_amount 0', bits: 16, shift: 'lsl', arrangement: halfOrFull('4h', '8h') },
      { what: 'ones', cmode: '110 cmode_amount', bits: 32, shift: 'msl', arrangement: halfOrFull('2s', '4s') },
      { what: '8-bit', cmode: '1110', bits: 8, shift: 'lsl', arrangement: bytesByQ },
    ] as const
  )
    .filter(({ bits }) => bits !== 8 || name === 'movi')
    .map(({ what, cmode, bits, shift, arrangement }) =>
      instruction(
        `${name.toUpperCase()} (${what})`,
        `0 Q ${name === 'mvni' ? '1' : '0'} 0111100000 abc:3 ${cmode} 0 1 defgh:5 Rd:5`,
        {
          ...common,
          operands: { d: vectorRegister('Rd', arrangement), imm: spreadImmediate(bits, shift, name === 'mvni') },
          syntax: `${name} {d}, {imm}`,
          brief: `Fills a vector with ${name === 'mvni' ? 'the complement of ' : ''}an immediate.`,
          shape: ['Q'],
          semantics: (b, o, f) => {
            writeImmediate(b, o.d, b.immediate('i64', o.imm), f.Q);
          },
        },
      ),
    ),
);

const masks = [0, 1].map(Q =>
  instruction(`MOVI (64-bit, ${Q ? 'vector' : 'scalar'})`, `0 ${Q as 0} 1 0111100000 abc:3 1110 0 1 defgh:5 Rd:5`, {
    ...common,
    operands: {
      d: Q
        ? vectorRegister('Rd', {
            fields: [],
            describe: '2d',
            print: () => '2d',
            parse: t => (t === '2d' ? {} : undefined),
          })
        : scalarRegister('Rd', 'd'),
      imm: byteMask,
    },
    syntax: 'movi {d}, {imm}',
    brief: 'Fills a vector with an immediate of bytes of ones and zeros.',
    semantics: (b, o) => {
      writeImmediate(b, o.d, b.immediate('i64', o.imm), Q);
    },
  }),
);

export const simd = [...threeSame, ...bitwise, duplicate, ...spreads, ...masks];
