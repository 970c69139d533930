import {
  assembleSource,
  type InstructionSet,
  memoryFiles,
  writeRelocatable,
} from '../../../language-server/assembler/index.ts';
import { type ReadElf, readElf } from './elf.ts';
import { gnuAssemble } from './gnu.ts';

/** Assembles with ours; problems are thrown so that a test shows them. */
export function ourObject(
  name: string,
  text: string,
  instructions: InstructionSet,
  more: Readonly<Record<string, string>> = {},
): ReadElf {
  const assembly = assembleSource({ path: name, text }, { instructions, files: memoryFiles(more) });
  const errors = assembly.problems.filter(problem => problem.severity === 'error');
  if (errors.length > 0) {
    throw new Error(
      errors
        .slice(0, 10)
        .map(({ message, range }) => `line ${range.file.position(range.start).line + 1}: ${message}`)
        .join('\n'),
    );
  }
  return readElf(writeRelocatable(assembly.object));
}

/** What both assemblers must agree on, as text: bytes and relocations of each section, named symbols. */
export function describeObject(elf: ReadElf): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const section of elf.sections) {
    // Symbol tables and empty standard sections are the assemblers' own affair.
    if ([0, 2, 3, 4].includes(section.type) || section.size === 0 || section.name === '.group') continue;
    described[section.name] = {
      type: section.type,
      flags: section.flags,
      alignment: section.alignment,
      size: section.size,
      bytes: (
        Buffer.from(section.bytes)
          .toString('hex')
          .match(/.{1,32}/g) ?? []
      ).map((row, index) => `${(16 * index).toString(16)}: ${row}`),
      relocations: section.relocations,
    };
  }
  described.symbols = elf.symbols
    .filter(symbol => symbol.name !== '' && !/^\$[xd]$/.test(symbol.name) && (symbol.info & 15) < 3)
    .map(
      symbol =>
        `${symbol.name} ${symbol.section}+${symbol.value} size ${symbol.size} info ${symbol.info} visibility ${symbol.visibility}`,
    )
    .sort();
  return described;
}

/** Where code and data take turns in sections that hold code, repeated marks left out. */
export function mappingSymbols(elf: ReadElf): string[] {
  return elf.sections
    .filter(section => (section.flags & 4) !== 0)
    .flatMap(section => {
      const marks = elf.symbols
        .filter(symbol => symbol.section === section.name && /^\$[xd]$/.test(symbol.name))
        .sort((a, b) => Number(a.value - b.value));
      // Of two marks at one place the last in the table counts.
      const last = marks.filter((mark, index) => marks[index + 1]?.value !== mark.value);
      return last
        .filter((mark, index) => last[index - 1]?.name !== mark.name)
        .map(mark => `${section.name}+${mark.value} ${mark.name}`);
    });
}

export function gnuObject(name: string, text: string, more: Readonly<Record<string, string>> = {}): ReadElf {
  const result = gnuAssemble(name, text, more);
  if (typeof result === 'string') throw new Error(`GNU as refuses this:\n${result}`);
  return result;
}
