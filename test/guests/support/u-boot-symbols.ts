/**
 * Names for U-Boot's functions. Debian strips its uboot.elf, so the start of U-Boot is read from its code: the shape
 * of the entry (arch/arm/lib/crt0_64.S) and the list of functions that board_init_r calls are what U-Boot's sources
 * make of them. What does not have that shape is an error, not a guess.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inDirectory, tool } from '../../debug-adapter/support/compile.ts';

export interface NamedCode {
  readonly name: string;
  /** As linked, which is also where the firmware has it in flash. */
  readonly address: number;
}

const branchTarget = (word: number, at: number) => at + ((word << 6) >> 4);
const isBranch = (word: number) => word >>> 26 === 0b000101;
const isCall = (word: number) => word >>> 26 === 0b100101;
const ret = 0xd65f03c0;

/** Finds `_main`, `relocation_return`, `board_init_f`, `board_init_r`, `run_main_loop` and `main_loop`. */
export function findFunctions(image: Uint8Array): readonly NamedCode[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const word = (at: number) => view.getUint32(at, true);
  const expectShape = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`this U-Boot is not built as expected: ${what}`);
  };
  const scan = (from: number, wanted: (word: number) => boolean, what: string, length = 0x200) => {
    for (let at = from; at < from + length; at += 4) if (wanted(word(at))) return at;
    throw new Error(`this U-Boot is not built as expected: no ${what} after 0x${from.toString(16)}`);
  };

  // The reset code ends in a call of _main, behind which the first subroutine begins.
  let reset = 0;
  while (isBranch(word(reset))) reset = branchTarget(word(reset), reset);
  const calls: number[] = [];
  for (let at = reset; word(at) !== ret; at += 4) if (isCall(word(at))) calls.push(branchTarget(word(at), at));
  const main = Math.max(...calls);

  // _main: the fourth call is board_init_f; `adr x30, relocation_return`; the last branch goes to board_init_r.
  let at = main;
  for (let count = 1; ; count++, at += 4) {
    at = scan(at, isCall, 'call');
    if (count === 4) break;
  }
  const boardInitF = branchTarget(word(at), at);
  const adr = scan(at, one => (one & 0x9f00001f) >>> 0 === 0x1000001e, 'ADR to X30');
  const relocationReturn = adr + (((word(adr) << 8) >> 13) << 2);
  const toBoardInitR = scan(relocationReturn, isBranch, 'branch');
  const boardInitR = branchTarget(word(toBoardInitR), toBoardInitR);
  expectShape(isCall(word(relocationReturn)), 'relocation_return begins with a call');

  // board_init_r: an ADRP and an ADD give the list of functions; relocations (behind the code) fill it.
  const adrp = scan(boardInitR, one => (one & 0x9f000000) >>> 0 === 0x90000000, 'ADRP');
  const page = (boardInitR & ~0xfff) + (((word(adrp) << 8) >> 13) << 14) + (((word(adrp) >>> 29) & 3) << 12);
  let entry = page + ((word(adrp + 4) >>> 10) & 0xfff);
  expectShape(word(adrp + 4) >>> 22 === 0b1001000100, 'ADRP is followed by ADD');
  const addends = relativeRelocations(view);
  let runMainLoop: number | undefined;
  for (let next = addends.get(entry); next !== undefined && next < page; next = addends.get(entry)) {
    runMainLoop = next;
    entry += 8;
  }
  if (runMainLoop === undefined) throw new Error('this U-Boot is not built as expected: board_init_r has no list');

  // run_main_loop: calls main_loop for ever.
  const again = scan(runMainLoop, isBranch, 'branch');
  const call = branchTarget(word(again), again);
  expectShape(isCall(word(call)), 'run_main_loop calls for ever');
  return [
    { name: '_main', address: main },
    { name: 'relocation_return', address: relocationReturn },
    { name: 'board_init_f', address: boardInitF },
    { name: 'board_init_r', address: boardInitR },
    { name: 'run_main_loop', address: runMainLoop },
    { name: 'main_loop', address: branchTarget(word(call), call) },
  ];
}

/** R_AARCH64_RELATIVE entries, wherever they stand: place and addend. */
function relativeRelocations(view: DataView): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (let at = 0; at + 24 <= view.byteLength; at += 8) {
    if (view.getBigUint64(at + 8, true) !== 0x403n) continue;
    const place = view.getBigUint64(at, true);
    const addend = view.getBigUint64(at + 16, true);
    if (place < view.byteLength && addend < view.byteLength) found.set(Number(place), Number(addend));
  }
  return found;
}

/** The ELF file with these names in its symbol table. */
export function withSymbols(elfPath: string, names: readonly NamedCode[]): Uint8Array {
  return inDirectory({}, folder => {
    const result = join(folder, 'named.elf');
    const section = '.text_rest';
    const line = tool(folder, 'aarch64-linux-gnu-readelf', '-SW', elfPath)
      .split('\n')
      .find(one => one.includes(` ${section} `));
    const start = Number.parseInt(/PROGBITS +([0-9a-f]+)/.exec(line ?? '')?.[1] ?? '', 16);
    const words = names.flatMap(({ name, address }) => [
      '--add-symbol',
      `${name}=${section}:0x${(address - start).toString(16)},function,global`,
    ]);
    tool(folder, 'aarch64-linux-gnu-objcopy', ...words, elfPath, result);
    return readFileSync(result);
  });
}
