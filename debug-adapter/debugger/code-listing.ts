/** Listings of code in memory, for places whose source nobody has: one line for each instruction. */
import type { Debugger } from './debugger.ts';
import { disassemble } from './disassembly.ts';
import { hex } from './expression/value.ts';
import type { CodeFrame } from './frame.ts';
import type { ExceptionLevel } from './target.ts';

/** A function is listed whole up to so many bytes. */
const largestFunction = 0x4000;
/** What is listed around an address that belongs to no function, or to one too large. */
const pageSize = 0x1000n;

/** A piece of code as it stands in memory. */
export interface CodeListing {
  readonly name: string;
  readonly el: ExceptionLevel;
  readonly start: bigint;
  /** How many instructions, and lines, it has. */
  readonly length: number;
  /** What tells this code from other code that was at the same place before. */
  readonly fingerprint: string;
}

/** The listing that holds an address: its function, or its page. Undefined where no memory can be read. */
export function listingAt(
  session: Debugger,
  { pe, el, context: where, space, lookup: address }: CodeFrame,
): CodeListing | undefined {
  const place = session.images.symbolAt(address, where);
  const size = place?.symbol.kind === 'object' ? 0 : (place?.symbol.size ?? 0);
  const isWhole = place !== undefined && size > 0 && size <= largestFunction && (place.address & 3n) === 0n;
  const start = isWhole ? place.address : address & ~(pageSize - 1n);
  const wanted = isWhole ? size : Number(pageSize);
  const { bytes } = session.target.readMemory(pe, { space, address: start }, wanted);
  const length = Math.floor(bytes.length / 4);
  if (start + BigInt(length * 4) <= address) return undefined;
  const fingerprint = `${el} ${hex(start)} ${String.fromCharCode(...bytes)}`;
  return { name: isWhole ? place.symbol.name : hex(start), el, start, length, fingerprint };
}

/** Line, counted from 1, of the instruction that holds an address. */
export function listingLine({ start }: CodeListing, address: bigint): number {
  return Number((address - start) >> 2n) + 1;
}

/** Address of a line's instruction; undefined behind the end. */
export function listingAddress({ start, length }: CodeListing, line: number): bigint | undefined {
  return line >= 1 && line <= length ? BigInt.asUintN(64, start + BigInt((line - 1) * 4)) : undefined;
}

const labelWidth = 16;
const instructionWidth = 40;

/** The text: labels, instructions, and behind them address, word, and the line of the source they came from. */
export function listingText(session: Debugger, pe: number, { el, start, length }: CodeListing): string {
  let previous: string | undefined;
  const lines = disassemble(session, pe, { space: { kind: 'va', el }, address: start }, length).map(
    ({ address, bytes, text, symbol, place }) => {
      const label = symbol === undefined ? '' : `${symbol}:`;
      const from = place && `${place.path}:${place.line}`;
      const notes = [hex(address), bytes?.split(' ').reverse().join(''), from !== previous && from];
      previous = from;
      const instruction = (text ?? '').replace('\t', ' ').padEnd(instructionWidth);
      return `${label.padEnd(labelWidth)} ${instruction} // ${notes.filter(Boolean).join('  ')}`;
    },
  );
  return `${lines.join('\n')}\n`;
}
