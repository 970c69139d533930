import type { SourceRange } from '../syntax/source.ts';
import type { Place } from './expression.ts';

/** One rule of a `.cfi_*` directive; register numbers are DWARF's for AArch64, offsets are bytes. */
export type CallFrameRule =
  | { readonly kind: 'defineCfa'; readonly register: number; readonly offset: number }
  | { readonly kind: 'defineCfaRegister'; readonly register: number }
  | { readonly kind: 'defineCfaOffset'; readonly offset: number }
  | { readonly kind: 'offset'; readonly register: number; readonly offset: number }
  | { readonly kind: 'restore'; readonly register: number }
  | { readonly kind: 'undefined'; readonly register: number }
  | { readonly kind: 'sameValue'; readonly register: number }
  | { readonly kind: 'register'; readonly register: number; readonly other: number }
  | { readonly kind: 'remember' }
  | { readonly kind: 'restoreState' }
  | { readonly kind: 'negateReturnAddressState' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** One function's unwind description. */
export interface CallFrame {
  readonly start: Place;
  end: Place | undefined;
  readonly rules: { readonly at: Place; readonly rule: CallFrameRule }[];
  signal: boolean;
  returnRegister: number;
  /** No initial rules (`.cfi_startproc simple`). */
  readonly simple: boolean;
  readonly range: SourceRange;
}

/** Collects `.cfi_*` directives. */
export class CallFrameRecorder {
  readonly frames: CallFrame[] = [];
  sections: { ehFrame: boolean; debugFrame: boolean } = { ehFrame: true, debugFrame: false };
  private open: CallFrame | undefined;
  private cfaOffset = 0;
  private readonly remembered: number[] = [];

  get current(): CallFrame | undefined {
    return this.open;
  }

  begin(start: Place, simple: boolean, range: SourceRange): void {
    this.open = { start, end: undefined, rules: [], signal: false, returnRegister: 30, simple, range };
    this.frames.push(this.open);
    this.cfaOffset = 0;
    this.remembered.length = 0;
  }

  end(at: Place): void {
    if (this.open) this.open.end = at;
    this.open = undefined;
  }

  add(at: Place, rule: CallFrameRule): void {
    if (rule.kind === 'defineCfa' || rule.kind === 'defineCfaOffset') this.cfaOffset = rule.offset;
    if (rule.kind === 'remember') this.remembered.push(this.cfaOffset);
    if (rule.kind === 'restoreState') this.cfaOffset = this.remembered.pop() ?? this.cfaOffset;
    this.open?.rules.push({ at, rule });
  }

  /** Distance from the stack pointer's register to the CFA, as directives so far say. */
  get currentCfaOffset(): number {
    return this.cfaOffset;
  }
}
