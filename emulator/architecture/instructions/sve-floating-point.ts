/** SVE and SVE2 floating point (Arm ARM C4.1, SVE encodings). The notation is told in `scalable-notation.ts`. */
import { type FamilyAlias, family } from './scalable-notation.ts';

const unary = 'Zd.-hsd, Pg/m, Zn.-hsd';
const swapped = (alias: string, of: string): FamilyAlias => ({
  syntax: `${alias} Pd.-hsd, Pg/z, Zm.-hsd, Zn.-hsd`,
  never: true,
  of,
});
/** Between elements of which the wider says how far apart they are. */
const conversion = (names: string) =>
  family('@2 to @1', '01100101 ?? 01 ???? 101 Pg:3 Zn:5 Zd:5', 'Zd.@1, Pg/m, Zn.@2', names);

const byElement = (opcode: string, destination: string, names: string) => [
  family(
    'by element, .h',
    `01100100 0 i3h 1 i3l:2 Zm:3 ${opcode} Zn:5 ${destination}:5`,
    `${destination}.h, Zn.h, Zm.h[i3h:i3l]`,
    names,
  ),
  family(
    'by element, .s',
    `01100100 101 i2:2 Zm:3 ${opcode} Zn:5 ${destination}:5`,
    `${destination}.s, Zn.s, Zm.s[i2]`,
    names,
  ),
  family(
    'by element, .d',
    `01100100 111 i1 Zm:4 ${opcode} Zn:5 ${destination}:5`,
    `${destination}.d, Zn.d, Zm.d[i1]`,
    names,
  ),
];

export const sveFloatingPoint = [
  family(
    'vectors, predicated',
    '01100100 size:2 0 Zm:5 0 rot:2 Pg:3 Zn:5 Zda:5',
    'Zda.-hsd, Pg/m, Zn.-hsd, Zm.-hsd, #rot(rot)',
    'fcmla',
  ),
  family(
    'vectors, predicated',
    '01100100 size:2 00000 rot 100 Pg:3 Zm:5 Zdn:5',
    'Zdn.-hsd, Pg/m, Zdn.-hsd, Zm.-hsd, #turn(rot)',
    'fcadd',
  ),
  ...byElement('00000 ?', 'Zda', 'fmla 0, fmls 1'),
  ...byElement('001000', 'Zd', 'fmul'),
  family('by element, .h', '01100100 101 i2:2 Zm:3 0001 rot:2 Zn:5 Zda:5', 'Zda.h, Zn.h, Zm.h[i2], #rot(rot)', 'fcmla'),
  family('by element, .s', '01100100 111 i1 Zm:4 0001 rot:2 Zn:5 Zda:5', 'Zda.s, Zn.s, Zm.s[i1], #rot(rot)', 'fcmla'),
  family('by element', '01100100 011 i2:2 Zm:3 010000 Zn:5 Zda:5', 'Zda.s, Zn.h, Zm.h[i2]', 'bfdot'),
  family(
    'by element',
    '01100100 111 i3h:2 Zm:3 0100 i3l ? Zn:5 Zda:5',
    'Zda.s, Zn.h, Zm.h[i3h:i3l]',
    'bfmlalb 0, bfmlalt 1',
  ),
  family('vectors', '01100100 011 Zm:5 100000 Zn:5 Zda:5', 'Zda.s, Zn.h, Zm.h', 'bfdot'),
  family('vectors', '01100100 111 Zm:5 10000 ? Zn:5 Zda:5', 'Zda.s, Zn.h, Zm.h', 'bfmlalb 0, bfmlalt 1'),
  family('vectors', '01100100 011 Zm:5 111001 Zn:5 Zda:5', 'Zda.s, Zn.h, Zm.h', 'bfmmla'),
  family('s to h, odd', '01100100 100010 10 101 Pg:3 Zn:5 Zd:5', 'Zd.h, Pg/m, Zn.s', 'bfcvtnt'),
  family(
    'vectors, unpredicated',
    '01100101 size:2 0 Zm:5 000 ??? Zn:5 Zd:5',
    'Zd.-hsd, Zn.-hsd, Zm.-hsd',
    'fadd 000, fsub 001, fmul 010, ftsmul 011, frecps 110, frsqrts 111',
  ),
  family(
    'reduction',
    '01100101 size:2 000 ??? 001 Pg:3 Zn:5 Vd:5',
    'Vd.-hsd, Pg, Zn.-hsd',
    'faddv 000, fmaxnmv 100, fminnmv 101, fmaxv 110, fminv 111',
  ),
  family(
    'vectors',
    '01100101 size:2 0 Zm:5 ??? Pg:3 Zn:5 ? Pd:4',
    'Pd.-hsd, Pg/z, Zn.-hsd, Zm.-hsd',
    'fcmge 0100, fcmgt 0101, fcmeq 0110, fcmne 0111, fcmuo 1100, facge 1101, facgt 1111',
    {
      aliases: [
        swapped('fcmle', 'fcmge'),
        swapped('fcmlt', 'fcmgt'),
        swapped('facle', 'facge'),
        swapped('faclt', 'facgt'),
      ],
    },
  ),
  family(
    'vectors, predicated',
    '01100101 size:2 00 ???? 100 Pg:3 Zm:5 Zdn:5',
    'Zdn.-hsd, Pg/m, Zdn.-hsd, Zm.-hsd',
    `fadd 0000, fsub 0001, fmul 0010, fsubr 0011, fmaxnm 0100, fminnm 0101, fmax 0110, fmin 0111, fabd 1000,
    fscale 1001, fmulx 1010, fdivr 1100, fdiv 1101`,
  ),
  family('vectors', '01100101 size:2 010 imm3:3 100000 Zm:5 Zdn:5', 'Zdn.-hsd, Zdn.-hsd, Zm.-hsd, #imm3', 'ftmad'),
  family(
    'immediate',
    '01100101 size:2 011 ??? 100 Pg:3 0000 i1 Zdn:5',
    'Zdn.-hsd, Pg/m, Zdn.-hsd, #@1(i1)',
    `fadd 000 0.5|1.0, fsub 001 0.5|1.0, fmul 010 0.5|2.0, fsubr 011 0.5|1.0, fmaxnm 100 0.0|1.0, fminnm 101 0.0|1.0,
    fmax 110 0.0|1.0, fmin 111 0.0|1.0`,
  ),
  family(
    'predicated',
    '01100101 size:2 000 ??? 101 Pg:3 Zn:5 Zd:5',
    unary,
    'frintn 000, frintp 001, frintm 010, frintz 011, frinta 100, frintx 110, frinti 111',
  ),
  family(
    '@2 to @1',
    '01100101 ?? 0010 ?? 101 Pg:3 Zn:5 Zd:5',
    'Zd.@1, Pg/m, Zn.@2',
    'fcvt 1000 h s, fcvt 1001 s h, bfcvt 1010 h s, fcvt 1100 h d, fcvt 1101 d h, fcvt 1110 s d, fcvt 1111 d s',
  ),
  family('predicated', '01100101 size:2 00110 ? 101 Pg:3 Zn:5 Zd:5', unary, 'frecpx 0, fsqrt 1'),
  conversion(
    `scvtf 10 0100 s s, scvtf 11 0000 d s, scvtf 11 0100 s d, scvtf 11 0110 d d, scvtf 01 0010 h h, scvtf 01 0100 h s,
    scvtf 01 0110 h d, ucvtf 10 0101 s s, ucvtf 11 0001 d s, ucvtf 11 0101 s d, ucvtf 11 0111 d d, ucvtf 01 0011 h h,
    ucvtf 01 0101 h s, ucvtf 01 0111 h d`,
  ),
  conversion(
    `fcvtzs 10 1100 s s, fcvtzs 11 1000 s d, fcvtzs 11 1100 d s, fcvtzs 11 1110 d d, fcvtzs 01 1010 h h,
    fcvtzs 01 1100 s h, fcvtzs 01 1110 d h, fcvtzu 10 1101 s s, fcvtzu 11 1001 s d, fcvtzu 11 1101 d s,
    fcvtzu 11 1111 d d, fcvtzu 01 1011 h h, fcvtzu 01 1101 s h, fcvtzu 01 1111 d h`,
  ),
  family('unpredicated', '01100101 size:2 00111 ? 001100 Zn:5 Zd:5', 'Zd.-hsd, Zn.-hsd', 'frecpe 0, frsqrte 1'),
  family(
    'zero',
    '01100101 size:2 0100 ?? 001 Pg:3 Zn:5 ? Pd:4',
    'Pd.-hsd, Pg/z, Zn.-hsd, #0.0',
    'fcmge 000, fcmgt 001, fcmlt 010, fcmle 011, fcmeq 100, fcmne 110',
  ),
  family(
    'strictly ordered reduction',
    '01100101 size:2 011000 001 Pg:3 Zm:5 Vdn:5',
    'Vdn.-hsd, Pg, Vdn.-hsd, Zm.-hsd',
    'fadda',
  ),
  family(
    'vectors',
    '01100101 size:2 1 Zm:5 0 ?? Pg:3 Zn:5 Zda:5',
    'Zda.-hsd, Pg/m, Zn.-hsd, Zm.-hsd',
    'fmla 00, fmls 01, fnmla 10, fnmls 11',
  ),
  family(
    'vectors',
    '01100101 size:2 1 Za:5 1 ?? Pg:3 Zm:5 Zdn:5',
    'Zdn.-hsd, Pg/m, Zm.-hsd, Za.-hsd',
    'fmad 00, fmsb 01, fnmad 10, fnmsb 11',
  ),
];

export const sveMatrixMultiplySingle = [
  family('vectors, .s', '01100100 101 Zm:5 111001 Zn:5 Zda:5', 'Zda.s, Zn.s, Zm.s', 'fmmla'),
];
export const sveMatrixMultiplyDouble = [
  family('vectors, .d', '01100100 111 Zm:5 111001 Zn:5 Zda:5', 'Zda.d, Zn.d, Zm.d', 'fmmla'),
];

export const sve2FloatingPoint = [
  family(
    '@2 to @1',
    '01100100 ?? 0010 ?? 101 Pg:3 Zn:5 Zd:5',
    'Zd.@1, Pg/m, Zn.@2',
    'fcvtxnt 0010 s d, fcvtnt 1000 h s, fcvtlt 1001 s h, fcvtnt 1110 s d, fcvtlt 1111 d s',
  ),
  family(
    'vectors, predicated',
    '01100100 size:2 010 ??? 100 Pg:3 Zm:5 Zdn:5',
    'Zdn.-hsd, Pg/m, Zdn.-hsd, Zm.-hsd',
    'faddp 000, fmaxnmp 100, fminnmp 101, fmaxp 110, fminp 111',
  ),
  family(
    'by element',
    '01100100 101 i3h:2 Zm:3 01 ? 0 i3l ? Zn:5 Zda:5',
    'Zda.s, Zn.h, Zm.h[i3h:i3l]',
    'fmlalb 00, fmlalt 01, fmlslb 10, fmlslt 11',
  ),
  family(
    'vectors',
    '01100100 101 Zm:5 10 ? 00 ? Zn:5 Zda:5',
    'Zda.s, Zn.h, Zm.h',
    'fmlalb 00, fmlalt 01, fmlslb 10, fmlslt 11',
  ),
  family('d to s', '01100101 00 0010 10 101 Pg:3 Zn:5 Zd:5', 'Zd.s, Pg/m, Zn.d', 'fcvtx'),
  family('predicated', '01100101 00011 size:2 0 101 Pg:3 Zn:5 Zd:5', unary, 'flogb'),
];
