/** SVE on integers, lane by lane (Arm ARM C4.1, SVE encodings). The notation is told in `scalable-notation.ts`. */
import { moveMaskPreferred } from '../operands/scalable-immediate.ts';
import { family } from './scalable-notation.ts';

const binary = 'Zdn.bhsd, Pg/m, Zdn.bhsd, Zm.bhsd';
const constructive = 'Zd.bhsd, Zn.bhsd, Zm.bhsd';
const immediate = '00100101 size:2 1 ????? 11 sh imm8:8 Zdn:5';

export const sveInteger = [
  family(
    'vectors, predicated',
    '00000100 size:2 0 ????? 000 Pg:3 Zm:5 Zdn:5',
    binary,
    `add 00000, sub 00001, subr 00011, smax 01000, umax 01001, smin 01010, umin 01011, sabd 01100, uabd 01101,
    mul 10000, smulh 10010, umulh 10011, orr 11000, eor 11001, and 11010, bic 11011`,
  ),
  family(
    'vectors, predicated',
    '00000100 size:2 0 ????? 000 Pg:3 Zm:5 Zdn:5',
    'Zdn.--sd, Pg/m, Zdn.--sd, Zm.--sd',
    'sdiv 10100, udiv 10101, sdivr 10110, udivr 10111',
  ),
  family('reduction', '00000100 size:2 000 00 0 001 Pg:3 Zn:5 Vd:5', 'Vd.d, Pg, Zn.bhs-', 'saddv'),
  family(
    'reduction',
    '00000100 size:2 0 ????? 001 Pg:3 Zn:5 Vd:5',
    'Vd.bhsd, Pg, Zn.bhsd',
    'smaxv 01000, umaxv 01001, sminv 01010, uminv 01011, orv 11000, eorv 11001, andv 11010',
  ),
  family('reduction', '00000100 size:2 000 00 1 001 Pg:3 Zn:5 Vd:5', 'Vd.d, Pg, Zn.bhsd', 'uaddv'),
  family('predicated', '00000100 size:2 010 00 M 001 Pg:3 Zn:5 Zd:5', 'Zd.bhsd, Pg/zm, Zn.bhsd', 'movprfx'),
  family('unpredicated', '00000100 00 1 00000 101111 Zn:5 Zd:5', 'Zd, Zn', 'movprfx'),
  family(
    'immediate, predicated',
    '00000100 tszh:2 0 ????? 100 Pg:3 tszl:2 imm3:3 Zdn:5',
    'Zdn.tsz, Pg/m, Zdn.tsz, #right',
    'asr 00000, lsr 00001, asrd 00100',
  ),
  family(
    'immediate, predicated',
    '00000100 tszh:2 0 00011 100 Pg:3 tszl:2 imm3:3 Zdn:5',
    'Zdn.tsz, Pg/m, Zdn.tsz, #left',
    'lsl',
  ),
  family(
    'vectors, predicated',
    '00000100 size:2 0 ????? 100 Pg:3 Zm:5 Zdn:5',
    binary,
    'asr 10000, lsr 10001, lsl 10011, asrr 10100, lsrr 10101, lslr 10111',
  ),
  family(
    'wide elements, predicated',
    '00000100 size:2 0 ????? 100 Pg:3 Zm:5 Zdn:5',
    'Zdn.bhs-, Pg/m, Zdn.bhs-, Zm.d',
    'asr 11000, lsr 11001, lsl 11011',
  ),
  family(
    'predicated',
    '00000100 size:2 0 ????? 101 Pg:3 Zn:5 Zd:5',
    'Zd.-hsd, Pg/m, Zn.-hsd',
    'sxtb 10000, uxtb 10001',
  ),
  family(
    'predicated',
    '00000100 size:2 0 ????? 101 Pg:3 Zn:5 Zd:5',
    'Zd.--sd, Pg/m, Zn.--sd',
    'sxth 10010, uxth 10011',
  ),
  family(
    'predicated',
    '00000100 size:2 0 ????? 101 Pg:3 Zn:5 Zd:5',
    'Zd.---d, Pg/m, Zn.---d',
    'sxtw 10100, uxtw 10101',
  ),
  family(
    'predicated',
    '00000100 size:2 0 ????? 101 Pg:3 Zn:5 Zd:5',
    'Zd.bhsd, Pg/m, Zn.bhsd',
    'abs 10110, neg 10111, cls 11000, clz 11001, cnt 11010, cnot 11011, not 11110',
  ),
  family(
    'predicated',
    '00000100 size:2 0 ????? 101 Pg:3 Zn:5 Zd:5',
    'Zd.-hsd, Pg/m, Zn.-hsd',
    'fabs 11100, fneg 11101',
  ),
  family('vectors', '00000100 size:2 0 Zm:5 01 ? Pg:3 Zn:5 Zda:5', 'Zda.bhsd, Pg/m, Zn.bhsd, Zm.bhsd', 'mla 0, mls 1'),
  family('vectors', '00000100 size:2 0 Zm:5 11 ? Pg:3 Za:5 Zdn:5', 'Zdn.bhsd, Pg/m, Zm.bhsd, Za.bhsd', 'mad 0, msb 1'),
  family(
    'vectors, unpredicated',
    '00000100 size:2 1 Zm:5 000 ??? Zn:5 Zd:5',
    constructive,
    'add 000, sub 001, sqadd 100, uqadd 101, sqsub 110, uqsub 111',
  ),
  family('vectors, unpredicated', '00000100 ?? 1 Zm:5 001 100 Zn:5 Zd:5', 'Zd.d, Zn.d, Zm.d', 'and 00, eor 10, bic 11'),
  family('vectors, unpredicated', '00000100 01 1 Zm:5 001 100 Zn:5 Zd:5', 'Zd.d, Zn.d, Zm.d', 'orr', {
    aliases: [{ syntax: 'mov Zd.d, Zn=Zm.d' }],
  }),
  family(
    'wide elements, unpredicated',
    '00000100 size:2 1 Zm:5 100 0 ?? Zn:5 Zd:5',
    'Zd.bhs-, Zn.bhs-, Zm.d',
    'asr 00, lsr 01, lsl 11',
  ),
  family(
    'immediate, unpredicated',
    '00000100 tszh:2 1 tszl:2 imm3:3 100 1 ?? Zn:5 Zd:5',
    'Zd.tsz, Zn.tsz, #right',
    'asr 00, lsr 01',
  ),
  family(
    'immediate, unpredicated',
    '00000100 tszh:2 1 tszl:2 imm3:3 100 1 11 Zn:5 Zd:5',
    'Zd.tsz, Zn.tsz, #left',
    'lsl',
  ),
  family(
    'unpacked 32-bit offsets',
    '00000100 ?? 1 Zm:5 1010 msz:2 Zn:5 Zd:5',
    'Zd.d, [Zn.d, Zm.d/@1<<msz]',
    'adr 00 sxtw',
  ),
  family(
    'unpacked unsigned offsets',
    '00000100 ?? 1 Zm:5 1010 msz:2 Zn:5 Zd:5',
    'Zd.d, [Zn.d, Zm.d/@1<<msz]',
    'adr 01 uxtw',
  ),
  family('packed offsets', '00000100 1 sz 1 Zm:5 1010 msz:2 Zn:5 Zd:5', 'Zd.sd, [Zn.sd, Zm.sd<<msz]', 'adr'),
  family('vectors', '00000100 size:2 1 Zm:5 101100 Zn:5 Zd:5', 'Zd.-hsd, Zn.-hsd, Zm.-hsd', 'ftssel'),
  family('vectors', '00000100 size:2 1 00000 101110 Zn:5 Zd:5', 'Zd.-hsd, Zn.-hsd', 'fexpa'),
  family('immediates', '00000100 size:2 1 imm5b:5 0100 00 imm5:5 Zd:5', 'Zd.bhsd, #±imm5, #±imm5b', 'index'),
  family('scalar, immediate', '00000100 size:2 1 imm5:5 0100 01 Rn:5 Zd:5', 'Zd.bhsd, Rn.wwwx, #±imm5', 'index'),
  family('immediate, scalar', '00000100 size:2 1 Rm:5 0100 10 imm5:5 Zd:5', 'Zd.bhsd, #±imm5, Rm.wwwx', 'index'),
  family('scalars', '00000100 size:2 1 Rm:5 0100 11 Rn:5 Zd:5', 'Zd.bhsd, Rn.wwwx, Rm.wwwx', 'index'),
  family('immediate', '00000100 0 ? 1 Rn:5 0101 0 imm6:6 Rd:5', 'Xd|SP, Xn|SP, #±imm6', 'addvl 0, addpl 1'),
  family('immediate', '00000100 1 0 1 11111 0101 0 imm6:6 Rd:5', 'Xd, #±imm6', 'rdvl'),
  family(
    'immediate',
    immediate,
    'Zdn.bhsd, Zdn.bhsd, #byte',
    'add 00000, sub 00001, subr 00011, sqadd 00100, uqadd 00101, sqsub 00110, uqsub 00111',
  ),
  family(
    'immediate',
    '00100101 size:2 1 ????? 11 0 imm8:8 Zdn:5',
    'Zdn.bhsd, Zdn.bhsd, #±imm8',
    'smax 01000, smin 01010, mul 10000',
  ),
  family(
    'immediate',
    '00100101 size:2 1 ????? 11 0 imm8:8 Zdn:5',
    'Zdn.bhsd, Zdn.bhsd, #imm8',
    'umax 01001, umin 01011',
  ),
  family('immediate', '00100101 size:2 1 11 00 0 11 sh imm8:8 Zd:5', 'Zd.bhsd, #±byte', 'dup', {
    aliases: [
      { syntax: 'mov Zd.bhsd, #±byte' },
      { syntax: 'fmov Zd.-hsd, #0.0', never: true, fixed: { imm8: 0, sh: 0 } },
    ],
  }),
  family('immediate', '00100101 size:2 1 11 00 1 11 0 imm8:8 Zd:5', 'Zd.-hsd, #float', 'fdup', {
    aliases: [{ syntax: 'fmov Zd.-hsd, #float' }],
  }),
  family('immediate', '00000101 ?? 0000 imm13:13 Zdn:5', 'Zdn.mask, Zdn.mask, #mask', 'orr 00, eor 01, and 10', {
    aliases: [
      { syntax: 'orn Zdn.mask, Zdn.mask, #~mask', never: true, of: 'orr' },
      { syntax: 'eon Zdn.mask, Zdn.mask, #~mask', never: true, of: 'eor' },
      { syntax: 'bic Zdn.mask, Zdn.mask, #~mask', never: true, of: 'and' },
    ],
  }),
  family('bitmask immediate', '00000101 11 0000 imm13:13 Zd:5', 'Zd.mask, #mask', 'dupm', {
    aliases: [{ syntax: 'mov Zd.mask, #mask', when: moveMaskPreferred }],
  }),
  family('immediate, zeroing', '00000101 size:2 01 Pg:4 0 0 sh imm8:8 Zd:5', 'Zd.bhsd, Pg/z, #±byte', 'cpy', {
    aliases: [{ syntax: 'mov Zd.bhsd, Pg/z, #±byte' }],
  }),
  family('immediate, merging', '00000101 size:2 01 Pg:4 0 1 sh imm8:8 Zd:5', 'Zd.bhsd, Pg/m, #±byte', 'cpy', {
    aliases: [
      { syntax: 'mov Zd.bhsd, Pg/m, #±byte' },
      { syntax: 'fmov Zd.-hsd, Pg/m, #0.0', never: true, fixed: { imm8: 0, sh: 0 } },
    ],
  }),
  family('immediate, predicated', '00000101 size:2 01 Pg:4 110 imm8:8 Zd:5', 'Zd.-hsd, Pg/m, #float', 'fcpy', {
    aliases: [{ syntax: 'fmov Zd.-hsd, Pg/m, #float' }],
  }),
  ...['b 00', 'h 01', 'w 10', 'd 11'].flatMap(size => {
    const [letter, bits] = size.split(' ') as [string, string];
    const element = { b: 'b', h: 'h', w: 's', d: 'd' }[letter];
    const scalar = `00000100 ${bits} 1 ? imm4:4 11 ? ? ? ? pattern:5 Rdn:5`;
    const names = (list: string) => list.replaceAll('_', letter);
    return [
      family('scalar', `00000100 ${bits} 1 0 imm4:4 11 100 0 pattern:5 Rd:5`, 'Xd, pattern*imm4', names('cnt_')),
      family('scalar', scalar, 'Xdn, pattern*imm4', names('inc_ 11000, dec_ 11001')),
      family('32-bit scalar, extended', scalar, 'Xdn, Wdn, pattern*imm4', names('sqinc_ 01100, sqdec_ 01110')),
      family('32-bit scalar', scalar, 'Wdn, pattern*imm4', names('uqinc_ 01101, uqdec_ 01111')),
      family(
        '64-bit scalar',
        scalar,
        'Xdn, pattern*imm4',
        names('sqinc_ 11100, uqinc_ 11101, sqdec_ 11110, uqdec_ 11111'),
      ),
      ...(letter === 'b'
        ? []
        : [
            family(
              'vector',
              `00000100 ${bits} 1 ? imm4:4 11 0 0 ? ? pattern:5 Zdn:5`,
              `Zdn.${element}, pattern*imm4`,
              names('inc_ 100, dec_ 101, sqinc_ 000, uqinc_ 001, sqdec_ 010, uqdec_ 011'),
            ),
          ]),
    ];
  }),
];
