/**
 * All exceptions and returns that the recording holds, those after the present position included.
 *
 * A machine that has travelled back has forgotten what comes later, but it will come again in the same way: the record
 * of the future stays to be shown (and travelled to) until something from outside changes history.
 */
import type { ExceptionLog, ExceptionRecord, Target } from './target.ts';

export class RecordedExceptions implements ExceptionLog {
  readonly #target: Target;
  #records: ExceptionRecord[] = [];
  #first = 0;
  /** Records known to be in the machine's own log. */
  #seen = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  get first(): number {
    this.#catchUp();
    return this.#first;
  }
  get end(): number {
    this.#catchUp();
    return this.#first + this.#records.length;
  }
  at(index: number): ExceptionRecord | undefined {
    this.#catchUp();
    return this.#records[index - this.#first];
  }
  registersAt(index: number) {
    return this.#target.exceptions.registersAt(index);
  }

  #catchUp(): void {
    const log = this.#target.exceptions;
    const newest = this.#target.timeTravel?.newest ?? this.#target.position;
    if (log.first > this.#first) {
      this.#records.splice(0, log.first - this.#first);
      this.#first = log.first;
    }
    // What was recorded later than the furthest position that still exists belongs to another history.
    while (
      this.#records.length > 0 &&
      this.#records.at(-1)!.position >= newest &&
      this.#first + this.#records.length > log.end
    ) {
      this.#records.pop();
    }
    // Going forward again writes the same records again; where they differ, history has been changed.
    this.#seen = Math.max(this.#first, Math.min(this.#seen, log.end, this.#first + this.#records.length));
    if (this.#seen > this.#first && !isSame(this.#records[this.#seen - 1 - this.#first], log.at(this.#seen - 1)))
      this.#seen = this.#first;
    for (let index = this.#seen; index < log.end; index++) {
      const record = log.at(index);
      if (!record) continue;
      const at = index - this.#first;
      if (at < this.#records.length && !isSame(this.#records[at], record)) this.#records.length = at;
      this.#records[at] = record;
    }
    this.#seen = log.end;
  }
}

function isSame(a: ExceptionRecord | undefined, b: ExceptionRecord | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.position === b.position &&
      a.pe === b.pe &&
      a.kind === b.kind &&
      a.instruction === b.instruction &&
      a.target === b.target)
  );
}
