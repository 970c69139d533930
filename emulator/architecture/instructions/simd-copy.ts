/** Advanced SIMD copy (Arm ARM C4.1.96): DUP, INS, UMOV and SMOV, between elements and general-purpose registers. */
import { instruction } from '../instruction.ts';
import type { OperandKind } from '../operand.ts';
import { generalRegister, generalRegisterName, parseGeneralRegister } from '../operands/register.ts';
import {
  byImm5,
  elementByImm4,
  elementByImm5,
  hiddenImmediate,
  imm5Index,
  imm5Size,
  scalarBySize,
  toImm5,
  vectorRegister,
} from '../operands/vector.ts';
import type { Fields } from '../pattern.ts';
import type { I64, RegisterRef, SemanticsBuilder, V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { extentOf, finish, Lanes, scalarExtent } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

/** The size of the element that `imm5` names; none has four zeros at its end. */
const size = { values: [0, 1, 2, 3], of: (f: Fields) => imm5Size(f) } as const;
const namesElement = (f: { readonly imm5: number }) => (f.imm5 & 15) !== 0;
const makesVector = (f: { readonly size: number; readonly Q: number }) => f.size !== 3 || f.Q === 1;
const index = hiddenImmediate('the index of the element', imm5Index.of);

/** The general-purpose register of an element: X for doublewords, W for what is smaller. */
const generalByElement = (field: string): OperandKind<RegisterRef> => ({
  role: 'register',
  bank: 'x',
  stackPointer: false,
  registerField: field,
  fields: [field],
  describe: 'a general-purpose register: x for doublewords, w otherwise',
  print: f => generalRegisterName(f[field] as number, imm5Size(f) === 3, false),
  parse: input => parseGeneralRegister(input, field, input.fields['size'] === 3 ? 64 : 32, false),
});

/** The low 64 bits or less of an element, zero-extended to 64. */
function element(lanes: Lanes, n: V128, at: Parameters<Lanes['splatElement']>[1], signed: boolean): I64 {
  const { b } = lanes;
  const spread = lanes.splatElement(n, at);
  if (lanes.size === 3) return b.wasm('i64', 'i64x2.extract_lane', [spread], 0);
  const low = b.wasm<'i32'>('i32', 'i32x4.extract_lane', [spread], 0);
  if (lanes.size === 2) return signed ? b.signExtend(low) : b.zeroExtend(low);
  const unsigned = b.and(b.zeroExtend(low), b.i64((1 << lanes.bits) - 1));
  return signed ? b.signExtendLow(unsigned, lanes.bits as 8 | 16) : unsigned;
}

const duplicateGeneral = instruction('DUP (general)', '0 Q 0 01110000 imm5:5 0 0001 1 Rn:5 Rd:5', {
  ...common,
  operands: { d: vectorRegister('Rd', toImm5), n: generalByElement('Rn') },
  syntax: 'dup {d}, {n}',
  brief: 'Copies a general-purpose register into every element of a vector.',
  allocated: f => namesElement(f) && makesVector({ Q: f.Q, size: imm5Size(f) }),
  shape: ['Q'],
  derived: { size },
  possible: makesVector,
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, f.size);
    finish(lanes, o.d, lanes.splat(b.read(f.size === 3 ? 'i64' : 'i32', o.n)), extentOf(f.Q));
  },
});

const duplicateElement = instruction('DUP (element, vector)', '0 Q 0 01110000 imm5:5 0 0000 1 Rn:5 Rd:5', {
  ...common,
  operands: { d: vectorRegister('Rd', byImm5), n: elementByImm5('Rn', 'bhsd'), index },
  syntax: 'dup {d}, {n}',
  brief: 'Copies one element of a vector into every element of another.',
  allocated: f => namesElement(f) && makesVector({ Q: f.Q, size: imm5Size(f) }),
  shape: ['Q'],
  derived: { size },
  possible: makesVector,
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, f.size);
    finish(lanes, o.d, lanes.splatElement(b.read('v128', o.n), b.immediate('i32', o.index)), extentOf(f.Q));
  },
});

const duplicateScalar = instruction('DUP (element, scalar)', '01 0 11110000 imm5:5 0 0000 1 Rn:5 Rd:5', {
  ...common,
  operands: { d: scalarBySize('Rd', 'bhsd', { by: 'imm5' }), n: elementByImm5('Rn', 'bhsd'), index },
  syntax: 'dup {d}, {n}',
  aliases: [{ syntax: 'mov {d}, {n}' }],
  brief: 'Copies one element of a vector into a scalar.',
  allocated: namesElement,
  derived: { size },
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, f.size);
    finish(lanes, o.d, lanes.splatElement(b.read('v128', o.n), b.immediate('i32', o.index)), scalarExtent(f.size));
  },
});

/** Puts a value, given in all elements, into one element of the destination and leaves the others. */
function insert(
  b: SemanticsBuilder,
  lanes: Lanes,
  d: RegisterRef,
  value: V128,
  at: Parameters<Lanes['maskOfElement']>[0],
) {
  b.write(d, lanes.select(lanes.maskOfElement(at), value, b.read('v128', d)));
}

const insertElement = instruction('INS (element)', '0 1 1 01110000 imm5:5 0 imm4:4 1 Rn:5 Rd:5', {
  ...common,
  operands: {
    d: elementByImm5('Rd', 'bhsd'),
    n: elementByImm4('Rn'),
    index,
    source: hiddenImmediate('the index of the element of the source', f => (f['imm4'] as number) >> imm5Size(f)),
  },
  syntax: 'ins {d}, {n}',
  aliases: [{ syntax: 'mov {d}, {n}' }],
  brief: 'Copies one element of a vector into one element of another, and leaves the others alone.',
  allocated: namesElement,
  derived: { size },
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, f.size);
    const value = lanes.splatElement(b.read('v128', o.n), b.immediate('i32', o.source));
    insert(b, lanes, o.d, value, b.immediate('i32', o.index));
  },
});

const insertGeneral = instruction('INS (general)', '0 1 0 01110000 imm5:5 0 0011 1 Rn:5 Rd:5', {
  ...common,
  operands: { d: elementByImm5('Rd', 'bhsd'), n: generalByElement('Rn'), index },
  syntax: 'ins {d}, {n}',
  aliases: [{ syntax: 'mov {d}, {n}' }],
  brief: 'Copies a general-purpose register into one element of a vector, and leaves the others alone.',
  allocated: namesElement,
  derived: { size },
  semantics: (b, o, f) => {
    checkFloatingPoint(b);
    const lanes = new Lanes(b, f.size);
    const value = lanes.splat(b.read(f.size === 3 ? 'i64' : 'i32', o.n));
    insert(b, lanes, o.d, value, b.immediate('i32', o.index));
  },
});

const moveUnsigned = ([0, 1] as const).map(Q =>
  instruction(`UMOV (${Q ? 'doubleword' : 'word'})`, `0 ${Q} 0 01110000 imm5:5 0 0111 1 Rn:5 Rd:5`, {
    ...common,
    operands: { d: generalRegister('Rd', Q ? 64 : 32), n: elementByImm5('Rn', Q ? 'd' : 'bhs'), index },
    syntax: 'umov {d}, {n}',
    aliases: [
      {
        syntax: 'mov {d}, {n}',
        when: f => imm5Size(f) >= 2,
        operands: { n: elementByImm5('Rn', Q ? 'd' : 's') },
      },
    ],
    brief: 'Copies one element of a vector into a general-purpose register, zero-extended.',
    allocated: f => namesElement(f) && (imm5Size(f) === 3) === (Q === 1),
    derived: { size: { ...size, values: Q ? [3] : [0, 1, 2] } },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      b.write(o.d, element(lanes, b.read('v128', o.n), b.immediate('i32', o.index), false));
    },
  }),
);

const moveSigned = ([0, 1] as const).map(Q =>
  instruction(`SMOV (${Q ? 'doubleword' : 'word'})`, `0 ${Q} 0 01110000 imm5:5 0 0101 1 Rn:5 Rd:5`, {
    ...common,
    operands: { d: generalRegister('Rd', Q ? 64 : 32), n: elementByImm5('Rn', Q ? 'bhs' : 'bh'), index },
    syntax: 'smov {d}, {n}',
    brief: 'Copies one element of a vector into a general-purpose register, sign-extended.',
    allocated: f => namesElement(f) && imm5Size(f) < 2 + Q,
    derived: { size: { ...size, values: Q ? [0, 1, 2] : [0, 1] } },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      const value = element(lanes, b.read('v128', o.n), b.immediate('i32', o.index), true);
      b.write(o.d, Q ? value : b.wrap(value));
    },
  }),
);

export const simdCopy = [
  duplicateGeneral,
  duplicateElement,
  duplicateScalar,
  insertElement,
  insertGeneral,
  ...moveUnsigned,
  ...moveSigned,
];
