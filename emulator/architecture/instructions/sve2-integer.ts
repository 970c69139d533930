/** SVE2 on integers, and the integer dot products and matrices (Arm ARM C4.1, SVE encodings). */
import { family } from './scalable-notation.ts';

const binary = 'Zdn.bhsd, Pg/m, Zdn.bhsd, Zm.bhsd';
const three = 'Zda.bhsd, Zn.bhsd, Zm.bhsd';
const constructive = 'Zd.bhsd, Zn.bhsd, Zm.bhsd';
/** Elements of the destination are twice as wide as those of the sources. */
const widening = 'Zda.-hsd, Zn.-bhs, Zm.-bhs';
const wideningTo = 'Zd.-hsd, Zn.-bhs, Zm.-bhs';

const accumulate = '01000100 size:2 0 Zm:5 0 ????? Zn:5 Zda:5';
const predicated = '01000100 size:2 0 ????? 10 ? Pg:3 Zm:5 Zdn:5';
const widen = '01000101 size:2 0 Zm:5 0 ????? Zn:5 Zd:5';

/** By element: halfwords, words and doublewords, which have their index in different places. */
const halfElement = '01000100 0 i3h 1 i3l:2 Zm:3 ?????? Zn:5';
const wordElement = '01000100 101 i2:2 Zm:3 ?????? Zn:5';
const doubleElement = '01000100 111 i1 Zm:4 ?????? Zn:5';
/** By element of half the width. */
const longFromHalf = '01000100 101 i3h:2 Zm:3 ???? i3l ? Zn:5';
const longFromWord = '01000100 111 i2h Zm:4 ???? i2l ? Zn:5';

const sameWidth = (destination: string, names: string) => [
  family('by element, .h', `${halfElement} ${destination}:5`, `${destination}.h, Zn.h, Zm.h[i3h:i3l]`, names),
  family('by element, .s', `${wordElement} ${destination}:5`, `${destination}.s, Zn.s, Zm.s[i2]`, names),
  family('by element, .d', `${doubleElement} ${destination}:5`, `${destination}.d, Zn.d, Zm.d[i1]`, names),
];

const twiceAsWide = (destination: string, names: string) => [
  family('by element, .s', `${longFromHalf} ${destination}:5`, `${destination}.s, Zn.h, Zm.h[i3h:i3l]`, names),
  family('by element, .d', `${longFromWord} ${destination}:5`, `${destination}.d, Zn.s, Zm.s[i2h:i2l]`, names),
];

export const sveDotProduct = [
  family('vectors', accumulate, 'Zda.--sd, Zn.--bh, Zm.--bh', 'sdot 00000, udot 00001'),
  family('by element, .s', `${wordElement} Zda:5`, 'Zda.s, Zn.b, Zm.b[i2]', 'sdot 000000, udot 000001'),
  family('by element, .d', `${doubleElement} Zda:5`, 'Zda.d, Zn.h, Zm.h[i1]', 'sdot 000000, udot 000001'),
  family('vectors', '01000100 100 Zm:5 011110 Zn:5 Zda:5', 'Zda.s, Zn.b, Zm.b', 'usdot'),
  family('by element', `${wordElement} Zda:5`, 'Zda.s, Zn.b, Zm.b[i2]', 'usdot 000110, sudot 000111'),
  family('vectors', '01000101 ?? 0 Zm:5 100110 Zn:5 Zda:5', 'Zda.s, Zn.b, Zm.b', 'smmla 00, usmmla 10, ummla 11'),
];

export const sve2Integer = [
  family(
    'vectors, unpredicated',
    '00000100 size:2 1 Zm:5 011 ??? Zn:5 Zd:5',
    constructive,
    'mul 000, smulh 010, umulh 011, sqdmulh 100, sqrdmulh 101',
  ),
  family('vectors', '00000100 00 1 Zm:5 011001 Zn:5 Zd:5', 'Zd.b, Zn.b, Zm.b', 'pmul'),
  family(
    'immediate, predicated',
    '00000100 tszh:2 0 0 ???? 100 Pg:3 tszl:2 imm3:3 Zdn:5',
    'Zdn.tsz, Pg/m, Zdn.tsz, #left',
    'sqshl 0110, uqshl 0111, sqshlu 1111',
  ),
  family(
    'immediate, predicated',
    '00000100 tszh:2 0 0 ???? 100 Pg:3 tszl:2 imm3:3 Zdn:5',
    'Zdn.tsz, Pg/m, Zdn.tsz, #right',
    'srshr 1100, urshr 1101',
  ),
  family('immediate', '00000100 tszh:2 1 tszl:2 imm3:3 001101 Zm:5 Zdn:5', 'Zdn.tsz, Zdn.tsz, Zm.tsz, #right', 'xar'),
  family(
    'vectors',
    '00000100 ?? 1 Zm:5 00111 ? Zk:5 Zdn:5',
    'Zdn.d, Zdn.d, Zm.d, Zk.d',
    'eor3 000, bcax 010, bsl 001, bsl1n 011, bsl2n 101, nbsl 111',
  ),
  family('vectors', accumulate, widening, 'sqdmlalbt 00010, sqdmlslbt 00011'),
  family('vectors', '01000100 size:2 0 Zm:5 0001 rot:2 Zn:5 Zda:5', 'Zda.--sd, Zn.--bh, Zm.--bh, #rot(rot)', 'cdot'),
  family('vectors', '01000100 size:2 0 Zm:5 001 ? rot:2 Zn:5 Zda:5', `${three}, #rot(rot)`, 'cmla 0, sqrdcmlah 1'),
  family(
    'vectors',
    accumulate,
    widening,
    `smlalb 10000, smlalt 10001, umlalb 10010, umlalt 10011, smlslb 10100, smlslt 10101, umlslb 10110, umlslt 10111,
    sqdmlalb 11000, sqdmlalt 11001, sqdmlslb 11010, sqdmlslt 11011`,
  ),
  family('vectors', accumulate, three, 'sqrdmlah 11100, sqrdmlsh 11101'),
  family(
    'vectors, predicated',
    predicated,
    binary,
    `srshl 000100, urshl 000110, srshlr 001100, urshlr 001110, sqshl 010000, uqshl 010010, sqrshl 010100, uqrshl 010110,
    sqshlr 011000, uqshlr 011010, sqrshlr 011100, uqrshlr 011110`,
  ),
  family('predicated', '01000100 size:2 0 0000 ? 101 Pg:3 Zn:5 Zd:5', 'Zd.--s-, Pg/m, Zn.--s-', 'urecpe 0, ursqrte 1'),
  family('predicated', '01000100 size:2 0 0100 ? 101 Pg:3 Zn:5 Zd:5', 'Zd.bhsd, Pg/m, Zn.bhsd', 'sqabs 0, sqneg 1'),
  family(
    'vectors, predicated',
    '01000100 size:2 0 0010 ? 101 Pg:3 Zn:5 Zda:5',
    'Zda.-hsd, Pg/m, Zn.-bhs',
    'sadalp 0, uadalp 1',
  ),
  family(
    'vectors, predicated',
    predicated,
    binary,
    `shadd 100000, uhadd 100010, shsub 100100, uhsub 100110, srhadd 101000, urhadd 101010, shsubr 101100, uhsubr 101110,
    sqadd 110000, uqadd 110010, sqsub 110100, uqsub 110110, suqadd 111000, usqadd 111010, sqsubr 111100, uqsubr 111110,
    addp 100011, smaxp 101001, umaxp 101011, sminp 101101, uminp 101111`,
  ),
  ...sameWidth('Zda', 'mla 000010, mls 000011, sqrdmlah 000100, sqrdmlsh 000101'),
  ...sameWidth('Zd', 'sqdmulh 111100, sqrdmulh 111101, mul 111110'),
  ...twiceAsWide(
    'Zda',
    `sqdmlalb 00100, sqdmlalt 00101, sqdmlslb 00110, sqdmlslt 00111, smlalb 10000, smlalt 10001, umlalb 10010,
    umlalt 10011, smlslb 10100, smlslt 10101, umlslb 10110, umlslt 10111`,
  ),
  ...twiceAsWide('Zd', 'smullb 11000, smullt 11001, umullb 11010, umullt 11011, sqdmullb 11100, sqdmullt 11101'),
  family('by element, .s', '01000100 101 i2:2 Zm:3 0100 rot:2 Zn:5 Zda:5', 'Zda.s, Zn.b, Zm.b[i2], #rot(rot)', 'cdot'),
  family('by element, .d', '01000100 111 i1 Zm:4 0100 rot:2 Zn:5 Zda:5', 'Zda.d, Zn.h, Zm.h[i1], #rot(rot)', 'cdot'),
  family(
    'by element, .h',
    '01000100 101 i2:2 Zm:3 011 ? rot:2 Zn:5 Zda:5',
    'Zda.h, Zn.h, Zm.h[i2], #rot(rot)',
    'cmla 0, sqrdcmlah 1',
  ),
  family(
    'by element, .s',
    '01000100 111 i1 Zm:4 011 ? rot:2 Zn:5 Zda:5',
    'Zda.s, Zn.s, Zm.s[i1], #rot(rot)',
    'cmla 0, sqrdcmlah 1',
  ),
  family(
    'vectors',
    widen,
    wideningTo,
    `saddlb 00000, saddlt 00001, uaddlb 00010, uaddlt 00011, ssublb 00100, ssublt 00101, usublb 00110, usublt 00111,
    sabdlb 01100, sabdlt 01101, uabdlb 01110, uabdlt 01111, sqdmullb 11000, sqdmullt 11001, smullb 11100, smullt 11101,
    umullb 11110, umullt 11111`,
  ),
  family(
    'vectors',
    widen,
    'Zd.-hsd, Zn.-hsd, Zm.-bhs',
    `saddwb 10000, saddwt 10001, uaddwb 10010, uaddwt 10011, ssubwb 10100, ssubwt 10101, usubwb 10110, usubwt 10111`,
  ),
  family('vectors', widen, 'Zd.-h-d, Zn.-b-s, Zm.-b-s', 'pmullb 11010, pmullt 11011'),
  family('vectors', '01000101 size:2 0 Zm:5 1000 ?? Zn:5 Zd:5', wideningTo, 'saddlbt 00, ssublbt 10, ssubltb 11'),
  family('vectors', '01000101 size:2 0 Zm:5 10010 ? Zn:5 Zd:5', constructive, 'eorbt 0, eortb 1'),
  family(
    'immediate',
    '01000101 0 tszh 0 tszl:2 imm3:3 1010 ?? Zn:5 Zd:5',
    'Zd.tsz+1, Zn.tsz, #left',
    'sshllb 00, sshllt 01, ushllb 10, ushllt 11',
  ),
  family(
    'vectors',
    '01000101 size:2 0 Zm:5 1100 ?? Zn:5 Zda:5',
    widening,
    'sabalb 00, sabalt 01, uabalb 10, uabalt 11',
  ),
  family(
    'vectors',
    '01000101 ? sz 0 Zm:5 11010 ? Zn:5 Zda:5',
    'Zda.sd, Zn.sd, Zm.sd',
    'adclb 00, adclt 01, sbclb 10, sbclt 11',
  ),
  family(
    'vectors',
    '01000101 size:2 0 0000 ? 11011 rot Zm:5 Zdn:5',
    'Zdn.bhsd, Zdn.bhsd, Zm.bhsd, #turn(rot)',
    'cadd 0, sqcadd 1',
  ),
  family(
    'immediate',
    '01000101 tszh:2 0 tszl:2 imm3:3 1110 ?? Zn:5 Zda:5',
    'Zda.tsz, Zn.tsz, #right',
    'ssra 00, usra 01, srsra 10, ursra 11',
  ),
  family('immediate', '01000101 tszh:2 0 tszl:2 imm3:3 111100 Zn:5 Zd:5', 'Zd.tsz, Zn.tsz, #right', 'sri'),
  family('immediate', '01000101 tszh:2 0 tszl:2 imm3:3 111101 Zn:5 Zd:5', 'Zd.tsz, Zn.tsz, #left', 'sli'),
  family('vectors', '01000101 size:2 0 Zm:5 11111 ? Zn:5 Zda:5', three, 'saba 0, uaba 1'),
  family(
    'immediate',
    '01000101 0 tszh 1 tszl:2 imm3:3 00 ???? Zn:5 Zd:5',
    'Zd.tsz, Zn.tsz+1, #right',
    `sqshrunb 0000, sqshrunt 0001, sqrshrunb 0010, sqrshrunt 0011, shrnb 0100, shrnt 0101, rshrnb 0110, rshrnt 0111,
    sqshrnb 1000, sqshrnt 1001, sqrshrnb 1010, sqrshrnt 1011, uqshrnb 1100, uqshrnt 1101, uqrshrnb 1110, uqrshrnt 1111`,
  ),
  family(
    'vectors',
    '01000101 0 tszh 1 tszl:2 000010 ??? Zn:5 Zd:5',
    'Zd.one, Zn.one+1',
    'sqxtnb 000, sqxtnt 001, uqxtnb 010, uqxtnt 011, sqxtunb 100, sqxtunt 101',
  ),
  family(
    'vectors',
    '01000101 size:2 1 Zm:5 011 ??? Zn:5 Zd:5',
    'Zd.-bhs, Zn.-hsd, Zm.-hsd',
    `addhnb 000, addhnt 001, raddhnb 010, raddhnt 011, subhnb 100, subhnt 101, rsubhnb 110, rsubhnt 111`,
  ),
  family(
    'vectors',
    '01000101 size:2 1 Zm:5 100 Pg:3 Zn:5 ? Pd:4',
    'Pd.bh--, Pg/z, Zn.bh--, Zm.bh--',
    'match 0, nmatch 1',
  ),
  family('vectors', '01000101 size:2 1 Zm:5 101000 Zn:5 Zd:5', 'Zd.b---, Zn.b---, Zm.b---', 'histseg'),
  family('vectors', '01000101 size:2 1 Zm:5 110 Pg:3 Zn:5 Zd:5', 'Zd.--sd, Pg/z, Zn.--sd, Zm.--sd', 'histcnt'),
];

export const sve2PolynomialMultiply = [
  family('quadwords', '01000101 00 0 Zm:5 01101 ? Zn:5 Zd:5', 'Zd.q, Zn.d, Zm.d', 'pmullb 0, pmullt 1'),
];

export const sve2BitPermutation = [
  family('vectors', '01000101 size:2 0 Zm:5 1011 ?? Zn:5 Zd:5', constructive, 'bext 00, bdep 01, bgrp 10'),
];

export const sve2Aes = [
  family('vectors', '01000101 001 00000 11100 ? 00000 Zdn:5', 'Zdn.b, Zdn.b', 'aesmc 0, aesimc 1'),
  family('vectors', '01000101 001 00010 11100 ? Zm:5 Zdn:5', 'Zdn.b, Zdn.b, Zm.b', 'aese 0, aesd 1'),
];

export const sve2Sm4 = [
  family('vectors', '01000101 001 00011 111000 Zm:5 Zdn:5', 'Zdn.s, Zdn.s, Zm.s', 'sm4e'),
  family('vectors', '01000101 001 Zm:5 111100 Zn:5 Zd:5', 'Zd.s, Zn.s, Zm.s', 'sm4ekey'),
];

export const sve2Sha3 = [family('vectors', '01000101 001 Zm:5 111101 Zn:5 Zd:5', 'Zd.d, Zn.d, Zm.d', 'rax1')];
