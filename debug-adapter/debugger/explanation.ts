/** Why an exception was taken, in words that a person can check. */
import { exceptionClass, faultStatus } from '../../emulator/architecture/index.ts';
import { instructionText } from './architecture.ts';
import { type CodeContext, recordContext } from './code-context.ts';
import type { Debugger } from './debugger.ts';
import { asynchronousKind } from './exception-filters.ts';
import { faultIpa, headline, syndromeOf } from './exception-text.ts';
import { hex } from './expression/value.ts';
import type { AddressSpace, ExceptionRecord } from './target.ts';

export interface ExplanationLine {
  readonly label: string;
  readonly text: string;
  /** What the line is made of, when it opens further. */
  readonly details?: readonly ExplanationLine[];
}

export function explain(session: Debugger, record: ExceptionRecord): ExplanationLine[] {
  const from = recordContext(record, 'from', spaceOfRecord(session, record));
  const to = recordContext(record, 'to');
  const place = placeText(session, record.instruction, from);
  const instruction = instructionAt(session, record);
  const lines: ExplanationLine[] = [
    { label: record.kind === 'exception' ? 'Exception' : 'Return', text: headline(record) },
  ];
  if (record.kind === 'return') {
    lines.push({ label: 'By', text: `${instruction ?? 'eret'} at ${place}` });
    lines.push({ label: 'To', text: `${placeText(session, record.target, to)} at EL${record.to}` });
    if (record.illegal)
      lines.push({
        label: 'Illegal',
        text: 'SPSR asks for what is not possible here; PSTATE.IL is set and the level stays',
      });
  } else {
    const isAsynchronous = asynchronousKind(record) !== undefined;
    lines.push({
      label: isAsynchronous ? 'Interrupted' : 'Instruction',
      text: `${instruction ? `${instruction}  at ` : ''}${place}`,
    });
    lines.push(...syndromeLines(record));
    if (record.reason !== undefined) lines.push({ label: 'Because', text: record.reason });
    lines.push(...faultLines(session, record));
    lines.push({ label: 'Handler', text: `${placeText(session, record.target, to)} at EL${record.to}` });
    lines.push({ label: 'Returns to', text: placeText(session, record.preferredReturn, from) });
  }
  if (record.vmid !== undefined) lines.push({ label: 'VMID', text: record.vmid.toString() });
  lines.push({ label: 'When', text: `after ${record.position.toLocaleString('en')} instructions, on PE ${record.pe}` });
  return lines;
}

function syndromeLines(record: ExceptionRecord): ExplanationLine[] {
  const syndrome = asynchronousKind(record) === undefined ? syndromeOf(record) : undefined;
  if (!syndrome || record.kind !== 'exception') return [];
  const meaning = exceptionClass(syndrome.exceptionClass)?.meaning;
  return [
    { label: 'Class', text: `${syndrome.className}${meaning ? `: ${meaning}` : ''}` },
    {
      label: `ESR_EL${record.to}`,
      text: hex(record.syndrome, 8),
      details: syndrome.fields.map(({ name, value, meaning: words }) => ({
        label: name,
        text: words === undefined ? hex(value) : `${hex(value)}  ${words}`,
      })),
    },
  ];
}

const abortClasses = new Set([0x20, 0x21, 0x24, 0x25]);

function faultLines(session: Debugger, record: ExceptionRecord): ExplanationLine[] {
  if (record.kind !== 'exception') return [];
  const lines: ExplanationLine[] = [];
  const { faultAddress, exceptionClass: code, syndrome } = record;
  const space = faultSpace(session, record);
  const isAbort = code !== undefined && abortClasses.has(code);
  const status = isAbort ? faultStatus(Number(syndrome & 0x3fn)) : undefined;
  if (status) lines.push({ label: 'Fault', text: `${status.name}: ${status.meaning}` });
  if (faultAddress !== undefined)
    lines.push({
      label: `FAR_EL${record.to}`,
      text: `VA ${placeText(session, faultAddress, recordContext(record, 'from', space))}`,
    });
  const ipa = faultIpa(record);
  if (ipa !== undefined) lines.push({ label: 'IPA', text: hex(ipa) });
  if (isAbort && faultAddress !== undefined) {
    const access = code === 0x20 || code === 0x21 ? 'execute' : syndrome & 0x40n ? 'write' : 'read';
    const walk = session.target.translate(record.pe, { space, address: faultAddress }, access);
    const tag = status?.kind === 'tagCheck' && walk.ok ? session.target.allocationTag?.(walk.pa) : undefined;
    if (tag !== undefined)
      lines.push({ label: 'Tags', text: `the address has ${tagOf(faultAddress)}, its memory now has ${tag}` });
    lines.push({
      label: 'Translation now',
      text: walk.ok ? `${hex(faultAddress)} → PA ${hex(walk.pa)}` : walk.problem,
      ...(walk.steps.length > 0 && { details: walk.steps.map((text, index) => ({ label: `${index + 1}`, text })) }),
    });
  }
  return lines;
}

/** The allocation tag that an address carries, in bits 59:56. */
const tagOf = (address: bigint): number => Number((address >> 56n) & 15n);

/** ISS.VNCR of a Data Abort: the address is one of the handler's own, by VNCR_EL2. */
const NESTED_REGISTER = 1n << 13n;

function faultSpace(session: Debugger, record: ExceptionRecord): AddressSpace {
  const isNested =
    record.kind === 'exception' && record.exceptionClass === 0x25 && (record.syndrome & NESTED_REGISTER) !== 0n;
  return isNested ? { kind: 'va', el: record.to } : spaceOfRecord(session, record);
}

/** How addresses were understood where a record was made: a guest's as they were then. */
function spaceOfRecord({ target: { exceptions } }: Debugger, record: ExceptionRecord): AddressSpace {
  if (record.kind === 'return' || record.guest !== 'exit') return { kind: 'va', el: record.from };
  for (let index = exceptions.end - 1; index >= exceptions.first; index--) {
    const one = exceptions.at(index);
    if (one === record) return { kind: 'va', el: record.from, record: index };
    if (one && one.position < record.position) break;
  }
  return { kind: 'va', el: record.from };
}

/** The instruction that a record is about, read where it executed; undefined when it cannot be read any more. */
function instructionAt(session: Debugger, record: ExceptionRecord): string | undefined {
  const at = { space: spaceOfRecord(session, record), address: record.instruction };
  const { bytes } = session.target.readMemory(record.pe, at, 4);
  if (bytes.length < 4) return undefined;
  const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return instructionText(word, {
    pc: record.instruction,
    symbolize: address => session.images.nameOf(address, recordContext(record, 'from', at.space)),
  });
}

/** An address with its symbol and source line. */
export function placeText(session: Debugger, address: bigint, where: CodeContext): string {
  const symbol = session.images.nameOf(address, where);
  const line = session.images.lineAt(address, where);
  const file = line && `${line.path.split(/[\\/]/).pop()}:${line.line}`;
  return [hex(address), symbol && `<${symbol}>`, file && `(${file})`].filter(Boolean).join(' ');
}
