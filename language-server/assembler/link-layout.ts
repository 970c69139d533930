import type { ObjectSection } from './object.ts';

/**
 * The fixed layout of bare programs.
 *
 * From `defaultBase` upwards lie code (first what belongs to the very start: `.text.boot`, `.head.text`, `.init`),
 * constants, sections of other names that are only read; then, on a new page, data that is written, and zeroed data.
 * `.text.*`, `.rodata.*`, `.data.*` and `.bss.*` of all files are joined with their namesakes.
 */

/** Where QEMU's `virt` board and ours put a kernel: 512 KiB into RAM, which begins at 1 GiB. */
export const defaultBase = 0x4008_0000n;

/** Room for a stack that `__stack_top` ends. */
const stackSize = 0x1_0000n;

const startSections = ['.text.boot', '.head.text', '.init'];
const joined = ['.text', '.rodata', '.data', '.bss'];

/** Name of the output section that a section becomes part of. */
export function outputName(section: ObjectSection): string {
  if (startSections.includes(section.name)) return section.name;
  for (const name of joined) if (section.name === name || section.name.startsWith(`${name}.`)) return name;
  return section.name;
}

/** Rank by which output sections are ordered; equal ranks keep the order of the sources. */
export function outputOrder(output: { readonly name: string; readonly parts: readonly ObjectSection[] }): number {
  const start = startSections.indexOf(output.name);
  if (start >= 0) return start;
  const flags = output.parts[0]?.flags;
  if (output.name !== '.bss' && !flags?.allocate) return 100;
  if (output.name === '.text') return 10;
  if (output.name === '.bss') return 60;
  if (flags?.write) {
    if (output.name === '.data') return 41;
    return output.parts[0]?.type === 'nobits' ? 50 : 40;
  }
  if (output.name === '.rodata') return 20;
  return flags?.execute ? 11 : 21;
}

interface Placed {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
}

/** Symbols that the layout defines for whoever refers to them without defining them. */
export function providedSymbols(outputs: readonly Placed[], base: bigint): Map<string, bigint> {
  const symbols = new Map<string, bigint>();
  const define = (value: bigint, ...names: string[]) => {
    for (const name of names) symbols.set(name, value);
  };
  const end = outputs.reduce(
    (most, { address, size }) => (address + BigInt(size) > most ? address + BigInt(size) : most),
    base,
  );
  const bounds = (name: string): { start: bigint; end: bigint } => {
    const output = outputs.find(candidate => candidate.name === name);
    return output ? { start: output.address, end: output.address + BigInt(output.size) } : { start: end, end };
  };
  const text = bounds('.text');
  const rodata = bounds('.rodata');
  const data = bounds('.data');
  const bss = bounds('.bss');
  define(base, '__executable_start', '__image_start', '_text');
  define(text.start, '__text_start', '_stext');
  define(text.end, '__text_end', '_etext', 'etext', '__etext');
  define(rodata.start, '__rodata_start');
  define(rodata.end, '__rodata_end');
  define(data.start, '__data_start', '_data', '_sdata');
  define(data.end, '__data_end', '_edata', 'edata');
  define(bss.start, '__bss_start', '__bss_start__', '_sbss');
  define(bss.end, '__bss_end', '__bss_end__', '_ebss');
  define(end, '_end', 'end', '__end', '__image_end');
  // The procedure call standard wants stacks aligned to 16 bytes.
  define(((end + 15n) & ~15n) + stackSize, '__stack_top');
  for (const { name, address, size } of outputs) {
    if (!/^[A-Za-z_]\w*$/.test(name)) continue;
    define(address, `__start_${name}`);
    define(address + BigInt(size), `__stop_${name}`);
  }
  return symbols;
}
