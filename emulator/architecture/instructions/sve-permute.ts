/** SVE permutations of elements, of vectors and of predicates (Arm ARM C4.1, SVE encodings). */
import { family } from './scalable-notation.ts';

const halves = 'zip1 000, zip2 001, uzp1 010, uzp2 011, trn1 100, trn2 101';

export const svePermute = [
  family('destructive', '00000101 00 1 imm8h:5 000 imm8l:3 Zm:5 Zdn:5', 'Zdn.b, Zdn.b, Zm.b, #imm8h:imm8l', 'ext'),
  family('indexed', '00000101 imm2:2 1 tsz:5 001000 Zn:5 Zd:5', 'Zd.low/5:imm2:tsz, Zn.low/5[imm2:tsz]', 'dup', {
    aliases: [
      { syntax: 'mov Zd.low/5:imm2:tsz, V(Zn).one:imm2:tsz' },
      { syntax: 'mov Zd.low/5:imm2:tsz, Zn.low/5[imm2:tsz]' },
    ],
  }),
  family('one table', '00000101 size:2 1 Zm:5 001100 Zn:5 Zd:5', 'Zd.bhsd, {Zn.bhsd}, Zm.bhsd', 'tbl'),
  family('scalar', '00000101 size:2 1 00000 001110 Rn:5 Zd:5', 'Zd.bhsd, Rn|SP.wwwx', 'dup', {
    aliases: [{ syntax: 'mov Zd.bhsd, Rn|SP.wwwx' }],
  }),
  family('scalar', '00000101 size:2 1 00100 001110 Rm:5 Zdn:5', 'Zdn.bhsd, Rm.wwwx', 'insr'),
  family('SIMD&FP scalar', '00000101 size:2 1 10100 001110 Vm:5 Zdn:5', 'Zdn.bhsd, Vm.bhsd', 'insr'),
  family(
    'vectors',
    '00000101 size:2 1 100 ?? 001110 Zn:5 Zd:5',
    'Zd.-hsd, Zn.-bhs',
    'sunpklo 00, sunpkhi 01, uunpklo 10, uunpkhi 11',
  ),
  family('vector', '00000101 size:2 1 11000 001110 Zn:5 Zd:5', 'Zd.bhsd, Zn.bhsd', 'rev'),
  family('predicates', '00000101 size:2 1 0 Pm:4 010 ??? 0 Pn:4 0 Pd:4', 'Pd.bhsd, Pn.bhsd, Pm.bhsd', halves),
  family('predicates', '00000101 001 1000 ? 010 0000 Pn:4 0 Pd:4', 'Pd.h, Pn.b', 'punpklo 0, punpkhi 1'),
  family('predicate', '00000101 size:2 1 10100 010 0000 Pn:4 0 Pd:4', 'Pd.bhsd, Pn.bhsd', 'rev'),
  family('vectors', '00000101 size:2 1 Zm:5 011 ??? Zn:5 Zd:5', 'Zd.bhsd, Zn.bhsd, Zm.bhsd', halves),
  family('SIMD&FP scalar', '00000101 size:2 1 00000 100 Pg:3 Vn:5 Zd:5', 'Zd.bhsd, Pg/m, Vn.bhsd', 'cpy', {
    aliases: [{ syntax: 'mov Zd.bhsd, Pg/m, Vn.bhsd' }],
  }),
  family('vector', '00000101 1 sz 1 00001 100 Pg:3 Zn:5 Zd:5', 'Zd.sd, Pg, Zn.sd', 'compact'),
  family('SIMD&FP scalar', '00000101 size:2 1 0001 ? 100 Pg:3 Zn:5 Vd:5', 'Vd.bhsd, Pg, Zn.bhsd', 'lasta 0, lastb 1'),
  family('within elements', '00000101 size:2 1 00100 100 Pg:3 Zn:5 Zd:5', 'Zd.-hsd, Pg/m, Zn.-hsd', 'revb'),
  family('within elements', '00000101 size:2 1 00101 100 Pg:3 Zn:5 Zd:5', 'Zd.--sd, Pg/m, Zn.--sd', 'revh'),
  family('within elements', '00000101 size:2 1 00110 100 Pg:3 Zn:5 Zd:5', 'Zd.---d, Pg/m, Zn.---d', 'revw'),
  family('within elements', '00000101 size:2 1 00111 100 Pg:3 Zn:5 Zd:5', 'Zd.bhsd, Pg/m, Zn.bhsd', 'rbit'),
  family(
    'vectors',
    '00000101 size:2 1 0100 ? 100 Pg:3 Zm:5 Zdn:5',
    'Zdn.bhsd, Pg, Zdn.bhsd, Zm.bhsd',
    'clasta 0, clastb 1',
  ),
  family(
    'SIMD&FP scalar',
    '00000101 size:2 1 0101 ? 100 Pg:3 Zm:5 Vdn:5',
    'Vdn.bhsd, Pg, Vdn.bhsd, Zm.bhsd',
    'clasta 0, clastb 1',
  ),
  family('destructive', '00000101 size:2 1 01100 100 Pv:3 Zm:5 Zdn:5', 'Zdn.bhsd, Pv, Zdn.bhsd, Zm.bhsd', 'splice'),
  family('scalar', '00000101 size:2 1 0000 ? 101 Pg:3 Zn:5 Rd:5', 'Rd.wwwx, Pg, Zn.bhsd', 'lasta 0, lastb 1'),
  family('scalar', '00000101 size:2 1 01000 101 Pg:3 Rn:5 Zd:5', 'Zd.bhsd, Pg/m, Rn|SP.wwwx', 'cpy', {
    aliases: [{ syntax: 'mov Zd.bhsd, Pg/m, Rn|SP.wwwx' }],
  }),
  family(
    'scalar',
    '00000101 size:2 1 1000 ? 101 Pg:3 Zm:5 Rdn:5',
    'Rdn.wwwx, Pg, Rdn.wwwx, Zm.bhsd',
    'clasta 0, clastb 1',
  ),
  family('vectors', '00000101 size:2 1 Zm:5 11 Pv:4 Zn:5 Zd:5', 'Zd.bhsd, Pv, Zn.bhsd, Zm.bhsd', 'sel', {
    aliases: [{ syntax: 'mov Zd=Zm.bhsd, Pv/m, Zn.bhsd' }],
  }),
];

export const svePermuteQuadwords = [
  family(
    'quadwords',
    '00000101 101 Zm:5 000 ??? Zn:5 Zd:5',
    'Zd.q, Zn.q, Zm.q',
    'zip1 000, zip2 001, uzp1 010, uzp2 011, trn1 110, trn2 111',
  ),
];

export const sve2Permute = [
  family('constructive', '00000101 01 1 imm8h:5 000 imm8l:3 Zn:5 Zd:5', 'Zd.b, {Zn.b}*2, #imm8h:imm8l', 'ext'),
  family('two tables', '00000101 size:2 1 Zm:5 001010 Zn:5 Zd:5', 'Zd.bhsd, {Zn.bhsd}*2, Zm.bhsd', 'tbl'),
  family('vectors', '00000101 size:2 1 Zm:5 001011 Zn:5 Zd:5', 'Zd.bhsd, Zn.bhsd, Zm.bhsd', 'tbx'),
  family('constructive', '00000101 size:2 1 01101 100 Pv:3 Zn:5 Zd:5', 'Zd.bhsd, Pv, {Zn.bhsd}*2', 'splice'),
];
