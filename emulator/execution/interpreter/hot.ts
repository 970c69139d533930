/**
 * Which variants live in the interpreter's main function. V8 compiles that function well only while it is small, so
 * it holds what guests execute most (by profiles of kernels, hypervisors and compiled programs); all others are
 * functions of their own, which differ in speed alone.
 */
import type { Statement } from '../../architecture/semantics.ts';
import type { Variant, VariantPair } from '../variants.ts';

type Shape = Readonly<Record<string, number>>;

const always = () => true;
/** A register operand as it is, or shifted left. */
const plainOrLeft = (s: Shape) => s['plain'] === 1 || s['shift'] === 0;
const notArithmetic = (s: Shape) => s['shift'] !== 2;
/** Word indexes into doubleword arithmetic. */
const wordIndex = (s: Shape) => s['sf'] === 1 && (s['option'] === 2 || s['option'] === 6);
const notFromSp = (s: Shape) => s['sp'] === 0;
/** An index as compilers write it: a register, or a word extended. */
const commonIndex = (s: Shape) => s['sp'] === 0 && s['extend'] !== 7;

/** eq ne hs lo hi ls ge lt gt le: what follows a comparison. */
const comparison = (s: Shape) => COMPARISONS.includes(s['cond'] as number);
const COMPARISONS = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13];

const rows = (names: string, hot: (shape: Shape) => boolean): [string, (shape: Shape) => boolean][] =>
  names.split('; ').map(name => [name, hot]);

export const hotRows: ReadonlyMap<string, (shape: Shape) => boolean> = new Map<string, (shape: Shape) => boolean>([
  ...rows('MOVN; MOVZ; MOVK; ADR; ADRP; EXTR; REV (32-bit); REV (64-bit); SBFM; BFM; UBFM', always),
  ...rows('ADD (immediate); ADDS (immediate); SUB (immediate); SUBS (immediate)', always),
  ...rows('ADD (shifted register); ADDS (shifted register); SUB (shifted register)', plainOrLeft),
  ...rows('SUBS (shifted register); ORN (shifted register); BIC (shifted register)', plainOrLeft),
  ...rows('ADD (extended register)', wordIndex),
  ...rows('AND (immediate); ORR (immediate); EOR (immediate); ANDS (immediate)', always),
  ...rows('AND (shifted register); ANDS (shifted register)', plainOrLeft),
  ...rows('ORR (shifted register); EOR (shifted register)', notArithmetic),
  ...rows('ADC; LSLV; LSRV; ASRV; CLZ; UDIV; MADD; MSUB; SMADDL; UMADDL; UMULH', always),
  ...rows('CSEL; CSINC; CSINV', comparison),
  ...rows('CCMP (register); CCMP (immediate)', always),
  ...rows('STRB (unsigned offset); LDRB (unsigned offset); STRH (unsigned offset)', always),
  ...rows('LDRH (unsigned offset); STR (unsigned offset); LDR (unsigned offset)', always),
  ...rows('LDRSW (unsigned offset); LDRSB (32-bit) (unsigned offset); STUR; LDUR', notFromSp),
  ...rows('STRB (post-index); LDRB (post-index); LDRB (pre-index); STR (post-index)', notFromSp),
  ...rows('LDR (post-index); STR (pre-index); LDR (pre-index)', always),
  ...rows('LDR (register); STR (register); LDRSW (register)', commonIndex),
  ...rows('LDRB (register); STRB (register); LDRH (register)', commonIndex),
  ...rows('STP (signed offset, 64-bit); LDP (signed offset, 64-bit)', always),
  ...rows('STP (pre-index, 64-bit); LDP (post-index, 64-bit); STP (post-index, 64-bit)', always),
  ...rows('STP (signed offset, 32-bit); LDP (signed offset, 32-bit)', notFromSp),
  ...rows('LDR (literal, 64-bit)', always),
]);

export function isHot(variant: Variant): boolean {
  return staysInMain(variant.statements) || hotRows.get(variant.row.name)?.(variant.shape) === true;
}

/** What a function of its own could not do: branch within the main loop, or nothing at all more cheaply. */
function staysInMain(statements: readonly Statement[]): boolean {
  return statements.some(s => {
    if (s.op === 'if') return staysInMain(s.then) || staysInMain(s.otherwise);
    return s.op === 'branchRelative' || s.op === 'branchTo' || s.op === 'checkInterrupts';
  });
}

/**
 * Pairs that guests execute often. The first never stores: a store may change the word of the second, which a pair would
 * not notice.
 */
export function frequentPairs(variants: readonly Variant[]): VariantPair[] {
  const of = (names: string, shape: (shape: Shape) => boolean = always) => {
    const wanted = new Set(names.split('; '));
    return variants.filter(v => wanted.has(v.row.name) && shape(v.shape));
  };
  const both = (firsts: readonly Variant[], seconds: readonly Variant[]) =>
    firsts.flatMap(first => seconds.map(second => ({ first, second })));
  const plain = (s: Shape) => s['plain'] !== 0;
  const equality = (s: Shape) => s['cond'] === 0 || s['cond'] === 1;
  return [
    // cmp, subs; tst, ands
    ...both(of('SUBS (immediate); SUBS (shifted register)', plain), of('B.cond', comparison)),
    ...both(of('ANDS (immediate); ANDS (shifted register)', plain), of('B.cond', equality)),
  ];
}
