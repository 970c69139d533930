/**
 * Operand kinds: each carries one sort of operand in both directions (text ⇄ fields) and gives semantics its value.
 *
 * A kind is made for the fields it uses (`generalRegister('Rd', 'sf')`), so that a row reads like the manual's page.
 */
import type { AssemblyOperand, OperandFixup, OperandSpan } from './assembly-operand.ts';
import type { Fields } from './pattern.ts';
import type { LabelRef, RegisterRef } from './semantics.ts';

/** An immediate operand as semantics see it. */
export interface ImmediateRef {
  readonly kind: 'immediate';
  readonly operand: string;
}

/** An operand that only the text has (its fields shape the row). */
export interface TextRef {
  readonly kind: 'text';
  readonly operand: string;
}

export type OperandRef = RegisterRef | ImmediateRef | LabelRef | TextRef;

/** What a kind may need to know to print: the address of the instruction, and names of addresses. */
export interface PrintContext {
  readonly pc: bigint;
  /** A symbolic name for an address, e.g. `main+0x10`; undefined prints the number alone. */
  readonly symbolize?: (address: bigint) => string | undefined;
}

/** Fields that an operand's text stands for, or why it stands for none. */
export type ParseResult =
  | { readonly fields: Readonly<Record<string, number>>; readonly consumed: number; readonly fixup?: OperandFixup }
  | {
      readonly problem: string;
      readonly span?: OperandSpan;
      /** The operand has the right form but a bad value: this problem is better than those of other candidates. */
      readonly close?: boolean;
    };

/** Operands of the statement being matched, and what earlier operands have already decided. */
export interface ParseInput {
  readonly operands: readonly AssemblyOperand[];
  readonly at: number;
  /** Fields that operands further left have fixed. */
  readonly fields: Readonly<Record<string, number>>;
  /** Address of the instruction, when known, for operands written as absolute numbers. */
  readonly pc?: bigint;
}

/** How the decoder stores an operand's value in a predecoded record. */
export type StoredAs = 'u8' | 'u16' | 'i64';

export interface OperandKind<Ref extends OperandRef = OperandRef> {
  readonly role: Ref['kind'];
  /** Register bank and the meaning of 31, for role `register`. */
  readonly bank?: 'x' | 'v';
  readonly stackPointer?: boolean;
  /** The field that holds the register number, for role `register`. */
  readonly registerField?: string;
  /** The register itself, for an operand that is always the same and has no text. */
  readonly registerNumber?: number;
  /** Fields of the pattern that this operand decides. */
  readonly fields: readonly string[];
  /** A phrase for people: what may stand here, with its range. */
  readonly describe: string;
  /** Text of the operand; the empty string leaves it (and the comma before it) out. */
  print(fields: Fields, context: PrintContext): string;
  /** Reads zero or more operands of the statement. */
  parse(input: ParseInput): ParseResult;
  /** The number that semantics see, for roles `immediate` and `label` (labels: distance in bytes). */
  value?(fields: Fields): bigint;
  readonly storedAs?: StoredAs;
}

/** The reference type of a kind. */
export type RefOf<Kind> = Kind extends OperandKind<infer Ref> ? Ref : never;

/** A problem with the operand at hand. */
export function problem(message: string, span?: OperandSpan, close = false): ParseResult {
  return { problem: message, ...(span && { span }), close };
}

/** The operand that a kind is to read, or undefined when the statement has no more. */
export function current(input: ParseInput): AssemblyOperand | undefined {
  return input.operands[input.at];
}
