/**
 * Complex numbers in vectors (FEAT_FCMA): a pair of lanes is a number, its real part in the lower one (Arm ARM C4.1: Advanced SIMD three-register
 * extension, vector x indexed element).
 */

import { instruction } from '../instruction.ts';
import type { OperandKind } from '../operand.ts';
import { current, type ImmediateRef, problem } from '../operand.ts';
import { immediateAt } from '../operands/immediate.ts';
import { always, hiddenImmediate, indexOfBits, vectorElement, vectorRegister } from '../operands/vector.ts';
import type { SemanticsBuilder, V128 } from '../semantics.ts';
import { floatAdd, floatMultiplyAdd } from './floating-point-arithmetic.ts';
import { type Bits, type FloatType, HALF, lane, negateBits, SINGLE } from './floating-point-values.ts';
import { checkFloatingPoint } from './simd-common.ts';
import {
  arrangementOf,
  broadcast,
  callOn,
  common,
  extent,
  lanewise,
  shapeOfQ,
  VECTOR_FORMS,
} from './simd-floating-point-common.ts';

const SIZES = { h: '01', s: '10', d: '11' } as const;

/** A rotation in degrees, by a field. */
function rotation(degrees: readonly number[]): OperandKind<ImmediateRef> {
  const expected = `a rotation of ${degrees.join(', ').replace(/, (\d+)$/, ' or $1')} degrees`;
  return {
    role: 'immediate',
    fields: ['rot'],
    describe: expected,
    storedAs: 'u8',
    print: f => `#${degrees[f['rot'] as number]}`,
    parse: input => {
      const immediate = immediateAt(input);
      if (immediate?.value === undefined) return problem(`expected ${expected}`, current(input)?.span);
      const rot = degrees.indexOf(Number(immediate.value));
      if (rot < 0) return problem(`${immediate.value} is not ${expected}`, immediate.span, true);
      return { fields: { rot }, consumed: 1 };
    },
    value: f => BigInt(degrees[f['rot'] as number] as number),
  };
}

/** The lane computed from the parts of one number of each vector. */
type Parts = readonly [real: Bits, imaginary: Bits];
const partsOf = (b: SemanticsBuilder, type: FloatType, vector: V128, i: number): Parts => [
  lane(b, type, vector, i & ~1),
  lane(b, type, vector, i | 1),
];

const additions = VECTOR_FORMS.map(({ type, Q }) =>
  instruction(`FCADD (${type.what})`, `0 ${Q} 1 01110 ${SIZES[type.letter]} 0 Rm:5 111 rot 01 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_FCMA',
    operands: {
      d: vectorRegister('Rd', arrangementOf(type)),
      n: vectorRegister('Rn', arrangementOf(type)),
      m: vectorRegister('Rm', arrangementOf(type)),
      rot: rotation([90, 270]),
    },
    syntax: 'fcadd {d}, {n}, {m}, {rot}',
    brief: `Adds complex numbers in ${type.what} precision, the second turned by a quarter or three quarters.`,
    shape: [...shapeOfQ(type), 'rot'] as ['Q', 'rot'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const [n, m] = [b.read('v128', o.n), b.read('v128', o.m)];
      const result = lanewise(b, type, extent(type, f), i => {
        const [real, imaginary] = partsOf(b, type, m, i);
        const other = i & 1 ? real : imaginary;
        // A quarter turn makes (-imaginary, real), three quarters (imaginary, -real).
        const negative = (i & 1) === f.rot;
        return callOn(floatAdd)(b, type, lane(b, type, n, i), negative ? negateBits(b, type, other) : other);
      });
      b.write(o.d, result);
    },
  }),
);

/** One lane of FCMLA: half of a complex product, turned by `rot` quarters, added to the destination's lane. */
function multiplyAdd(b: SemanticsBuilder, type: FloatType, rot: number, i: number, n: Parts, m: Parts, d: Bits): Bits {
  const factor = n[rot & 1] as Bits;
  const other = m[(i ^ rot) & 1] as Bits;
  // The real lane loses the product of imaginary parts; half a turn negates both.
  const negative = rot >= 2 !== ((i & 1) === 0 && (rot & 1) === 1);
  return callOn(floatMultiplyAdd)(b, type, d, factor, negative ? negateBits(b, type, other) : other);
}

const products = VECTOR_FORMS.map(({ type, Q }) =>
  instruction(`FCMLA (${type.what})`, `0 ${Q} 1 01110 ${SIZES[type.letter]} 0 Rm:5 110 rot:2 1 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_FCMA',
    operands: {
      d: vectorRegister('Rd', arrangementOf(type)),
      n: vectorRegister('Rn', arrangementOf(type)),
      m: vectorRegister('Rm', arrangementOf(type)),
      rot: rotation([0, 90, 180, 270]),
    },
    syntax: 'fcmla {d}, {n}, {m}, {rot}',
    brief: `Adds half of the product of complex numbers, turned, in ${type.what} precision.`,
    shape: [...shapeOfQ(type), 'rot'] as ['Q', 'rot'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const [n, m, d] = [b.read('v128', o.n), b.read('v128', o.m), b.read('v128', o.d)];
      const result = lanewise(b, type, extent(type, f), i =>
        multiplyAdd(b, type, f.rot, i, partsOf(b, type, n, i), partsOf(b, type, m, i), lane(b, type, d, i)),
      );
      b.write(o.d, result);
    },
  }),
);

/** The index counts complex numbers; a half vector of halves has two. */
const byElement = (
  [
    { type: HALF, Q: '0', head: '01 L Rm:5', H: '0', index: indexOfBits('L'), arrangement: '4h' },
    { type: HALF, Q: '1', head: '01 L Rm:5', H: 'H', index: indexOfBits('H', 'L'), arrangement: '8h' },
    { type: SINGLE, Q: '1', head: '10 0 Rm:5', H: 'H', index: indexOfBits('H'), arrangement: '4s' },
  ] as const
).map(({ type, Q, head, H, index, arrangement }) =>
  instruction(`FCMLA (by element, ${arrangement})`, `0 ${Q} 1 01111 ${head} 0 rot:2 1 ${H} 0 Rn:5 Rd:5`, {
    ...common,
    feature: 'FEAT_FCMA',
    operands: {
      d: vectorRegister('Rd', always(arrangement)),
      n: vectorRegister('Rn', always(arrangement)),
      m: vectorElement('Rm', type.letter, index),
      index: hiddenImmediate('the index of the complex number', index.of),
      rot: rotation([0, 90, 180, 270]),
    },
    syntax: 'fcmla {d}, {n}, {m}, {rot}',
    brief: `Adds half of the products of complex numbers with one of them, turned, in ${type.what} precision.`,
    shape: ['rot'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const [n, d] = [b.read('v128', o.n), b.read('v128', o.d)];
      const m = broadcast(b, type.width / 4, b.read('v128', o.m), b.immediate('i32', o.index));
      const result = lanewise(b, type, Number(Q), i =>
        multiplyAdd(b, type, f.rot, i, partsOf(b, type, n, i), partsOf(b, type, m, 0), lane(b, type, d, i)),
      );
      b.write(o.d, result);
    },
  }),
);

export const simdFloatingPointComplex = [...additions, ...products, ...byElement];
