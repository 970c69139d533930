/** SME: tiles of ZA and what works on them (Arm ARM C4.1, SME encodings). The notation: `scalable-notation.ts`. */
import { family } from './scalable-notation.ts';

const load = { traits: ['load'] } as const;
const store = { traits: ['store'] } as const;

const product32 = (source: string, pattern: string, names: string) =>
  family(
    `${source} to s`,
    `${pattern} Zm:5 Pm:3 Pn:3 Zn:5 ? 00 ZAda:2`,
    `ZAda.s, Pn/m, Pm/m, Zn.${source}, Zm.${source}`,
    names,
  );
const product64 = (source: string, pattern: string, names: string) =>
  family(
    `${source} to d`,
    `${pattern} Zm:5 Pm:3 Pn:3 Zn:5 ? 0 ZAda:3`,
    `ZAda.d, Pn/m, Pm/m, Zn.${source}, Zm.${source}`,
    names,
  );
const integerProducts =
  'smopa 0 0 0, smops 0 0 1, sumopa 0 1 0, sumops 0 1 1, usmopa 1 0 0, usmops 1 0 1, umopa 1 1 0, umops 1 1 1';

/** Elements, their bits in moves, how tile and offset share four bits, and the size of transfers. */
const SLICES = [
  { letter: 'b', size: '00', quad: '0', tile: '', offset: 'off4', place: 'off4:4', shift: 0 },
  { letter: 'h', size: '01', quad: '0', tile: '1', offset: 'off3', place: 'off3:3', shift: 1 },
  { letter: 's', size: '10', quad: '0', tile: '2', offset: 'off2', place: 'off2:2', shift: 2 },
  { letter: 'd', size: '11', quad: '0', tile: '3', offset: 'o1', place: 'o1', shift: 3 },
  { letter: 'q', size: '11', quad: '1', tile: '4', offset: '', place: '', shift: 4 },
];

const place = (slice: (typeof SLICES)[number], field: string) =>
  [slice.tile ? `${field}:${slice.tile}` : '', slice.place].filter(Boolean).join(' ');
const sliceText = (slice: (typeof SLICES)[number], field: string) =>
  `${slice.tile ? field : 'ZA0'}hv.${slice.letter}[Rs+${slice.offset}]`;

export const sme = [
  family('immediate', '00000100 0 ? 1 Rn:5 01011 imm6:6 Rd:5', 'Xd|SP, Xn|SP, #±imm6', 'addsvl 0, addspl 1'),
  family('immediate', '00000100 1 0 1 11111 01011 imm6:6 Rd:5', 'Xd, #±imm6', 'rdsvl'),
  family('vector', '00000101 001 01110 100 Pg:3 Zn:5 Zd:5', 'Zd.q, Pg/m, Zn.q', 'revd'),
  family(
    'predicates',
    '00100101 i1 tszh 1 tszl:3 Rv:2 01 Pn:4 0 Pm:4 0 Pd:4',
    'Pd, Pn, Pm.low/4[Rv+i1:tszh:tszl]',
    'psel',
  ),
  family('vectors', '01000100 size:2 0 Zm:5 11000 ? Zn:5 Zd:5', 'Zd.bhsd, Zn.bhsd, Zm.bhsd', 'sclamp 0, uclamp 1'),
  product32('s', '10000000 100', 'fmopa 0, fmops 1'),
  product32('h', '10000001 100', 'bfmopa 0, bfmops 1'),
  product32('h', '10000001 101', 'fmopa 0, fmops 1'),
  product32('b', '1010000 ? 10 ?', integerProducts),
  ...SLICES.flatMap(slice => [
    family(
      `vector to tile, ${slice.letter}`,
      `11000000 ${slice.size} 00000 ${slice.quad} V Rs:2 Pg:3 Zn:5 0 ${place(slice, 'ZAd')}`,
      `${sliceText(slice, 'ZAd')}, Pg/m, Zn.${slice.letter}`,
      'mova',
      { aliases: [{ syntax: `mov ${sliceText(slice, 'ZAd')}, Pg/m, Zn.${slice.letter}` }] },
    ),
    family(
      `tile to vector, ${slice.letter}`,
      `11000000 ${slice.size} 00001 ${slice.quad} V Rs:2 Pg:3 0 ${place(slice, 'ZAn')} Zd:5`,
      `Zd.${slice.letter}, Pg/m, ${sliceText(slice, 'ZAn')}`,
      'mova',
      { aliases: [{ syntax: `mov Zd.${slice.letter}, Pg/m, ${sliceText(slice, 'ZAn')}` }] },
    ),
  ]),
  family('tiles', '11000000 00001000 00000000 imm8:8', '{tiles}', 'zero'),
  family('s', '11000000 10 01000 ? Pm:3 Pn:3 Zn:5 000 ZAda:2', 'ZAda.s, Pn/m, Pm/m, Zn.s', 'addha 0, addva 1'),
  ...SLICES.flatMap(slice => {
    const letter = slice.letter === 's' ? 'w' : slice.letter;
    const size = slice.quad === '1' ? '111' : `0${slice.size}`;
    const pattern = `1110000 ${size} ? Rm:5 V Rs:2 Pg:3 Rn:5 0 ${place(slice, 'ZAt')}`;
    const text = (predicate: string) => `{${sliceText(slice, 'ZAt')}}, ${predicate}, [Xn|SP, Xm?<<${slice.shift}]`;
    return [
      family('tile slice', pattern, text('Pg/z'), `ld1${letter} 0`, load),
      family('tile slice', pattern, text('Pg'), `st1${letter} 1`, store),
    ];
  }),
  family('array', '1110000 1000 000000 Rv:2 000 Rn:5 0 off4:4', 'ZA[Rv+off4], [Xn|SP, #off4*vl]', 'ldr', load),
  family('array', '1110000 1001 000000 Rv:2 000 Rn:5 0 off4:4', 'ZA[Rv+off4], [Xn|SP, #off4*vl]', 'str', store),
];

export const smeDouble = [product64('d', '10000000 110', 'fmopa 0, fmops 1')];

export const smeWide = [
  product64('h', '1010000 ? 11 ?', integerProducts),
  family('d', '11000000 11 01000 ? Pm:3 Pn:3 Zn:5 00 ZAda:3', 'ZAda.d, Pn/m, Pm/m, Zn.d', 'addha 0, addva 1'),
];
