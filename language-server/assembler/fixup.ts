import type { AssemblyOperand, FixupKind, RelocationOperator } from '../architecture.ts';
import type { SourceRange } from '../syntax/source.ts';
import type { BoundExpression, Fragment } from './model.ts';

/** Data of 1, 2, 4 or 8 bytes that a symbol fills. */
export type DataField = 'data8' | 'data16' | 'data32' | 'data64';

/** Bits to fill in when the value of an expression is known, or to leave to the linker. */
export interface Fixup {
  readonly fragment: Fragment;
  readonly offset: number;
  readonly field: DataField | Exclude<FixupKind, 'immediate'>;
  readonly relocation?: RelocationOperator;
  readonly expression: BoundExpression;
  readonly range: SourceRange;
}

/** An instruction with an immediate that was not known when it was read; it is assembled again after the layout. */
export interface DeferredInstruction {
  readonly fragment: Fragment;
  readonly offset: number;
  readonly mnemonic: string;
  readonly operands: readonly AssemblyOperand[];
  readonly range: SourceRange;
  /** Where a stretch of the statement's line stands, for problems. */
  place(span: { readonly start: number; readonly end: number }): SourceRange;
}
