/** Notes on logic, shifts, bit fields and conditional selection. */
import { note } from './note.ts';

export const logicAndBits = [
  note(
    'and orr eor',
    'Bitwise operations on registers, of which the second may be shifted or rotated, or with a bitmask constant: a rotated run of ones, repeated in elements of 2 to 64 bits. Constants such as 0xff, 0xfffff000 and 0x5555555555555555 fit; 0x1234 does not and needs a MOV first.',
    'and x0, x1, #0xfffffffffffff000\norr x2, x3, x4, lsl #8\neor w5, w5, w6',
  ),
  note(
    'bic orn eon',
    'The same operations with the complement of the second operand. BIC clears the bits that a mask has set, which is how a field of a system register is emptied before ORR fills it. There is no immediate form: for BIC with a constant the assembler writes AND with its complement.',
    'bic x0, x0, x1\norn x2, xzr, x3',
  ),
  note(
    'ands tst bics',
    'AND and BIC that set N and Z and clear C and V; TST is ANDS that keeps only the flags. To test one bit, TBZ and TBNZ need neither flags nor a mask.',
    'tst x0, #1\nands w1, w2, #0xff\nbics x3, x4, x5',
  ),
  note('mvn', 'The bitwise complement: ORN with the zero register. The operand may be shifted.', 'mvn x0, x1'),
  note(
    'lsl lsr asr ror',
    'Shift or rotate by a constant or by a register, of which only the low 5 or 6 bits count: a shift by 64 is a shift by 0. ASR keeps the sign. With a constant they are spellings of UBFM, SBFM and EXTR.',
    'lsl x0, x1, #12\nlsr w2, w3, w4\nror x5, x6, #8',
  ),
  note(
    'ubfx sbfx',
    'Extract a field: least significant bit, then width. UBFX fills with zeros and SBFX with the sign. `ubfx x0, x0, #26, #6` takes the exception class out of a syndrome.',
    'ubfx x0, x1, #26, #6\nsbfx w2, w3, #0, #12',
  ),
  note(
    'bfi bfxil bfc',
    'Replace a field and keep the other bits. BFI puts the low bits of the source at a position, BFXIL takes a field of the source to position zero, BFC clears a field.',
    'bfi x0, x1, #14, #2\nbfxil x2, x3, #4, #8',
  ),
  note(
    'ubfiz sbfiz',
    'Take the low bits of the source, shift them up and fill with zeros below: extension and scaling of an index in one instruction.',
    'ubfiz x0, x1, #3, #9\nsbfiz w2, w3, #2, #8',
  ),
  note(
    'sxtb sxth sxtw uxtb uxth',
    'Extend a byte, halfword or word. Writing a W register already clears the upper half, so a word needs no UXTW of its own; as an operand of ADD or of an address the extension is free.',
    'sxtw x0, w1\nuxtb w2, w3',
  ),
  note(
    'extr',
    'Takes a register-wide window out of two registers side by side: a shift of a double-width number by a constant. With the same register twice it is a rotation, written ROR.',
    'extr x0, x1, x2, #16',
  ),
  note(
    'clz cls rbit',
    'CLZ counts the zeros at the top, and gives the width for zero; CLS counts the bits after the top one that equal it. RBIT reverses the bits, so RBIT then CLZ counts trailing zeros: how an interrupt controller’s driver finds the lowest pending bit.',
    'rbit x0, x1\nclz x0, x0\ncls w2, w3',
  ),
  note(
    'rev rev16 rev32',
    'Reverse bytes: of the whole register, within each halfword, within each word. Data with the other byte order (network headers, device trees, FIT images) is loaded as it is and turned over with these.',
    'rev w0, w1\nrev16 w2, w3\nrev32 x4, x5',
  ),
  note(
    'csel csinc csinv csneg',
    'Choose between two registers by a condition; the second may be incremented, inverted or negated on the way. They replace short branches that are hard to predict, and change no flags.',
    'cmp x0, x1\ncsel x2, x0, x1, lo\ncsinc x3, x4, x5, eq',
  ),
  note(
    'cset csetm cinc cinv cneg',
    'Friendly spellings of conditional selection: CSET gives 1 or 0, CSETM all ones or zero, CINC, CINV and CNEG change a register only when the condition holds. The condition in the encoding is the opposite one, and AL cannot be used.',
    'cset w0, eq\ncsetm x1, ne\ncneg x2, x3, lt',
  ),
  note(
    'ccmp ccmn',
    'Compare only if a condition holds, otherwise set the flags to the given NZCV value. Chains of them evaluate `a == 1 && b < 2` without branches: choose the value so that a failed first test makes the final condition false.',
    'cmp x0, #1\nccmp x1, #2, #0, eq\nccmn w2, w3, #4, ne',
  ),
];
