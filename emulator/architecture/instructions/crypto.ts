/** Cryptographic instructions (Arm ARM C4.1.96): AES, SHA, SM3, SM4, and the product of polynomials. */
import { type Instruction, instruction } from '../instruction.ts';
import { current, type OperandKind, problem } from '../operand.ts';
import { unsignedImmediate } from '../operands/immediate.ts';
import { always, scalarRegister, vectorRegister } from '../operands/vector.ts';
import type { Helper, I32, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';
import { aesDecryptRound, aesEncryptRound, aesInverseMixColumns, aesMixColumns } from './crypto-aes.ts';
import { polynomialProductHigh, polynomialProductLow } from './crypto-multiply.ts';
import {
  sha1Choose,
  sha1Majority,
  sha1Parity,
  sha1Schedule,
  sha256Lower,
  sha256ScheduleFirst,
  sha256ScheduleSecond,
  sha256Upper,
  sha512First,
  sha512ScheduleFirst,
  sha512ScheduleSecond,
  sha512Second,
} from './crypto-sha.ts';
import {
  sm3ExpandFirst,
  sm3ExpandSecond,
  sm3FirstMajority,
  sm3FirstParity,
  sm3SecondChoose,
  sm3SecondParity,
  sm3Sum,
  sm4Encrypt,
  sm4Keys,
} from './crypto-sm.ts';
import { doublewordsOf, vectorOfDoublewords } from './crypto-words.ts';
import { checkFloatingPoint } from './simd-common.ts';

const vector = (field: string, arrangement: string) => vectorRegister(field, always(arrangement));

const common = { traits: ['vector'], rare: true } as const;

const exclusiveOr = (b: SemanticsBuilder, x: V128, y: V128): V128 => b.wasm('v128', 'v128.xor', [x, y]);

type Two = (b: SemanticsBuilder, d: V128, n: V128) => V128;
type Three = (b: SemanticsBuilder, d: V128, n: V128, m: V128) => V128;

/** The destination takes part in what is written to it. */
function accumulate(b: SemanticsBuilder, o: Readonly<Record<'d' | 'n' | 'm', RegisterRef>>, compute: Three): void {
  checkFloatingPoint(b);
  b.write(o.d, compute(b, b.read('v128', o.d), b.read('v128', o.n), b.read('v128', o.m)));
}

const called =
  (helper: Helper) =>
  (b: SemanticsBuilder, ...values: V128[]): V128 =>
    b.call('v128', helper, ...values);

// ---- two registers: `{d}, {n}`, of which the first may be read too

const twoRegisters = (
  [
    {
      name: 'aese',
      bits: '01001110 00 10100 00100 10',
      feature: 'FEAT_AES',
      shape: '16b',
      brief: 'Adds a key and does one round of AES encryption but for the mixing of columns.',
      compute: (b, d, n) => b.call('v128', aesEncryptRound, exclusiveOr(b, d, n)),
    },
    {
      name: 'aesd',
      bits: '01001110 00 10100 00101 10',
      feature: 'FEAT_AES',
      shape: '16b',
      brief: 'Adds a key and does one round of AES decryption but for the mixing of columns.',
      compute: (b, d, n) => b.call('v128', aesDecryptRound, exclusiveOr(b, d, n)),
    },
    {
      name: 'aesmc',
      bits: '01001110 00 10100 00110 10',
      feature: 'FEAT_AES',
      shape: '16b',
      brief: 'Mixes the columns of an AES state.',
      compute: (b, _, n) => b.call('v128', aesMixColumns, n),
    },
    {
      name: 'aesimc',
      bits: '01001110 00 10100 00111 10',
      feature: 'FEAT_AES',
      shape: '16b',
      brief: 'Undoes the mixing of the columns of an AES state.',
      compute: (b, _, n) => b.call('v128', aesInverseMixColumns, n),
    },
    {
      name: 'sha1su1',
      bits: '01011110 00 10100 00001 10',
      feature: 'FEAT_SHA1',
      shape: '4s',
      brief: 'Completes four words of the SHA-1 message schedule.',
      compute: called(sha1Schedule),
    },
    {
      name: 'sha256su0',
      bits: '01011110 00 10100 00010 10',
      feature: 'FEAT_SHA256',
      shape: '4s',
      brief: 'Begins four words of the SHA-256 message schedule.',
      compute: called(sha256ScheduleFirst),
    },
    {
      name: 'sha512su0',
      bits: '11001110 11 000000 1000 00',
      feature: 'FEAT_SHA512',
      shape: '2d',
      brief: 'Begins two words of the SHA-512 message schedule.',
      compute: called(sha512ScheduleFirst),
    },
    {
      name: 'sm4e',
      bits: '11001110 11 000000 1000 01',
      feature: 'FEAT_SM4',
      shape: '4s',
      brief: 'Does four rounds of SM4 with four round keys.',
      compute: called(sm4Encrypt),
    },
  ] satisfies { name: string; bits: string; feature: string; shape: string; brief: string; compute: Two }[]
).map(({ name, bits, feature, shape, brief, compute }) =>
  instruction(name.toUpperCase(), `${bits as '01001110'} Rn:5 Rd:5`, {
    ...common,
    operands: { d: vector('Rd', shape), n: vector('Rn', shape) },
    syntax: `${name} {d}, {n}`,
    brief,
    feature,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      b.write(o.d, compute(b, b.read('v128', o.d), b.read('v128', o.n)));
    },
  }),
);

const hashWord = instruction('SHA1H', '01011110 00 10100 00000 10 Rn:5 Rd:5', {
  ...common,
  operands: { d: scalarRegister('Rd', 's'), n: scalarRegister('Rn', 's') },
  syntax: 'sha1h {d}, {n}',
  brief: 'Rotates a word of the SHA-1 hash to the left by 30.',
  feature: 'FEAT_SHA1',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    const word = b.wasm<'i32'>('i32', 'i32x4.extract_lane', [b.read('v128', o.n)], 0);
    b.write(o.d, b.zeroExtend(b.rotateLeft(word, b.i32(30))));
  },
});

// ---- three vectors: `{d}, {n}, {m}`, of which the first may be read too

const threeVectors = (
  [
    {
      name: 'sha1su0',
      bits: '01011110 00 0 Rm:5 0 011 00',
      feature: 'FEAT_SHA1',
      shape: '4s',
      brief: 'Begins four words of the SHA-1 message schedule.',
      compute: (b, d, n, m) => {
        const middle = b.wasm<'v128'>(
          'v128',
          'i8x16.shuffle',
          [d, n],
          Array.from({ length: 16 }, (_, i) => i + 8),
        );
        return exclusiveOr(b, exclusiveOr(b, middle, d), m);
      },
    },
    {
      name: 'sha256su1',
      bits: '01011110 00 0 Rm:5 0 110 00',
      feature: 'FEAT_SHA256',
      shape: '4s',
      brief: 'Completes four words of the SHA-256 message schedule.',
      compute: called(sha256ScheduleSecond),
    },
    {
      name: 'sha512su1',
      bits: '11001110 011 Rm:5 1 0 00 10',
      feature: 'FEAT_SHA512',
      shape: '2d',
      brief: 'Completes two words of the SHA-512 message schedule.',
      compute: called(sha512ScheduleSecond),
    },
    {
      name: 'rax1',
      bits: '11001110 011 Rm:5 1 0 00 11',
      feature: 'FEAT_SHA3',
      shape: '2d',
      brief: 'Rotates doublewords to the left by one and exclusive-ORs others into them.',
      compute: (b, _, n, m) => exclusiveOr(b, n, rotateDoublewordsLeft(b, m, b.i32(1))),
    },
    {
      name: 'sm3partw1',
      bits: '11001110 011 Rm:5 1 1 00 00',
      feature: 'FEAT_SM3',
      shape: '4s',
      brief: 'Begins four words of the SM3 message expansion.',
      compute: called(sm3ExpandFirst),
    },
    {
      name: 'sm3partw2',
      bits: '11001110 011 Rm:5 1 1 00 01',
      feature: 'FEAT_SM3',
      shape: '4s',
      brief: 'Completes four words of the SM3 message expansion.',
      compute: called(sm3ExpandSecond),
    },
    {
      name: 'sm4ekey',
      bits: '11001110 011 Rm:5 1 1 00 10',
      feature: 'FEAT_SM4',
      shape: '4s',
      brief: 'Makes four round keys of SM4.',
      compute: (b, _, n, m) => b.call('v128', sm4Keys, n, m),
    },
  ] satisfies { name: string; bits: string; feature: string; shape: string; brief: string; compute: Three }[]
).map(({ name, bits, feature, shape, brief, compute }) =>
  instruction(name.toUpperCase(), `${bits as 'Rm:5'} Rn:5 Rd:5`, {
    ...common,
    operands: { d: vector('Rd', shape), n: vector('Rn', shape), m: vector('Rm', shape) },
    syntax: `${name} {d}, {n}, {m}`,
    brief,
    feature,
    semantics: (b, o) => accumulate(b, o, compute),
  }),
);

// ---- rounds of hashes: two scalars that are half of the hash each, and the words of the message

const sha1Hashes = (
  [
    { name: 'sha1c', opcode: '000', what: 'choice', helper: sha1Choose },
    { name: 'sha1p', opcode: '001', what: 'parity', helper: sha1Parity },
    { name: 'sha1m', opcode: '010', what: 'majority', helper: sha1Majority },
  ] as const
).map(({ name, opcode, what, helper }) =>
  instruction(name.toUpperCase(), `01011110 00 0 Rm:5 0 ${opcode} 00 Rn:5 Rd:5`, {
    ...common,
    operands: { d: scalarRegister('Rd', 'q'), n: scalarRegister('Rn', 's'), m: vector('Rm', '4s') },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Does four rounds of SHA-1 that mix by ${what}.`,
    feature: 'FEAT_SHA1',
    semantics: (b, o) => {
      checkFloatingPoint(b);
      const last = b.wasm<'i32'>('i32', 'i32x4.extract_lane', [b.read('v128', o.n)], 0);
      b.write(o.d, b.call('v128', helper, b.read('v128', o.d), last, b.read('v128', o.m)));
    },
  }),
);

const wideHashes = (
  [
    {
      name: 'sha256h',
      bits: '01011110 00 0 Rm:5 0 100 00',
      feature: 'FEAT_SHA256',
      shape: '4s',
      brief: 'Does four rounds of SHA-256 and gives the first half of the hash.',
      compute: called(sha256Upper),
    },
    {
      name: 'sha256h2',
      bits: '01011110 00 0 Rm:5 0 101 00',
      feature: 'FEAT_SHA256',
      shape: '4s',
      brief: 'Does four rounds of SHA-256 and gives the second half of the hash.',
      compute: (b, d, n, m) => b.call('v128', sha256Lower, n, d, m),
    },
    {
      name: 'sha512h',
      bits: '11001110 011 Rm:5 1 0 00 00',
      feature: 'FEAT_SHA512',
      shape: '2d',
      brief: 'Does the first part of two rounds of SHA-512.',
      compute: called(sha512First),
    },
    {
      name: 'sha512h2',
      bits: '11001110 011 Rm:5 1 0 00 01',
      feature: 'FEAT_SHA512',
      shape: '2d',
      brief: 'Does the second part of two rounds of SHA-512.',
      compute: called(sha512Second),
    },
  ] satisfies { name: string; bits: string; feature: string; shape: string; brief: string; compute: Three }[]
).map(({ name, bits, feature, shape, brief, compute }) =>
  instruction(name.toUpperCase(), `${bits as 'Rm:5'} Rn:5 Rd:5`, {
    ...common,
    operands: { d: scalarRegister('Rd', 'q'), n: scalarRegister('Rn', 'q'), m: vector('Rm', shape) },
    syntax: `${name} {d}, {n}, {m}`,
    brief,
    feature,
    semantics: (b, o) => accumulate(b, o, compute),
  }),
);

// ---- four vectors

const fourVectors = (
  [
    {
      name: 'eor3',
      op: '00',
      feature: 'FEAT_SHA3',
      shape: '16b',
      brief: 'Exclusive-ORs three vectors.',
      compute: (b, n, m, a) => exclusiveOr(b, exclusiveOr(b, n, m), a),
    },
    {
      name: 'bcax',
      op: '01',
      feature: 'FEAT_SHA3',
      shape: '16b',
      brief: 'Exclusive-ORs a vector with another of which bits are cleared.',
      compute: (b, n, m, a) => exclusiveOr(b, n, b.wasm('v128', 'v128.andnot', [m, a])),
    },
    {
      name: 'sm3ss1',
      op: '10',
      feature: 'FEAT_SM3',
      shape: '4s',
      brief: 'Makes the word SS1 of a round of SM3.',
      compute: called(sm3Sum),
    },
  ] satisfies { name: string; op: string; feature: string; shape: string; brief: string; compute: Three }[]
).map(({ name, op, feature, shape, brief, compute }) =>
  instruction(name.toUpperCase(), `11001110 0 ${op as '00'} Rm:5 0 Ra:5 Rn:5 Rd:5`, {
    ...common,
    operands: { d: vector('Rd', shape), n: vector('Rn', shape), m: vector('Rm', shape), a: vector('Ra', shape) },
    syntax: `${name} {d}, {n}, {m}, {a}`,
    brief,
    feature,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      b.write(o.d, compute(b, b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.a)));
    },
  }),
);

/** Doublewords rotated to the left; the amount is below 64. */
function rotateDoublewordsLeft(b: SemanticsBuilder, x: V128, by: I32): V128 {
  const left = b.wasm<'v128'>('v128', 'i64x2.shl', [x, by]);
  // Shifts count modulo 64, so that a rotation by nothing is that of the vector with itself.
  const right = b.wasm<'v128'>('v128', 'i64x2.shr_u', [x, b.sub(b.i32(64), by)]);
  return b.wasm('v128', 'v128.or', [left, right]);
}

const rotated = instruction('XAR', '11001110 100 Rm:5 imm6:6 Rn:5 Rd:5', {
  ...common,
  operands: {
    d: vector('Rd', '2d'),
    n: vector('Rn', '2d'),
    m: vector('Rm', '2d'),
    amount: unsignedImmediate('imm6', { width: 6 }),
  },
  syntax: 'xar {d}, {n}, {m}, {amount}',
  brief: 'Exclusive-ORs doublewords and rotates the result to the right.',
  feature: 'FEAT_SHA3',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    const mixed = exclusiveOr(b, b.read('v128', o.n), b.read('v128', o.m));
    const left = b.and(b.sub(b.i32(64), b.immediate('i32', o.amount)), b.i32(63));
    b.write(o.d, rotateDoublewordsLeft(b, mixed, left));
  },
});

// ---- SM3 rounds take one word of a vector

/** `v3.s[1]`: a vector and which of its words counts. */
const indexedWord: OperandKind<RegisterRef> = (() => {
  const describe = 'a word of a vector register, such as v0.s[1]';
  return {
    role: 'register',
    bank: 'v',
    stackPointer: false,
    registerField: 'Rm',
    fields: ['Rm', 'imm2'],
    describe,
    print: f => `v${f['Rm']}.s[${f['imm2']}]`,
    parse: input => {
      const register = current(input);
      if (register?.kind !== 'register') return problem(`expected ${describe}`, register?.span);
      const { bank, suffix, index } = register;
      if (bank !== 'v' || suffix?.element !== 's' || suffix.lanes !== undefined || index?.value === undefined)
        return problem(`expected ${describe}`, register.span);
      if (index.value < 0n || index.value > 3n)
        return problem(`element ${index.value} is out of range: 0 to 3`, register.span, true);
      return { fields: { Rm: register.number, imm2: Number(index.value) }, consumed: 1 };
    },
  };
})();

const sm3Rounds = (
  [
    { name: 'sm3tt1a', opcode: '00', half: 'first', rounds: 'first 16', helper: sm3FirstParity },
    { name: 'sm3tt1b', opcode: '01', half: 'first', rounds: 'last 48', helper: sm3FirstMajority },
    { name: 'sm3tt2a', opcode: '10', half: 'second', rounds: 'first 16', helper: sm3SecondParity },
    { name: 'sm3tt2b', opcode: '11', half: 'second', rounds: 'last 48', helper: sm3SecondChoose },
  ] as const
).map(({ name, opcode, half, rounds, helper }) =>
  instruction(name.toUpperCase(), `11001110 010 Rm:5 10 imm2:2 ${opcode} Rn:5 Rd:5`, {
    ...common,
    operands: { d: vector('Rd', '4s'), n: vector('Rn', '4s'), m: indexedWord },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Does the ${half} half of one of the ${rounds} rounds of SM3.`,
    feature: 'FEAT_SM3',
    shape: ['imm2'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const word = b.wasm<'i32'>('i32', 'i32x4.extract_lane', [b.read('v128', o.m)], f.imm2);
      b.write(o.d, b.call('v128', helper, b.read('v128', o.d), b.read('v128', o.n), word));
    },
  }),
);

// ---- PMULL of doublewords; that of bytes is among the other widening products

const polynomialProduct = [0, 1].map(Q =>
  instruction(`PMULL${Q ? '2' : ''} (64-bit)`, `0 ${Q as 0} 0 01110 11 1 Rm:5 1110 00 Rn:5 Rd:5`, {
    ...common,
    operands: { d: vector('Rd', '1q'), n: vector('Rn', Q ? '2d' : '1d'), m: vector('Rm', Q ? '2d' : '1d') },
    syntax: `pmull${Q ? '2' : ''} {d}, {n}, {m}`,
    brief: `Multiplies two polynomials over one bit: the ${Q ? 'upper' : 'lower'} doublewords of two vectors.`,
    feature: 'FEAT_PMULL',
    semantics: (b, o) => {
      checkFloatingPoint(b);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)].map(v => doublewordsOf(b, v)[Q as 0 | 1]);
      if (!n || !m) throw new Error('a vector has two doublewords');
      b.write(o.d, vectorOfDoublewords(b, b.call('i64', polynomialProductLow, n, m), polynomialProductHigh(b, n, m)));
    },
  }),
);

export const crypto: readonly Instruction[] = [
  ...twoRegisters,
  hashWord,
  ...threeVectors,
  ...sha1Hashes,
  ...wideHashes,
  ...fourVectors,
  rotated,
  ...sm3Rounds,
  ...polynomialProduct,
];
