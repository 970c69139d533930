/** The files whose symbols belong to what is launched: the program, the kernel, and what the configuration adds. */

import { MalformedData } from '../debug-information/byte-reader.ts';
import { memorySource } from '../debug-information/byte-source.ts';
import { ElfFile } from '../debug-information/elf.ts';
import { linuxSymbolFile } from '../debug-information/linux-image.ts';
import type { ImageContext } from '../debugger/code-context.ts';
import type { ImageWishes } from '../debugger/images.ts';
import { type ExceptionLevel, UserProblem } from '../debugger/target.ts';
import type { LaunchConfiguration, SymbolFile } from '../protocol.ts';
import type { HostFiles } from './host-files.ts';
import type { SymbolSource } from './launched-machine.ts';
import { programKind } from './option-words.ts';

export function symbolSources(
  { program, kernel, bios, symbolFiles = [] }: Pick<LaunchConfiguration, 'program' | 'kernel' | 'bios' | 'symbolFiles'>,
  files: HostFiles,
  problems: string[],
): SymbolSource[] {
  const sources: SymbolSource[] = [];
  const linuxImages: string[] = [];
  const add = (name: string, wishes: ImageWishes, isWanted: boolean) => {
    try {
      const file = files.open(name);
      const beginning = file.read(0, Math.min(file.size, 64));
      const kind = programKind(beginning);
      if (!isWanted && kind === 'linux') linuxImages.push(name);
      // A raw binary runs without symbols; a file named for its symbols must have them.
      if (isWanted || kind === 'elf') sources.push({ path: files.path(name), file, ...wishes });
    } catch (problem) {
      if (!(problem instanceof UserProblem)) throw problem;
      problems.push(`No symbols: ${problem.message}`);
    }
  };
  for (const name of [program, kernel, bios]) if (name !== undefined) add(name, {}, false);
  for (const entry of symbolFiles) {
    if (typeof entry === 'string') add(entry, {}, true);
    else add(entry.file, imageWishes(entry), true);
  }
  for (const name of linuxImages) {
    const image = linuxImage(name, files);
    // Its own names are for want of better ones.
    const file = sources.some(source => isOfSameBuild(source, image)) ? undefined : linuxSymbolFile(image);
    if (file) sources.push({ path: files.path(name), file: memorySource(file) });
  }
  return sources;
}

function linuxImage(name: string, files: HostFiles): Uint8Array {
  const bytes = files.read(name);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? files.inflate(bytes) : bytes;
}

/** Whether the build id of a file of symbols stands in an image of memory. */
function isOfSameBuild({ file, path }: SymbolSource, image: Uint8Array): boolean {
  try {
    const { buildId } = new ElfFile(file, path);
    return (
      buildId !== undefined && Buffer.from(image.buffer, image.byteOffset, image.length).includes(buildId, 0, 'hex')
    );
  } catch (problem) {
    // Whoever reads its symbols will say what is wrong with it.
    if (problem instanceof MalformedData) return false;
    throw problem;
  }
}

function imageWishes({ offset, el, vmid, asid }: SymbolFile): ImageWishes {
  const context: ImageContext = {
    ...(el !== undefined && { el: numbers('el', el, 3) as ExceptionLevel[] }),
    ...(vmid !== undefined && { vmid: vmid === 'any' || vmid === 'none' ? vmid : numbers('vmid', vmid, 0xffff) }),
    ...(asid !== undefined && { asid: numbers('asid', asid, 0xffff) }),
  };
  return {
    ...(offset !== undefined && { offset: parseOffset(offset) }),
    ...(Object.keys(context).length > 0 && { context }),
  };
}

function numbers(name: string, value: unknown, largest: number): number[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  const isRight = (one: unknown): one is number =>
    Number.isInteger(one) && (one as number) >= 0 && (one as number) <= largest;
  if (!all.every(isRight)) {
    throw new UserProblem(
      `"${name}" of a symbol file must be a number up to ${largest} or a list of such, not ${JSON.stringify(value)}`,
    );
  }
  return all;
}

function parseOffset(offset: string | number): bigint {
  try {
    return BigInt(offset);
  } catch {
    throw new UserProblem(
      `"offset" of a symbol file must be a number or text such as "0x47000000", not ${JSON.stringify(offset)}`,
    );
  }
}
