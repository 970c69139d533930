/** SVE loads, stores and prefetches (Arm ARM C4.1, SVE encodings). The notation is told in `scalable-notation.ts`. */
import { type FamilyRows, family } from './scalable-notation.ts';

const load = { traits: ['load'] } as const;
const store = { traits: ['store'] } as const;

/** What memory accesses are of, with `msz`, the letter of mnemonics, that of elements, and the shift of an index. */
const SIZES = ['b 00 b 0', 'h 01 h 1', 'w 10 s 2', 'd 11 d 3'].map(text => {
  const [letter = '', bits = '', element = '', shift = ''] = text.split(' ');
  return { letter, bits, element, shift };
});

/** `dtype`: what is loaded, and into which elements. */
const dtypes = (name: string) =>
  [
    ...[
      'b 0000 b 0',
      'b 0001 h 0',
      'b 0010 s 0',
      'b 0011 d 0',
      'sw 0100 d 2',
      'h 0101 h 1',
      'h 0110 s 1',
      'h 0111 d 1',
    ],
    ...[
      'sh 1000 d 1',
      'sh 1001 s 1',
      'w 1010 s 2',
      'w 1011 d 2',
      'sb 1100 d 0',
      'sb 1101 s 0',
      'sb 1110 h 0',
      'd 1111 d 3',
    ],
  ]
    .map(entry => name + entry)
    .join(', ');

/** Loads into elements of 32 or 64 bits by addresses in vectors: `U` and `ff`, and the size and shift of an access. */
const gathers = (element: 's' | 'd', sizes: readonly string[]) => {
  const sizeOf = { b: 'b 00 0', h: 'h 01 1', w: 'w 10 2', d: 'd 11 3' } as const;
  return sizes
    .flatMap(size => {
      const [letter, bits, shift] = sizeOf[size as 'b'].split(' ') as [string, string, string];
      // What fills an element needs no sign.
      const signed = letter !== 'd' && !(element === 's' && letter === 'w');
      const rest = `${shift} ${2 ** Number(shift)}`;
      return [
        ...(signed ? [`ld1s${letter} ${bits} 00 ${rest}`, `ldff1s${letter} ${bits} 01 ${rest}`] : []),
        `ld1${letter} ${bits} 10 ${rest}`,
        `ldff1${letter} ${bits} 11 ${rest}`,
      ];
    })
    .join(', ');
};

const prefetches = 'prfb 00 0 1, prfh 01 1 2, prfw 10 2 4, prfd 11 3 8';

/** Structures of two to four elements, from or to as many registers. */
function structures(name: 'ld' | 'st', predicate: string): FamilyRows[] {
  const [bits, codeOfScalar, codeOfImmediate, options] =
    name === 'ld' ? (['1010010', '110', '0', load] as const) : (['1110010', '011', '1', store] as const);
  return [2, 3, 4].flatMap(count => {
    const opc = (count - 1).toString(2).padStart(2, '0');
    return SIZES.flatMap(({ letter, bits: msz, element, shift }) => [
      family(
        'scalar index',
        `${bits} ${msz} ${opc} Rm:5 ${codeOfScalar} Pg:3 Rn:5 Zt:5`,
        `{Zt.${element}}*${count}, ${predicate}, [Xn|SP, Xm<<${shift}]`,
        `${name}${count}${letter}`,
        options,
      ),
      family(
        'immediate offset',
        `${bits} ${msz} ${opc} ${codeOfImmediate} imm4:4 111 Pg:3 Rn:5 Zt:5`,
        `{Zt.${element}}*${count}, ${predicate}, [Xn|SP, #±imm4*${count}vl]`,
        `${name}${count}${letter}`,
        options,
      ),
    ]);
  });
}

export const sveLoads = [
  family(
    'scalar and vector, 32-bit elements',
    '1000010 ?? xs 0 Zm:5 0 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.s}, Pg/z, [Xn|SP, Zm.s/xs]',
    gathers('s', ['b', 'h', 'w']),
    load,
  ),
  family(
    'scalar and scaled vector, 32-bit elements',
    '1000010 ?? xs 1 Zm:5 0 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.s}, Pg/z, [Xn|SP, Zm.s/xs<<@1]',
    gathers('s', ['h', 'w']),
    load,
  ),
  family(
    'vector and immediate, 32-bit elements',
    '1000010 ?? 01 imm5:5 1 ?? Pg:3 Zn:5 Zt:5',
    '{Zt.s}, Pg/z, [Zn.s, #imm5*@2?]',
    gathers('s', ['b', 'h', 'w']),
    load,
  ),
  family(
    'scalar and unpacked vector',
    '1100010 ?? xs 0 Zm:5 0 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg/z, [Xn|SP, Zm.d/xs]',
    gathers('d', ['b', 'h', 'w', 'd']),
    load,
  ),
  family(
    'scalar and scaled unpacked vector',
    '1100010 ?? xs 1 Zm:5 0 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg/z, [Xn|SP, Zm.d/xs<<@1]',
    gathers('d', ['h', 'w', 'd']),
    load,
  ),
  family(
    'vector and immediate, 64-bit elements',
    '1100010 ?? 01 imm5:5 1 ?? Pg:3 Zn:5 Zt:5',
    '{Zt.d}, Pg/z, [Zn.d, #imm5*@2?]',
    gathers('d', ['b', 'h', 'w', 'd']),
    load,
  ),
  family(
    'scalar and 64-bit vector',
    '1100010 ?? 10 Zm:5 1 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg/z, [Xn|SP, Zm.d<<0]',
    gathers('d', ['b', 'h', 'w', 'd']),
    load,
  ),
  family(
    'scalar and scaled 64-bit vector',
    '1100010 ?? 11 Zm:5 1 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg/z, [Xn|SP, Zm.d<<@1]',
    gathers('d', ['h', 'w', 'd']),
    load,
  ),
  family('predicate', '1000010 11 0 imm9h:6 000 imm9l:3 Rn:5 0 Pt:4', 'Pt, [Xn|SP, #±imm9h:imm9l*vl]', 'ldr', load),
  family('vector', '1000010 11 0 imm9h:6 010 imm9l:3 Rn:5 Zt:5', 'Zt, [Xn|SP, #±imm9h:imm9l*vl]', 'ldr', load),
  family(
    'one element, to @2',
    '1000010 ?? 1 imm6:6 1 ?? Pg:3 Rn:5 Zt:5',
    '{Zt.@2}, Pg/z, [Xn|SP, #imm6*@1?]',
    `ld1rb 00 00 1 b, ld1rb 00 01 1 h, ld1rb 00 10 1 s, ld1rb 00 11 1 d, ld1rsw 01 00 4 d, ld1rh 01 01 2 h,
    ld1rh 01 10 2 s, ld1rh 01 11 2 d, ld1rsh 10 00 2 d, ld1rsh 10 01 2 s, ld1rw 10 10 4 s, ld1rw 10 11 4 d,
    ld1rsb 11 00 1 d, ld1rsb 11 01 1 s, ld1rsb 11 10 1 h, ld1rd 11 11 8 d`,
    load,
  ),
  family(
    'scalar index',
    '1010010 ?? 00 Rm:5 000 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, Xm<<@2]',
    'ld1rqb 00 b 0, ld1rqh 01 h 1, ld1rqw 10 s 2, ld1rqd 11 d 3',
    load,
  ),
  family(
    'immediate offset',
    '1010010 ?? 00 0 imm4:4 001 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, #±imm4*16?]',
    'ld1rqb 00 b, ld1rqh 01 h, ld1rqw 10 s, ld1rqd 11 d',
    load,
  ),
  family(
    'scalar index, to @1',
    '1010010 ???? Rm:5 010 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, Xm<<@2]',
    dtypes('ld1'),
    load,
  ),
  family(
    'scalar index, to @1',
    '1010010 ???? Rm:5 011 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, Xm?<<@2]',
    dtypes('ldff1'),
    load,
  ),
  family(
    'immediate offset, to @1',
    '1010010 ???? 0 imm4:4 101 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, #±imm4*vl]',
    dtypes('ld1'),
    load,
  ),
  family(
    'immediate offset, to @1',
    '1010010 ???? 1 imm4:4 101 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, #±imm4*vl]',
    dtypes('ldnf1'),
    load,
  ),
  family(
    'scalar index',
    '1010010 ?? 00 Rm:5 110 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, Xm<<@2]',
    'ldnt1b 00 b 0, ldnt1h 01 h 1, ldnt1w 10 s 2, ldnt1d 11 d 3',
    load,
  ),
  family(
    'immediate offset',
    '1010010 ?? 00 0 imm4:4 111 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, #±imm4*vl]',
    'ldnt1b 00 b, ldnt1h 01 h, ldnt1w 10 s, ldnt1d 11 d',
    load,
  ),
  ...structures('ld', 'Pg/z'),
];

export const sveLoadsOctwords = [
  family(
    'scalar index',
    '1010010 ?? 01 Rm:5 000 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, Xm<<@2]',
    'ld1rob 00 b 0, ld1roh 01 h 1, ld1row 10 s 2, ld1rod 11 d 3',
    load,
  ),
  family(
    'immediate offset',
    '1010010 ?? 01 0 imm4:4 001 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg/z, [Xn|SP, #±imm4*32?]',
    'ld1rob 00 b, ld1roh 01 h, ld1row 10 s, ld1rod 11 d',
    load,
  ),
];

export const svePrefetches = [
  family(
    'scalar and vector, 32-bit elements',
    '1000010 00 xs 1 Zm:5 0 ?? Pg:3 Rn:5 0 prfop:4',
    'prfop, Pg, [Xn|SP, Zm.s/xs<<@1]',
    prefetches,
  ),
  family(
    'scalar and unpacked vector',
    '1100010 00 xs 1 Zm:5 0 ?? Pg:3 Rn:5 0 prfop:4',
    'prfop, Pg, [Xn|SP, Zm.d/xs<<@1]',
    prefetches,
  ),
  family(
    'scalar and 64-bit vector',
    '1100010 00 11 Zm:5 1 ?? Pg:3 Rn:5 0 prfop:4',
    'prfop, Pg, [Xn|SP, Zm.d<<@1]',
    prefetches,
  ),
  family(
    'immediate offset',
    '1000010 11 1 imm6:6 0 ?? Pg:3 Rn:5 0 prfop:4',
    'prfop, Pg, [Xn|SP, #±imm6*vl]',
    prefetches,
  ),
  family('scalar index', '1000010 ?? 00 Rm:5 110 Pg:3 Rn:5 0 prfop:4', 'prfop, Pg, [Xn|SP, Xm<<@1]', prefetches),
  family(
    'vector and immediate, 32-bit elements',
    '1000010 ?? 00 imm5:5 111 Pg:3 Zn:5 0 prfop:4',
    'prfop, Pg, [Zn.s, #imm5*@2?]',
    prefetches,
  ),
  family(
    'vector and immediate, 64-bit elements',
    '1100010 ?? 00 imm5:5 111 Pg:3 Zn:5 0 prfop:4',
    'prfop, Pg, [Zn.d, #imm5*@2?]',
    prefetches,
  ),
];

export const sveStores = [
  family('predicate', '1110010 110 imm9h:6 000 imm9l:3 Rn:5 0 Pt:4', 'Pt, [Xn|SP, #±imm9h:imm9l*vl]', 'str', store),
  family('vector', '1110010 110 imm9h:6 010 imm9l:3 Rn:5 Zt:5', 'Zt, [Xn|SP, #±imm9h:imm9l*vl]', 'str', store),
  ...['st1b 00 size:2 bhsd 0', 'st1h 01 size:2 -hsd 1', 'st1w 10 1 sz sd 2', 'st1d 11 11 d 3'].flatMap(entry => {
    const [name = '', ...rest] = entry.split(' ');
    const shift = rest.pop();
    const elements = rest.pop();
    return [
      family(
        'scalar index',
        `1110010 ${rest.join(' ')} Rm:5 010 Pg:3 Rn:5 Zt:5`,
        `{Zt.${elements}}, Pg, [Xn|SP, Xm<<${shift}]`,
        name,
        store,
      ),
      family(
        'immediate offset',
        `1110010 ${rest.join(' ')} 0 imm4:4 111 Pg:3 Rn:5 Zt:5`,
        `{Zt.${elements}}, Pg, [Xn|SP, #±imm4*vl]`,
        name,
        store,
      ),
    ];
  }),
  family(
    'scalar index',
    '1110010 ?? 00 Rm:5 011 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg, [Xn|SP, Xm<<@2]',
    'stnt1b 00 b 0, stnt1h 01 h 1, stnt1w 10 s 2, stnt1d 11 d 3',
    store,
  ),
  family(
    'immediate offset',
    '1110010 ?? 00 1 imm4:4 111 Pg:3 Rn:5 Zt:5',
    '{Zt.@1}, Pg, [Xn|SP, #±imm4*vl]',
    'stnt1b 00 b, stnt1h 01 h, stnt1w 10 s, stnt1d 11 d',
    store,
  ),
  ...structures('st', 'Pg'),
  family(
    'scalar and unpacked vector',
    '1110010 ?? 00 Zm:5 1 xs 0 Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg, [Xn|SP, Zm.d/xs]',
    'st1b 00, st1h 01, st1w 10, st1d 11',
    store,
  ),
  family(
    'scalar and vector, 32-bit elements',
    '1110010 ?? 10 Zm:5 1 xs 0 Pg:3 Rn:5 Zt:5',
    '{Zt.s}, Pg, [Xn|SP, Zm.s/xs]',
    'st1b 00, st1h 01, st1w 10',
    store,
  ),
  family(
    'scalar and scaled unpacked vector',
    '1110010 ?? 01 Zm:5 1 xs 0 Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg, [Xn|SP, Zm.d/xs<<@1]',
    'st1h 01 1, st1w 10 2, st1d 11 3',
    store,
  ),
  family(
    'scalar and scaled vector, 32-bit elements',
    '1110010 ?? 11 Zm:5 1 xs 0 Pg:3 Rn:5 Zt:5',
    '{Zt.s}, Pg, [Xn|SP, Zm.s/xs<<@1]',
    'st1h 01 1, st1w 10 2',
    store,
  ),
  family(
    'scalar and 64-bit vector',
    '1110010 ?? 00 Zm:5 101 Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg, [Xn|SP, Zm.d<<0]',
    'st1b 00, st1h 01, st1w 10, st1d 11',
    store,
  ),
  family(
    'scalar and scaled 64-bit vector',
    '1110010 ?? 01 Zm:5 101 Pg:3 Rn:5 Zt:5',
    '{Zt.d}, Pg, [Xn|SP, Zm.d<<@1]',
    'st1h 01 1, st1w 10 2, st1d 11 3',
    store,
  ),
  family(
    'vector and immediate, 64-bit elements',
    '1110010 ?? 10 imm5:5 101 Pg:3 Zn:5 Zt:5',
    '{Zt.d}, Pg, [Zn.d, #imm5*@1?]',
    'st1b 00 1, st1h 01 2, st1w 10 4, st1d 11 8',
    store,
  ),
  family(
    'vector and immediate, 32-bit elements',
    '1110010 ?? 11 imm5:5 101 Pg:3 Zn:5 Zt:5',
    '{Zt.s}, Pg, [Zn.s, #imm5*@1?]',
    'st1b 00 1, st1h 01 2, st1w 10 4',
    store,
  ),
];

export const sve2Memory = [
  family(
    'vector and scalar, 32-bit elements',
    '1000010 ?? 00 Rm:5 10 ? Pg:3 Zn:5 Zt:5',
    '{Zt.s}, Pg/z, [Zn.s, Xm?<<0]',
    'ldnt1sb 00 0, ldnt1sh 01 0, ldnt1b 00 1, ldnt1h 01 1, ldnt1w 10 1',
    load,
  ),
  family(
    'vector and scalar, 64-bit elements',
    '1100010 ?? 00 Rm:5 1 ? 0 Pg:3 Zn:5 Zt:5',
    '{Zt.d}, Pg/z, [Zn.d, Xm?<<0]',
    'ldnt1sb 00 0, ldnt1sh 01 0, ldnt1sw 10 0, ldnt1b 00 1, ldnt1h 01 1, ldnt1w 10 1, ldnt1d 11 1',
    load,
  ),
  family(
    'vector and scalar, 64-bit elements',
    '1110010 ?? 00 Rm:5 001 Pg:3 Zn:5 Zt:5',
    '{Zt.d}, Pg, [Zn.d, Xm?<<0]',
    'stnt1b 00, stnt1h 01, stnt1w 10, stnt1d 11',
    store,
  ),
  family(
    'vector and scalar, 32-bit elements',
    '1110010 ?? 10 Rm:5 001 Pg:3 Zn:5 Zt:5',
    '{Zt.s}, Pg, [Zn.s, Xm?<<0]',
    'stnt1b 00, stnt1h 01, stnt1w 10',
    store,
  ),
];
