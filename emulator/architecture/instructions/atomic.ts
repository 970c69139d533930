/** Atomic memory operations: compare-and-swap, swap, and read-modify-write (Arm ARM C4.1.94, FEAT_LSE). */
import { instruction } from '../instruction.ts';
import { current, type OperandKind, problem } from '../operand.ts';
import { zeroOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import type { I64, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { baseAddress, baseIsSp } from './common.ts';

const SIZES = [
  { bits: '00', suffix: 'b', log2: 0, width: 32 },
  { bits: '01', suffix: 'h', log2: 1, width: 32 },
  { bits: '10', suffix: '', log2: 2, width: 32 },
  { bits: '11', suffix: '', log2: 3, width: 64 },
] as const;

const ORDERS = [
  { acquire: '0', release: '0', suffix: '' },
  { acquire: '1', release: '0', suffix: 'a' },
  { acquire: '0', release: '1', suffix: 'l' },
  { acquire: '1', release: '1', suffix: 'al' },
] as const;

const base = { n: generalRegisterOrSp('Rn', 64), zero: zeroOffset };
const note = (log2: number, width: number) => (log2 >= 2 ? ` (${width}-bit)` : '');

/** A value read from a register, cut to the size of the access and extended as the comparison wants it. */
function cut(b: SemanticsBuilder, value: I64, log2: number, signed: boolean): I64 {
  if (log2 === 3) return value;
  const bits = 8 << log2;
  return signed ? b.signExtendLow(value, bits as 8 | 16 | 32) : b.and(value, b.i64((1n << BigInt(bits)) - 1n));
}

const operations = [
  { name: 'add', o3: '0', opc: '000', brief: 'Adds', compute: (b: SemanticsBuilder, m: I64, s: I64) => b.add(m, s) },
  {
    name: 'clr',
    o3: '0',
    opc: '001',
    brief: 'Clears bits in',
    compute: (b: SemanticsBuilder, m: I64, s: I64) => b.and(m, b.not(s)),
  },
  {
    name: 'eor',
    o3: '0',
    opc: '010',
    brief: 'Exclusive-ORs',
    compute: (b: SemanticsBuilder, m: I64, s: I64) => b.xor(m, s),
  },
  {
    name: 'set',
    o3: '0',
    opc: '011',
    brief: 'Sets bits in',
    compute: (b: SemanticsBuilder, m: I64, s: I64) => b.or(m, s),
  },
  { name: 'smax', o3: '0', opc: '100', brief: 'Keeps the signed maximum in', signed: true, greater: true },
  { name: 'smin', o3: '0', opc: '101', brief: 'Keeps the signed minimum in', signed: true, greater: false },
  { name: 'umax', o3: '0', opc: '110', brief: 'Keeps the unsigned maximum in', signed: false, greater: true },
  { name: 'umin', o3: '0', opc: '111', brief: 'Keeps the unsigned minimum in', signed: false, greater: false },
  {
    name: 'swp',
    o3: '1',
    opc: '000',
    brief: 'Swaps a register with',
    compute: (_b: SemanticsBuilder, _m: I64, s: I64) => s,
  },
] as const;

const readModifyWrite = operations.flatMap(operation =>
  SIZES.flatMap(size =>
    ORDERS.map(order => {
      const { log2, width } = size;
      const swap = operation.name === 'swp';
      const prefix = swap ? 'swp' : `ld${operation.name}`;
      const name = `${prefix}${order.suffix}${size.suffix}`;
      return instruction(
        `${name.toUpperCase()}${note(log2, width)}`,
        `${size.bits} 111 0 00 ${order.acquire} ${order.release} 1 Rs:5 ${operation.o3} ${operation.opc} 00 Rn:5 Rt:5`,
        {
          operands: { s: generalRegister('Rs', width), t: generalRegister('Rt', width), ...base },
          syntax: `${name} {s}, {t}, [{n}, {zero}]`,
          aliases:
            swap || order.acquire === '1'
              ? []
              : [
                  {
                    syntax: `st${operation.name}${order.suffix}${size.suffix} {s}, [{n}, {zero}]`,
                    fixed: { Rt: 31 },
                  },
                ],
          brief: `${operation.brief} memory in one step and gives the old value.`,
          feature: 'FEAT_LSE',
          traits: ['load', 'store', 'atomic'],
          rare: true,
          derived: { sp: baseIsSp },
          semantics: (b, o, f) => {
            const address = baseAddress(b, o.n, f.sp);
            const bytes = (1 << log2) as 1 | 2 | 4 | 8;
            const old = b.load(address, bytes, { aligned: true, forWrite: true });
            const operand = b.read('i64', o.s);
            if ('compute' in operation) b.store(address, bytes, operation.compute(b, old, operand));
            else {
              const { signed, greater } = operation;
              const x = cut(b, old, log2, signed);
              const y = cut(b, operand, log2, signed);
              const takesOld = signed
                ? greater
                  ? b.greaterSigned(x, y)
                  : b.lessSigned(x, y)
                : greater
                  ? b.greaterUnsigned(x, y)
                  : b.lessUnsigned(x, y);
              b.store(address, bytes, b.select(takesOld, x, y));
            }
            b.write(o.t, old);
          },
        },
      );
    }),
  ),
);

const compareAndSwap = SIZES.flatMap(size =>
  ORDERS.map(({ acquire, release, suffix }) => {
    const name = `cas${suffix}${size.suffix}`;
    const { log2, width } = size;
    return instruction(
      `${name.toUpperCase()}${note(log2, width)}`,
      `${size.bits} 001000 1 ${acquire} 1 Rs:5 ${release} 11111 Rn:5 Rt:5`,
      {
        operands: { s: generalRegister('Rs', width), t: generalRegister('Rt', width), ...base },
        syntax: `${name} {s}, {t}, [{n}, {zero}]`,
        brief: 'Compares memory with a register and stores another if they are equal; gives the old value.',
        feature: 'FEAT_LSE',
        traits: ['load', 'store', 'atomic'],
        rare: true,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const bytes = (1 << log2) as 1 | 2 | 4 | 8;
          const old = b.load(address, bytes, { aligned: true, forWrite: true });
          b.if(b.equal(old, cut(b, b.read('i64', o.s), log2, false)), () => {
            b.store(address, bytes, b.read('i64', o.t));
          });
          b.write(o.s, old);
        },
      },
    );
  }),
);

/** The first register of an even-aligned pair; the second is written too but encodes nothing. */
function evenPair(field: string, width: 64 | 32): OperandKind<RegisterRef> {
  const kind = generalRegister(field, width);
  const names = (n: number) => [n, n + 1].map(i => `${width === 64 ? 'x' : 'w'}${i}`.replace(/31$/, 'zr')).join(', ');
  return {
    ...kind,
    describe: 'two consecutive registers, the first with an even number',
    print: fields => names(fields[field] as number),
    parse: input => {
      const first = kind.parse(input);
      if ('problem' in first) return first;
      const number = first.fields[field] as number;
      const second = kind.parse({ ...input, at: input.at + 1 });
      const next = input.operands[input.at + 1];
      if ('problem' in second || second.fields[field] !== number + 1 || number % 2)
        return problem(
          'expected two consecutive registers, the first with an even number',
          (next ?? current(input))?.span,
          true,
        );
      return { fields: { [field]: number }, consumed: 2 };
    },
  };
}

const next = (register: RegisterRef): RegisterRef => ({ ...register, offset: 1 });

const compareAndSwapPair = ([32, 64] as const).flatMap(width =>
  ORDERS.map(({ acquire, release, suffix }) => {
    const name = `casp${suffix}`;
    return instruction(
      `${name.toUpperCase()} (${width}-bit)`,
      `0 ${width === 64 ? '1' : '0'} 001000 0 ${acquire} 1 Rs:5 ${release} 11111 Rn:5 Rt:5`,
      {
        operands: { s: evenPair('Rs', width), t: evenPair('Rt', width), ...base },
        syntax: `${name} {s}, {t}, [{n}, {zero}]`,
        brief: 'Compares a pair in memory with two registers and stores two others if they are equal.',
        feature: 'FEAT_LSE',
        traits: ['load', 'store', 'atomic'],
        rare: true,
        allocated: f => f.Rs % 2 === 0 && f.Rt % 2 === 0,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const address = baseAddress(b, o.n, f.sp);
          const half = (width / 8) as 4 | 8;
          const log2 = width === 64 ? 3 : 2;
          const upper = b.add(address, b.i64(half));
          const low = b.load(address, half, { aligned: true, forWrite: true, alignment: half * 2 });
          const high = b.load(upper, half, { forWrite: true });
          const same = b.and(
            b.equal(low, cut(b, b.read('i64', o.s), log2, false)),
            b.equal(high, cut(b, b.read('i64', next(o.s)), log2, false)),
          );
          b.if(same, () => {
            b.store(address, half, b.read('i64', o.t));
            b.store(upper, half, b.read('i64', next(o.t)));
          });
          b.write(o.s, low);
          b.write(next(o.s), high);
        },
      },
    );
  }),
);

export const atomics = [...readModifyWrite, ...compareAndSwap, ...compareAndSwapPair];
