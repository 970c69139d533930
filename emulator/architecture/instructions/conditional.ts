/** Conditional select and conditional compare (Arm ARM C4.1.95). */
import { instruction } from '../instruction.ts';
import { hexadecimal, unsignedImmediate } from '../operands/immediate.ts';
import { generalRegister } from '../operands/register.ts';
import { condition } from '../operands/shift.ts';
import type { Value } from '../semantics.ts';
import { addSetting, conditionHolds, conditionHoldsAtRunTime, subSetting, typeOf } from './common.ts';

type F = Readonly<Record<string, number>>;
const notAlways = (f: F) => (f['cond'] as number) < 14;
const inverted = condition('cond', { inverted: true, never: false });

const selects = (
  [
    { name: 'csel', op: 0, o2: 0, brief: 'Selects one of two registers by a condition.' },
    { name: 'csinc', op: 0, o2: 1, brief: 'Selects a register, or another one plus 1, by a condition.' },
    { name: 'csinv', op: 1, o2: 0, brief: 'Selects a register, or the complement of another, by a condition.' },
    { name: 'csneg', op: 1, o2: 1, brief: 'Selects a register, or the negation of another, by a condition.' },
  ] as const
).map(({ name, op, o2, brief }) =>
  instruction(name.toUpperCase(), `sf ${op} 0 11010100 Rm:5 cond:4 0 ${o2} Rn:5 Rd:5`, {
    operands: {
      d: generalRegister('Rd', 'sf'),
      n: generalRegister('Rn', 'sf'),
      m: generalRegister('Rm', 'sf'),
      cond: condition('cond'),
    },
    syntax: `${name} {d}, {n}, {m}, {cond}`,
    aliases:
      name === 'csel'
        ? []
        : name === 'csneg'
          ? [
              {
                syntax: 'cneg {d}, {same}, {inverse}',
                when: f => f['Rn'] === f['Rm'] && notAlways(f),
                operands: { same: sameRegister(), inverse: inverted },
              },
            ]
          : [
              {
                syntax: `${name === 'csinc' ? 'cset' : 'csetm'} {d}, {inverse}`,
                fixed: { Rn: 31, Rm: 31 },
                when: notAlways,
                operands: { inverse: inverted },
              },
              {
                syntax: `${name === 'csinc' ? 'cinc' : 'cinv'} {d}, {same}, {inverse}`,
                when: f => f['Rn'] === f['Rm'] && f['Rn'] !== 31 && notAlways(f),
                operands: { same: sameRegister(), inverse: inverted },
              },
            ],
    brief,
    shape: ['sf', 'cond'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const m: Value<'i32' | 'i64'> = b.read(type, o.m);
      const other =
        name === 'csel'
          ? m
          : name === 'csinc'
            ? b.add(m, b.constant(type, 1))
            : name === 'csinv'
              ? b.not(m)
              : b.negate(m);
      b.write(o.d, b.select(conditionHolds(b, f.cond), b.read(type, o.n), other));
    },
  }),
);

/** One register written for both Rn and Rm. */
function sameRegister(): ReturnType<typeof generalRegister> {
  const kind = generalRegister('Rn', 'sf');
  return {
    ...kind,
    fields: ['Rn', 'Rm', 'sf'],
    parse: input => {
      const result = kind.parse(input);
      if ('problem' in result) return result;
      return { fields: { ...result.fields, Rm: result.fields['Rn'] as number }, consumed: 1 };
    },
  };
}

const nzcv = unsignedImmediate('nzcv', { width: 4, print: hexadecimal, what: 'flags as a number, 0 to 15' });

const compares = [0, 1].flatMap(op =>
  [0, 1].map(isImmediate =>
    instruction(
      `${op ? 'CCMP' : 'CCMN'} (${isImmediate ? 'immediate' : 'register'})`,
      `sf ${op as 0} 1 11010010 Rm:5 cond:4 ${isImmediate as 0} 0 Rn:5 0 nzcv:4`,
      {
        operands: {
          n: generalRegister('Rn', 'sf'),
          m: isImmediate ? unsignedImmediate('Rm', { width: 5, print: hexadecimal }) : generalRegister('Rm', 'sf'),
          flags: nzcv,
          cond: condition('cond'),
        },
        syntax: `${op ? 'ccmp' : 'ccmn'} {n}, {m}, {flags}, {cond}`,
        brief: `Compares ${op ? '' : 'negated '}when a condition holds, and otherwise sets the flags to an immediate.`,
        shape: ['sf'],
        semantics: (b, o, f) => {
          const type = typeOf(f.sf);
          type T = Value<'i32' | 'i64'>;
          const n: T = b.read(type, o.n);
          const m: T = o.m.kind === 'register' ? b.read(type, o.m) : b.immediate(type, o.m);
          b.if(
            conditionHoldsAtRunTime(b, b.immediate('i32', o.cond)),
            () => {
              if (op) subSetting(b, n, m, true);
              else addSetting(b, n, m, true);
            },
            () => {
              const flags = b.immediate('i32', o.flags);
              const bit = (position: number) => b.and(b.shrUnsigned(flags, b.i32(position)), b.i32(1));
              b.setState('n', bit(3));
              b.setState('z', bit(2));
              b.setState('c', bit(1));
              b.setState('v', bit(0));
            },
          );
        },
      },
    ),
  ),
);

export const conditional = [...selects, ...compares];
