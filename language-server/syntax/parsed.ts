import type { Span } from './statement.ts';

/** Why text cannot be read, and where. */
export interface SyntaxProblem extends Span {
  readonly message: string;
}

/** What was read and where it ended, or why nothing was. */
export type Parsed<T> = { readonly value: T; readonly end: number } | { readonly problem: SyntaxProblem };
