/**
 * How a processing element came to the Exception level it runs in: a stack of what is not finished yet, kept up from
 * the exception record. An exception stays on it until the return that answers it; a return that answers no exception
 * (a hypervisor starting a guest, firmware starting a kernel) stays as the way in.
 */
import { sameGuest } from './code-context.ts';
import type { ExceptionLog, ExceptionRecord } from './target.ts';

export interface LevelCrossing {
  readonly index: number;
  readonly record: ExceptionRecord;
}

/** More nesting than this is a fault loop: how it began stays, and so does what it came to; what lies between goes. */
const maximumDepth = 256;
const keptAtTheBottom = 32;

export class ExceptionLevelStacks {
  readonly #log: ExceptionLog;
  #stacks = new Map<number, LevelCrossing[]>();
  #consumed = 0;
  #last: ExceptionRecord | undefined;

  constructor(log: ExceptionLog) {
    this.#log = log;
  }

  /** Unfinished crossings of one element, the latest last. */
  of(pe: number): readonly LevelCrossing[] {
    this.#catchUp();
    return this.#stacks.get(pe) ?? [];
  }

  #catchUp(): void {
    const log = this.#log;
    // Travelling back shortens the record, and going on from there may write another one.
    const rewritten =
      this.#consumed > log.end || (this.#consumed > log.first && !sameRecord(log.at(this.#consumed - 1), this.#last));
    if (rewritten) {
      this.#stacks = new Map();
      this.#consumed = log.first;
    }
    for (let index = Math.max(this.#consumed, log.first); index < log.end; index++) {
      const record = log.at(index);
      if (record) this.#apply({ index, record });
    }
    this.#consumed = log.end;
    this.#last = log.at(log.end - 1);
  }

  #apply(crossing: LevelCrossing): void {
    const { record } = crossing;
    let stack = this.#stacks.get(record.pe);
    if (!stack) this.#stacks.set(record.pe, (stack = []));
    if (record.kind === 'return') {
      if (record.illegal) return;
      const answered = stack.findLastIndex(
        ({ record: entry }) =>
          entry.kind === 'exception' &&
          entry.to === record.from &&
          entry.from === record.to &&
          // A hypervisor without a level of its own is called by its host, and enters a guest before it returns.
          sameGuest(entry.vmid ?? 'none', record.vmid ?? 'none'),
      );
      if (answered >= 0) {
        stack.length = answered;
        return;
      }
      // Nothing to answer: a first entry. What was going on below this level is over, and so is how this one was entered;
      // an exception that it is handling is not: a host enters its guest within a system call.
      for (let top = stack.at(-1); top && isOver(top.record, record.from); top = stack.at(-1)) stack.pop();
    }
    stack.push(crossing);
    if (stack.length > maximumDepth) stack.splice(keptAtTheBottom, 1);
  }
}

function isOver({ kind, to }: ExceptionRecord, level: number): boolean {
  return to < level || (to === level && kind === 'return');
}

function sameRecord(a: ExceptionRecord | undefined, b: ExceptionRecord | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.position === b.position &&
      a.pe === b.pe &&
      a.kind === b.kind &&
      a.target === b.target)
  );
}
