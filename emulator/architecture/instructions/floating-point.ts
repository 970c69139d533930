/** Scalar floating point (Arm ARM C4.1.96): arithmetic, comparison, moves. Values travel as bit patterns. */
import { instruction } from '../instruction.ts';
import { generalRegister } from '../operands/register.ts';
import { condition } from '../operands/shift.ts';
import { scalarRegister, upperHalf } from '../operands/vector.ts';
import { type Helper, hostHelper, type I64, type RegisterRef, type SemanticsBuilder } from '../semantics.ts';
import { conditionHoldsAtRunTime } from './common.ts';
import { accumulate, checkFloatingPoint } from './simd-common.ts';

const TYPES = [
  { ftype: '00', letter: 's', width: 32, what: 'single' },
  { ftype: '01', letter: 'd', width: 64, what: 'double' },
] as const;
type Type = (typeof TYPES)[number];

const signBit = (type: Type) => 1n << BigInt(type.width - 1);

/** The value of a register as a bit pattern in 64 bits. */
function readBits(b: SemanticsBuilder, register: RegisterRef, type: Type): I64 {
  return type.width === 64 ? b.read('i64', register) : b.zeroExtend(b.read('i32', register));
}
function writeBits(b: SemanticsBuilder, register: RegisterRef, value: I64, type: Type): void {
  b.write(register, type.width === 64 ? value : b.and(value, b.i64(0xffff_ffffn)));
}

interface Operation {
  readonly result: Helper;
  readonly flags: Helper;
}

function operation(name: string, operands: number): Operation {
  const parameters = Array.from({ length: operands + 1 }, () => 'i64' as const);
  return { result: hostHelper(name, parameters, 'i64'), flags: hostHelper(`${name}Flags`, parameters, 'i32') };
}

/** Computes under the current FPCR and adds the exceptions to FPSR. */
function compute(b: SemanticsBuilder, { result, flags }: Operation, ...values: I64[]): I64 {
  const fpcr = b.wideState('fpcr');
  accumulate(b, b.call('i32', flags, ...values, fpcr));
  return b.call('i64', result, ...values, fpcr);
}

const common = { feature: 'FEAT_FP', traits: ['floatingPoint'], rare: true } as const;

const twoSource = TYPES.flatMap(type =>
  (
    [
      { name: 'fmul', opcode: '0000', helper: 'floatMultiply', brief: 'Multiplies' },
      { name: 'fdiv', opcode: '0001', helper: 'floatDivide', brief: 'Divides' },
      { name: 'fadd', opcode: '0010', helper: 'floatAdd', brief: 'Adds' },
      { name: 'fsub', opcode: '0011', helper: 'floatSubtract', brief: 'Subtracts' },
      { name: 'fnmul', opcode: '1000', helper: 'floatMultiply', brief: 'Multiplies and negates' },
    ] as const
  ).map(({ name, opcode, helper, brief }) => {
    const arithmetic = operation(`${helper}${type.width}`, 2);
    return instruction(
      `${name.toUpperCase()} (scalar, ${type.what})`,
      `0 0 0 11110 ${type.ftype} 1 Rm:5 ${opcode} 10 Rn:5 Rd:5`,
      {
        ...common,
        operands: {
          d: scalarRegister('Rd', type.letter),
          n: scalarRegister('Rn', type.letter),
          m: scalarRegister('Rm', type.letter),
        },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `${brief} two ${type.what}-precision numbers.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const value = compute(b, arithmetic, readBits(b, o.n, type), readBits(b, o.m, type));
          writeBits(b, o.d, name === 'fnmul' ? b.xor(value, b.i64(signBit(type))) : value, type);
        },
      },
    );
  }),
);

const multiplyAdd = TYPES.flatMap(type =>
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
  ).map(({ name, o1, o0, product, addend, brief }) => {
    const arithmetic = operation(`floatMultiplyAdd${type.width}`, 3);
    return instruction(
      `${name.toUpperCase()} (${type.what})`,
      `0 0 0 11111 ${type.ftype} ${o1} Rm:5 ${o0} Ra:5 Rn:5 Rd:5`,
      {
        ...common,
        operands: {
          d: scalarRegister('Rd', type.letter),
          n: scalarRegister('Rn', type.letter),
          m: scalarRegister('Rm', type.letter),
          a: scalarRegister('Ra', type.letter),
        },
        syntax: `${name} {d}, {n}, {m}, {a}`,
        brief: `${brief}, rounding once.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const negate = (value: I64, wanted: boolean) => (wanted ? b.xor(value, b.i64(signBit(type))) : value);
          const a = negate(readBits(b, o.a, type), addend);
          const n = negate(readBits(b, o.n, type), product);
          writeBits(b, o.d, compute(b, arithmetic, a, n, readBits(b, o.m, type)), type);
        },
      },
    );
  }),
);

const compares = TYPES.flatMap(type =>
  (['fcmp', 'fcmpe'] as const).flatMap(name =>
    ([0, 1] as const).map(zero => {
      const compare = hostHelper(`floatCompare${type.width}`, ['i64', 'i64', 'i32', 'i64'], 'i32');
      return instruction(
        `${name.toUpperCase()} (${zero ? 'zero' : 'register'}, ${type.what})`,
        `0 0 0 11110 ${type.ftype} 1 Rm:5 00 1000 Rn:5 ${name === 'fcmpe' ? '1' : '0'} ${zero} 000`,
        {
          ...common,
          operands: {
            n: scalarRegister('Rn', type.letter),
            ...(zero ? {} : { m: scalarRegister('Rm', type.letter) }),
          } as { n: ReturnType<typeof scalarRegister>; m: ReturnType<typeof scalarRegister> },
          // Where zero is meant, Rm is ignored and should be zero.
          defaults: { Rm: 0 },
          syntax: zero ? `${name} {n}, #0.0` : `${name} {n}, {m}`,
          brief: `Compares ${type.what}-precision ${zero ? 'with zero' : 'numbers'}${name === 'fcmpe' ? ', signalling every NaN' : ''}.`,
          semantics: (b, o) => {
            checkFloatingPoint(b);
            const m = zero ? b.i64(0) : readBits(b, o.m, type);
            const signal = b.i32(name === 'fcmpe' ? 1 : 0);
            const outcome = b.call('i32', compare, readBits(b, o.n, type), m, signal, b.wideState('fpcr'));
            accumulate(b, b.shrUnsigned(outcome, b.i32(4)));
            const bit = (position: number) => b.and(b.shrUnsigned(outcome, b.i32(position)), b.i32(1));
            b.setState('n', bit(3));
            b.setState('z', bit(2));
            b.setState('c', bit(1));
            b.setState('v', bit(0));
          },
        },
      );
    }),
  ),
);

const oneSource = TYPES.flatMap(type =>
  (
    [
      { name: 'fmov', opcode: '000000', title: 'FMOV (register', brief: 'Copies' },
      { name: 'fabs', opcode: '000001', title: 'FABS (scalar', brief: 'Clears the sign of' },
      { name: 'fneg', opcode: '000010', title: 'FNEG (scalar', brief: 'Inverts the sign of' },
    ] as const
  ).map(({ name, opcode, title, brief }) =>
    instruction(`${title}, ${type.what})`, `0 0 0 11110 ${type.ftype} 1 ${opcode} 10000 Rn:5 Rd:5`, {
      ...common,
      operands: { d: scalarRegister('Rd', type.letter), n: scalarRegister('Rn', type.letter) },
      syntax: `${name} {d}, {n}`,
      brief: `${brief} a ${type.what}-precision number.`,
      semantics: (b, o) => {
        checkFloatingPoint(b);
        const n = readBits(b, o.n, type);
        const sign = b.i64(signBit(type));
        writeBits(b, o.d, name === 'fmov' ? n : name === 'fabs' ? b.and(n, b.not(sign)) : b.xor(n, sign), type);
      },
    }),
  ),
);

const selects = TYPES.map(type =>
  instruction(`FCSEL (${type.what})`, `0 0 0 11110 ${type.ftype} 1 Rm:5 cond:4 11 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: scalarRegister('Rd', type.letter),
      n: scalarRegister('Rn', type.letter),
      m: scalarRegister('Rm', type.letter),
      cond: condition('cond'),
    },
    syntax: 'fcsel {d}, {n}, {m}, {cond}',
    brief: `Selects one of two ${type.what}-precision numbers by a condition.`,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      const holds = conditionHoldsAtRunTime(b, b.immediate('i32', o.cond));
      writeBits(b, o.d, b.select(holds, readBits(b, o.n, type), readBits(b, o.m, type)), type);
    },
  }),
);

/** Moves between general-purpose and SIMD&FP registers, bit for bit. */
const generalMoves = [
  { sf: '0', ftype: '00', rmode: '00', width: 32, letter: 's' },
  { sf: '1', ftype: '01', rmode: '00', width: 64, letter: 'd' },
  { sf: '1', ftype: '10', rmode: '01', width: 64, letter: undefined },
].flatMap(({ sf, ftype, rmode, width, letter }) =>
  (['110', '111'] as const).map(opcode => {
    const toGeneral = opcode === '110';
    const vector = (field: string) => (letter ? scalarRegister(field, letter as 's') : upperHalf(field));
    const general = (field: string) => generalRegister(field, width as 64);
    return instruction(
      `FMOV (general, ${letter ?? 'upper half'}, ${toGeneral ? 'to' : 'from'} ${width === 64 ? 'x' : 'w'})`,
      `${sf as '0'} 0 0 11110 ${ftype as '00'} 1 ${rmode as '00'} ${opcode} 000000 Rn:5 Rd:5`,
      {
        ...common,
        operands: toGeneral ? { d: general('Rd'), n: vector('Rn') } : { d: vector('Rd'), n: general('Rn') },
        syntax: 'fmov {d}, {n}',
        brief: `Moves ${letter ? `${width} bits` : 'the upper half of a vector'} ${toGeneral ? 'to' : 'from'} a general-purpose register.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          if (letter) b.write(o.d, b.read(width === 64 ? 'i64' : 'i32', o.n));
          else if (toGeneral) b.write(o.d, b.wasm('i64', 'i64x2.extract_lane', [b.read('v128', o.n)], 1));
          else {
            const kept = b.read('v128', o.d);
            b.write(o.d, b.wasm('v128', 'i64x2.replace_lane', [kept, b.read('i64', o.n)], 1));
          }
        },
      },
    );
  }),
);

export const floatingPoint = [...twoSource, ...multiplyAdd, ...compares, ...oneSource, ...selects, ...generalMoves];
