/** Advanced SIMD and scalar shift by immediate (Arm ARM C4.1.96). `immh` tells the element's size and, with `immb`, the amount. */
import { instruction } from '../instruction.ts';
import {
  byShift,
  byShiftAlone,
  hasSize,
  type Sizes,
  scalarBySize,
  shiftAmount,
  sizeOfShift,
  unshifted,
  vectorRegister,
} from '../operands/vector.ts';
import type { Fields } from '../pattern.ts';
import type { I32, V128 } from '../semantics.ts';
import { checkFloatingPoint } from './simd-common.ts';
import { halves } from './simd-halves.ts';
import { extentOf, finish, finishNarrow, Lanes, scalarExtent } from './simd-lanes.ts';

const common = { feature: 'FEAT_AdvSIMD', traits: ['vector'], rare: true } as const;

interface Shift {
  readonly name: string;
  /** U and opcode of the encoding. */
  readonly code: string;
  readonly direction: 'left' | 'right';
  readonly scalar: Sizes;
  readonly brief: string;
  readonly compute: (lanes: Lanes, n: V128, by: I32, d: () => V128) => V128;
}

const signs = (
  names: readonly [string, string],
  opcode: string,
  rest: Omit<Shift, 'name' | 'code' | 'compute'>,
  compute: (signed: boolean, ...sources: Parameters<Shift['compute']>) => V128,
): Shift[] =>
  names.map((name, U) => ({
    ...rest,
    name,
    code: `${U} ${opcode}`,
    brief: rest.brief.replace('*', U ? 'unsigned' : 'signed'),
    compute: (...sources) => compute(U === 0, ...sources),
  }));

const sameSize: readonly Shift[] = [
  ...signs(
    ['sshr', 'ushr'],
    '00000',
    { direction: 'right', scalar: 'd', brief: 'Shifts * elements right.' },
    (signed, lanes, n, by) => lanes.shiftRight(signed, n, by),
  ),
  ...signs(
    ['ssra', 'usra'],
    '00010',
    { direction: 'right', scalar: 'd', brief: 'Shifts * elements right and adds them to the destination.' },
    (signed, lanes, n, by, d) => lanes.add(d(), lanes.shiftRight(signed, n, by)),
  ),
  ...signs(
    ['srshr', 'urshr'],
    '00100',
    { direction: 'right', scalar: 'd', brief: 'Shifts * elements right and rounds.' },
    (signed, lanes, n, by) => lanes.roundingShiftRight(signed, n, by),
  ),
  ...signs(
    ['srsra', 'ursra'],
    '00110',
    { direction: 'right', scalar: 'd', brief: 'Shifts * elements right, rounds and adds them to the destination.' },
    (signed, lanes, n, by, d) => lanes.add(d(), lanes.roundingShiftRight(signed, n, by)),
  ),
  {
    name: 'sri',
    code: '1 01000',
    direction: 'right',
    scalar: 'd',
    brief: 'Shifts elements right and inserts them, leaving the upper bits of the destination.',
    compute: (lanes, n, by, d) =>
      lanes.select(lanes.shiftRight(false, lanes.all(-1), by), lanes.shiftRight(false, n, by), d()),
  },
  {
    name: 'shl',
    code: '0 01010',
    direction: 'left',
    scalar: 'd',
    brief: 'Shifts elements left.',
    compute: (lanes, n, by) => lanes.shl(n, by),
  },
  {
    name: 'sli',
    code: '1 01010',
    direction: 'left',
    scalar: 'd',
    brief: 'Shifts elements left and inserts them, leaving the low bits of the destination.',
    compute: (lanes, n, by, d) => lanes.select(lanes.shl(lanes.all(-1), by), lanes.shl(n, by), d()),
  },
  {
    name: 'sqshlu',
    code: '1 01100',
    direction: 'left',
    scalar: 'bhsd',
    brief: 'Shifts signed elements left and saturates them as unsigned.',
    compute: (lanes, n, by) => lanes.saturatingShiftLeft(true, false, n, by),
  },
  ...signs(
    ['sqshl', 'uqshl'],
    '01110',
    { direction: 'left', scalar: 'bhsd', brief: 'Shifts * elements left and saturates.' },
    (signed, lanes, n, by) => lanes.saturatingShiftLeft(signed, signed, n, by),
  ),
];

const size = { values: [0, 1, 2, 3], of: (f: Fields) => sizeOfShift(f) } as const;
const halfSize = { values: [0, 1, 2], of: (f: Fields) => sizeOfShift(f) } as const;
const title = (name: string, form: string) => `${name.toUpperCase()} (${form})`;

const vectors = sameSize.map(({ name, code, direction, brief, compute }) => {
  const [U, opcode] = code.split(' ') as ['0', '00000'];
  const arrangement = byShift('bhsd');
  return instruction(title(name, 'vector, immediate'), `0 Q ${U} 011110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: vectorRegister('Rd', arrangement),
      n: vectorRegister('Rn', arrangement),
      shift: shiftAmount(direction),
    },
    syntax: `${name} {d}, {n}, {shift}`,
    brief,
    allocated: f => f.immh !== 0 && (f.immh < 8 || f.Q === 1),
    shape: ['Q'],
    derived: { size },
    possible: f => f.size !== 3 || f.Q === 1,
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      const n = b.read('v128', o.n);
      const value = compute(lanes, n, b.immediate('i32', o.shift), () => b.read('v128', o.d));
      finish(lanes, o.d, value, extentOf(f.Q));
    },
  });
});

const scalars = sameSize.map(({ name, code, direction, scalar, brief, compute }) => {
  const [U, opcode] = code.split(' ') as ['0', '00000'];
  return instruction(title(name, 'scalar, immediate'), `01 ${U} 111110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    operands: {
      d: scalarBySize('Rd', scalar, { by: 'immh' }),
      n: scalarBySize('Rn', scalar, { by: 'immh' }),
      shift: shiftAmount(direction),
    },
    syntax: `${name} {d}, {n}, {shift}`,
    brief: brief.replace('elements', 'scalars'),
    allocated: f => f.immh !== 0 && hasSize(scalar, sizeOfShift(f)),
    derived: { size: { ...size, values: scalar === 'd' ? [3] : size.values } },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      const n = b.read('v128', o.n);
      const value = compute(lanes, n, b.immediate('i32', o.shift), () => b.read('v128', o.d));
      finish(lanes, o.d, value, scalarExtent(f.size));
    },
  });
});

type Signedness = 'signed' | 'unsigned';

/** Shifts right to half the size: from which numbers to which they saturate, if they do. */
const narrowing: readonly {
  name: string;
  code: string;
  rounding: boolean;
  saturates?: readonly [Signedness, Signedness];
  brief: string;
}[] = (
  [
    { names: ['shrn', 'rshrn'], code: '0 1000', brief: 'Shifts elements right and keeps their low halves' },
    {
      names: ['sqshrun', 'sqrshrun'],
      code: '1 1000',
      saturates: ['signed', 'unsigned'],
      brief: 'Shifts signed elements right and saturates them as unsigned ones of half the size',
    },
    {
      names: ['sqshrn', 'sqrshrn'],
      code: '0 1001',
      saturates: ['signed', 'signed'],
      brief: 'Shifts signed elements right and saturates them to half the size',
    },
    {
      names: ['uqshrn', 'uqrshrn'],
      code: '1 1001',
      saturates: ['unsigned', 'unsigned'],
      brief: 'Shifts unsigned elements right and saturates them to half the size',
    },
  ] as const
).flatMap(({ names, ...form }) =>
  names.map((name, rounding) => ({
    ...form,
    name,
    code: `${form.code}${rounding}`,
    rounding: rounding === 1,
    brief: `${form.brief}${rounding ? ', rounded' : ''}.`,
  })),
);

/** The narrowed elements, in the low half. */
function narrowed(
  lanes: Lanes,
  n: V128,
  by: I32,
  { rounding, saturates }: { rounding: boolean; saturates?: readonly [Signedness, Signedness] },
): V128 {
  const signed = saturates?.[0] === 'signed';
  const shifted = rounding ? lanes.wider.roundingShiftRight(signed, n, by) : lanes.wider.shiftRight(signed, n, by);
  return lanes.narrow(saturates ? lanes.clampWide(...saturates, shifted) : shifted);
}

const narrowingVectors = narrowing.map(form => {
  const [U, opcode] = form.code.split(' ') as ['0', '10000'];
  return instruction(form.name.toUpperCase(), `0 Q ${U} 011110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`, {
    ...common,
    ...halves(form.name, '{d}, {n}, {shift}', Q => ({
      d: vectorRegister('Rd', byShiftAlone('bhs', Q)),
      n: vectorRegister('Rn', byShiftAlone('bhs', 1, 1)),
      shift: shiftAmount('right'),
    })),
    brief: form.brief,
    allocated: f => f.immh !== 0 && f.immh < 8,
    shape: ['Q'],
    derived: { size: halfSize },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      const value = narrowed(lanes, b.read('v128', o.n), b.immediate('i32', o.shift), form);
      finishNarrow(lanes, o.d, value, f.Q);
    },
  });
});

const narrowingScalars = narrowing
  .filter(({ saturates }) => saturates)
  .map(form => {
    const [U, opcode] = form.code.split(' ') as ['0', '10000'];
    return instruction(title(form.name, 'scalar'), `01 ${U} 111110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`, {
      ...common,
      operands: {
        d: scalarBySize('Rd', 'bhs', { by: 'immh' }),
        n: scalarBySize('Rn', 'bhs', { by: 'immh', wider: 1 }),
        shift: shiftAmount('right'),
      },
      syntax: `${form.name} {d}, {n}, {shift}`,
      brief: form.brief.replace('elements', 'scalars'),
      allocated: f => f.immh !== 0 && f.immh < 8,
      derived: { size: halfSize },
      semantics: (b, o, f) => {
        checkFloatingPoint(b);
        const lanes = new Lanes(b, f.size);
        const value = narrowed(lanes, b.read('v128', o.n), b.immediate('i32', o.shift), form);
        finish(lanes, o.d, value, scalarExtent(f.size), scalarExtent(f.size + 1));
      },
    });
  });

const lengthening = (
  [
    { name: 'sshll', unshiftedName: 'sxtl', signed: true },
    { name: 'ushll', unshiftedName: 'uxtl', signed: false },
  ] as const
).map(({ name, unshiftedName, signed }) => {
  const unshiftedOperands = (Q: number) => ({
    d: vectorRegister('Rd', byShiftAlone('bhs', 1, 1)),
    n: vectorRegister('Rn', unshifted('bhs', Q)),
  });
  const noShift = (f: Fields) => f['immh'] === 1 << sizeOfShift(f) && f['immb'] === 0;
  const rows = halves(name, '{d}, {n}, {shift}', Q => ({
    d: vectorRegister('Rd', byShiftAlone('bhs', 1, 1)),
    n: vectorRegister('Rn', byShiftAlone('bhs', Q)),
    shift: shiftAmount('left'),
  }));
  return instruction(name.toUpperCase(), `0 Q ${signed ? '0' : '1'} 011110 immh:4 immb:3 10100 1 Rn:5 Rd:5`, {
    ...common,
    ...rows,
    aliases: [
      ...[0, 1].map(Q => ({
        syntax: `${unshiftedName}${Q ? '2' : ''} {d}, {n}`,
        fixed: { Q },
        when: noShift,
        operands: unshiftedOperands(Q),
      })),
      ...rows.aliases,
    ],
    brief: `Extends ${signed ? 'signed' : 'unsigned'} elements to twice their size and shifts them left.`,
    allocated: f => f.immh !== 0 && f.immh < 8,
    shape: ['Q'],
    derived: { size: halfSize },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const lanes = new Lanes(b, f.size);
      const extended = lanes.extend(f.Q, signed, b.read('v128', o.n));
      finish(lanes, o.d, lanes.wider.shl(extended, b.immediate('i32', o.shift)), 128);
    },
  });
});

export const shiftImmediate = [...vectors, ...scalars, ...narrowingVectors, ...narrowingScalars, ...lengthening];
