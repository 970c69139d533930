/** Logical: immediate and shifted register (Arm ARM C4.1.92, C4.1.95). */
import { instruction } from '../instruction.ts';
import { bitmaskImmediate, decodeBitmask, moveWidePreferred } from '../operands/logical.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { registerShift } from '../operands/shift.ts';
import type { SemanticsBuilder, Value } from '../semantics.ts';
import { setLogicalFlags, shiftRegister, typeOf } from './common.ts';

function combine<T extends 'i32' | 'i64'>(b: SemanticsBuilder, opc: number, x: Value<T>, y: Value<T>): Value<T> {
  switch (opc) {
    case 1:
      return b.or(x, y);
    case 2:
      return b.xor(x, y);
    default:
      return b.and(x, y);
  }
}

const briefs = ['ANDs', 'ORs', 'Exclusive-ORs', 'ANDs and sets the flags from'] as const;

const immediate = (['and', 'orr', 'eor', 'ands'] as const).map((name, opc) =>
  instruction(
    `${name.toUpperCase()} (immediate)`,
    `sf ${['00', '01', '10', '11'][opc] as '00'} 100100 N immr:6 imms:6 Rn:5 Rd:5`,
    {
      operands: {
        d: opc === 3 ? generalRegister('Rd', 'sf') : generalRegisterOrSp('Rd', 'sf'),
        n: generalRegister('Rn', 'sf'),
        imm: bitmaskImmediate('sf'),
      },
      syntax: `${name} {d}, {n}, {imm}`,
      aliases:
        opc === 1
          ? [
              {
                syntax: 'mov {d}, {imm}',
                fixed: { Rn: 31 },
                // SP cannot be the destination of a wide move, so its MOV is always this one.
                when: f =>
                  f['Rd'] === 31 ||
                  !moveWidePreferred(f['sf'] as number, f['N'] as number, f['immr'] as number, f['imms'] as number),
              },
            ]
          : opc === 3
            ? [{ syntax: 'tst {n}, {imm}', fixed: { Rd: 31 } }]
            : [
                ...(opc === 0
                  ? [
                      {
                        syntax: 'bic {d}, {n}, {complement}',
                        operands: { complement: bitmaskImmediate('sf', true) },
                        preferred: false,
                      },
                    ]
                  : []),
              ],
      brief: `${briefs[opc]} a register and a bitmask immediate.`,
      allocated: f => decodeBitmask(f.N, f.immr, f.imms, f.sf ? 64 : 32) !== undefined,
      shape: ['sf'],
      semantics: (b, o, f) => {
        const type = typeOf(f.sf);
        const result = combine(b, opc, b.read(type, o.n), b.immediate(type, o.imm));
        if (opc === 3) setLogicalFlags(b, result);
        b.write(o.d, result);
      },
    },
  ),
);

const registerNames = [
  ['and', 'bic'],
  ['orr', 'orn'],
  ['eor', 'eon'],
  ['ands', 'bics'],
] as const;

const shifted = registerNames.flatMap((pair, opc) =>
  pair.map((name, N) =>
    instruction(
      `${name.toUpperCase()} (shifted register)`,
      `sf ${['00', '01', '10', '11'][opc] as '00'} 01010 shift:2 ${N as 0} Rm:5 imm6:6 Rn:5 Rd:5`,
      {
        operands: {
          d: generalRegister('Rd', 'sf'),
          n: generalRegister('Rn', 'sf'),
          m: generalRegister('Rm', 'sf'),
          shift: registerShift('shift', 'imm6', true),
        },
        syntax: `${name} {d}, {n}, {m}, {shift}`,
        aliases: [
          ...(name === 'orr' ? [{ syntax: 'mov {d}, {m}', fixed: { Rn: 31, shift: 0, imm6: 0 } }] : []),
          ...(name === 'orn' ? [{ syntax: 'mvn {d}, {m}, {shift}', fixed: { Rn: 31 } }] : []),
          ...(name === 'ands' ? [{ syntax: 'tst {n}, {m}, {shift}', fixed: { Rd: 31 } }] : []),
        ],
        brief: `${briefs[opc]} a register and a shifted${N ? ', inverted' : ''} register.`,
        allocated: f => f.sf === 1 || f.imm6 < 32,
        shape: ['sf', 'shift'],
        derived: { plain: { values: [0, 1], of: f => Number(f.imm6 === 0 && f.shift === 0) } },
        possible: f => f.plain === 0 || f.shift === 0,
        semantics: (b, o, f) => {
          const type = typeOf(f.sf);
          const m = b.read(type, o.m);
          const second = f.plain ? m : shiftRegister(b, m, f.shift, b.immediate(type, o.shift));
          const result = combine(b, opc, b.read(type, o.n), N ? b.not(second) : second);
          if (opc === 3) setLogicalFlags(b, result);
          b.write(o.d, result);
        },
      },
    ),
  ),
);

export const logical = [...immediate, ...shifted];
