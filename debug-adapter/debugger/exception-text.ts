/** Exceptions and returns in words. */
import { asynchronousKind } from './exception-filters.ts';
import type { ExceptionRecord } from './target.ts';

/** The cause without what differs from one time to the next: the key of the table of exits. */
export function describeCause(record: ExceptionRecord): string {
  if (record.kind === 'return') return record.illegal ? 'illegal exception return' : 'exception return';
  const kind = asynchronousKind(record);
  if (kind)
    return `${record.cause.startsWith('virtual') ? 'virtual ' : ''}${kind === 'serror' ? 'SError' : kind.toUpperCase()}`;
  return `EC 0x${(record.exceptionClass ?? 0).toString(16)}`;
}

/** One line: where from, where to, why. */
export function headline(record: ExceptionRecord): string {
  return `EL${record.from} → EL${record.to}: ${describeCause(record)}`;
}

/** The cause of one record, with its details. */
export function describeRecord(record: ExceptionRecord): string {
  return describeCause(record);
}
