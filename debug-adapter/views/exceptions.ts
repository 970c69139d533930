/** The exception record as clients see it. */
import { type CodeContext, recordContext } from '../debugger/code-context.ts';
import { categoryOf } from '../debugger/exception-filters.ts';
import { describeCause, describeRecord, faultIpa } from '../debugger/exception-text.ts';
import { hex } from '../debugger/expression/value.ts';
import type { ExceptionRecord } from '../debugger/target.ts';
import type {
  ExceptionLevelNumber,
  ExceptionRecord as ExceptionRecordBody,
  ExceptionsArguments,
  ExceptionsResponseBody,
  GuestLocation,
} from '../protocol.ts';
import type { Session } from '../session.ts';

const maximumRecords = 10_000;

export function exceptionsBody(
  session: Session,
  { from = 0, count = 1000 }: ExceptionsArguments,
): ExceptionsResponseBody {
  const { recorded: log, statistics } = session.debugger;
  const start = Math.max(log.first, from < 0 ? log.end + from : from);
  const end = Math.min(log.end, start + Math.max(0, Math.min(count, maximumRecords)));
  const records: ExceptionRecordBody[] = [];
  for (let index = start; index < end; index++) {
    const record = log.at(index);
    if (record) records.push(exceptionRecordBody(session, index, record));
  }
  return {
    total: log.end,
    records,
    causes: statistics.causes.map(one => ({
      ...one,
      from: one.from as ExceptionLevelNumber,
      to: one.to as ExceptionLevelNumber,
    })),
  };
}

export function exceptionRecordBody(session: Session, index: number, record: ExceptionRecord): ExceptionRecordBody {
  const isException = record.kind === 'exception';
  const address = isException ? record.instruction : record.target;
  const ipa = faultIpa(record);
  return {
    index,
    position: record.position,
    pe: record.pe,
    kind: record.kind,
    from: record.from,
    to: record.to,
    fromSecurity: record.fromSecure ? 'secure' : 'non-secure',
    toSecurity: record.toSecure ? 'secure' : 'non-secure',
    category: categoryOf(record),
    cause: describeRecord(record),
    generalCause: describeCause(record),
    occurrence: session.debugger.statistics.occurrence(index),
    ...(isException && record.exceptionClass !== undefined && { syndrome: hex(record.syndrome) }),
    location: guestLocation(session, address, recordContext(record, isException ? 'from' : 'to')),
    ...(isException && record.faultAddress !== undefined && { faultAddress: hex(record.faultAddress) }),
    ...(ipa !== undefined && { ipa: hex(ipa) }),
    ...(record.vmid !== undefined && { vmid: record.vmid }),
  };
}

export function guestLocation(session: Session, address: bigint, where: CodeContext): GuestLocation {
  const { images } = session.debugger;
  const symbol = images.nameOf(address, where);
  const place = images.lineAt(address, where);
  return {
    address: hex(address),
    ...(symbol !== undefined && { symbol }),
    ...(place && { path: session.sources.resolve(place.path), line: place.line }),
  };
}
