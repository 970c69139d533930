/**
 * Scalar floating point: data processing, comparison, selection, immediates (Arm ARM C4.1, Data Processing -- Scalar
 * Floating-Point and Advanced SIMD). Conversions with integers are in `floating-point-integer.ts`.
 */
import { type Instruction, instruction } from '../instruction.ts';
import { floatImmediate, floatZero } from '../operands/floating-point.ts';
import { hexadecimal, unsignedImmediate } from '../operands/immediate.ts';
import { condition } from '../operands/shift.ts';
import { scalarRegister } from '../operands/vector.ts';
import type { I32, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { conditionHoldsAtRunTime } from './common.ts';
import {
  floatAdd,
  floatCompare,
  floatDivide,
  floatMaximum,
  floatMaximumNumber,
  floatMinimum,
  floatMinimumNumber,
  floatMultiply,
  floatMultiplyAdd,
  floatSquareRoot,
  floatSubtract,
} from './floating-point-arithmetic.ts';
import { convertFormat, roundToIntegral, roundToSized, toBfloat } from './floating-point-conversions.ts';
import {
  absoluteBits,
  type Bits,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  type HelperByType,
  negateBits,
  readScalar,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';

const traits = ['floatingPoint'] as const;

const oneRegister = (type: FloatType) => ({
  d: scalarRegister('Rd', type.letter),
  n: scalarRegister('Rn', type.letter),
});
const twoRegisters = (type: FloatType) => ({ ...oneRegister(type), m: scalarRegister('Rm', type.letter) });

const callOn =
  (helper: HelperByType) =>
  (b: SemanticsBuilder, type: FloatType, ...values: Bits[]): Bits =>
    b.call(type.word, helper[type.letter], ...values);

// ---- one source

type OneSource = (b: SemanticsBuilder, type: FloatType, n: Bits) => Bits;

const oneSources: readonly {
  readonly name: string;
  readonly title?: string;
  readonly opcode: string;
  readonly brief: (number: string) => string;
  readonly feature?: string;
  readonly compute: OneSource;
}[] = [
  {
    name: 'fmov',
    title: 'FMOV (register',
    opcode: '000000',
    brief: number => `Copies ${number}.`,
    compute: (_b, _type, n) => n,
  },
  { name: 'fabs', opcode: '000001', brief: number => `Clears the sign of ${number}.`, compute: absoluteBits },
  { name: 'fneg', opcode: '000010', brief: number => `Inverts the sign of ${number}.`, compute: negateBits },
  {
    name: 'fsqrt',
    opcode: '000011',
    brief: number => `Computes the square root of ${number}.`,
    compute: callOn(floatSquareRoot),
  },
  {
    name: 'frintn',
    opcode: '001000',
    brief: number => `Rounds ${number} to the nearest integer, ties to the even one.`,
    compute: callOn(roundToIntegral('nearest', false)),
  },
  {
    name: 'frintp',
    opcode: '001001',
    brief: number => `Rounds ${number} up to an integer.`,
    compute: callOn(roundToIntegral('plus', false)),
  },
  {
    name: 'frintm',
    opcode: '001010',
    brief: number => `Rounds ${number} down to an integer.`,
    compute: callOn(roundToIntegral('minus', false)),
  },
  {
    name: 'frintz',
    opcode: '001011',
    brief: number => `Rounds ${number} towards zero to an integer.`,
    compute: callOn(roundToIntegral('zero', false)),
  },
  {
    name: 'frinta',
    opcode: '001100',
    brief: number => `Rounds ${number} to the nearest integer, ties away from zero.`,
    compute: callOn(roundToIntegral('away', false)),
  },
  {
    name: 'frintx',
    opcode: '001110',
    brief: number => `Rounds ${number} to an integer as FPCR says, and reports when that changed it.`,
    compute: callOn(roundToIntegral('current', true)),
  },
  {
    name: 'frinti',
    opcode: '001111',
    brief: number => `Rounds ${number} to an integer as FPCR says.`,
    compute: callOn(roundToIntegral('current', false)),
  },
  ...([32, 64] as const).flatMap(size =>
    (['zero', 'current'] as const).map(rounding => ({
      name: `frint${size}${rounding === 'zero' ? 'z' : 'x'}`,
      opcode: `0100${size === 32 ? 0 : 1}${rounding === 'zero' ? 0 : 1}`,
      brief: (number: string) =>
        `Rounds ${number} ${rounding === 'zero' ? 'towards zero' : 'as FPCR says'} to an integer that fits ${size} bits.`,
      feature: 'FEAT_FRINTTS',
      compute: callOn(roundToSized(rounding, size)),
    })),
  ),
];

const oneSource = FLOAT_TYPES.flatMap(type =>
  oneSources
    .filter(({ feature }) => !feature || type !== HALF)
    .map(({ name, title, opcode, brief, feature, compute }) =>
      instruction(
        `${title ?? `${name.toUpperCase()} (scalar`}, ${type.what})`,
        `0 0 0 11110 ${type.ftype} 1 ${opcode as '000000'} 10000 Rn:5 Rd:5`,
        {
          feature: feature ?? type.feature,
          traits,
          operands: oneRegister(type),
          syntax: `${name} {d}, {n}`,
          brief: brief(`a ${type.what}-precision number`),
          semantics: (b, o) => {
            checkFloatingPoint(b);
            writeScalar(b, o.d, compute(b, type, readScalar(b, o.n, type)));
          },
        },
      ),
    ),
);

/** FCVT and BFCVT; the opcode's low bits name the result's format. */
const conversions = FLOAT_TYPES.flatMap(from =>
  FLOAT_TYPES.filter(to => to !== from).map(to =>
    instruction(`FCVT (${from.what} to ${to.what})`, `0 0 0 11110 ${from.ftype} 1 0001 ${to.ftype} 10000 Rn:5 Rd:5`, {
      feature: 'FEAT_FP',
      traits,
      operands: { d: scalarRegister('Rd', to.letter), n: scalarRegister('Rn', from.letter) },
      syntax: 'fcvt {d}, {n}',
      brief: `Converts a number from ${from.what} to ${to.what} precision.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        writeScalar(b, o.d, b.call(to.word, convertFormat(from, to), readScalar(b, o.n, from)));
      },
    }),
  ),
);

const bfloat = instruction('BFCVT', '0 0 0 11110 01 1 000110 10000 Rn:5 Rd:5', {
  feature: 'FEAT_BF16',
  traits,
  operands: { d: scalarRegister('Rd', 'h'), n: scalarRegister('Rn', 's') },
  syntax: 'bfcvt {d}, {n}',
  brief: 'Converts a number from single precision to BFloat16.',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    b.write(o.d, b.call('i32', toBfloat, b.read('i32', o.n)));
  },
});

// ---- two and three sources

const twoSource = FLOAT_TYPES.flatMap(type =>
  (
    [
      { name: 'fmul', opcode: '0000', compute: floatMultiply, brief: 'Multiplies two numbers' },
      { name: 'fdiv', opcode: '0001', compute: floatDivide, brief: 'Divides a number by another' },
      { name: 'fadd', opcode: '0010', compute: floatAdd, brief: 'Adds two numbers' },
      { name: 'fsub', opcode: '0011', compute: floatSubtract, brief: 'Subtracts a number from another' },
      { name: 'fmax', opcode: '0100', compute: floatMaximum, brief: 'Takes the greater of two numbers' },
      { name: 'fmin', opcode: '0101', compute: floatMinimum, brief: 'Takes the lesser of two numbers' },
      {
        name: 'fmaxnm',
        opcode: '0110',
        compute: floatMaximumNumber,
        brief: 'Takes the greater of two numbers, of which one may be a quiet NaN',
      },
      {
        name: 'fminnm',
        opcode: '0111',
        compute: floatMinimumNumber,
        brief: 'Takes the lesser of two numbers, of which one may be a quiet NaN',
      },
      {
        name: 'fnmul',
        opcode: '1000',
        compute: floatMultiply,
        brief: 'Multiplies two numbers and negates the product',
      },
    ] as const
  ).map(({ name, opcode, compute, brief }) =>
    instruction(
      `${name.toUpperCase()} (scalar, ${type.what})`,
      `0 0 0 11110 ${type.ftype} 1 Rm:5 ${opcode} 10 Rn:5 Rd:5`,
      {
        feature: type.feature,
        traits,
        operands: twoRegisters(type),
        syntax: `${name} {d}, {n}, {m}`,
        brief: `${brief} in ${type.what} precision.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const value = callOn(compute)(b, type, readScalar(b, o.n, type), readScalar(b, o.m, type));
          writeScalar(b, o.d, name === 'fnmul' ? negateBits(b, type, value) : value);
        },
      },
    ),
  ),
);

const multiplyAdd = FLOAT_TYPES.flatMap(type =>
  (
    [
      { name: 'fmadd', o1: '0', o0: '0', product: false, addend: false, brief: 'Adds a product to a number' },
      { name: 'fmsub', o1: '0', o0: '1', product: true, addend: false, brief: 'Subtracts a product from a number' },
      {
        name: 'fnmadd',
        o1: '1',
        o0: '0',
        product: true,
        addend: true,
        brief: 'Negates the sum of a product and a number',
      },
      { name: 'fnmsub', o1: '1', o0: '1', product: false, addend: true, brief: 'Subtracts a number from a product' },
    ] as const
  ).map(({ name, o1, o0, product, addend, brief }) =>
    instruction(`${name.toUpperCase()} (${type.what})`, `0 0 0 11111 ${type.ftype} ${o1} Rm:5 ${o0} Ra:5 Rn:5 Rd:5`, {
      feature: type.feature,
      traits,
      operands: { ...twoRegisters(type), a: scalarRegister('Ra', type.letter) },
      syntax: `${name} {d}, {n}, {m}, {a}`,
      brief: `${brief} in ${type.what} precision, rounding once.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        const read = (register: RegisterRef, negate: boolean) => {
          const value = readScalar(b, register, type);
          return negate ? negateBits(b, type, value) : value;
        };
        const [a, n, m] = [read(o.a, addend), read(o.n, product), read(o.m, false)];
        writeScalar(b, o.d, callOn(floatMultiplyAdd)(b, type, a, n, m));
      },
    }),
  ),
);

// ---- comparison and selection

/** Sets the flags from four bits, N the highest. */
function setFlags(b: SemanticsBuilder, nzcv: I32): void {
  const bit = (position: number) => b.and(b.shrUnsigned(nzcv, b.i32(position)), b.i32(1));
  b.setState('n', bit(3));
  b.setState('z', bit(2));
  b.setState('c', bit(1));
  b.setState('v', bit(0));
}

function compare(b: SemanticsBuilder, type: FloatType, n: Bits, m: Bits, signalAll: boolean): I32 {
  return b.call('i32', floatCompare[type.letter], n, m, b.i32(signalAll ? 1 : 0));
}

const compares = FLOAT_TYPES.flatMap(type =>
  (['fcmp', 'fcmpe'] as const).flatMap(name => {
    const signalAll = name === 'fcmpe';
    const nans = signalAll ? ', signalling every NaN' : '';
    const n = scalarRegister('Rn', type.letter);
    return [
      instruction(
        `${name.toUpperCase()} (register, ${type.what})`,
        `0 0 0 11110 ${type.ftype} 1 Rm:5 00 1000 Rn:5 ${signalAll ? '1' : '0'} 0 000`,
        {
          feature: type.feature,
          traits,
          operands: { n, m: scalarRegister('Rm', type.letter) },
          syntax: `${name} {n}, {m}`,
          brief: `Compares ${type.what}-precision numbers${nans}.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const outcome = b.variable(compare(b, type, readScalar(b, o.n, type), readScalar(b, o.m, type), signalAll));
            setFlags(b, b.valueOf(outcome));
          },
        },
      ),
      instruction(
        `${name.toUpperCase()} (zero, ${type.what})`,
        `0 0 0 11110 ${type.ftype} 1 Rm:5 00 1000 Rn:5 ${signalAll ? '1' : '0'} 1 000`,
        {
          feature: type.feature,
          traits,
          operands: { n, zero: floatZero },
          // Rm is ignored and should be zero.
          defaults: { Rm: 0 },
          syntax: `${name} {n}, {zero}`,
          brief: `Compares a ${type.what}-precision number with zero${nans}.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const outcome = b.variable(compare(b, type, readScalar(b, o.n, type), b.constant(type.word, 0), signalAll));
            setFlags(b, b.valueOf(outcome));
          },
        },
      ),
    ];
  }),
);

const nzcv = unsignedImmediate('nzcv', { width: 4, print: hexadecimal, what: 'flags as a number, 0 to 15' });

const conditionalCompares = FLOAT_TYPES.flatMap(type =>
  (['fccmp', 'fccmpe'] as const).map(name =>
    instruction(
      `${name.toUpperCase()} (${type.what})`,
      `0 0 0 11110 ${type.ftype} 1 Rm:5 cond:4 01 Rn:5 ${name === 'fccmpe' ? '1' : '0'} nzcv:4`,
      {
        feature: type.feature,
        traits,
        operands: {
          n: scalarRegister('Rn', type.letter),
          m: scalarRegister('Rm', type.letter),
          flags: nzcv,
          cond: condition('cond'),
        },
        syntax: `${name} {n}, {m}, {flags}, {cond}`,
        brief: `Compares ${type.what}-precision numbers when a condition holds, and otherwise sets the flags to an immediate.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const [n, m] = [readScalar(b, o.n, type), readScalar(b, o.m, type)];
          const flags = b.variable(b.immediate('i32', o.flags));
          b.if(conditionHoldsAtRunTime(b, b.immediate('i32', o.cond)), () => {
            b.assign(flags, compare(b, type, n, m, name === 'fccmpe'));
          });
          setFlags(b, b.valueOf(flags));
        },
      },
    ),
  ),
);

const selects = FLOAT_TYPES.map(type =>
  instruction(`FCSEL (${type.what})`, `0 0 0 11110 ${type.ftype} 1 Rm:5 cond:4 11 Rn:5 Rd:5`, {
    feature: type.feature,
    traits,
    operands: { ...twoRegisters(type), cond: condition('cond') },
    syntax: 'fcsel {d}, {n}, {m}, {cond}',
    brief: `Selects one of two ${type.what}-precision numbers by a condition.`,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      const holds = conditionHoldsAtRunTime(b, b.immediate('i32', o.cond));
      writeScalar(b, o.d, b.select(holds, readScalar(b, o.n, type), readScalar(b, o.m, type)));
    },
  }),
);

const immediates = FLOAT_TYPES.map(type =>
  instruction(`FMOV (scalar, immediate, ${type.what})`, `0 0 0 11110 ${type.ftype} 1 imm8:8 100 00000 Rd:5`, {
    feature: type.feature,
    traits,
    operands: {
      d: scalarRegister('Rd', type.letter),
      imm: floatImmediate(type.width, { fields: 'imm8', spread: false }),
    },
    syntax: 'fmov {d}, {imm}',
    brief: `Sets a register to a ${type.what}-precision number of few bits.`,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      b.write(o.d, b.immediate('i64', o.imm));
    },
  }),
);

export const floatingPoint: readonly Instruction[] = [
  ...oneSource,
  ...conversions,
  bfloat,
  ...twoSource,
  ...multiplyAdd,
  ...compares,
  ...conditionalCompares,
  ...selects,
  ...immediates,
];
