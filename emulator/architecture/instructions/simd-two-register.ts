/**
 * Advanced SIMD and scalar two-register miscellaneous (Arm ARM C4.1.96): one source. Integer and bitwise operations;
 * those of floating point have a file of their own.
 */
import { instruction } from '../instruction.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import { decimal, immediateAt } from '../operands/immediate.ts';
import {
  bySizeAlone,
  bySizes,
  bySizesWider,
  bytesByQ,
  halfOrFull,
  hasSize,
  makesVector,
  type Sizes,
  scalarBySize,
  vectorRegister,
} from '../operands/vector.ts';
import { helper, type I32, type V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { halves } from './simd-halves.ts';
import { extentOf, finish, finishNarrow, Lanes, scalarExtent, shuffle } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

interface Operation {
  readonly name: string;
  /** U and opcode of the encoding. */
  readonly code: string;
  readonly sizes: Sizes;
  readonly scalar?: Sizes;
  /** What the text has behind the source. */
  readonly suffix?: string;
  readonly brief: string;
  readonly compute: (lanes: Lanes, n: V128, d: () => V128) => V128;
}

/** Reverses the elements within groups of `bits`. */
function reverse(lanes: Lanes, n: V128, bits: number): V128 {
  const elements = bits / lanes.bits - 1;
  const bytes = Array.from({ length: 16 }, (_, i) => i ^ (elements << lanes.size));
  return shuffle(lanes.b, n, n, bytes);
}

const operations: readonly Operation[] = [
  {
    name: 'rev64',
    code: '0 00000',
    sizes: 'bhs',
    brief: 'Reverses the elements within each doubleword.',
    compute: (lanes, n) => reverse(lanes, n, 64),
  },
  {
    name: 'rev32',
    code: '1 00000',
    sizes: 'bh',
    brief: 'Reverses the elements within each word.',
    compute: (lanes, n) => reverse(lanes, n, 32),
  },
  {
    name: 'rev16',
    code: '0 00001',
    sizes: 'b',
    brief: 'Reverses the bytes within each halfword.',
    compute: (lanes, n) => reverse(lanes, n, 16),
  },
  {
    name: 'cls',
    code: '0 00100',
    sizes: 'bhs',
    brief: 'Counts the bits below the sign that are equal to it.',
    compute: (lanes, n) => lanes.countLeadingSigns(n),
  },
  {
    name: 'clz',
    code: '1 00100',
    sizes: 'bhs',
    brief: 'Counts the leading zeros of each element.',
    compute: (lanes, n) => lanes.countLeadingZeros(n),
  },
  {
    name: 'cnt',
    code: '0 00101',
    sizes: 'b',
    brief: 'Counts the ones of each byte.',
    compute: (lanes, n) => lanes.countOnes(n),
  },
  {
    name: 'abs',
    code: '0 01011',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Takes the absolute values of elements.',
    compute: (lanes, n) => lanes.op('abs', n),
  },
  {
    name: 'neg',
    code: '1 01011',
    sizes: 'bhsd',
    scalar: 'd',
    brief: 'Negates elements.',
    compute: (lanes, n) => lanes.op('neg', n),
  },
  {
    name: 'sqabs',
    code: '0 00111',
    sizes: 'bhsd',
    scalar: 'bhsd',
    brief: 'Takes the absolute values of elements and saturates.',
    compute: (lanes, n) => lanes.saturatingAbsolute(n),
  },
  {
    name: 'sqneg',
    code: '1 00111',
    sizes: 'bhsd',
    scalar: 'bhsd',
    brief: 'Negates elements and saturates.',
    compute: (lanes, n) => lanes.saturatingNegate(n),
  },
  {
    name: 'suqadd',
    code: '0 00011',
    sizes: 'bhsd',
    scalar: 'bhsd',
    brief: 'Adds unsigned elements to the destination’s signed ones and saturates.',
    compute: (lanes, n, d) => lanes.saturatingAddUnsigned(d(), n),
  },
  {
    name: 'usqadd',
    code: '1 00011',
    sizes: 'bhsd',
    scalar: 'bhsd',
    brief: 'Adds signed elements to the destination’s unsigned ones and saturates.',
    compute: (lanes, n, d) => lanes.saturatingAddSigned(d(), n),
  },
  {
    name: 'cmgt',
    code: '0 01000',
    sizes: 'bhsd',
    scalar: 'd',
    suffix: ', #0',
    brief: 'Sets elements to all ones where the source is greater than zero.',
    compute: (lanes, n) => lanes.greater(true, n, lanes.zero),
  },
  {
    name: 'cmge',
    code: '1 01000',
    sizes: 'bhsd',
    scalar: 'd',
    suffix: ', #0',
    brief: 'Sets elements to all ones where the source is zero or greater.',
    compute: (lanes, n) => lanes.atLeast(true, n, lanes.zero),
  },
  {
    name: 'cmeq',
    code: '0 01001',
    sizes: 'bhsd',
    scalar: 'd',
    suffix: ', #0',
    brief: 'Sets elements to all ones where the source is zero.',
    compute: (lanes, n) => lanes.equal(n, lanes.zero),
  },
  {
    name: 'cmle',
    code: '1 01001',
    sizes: 'bhsd',
    scalar: 'd',
    suffix: ', #0',
    brief: 'Sets elements to all ones where the source is zero or less.',
    compute: (lanes, n) => lanes.atLeast(true, lanes.zero, n),
  },
  {
    name: 'cmlt',
    code: '0 01010',
    sizes: 'bhsd',
    scalar: 'd',
    suffix: ', #0',
    brief: 'Sets elements to all ones where the source is less than zero.',
    compute: (lanes, n) => lanes.sign(n),
  },
];

/** Rows that compare with zero are told from those that compare with a register. */
const title = (name: string, form: string, suffix: string) =>
  `${name.toUpperCase()} (${form}${suffix === '' ? '' : ', zero'})`;

const vectors = operations.map(({ name, code, sizes, suffix = '', brief, compute }) => {
  const [U, opcode] = code.split(' ') as ['0', '00000'];
  return instruction(title(name, 'vector', suffix), `0 Q ${U} 01110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    operands: { d: vectorRegister('Rd', bySizes(sizes)), n: vectorRegister('Rn', bySizes(sizes)) },
    syntax: `${name} {d}, {n}${suffix}`,
    brief,
    allocated: makesVector(sizes),
    shape: ['Q', 'size'],
    possible: makesVector(sizes),
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      finish(
        lanes,
        o.d,
        compute(lanes, b.read('v128', o.n), () => b.read('v128', o.d)),
        extentOf(Q),
      );
    },
  });
});

const scalars = operations.flatMap(({ name, code, scalar, suffix = '', brief, compute }) => {
  if (!scalar) return [];
  const [U, opcode] = code.split(' ') as ['0', '00000'];
  const exists = (f: { size: number }) => hasSize(scalar, f.size);
  return instruction(title(name, 'scalar', suffix), `01 ${U} 11110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    operands: { d: scalarBySize('Rd', scalar), n: scalarBySize('Rn', scalar) },
    syntax: `${name} {d}, {n}${suffix}`,
    brief: brief.replace('elements', 'scalars'),
    allocated: exists,
    shape: ['size'],
    possible: exists,
    semantics: (b, o, { size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const value = compute(lanes, b.read('v128', o.n), () => b.read('v128', o.d));
      finish(lanes, o.d, value, scalarExtent(size));
    },
  });
});

/** Each byte with its bits in reverse order: both halves looked up. */
function reverseBits(lanes: Lanes, n: V128): V128 {
  const reversed = (nibble: number) => [0, 1, 2, 3].reduce((all, bit) => all | (((nibble >> bit) & 1) << (3 - bit)), 0);
  const table = (shift: number) => lanes.b.v128(Array.from({ length: 16 }, (_, i) => reversed(i) << shift));
  const low = lanes.op('swizzle', table(4), lanes.and(n, lanes.all(15)));
  return lanes.or(low, lanes.op('swizzle', table(0), lanes.shr(false, n, 4)));
}

const bytes = { d: vectorRegister('Rd', bytesByQ), n: vectorRegister('Rn', bytesByQ) };

const bitwise = (
  [
    { name: 'not', size: '00', brief: 'Inverts all bits of a vector.', compute: (lanes, n) => lanes.not(n) },
    { name: 'rbit', size: '01', brief: 'Reverses the bits of each byte.', compute: reverseBits },
  ] satisfies { name: string; size: string; brief: string; compute: Operation['compute'] }[]
).map(({ name, size, brief, compute }) =>
  instruction(title(name, 'vector', ''), `0 Q 1 01110 ${size as '00'} 10000 00101 10 Rn:5 Rd:5`, {
    ...common,
    operands: bytes,
    syntax: `${name} {d}, {n}`,
    aliases: name === 'not' ? [{ syntax: 'mvn {d}, {n}' }] : [],
    brief,
    shape: ['Q'],
    semantics: (b, o, { Q }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, 0);
      finish(lanes, o.d, compute(lanes, b.read('v128', o.n)), extentOf(Q));
    },
  }),
);

const isNarrow = (f: { readonly size: number }) => f.size !== 3;

const pairSums = (
  [
    { name: 'saddlp', code: '0 00010', accumulates: false, brief: 'Adds neighbouring signed elements' },
    { name: 'uaddlp', code: '1 00010', accumulates: false, brief: 'Adds neighbouring unsigned elements' },
    { name: 'sadalp', code: '0 00110', accumulates: true, brief: 'Adds neighbouring signed elements' },
    { name: 'uadalp', code: '1 00110', accumulates: true, brief: 'Adds neighbouring unsigned elements' },
  ] as const
).map(({ name, code, accumulates, brief }) => {
  const [U, opcode] = code.split(' ') as ['0', '00010'];
  return instruction(name.toUpperCase(), `0 Q ${U} 01110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    operands: { d: vectorRegister('Rd', bySizesWider('bhs')), n: vectorRegister('Rn', bySizes('bhs')) },
    syntax: `${name} {d}, {n}`,
    brief: `${brief} at twice their size${accumulates ? ' and adds the sums to the destination' : ''}.`,
    allocated: isNarrow,
    shape: ['Q', 'size'],
    possible: isNarrow,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const sums = lanes.pairwiseAddLong(U === '0', b.read('v128', o.n));
      finish(lanes, o.d, accumulates ? lanes.wider.add(b.read('v128', o.d), sums) : sums, extentOf(Q));
    },
  });
});

const narrowing = (
  [
    { name: 'xtn', code: '0 10010', saturates: undefined, brief: 'Keeps the low halves of elements' },
    {
      name: 'sqxtun',
      code: '1 10010',
      saturates: ['signed', 'unsigned'],
      brief: 'Saturates signed elements as unsigned ones of half the size',
    },
    {
      name: 'sqxtn',
      code: '0 10100',
      saturates: ['signed', 'signed'],
      brief: 'Saturates signed elements to half the size',
    },
    {
      name: 'uqxtn',
      code: '1 10100',
      saturates: ['unsigned', 'unsigned'],
      brief: 'Saturates unsigned elements to half the size',
    },
  ] as const
).flatMap(({ name, code, saturates, brief }) => {
  const [U, opcode] = code.split(' ') as ['0', '10010'];
  const narrowed = (lanes: Lanes, n: V128) =>
    lanes.narrow(saturates ? lanes.clampWide(saturates[0], saturates[1], n) : n);
  const vector = instruction(name.toUpperCase(), `0 Q ${U} 01110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    ...halves(name, '{d}, {n}', Q => ({
      d: vectorRegister('Rd', bySizeAlone('bhs', Q)),
      n: vectorRegister('Rn', bySizeAlone('bhs', 1, 1)),
    })),
    brief: `${brief}.`,
    allocated: isNarrow,
    shape: ['Q', 'size'],
    possible: isNarrow,
    semantics: (b, o, { Q, size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      finishNarrow(lanes, o.d, narrowed(lanes, b.read('v128', o.n)), Q);
    },
  });
  if (!saturates) return [vector];
  const scalar = instruction(title(name, 'scalar', ''), `01 ${U} 11110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`, {
    ...common,
    operands: { d: scalarBySize('Rd', 'bhs'), n: scalarBySize('Rn', 'bhs', { wider: 1 }) },
    syntax: `${name} {d}, {n}`,
    brief: `${brief.replace('elements', 'scalars')}.`,
    allocated: isNarrow,
    shape: ['size'],
    possible: isNarrow,
    semantics: (b, o, { size }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, size);
      const value = narrowed(lanes, b.read('v128', o.n));
      finish(lanes, o.d, value, scalarExtent(size), scalarExtent(size + 1));
    },
  });
  return [vector, scalar];
});

/** The shift of SHLL, which is always the source's element size. */
const elementBits: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: ['size'],
  describe: 'the bits of an element of the source',
  print: f => decimal(8 << (f['size'] as number)),
  parse: input => {
    const immediate = immediateAt(input);
    const { size } = input.fields;
    if (immediate?.value === undefined || size === undefined)
      return problem('expected the bits of an element of the source', current(input)?.span);
    if (immediate.value !== BigInt(8 << size))
      return problem(`only #${8 << size} is possible here`, immediate.span, true);
    return { fields: {}, consumed: 1 };
  },
};

const shiftLong = instruction('SHLL', '0 Q 1 01110 size:2 10000 10011 10 Rn:5 Rd:5', {
  ...common,
  ...halves('shll', '{d}, {n}, {shift}', Q => ({
    d: vectorRegister('Rd', bySizeAlone('bhs', 1, 1)),
    n: vectorRegister('Rn', bySizeAlone('bhs', Q)),
    shift: elementBits,
  })),
  brief: 'Moves elements to the upper halves of elements of twice their size.',
  allocated: isNarrow,
  shape: ['Q', 'size'],
  possible: isNarrow,
  semantics: (b, o, { Q, size }) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, size);
    finish(lanes, o.d, lanes.wider.shl(lanes.extend(Q, false, b.read('v128', o.n)), lanes.bits), 128);
  },
});

/**
 * The reciprocal of a fixed-point number from one half on, to nine bits (UnsignedRecipEstimate): the quotient by the
 * middle of the interval that the upper bits of the operand leave open, rounded.
 */
const reciprocalEstimate = helper('unsignedReciprocalEstimate', ['i32'], 'i32', (b, operand: I32) => {
  const middle = b.or(b.shl(b.shrUnsigned(operand, b.i32(23)), b.i32(1)), b.i32(1));
  const quotient = b.divUnsigned(b.i32(1 << 19), middle);
  const rounded = b.shrUnsigned(b.add(quotient, b.i32(1)), b.i32(1));
  return b.select(b.lessSigned(operand, b.i32(0)), b.shl(rounded, b.i32(23)), b.i32(-1));
});

/**
 * The reciprocal square root of a fixed-point number from one quarter on, to nine bits (UnsignedRSqrtEstimate). The
 * manual counts up to the greatest number whose square times the operand stays below 2²⁸; here its bits are found.
 */
const reciprocalRootEstimate = helper('unsignedReciprocalRootEstimate', ['i32'], 'i32', (b, operand: I32) => {
  const upper = b.shrUnsigned(operand, b.i32(23));
  const low = b.add(b.shl(upper, b.i32(1)), b.i32(1));
  const high = b.shl(b.or(upper, b.i32(1)), b.i32(1));
  const scaled = b.select(b.lessSigned(operand, b.i32(0)), high, low);
  let root = b.i32(512);
  for (let step = 256; step > 0; step >>= 1) {
    const next = b.add(root, b.i32(step));
    root = b.select(b.lessUnsigned(b.mul(b.mul(scaled, next), next), b.i32(1 << 28)), next, root);
  }
  const rounded = b.shrUnsigned(b.add(root, b.i32(1)), b.i32(1));
  return b.select(b.shrUnsigned(operand, b.i32(30)), b.shl(rounded, b.i32(23)), b.i32(-1));
});

const words = { d: vectorRegister('Rd', halfOrFull('2s', '4s')), n: vectorRegister('Rn', halfOrFull('2s', '4s')) };

const estimates = (
  [
    {
      name: 'urecpe',
      U: '0',
      estimate: reciprocalEstimate,
      brief: 'Estimates reciprocals of unsigned fixed-point words.',
    },
    {
      name: 'ursqrte',
      U: '1',
      estimate: reciprocalRootEstimate,
      brief: 'Estimates reciprocal square roots of unsigned fixed-point words.',
    },
  ] as const
).map(({ name, U, estimate, brief }) =>
  instruction(name.toUpperCase(), `0 Q ${U} 01110 10 10000 11100 10 Rn:5 Rd:5`, {
    ...common,
    operands: words,
    syntax: `${name} {d}, {n}`,
    brief,
    shape: ['Q'],
    semantics: (b, o, { Q }) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, 2);
      const n = b.read('v128', o.n);
      let value = n;
      for (let i = 0; i < (Q ? 4 : 2); i++) {
        const element = b.call('i32', estimate, b.wasm<'i32'>('i32', 'i32x4.extract_lane', [n], i));
        value = b.wasm('v128', 'i32x4.replace_lane', [value, element], i);
      }
      finish(lanes, o.d, value, extentOf(Q));
    },
  }),
);

export const twoRegister = [...vectors, ...scalars, ...bitwise, ...pairSums, ...narrowing, shiftLong, ...estimates];
