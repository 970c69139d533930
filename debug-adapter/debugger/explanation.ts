/** Why an exception was taken, in words that a person can check. */

import { instructionText } from './architecture.ts';
import type { Debugger } from './debugger.ts';
import { asynchronousKind } from './exception-filters.ts';
import { headline } from './exception-text.ts';
import { hex } from './expression/value.ts';
import { faultIpa } from './frame-host.ts';
import type { ExceptionLevel, ExceptionRecord } from './target.ts';

export interface ExplanationLine {
  readonly label: string;
  readonly text: string;
  /** What the line is made of, when it opens further. */
  readonly details?: readonly ExplanationLine[];
}

export function explain(session: Debugger, record: ExceptionRecord): ExplanationLine[] {
  const lines: ExplanationLine[] = [
    { label: record.kind === 'exception' ? 'Exception' : 'Return', text: headline(record) },
  ];
  const place = placeText(session, record.instruction, record.from);
  const instruction = instructionAt(session, record);
  if (record.kind === 'return') {
    lines.push({ label: 'By', text: `${instruction ?? 'eret'} at ${place}` });
    lines.push({ label: 'To', text: `${placeText(session, record.target, record.to)} at EL${record.to}` });
    if (record.illegal)
      lines.push({
        label: 'Illegal',
        text: 'SPSR or the target level is not possible here; PSTATE.IL is set and the level stays',
      });
  } else {
    const isAsynchronous = asynchronousKind(record) !== undefined;
    lines.push({
      label: isAsynchronous ? 'Interrupted' : 'Instruction',
      text: `${instruction ? `${instruction}  at ` : ''}${place}`,
    });
    lines.push({ label: 'Handler', text: `${placeText(session, record.target, record.to)} at EL${record.to}` });
    lines.push({ label: 'Returns to', text: placeText(session, record.preferredReturn, record.from) });
    if (record.reason !== undefined) lines.push({ label: 'Because', text: record.reason });
    if (record.faultAddress !== undefined)
      lines.push({ label: 'Virtual address', text: placeText(session, record.faultAddress, record.from) });
    const ipa = faultIpa(record);
    if (ipa !== undefined) lines.push({ label: 'Intermediate physical address', text: hex(ipa) });
  }
  if (record.vmid !== undefined) lines.push({ label: 'VMID', text: record.vmid.toString() });
  lines.push({ label: 'When', text: `after ${record.position.toLocaleString('en')} instructions, on PE ${record.pe}` });
  return lines;
}

/** The instruction that a record is about, read where it executed; undefined when it cannot be read any more. */
function instructionAt(session: Debugger, record: ExceptionRecord): string | undefined {
  const { bytes } = session.target.readMemory(
    record.pe,
    { space: { kind: 'va', el: record.from }, address: record.instruction },
    4,
  );
  if (bytes.length < 4) return undefined;
  const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return instructionText(word, {
    pc: record.instruction,
    symbolize: address => session.images.nameOf(address, record.from),
  });
}

/** An address with its symbol and source line. */
export function placeText(session: Debugger, address: bigint, el: ExceptionLevel): string {
  const symbol = session.images.nameOf(address, el);
  const line = session.images.lineAt(address, el);
  const file = line && `${line.path.split(/[\\/]/).pop()}:${line.line}`;
  return [hex(address), symbol && `<${symbol}>`, file && `(${file})`].filter(Boolean).join(' ');
}
