/**
 * Conversions between floating-point numbers and integers or fixed-point numbers in general-purpose registers, and moves
 * between the two banks (Arm ARM C4.1, Conversion between floating-point and integer, and fixed-point).
 */
import { type Instruction, instruction } from '../instruction.ts';
import { fractionBits } from '../operands/floating-point.ts';
import { generalRegister } from '../operands/register.ts';
import { scalarRegister, upperHalf } from '../operands/vector.ts';
import type { I64, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { fromInteger, toInteger, toJavaScriptInteger } from './floating-point-conversions.ts';
import { FLOAT_TYPES, type FloatType, HALF, readScalar, writeScalar } from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';

const traits = ['floatingPoint'] as const;
const WIDTHS = [
  { sf: '0', width: 32 },
  { sf: '1', width: 64 },
] as const;
const SIGNS = [
  { letter: 's', bit: '0', unsigned: false, what: 'signed' },
  { letter: 'u', bit: '1', unsigned: true, what: 'unsigned' },
] as const;

const ROUNDINGS = [
  { letter: 'n', rmode: '00', opcode: '00', rounding: 'nearest', how: 'to the nearest, ties to the even one' },
  { letter: 'a', rmode: '00', opcode: '10', rounding: 'away', how: 'to the nearest, ties away from zero' },
  { letter: 'p', rmode: '01', opcode: '00', rounding: 'plus', how: 'up' },
  { letter: 'm', rmode: '10', opcode: '00', rounding: 'minus', how: 'down' },
  { letter: 'z', rmode: '11', opcode: '00', rounding: 'zero', how: 'towards zero' },
] as const;

const toIntegers = FLOAT_TYPES.flatMap(type =>
  WIDTHS.flatMap(({ sf, width }) =>
    SIGNS.flatMap(sign =>
      ROUNDINGS.map(({ letter, rmode, opcode, rounding, how }) => {
        const name = `fcvt${letter}${sign.letter}`;
        const convert = toInteger(rounding, { width, unsigned: sign.unsigned }, false);
        return instruction(
          `${name.toUpperCase()} (scalar, ${type.what} to ${width}-bit)`,
          `${sf} 0 0 11110 ${type.ftype} 1 ${rmode} ${opcode[0] as '0'} 0 ${sign.bit} 000000 Rn:5 Rd:5`,
          {
            feature: type.feature,
            traits,
            operands: { d: generalRegister('Rd', width), n: scalarRegister('Rn', type.letter) },
            syntax: `${name} {d}, {n}`,
            brief: `Converts a ${type.what}-precision number to a ${sign.what} ${width}-bit integer, rounding ${how}.`,
            semantics: (b, o) => {
              checkFloatingPoint(b);
              b.write(o.d, b.call('i64', convert[type.letter], readScalar(b, o.n, type)));
            },
          },
        );
      }),
    ),
  ),
);

/** An integer of a general-purpose register in 64 bits. */
function readInteger(b: SemanticsBuilder, register: RegisterRef, width: 32 | 64, unsigned: boolean): I64 {
  if (width === 64) return b.read('i64', register);
  const value = b.read('i32', register);
  return unsigned ? b.zeroExtend(value) : b.signExtend(value);
}

const fromIntegers = FLOAT_TYPES.flatMap(type =>
  WIDTHS.flatMap(({ sf, width }) =>
    SIGNS.map(({ letter, bit, unsigned, what }) => {
      const convert = fromInteger({ width, unsigned }, false);
      return instruction(
        `${letter.toUpperCase()}CVTF (scalar, ${width}-bit to ${type.what})`,
        `${sf} 0 0 11110 ${type.ftype} 1 00 01 ${bit} 000000 Rn:5 Rd:5`,
        {
          feature: type.feature,
          traits,
          operands: { d: scalarRegister('Rd', type.letter), n: generalRegister('Rn', width) },
          syntax: `${letter}cvtf {d}, {n}`,
          brief: `Converts a ${what} ${width}-bit integer to ${type.what} precision.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            writeScalar(b, o.d, b.call(type.word, convert[type.letter], readInteger(b, o.n, width, unsigned)));
          },
        },
      );
    }),
  ),
);

/** The field holds 64 less the number of bits behind the point; for 32-bit registers its top bit is set. */
const inRange = (width: 32 | 64) => (f: { readonly scale: number }) => width === 64 || f.scale >= 32;

const fixedPoint = FLOAT_TYPES.flatMap(type =>
  WIDTHS.flatMap(({ sf, width }) =>
    SIGNS.flatMap(({ letter, bit, unsigned, what }) => {
      const bits = fractionBits('scale', 6, width);
      const general = (field: string) => generalRegister(field, width);
      const from = fromInteger({ width, unsigned }, true);
      const to = toInteger('zero', { width, unsigned }, true);
      return [
        instruction(
          `${letter.toUpperCase()}CVTF (scalar, ${width}-bit fixed-point to ${type.what})`,
          `${sf} 0 0 11110 ${type.ftype} 0 00 01 ${bit} scale:6 Rn:5 Rd:5`,
          {
            feature: type.feature,
            traits,
            operands: { d: scalarRegister('Rd', type.letter), n: general('Rn'), bits },
            syntax: `${letter}cvtf {d}, {n}, {bits}`,
            brief: `Converts a ${what} ${width}-bit fixed-point number to ${type.what} precision.`,
            allocated: inRange(width),
            semantics: (b, o) => {
              checkFloatingPoint(b);
              const value = readInteger(b, o.n, width, unsigned);
              writeScalar(b, o.d, b.call(type.word, from[type.letter], value, b.immediate('i32', o.bits)));
            },
          },
        ),
        instruction(
          `FCVTZ${letter.toUpperCase()} (scalar, ${type.what} to ${width}-bit fixed-point)`,
          `${sf} 0 0 11110 ${type.ftype} 0 11 00 ${bit} scale:6 Rn:5 Rd:5`,
          {
            feature: type.feature,
            traits,
            operands: { d: general('Rd'), n: scalarRegister('Rn', type.letter), bits },
            syntax: `fcvtz${letter} {d}, {n}, {bits}`,
            brief: `Converts a ${type.what}-precision number to a ${what} ${width}-bit fixed-point number, rounding towards zero.`,
            allocated: inRange(width),
            semantics: (b, o) => {
              checkFloatingPoint(b);
              const value = b.call('i64', to[type.letter], readScalar(b, o.n, type), b.immediate('i32', o.bits));
              b.write(o.d, value);
            },
          },
        ),
      ];
    }),
  ),
);

const javaScript = instruction('FJCVTZS', '0 0 0 11110 01 1 11 110 000000 Rn:5 Rd:5', {
  feature: 'FEAT_JSCVT',
  traits,
  operands: { d: generalRegister('Rd', 32), n: scalarRegister('Rn', 'd') },
  syntax: 'fjcvtzs {d}, {n}',
  brief: 'Converts a number to the low 32 bits of its integer part, and sets Z when that is the number.',
  semantics: (b, o) => {
    checkFloatingPoint(b);
    const outcome = b.variable(b.call('i64', toJavaScriptInteger, b.read('i64', o.n)));
    b.write(o.d, b.wrap(b.valueOf(outcome)));
    b.setState('n', b.i32(0));
    b.setState('z', b.wrap(b.shrUnsigned(b.valueOf(outcome), b.i64(32))));
    b.setState('c', b.i32(0));
    b.setState('v', b.i32(0));
  },
});

/** FMOV between the banks, bit for bit. */
const moves = [
  ...FLOAT_TYPES.map(type => ({ type, sf: type.width === 64 ? '1' : '0' }) as const),
  { type: HALF, sf: '1' } as const,
].flatMap(({ type, sf }) =>
  (['110', '111'] as const).map(opcode => move(type, sf === '1' ? 64 : 32, opcode === '110')),
);

function move(type: FloatType, width: 32 | 64, toGeneral: boolean): Instruction {
  const opcode = toGeneral ? '110' : '111';
  return instruction(
    `FMOV (general, ${type.what} ${toGeneral ? 'to' : 'from'} ${width}-bit)`,
    `${width === 64 ? '1' : '0'} 0 0 11110 ${type.ftype} 1 00 ${opcode} 000000 Rn:5 Rd:5`,
    {
      feature: type.feature,
      traits,
      operands: toGeneral
        ? { d: generalRegister('Rd', width), n: scalarRegister('Rn', type.letter) }
        : { d: scalarRegister('Rd', type.letter), n: generalRegister('Rn', width) },
      syntax: 'fmov {d}, {n}',
      brief: `Moves ${type.width} bits ${toGeneral ? 'to' : 'from'} a general-purpose register.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        if (toGeneral) b.write(o.d, readScalar(b, o.n, type));
        else if (type.width === 64) b.write(o.d, b.read('i64', o.n));
        else {
          const value = b.read('i32', o.n);
          b.write(o.d, type === HALF ? b.and(value, b.i32(0xffff)) : value);
        }
      },
    },
  );
}

const upperHalves = (['110', '111'] as const).map(opcode => {
  const toGeneral = opcode === '110';
  return instruction(
    `FMOV (general, upper half ${toGeneral ? 'to' : 'from'} 64-bit)`,
    `1 0 0 11110 10 1 01 ${opcode} 000000 Rn:5 Rd:5`,
    {
      feature: 'FEAT_FP',
      traits,
      operands: toGeneral
        ? { d: generalRegister('Rd', 64), n: upperHalf('Rn') }
        : { d: upperHalf('Rd'), n: generalRegister('Rn', 64) },
      syntax: 'fmov {d}, {n}',
      brief: `Moves the upper half of a vector ${toGeneral ? 'to' : 'from'} a general-purpose register.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        if (toGeneral) b.write(o.d, b.wasm('i64', 'i64x2.extract_lane', [b.read('v128', o.n)], 1));
        else b.write(o.d, b.wasm('v128', 'i64x2.replace_lane', [b.read('v128', o.d), b.read('i64', o.n)], 1));
      },
    },
  );
});

export const floatingPointInteger: readonly Instruction[] = [
  ...toIntegers,
  ...fromIntegers,
  ...fixedPoint,
  javaScript,
  ...moves,
  ...upperHalves,
];
