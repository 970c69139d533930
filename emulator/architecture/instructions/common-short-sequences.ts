/** What took two instructions before (Arm ARM C4.1.92, C4.1.95): FEAT_CSSC. */
import { instruction } from '../instruction.ts';
import type { ImmediateRef, OperandKind } from '../operand.ts';
import { current, problem } from '../operand.ts';
import { decimal, parseRange, unsignedImmediate } from '../operands/immediate.ts';
import { generalRegister } from '../operands/register.ts';
import type { I32, SemanticsBuilder, Value } from '../semantics.ts';
import { typeOf } from './common.ts';

type Integer = Value<'i32' | 'i64'>;

const feature = 'FEAT_CSSC';

const oneSource = (
  [
    {
      name: 'ctz',
      opcode: '000110',
      brief: 'Counts zeros from the lowest bit up to the first one.',
      compute: (b, n) => b.countTrailingZeros(n),
    },
    { name: 'cnt', opcode: '000111', brief: 'Counts the bits that are one.', compute: (b, n) => b.populationCount(n) },
    {
      name: 'abs',
      opcode: '001000',
      brief: 'Gives the absolute value.',
      compute: (b, n) => b.select(b.lessSigned(n, b.constant(n.type, 0)), b.negate(n), n),
    },
  ] satisfies { name: string; opcode: string; brief: string; compute: (b: SemanticsBuilder, n: Integer) => Integer }[]
).map(({ name, opcode, brief, compute }) =>
  instruction(name.toUpperCase(), `sf 1 0 11010110 00000 ${opcode as '000110'} Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), n: generalRegister('Rn', 'sf') },
    syntax: `${name} {d}, {n}`,
    brief,
    feature,
    shape: ['sf'],
    semantics: (b, o, f) => {
      b.write(o.d, compute(b, b.read(typeOf(f.sf), o.n)));
    },
  }),
);

/** The eight bits with their sign. */
const signed8: OperandKind<ImmediateRef> = {
  role: 'immediate',
  fields: ['imm8'],
  describe: 'an immediate, -128 to 127',
  storedAs: 'i64',
  print: f => decimal(((f['imm8'] as number) << 24) >> 24),
  parse: input => {
    const read = parseRange(input, { minimum: -128, maximum: 127, step: 1, what: 'an immediate, -128 to 127' });
    if ('result' in read) return read.result;
    if ('fixup' in read) return problem('the immediate must be known', current(input)?.span, true);
    return { fields: { imm8: read.value & 0xff }, consumed: 1 };
  },
  value: f => BigInt(((f['imm8'] as number) << 24) >> 24),
};

const extremes = (
  [
    {
      name: 'smax',
      opcode: '00',
      brief: 'greater of two signed numbers',
      takesFirst: (b, n, m) => b.greaterSigned(n, m),
    },
    {
      name: 'umax',
      opcode: '01',
      brief: 'greater of two unsigned numbers',
      takesFirst: (b, n, m) => b.greaterUnsigned(n, m),
    },
    { name: 'smin', opcode: '10', brief: 'smaller of two signed numbers', takesFirst: (b, n, m) => b.lessSigned(n, m) },
    {
      name: 'umin',
      opcode: '11',
      brief: 'smaller of two unsigned numbers',
      takesFirst: (b, n, m) => b.lessUnsigned(n, m),
    },
  ] satisfies {
    name: string;
    opcode: string;
    brief: string;
    takesFirst: (b: SemanticsBuilder, n: Integer, m: Integer) => I32;
  }[]
).flatMap(({ name, opcode, brief, takesFirst }) => [
  instruction(`${name.toUpperCase()} (immediate)`, `sf 0 0 1000111 00 ${opcode as '00'} imm8:8 Rn:5 Rd:5`, {
    operands: {
      d: generalRegister('Rd', 'sf'),
      n: generalRegister('Rn', 'sf'),
      imm: name.startsWith('s') ? signed8 : unsignedImmediate('imm8', { width: 8, print: decimal, storedAs: 'i64' }),
    },
    syntax: `${name} {d}, {n}, {imm}`,
    brief: `Gives the ${brief}, of which one is an immediate.`,
    feature,
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const [n, m] = [b.read(type, o.n), b.immediate(type, o.imm)];
      b.write(o.d, b.select(takesFirst(b, n, m), n, m));
    },
  }),
  instruction(`${name.toUpperCase()} (register)`, `sf 0 0 11010110 Rm:5 0110 ${opcode as '00'} Rn:5 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), n: generalRegister('Rn', 'sf'), m: generalRegister('Rm', 'sf') },
    syntax: `${name} {d}, {n}, {m}`,
    brief: `Gives the ${brief}.`,
    feature,
    shape: ['sf'],
    semantics: (b, o, f) => {
      const type = typeOf(f.sf);
      const [n, m] = [b.read(type, o.n), b.read(type, o.m)];
      b.write(o.d, b.select(takesFirst(b, n, m), n, m));
    },
  }),
]);

export const commonShortSequences = [...oneSource, ...extremes];
