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

interface OpenFrame {
  readonly frame: CallFrame;
  cfaOffset: number;
  readonly remembered: number[];
}

/** Collects `.cfi_*` directives. Each part of a section has its own open description, as code may go on elsewhere meanwhile. */
export class CallFrameRecorder {
  readonly frames: CallFrame[] = [];
  sections: { ehFrame: boolean; debugFrame: boolean } = { ehFrame: true, debugFrame: false };
  private readonly open = new Map<string, OpenFrame>();
  private part = '';

  /** Says which part of which section the following directives are about. */
  select(part: string): void {
    this.part = part;
  }

  get current(): CallFrame | undefined {
    return this.open.get(this.part)?.frame;
  }

  /** Descriptions that no `.cfi_endproc` has ended. */
  unfinished(): CallFrame[] {
    return [...this.open.values()].map(({ frame }) => frame);
  }

  begin(start: Place, simple: boolean, range: SourceRange): void {
    const frame: CallFrame = { start, end: undefined, rules: [], signal: false, returnRegister: 30, simple, range };
    this.frames.push(frame);
    this.open.set(this.part, { frame, cfaOffset: 0, remembered: [] });
  }

  end(at: Place): void {
    const frame = this.current;
    if (frame) frame.end = at;
    this.open.delete(this.part);
  }

  add(at: Place, rule: CallFrameRule): void {
    const open = this.open.get(this.part);
    if (!open) return;
    if (rule.kind === 'defineCfa' || rule.kind === 'defineCfaOffset') open.cfaOffset = rule.offset;
    if (rule.kind === 'remember') open.remembered.push(open.cfaOffset);
    if (rule.kind === 'restoreState') open.cfaOffset = open.remembered.pop() ?? open.cfaOffset;
    open.frame.rules.push({ at, rule });
  }

  /** Distance from the stack pointer's register to the CFA, as directives so far say. */
  get currentCfaOffset(): number {
    return this.open.get(this.part)?.cfaOffset ?? 0;
  }
}
