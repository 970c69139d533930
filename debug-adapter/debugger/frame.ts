/** One frame of a call stack: code with the registers it will go on with. */
import type { CodeContext } from './code-context.ts';
import type { AddressSpace, ExceptionLevel, ExceptionRecord } from './target.ts';

/** X0–X30 and SP as a frame has them; undefined where a callee has overwritten them without saving. */
export interface FrameRegisters {
  x(number: number): bigint | undefined;
  readonly sp: bigint | undefined;
}

export type Frame = CodeFrame | CrossingFrame;

/** A function's frame, or that of a call inlined into it: they have the same registers. */
export interface CodeFrame {
  readonly kind: 'code';
  readonly pe: number;
  readonly el: ExceptionLevel;
  /** Which images speak of its code. */
  readonly context: CodeContext;
  /** How its addresses are translated. */
  readonly space: AddressSpace;
  /** The instruction that runs next in this frame. */
  readonly pc: bigint;
  /** The address to look up symbols and lines by: inside the call for callers, the PC itself for the top of a level. */
  readonly lookup: bigint;
  readonly registers: FrameRegisters;
  /** Canonical frame address: SP at the call of this function; undefined when not known. */
  readonly cfa: bigint | undefined;
  /** The frame that called this one, where call frame information tells; that of an inlined call has the same. */
  caller(): CodeFrame | undefined;
  /** True where the PC is exact: the frame that runs, or that an exception interrupted; false in callers. */
  readonly isTop: boolean;
  /** True in the frame whose registers are the machine's own. */
  readonly isLive: boolean;
  /** How many inlined calls lie between this frame and the instruction: 0 in the innermost. */
  readonly inlinedInside: number;
}

/** A line between two Exception levels: how the frame above came from the frame below. */
export interface CrossingFrame {
  readonly kind: 'crossing';
  readonly pe: number;
  readonly index: number;
  readonly record: ExceptionRecord;
}
