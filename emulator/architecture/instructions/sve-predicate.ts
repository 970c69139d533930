/** SVE comparisons, predicates, loop control and counts of active elements (Arm ARM C4.1, SVE encodings). */
import { family } from './scalable-notation.ts';

const logical = '00100101 ?? 00 Pm:4 01 Pg:4 ? Pn:4 ? Pd:4';
const logicalText = 'Pd.b, Pg/z, Pn.b, Pm.b';
const swapped = (syntax: string) => `${syntax} Pd.bhsd, Pg/z, Zm.bhsd, Zn.bhsd`;
const counted = '00100101 size:2 101 ??? 1000 ??? Pm:4';

export const svePredicate = [
  family(
    'vectors',
    '00100100 size:2 0 Zm:5 ??? Pg:3 Zn:5 ? Pd:4',
    'Pd.bhsd, Pg/z, Zn.bhsd, Zm.bhsd',
    'cmphs 0000, cmphi 0001, cmpge 1000, cmpgt 1001, cmpeq 1010, cmpne 1011',
    {
      aliases: [
        { syntax: swapped('cmpls'), never: true, of: 'cmphs' },
        { syntax: swapped('cmplo'), never: true, of: 'cmphi' },
        { syntax: swapped('cmple'), never: true, of: 'cmpge' },
        { syntax: swapped('cmplt'), never: true, of: 'cmpgt' },
      ],
    },
  ),
  family(
    'wide elements',
    '00100100 size:2 0 Zm:5 ??? Pg:3 Zn:5 ? Pd:4',
    'Pd.bhs-, Pg/z, Zn.bhs-, Zm.d',
    `cmpeq 0010, cmpne 0011, cmpge 0100, cmpgt 0101, cmplt 0110, cmple 0111, cmphs 1100, cmphi 1101, cmplo 1110,
    cmpls 1111`,
  ),
  family(
    'unsigned immediate',
    '00100100 size:2 1 imm7:7 ? Pg:3 Zn:5 ? Pd:4',
    'Pd.bhsd, Pg/z, Zn.bhsd, #imm7',
    'cmphs 00, cmphi 01, cmplo 10, cmpls 11',
  ),
  family(
    'signed immediate',
    '00100101 size:2 0 imm5:5 ??? Pg:3 Zn:5 ? Pd:4',
    'Pd.bhsd, Pg/z, Zn.bhsd, #±imm5',
    'cmpge 0000, cmpgt 0001, cmplt 0010, cmple 0011, cmpeq 1000, cmpne 1001',
  ),
  family('predicates', logical, logicalText, 'bic 0001, orn 1001, nor 1010, nand 1011'),
  family('predicates', logical, logicalText, 'bics 0101, orns 1101, nors 1110, nands 1111'),
  family('predicates', logical, logicalText, 'and 0000', { aliases: [{ syntax: 'mov Pd.b, Pg/z, Pn=Pm.b' }] }),
  family('predicates', logical, logicalText, 'ands 0100', { aliases: [{ syntax: 'movs Pd.b, Pg/z, Pn=Pm.b' }] }),
  family('predicates', logical, logicalText, 'orr 1000', { aliases: [{ syntax: 'mov Pd.b, Pn=Pm=Pg.b' }] }),
  family('predicates', logical, logicalText, 'orrs 1100', { aliases: [{ syntax: 'movs Pd.b, Pn=Pm=Pg.b' }] }),
  family('predicates', logical, logicalText, 'eor 0010', { aliases: [{ syntax: 'not Pd.b, Pg=Pm/z, Pn.b' }] }),
  family('predicates', logical, logicalText, 'eors 0110', { aliases: [{ syntax: 'nots Pd.b, Pg=Pm/z, Pn.b' }] }),
  family('predicates', logical, 'Pd.b, Pg, Pn.b, Pm.b', 'sel 0011', {
    aliases: [{ syntax: 'mov Pd=Pm.b, Pg/m, Pn.b' }],
  }),
  family(
    'predicates',
    '00100101 0 ? 00 Pm:4 11 Pg:4 0 Pn:4 ? Pd:4',
    logicalText,
    'brkpa 00, brkpb 01, brkpas 10, brkpbs 11',
  ),
  family('predicates', '00100101 ? 001 000001 Pg:4 0 Pn:4 M Pd:4', 'Pd.b, Pg/zm, Pn.b', 'brka 0, brkb 1'),
  family('predicates', '00100101 ? 101 000001 Pg:4 0 Pn:4 0 Pd:4', 'Pd.b, Pg/z, Pn.b', 'brkas 0, brkbs 1'),
  family('predicates', '00100101 0 ? 01 100001 Pg:4 0 Pn:4 0 Pdm:4', 'Pdm.b, Pg/z, Pn.b, Pdm.b', 'brkn 0, brkns 1'),
  family('predicates', '00100101 0 101 000011 Pg:4 0 Pn:4 0 0000', 'Pg, Pn.b', 'ptest'),
  family('predicate', '00100101 0 101 100011 00000 Pg:4 0 Pdn:4', 'Pdn.b, Pg, Pdn.b', 'pfirst'),
  family('predicate', '00100101 size:2 01 100111 00010 Pv:4 0 Pdn:4', 'Pdn.bhsd, Pv, Pdn.bhsd', 'pnext'),
  family('predicate', '00100101 size:2 01 100 ? 11 1000 pattern:5 0 Pd:4', 'Pd.bhsd, pattern', 'ptrue 0, ptrues 1'),
  family('predicate', '00100101 0 001 100011 10010 0000 0 Pd:4', 'Pd.b', 'pfalse'),
  family(
    'scalars',
    '00100101 size:2 1 Rm:5 000 sf ? ? Rn:5 ? Pd:4',
    'Pd.bhsd, Rn.wx, Rm.wx',
    'whilelt 010, whilele 011, whilelo 110, whilels 111',
  ),
  family('scalars', '00100101 1 sz 1 Rm:5 001000 Rn:5 ? 0000', 'Rn.wx, Rm.wx', 'ctermeq 0, ctermne 1'),
  family('predicate', '00100101 size:2 100 000 10 Pg:4 0 Pn:4 Rd:5', 'Xd, Pg, Pn.bhsd', 'cntp'),
  family(
    'vector',
    `${counted} Zdn:5`,
    'Zdn.-hsd, Pm.-hsd',
    'sqincp 000000, uqincp 001000, sqdecp 010000, uqdecp 011000, incp 100000, decp 101000',
    { aliases: [{ syntax: '@0 Zdn.-hsd, Pm', never: true }] },
  ),
  family('32-bit scalar, extended', `${counted} Rdn:5`, 'Xdn, Pm.bhsd, Wdn', 'sqincp 000100, sqdecp 010100'),
  family('32-bit scalar', `${counted} Rdn:5`, 'Wdn, Pm.bhsd', 'uqincp 001100, uqdecp 011100'),
  family(
    'scalar',
    `${counted} Rdn:5`,
    'Xdn, Pm.bhsd',
    'sqincp 000110, uqincp 001110, sqdecp 010110, uqdecp 011110, incp 100100, decp 101100',
  ),
  family('predicated', '00100101 0 ? 01 100011 11000 Pg:4 0 Pd:4', 'Pd.b, Pg/z', 'rdffr 0, rdffrs 1'),
  family('unpredicated', '00100101 0 001 100111 11000 0000 0 Pd:4', 'Pd.b', 'rdffr'),
  family('predicate', '00100101 00101 0 001001 000 Pn:4 00000', 'Pn.b', 'wrffr'),
  family('', '00100101 00101 1 001001 000 0000 00000', '', 'setffr'),
];

export const sve2Predicate = [
  family(
    'scalars',
    '00100101 size:2 1 Rm:5 000 sf ? ? Rn:5 ? Pd:4',
    'Pd.bhsd, Rn.wx, Rm.wx',
    'whilege 000, whilegt 001, whilehs 100, whilehi 101',
  ),
  family('addresses', '00100101 size:2 1 Rm:5 001100 Rn:5 ? Pd:4', 'Pd.bhsd, Xn, Xm', 'whilewr 0, whilerw 1'),
];
