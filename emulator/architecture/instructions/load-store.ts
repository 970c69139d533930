/** Loads and stores of one general-purpose register, and prefetch (Arm ARM C4.1.94). */
import { instruction, type Trait } from '../instruction.ts';
import { literalLabel } from '../operands/label.ts';
import { indexExtend, indexRegister, scaledOffset, signedOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { prefetchOperation, rangePrefetchOperation } from '../operands/system.ts';
import type { AccessOptions, I64, RegisterRef, SemanticsBuilder } from '../semantics.ts';
import { baseAddress, baseIsSp } from './common.ts';

/** One transfer: what `size` and `opc` select. */
interface Transfer {
  readonly name: string;
  readonly size: '00' | '01' | '10' | '11';
  readonly opc: '00' | '01' | '10' | '11';
  readonly log2: 0 | 1 | 2 | 3;
  readonly kind: 'store' | 'load' | 'loadSigned';
  /** Width of the register as written. */
  readonly width: 64 | 32;
  readonly what: string;
}

const SIZES = ['00', '01', '10', '11'] as const;
const NAMES = ['byte', 'halfword', 'word', 'doubleword'] as const;
const SUFFIXES = ['b', 'h', '', ''] as const;

const transfers: Transfer[] = SIZES.flatMap((size, log2) => {
  const width = log2 === 3 ? 64 : 32;
  const what = `a ${NAMES[log2]}`;
  const common = { size, log2: log2 as 0, what };
  const suffix = SUFFIXES[log2] as string;
  const list: Transfer[] = [
    { ...common, name: `str${suffix}`, opc: '00', kind: 'store', width },
    { ...common, name: `ldr${suffix}`, opc: '01', kind: 'load', width },
  ];
  if (log2 < 3)
    list.push({ ...common, name: `ldrs${log2 === 2 ? 'w' : suffix}`, opc: '10', kind: 'loadSigned', width: 64 });
  if (log2 < 2) list.push({ ...common, name: `ldrs${suffix}`, opc: '11', kind: 'loadSigned', width: 32 });
  return list;
});

const bytes = (t: { log2: number }) => (1 << t.log2) as 1 | 2 | 4 | 8;
const traits = (t: Transfer): readonly Trait[] => (t.kind === 'store' ? ['store'] : ['load']);
const verb = (t: Transfer) =>
  t.kind === 'store' ? `Stores ${t.what}` : `Loads ${t.what}${t.kind === 'loadSigned' ? ' and extends its sign' : ''}`;
const title = (t: Transfer) =>
  `${t.name.toUpperCase()}${t.kind === 'loadSigned' && t.log2 < 2 ? ` (${t.width}-bit)` : ''}`;

/** Moves the data between register and memory. */
export function transfer(
  b: SemanticsBuilder,
  t: Pick<Transfer, 'kind' | 'log2' | 'width'>,
  register: RegisterRef,
  address: I64,
  more: AccessOptions = {},
): void {
  const size = bytes(t);
  const options: AccessOptions = {
    ...more,
    transfer: {
      operand: register.operand,
      signExtend: t.kind === 'loadSigned',
      sixtyFour: t.width === 64,
      acquireRelease: more.transfer?.acquireRelease ?? false,
    },
  };
  if (t.kind === 'store') {
    b.store(address, size, b.read('i64', register), options);
    return;
  }
  const value = b.load(address, size, options);
  if (t.kind === 'load') {
    b.write(register, value);
    return;
  }
  const extended = b.signExtendLow(value, (8 * size) as 8 | 16 | 32);
  b.write(register, t.width === 64 ? extended : b.wrap(extended));
}

const operands = (t: Transfer) => ({ t: generalRegister('Rt', t.width), n: generalRegisterOrSp('Rn', 64) });

const unsignedOffset = transfers.map(t =>
  instruction(`${title(t)} (unsigned offset)`, `${t.size} 111 0 01 ${t.opc} imm12:12 Rn:5 Rt:5`, {
    operands: { ...operands(t), offset: scaledOffset('imm12', t.log2) },
    syntax: `${t.name} {t}, [{n}, {offset}]`,
    brief: `${verb(t)} at a base register plus an unsigned offset.`,
    traits: traits(t),
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      transfer(b, t, o.t, b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset)));
    },
  }),
);

const unscaled = transfers.map(t =>
  instruction(
    title({ ...t, name: t.name.replace(/^(ld|st)/, '$1u') }),
    `${t.size} 111 0 00 ${t.opc} 0 imm9:9 00 Rn:5 Rt:5`,
    {
      operands: { ...operands(t), offset: signedOffset('imm9', 9, 1, true) },
      syntax: [`${t.name.replace(/^(ld|st)/, '$1u')} {t}, [{n}, {offset}]`, `${t.name} {t}, [{n}, {offset}]`],
      brief: `${verb(t)} at a base register plus a signed offset in bytes.`,
      traits: traits(t),
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        transfer(b, t, o.t, b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset)));
      },
    },
  ),
);

const unprivileged = transfers.map(t =>
  instruction(
    title({ ...t, name: t.name.replace(/^(ld|st)/, '$1t') }),
    `${t.size} 111 0 00 ${t.opc} 0 imm9:9 10 Rn:5 Rt:5`,
    {
      operands: { ...operands(t), offset: signedOffset('imm9', 9, 1, true) },
      syntax: `${t.name.replace(/^(ld|st)/, '$1t')} {t}, [{n}, {offset}]`,
      brief: `${verb(t)} with EL0's permissions when executed at EL1 (or at EL2 for a host).`,
      traits: traits(t),
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        const address = b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset));
        transfer(b, t, o.t, address, { unprivileged: true });
      },
    },
  ),
);

const indexed = transfers.flatMap(t =>
  (['post', 'pre'] as const).map(way =>
    instruction(
      `${title(t)} (${way}-index)`,
      `${t.size} 111 0 00 ${t.opc} 0 imm9:9 ${way === 'pre' ? '11' : '01'} Rn:5 Rt:5`,
      {
        operands: { ...operands(t), offset: signedOffset('imm9', 9, 1, false) },
        syntax: way === 'pre' ? `${t.name} {t}, [{n}, {offset}]!` : `${t.name} {t}, [{n}], {offset}`,
        brief: `${verb(t)} and moves the base register by an offset ${way === 'pre' ? 'first' : 'afterwards'}.`,
        traits: traits(t),
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const base = baseAddress(b, o.n, f.sp);
          const moved = b.add(base, b.immediate('i64', o.offset));
          const address = way === 'pre' ? moved : base;
          // A load into the base register is CONSTRAINED UNPREDICTABLE with write-back: the write-back is lost.
          // A store of the base register stores its old value.
          if (t.kind === 'store') {
            b.store(address, bytes(t), b.read('i64', o.t));
            b.write(o.n, moved);
          } else {
            const value = b.load(address, bytes(t));
            b.write(o.n, moved);
            const extended = t.kind === 'load' ? value : b.signExtendLow(value, (8 * bytes(t)) as 8 | 16 | 32);
            b.write(o.t, t.width === 64 || t.kind === 'load' ? extended : b.wrap(extended));
          }
        },
      },
    ),
  ),
);

const indexShape = {
  allocated: (f: { readonly option: number }) => (f.option & 2) === 2,
  derived: { sp: baseIsSp, extend: { values: [2, 3, 6, 7], of: (f: { readonly option: number }) => f.option } },
};

/** Base plus extended, shifted index. */
export function indexedAddress(
  b: SemanticsBuilder,
  n: RegisterRef,
  m: RegisterRef,
  sp: number,
  extend: number,
  shift: number,
): I64 {
  const index = b.read('i64', m);
  const extended = extend === 2 ? b.and(index, b.i64(0xffff_ffff)) : extend === 6 ? b.signExtendLow(index, 32) : index;
  return b.add(baseAddress(b, n, sp), shift ? b.shl(extended, b.i64(shift)) : extended);
}

const registerOffset = transfers.map(t =>
  instruction(`${title(t)} (register)`, `${t.size} 111 0 00 ${t.opc} 1 Rm:5 option:3 S 10 Rn:5 Rt:5`, {
    operands: { ...operands(t), m: indexRegister('Rm'), extend: indexExtend(t.log2) },
    syntax: `${t.name} {t}, [{n}, {m}, {extend}]`,
    brief: `${verb(t)} at a base register plus an extended, scaled index register.`,
    traits: traits(t),
    ...indexShape,
    shape: ['S'],
    semantics: (b, o, f) => {
      transfer(b, t, o.t, indexedAddress(b, o.n, o.m, f.sp, f.extend, f.S ? t.log2 : 0));
    },
  }),
);

const literal = (
  [
    { name: 'LDR (literal, 32-bit)', text: 'ldr', opc: '00', log2: 2, kind: 'load', width: 32 },
    { name: 'LDR (literal, 64-bit)', text: 'ldr', opc: '01', log2: 3, kind: 'load', width: 64 },
    { name: 'LDRSW (literal)', text: 'ldrsw', opc: '10', log2: 2, kind: 'loadSigned', width: 64 },
  ] as const
).map(t =>
  instruction(t.name, `${t.opc} 011 0 00 imm19:19 Rt:5`, {
    operands: { t: generalRegister('Rt', t.width), label: literalLabel('imm19') },
    syntax: `${t.text} {t}, {label}`,
    brief: 'Loads from a label within 1 MiB.',
    traits: ['load'],
    semantics: (b, o) => {
      transfer(b, t, o.t, b.add(b.pc(), b.immediate('i64', o.label)));
    },
  }),
);

const prefetchBrief = 'Hints that memory will be accessed soon; has no effect here.';
const prefetch = [
  instruction('PRFM (immediate)', '11 111 0 01 10 imm12:12 Rn:5 Rt:5', {
    operands: {
      operation: prefetchOperation('Rt'),
      n: generalRegisterOrSp('Rn', 64),
      offset: scaledOffset('imm12', 3),
    },
    syntax: 'prfm {operation}, [{n}, {offset}]',
    brief: prefetchBrief,
    traits: ['hint'],
    semantics: () => {},
  }),
  instruction('PRFUM', '11 111 0 00 10 0 imm9:9 00 Rn:5 Rt:5', {
    operands: {
      operation: prefetchOperation('Rt'),
      n: generalRegisterOrSp('Rn', 64),
      offset: signedOffset('imm9', 9, 1, true),
    },
    syntax: ['prfum {operation}, [{n}, {offset}]', 'prfm {operation}, [{n}, {offset}]'],
    brief: prefetchBrief,
    traits: ['hint'],
    semantics: () => {},
  }),
  instruction('PRFM (register)', '11 111 0 00 10 1 Rm:5 option:3 S 10 Rn:5 Rt:5', {
    operands: {
      operation: prefetchOperation('Rt'),
      n: generalRegisterOrSp('Rn', 64),
      m: indexRegister('Rm'),
      extend: indexExtend(3),
    },
    syntax: 'prfm {operation}, [{n}, {m}, {extend}]',
    brief: prefetchBrief,
    traits: ['hint'],
    allocated: f => (f.option & 2) === 2,
    semantics: () => {},
  }),
  instruction('RPRFM', '11 111 0 00 10 1 Rm:5 o2 1 o0 S 10 Rn:5 11 op:3', {
    operands: {
      operation: rangePrefetchOperation,
      m: generalRegister('Rm', 64),
      n: generalRegisterOrSp('Rn', 64),
    },
    syntax: 'rprfm {operation}, {m}, [{n}]',
    brief:
      'Announces accesses to blocks of addresses, whose sizes and distances a register describes; has no effect here.',
    feature: 'FEAT_RPRFM',
    traits: ['hint'],
    semantics: () => {},
  }),
  instruction('PRFM (literal)', '11 011 0 00 imm19:19 Rt:5', {
    operands: { operation: prefetchOperation('Rt'), label: literalLabel('imm19') },
    syntax: 'prfm {operation}, {label}',
    brief: prefetchBrief,
    traits: ['hint'],
    semantics: () => {},
  }),
];

export const loadStore = [
  ...unsignedOffset,
  ...unscaled,
  ...unprivileged,
  ...indexed,
  ...registerOffset,
  ...literal,
  ...prefetch,
];
