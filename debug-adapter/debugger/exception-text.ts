/** Exceptions and returns in words. */
import {
  describeSyndrome,
  faultStatus,
  type SyndromeDescription,
  trappedAccess,
} from '../../emulator/architecture/index.ts';
import { asynchronousKind } from './exception-filters.ts';
import type { ExceptionRecord } from './target.ts';

const asynchronousNames = { irq: 'IRQ', fiq: 'FIQ', serror: 'SError' } as const;

/** HPFAR_EL2 gives the page; the offset in it is that of the virtual address. */
export function faultIpa(record: ExceptionRecord): bigint | undefined {
  if (record.kind !== 'exception' || record.ipa === undefined) return undefined;
  return (record.ipa & ~0xfffn) | ((record.faultAddress ?? 0n) & 0xfffn);
}

/** The syndrome decoded; undefined for returns and for IRQ and FIQ, which leave ESR_ELx alone. */
export function syndromeOf(record: ExceptionRecord): SyndromeDescription | undefined {
  if (record.kind === 'return' || record.exceptionClass === undefined) return undefined;
  const ipa = faultIpa(record);
  return describeSyndrome(record.syndrome, {
    ...(record.faultAddress !== undefined && { faultAddress: record.faultAddress }),
    ...(ipa !== undefined && { intermediatePhysicalAddress: ipa }),
  });
}

/** The cause of one record with its details: `Write of a word from W3 at 0x9000000 (IPA 0x9000000) failed: …`. */
export function describeRecord(record: ExceptionRecord): string {
  const syndrome = asynchronousKind(record) === undefined ? syndromeOf(record) : undefined;
  return syndrome ? withoutStop(syndrome.summary) : describeCause(record);
}

/** The cause without what differs from one time to the next: the key of the table of exits. */
export function describeCause(record: ExceptionRecord): string {
  if (record.kind === 'return') {
    if (record.illegal) return 'Illegal exception return';
    return record.guest === 'entry' ? 'VM entry' : 'Exception return';
  }
  const kind = asynchronousKind(record);
  if (kind) return `${record.cause.startsWith('virtual') ? 'Virtual ' : ''}${asynchronousNames[kind]}`;
  const iss = Number(record.syndrome & 0x1ff_ffffn);
  const status = faultStatus(iss & 0x3f)?.name ?? `status 0x${(iss & 0x3f).toString(16)}`;
  switch (record.exceptionClass) {
    case 0x18: {
      const { name, kind: what, direction } = trappedAccess(record.syndrome);
      return what === 'instruction' ? `Trapped ${name}` : `Trapped ${direction} of ${name}`;
    }
    case 0x20:
    case 0x21:
      return `Instruction abort, ${stageOf(record)}${status}`;
    case 0x24:
    case 0x25:
      return `Data abort, ${stageOf(record)}${iss & 0x40 ? 'write' : 'read'}: ${status}`;
    default:
      return withoutStop(syndromeOf(record)?.summary ?? 'Exception');
  }
}

/** An abort that goes from a guest to EL2 is one of stage 2, or of an access routed there. */
function stageOf(record: ExceptionRecord): string {
  return record.to === 2 && record.from < 2 && record.kind === 'exception' && record.ipa !== undefined
    ? 'stage 2, '
    : '';
}

/** `EL1 → EL2`; Secure levels below EL3 as firmware's people write them: `S-EL1 → EL3`. */
export function levelChange({ from, to, fromSecure, toSecure }: ExceptionRecord): string {
  const name = (el: number, secure: boolean) => `${secure && el < 3 ? 'S-' : ''}EL${el}`;
  return `${name(from, fromSecure)} → ${name(to, toSecure)}`;
}

/** One line: where from, where to, why. */
export function headline(record: ExceptionRecord): string {
  return `${levelChange(record)}: ${describeRecord(record)}`;
}

const withoutStop = (sentence: string) => (sentence.endsWith('.') ? sentence.slice(0, -1) : sentence);
