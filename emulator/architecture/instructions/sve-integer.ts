/** SVE and SVE2 on integers, lane by lane (Arm ARM C4.1, SVE encodings). The notation: `scalable-notation.ts`. */
import { family } from './scalable-notation.ts';

const binary = 'Zdn.bhsd, Pg/m, Zdn.bhsd, Zm.bhsd';

export const sveIntegerPredicated = [
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
];
