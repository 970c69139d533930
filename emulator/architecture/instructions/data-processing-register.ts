/** Data processing with one, two and three sources, and multiply (Arm ARM C4.1.95). */
import { instruction } from '../instruction.ts';
import { generalRegister } from '../operands/register.ts';
import type { I32, SemanticsBuilder, Value } from '../semantics.ts';
import { typeOf } from './common.ts';
import {
  crc32Byte,
  crc32cByte,
  multiplyHighSigned,
  multiplyHighUnsigned,
  reverseBits64,
  reverseBytes64,
} from './helpers.ts';

type Integer = Value<'i32' | 'i64'>;

const oneSource = (
  name: string,
  pattern: '000000' | '000001' | '000010' | '000011' | '000100' | '000101',
  brief: string,
  compute: (b: SemanticsBuilder, n: Integer, sf: number) => Integer,
) =>
  instruction(name.toUpperCase(), `sf 1 0 11010110 00000 ${pattern} Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), n: generalRegister('Rn', 'sf') },
    syntax: `${name} {d}, {n}`,
    brief,
    allocated: f => pattern !== '000011' || f.sf === 1,
    shape: ['sf'],
    possible: f => pattern !== '000011' || f.sf === 1,
    semantics: (b, o, f) => {
      b.write(o.d, compute(b, b.read(typeOf(f.sf), o.n), f.sf));
    },
  });

/** Swaps neighbouring groups of bits. */
function swapBytesInHalfwords(b: SemanticsBuilder, n: Integer): Integer {
  const mask = b.constant(n.type, 0x00ff00ff00ff00ffn);
  const eight = b.constant(n.type, 8);
  return b.or(b.and(b.shrUnsigned(n, eight), mask), b.shl(b.and(n, mask), eight));
}

/** Reverses all bits or bytes of a 32-bit value with the 64-bit helper. */
function viaUpperHalf(b: SemanticsBuilder, n: I32, helper: typeof reverseBits64): I32 {
  return b.wrap(b.shrUnsigned(b.call('i64', helper, b.zeroExtend(n)), b.i64(32)));
}

const single = [
  oneSource('rbit', '000000', 'Reverses the order of the bits.', (b, n, sf) =>
    sf ? b.call('i64', reverseBits64, n) : viaUpperHalf(b, n as I32, reverseBits64),
  ),
  oneSource('rev16', '000001', 'Reverses the bytes of each halfword.', (b, n) => swapBytesInHalfwords(b, n)),
  instruction('REV (32-bit)', '0 1 0 11010110 00000 000010 Rn:5 Rd:5', {
    operands: { d: generalRegister('Rd', 32), n: generalRegister('Rn', 32) },
    syntax: 'rev {d}, {n}',
    brief: 'Reverses the order of the bytes of a 32-bit register.',
    semantics: (b, o) => {
      b.write(o.d, viaUpperHalf(b, b.read('i32', o.n), reverseBytes64));
    },
  }),
  instruction('REV32', '1 1 0 11010110 00000 000010 Rn:5 Rd:5', {
    operands: { d: generalRegister('Rd', 64), n: generalRegister('Rn', 64) },
    syntax: 'rev32 {d}, {n}',
    brief: 'Reverses the order of the bytes of each word.',
    semantics: (b, o) => {
      b.write(o.d, b.rotateRight(b.call('i64', reverseBytes64, b.read('i64', o.n)), b.i64(32)));
    },
  }),
  instruction('REV (64-bit)', '1 1 0 11010110 00000 000011 Rn:5 Rd:5', {
    operands: { d: generalRegister('Rd', 64), n: generalRegister('Rn', 64) },
    syntax: ['rev {d}, {n}', 'rev64 {d}, {n}'],
    brief: 'Reverses the order of the bytes of a 64-bit register.',
    semantics: (b, o) => {
      b.write(o.d, b.call('i64', reverseBytes64, b.read('i64', o.n)));
    },
  }),
  oneSource('clz', '000100', 'Counts the zero bits above the highest one.', (b, n) => b.countLeadingZeros(n)),
  oneSource('cls', '000101', 'Counts the bits below the top bit that are equal to it.', (b, n, sf) => {
    const one = b.constant(n.type, 1);
    const changes = b.xor(n, b.shrSigned(n, b.constant(n.type, sf ? 63 : 31)));
    return b.sub(b.countLeadingZeros(b.or(b.shl(changes, one), one)), b.constant(n.type, 0));
  }),
];

const twoSource = (
  name: string,
  opcode: '000010' | '000011' | '001000' | '001001' | '001010' | '001011',
  brief: string,
  alias: string | undefined,
  compute: (b: SemanticsBuilder, n: Integer, m: Integer) => Integer,
) =>
  instruction(name.toUpperCase(), `sf 0 0 11010110 Rm:5 ${opcode} Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), n: generalRegister('Rn', 'sf'), m: generalRegister('Rm', 'sf') },
    syntax: `${name} {d}, {n}, {m}`,
    aliases: alias ? [{ syntax: `${alias} {d}, {n}, {m}` }] : [],
    brief,
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      b.write(o.d, compute(b, b.read(type, o.n), b.read(type, o.m)));
    },
  });

const double = [
  twoSource('udiv', '000010', 'Divides unsigned; dividing by zero gives zero.', undefined, (b, n, m) => {
    const zero = b.isZero(m);
    const quotient = b.divUnsigned(n, b.select(zero, b.constant(m.type, 1), m));
    return b.select(zero, b.constant(m.type, 0), quotient);
  }),
  twoSource(
    'sdiv',
    '000011',
    'Divides signed, rounding towards zero; dividing by zero gives zero.',
    undefined,
    (b, n, m) => {
      // The one overflow, minimum / -1, is a negation; WebAssembly's division would trap on it.
      const zero = b.isZero(m);
      const minusOne = b.equal(m, b.constant(m.type, -1));
      const quotient = b.divSigned(n, b.select(b.or(zero, minusOne), b.constant(m.type, 1), m));
      return b.select(zero, b.constant(m.type, 0), b.select(minusOne, b.negate(n), quotient));
    },
  ),
  twoSource('lslv', '001000', 'Shifts left by a register, modulo the width.', 'lsl', (b, n, m) => b.shl(n, m)),
  twoSource('lsrv', '001001', 'Shifts right by a register, modulo the width.', 'lsr', (b, n, m) => b.shrUnsigned(n, m)),
  twoSource('asrv', '001010', 'Shifts right with the sign by a register, modulo the width.', 'asr', (b, n, m) =>
    b.shrSigned(n, m),
  ),
  twoSource('rorv', '001011', 'Rotates right by a register, modulo the width.', 'ror', (b, n, m) =>
    b.rotateRight(n, m),
  ),
];

const checksums = [0, 1].flatMap(castagnoli =>
  [0, 1, 2, 3].map(size => {
    const name = `crc32${castagnoli ? 'c' : ''}${'bhwx'[size]}`;
    const bytes = 1 << size;
    return instruction(
      name.toUpperCase(),
      `${size === 3 ? '1' : '0'} 0 0 11010110 Rm:5 010 ${castagnoli as 0} ${['00', '01', '10', '11'][size] as '00'} Rn:5 Rd:5`,
      {
        operands: {
          d: generalRegister('Rd', 32),
          n: generalRegister('Rn', 32),
          m: generalRegister('Rm', size === 3 ? 64 : 32),
        },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `Accumulates a CRC-32${castagnoli ? 'C' : ''} checksum over ${bytes === 1 ? 'one byte' : `${bytes} bytes`}.`,
        feature: 'FEAT_CRC32',
        rare: true,
        semantics: (b, o) => {
          const step = castagnoli ? crc32cByte : crc32Byte;
          const data = b.read('i64', o.m);
          let crc = b.read('i32', o.n);
          for (let i = 0; i < bytes; i++) crc = b.call('i32', step, crc, b.wrap(b.shrUnsigned(data, b.i64(8 * i))));
          b.write(o.d, crc);
        },
      },
    );
  }),
);

const multiply = [0, 1].map(o0 =>
  instruction(o0 ? 'MSUB' : 'MADD', `sf 00 11011 000 Rm:5 ${o0 as 0} Ra:5 Rn:5 Rd:5`, {
    operands: {
      d: generalRegister('Rd', 'sf'),
      n: generalRegister('Rn', 'sf'),
      m: generalRegister('Rm', 'sf'),
      a: generalRegister('Ra', 'sf'),
    },
    syntax: `${o0 ? 'msub' : 'madd'} {d}, {n}, {m}, {a}`,
    aliases: [{ syntax: `${o0 ? 'mneg' : 'mul'} {d}, {n}, {m}`, fixed: { Ra: 31 } }],
    brief: o0
      ? 'Multiplies and subtracts the product from a register.'
      : 'Multiplies and adds the product to a register.',
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const product = b.mul(b.read(type, o.n), b.read(type, o.m));
      const a = b.read(type, o.a);
      b.write(o.d, o0 ? b.sub(a, product) : b.add(a, product));
    },
  }),
);

const long = [0, 1].flatMap(unsigned =>
  [0, 1].map(o0 => {
    const prefix = unsigned ? 'u' : 's';
    const name = `${prefix}m${o0 ? 'sub' : 'add'}l`;
    return instruction(name.toUpperCase(), `1 00 11011 ${unsigned as 0} 01 Rm:5 ${o0 as 0} Ra:5 Rn:5 Rd:5`, {
      operands: {
        d: generalRegister('Rd', 64),
        n: generalRegister('Rn', 32),
        m: generalRegister('Rm', 32),
        a: generalRegister('Ra', 64),
      },
      syntax: `${name} {d}, {n}, {m}, {a}`,
      aliases: [{ syntax: `${prefix}m${o0 ? 'neg' : 'ul'}l {d}, {n}, {m}`, fixed: { Ra: 31 } }],
      brief: `Multiplies two ${unsigned ? 'unsigned' : 'signed'} words to 64 bits and ${o0 ? 'subtracts from' : 'adds to'} a register.`,
      semantics: (b, o) => {
        const extend = (v: I32) => (unsigned ? b.zeroExtend(v) : b.signExtend(v));
        const product = b.mul(extend(b.read('i32', o.n)), extend(b.read('i32', o.m)));
        const a = b.read('i64', o.a);
        b.write(o.d, o0 ? b.sub(a, product) : b.add(a, product));
      },
    });
  }),
);

const high = [0, 1].map(unsigned =>
  instruction(unsigned ? 'UMULH' : 'SMULH', `1 00 11011 ${unsigned as 0} 10 Rm:5 0 11111 Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 64), n: generalRegister('Rn', 64), m: generalRegister('Rm', 64) },
    syntax: `${unsigned ? 'umulh' : 'smulh'} {d}, {n}, {m}`,
    brief: `Gives the upper half of the 128-bit product of two ${unsigned ? 'unsigned' : 'signed'} registers.`,
    semantics: (b, o) => {
      const f = unsigned ? multiplyHighUnsigned : multiplyHighSigned;
      b.write(o.d, b.call('i64', f, b.read('i64', o.n), b.read('i64', o.m)));
    },
  }),
);

export const dataProcessingRegister = [...single, ...double, ...checksums, ...multiply, ...long, ...high];
