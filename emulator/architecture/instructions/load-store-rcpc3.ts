/** Ordered loads and stores of pairs, of SIMD&FP registers and with write-back (Arm ARM C4.1.94): FEAT_LRCPC3. */
import { instruction } from '../instruction.ts';
import { signedOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { scalarRegister } from '../operands/vector.ts';
import { elementList } from '../operands/vector-list.ts';
import type { I64, SemanticsBuilder } from '../semantics.ts';
import { baseAddress, baseIsSp } from './common.ts';
import { checkFloatingPoint } from './simd-common.ts';

const feature = 'FEAT_LRCPC3';
const n = generalRegisterOrSp('Rn', 64);
const withOrder = (load: boolean) => (load ? 'acquire semantics of RCpc' : 'release semantics');

const WIDTHS = [
  { size: '10', width: 32, bytes: 4, what: 'word' },
  { size: '11', width: 64, bytes: 8, what: 'doubleword' },
] as const;

const withWriteBack = WIDTHS.flatMap(({ size, width, bytes, what }) =>
  ([1, 0] as const).map(L => {
    const stem = L ? 'ldapr' : 'stlr';
    const name = `${stem.toUpperCase()} (${width}-bit, ${L ? 'post' : 'pre'}-index)`;
    return instruction(name, `${size} 011001 1${L} 0 00000 000010 Rn:5 Rt:5`, {
      operands: { t: generalRegister('Rt', width), n },
      syntax: L ? `${stem} {t}, [{n}], #${bytes}` : `${stem} {t}, [{n}, #-${bytes}]!`,
      brief: `${L ? 'Loads' : 'Stores'} a ${what} with ${withOrder(L === 1)} and moves the base register past it${L ? ' afterwards' : ' first'}.`,
      feature,
      traits: [L ? 'load' : 'store'],
      rare: true,
      derived: { sp: baseIsSp },
      semantics: (b, o, f) => {
        const base = baseAddress(b, o.n, f.sp);
        const moved = b.add(base, b.i64(L ? bytes : -bytes));
        const value = L ? b.load(base, bytes, { aligned: 'ordered' }) : b.read('i64', o.t);
        if (!L) b.store(moved, bytes, value, { aligned: 'ordered' });
        b.write(o.n, moved);
        if (L) b.write(o.t, value);
      },
    });
  }),
);

/** Whether an access of several parts is misaligned for one of them: then it must lie within 16 bytes as a whole. */
const misaligned = (b: SemanticsBuilder, address: I64, part: number) => b.and(b.wrap(address), b.i32(part - 1));

const pairs = WIDTHS.flatMap(({ size, width, bytes, what }) =>
  ([1, 0] as const).flatMap(L =>
    ([true, false] as const).map(moves => {
      const stem = L ? 'ldiapp' : 'stilp';
      const way = moves ? `, ${L ? 'post' : 'pre'}-index` : '';
      const distance = 2 * bytes;
      const after = L ? `[{n}], #${distance}` : `[{n}, #-${distance}]!`;
      return instruction(
        `${stem.toUpperCase()} (${width}-bit${way})`,
        `${size} 011001 0${L} 0 Rt2:5 000${moves ? '0' : '1'} 10 Rn:5 Rt:5`,
        {
          operands: { t: generalRegister('Rt', width), t2: generalRegister('Rt2', width), n },
          syntax: `${stem} {t}, {t2}, ${moves ? after : '[{n}]'}`,
          brief: `${L ? 'Loads' : 'Stores'} two ${what}s in order with ${withOrder(L === 1)}${moves ? ' and moves the base register past them' : ''}.`,
          feature,
          traits: [L ? 'load' : 'store'],
          rare: true,
          derived: { sp: baseIsSp },
          semantics: (b, o, f) => {
            const base = baseAddress(b, o.n, f.sp);
            const moved = moves ? b.add(base, b.i64(L ? distance : -distance)) : base;
            const address = L ? base : moved;
            const upper = b.add(address, b.i64(bytes));
            const whole = { aligned: 'ordered', alignment: distance } as const;
            if (L) {
              b.if(misaligned(b, address, bytes), () => {
                b.load(address, bytes, whole);
              });
              const low = b.load(address, bytes);
              const high = b.load(upper, bytes);
              if (moves) b.write(o.n, moved);
              b.write(o.t, low);
              b.write(o.t2, high);
              return;
            }
            const low = b.read('i64', o.t);
            b.if(misaligned(b, address, bytes), () => {
              b.store(address, bytes, low, whole);
            });
            b.store(address, bytes, low);
            b.store(upper, bytes, b.read('i64', o.t2));
            if (moves) b.write(o.n, moved);
          },
        },
      );
    }),
  ),
);

const SIZES = [
  { letter: 'b', size: '00', high: '0', log2: 0 },
  { letter: 'h', size: '01', high: '0', log2: 1 },
  { letter: 's', size: '10', high: '0', log2: 2 },
  { letter: 'd', size: '11', high: '0', log2: 3 },
  { letter: 'q', size: '00', high: '1', log2: 4 },
] as const;

const vectors = SIZES.flatMap(({ letter, size, high, log2 }) =>
  ([1, 0] as const).map(L => {
    const stem = L ? 'ldapur' : 'stlur';
    return instruction(
      `${stem.toUpperCase()} (SIMD&FP, ${letter})`,
      `${size} 011101 ${high}${L} 0 imm9:9 10 Rn:5 Rt:5`,
      {
        operands: { t: scalarRegister('Rt', letter), n, offset: signedOffset('imm9', 9, 1, true) },
        syntax: `${stem} {t}, [{n}, {offset}]`,
        brief: `${L ? 'Loads' : 'Stores'} ${8 << log2} bits of a SIMD&FP register with ${withOrder(L === 1)}.`,
        feature,
        traits: [L ? 'load' : 'store', 'floatingPoint'],
        rare: true,
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          checkFloatingPoint(b);
          const address = b.add(baseAddress(b, o.n, f.sp), b.immediate('i64', o.offset));
          if (log2 < 4) {
            const bytes = (1 << log2) as 1 | 2 | 4 | 8;
            if (L) b.write(o.t, b.load(address, bytes, { aligned: 'ordered' }));
            else b.store(address, bytes, b.read('i64', o.t), { aligned: 'ordered' });
            return;
          }
          const whole = { aligned: 'ordered', alignment: 16 } as const;
          if (L) {
            b.if(misaligned(b, address, 16), () => {
              b.load(address, 8, whole);
            });
            b.write(o.t, b.load128(address));
            return;
          }
          const value = b.read('v128', o.t);
          b.if(misaligned(b, address, 16), () => {
            b.store(address, 8, b.wasm<'i64'>('i64', 'i64x2.extract_lane', [value], 0), whole);
          });
          b.store(address, 16, value);
        },
      },
    );
  }),
);

const doublewordIndex = {
  fields: ['Q'],
  of: (f: Readonly<Record<string, number>>) => f['Q'] as number,
  encode: (index: number) => ({ Q: index }),
};

const elements = ([1, 0] as const).map(L => {
  const stem = L ? 'ldap1' : 'stl1';
  return instruction(stem.toUpperCase(), `0 Q 001101 0${L} 0 00001 100001 Rn:5 Rt:5`, {
    operands: { t: elementList('Rt', 1, 'd', doublewordIndex), n },
    syntax: `${stem} {t}, [{n}]`,
    brief: `${L ? 'Loads' : 'Stores'} a doubleword of a vector with ${withOrder(L === 1)}.`,
    feature,
    traits: [L ? 'load' : 'store', 'floatingPoint', 'vector'],
    rare: true,
    shape: ['Q'],
    derived: { sp: baseIsSp },
    semantics: (b, o, f) => {
      checkFloatingPoint(b);
      const address = baseAddress(b, o.n, f.sp);
      const ordered = { aligned: 'ordered' } as const;
      if (L) {
        const value = b.load(address, 8, ordered);
        b.write(o.t, b.wasm<'v128'>('v128', 'i64x2.replace_lane', [b.read('v128', o.t), value], f.Q));
      } else b.store(address, 8, b.wasm<'i64'>('i64', 'i64x2.extract_lane', [b.read('v128', o.t)], f.Q), ordered);
    },
  });
});

export const loadStoreRcpc3 = [...withWriteBack, ...pairs, ...vectors, ...elements];
