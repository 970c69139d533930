import type { SourceLine } from '../syntax/source.ts';
import { type Span, splitStatements } from '../syntax/statement.ts';

/** One statement's worth of text: characters `start` to `end` of a line. Bodies of macros and repetitions are lists of these. */
export interface Unit extends Span {
  readonly line: SourceLine;
}

interface Frame {
  readonly kind: 'file' | 'macro' | 'repeat';
  readonly units: UnitSource;
  /** How often the units are read again. */
  remaining: number;
  /** Conditionals open when the frame began. */
  readonly conditionalDepth: number;
  readonly onEnd?: () => void;
}

/** Random access over units, cut from lines when they are reached. */
interface UnitSource {
  next(): Unit | undefined;
  rewind(): void;
}

function ofLines(lines: readonly SourceLine[]): UnitSource {
  let index = 0;
  let pending: readonly Span[] = [];
  let pendingIndex = 0;
  let line: SourceLine | undefined;
  return {
    next() {
      while (pendingIndex >= pending.length) {
        line = lines[index++];
        if (!line) return undefined;
        pending = splitStatements(line.text);
        pendingIndex = 0;
      }
      const span = pending[pendingIndex++]!;
      return { line: line!, start: span.start, end: span.end };
    },
    rewind() {
      index = pendingIndex = 0;
      pending = [];
    },
  };
}

function ofUnits(units: readonly Unit[]): UnitSource {
  let index = 0;
  return {
    next: () => units[index++],
    rewind() {
      index = 0;
    },
  };
}

/** What is read: a stack of files, macro expansions and repetitions, innermost first. */
export class InputStack {
  private readonly frames: Frame[] = [];
  /** Macro expansions and repetitions now open. */
  depth = 0;

  pushFile(lines: readonly SourceLine[], conditionalDepth: number, onEnd?: () => void): void {
    this.frames.push({ kind: 'file', units: ofLines(lines), remaining: 0, conditionalDepth, ...(onEnd && { onEnd }) });
  }

  pushMacro(lines: readonly SourceLine[], conditionalDepth: number): void {
    this.frames.push({ kind: 'macro', units: ofLines(lines), remaining: 0, conditionalDepth });
    this.depth++;
  }

  pushRepeat(units: readonly Unit[], count: number, conditionalDepth: number): void {
    if (count <= 0 || units.length === 0) return;
    this.frames.push({ kind: 'repeat', units: ofUnits(units), remaining: count - 1, conditionalDepth });
    this.depth++;
  }

  /** Next statement; `undefined` at the end of the frame on top (call `pop`) or of everything (no frame left). */
  next(): Unit | undefined {
    const frame = this.frames[this.frames.length - 1];
    if (!frame) return undefined;
    for (;;) {
      const unit = frame.units.next();
      if (unit) return unit;
      if (frame.remaining <= 0) return undefined;
      frame.remaining--;
      frame.units.rewind();
    }
  }

  /** Leaves the frame on top; answers the conditional depth at which it began, or undefined when there was none. */
  pop(): number | undefined {
    const frame = this.frames.pop();
    if (!frame) return undefined;
    frame.onEnd?.();
    if (frame.kind !== 'file') this.depth--;
    return frame.conditionalDepth;
  }

  /** Leaves the innermost macro (`.exitm`); undefined when none is open. */
  leaveMacro(): number | undefined {
    let index = this.frames.length - 1;
    while (index >= 0 && this.frames[index]!.kind !== 'macro') index--;
    if (index < 0) return undefined;
    let depth: number | undefined;
    while (this.frames.length > index) depth = this.pop();
    return depth;
  }

  /** Forgets everything (`.end`, `.abort`). */
  clear(): void {
    this.frames.length = 0;
    this.depth = 0;
  }

  get empty(): boolean {
    return this.frames.length === 0;
  }
}
