/** The record of exceptions and returns: append-only while the machine goes forward, shortened when it goes back. */
import type { ExceptionRecord } from '../processing-element/exception-record.ts';
import type { GuestTranslation } from '../translation/address-translator.ts';

/** Records kept; older ones are dropped in blocks. */
const MOST_RECORDS = 200_000;

/** General-purpose registers at the moment of a record. */
export interface RegistersAtException {
  readonly x: readonly bigint[];
  readonly sp: bigint;
  /** For a guest's exit: how its addresses were translated. */
  readonly translation?: GuestTranslation;
}

/** One record with what belongs to it. */
export interface RecordedException {
  readonly record: ExceptionRecord;
  readonly registers: RegistersAtException;
}

export class ExceptionLog {
  private entries: RecordedException[] = [];
  private dropped = 0;

  /** Index of the oldest record that is still there. */
  get first(): number {
    return this.dropped;
  }
  /** Index after the newest record. */
  get end(): number {
    return this.dropped + this.entries.length;
  }
  at(index: number): ExceptionRecord | undefined {
    return this.entries[index - this.dropped]?.record;
  }
  registersAt(index: number): RegistersAtException | undefined {
    return this.entries[index - this.dropped]?.registers;
  }

  append(record: ExceptionRecord, registers: RegistersAtException): void {
    this.entries.push({ record, registers });
    if (this.entries.length > MOST_RECORDS) {
      const surplus = MOST_RECORDS / 10;
      this.entries.splice(0, surplus);
      this.dropped += surplus;
    }
  }

  /** The last records, at most so many, to be put into another log. */
  latest(count: number): readonly RecordedException[] {
    return this.entries.slice(-count);
  }
  /** Replaces all records. */
  replace(entries: readonly RecordedException[]): void {
    this.entries = [...entries];
    this.dropped = 0;
  }

  /** Forgets what happened at or after a position. */
  shortenTo(position: number): void {
    let end = this.entries.length;
    while (end > 0 && (this.entries[end - 1] as RecordedException).record.position >= position) end--;
    this.entries.length = end;
  }
  clear(): void {
    this.entries = [];
    this.dropped = 0;
  }
}
