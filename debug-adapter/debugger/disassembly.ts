/** Disassembly of memory with symbols and source lines. A64 instructions have four bytes, so counting back is exact. */
import { instructionText } from './architecture.ts';
import { type CodeContext, liveContext } from './code-context.ts';
import type { Debugger } from './debugger.ts';
import { hex } from './expression/value.ts';
import type { CodePlace } from './images.ts';
import type { SpaceAddress } from './target.ts';

export interface DisassembledLine {
  readonly address: bigint;
  /** The bytes in memory order; undefined where memory cannot be read. */
  readonly bytes?: string;
  /** Undefined where memory cannot be read. A word that is no instruction is shown as data. */
  readonly text?: string;
  /** The name of the symbol that begins here. */
  readonly symbol?: string;
  readonly place?: CodePlace;
}

/** Exactly `count` lines. */
export function disassemble(session: Debugger, pe: number, start: SpaceAddress, count: number): DisassembledLine[] {
  const { target, images } = session;
  const where = liveContext(target.processingElements[pe]!);
  const symbolize = (address: bigint) => images.nameOf(address, where);
  const lines: DisassembledLine[] = [];
  for (let index = 0; index < count; ) {
    const address = BigInt.asUintN(64, start.address + BigInt(index * 4));
    // One read as far as memory goes; the word after it is passed over and the next read begins behind it.
    const { bytes } = target.readMemory(pe, { space: start.space, address }, (count - index) * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at += 4, index++) {
      lines.push(
        line(
          session,
          BigInt.asUintN(64, address + BigInt(at)),
          view.getUint32(at, true),
          bytes.subarray(at, at + 4),
          symbolize,
          where,
        ),
      );
    }
    if (index < count) {
      lines.push({ address: BigInt.asUintN(64, start.address + BigInt(index * 4)) });
      index++;
    }
  }
  return lines;
}

function line(
  session: Debugger,
  address: bigint,
  word: number,
  bytes: Uint8Array,
  symbolize: (address: bigint) => string | undefined,
  where: CodeContext,
): DisassembledLine {
  const symbol = session.images.symbolAt(address, where);
  const place = session.images.lineAt(address, where);
  return {
    address,
    bytes: [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(' '),
    text: instructionText(word, { pc: address, symbolize }) ?? `.word ${hex(word, 8)}`,
    ...(symbol?.offset === 0 && { symbol: symbol.symbol.name }),
    ...(place && { place }),
  };
}
