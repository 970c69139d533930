/**
 * Advanced SIMD vector by element, floating point (Arm ARM C4.1: Advanced SIMD vector x indexed element, scalar x indexed
 * element): every lane with the same lane of another vector. The index is found when the instruction is executed.
 */
import { instruction } from '../instruction.ts';
import { hiddenImmediate, indexOfBits, vectorElement } from '../operands/vector.ts';
import type { I32, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';
import { floatMultiply, floatMultiplyAdd, floatMultiplyExtended } from './floating-point-arithmetic.ts';
import {
  type Bits,
  DOUBLE,
  FLOAT_TYPES,
  type FloatType,
  HALF,
  lane,
  negateBits,
  readScalar,
  writeScalar,
} from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { multiplyAddVectors, multiplyVectors, negateVector } from './simd-floating-point-arithmetic.ts';
import {
  broadcast,
  callOn,
  common,
  extent,
  lanewise,
  scalars,
  shapeOfQ,
  VECTOR_FORMS,
  vectors,
} from './simd-floating-point-common.ts';

type Compute = (b: SemanticsBuilder, type: FloatType, n: Bits, m: Bits, d: Bits) => Bits;

const letterOf = (type: FloatType) => (type === DOUBLE ? 'd' : 's');
const multiplyAddWhole = (b: SemanticsBuilder, type: FloatType, n: V128, m: V128, d: V128): V128 =>
  b.call('v128', multiplyAddVectors[letterOf(type)], d, n, m);

const operations: readonly {
  readonly name: string;
  readonly U: '0' | '1';
  readonly opcode: string;
  readonly compute: Compute;
  /** The same on whole vectors of singles or doubles, where there is a faster way. */
  readonly whole?: (b: SemanticsBuilder, type: FloatType, n: V128, m: V128, d: V128) => V128;
  readonly brief: string;
}[] = [
  {
    name: 'fmla',
    U: '0',
    opcode: '0001',
    compute: (b, type, n, m, d) => callOn(floatMultiplyAdd)(b, type, d, n, m),
    whole: multiplyAddWhole,
    brief: 'Adds products of lanes with an element, rounding once',
  },
  {
    name: 'fmls',
    U: '0',
    opcode: '0101',
    compute: (b, type, n, m, d) => callOn(floatMultiplyAdd)(b, type, d, negateBits(b, type, n), m),
    whole: (b, type, n, m, d) => multiplyAddWhole(b, type, negateVector(b, type, n), m, d),
    brief: 'Subtracts products of lanes with an element, rounding once',
  },
  {
    name: 'fmul',
    U: '0',
    opcode: '1001',
    compute: (b, type, n, m) => callOn(floatMultiply)(b, type, n, m),
    whole: (b, type, n, m) => b.call('v128', multiplyVectors[letterOf(type)], n, m),
    brief: 'Multiplies lanes with an element',
  },
  {
    name: 'fmulx',
    U: '1',
    opcode: '1001',
    compute: (b, type, n, m) => callOn(floatMultiplyExtended)(b, type, n, m),
    brief: 'Multiplies lanes with an element, zero times infinity giving two',
  },
];

/** Where each format has its register and its index: `size`, then L, M and Rm, later H. */
const FIELDS = {
  h: { bits: '00 L M Rm:4', index: indexOfBits('H', 'L', 'M'), registers: 16 },
  s: { bits: '10 L Rm:5', index: indexOfBits('H', 'L'), registers: 32 },
  d: { bits: '11 0 Rm:5', index: indexOfBits('H'), registers: 32 },
} as const;

const accumulates = (name: string) => name.startsWith('fml');

/** The element as an operand, and the index for semantics. */
function elementOperands(type: FloatType) {
  const { index, registers } = FIELDS[type.letter];
  return {
    m: vectorElement('Rm', type.letter, index, registers),
    index: hiddenImmediate('the index of the element', index.of),
  };
}

function elementOf(b: SemanticsBuilder, type: FloatType, register: RegisterRef, index: I32): Bits {
  return lane(b, type, broadcast(b, type.width / 8, b.read('v128', register), index), 0);
}

const vectorForms = operations.flatMap(({ name, U, opcode, compute, whole, brief }) =>
  VECTOR_FORMS.map(({ type, Q }) =>
    instruction(
      `${name.toUpperCase()} (by element, vector, ${type.what})`,
      `0 ${Q} ${U} 01111 ${FIELDS[type.letter].bits} ${opcode as '0000'} H 0 Rn:5 Rd:5`,
      {
        ...common,
        feature: type.vectorFeature,
        operands: { ...vectors(type), ...elementOperands(type) },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `${brief}, in ${type.what} precision.`,
        shape: shapeOfQ(type),
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const n = b.read('v128', o.n);
          const d = accumulates(name) ? b.read('v128', o.d) : n;
          if (whole && type !== HALF && extent(type, f)) {
            const all = broadcast(b, type.width / 8, b.read('v128', o.m), b.immediate('i32', o.index));
            b.write(o.d, whole(b, type, n, all, d));
            return;
          }
          const m = elementOf(b, type, o.m, b.immediate('i32', o.index));
          const result = lanewise(b, type, extent(type, f), i =>
            compute(b, type, lane(b, type, n, i), m, lane(b, type, d, i)),
          );
          b.write(o.d, result);
        },
      },
    ),
  ),
);

const scalarForms = operations.flatMap(({ name, U, opcode, compute, brief }) =>
  FLOAT_TYPES.map(type =>
    instruction(
      `${name.toUpperCase()} (by element, scalar, ${type.what})`,
      `01 ${U} 11111 ${FIELDS[type.letter].bits} ${opcode as '0000'} H 0 Rn:5 Rd:5`,
      {
        ...common,
        feature: type.vectorFeature,
        operands: { ...scalars(type), ...elementOperands(type) },
        syntax: `${name} {d}, {n}, {m}`,
        brief: `${brief.replace('lanes', 'a number')}, in ${type.what} precision.`,
        semantics: (b, o) => {
          checkFloatingPoint(b);
          const n = readScalar(b, o.n, type);
          const d = accumulates(name) ? readScalar(b, o.d, type) : n;
          const m = elementOf(b, type, o.m, b.immediate('i32', o.index));
          writeScalar(b, o.d, compute(b, type, n, m, d));
        },
      },
    ),
  ),
);

export const simdFloatingPointElement = [...vectorForms, ...scalarForms];
