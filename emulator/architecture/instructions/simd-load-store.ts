/** Loads and stores of SIMD and floating-point registers (Arm ARM C4.1.94): one register, pairs, literals. */
import { instruction } from '../instruction.ts';
import { literalLabel } from '../operands/label.ts';
import { indexExtend, indexRegister, scaledOffset, signedOffset } from '../operands/memory.ts';
import { generalRegisterOrSp } from '../operands/register.ts';
import { type ScalarSize, scalarRegister } from '../operands/vector.ts';
import type { I64, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { baseAddress, baseIsSp } from './common.ts';
import { indexedAddress } from './load-store.ts';
import { checkFloatingPoint } from './simd-common.ts';

const SIZES = [
  { letter: 'b', size: '00', high: '0', log2: 0 },
  { letter: 'h', size: '01', high: '0', log2: 1 },
  { letter: 's', size: '10', high: '0', log2: 2 },
  { letter: 'd', size: '11', high: '0', log2: 3 },
  { letter: 'q', size: '00', high: '1', log2: 4 },
] as const;

const transfers = SIZES.flatMap(each => [
  { ...each, name: 'str', load: false, opc: `${each.high}0` as '00' },
  { ...each, name: 'ldr', load: true, opc: `${each.high}1` as '01' },
]);
type Transfer = Pick<(typeof transfers)[number], 'log2' | 'load'>;

const traits = (load: boolean) => [load ? 'load' : 'store', 'floatingPoint'] as const;
const title = (name: string, letter: ScalarSize, form: string) => `${name.toUpperCase()} (SIMD&FP, ${form}, ${letter})`;
const verb = (t: { load: boolean; log2: number }) =>
  `${t.load ? 'Loads' : 'Stores'} ${8 << t.log2} bits of a SIMD&FP register`;

/** Moves one register; a load clears the bits above it. */
function move(b: SemanticsBuilder, { load, log2 }: Transfer, register: RegisterRef, address: I64): void {
  if (log2 === 4) {
    if (load) b.write(register, b.load128(address));
    else b.store(address, 16, b.read('v128', register));
    return;
  }
  const bytes = (1 << log2) as 1 | 2 | 4 | 8;
  if (load) b.write(register, b.load(address, bytes));
  else b.store(address, bytes, b.read('i64', register));
}

const operands = (letter: ScalarSize) => ({ t: scalarRegister('Rt', letter), n: generalRegisterOrSp('Rn', 64) });

const unsignedOffset = transfers.map(t =>
  instruction(title(t.name, t.letter, 'unsigned offset'), `${t.size} 111 1 01 ${t.opc} imm12:12 Rn:5 Rt:5`, {
    operands: { ...operands(t.letter), offset: scaledOffset('imm12', t.log2) },
    syntax: `${t.name} {t}, [{n}, {offset}]`,
    brief: `${verb(t)} at a base register plus an unsigned offset.`,
    feature: 'FEAT_FP',
    traits: traits(t.load),
    rare: true,
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      move(b, t, o.t, b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset)));
    },
  }),
);

const unscaled = transfers.map(t => {
  const name = t.load ? 'ldur' : 'stur';
  return instruction(title(name, t.letter, 'unscaled offset'), `${t.size} 111 1 00 ${t.opc} 0 imm9:9 00 Rn:5 Rt:5`, {
    operands: { ...operands(t.letter), offset: signedOffset('imm9', 9, 1, true) },
    syntax: [`${name} {t}, [{n}, {offset}]`, `${t.name} {t}, [{n}, {offset}]`],
    brief: `${verb(t)} at a base register plus a signed offset in bytes.`,
    feature: 'FEAT_FP',
    traits: traits(t.load),
    rare: true,
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      move(b, t, o.t, b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset)));
    },
  });
});

const indexed = transfers.flatMap(t =>
  (['post', 'pre'] as const).map(way =>
    instruction(
      title(t.name, t.letter, `${way}-index`).replace(/, (\w+-index), (\w)\)/, ', $2) ($1)'),
      `${t.size} 111 1 00 ${t.opc} 0 imm9:9 ${way === 'pre' ? '11' : '01'} Rn:5 Rt:5`,
      {
        operands: { ...operands(t.letter), offset: signedOffset('imm9', 9, 1, false) },
        syntax: way === 'pre' ? `${t.name} {t}, [{n}, {offset}]!` : `${t.name} {t}, [{n}], {offset}`,
        brief: `${verb(t)} and moves the base register by an offset ${way === 'pre' ? 'first' : 'afterwards'}.`,
        feature: 'FEAT_FP',
        traits: traits(t.load),
        rare: true,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const base = baseAddress(b, o.n, f.sp);
          const moved = b.add(base, b.immediate('i64', o.offset));
          move(b, t, o.t, way === 'pre' ? moved : base);
          b.write(o.n, moved);
        },
      },
    ),
  ),
);

const registerOffset = transfers.map(t =>
  instruction(title(t.name, t.letter, 'register'), `${t.size} 111 1 00 ${t.opc} 1 Rm:5 option:3 S 10 Rn:5 Rt:5`, {
    operands: { ...operands(t.letter), m: indexRegister('Rm'), extend: indexExtend(t.log2) },
    syntax: `${t.name} {t}, [{n}, {m}, {extend}]`,
    brief: `${verb(t)} at a base register plus an extended, scaled index register.`,
    feature: 'FEAT_FP',
    traits: traits(t.load),
    rare: true,
    allocated: f => (f.option & 2) === 2,
    derived: { sp: baseIsSp, extend: { values: [2, 3, 6, 7], of: f => f.option } },
    shape: ['S'],
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      move(b, t, o.t, indexedAddress(b, o.n, o.m, f.sp, f.extend, f.S ? t.log2 : 0));
    },
  }),
);

const literals = SIZES.slice(2).map((t, i) =>
  instruction(title('ldr', t.letter, 'literal'), `${['00', '01', '10'][i] as '00'} 011 1 00 imm19:19 Rt:5`, {
    operands: { t: scalarRegister('Rt', t.letter), label: literalLabel('imm19') },
    syntax: 'ldr {t}, {label}',
    brief: `${verb({ load: true, log2: t.log2 })} from a label within 1 MiB.`,
    feature: 'FEAT_FP',
    traits: traits(true),
    rare: true,
    semantics: (b, o) => {
      checkFloatingPoint(b);
      move(b, { load: true, log2: t.log2 }, o.t, b.add(b.pc(), b.immediate('i64', o.label)));
    },
  }),
);

const forms = [
  { suffix: 'signed offset', mode: '010', write: undefined },
  { suffix: 'post-index', mode: '001', write: 'post' },
  { suffix: 'pre-index', mode: '011', write: 'pre' },
  { suffix: 'non-temporal', mode: '000', write: undefined },
] as const;

const pairs = SIZES.slice(2).flatMap((size, i) =>
  forms.flatMap(form =>
    ([0, 1] as const).map(L => {
      const name = `${L ? 'ld' : 'st'}${form.mode === '000' ? 'n' : ''}p`;
      const bytes = 1 << size.log2;
      const address =
        form.write === 'post' ? '[{n}], {offset}' : form.write === 'pre' ? '[{n}, {offset}]!' : '[{n}, {offset}]';
      return instruction(
        `${name.toUpperCase()} (SIMD&FP, ${size.letter}) (${form.suffix})`,
        `${['00', '01', '10'][i] as '00'} 101 1 ${form.mode} ${L} imm7:7 Rt2:5 Rn:5 Rt:5`,
        {
          operands: {
            t: scalarRegister('Rt', size.letter),
            t2: scalarRegister('Rt2', size.letter),
            n: generalRegisterOrSp('Rn', 64),
            offset: signedOffset('imm7', 7, bytes, form.write === undefined),
          },
          syntax: `${name} {t}, {t2}, ${address}`,
          brief: `${L ? 'Loads' : 'Stores'} two SIMD&FP registers${form.write ? ' and moves the base register' : ''}.`,
          feature: 'FEAT_FP',
          traits: traits(L === 1),
          rare: true,
          derived: { sp: baseIsSp },
          semantics: (b, o, f) => {
            checkFloatingPoint(b);
            const old = baseAddress(b, o.n, f.sp);
            const moved = b.add(old, b.immediate('i64', o.offset));
            const first = form.write === 'post' ? old : moved;
            const second = b.add(first, b.i64(bytes));
            if (L) {
              // Both are read before either is written: the second access may fault.
              const read = (at: I64) => (size.log2 === 4 ? b.load128(at) : b.load(at, bytes as 4 | 8));
              const low = read(first);
              const high = read(second);
              b.write(o.t, low);
              b.write(o.t2, high);
            } else {
              move(b, { load: false, log2: size.log2 }, o.t, first);
              move(b, { load: false, log2: size.log2 }, o.t2, second);
            }
            if (form.write) b.write(o.n, moved);
          },
        },
      );
    }),
  ),
);

export const simdLoadStore = [...unsignedOffset, ...unscaled, ...indexed, ...registerOffset, ...literals, ...pairs];
