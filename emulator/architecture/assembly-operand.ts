/**
 * Operands of an assembly statement as written, before any instruction is chosen.
 *
 * The language server parses text to this tree once; instruction rows match the tree against their
 * syntax templates (`operand.ts`). Nothing here knows an instruction.
 */

/** Where an operand (or a part of one) stands in its statement: offsets into the text that was parsed. */
export interface OperandSpan {
  readonly start: number;
  readonly end: number;
}

/** Relocation operators that GNU as accepts before an immediate or address, as in `:lo12:symbol`. */
export type RelocationOperator =
  | 'lo12'
  | 'abs_g0'
  | 'abs_g0_nc'
  | 'abs_g0_s'
  | 'abs_g1'
  | 'abs_g1_nc'
  | 'abs_g1_s'
  | 'abs_g2'
  | 'abs_g2_nc'
  | 'abs_g2_s'
  | 'abs_g3'
  | 'prel_g0'
  | 'prel_g0_nc'
  | 'prel_g1'
  | 'prel_g1_nc'
  | 'prel_g2'
  | 'prel_g2_nc'
  | 'prel_g3'
  | 'pg_hi21'
  | 'pg_hi21_nc'
  | 'got'
  | 'got_lo12'
  | 'gottprel'
  | 'gottprel_lo12'
  | 'tprel_hi12'
  | 'tprel_lo12'
  | 'tprel_lo12_nc'
  | 'tlsdesc'
  | 'tlsdesc_lo12'
  | 'dtprel_hi12'
  | 'dtprel_lo12'
  | 'dtprel_lo12_nc';

/** Vector element arrangement as written after a register: `.16b`, `.2d`, or `.s` with an index. */
export interface VectorSuffix {
  /** Number of lanes as written (`16` of `.16b`), absent in `.s[1]` or `.s`. */
  readonly lanes?: number;
  readonly element: 'b' | 'h' | 's' | 'd' | 'q';
}

/** A register as written, lower-cased: `x0`, `wzr`, `sp`, `v3` (+ suffix), `q1`, `d0`. SVE/SME `z0 p0 za` too. */
export interface RegisterOperand {
  readonly kind: 'register';
  /** Bank letter(s): x w b h s d q v z p za, or `sp`/`wsp`/`xzr`/`wzr` under bank x/w with those names. */
  readonly name: string;
  readonly bank: 'x' | 'w' | 'b' | 'h' | 's' | 'd' | 'q' | 'v' | 'z' | 'p' | 'za';
  /** 0..31; 31 for sp and for zr (told apart by `stackPointer`). */
  readonly number: number;
  readonly stackPointer: boolean;
  readonly suffix?: VectorSuffix;
  /** Lane index as written in `v0.s[1]`. */
  readonly index?: ImmediateOperand;
  /** `h` or `v` behind a tile of ZA: a horizontal or vertical slice, as in `za0h.s[w12, 1]`. */
  readonly slice?: 'h' | 'v';
  /** `[w12, 1]` behind a tile, the array or a predicate. */
  readonly selection?: { readonly register: RegisterOperand; readonly offset: ImmediateOperand };
  /** `/m` (merging) or `/z` (zeroing) behind a predicate register. */
  readonly predication?: 'm' | 'z';
  /** `!` after a general-purpose register, as in `cpyp [x0]!, [x1]!, x2!`. */
  readonly writeBack?: boolean;
  readonly span: OperandSpan;
}

/**
 * `#expr`, a bare expression, or `:lo12:expr`. `value` is absent while the expression depends on a symbol that has
 * no value yet; `expression` is the assembler's own tree, opaque here. A label operand is an immediate too.
 */
export interface ImmediateOperand {
  readonly kind: 'immediate';
  readonly value?: bigint;
  /** Floating literal as written (`#1.5`), when it is one. */
  readonly float?: number;
  readonly expression: unknown;
  readonly relocation?: RelocationOperator;
  /** Written with `#`. */
  readonly hash: boolean;
  readonly span: OperandSpan;
}

/** A bare word that is not a register: condition, barrier option, system-register name, prefetch or TLBI operation, symbol. */
export interface IdentifierOperand {
  readonly kind: 'identifier';
  readonly name: string;
  /** The same text as an expression, for places where a symbol is meant. */
  readonly asImmediate: ImmediateOperand;
  readonly span: OperandSpan;
}

/** `lsl #3`, `uxtw`, `sxtx #2`, `msl #8`, `mul #4`, `mul vl`: a modifier standing as an operand of its own. */
export interface ShiftOperand {
  readonly kind: 'shift';
  readonly name:
    | 'lsl'
    | 'lsr'
    | 'asr'
    | 'ror'
    | 'msl'
    | 'uxtb'
    | 'uxth'
    | 'uxtw'
    | 'uxtx'
    | 'sxtb'
    | 'sxth'
    | 'sxtw'
    | 'sxtx'
    | 'mul'
    | 'mul vl';
  readonly amount?: ImmediateOperand;
  readonly span: OperandSpan;
}

/** `[x1]`, `[x1, #8]`, `[x1, x2, lsl #3]`, `[x1, #8]!`. A post-index amount follows as an operand of its own. */
export interface MemoryOperand {
  readonly kind: 'memory';
  /** What stands between the brackets: base first. */
  readonly parts: readonly AssemblyOperand[];
  /** `!` after the bracket. */
  readonly writeBack: boolean;
  readonly span: OperandSpan;
}

/** `{v0.4s, v1.4s}` or `{v0.4s-v3.4s}`, with an optional lane index after the brace. */
export interface RegisterListOperand {
  readonly kind: 'list';
  readonly registers: readonly RegisterOperand[];
  readonly index?: ImmediateOperand;
  readonly span: OperandSpan;
}

export type AssemblyOperand =
  | RegisterOperand
  | ImmediateOperand
  | IdentifierOperand
  | ShiftOperand
  | MemoryOperand
  | RegisterListOperand;

/** What the assembler must fill in later, when a symbol's value or distance is known. */
export interface OperandFixup {
  /** The operand's expression, as it came in `ImmediateOperand.expression`. */
  readonly expression: unknown;
  readonly relocation?: RelocationOperator;
  /** Names the kind of field, and so the ELF relocation when the symbol is not local. */
  readonly kind: FixupKind;
  readonly span: OperandSpan;
}

/** Fields of an instruction word that a symbol may fill. */
export type FixupKind =
  | 'branch26'
  | 'branch19'
  | 'branch14'
  | 'literal19'
  | 'adr21'
  | 'adrp21'
  | 'add12'
  | 'ldst8'
  | 'ldst16'
  | 'ldst32'
  | 'ldst64'
  | 'ldst128'
  | 'movw'
  | 'immediate';
