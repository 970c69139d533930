/** Branches (Arm ARM C4.1.93): immediate, conditional, compare, test, register. */
import { instruction } from '../instruction.ts';
import type { ImmediateRef, OperandKind } from '../operand.ts';
import { current, problem } from '../operand.ts';
import { parseRange } from '../operands/immediate.ts';
import { branchLabel } from '../operands/label.ts';
import { generalRegister } from '../operands/register.ts';
import { condition } from '../operands/shift.ts';
import { branchIndirectly, conditionHolds, typeOf } from './common.ts';

const immediate = [
  instruction('B', '0 00101 imm26:26', {
    operands: { label: branchLabel('imm26', 26) },
    syntax: 'b {label}',
    brief: 'Branches to a label within 128 MiB.',
    traits: ['branch'],
    semantics: (b, o) => {
      b.branchRelative(o.label);
    },
  }),
  instruction('BL', '1 00101 imm26:26', {
    operands: { label: branchLabel('imm26', 26) },
    syntax: 'bl {label}',
    brief: 'Calls a label within 128 MiB: puts the return address into X30.',
    traits: ['branch', 'call'],
    semantics: (b, o) => {
      b.writeLink(b.add(b.pc(), b.i64(4)));
      b.branchRelative(o.label);
    },
  }),
  instruction('B.cond', '0101010 0 imm19:19 0 cond:4', {
    operands: { cond: condition('cond'), label: branchLabel('imm19', 19) },
    syntax: 'b.{cond} {label}',
    brief: 'Branches to a label within 1 MiB when a condition holds.',
    traits: ['branch', 'conditional'],
    shape: ['cond'],
    semantics: (b, o, f) => {
      b.if(conditionHolds(b, f.cond), () => {
        b.branchRelative(o.label);
      });
    },
  }),
];

/** The hint of BC.cond says that the branch is steady; it changes nothing here. */
const hinted = instruction('BC.cond', '0101010 0 imm19:19 1 cond:4', {
  operands: { cond: condition('cond'), label: branchLabel('imm19', 19) },
  syntax: 'bc.{cond} {label}',
  brief: 'Branches to a label within 1 MiB when a condition holds, which it mostly does or mostly does not.',
  feature: 'FEAT_HBC',
  traits: ['branch', 'conditional'],
  shape: ['cond'],
  semantics: (b, o, f) => {
    b.if(conditionHolds(b, f.cond), () => {
      b.branchRelative(o.label);
    });
  },
});

const compare = [0, 1].map(op =>
  instruction(op ? 'CBNZ' : 'CBZ', `sf 011010 ${op as 0} imm19:19 Rt:5`, {
    operands: { t: generalRegister('Rt', 'sf'), label: branchLabel('imm19', 19) },
    syntax: `${op ? 'cbnz' : 'cbz'} {t}, {label}`,
    brief: `Branches to a label within 1 MiB when a register is ${op ? 'not ' : ''}zero.`,
    traits: ['branch', 'conditional'],
    shape: ['sf'],
    semantics: (b, o, f) => {
      const zero = b.isZero(b.read(typeOf(f.sf), o.t));
      b.if(op ? b.isZero(zero) : zero, () => {
        b.branchRelative(o.label);
      });
    },
  }),
);

/** The tested bit's number: its top bit is also the register's width. */
const bitNumber: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: ['b5', 'b40'],
  describe: 'a bit number, 0 to 63 (0 to 31 of a w register)',
  storedAs: 'u8',
  print: fields => `#${(fields['b5'] as number) * 32 + (fields['b40'] as number)}`,
  parse: input => {
    const before = input.operands[input.at - 1];
    const wide = before?.kind === 'register' && before.bank === 'x';
    const read = parseRange(input, { minimum: 0, maximum: wide ? 63 : 31, step: 1, what: 'a bit number' });
    if ('result' in read) return read.result;
    if ('fixup' in read) return problem('the bit number must be known', current(input)?.span, true);
    return { fields: { b5: read.value >> 5, b40: read.value & 31 }, consumed: 1 };
  },
  value: fields => BigInt((fields['b5'] as number) * 32 + (fields['b40'] as number)),
};

/** W or X by the bit number's top bit; the assembler accepts x for low bits too. */
const testedRegister: ReturnType<typeof generalRegister> = {
  ...generalRegister('Rt', 'b5'),
  fields: ['Rt'],
  parse: input => {
    const result = generalRegister('Rt', 'b5').parse(input);
    return 'problem' in result ? result : { fields: { Rt: result.fields['Rt'] as number }, consumed: 1 };
  },
};

const test = [0, 1].map(op =>
  instruction(op ? 'TBNZ' : 'TBZ', `b5 011011 ${op as 0} b40:5 imm14:14 Rt:5`, {
    operands: { t: testedRegister, bit: bitNumber, label: branchLabel('imm14', 14) },
    syntax: `${op ? 'tbnz' : 'tbz'} {t}, {bit}, {label}`,
    brief: `Branches to a label within 32 KiB when a bit of a register is ${op ? 'set' : 'clear'}.`,
    traits: ['branch', 'conditional'],
    semantics: (b, o) => {
      const bit = b.and(b.wrap(b.shrUnsigned(b.read('i64', o.t), b.immediate('i64', o.bit))), b.i32(1));
      b.if(op ? bit : b.isZero(bit), () => {
        b.branchRelative(o.label);
      });
    },
  }),
);

const register = [
  instruction('BR', '1101011 0000 11111 000000 Rn:5 00000', {
    operands: { n: generalRegister('Rn', 64) },
    syntax: 'br {n}',
    brief: 'Branches to the address in a register.',
    traits: ['branch', 'indirect'],
    semantics: (b, o) => {
      branchIndirectly(b, b.read('i64', o.n), 'jump');
    },
  }),
  instruction('BLR', '1101011 0001 11111 000000 Rn:5 00000', {
    operands: { n: generalRegister('Rn', 64) },
    syntax: 'blr {n}',
    brief: 'Calls the address in a register: puts the return address into X30.',
    traits: ['branch', 'call', 'indirect'],
    semantics: (b, o) => {
      branchIndirectly(b, b.read('i64', o.n), 'call');
    },
  }),
  instruction('RET', '1101011 0010 11111 000000 Rn:5 00000', {
    operands: { n: generalRegister('Rn', 64) },
    syntax: 'ret {n}',
    aliases: [{ syntax: 'ret', fixed: { Rn: 30 } }],
    brief: 'Returns from a subroutine: branches to the address in a register, X30 unless named.',
    traits: ['branch', 'return', 'indirect'],
    semantics: (b, o) => {
      b.branchTo(b.read('i64', o.n));
    },
  }),
  instruction('ERET', '1101011 0100 11111 000000 11111 00000', {
    operands: {},
    syntax: 'eret',
    brief: 'Returns from an exception: restores PSTATE from SPSR_ELx and branches to ELR_ELx.',
    traits: ['branch', 'exceptionReturn', 'system'],
    semantics: b => {
      b.system('eret');
    },
  }),
  instruction('DRPS', '1101011 0101 11111 000000 11111 00000', {
    operands: {},
    syntax: 'drps',
    brief: 'Restores PSTATE in Debug state; UNDEFINED otherwise.',
    traits: ['system'],
    semantics: b => {
      b.raise('undefined');
    },
  }),
];

export const branches = [...immediate, hinted, ...compare, ...test, ...register];
