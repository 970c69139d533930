/** Instructions that only compute flags (Arm ARM C4.1.92, C4.1.95): FEAT_FlagM and FEAT_FlagM2. */
import { instruction } from '../instruction.ts';
import { decimal, unsignedImmediate } from '../operands/immediate.ts';
import { generalRegister } from '../operands/register.ts';
import type { I32, SemanticsBuilder } from '../semantics.ts';

const not = (b: SemanticsBuilder, flag: I32) => b.isZero(flag);

const pstate = (
  name: string,
  op2: '000' | '001' | '010',
  feature: string,
  brief: string,
  run: (b: SemanticsBuilder) => void,
) =>
  instruction(name.toUpperCase(), `1101010100 0 00 000 0100 0000 ${op2} 11111`, {
    operands: {},
    syntax: name,
    brief,
    feature,
    semantics: run,
  });

const conversions = [
  pstate('cfinv', '000', 'FEAT_FlagM', 'Inverts the carry flag.', b => {
    b.setState('c', not(b, b.state('c')));
  }),
  pstate('xaflag', '001', 'FEAT_FlagM2', 'Turns flags of another format for comparisons into those of FCMP.', b => {
    const [z, c] = [b.state('z'), b.state('c')];
    b.setState('n', b.and(not(b, c), not(b, z)));
    b.setState('z', b.and(z, c));
    b.setState('c', b.or(c, z));
    b.setState('v', b.and(not(b, c), z));
  }),
  pstate('axflag', '010', 'FEAT_FlagM2', 'Turns the flags of FCMP into those of another format for comparisons.', b => {
    const [z, c, v] = [b.state('z'), b.state('c'), b.state('v')];
    b.setState('n', b.i32(0));
    b.setState('z', b.or(z, v));
    b.setState('c', b.and(c, not(b, v)));
    b.setState('v', b.i32(0));
  }),
];

const FLAGS = ['v', 'c', 'z', 'n'] as const;

const rotateIntoFlags = instruction('RMIF', '1 01 11010000 imm6:6 00001 Rn:5 0 mask:4', {
  operands: {
    n: generalRegister('Rn', 64),
    amount: unsignedImmediate('imm6', { width: 6, print: decimal }),
    mask: unsignedImmediate('mask', { width: 4, print: decimal }),
  },
  syntax: 'rmif {n}, {amount}, {mask}',
  brief: 'Rotates a register to the right and copies its low bits to the flags of a mask.',
  feature: 'FEAT_FlagM',
  semantics: (b, o) => {
    const rotated = b.wrap(b.rotateRight(b.read('i64', o.n), b.immediate('i64', o.amount)));
    const mask = b.immediate('i32', o.mask);
    for (const [bit, flag] of FLAGS.entries()) {
      const taken = b.and(b.shrUnsigned(rotated, b.i32(bit)), b.i32(1));
      b.setState(flag, b.select(b.and(mask, b.i32(1 << bit)), taken, b.state(flag)));
    }
  },
});

const evaluations = ([8, 16] as const).map(bits =>
  instruction(`SETF${bits}`, `0 01 11010000 000000 ${bits === 16 ? '1' : '0'} 0010 Rn:5 0 1101`, {
    operands: { n: generalRegister('Rn', 32) },
    syntax: `setf${bits} {n}`,
    brief: `Sets N, Z and V as an addition of ${bits} bits would that had the register as its result.`,
    feature: 'FEAT_FlagM',
    semantics: (b, o) => {
      const value = b.read('i32', o.n);
      const bit = (at: number) => b.and(b.shrUnsigned(value, b.i32(at)), b.i32(1));
      b.setState('n', bit(bits - 1));
      b.setState('z', b.isZero(b.and(value, b.i32(2 ** bits - 1))));
      b.setState('v', b.xor(bit(bits), bit(bits - 1)));
    },
  }),
);

export const flagManipulation = [...conversions, rotateIntoFlags, ...evaluations];
