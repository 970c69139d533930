import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { describeObject, gnuObject, mappingSymbols, ourObject } from '../support/compare.ts';
import { someInstructions } from '../support/instructions.ts';

/** Sources whose sections, relocations and symbols must be those of GNU as. */
const sources: Readonly<Record<string, string>> = {
  'integers of every size, negative ones too': `
    .data
    .byte 1, 0xff, -1, 'A', '\\n', 0b101, 017, ~0
    .hword 0x1234, -2
    .short 1; .2byte 2
    .word 0xdeadbeef, -1
    .long 1; .int 2; .4byte 3
    .quad 0x0123456789abcdef, -1
    .xword 1; .dword 2; .8byte 3
    .octa 0x112233445566778899aabbccddeeff00, 1`,
  'operators bind as GNU as says': `
    .data
    .byte 1+2*3|4, 1+2 == 3, 1 < 2, 2 <> 2, 2 != 3, 7 & 3 + 1, 3 ! 1, 1 << 2 + 1
    .quad -8 >> 1, -7/2, -5 % 3, 1 < -1, 1 && 2, 0 || 3, !5, !0, -(3), ~0xff, 1 << 63, 1 << 0
    .quad (1 + 2) * 3, 10 - 2 - 3, 2 * 3 % 4, 0x10 ^ 0x01 | 2, 6 & 5 ^ 3`,
  'strings with escapes': `
    .section .rodata
    .ascii "a\\tb\\n\\"q\\"\\\\", "two"
    .asciz "z", ""
    .string "octal \\101\\0 hex \\x41"
    .ascii "join" "ed"`,
  'floating-point numbers': `
    .data
    .float 1.5, -0.1, 1e10, 0f3.25
    .single 3.14159
    .double 2.718281828459045, -1e-300, inf, nan
    .float16 1.0, 0.333, 65504, 1e-7, -2.5`,
  'variable-length integers': `
    .data
    .uleb128 0, 127, 128, 0x12345678
    .sleb128 0, 63, 64, -1, -64, -65, 1234567
a:  .skip 200
b:  .uleb128 b - a
    .sleb128 a - b`,
  'space in all forms': `
    .data
    .space 3
    .skip 2, 0xaa
    .zero 4
    .fill 3
    .fill 2, 2, 0x1234
    .fill 2, 8, 0x11223344
    .fill 1, 4, -1
    .bss
buffer: .skip 100
    .balign 16
more:   .zero 5`,
  'alignment of data and of code': `
    .text
    nop
    .align 3
    nop
    .p2align 4
    .byte 1
    .balign 8
    nop
    .p2align 5,,8
    nop
    .data
    .byte 7
    .balign 16, 0xcc
    .byte 8
    .byte 9
    .balignw 4, 0x1234
    .byte 1
    .align 2
    .word 2
    .p2align 3, 0xff
    .word 3
    .balignl 16, 0x01020304`,
  'going to an offset': `
    .text
    nop
    .org 0x20
    nop
here:
    .org here + 16
    nop
    . = . + 8
    ret
    .data
    .org 5, 0x55
    .byte 1`,
  'labels, distances and relocations of data': `
    .text
start: nop
    nop
end:
    .data
    .quad start, end, end - start, start + 4, external, external - 8
    .word end - start, . - start_of_data, external - ., later - .
start_of_data:
    .quad later - start_of_data
    .hword later - start_of_data
    .byte later - start_of_data
    .word external
later:
    .quad .
    .global exported
exported: .quad exported
    .weak faint
    .quad faint`,
  'numeric labels': `
    .data
1:  .quad 1b, 1f
1:  .quad 1b, 1f, 2f - 1b
2:
1:  .quad 1b - 2b
10: .word 10b - 1b`,
  'symbols with values': `
    .set four, 4
    .equ five, four + 1
six = 6
    .equiv seven, 7
eight == 8
    .data
    .byte four, five, six, seven, eight
    .set four, 40
    .byte four, five
    .set counter, 0
    .rept 3
    .byte counter
    .set counter, counter + 1
    .endr
    .set ahead, behind + 2
    .quad ahead
behind: .quad ahead - behind
    .global six
    .set place, behind
    .global place`,
  'symbol attributes': `
    .text
    .global function
    .type function, %function
function: nop
    ret
    .size function, . - function
    .global twin
    .set twin, function
    .type nowhere, %object
    .hidden secret
    .global secret
    .type secret, @object
    .data
secret: .quad 0
    .size secret, 8
    .weak maybe
maybe: .word 1
    .protected guarded
    .global guarded
guarded: .word 2
    .internal inside
    .global inside
inside: .word 3
    .comm shared, 16, 8
    .comm small, 3
    .lcomm buffer, 32
.Lhidden: .word 4`,
  'sections of many kinds': `
    .section .text.hot, "ax", %progbits
    nop
    .section .rodata.str, "aMS", @progbits, 1
    .asciz "merge me"
    .section .rodata.cst8, "aM", @progbits, 8
    .quad 1
    .section custom, "aw"
    .word 1
    .section .bss.stack, "aw", %nobits
    .skip 64
    .section .init_array, "aw"
    .quad 0
    .section .note.mine, "", %note
    .word 4, 0, 1
    .asciz "abc"
    .section .note.GNU-stack, "", %progbits
    .section .data.more
    .word 5
    .section .tdata, "awT", @progbits
    .word 6
    .section plain
    .word 7`,
  'section stacks, previous and subsections': `
    .text
    nop
    .pushsection .fixup, "ax"
    ret
    .popsection
    nop
    .data
    .word 1
    .previous
    nop
    .previous
    .word 2
    .text
    .subsection 1
    eret
    .subsection 0
    isb
    .pushsection .rodata
    .pushsection .data
    .byte 9
    .popsection
    .byte 8
    .popsection
    nop
    .text 2
    isb`,
  conditionals: `
    .set x, 5
    .data
    .if x == 5
    .byte 1
    .else
    .byte 2
    .endif
    .if x < 3
    .byte 3
    .elseif x < 6
    .byte 4
    .if 0
    .byte 5
    .else
    .byte 6
    .endif
    .elseif 1
    .byte 7
    .else
    .byte 8
    .endif
    .ifdef x
    .byte 9
    .endif
    .ifndef y
    .byte 10
    .endif
    .ifc a b , a b
    .byte 11
    .endif
    .ifnc "a", "b"
    .byte 12
    .endif
    .ifeq x - 5
    .byte 13
    .endif
    .ifgt x
    .byte 14
    .endif
    .iflt x
    .byte 15
    .endif
    .ifb
    .byte 16
    .endif
    .ifnb text
    .byte 17
    .endif
    .ifeqs "q", "q"
    .byte 18
    .endif
    .section code_sizes
earlier: .word 1, 2
later:
    .if (later - earlier) == 8
    .byte 20
    .endif`,
  'macros with every kind of parameter': `
    .macro emit a, b=7, c
    .byte \\a, \\b
    .ifnb \\c
    .byte \\c
    .endif
    .endm
    .macro need x:req rest:vararg
    .byte \\x
    .ifnb \\rest
    need \\rest
    .endif
    .endm
    .macro unique
.Lplace\\@: .byte .Lplace\\@ - base
    .endm
    .macro join prefix, suffix
\\prefix\\()_\\suffix: .byte 1
    .quad \\prefix\\()_\\suffix
    .endm
    .macro text message
    .asciz "\\message"
    .endm
    .macro outer name
    .macro inner_\\name value
    .byte \\value, 0x\\name
    .endm
    .endm
    .macro leave n
    .byte \\n
    .if \\n == 1
    .exitm
    .endif
    .byte 0xee
    .endm
    .data
base:
    emit 1
    emit 1, 2
    emit 1 2 3
    emit c=9, a=8
    emit a = 4
    need 1, 2, 3
    unique
    unique
    join left, right
    text "hello world"
    text hello
    outer 12
    inner_12 5
    leave 1
    leave 2
    emit (1 + 2), 3 + 4
    EMIT 6
    .purgem emit
    .macro emit
    .byte 0x77
    .endm
    emit`,
  repetitions: `
    .data
    .rept 3
    .byte 1
    .endr
    .irp value, 1, 2, 3
    .byte \\value
    .endr
    .irp x a b
    .ascii "<\\x>"
    .endr
    .irpc digit, 123
    .byte \\digit
    .endr
    .rept 2
    .irp y, 4, 5
    .byte \\y
    .endr
    .endr
    .macro table from, to
    .byte \\from
    .if \\to - \\from
    table "(\\from + 1)", \\to
    .endif
    .endm
    table 1, 5`,
  'comments and separators': `
# a comment line
    .data ; .byte 1 ; # and another
    .byte 2 /* inside */, 3 // behind
    .byte /* over
    two lines */ 4
    .ascii "// no ; comment" ; .byte ';', '#
label: other: .byte 5
    // the end`,
  'instruction words as numbers': `
    .text
    .inst 0xd503201f, 0xd65f03c0
    .byte 1, 2, 3, 4
    nop
    .data
    .inst 0xd4000001`,
  'unwind descriptions': `
    .text
    .type f, %function
f:  .cfi_startproc
    nop
    .cfi_def_cfa_offset 32
    .cfi_offset 29, -32
    .cfi_offset x30, -24
    nop
    .cfi_def_cfa_register 29
    nop
    .cfi_remember_state
    .cfi_restore 30
    .cfi_restore x29
    .cfi_def_cfa sp, 0
    ret
    .cfi_restore_state
    .cfi_adjust_cfa_offset 16
    .cfi_rel_offset 19, 8
    .cfi_undefined d8
    .cfi_same_value 20
    .cfi_register 21, 22
    .cfi_negate_ra_state
    nop
    .cfi_endproc
g:  .cfi_startproc
    .cfi_signal_frame
    nop
    .cfi_def_cfa 31, 288
    .skip 1024
    .cfi_def_cfa_offset 0
    eret
    .cfi_endproc
h:  .cfi_startproc
    ret
    .cfi_endproc`,
  'unwind descriptions for debuggers only': `
    .cfi_sections .debug_frame
    .text
f:  .cfi_startproc
    nop
    .cfi_def_cfa_offset 16
    ret
    .cfi_endproc
g:  .cfi_startproc
    ret
    .cfi_endproc`,
};

/** Where GNU as marks code and data consistently (it does not behind `.org`, and marks some fills of pure data). */
const marked: ReadonlySet<string> = new Set([
  'alignment of data and of code',
  'instruction words as numbers',
  'unwind descriptions',
]);

describe('bytes, relocations and symbols are those of GNU as:', () => {
  for (const [name, source] of Object.entries(sources)) {
    testWith('aarch64-linux-gnu-as')(name, () => {
      const theirs = gnuObject('input.s', `${source}\n`);
      const ours = ourObject('input.s', `${source}\n`, someInstructions);
      expect(describeObject(ours)).toEqual(describeObject(theirs));
      if (marked.has(name)) expect(mappingSymbols(ours)).toEqual(mappingSymbols(theirs));
    });
  }
});
