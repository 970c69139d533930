/** Notes on moves, addresses of things, and integer arithmetic. */
import { note } from './note.ts';

export const movesAndArithmetic = [
  note(
    'mov',
    'Copies a register or loads a constant. There is no MOV encoding: the assembler takes ORR with the zero register, ADD #0 when SP is involved, MOVZ or MOVN for constants of which 16 bits matter, and ORR with a bitmask for repeating patterns. A constant that needs more than one instruction is refused; build it with MOVZ and MOVK or load it with `ldr x0, =constant`.',
    'mov x29, sp\nmov x0, #0x30c50000\nmov w1, wzr',
  ),
  note(
    'movz movk movn',
    'MOVZ puts 16 bits at position 0, 16, 32 or 48 and clears the rest; MOVK replaces 16 bits and keeps the rest; MOVN loads the complement. One MOVZ and up to three MOVKs make any 64-bit constant without touching memory, which is why early boot code and position-dependent tables use them.',
    'movz x0, #0x1234, lsl #16\nmovk x0, #0x5678\nmovn x1, #0',
  ),
  note(
    'adr',
    'Computes an address within 1 MiB of this instruction from the program counter. It needs no relocation at run time, so it gives the physical address while the MMU is off and the virtual one afterwards, whichever the code runs at.',
    '1: adr x0, 1b',
  ),
  note(
    'adrp',
    'Computes the 4 KiB page of a symbol up to 4 GiB away, relative to the page of this instruction. The low twelve bits follow in an ADD or in the offset of a load, written `:lo12:symbol`. The pair moves with the image only if that moves by whole pages.',
    'symbol: adrp x0, symbol\nadd x0, x0, :lo12:symbol',
  ),
  note(
    'add sub',
    'Adds or subtracts a register (optionally shifted or extended) or a 12-bit constant (optionally times 4096). Register 31 is SP in the immediate and extended forms and the zero register in the shifted form; the assembler chooses the form that fits. Flags stay as they are.',
    'add x0, x1, x2, lsl #3\nsub sp, sp, #32\nadd x3, x4, w5, uxtw #2',
  ),
  note(
    'adds subs',
    'Add and subtract that also set N, Z, C and V. C is the carry out of an addition; after a subtraction it means “no borrow”, so C = 1 says that the first operand was at least the second, unsigned.',
    'subs x0, x0, #1\nadds x1, x2, x3',
  ),
  note(
    'cmp cmn',
    'Compare: SUBS or ADDS whose result goes to the zero register. CMN compares with the negative of its operand. Follow with B.cond, CSEL or CCMP; use HI, HS, LO and LS for unsigned and GT, GE, LT and LE for signed numbers.',
    'cmp x0, x1\ncmp w2, #16\ncmn x3, #1',
  ),
  note(
    'neg negs',
    'Subtracts from zero: SUB or SUBS with the zero register first. The most negative number stays itself; NEGS then sets V.',
    'neg x0, x1\nnegs w2, w3',
  ),
  note(
    'adc adcs sbc sbcs ngc',
    'Continue an addition or subtraction of numbers wider than a register. ADC adds the carry; SBC subtracts one more unless C is set, which fits the carry that SUBS leaves. Start with ADDS or SUBS on the lowest part and go up.',
    'adds x0, x0, x2\nadc x1, x1, x3',
  ),
  note(
    'mul madd msub mneg',
    'Multiply, keeping the low half. MADD adds the product to a third register and MSUB subtracts it from one; MUL is MADD with the zero register. A remainder is UDIV followed by MSUB.',
    'mul x0, x1, x2\nmadd x3, x4, x5, x6\nmsub x7, x8, x9, x10',
  ),
  note(
    'umull smull umaddl smaddl umsubl smsubl',
    'Multiply two 32-bit registers into a 64-bit product, unsigned or signed, optionally adding it to or subtracting it from a 64-bit register. They save the extension that a full multiplication would need.',
    'umull x0, w1, w2\nsmaddl x3, w4, w5, x6',
  ),
  note(
    'umulh smulh',
    'The upper 64 bits of a 64 by 64 bit product. With MUL they give all 128 bits: for big numbers, for scaling a counter to nanoseconds, and for division by a constant.',
    'mul x0, x2, x3\numulh x1, x2, x3',
  ),
  note(
    'udiv sdiv',
    'Divide, rounding towards zero. Division by zero gives zero and raises no exception; the most negative number divided by -1 gives itself. There is no remainder: multiply back with MSUB.',
    'udiv x0, x1, x2\nmsub x3, x0, x2, x1',
  ),
  note(
    'crc32b crc32h crc32w crc32x crc32cb crc32ch crc32cw crc32cx',
    'Update a 32-bit cyclic redundancy check with one to eight bytes. The forms with C use the Castagnoli polynomial (iSCSI, ext4, btrfs), the others that of Ethernet and zlib. Inverting before and after is up to the program.',
    'crc32x w0, w0, x1\ncrc32cb w2, w2, w3',
  ),
];
