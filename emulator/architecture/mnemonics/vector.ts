/** Notes on the Advanced SIMD and floating-point instructions that system code meets most. */
import { note } from './note.ts';

export const vector = [
  note(
    'ld1 st1',
    'Load or store one to four whole vectors, or one element of each, in memory order and without interleaving. The address may be written back by the bytes transferred or by a register. At EL1 and below they trap while CPACR_EL1, CPTR_EL2 or CPTR_EL3 disable floating point.',
    'ld1 {v0.16b, v1.16b}, [x0], #32\nst1 {v2.s}[1], [x1]',
  ),
  note(
    'ld2 st2 ld3 st3 ld4 st4',
    'Load or store structures of two, three or four elements and put each member in a vector of its own: pixels into planes, complex numbers into real and imaginary parts.',
    'ld2 {v0.8h, v1.8h}, [x0]\nst4 {v4.16b, v5.16b, v6.16b, v7.16b}, [x1]',
  ),
  note('ld1r ld2r ld3r ld4r', 'Load one element (or structure) and repeat it in every lane.', 'ld1r {v0.4s}, [x0]'),
  note(
    'fmov',
    'Moves bits between general-purpose and SIMD&FP registers, copies a scalar, or loads one of 256 constants such as 1.0 or -0.5. It never converts: use SCVTF and FCVTZS for that.',
    'fmov d0, x1\nfmov s2, #1.0\nfmov x3, v4.d[1]',
  ),
  note(
    'movi mvni',
    'Fill a vector with a constant: eight bits shifted into elements, or a mask of whole bytes. `movi v0.2d, #0` is the usual way to clear a register.',
    'movi v0.2d, #0\nmovi v1.16b, #0x55\nmvni v2.4s, #1',
  ),
  note(
    'dup',
    'Repeats a general-purpose register or one element of a vector in every lane.',
    'dup v0.16b, w1\ndup v2.4s, v3.s[0]',
  ),
  note(
    'ins umov smov',
    'Move single elements: INS into a vector from a register or another element, UMOV and SMOV out of one with zero or sign extension. MOV is the usual spelling.',
    'ins v0.d[1], x1\numov w2, v3.b[4]\nsmov x4, v5.h[2]',
  ),
  note(
    'addp addv',
    'Add neighbours, or all lanes into one. After a comparison of bytes they help to collect the outcome.',
    'addp v0.16b, v1.16b, v2.16b\naddv b3, v4.16b',
  ),
  note(
    'cmeq cmhs cmhi cmge cmgt cmle cmlt cmtst',
    'Compare lanes and give all ones or all zeros in each: a mask for BSL, AND or a search. HS and HI compare unsigned, GE and GT signed; most have a form that compares with zero.',
    'cmeq v0.16b, v1.16b, #0\ncmhs v2.16b, v3.16b, v4.16b',
  ),
  note(
    'umaxp uminp umaxv uminv smaxv sminv',
    'Maximum or minimum of neighbours, or of all lanes. `umaxp v0.4s, v0.4s, v0.4s` followed by FMOV tells whether any lane of a mask is set: string functions do this.',
    'umaxp v0.4s, v0.4s, v0.4s\numaxv b1, v2.16b',
  ),
  note(
    'shrn shrn2 xtn xtn2',
    'Narrow lanes to half their width, after a shift to the right or without. `shrn v0.8b, v0.8h, #4` makes a 64-bit mask with four bits for each byte of a comparison.',
    'shrn v0.8b, v1.8h, #4\nxtn v2.2s, v3.2d',
  ),
  note(
    'shl ushr sshr sli sri usra ssra',
    'Shift lanes by a constant: left, right filling with zeros or the sign, inserting into the destination (SLI, SRI: a rotation in two instructions), or adding to it (USRA, SSRA).',
    'shl v0.4s, v1.4s, #7\nsri v0.4s, v1.4s, #25\nushr v2.2d, v3.2d, #1',
  ),
  note(
    'ushl sshl',
    'Shift each lane by the signed number in the low byte of another vector’s lane: left when positive, right when negative.',
    'ushl v0.4s, v1.4s, v2.4s',
  ),
  note(
    'sxtl sxtl2 uxtl uxtl2 sshll ushll',
    'Widen lanes to twice their width with sign or zeros, optionally shifted to the left; the forms with 2 take the upper half.',
    'uxtl v0.8h, v1.8b\nsshll2 v2.4s, v3.8h, #3',
  ),
  note(
    'ext',
    'Takes sixteen bytes out of two vectors side by side, from a given byte on: unaligned windows and rotations.',
    'ext v0.16b, v1.16b, v2.16b, #8',
  ),
  note(
    'tbl tbx',
    'Look up bytes in a table of one to four vectors. An index out of range gives zero with TBL and leaves the lane alone with TBX.',
    'tbl v0.16b, {v1.16b}, v2.16b\ntbx v3.8b, {v4.16b, v5.16b}, v6.8b',
  ),
  note(
    'zip1 zip2 uzp1 uzp2 trn1 trn2',
    'Rearrange two vectors: ZIP interleaves them, UZP takes even or odd lanes apart, TRN transposes pairs.',
    'zip1 v0.8h, v1.8h, v2.8h\nuzp2 v3.16b, v4.16b, v5.16b',
  ),
  note(
    'bsl bit bif',
    'Select bit by bit: BSL uses the destination as the mask, BIT and BIF insert where a mask has ones or zeros.',
    'bsl v0.16b, v1.16b, v2.16b\nbit v3.8b, v4.8b, v5.8b',
  ),
  note(
    'aese aesd aesmc aesimc',
    'One round of AES: AESE adds the round key, shifts rows and substitutes; AESMC mixes columns. D and I are their inverses. Needs FEAT_AES.',
    '.arch_extension crypto\naese v0.16b, v1.16b\naesmc v0.16b, v0.16b',
  ),
  note(
    'pmull pmull2',
    'Multiply polynomials over two elements: bytes to halfwords, and with FEAT_PMULL doublewords to 128 bits, for GCM and checksums.',
    '.arch_extension crypto\npmull v0.1q, v1.1d, v2.1d',
  ),
  note(
    'sha256h sha256h2 sha256su0 sha256su1',
    'Four rounds of SHA-256 on each half of the state, and the schedule of the message words. Needs FEAT_SHA256.',
    '.arch_extension crypto\nsha256h q0, q1, v2.4s\nsha256su0 v3.4s, v4.4s',
  ),
  note(
    'fadd fsub fmul fdiv fsqrt',
    'Arithmetic in half, single or double precision, scalar or on lanes, rounded as FPCR.RMode says. Exceptional cases set cumulative bits of FPSR and give the IEEE default result; they do not trap.',
    'fadd d0, d1, d2\nfmul v3.4s, v4.4s, v5.4s\nfsqrt s6, s7',
  ),
  note(
    'fmadd fmsub fnmadd fnmsub fmla fmls',
    'Multiply and add with a single rounding. The scalar forms name the addend as a fourth register; FMLA and FMLS accumulate into their destination.',
    'fmadd d0, d1, d2, d3\nfmla v4.4s, v5.4s, v6.s[0]',
  ),
  note(
    'fcmp fcmpe fccmp',
    'Compare and set the flags: less gives N, equal Z and C, greater C, unordered C and V. So MI, LS, GE and GT mean less, less or equal, greater or equal, greater, and are all false for NaNs; VS means unordered. FCMPE signals for every NaN.',
    'fcmp d0, d1\nfcmpe s2, #0.0',
  ),
  note('fcsel', 'Chooses between two floating-point registers by a condition.', 'fcsel d0, d1, d2, gt'),
  note(
    'scvtf ucvtf',
    'Convert signed or unsigned integers, or fixed-point numbers, to floating point.',
    'scvtf d0, x1\nucvtf s2, w3, #8',
  ),
  note(
    'fcvtzs fcvtzu fcvtns fcvtas fcvtms fcvtps',
    'Convert floating point to integers: towards zero, to nearest even, to nearest away, down, up. Values out of range saturate and NaN gives zero, with FPSR.IOC set.',
    'fcvtzs x0, d1\nfcvtzu w2, s3',
  ),
  note(
    'fcvt',
    'Converts between half, single and double precision, rounding as FPCR says where precision is lost.',
    'fcvt d0, s1\nfcvt h2, s3',
  ),
];
