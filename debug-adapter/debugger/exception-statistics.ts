/** How often each kind of exception and return happened: the table of exits by cause. */

import { categoryOf } from './exception-filters.ts';
import { describeCause } from './exception-text.ts';
import type { ExceptionLog, ExceptionRecord } from './target.ts';

export interface CauseCount {
  readonly kind: 'exception' | 'return';
  readonly from: number;
  readonly to: number;
  readonly category: string;
  readonly cause: string;
  /** Whether it leaves or enters a guest. */
  readonly guest?: 'exit' | 'entry';
  readonly count: number;
  readonly lastPosition: number;
}

interface Count {
  record: ExceptionRecord;
  cause: string;
  count: number;
  lastPosition: number;
}

export class ExceptionStatistics {
  readonly #log: ExceptionLog;
  #counts = new Map<string, Count>();
  /** How often the cause of each record had happened then, from `#first` on. */
  #occurrences: number[] = [];
  #first = 0;
  #consumed = 0;
  #last: ExceptionRecord | undefined;

  constructor(log: ExceptionLog) {
    this.#log = log;
  }

  /** All causes so far, the most frequent first. */
  get causes(): readonly CauseCount[] {
    this.#catchUp();
    return [...this.#counts.values()]
      .map(({ record, cause, count, lastPosition }) => ({
        kind: record.kind,
        from: record.from,
        to: record.to,
        category: categoryOf(record),
        cause,
        ...(record.guest !== undefined && { guest: record.guest }),
        count,
        lastPosition,
      }))
      .sort((a, b) => b.count - a.count || b.lastPosition - a.lastPosition);
  }

  /** How often the cause of this record had happened, itself included. */
  occurrence(index: number): number {
    this.#catchUp();
    return this.#occurrences[index - this.#first] ?? 1;
  }

  #catchUp(): void {
    const log = this.#log;
    if (
      this.#consumed > log.end ||
      (this.#consumed > log.first && log.at(this.#consumed - 1)?.position !== this.#last?.position)
    ) {
      this.#counts = new Map();
      this.#occurrences = [];
      this.#consumed = log.first;
    }
    if (this.#occurrences.length === 0) this.#first = Math.max(this.#consumed, log.first);
    for (let index = Math.max(this.#consumed, log.first); index < log.end; index++) {
      const record = log.at(index);
      if (!record) continue;
      const cause = describeCause(record);
      const key = `${record.kind} ${record.from} ${record.to} ${cause}`;
      const known = this.#counts.get(key);
      this.#occurrences.push((known?.count ?? 0) + 1);
      if (known) {
        known.count++;
        known.lastPosition = record.position;
      } else this.#counts.set(key, { record, cause, count: 1, lastPosition: record.position });
    }
    this.#consumed = log.end;
    this.#last = log.at(log.end - 1);
  }
}
