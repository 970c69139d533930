/** Add/subtract: immediate, shifted register, extended register, with carry (Arm ARM C4.1.92, C4.1.95). */
import { instruction } from '../instruction.ts';
import { addSubImmediate, negatedAddSubImmediate } from '../operands/immediate.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { extendedRegister, registerExtend, registerShift } from '../operands/shift.ts';
import type { Fields } from '../pattern.ts';
import type { SemanticsBuilder, Value } from '../semantics.ts';
import { addSetting, addWithCarry, extendRegister, shiftRegister, subSetting, typeOf } from './common.ts';

/** The four operations of the group: `op` subtracts, `S` sets flags. */
const operations = [
  { name: 'add', op: 0, S: 0, brief: 'Adds' },
  { name: 'adds', op: 0, S: 1, brief: 'Adds and sets the flags' },
  { name: 'sub', op: 1, S: 0, brief: 'Subtracts' },
  { name: 'subs', op: 1, S: 1, brief: 'Subtracts and sets the flags' },
] as const;

const title = (name: string) => name.toUpperCase();
const compare = (op: number) => (op ? 'cmp' : 'cmn');

function combine<T extends 'i32' | 'i64'>(
  b: SemanticsBuilder,
  op: number,
  S: number,
  x: Value<T>,
  y: Value<T>,
): Value<T> {
  return op ? subSetting(b, x, y, S === 1) : addSetting(b, x, y, S === 1);
}

const immediate = operations.map(({ name, op, S, brief }) => {
  const d = S ? generalRegister('Rd', 'sf') : generalRegisterOrSp('Rd', 'sf');
  const n = generalRegisterOrSp('Rn', 'sf');
  const opposite = operations.find(one => one.S === S && one.op !== op)?.name as string;
  const negated = {
    operands: { d, n, imm: negatedAddSubImmediate('imm12', 'sh') },
    // ADD of a negative number is written, and SUB is what is printed.
    when: () => false,
  };
  return instruction(`${title(name)} (immediate)`, `sf ${op} ${S} 100010 sh imm12:12 Rn:5 Rd:5`, {
    operands: { d, n, imm: addSubImmediate('imm12', 'sh') },
    syntax: `${name} {d}, {n}, {imm}`,
    aliases: [
      ...(S ? [{ syntax: `${compare(op)} {n}, {imm}`, fixed: { Rd: 31 } }] : []),
      ...(S || op
        ? []
        : [
            {
              syntax: 'mov {d}, {n}',
              fixed: { imm12: 0, sh: 0 },
              when: (f: Fields) => f['Rd'] === 31 || f['Rn'] === 31,
            },
          ]),
      { syntax: `${opposite} {d}, {n}, {imm}`, ...negated },
      ...(S ? [{ syntax: `${compare(1 - op)} {n}, {imm}`, fixed: { Rd: 31 }, ...negated }] : []),
    ],
    brief: `${brief}: a register and a 12-bit immediate.`,
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      b.write(o.d, combine(b, op, S, b.read(type, o.n), b.immediate(type, o.imm)));
    },
  });
});

const shifted = operations.map(({ name, op, S, brief }) =>
  instruction(`${title(name)} (shifted register)`, `sf ${op} ${S} 01011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5`, {
    operands: {
      d: generalRegister('Rd', 'sf'),
      n: generalRegister('Rn', 'sf'),
      m: generalRegister('Rm', 'sf'),
      shift: registerShift('shift', 'imm6', false),
    },
    syntax: `${name} {d}, {n}, {m}, {shift}`,
    aliases: [
      ...(S ? [{ syntax: `${compare(op)} {n}, {m}, {shift}`, fixed: { Rd: 31 } }] : []),
      ...(op ? [{ syntax: `${S ? 'negs' : 'neg'} {d}, {m}, {shift}`, fixed: { Rn: 31 } }] : []),
    ],
    brief: `${brief}: two registers, the second shifted.`,
    allocated: f => f.shift !== 3 && (f.sf === 1 || f.imm6 < 32),
    shape: ['sf', 'shift'],
    derived: { plain: { values: [0, 1], of: f => Number(f.imm6 === 0 && f.shift === 0) } },
    possible: f => f.shift !== 3 && (f.plain === 0 || f.shift === 0),
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const m = b.read(type, o.m);
      const second = f.plain ? m : shiftRegister(b, m, f.shift, b.immediate(type, o.shift));
      b.write(o.d, combine(b, op, S, b.read(type, o.n), second));
    },
  }),
);

const extended = operations.map(({ name, op, S, brief }) =>
  instruction(`${title(name)} (extended register)`, `sf ${op} ${S} 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5`, {
    operands: {
      d: S ? generalRegister('Rd', 'sf') : generalRegisterOrSp('Rd', 'sf'),
      n: generalRegisterOrSp('Rn', 'sf'),
      m: extendedRegister('Rm', 'option', 'sf'),
      extend: registerExtend('option', 'imm3', 'sf', S ? ['Rn'] : ['Rd', 'Rn']),
    },
    syntax: `${name} {d}, {n}, {m}, {extend}`,
    aliases: S ? [{ syntax: `${compare(op)} {n}, {m}, {extend}`, fixed: { Rd: 31 } }] : [],
    brief: `${brief}: a register and a sign- or zero-extended, shifted register.`,
    allocated: f => f.imm3 <= 4,
    shape: ['sf', 'option'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const second = b.shl(extendRegister(b, o.m, f.option), b.immediate('i64', o.extend));
      b.write(o.d, combine(b, op, S, b.read(type, o.n), b.resize(type, second)));
    },
  }),
);

const carry = [
  { name: 'adc', op: 0, S: 0, brief: 'Adds two registers and the carry flag.' },
  { name: 'adcs', op: 0, S: 1, brief: 'Adds two registers and the carry flag, and sets the flags.' },
  { name: 'sbc', op: 1, S: 0, brief: 'Subtracts a register and the inverted carry flag.' },
  { name: 'sbcs', op: 1, S: 1, brief: 'Subtracts a register and the inverted carry flag, and sets the flags.' },
].map(({ name, op, S, brief }) =>
  instruction(title(name), `sf ${op as 0} ${S as 0} 11010000 Rm:5 000000 Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), n: generalRegister('Rn', 'sf'), m: generalRegister('Rm', 'sf') },
    syntax: `${name} {d}, {n}, {m}`,
    aliases: op ? [{ syntax: `${S ? 'ngcs' : 'ngc'} {d}, {m}`, fixed: { Rn: 31 } }] : [],
    brief,
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const m = b.read(type, o.m);
      b.write(o.d, addWithCarry(b, b.read(type, o.n), op ? b.not(m) : m, S === 1));
    },
  }),
);

export const addSubtract = [...immediate, ...shifted, ...extended, ...carry];
