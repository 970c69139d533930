/** Allocation tags: computing with tagged addresses, reading and writing tags (Arm ARM C4.1.92, C4.1.94, C4.1.95, D10). */
import { instruction, type Trait } from '../instruction.ts';
import { unsignedImmediate } from '../operands/immediate.ts';
import { signedOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { hostHelper, type I32, type I64, type SemanticsBuilder } from '../semantics.ts';
import { ZERO_BLOCK_BYTES } from '../system-instructions.ts';
import { baseAddress, baseIsSp, subSetting } from './common.ts';

const feature = 'FEAT_MTE';
const GRANULE = 16;
/** Bytes whose tags LDGM and STGM move (GMID_EL1.BS). */
const TAG_BLOCK = 256;

/**
 * The tag that is `offset` steps behind a tag, where the tags with a bit in `exclude` do not count (Arm ARM,
 * ChooseNonExcludedTag).
 */
const chooseTag = hostHelper('chooseTag', ['i32', 'i32', 'i32'], 'i32');

/** Bits 59:56 of an address (AllocationTagFromAddress). */
const tagOf = (b: SemanticsBuilder, address: I64): I32 => b.and(b.wrap(b.shrUnsigned(address, b.i64(56))), b.i32(15));

/** Replaces them (AddressWithAllocationTag). */
const withTag = (b: SemanticsBuilder, address: I64, tag: I64): I64 =>
  b.or(b.and(address, b.i64(~(15n << 56n))), b.shl(tag, b.i64(56)));

/** The tags that GCR_EL1 excludes. */
const excluded = (b: SemanticsBuilder): I32 => b.and(b.wrap(b.wideState('register:GCR_EL1')), b.i32(0xffff));

/** A tag that was chosen, or 0 where tags cannot be accessed. */
const ifAccessible = (b: SemanticsBuilder, tag: I32): I64 =>
  b.zeroExtend(b.select(b.state('allocationTags'), tag, b.i32(0)));

const arithmetic = (
  [
    { name: 'addg', op: '0', brief: 'Adds a multiple of 16 to an address and steps its tag.' },
    { name: 'subg', op: '1', brief: 'Subtracts a multiple of 16 from an address and steps its tag.' },
  ] as const
).map(({ name, op, brief }) =>
  instruction(name.toUpperCase(), `1 ${op} 0 1000110 uimm6:6 00 uimm4:4 Rn:5 Rd:5`, {
    operands: {
      d: generalRegisterOrSp('Rd', 64),
      n: generalRegisterOrSp('Rn', 64),
      offset: unsignedImmediate('uimm6', { width: 6, scale: GRANULE, storedAs: 'i64' }),
      tag: unsignedImmediate('uimm4', { width: 4 }),
    },
    syntax: `${name} {d}, {n}, {offset}, {tag}`,
    brief,
    feature,
    rare: true,
    semantics: (b, o) => {
      const address = b.read('i64', o.n);
      const offset = b.immediate('i64', o.offset);
      const tag = b.call('i32', chooseTag, tagOf(b, address), b.immediate('i32', o.tag), excluded(b));
      b.write(o.d, withTag(b, op === '1' ? b.sub(address, offset) : b.add(address, offset), ifAccessible(b, tag)));
    },
  }),
);

const TAPS = [5, 3, 2, 0];

/** The next bits of RGSR_EL1's random sequence (NextRandomTagBit): the seed afterwards and four bits. */
function nextRandomTag(b: SemanticsBuilder, seed: I32): { seed: I32; bits: I32 } {
  let rest = seed;
  let bits = b.i32(0);
  for (let i = 0; i < 4; i++) {
    const tapped = TAPS.map(tap => b.shrUnsigned(rest, b.i32(tap)));
    const top = b.and(
      tapped.reduce((x, y) => b.xor(x, y)),
      b.i32(1),
    );
    rest = b.or(b.shrUnsigned(rest, b.i32(1)), b.shl(top, b.i32(15)));
    bits = b.or(bits, b.shl(top, b.i32(i)));
  }
  return { seed: rest, bits };
}

const onRegisters = [
  instruction('IRG', '1 0 0 11010110 Rm:5 000100 Rn:5 Rd:5', {
    operands: { d: generalRegisterOrSp('Rd', 64), n: generalRegisterOrSp('Rn', 64), m: generalRegister('Rm', 64) },
    syntax: 'irg {d}, {n}, {m}',
    aliases: [{ syntax: 'irg {d}, {n}', fixed: { Rm: 31 } }],
    brief: 'Gives an address a random tag, but none of those that a register or GCR_EL1 excludes.',
    feature,
    rare: true,
    semantics: (b, o) => {
      const address = b.read('i64', o.n);
      const exclude = b.or(b.and(b.wrap(b.read('i64', o.m)), b.i32(0xffff)), excluded(b));
      b.if(
        b.state('allocationTags'),
        () => {
          const source = b.wrap(b.shrUnsigned(b.wideState('register:RGSR_EL1'), b.i64(8)));
          const given = b.and(source, b.i32(0xffff));
          // The sequence never leaves zero; with GCR_EL1.RRND nobody need have set a seed.
          const ownWay = b.and(b.wrap(b.wideState('register:GCR_EL1')), b.i32(1 << 16));
          const { seed, bits } = nextRandomTag(
            b,
            b.select(b.and(b.isZero(given), b.isZero(b.isZero(ownWay))), b.i32(1), given),
          );
          const start = b.and(b.wrap(b.wideState('register:RGSR_EL1')), b.i32(15));
          const tag = b.call('i32', chooseTag, start, bits, exclude);
          b.setWideState('register:RGSR_EL1', b.zeroExtend(b.or(b.shl(seed, b.i32(8)), tag)));
          b.write(o.d, withTag(b, address, b.zeroExtend(tag)));
        },
        () => b.write(o.d, withTag(b, address, b.i64(0))),
      );
    },
  }),
  instruction('GMI', '1 0 0 11010110 Rm:5 000101 Rn:5 Rd:5', {
    operands: { d: generalRegister('Rd', 64), n: generalRegisterOrSp('Rn', 64), m: generalRegister('Rm', 64) },
    syntax: 'gmi {d}, {n}, {m}',
    brief: "Adds an address's tag to a set of tags, to be excluded by IRG.",
    feature,
    rare: true,
    semantics: (b, o) => {
      const one = b.zeroExtend(b.shl(b.i32(1), tagOf(b, b.read('i64', o.n))));
      b.write(o.d, b.or(b.read('i64', o.m), one));
    },
  }),
  ...([0, 1] as const).map(S =>
    instruction(S ? 'SUBPS' : 'SUBP', `1 0 ${S} 11010110 Rm:5 000000 Rn:5 Rd:5`, {
      operands: {
        d: generalRegister('Rd', 64),
        n: generalRegisterOrSp('Rn', 64),
        m: generalRegisterOrSp('Rm', 64),
      },
      syntax: `${S ? 'subps' : 'subp'} {d}, {n}, {m}`,
      ...(S && { aliases: [{ syntax: 'cmpp {n}, {m}', fixed: { Rd: 31 } }] }),
      brief: `Subtracts two addresses without their top bytes${S ? ' and sets the flags' : ''}.`,
      feature,
      rare: true,
      semantics: (b, o) => {
        const plain = (address: I64) => b.shrSigned(b.shl(address, b.i64(8)), b.i64(8));
        b.write(o.d, subSetting(b, plain(b.read('i64', o.n)), plain(b.read('i64', o.m)), S === 1));
      },
    }),
  ),
];

// ---- tags in memory ----------------------------------------------------------------------------

const memoryTraits = (way: 'load' | 'store'): readonly Trait[] => [way, 'tags'];

/** Writes the tag of one granule; its address must be aligned. */
function storeTag(b: SemanticsBuilder, address: I64, tag: I64): void {
  b.store(address, 1, tag, { tags: 'one', aligned: true, alignment: GRANULE });
}

function storeZeros(b: SemanticsBuilder, address: I64, bytes: number): void {
  for (let at = 0; at < bytes; at += 8) b.store(b.add(address, b.i64(at)), 8, b.i64(0));
}

const FORMS = [
  { suffix: 'post-index', mode: '01', pair: '001', text: '[{n}], {offset}' },
  { suffix: 'signed offset', mode: '10', pair: '010', text: '[{n}, {offset}]' },
  { suffix: 'pre-index', mode: '11', pair: '011', text: '[{n}, {offset}]!' },
] as const;
type Form = (typeof FORMS)[number];

const writesBack = (form: Form): boolean => form.mode !== '10';
const omitZero = (form: Form): boolean => !writesBack(form);

const STORES = [
  { name: 'stg', opc: '00', granules: 1, zeros: false },
  { name: 'stzg', opc: '01', granules: 1, zeros: true },
  { name: 'st2g', opc: '10', granules: 2, zeros: false },
  { name: 'stz2g', opc: '11', granules: 2, zeros: true },
] as const;

const stores = STORES.flatMap(({ name, opc, granules, zeros }) =>
  FORMS.map(form =>
    instruction(`${name.toUpperCase()} (${form.suffix})`, `11011001 ${opc} 1 imm9:9 ${form.mode} Rn:5 Rt:5`, {
      operands: {
        t: generalRegisterOrSp('Rt', 64),
        n: generalRegisterOrSp('Rn', 64),
        offset: signedOffset('imm9', 9, GRANULE, omitZero(form)),
      },
      syntax: `${name} {t}, ${form.text}`,
      brief: `Gives ${granules === 1 ? '16 bytes' : '32 bytes'} of memory the tag of a register${zeros ? ' and fills them with zeros' : ''}.`,
      feature,
      traits: memoryTraits('store'),
      rare: true,
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        const base = baseAddress(b, o.n, f.sp);
        const moved = b.add(base, b.immediate('i64', o.offset));
        const address = form.mode === '01' ? base : moved;
        const tag = b.zeroExtend(tagOf(b, b.read('i64', o.t)));
        for (let i = 0; i < granules; i++) storeTag(b, b.add(address, b.i64(i * GRANULE)), tag);
        if (zeros) storeZeros(b, address, granules * GRANULE);
        if (writesBack(form)) b.write(o.n, moved);
      },
    }),
  ),
);

const pairs = FORMS.map(form =>
  instruction(`STGP (${form.suffix})`, `01 101 0 ${form.pair} 0 imm7:7 Rt2:5 Rn:5 Rt:5`, {
    operands: {
      t: generalRegister('Rt', 64),
      t2: generalRegister('Rt2', 64),
      n: generalRegisterOrSp('Rn', 64),
      offset: signedOffset('imm7', 7, GRANULE, omitZero(form)),
    },
    syntax: `stgp {t}, {t2}, ${form.text}`,
    brief: 'Stores two registers and gives their 16 bytes the tag of the address.',
    feature,
    traits: memoryTraits('store'),
    rare: true,
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      const base = baseAddress(b, o.n, f.sp);
      const moved = b.add(base, b.immediate('i64', o.offset));
      const address = form.mode === '01' ? base : moved;
      storeTag(b, address, b.zeroExtend(tagOf(b, address)));
      b.store(address, 8, b.read('i64', o.t));
      b.store(b.add(address, b.i64(8)), 8, b.read('i64', o.t2));
      if (writesBack(form)) b.write(o.n, moved);
    },
  }),
);

const load = instruction('LDG', '11011001 01 1 imm9:9 00 Rn:5 Rt:5', {
  operands: {
    t: generalRegister('Rt', 64),
    n: generalRegisterOrSp('Rn', 64),
    offset: signedOffset('imm9', 9, GRANULE, true),
  },
  syntax: 'ldg {t}, [{n}, {offset}]',
  brief: "Puts the tag of memory into the tag bits of a register's address.",
  feature,
  traits: memoryTraits('load'),
  rare: true,
  derived: { sp: baseIsSp },
  semantics: (b, o, f) => {
    const address = b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset));
    const tag = b.load(b.and(address, b.i64(-GRANULE)), 1, { tags: 'one' });
    b.write(o.t, withTag(b, b.read('i64', o.t), tag));
  },
});

const BLOCKS = [
  {
    name: 'ldgm',
    opc: '11',
    way: 'load',
    brief: `Loads the tags of ${TAG_BLOCK} bytes of memory, four bits each.`,
    perform: (b, address, t) => b.write(t, b.load(b.and(address, b.i64(-TAG_BLOCK)), 8, { tags: 'sixteen' })),
  },
  {
    name: 'stgm',
    opc: '10',
    way: 'store',
    brief: `Stores the tags of ${TAG_BLOCK} bytes of memory, four bits each.`,
    perform: (b, address, t) => b.store(b.and(address, b.i64(-TAG_BLOCK)), 8, b.read('i64', t), { tags: 'sixteen' }),
  },
  {
    name: 'stzgm',
    opc: '00',
    way: 'store',
    brief: 'Fills the block that DC ZVA clears with zeros and gives it the tag in bits 3:0 of a register.',
    perform: (b, address, t) => {
      const block = b.and(address, b.i64(-ZERO_BLOCK_BYTES));
      const tag = b.and(b.read('i64', t), b.i64(15));
      for (let at = 0n; at < ZERO_BLOCK_BYTES; at += BigInt(GRANULE)) storeTag(b, b.add(block, b.i64(at)), tag);
      storeZeros(b, block, Number(ZERO_BLOCK_BYTES));
    },
  },
] as const satisfies readonly {
  name: string;
  opc: string;
  way: 'load' | 'store';
  brief: string;
  perform: (b: SemanticsBuilder, address: I64, t: Parameters<SemanticsBuilder['write']>[0]) => void;
}[];

const blocks = BLOCKS.map(({ name, opc, way, brief, perform }) =>
  instruction(name.toUpperCase(), `11011001 ${opc} 1 000000000 00 Rn:5 Rt:5`, {
    operands: { t: generalRegister('Rt', 64), n: generalRegisterOrSp('Rn', 64) },
    syntax: `${name} {t}, [{n}]`,
    brief,
    feature: 'FEAT_MTE2',
    traits: memoryTraits(way),
    rare: true,
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      b.if(b.isZero(b.state('el')), () => b.raise('undefined'));
      perform(b, baseAddress(b, o.n, f.sp), o.t);
    },
  }),
);

export const memoryTagging = [...arithmetic, ...onRegisters, ...stores, ...pairs, load, ...blocks];
