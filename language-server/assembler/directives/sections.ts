import type { Assembler, Directive } from '../assembler.ts';
import type { Section, SectionType } from '../model.ts';
import type { OperandReader } from '../reader.ts';
import { sectionFlags, standardSection } from '../section-names.ts';

const types: Readonly<Record<string, SectionType>> = {
  progbits: 'progbits',
  nobits: 'nobits',
  note: 'note',
  init_array: 'init_array',
  fini_array: 'fini_array',
  preinit_array: 'preinit_array',
  unwind: 'unwind',
};

/** Reads `name [, "flags" [, @type [, entry size or group …]]]` and answers the section. */
function sectionOperands(
  assembler: Assembler,
  operands: OperandReader,
  pushing: boolean,
): { section: Section; subsection: number } {
  const at = operands.at;
  let name: string;
  if (operands.atString) name = operands.stringText();
  else name = operands.untilComma().text;
  const nameSpan = { start: at, end: operands.at };
  if (name === '') throw operands.error('A section name is expected here.', nameSpan);
  assembler.expressions.record('section', name, 'reference', assembler.range(nameSpan));
  let subsection = 0;
  const existing = assembler.output.findSection(name);
  const standard = standardSection(name);
  if (!operands.accept(',')) return { section: assembler.output.sectionNamed(name), subsection };
  if (pushing && !operands.atString) {
    subsection = subsectionNumber(assembler, operands);
    if (!operands.accept(',')) return { section: assembler.output.sectionNamed(name), subsection };
  }
  const flagsAt = operands.at;
  const letters = operands.stringText();
  const flags = sectionFlags(letters);
  if ('unknown' in flags) {
    throw operands.error(`\`${flags.unknown}\` is not a section flag.`, { start: flagsAt, end: operands.at });
  }
  let type = standard.type;
  let entrySize = 0;
  let group: string | undefined;
  if (operands.accept(',') && (operands.accept('@') || operands.accept('%') || operands.atString)) {
    const word = operands.atString ? { ...operands.word(), text: operands.stringText() } : operands.word();
    const known = types[word.text];
    if (!known) throw operands.error(`\`${word.text}\` is not a section type.`, word);
    type = known;
    if (flags.merge && operands.accept(',')) {
      entrySize = assembler.expressions.absoluteNumber(operands.expression(), 0, 2 ** 31, 'The entry size');
    }
    if (flags.group && operands.accept(',')) {
      group = operands.symbol().name;
      if (operands.accept(',')) operands.word();
    }
    if (letters.includes('o') && operands.accept(',')) operands.symbol();
    if (operands.accept(',')) {
      if (operands.word().text !== 'unique') throw operands.error('`unique` is the only word that may stand here.');
      operands.comma();
      assembler.expressions.absolute(operands.expression());
    }
  }
  operands.expectEnd();
  const section = assembler.output.sectionNamed(name, { type, flags });
  if (!existing) {
    section.entrySize = entrySize;
    section.group = group;
  }
  return { section, subsection };
}

function subsectionNumber(assembler: Assembler, operands: OperandReader): number {
  return assembler.expressions.absoluteNumber(operands.expression(), 0, 8192, 'A subsection number');
}

function standardDirective(name: string, brief: string): Directive {
  return {
    names: [name],
    syntax: '[subsection]',
    brief,
    run(assembler, operands) {
      const subsection = operands.atEnd ? 0 : subsectionNumber(assembler, operands);
      operands.expectEnd();
      assembler.output.enter(assembler.output.sectionNamed(name), subsection);
    },
  };
}

export const sectionDirectives: readonly Directive[] = [
  standardDirective('.text', 'Goes on in the section for code.'),
  standardDirective('.data', 'Goes on in the section for data that may be written.'),
  standardDirective('.bss', 'Goes on in the section for data that is zero at the start.'),
  {
    names: ['.rodata'],
    syntax: '',
    brief: 'Goes on in the section for data that is never written.',
    run(assembler, operands) {
      operands.expectEnd();
      assembler.output.enter(assembler.output.sectionNamed('.rodata'));
    },
  },
  {
    names: ['.section'],
    syntax: 'name [, "flags" [, @type [, entry size]]]',
    brief:
      'Goes on in a section of that name. Flags: `a` loaded, `w` written, `x` executed, `M` merged, `S` strings, `T` thread-local.',
    run(assembler, operands) {
      const { section } = sectionOperands(assembler, operands, false);
      assembler.output.enter(section);
    },
  },
  {
    names: ['.pushsection'],
    syntax: 'name [, subsection] [, "flags" [, @type]]',
    brief: 'Goes on in another section until the matching `.popsection`.',
    run(assembler, operands) {
      const now = { section: assembler.output.section, subsection: assembler.output.subsection };
      const before = assembler.output.previous;
      if (assembler.output.stack.length >= assembler.limits.nesting) {
        throw operands.error('Sections are pushed too deep.', operands.statement, 'too-deep');
      }
      const { section, subsection } = sectionOperands(assembler, operands, true);
      assembler.output.stack.push({ now, before });
      assembler.output.enter(section, subsection);
    },
  },
  {
    names: ['.popsection'],
    syntax: '',
    brief: 'Goes back to the section before the last `.pushsection`.',
    run(assembler, operands) {
      operands.expectEnd();
      const saved = assembler.output.stack.pop();
      if (!saved) throw operands.error('No `.pushsection` stands before this.', operands.statement);
      assembler.output.enter(saved.now.section, saved.now.subsection);
      assembler.output.previous = saved.before;
    },
  },
  {
    names: ['.previous'],
    syntax: '',
    brief: 'Goes back to the section used before this one.',
    run(assembler, operands) {
      operands.expectEnd();
      const previous = assembler.output.previous;
      if (!previous) throw operands.error('There is no section before this one.', operands.statement);
      assembler.output.enter(previous.section, previous.subsection);
    },
  },
  {
    names: ['.subsection'],
    syntax: 'number',
    brief: 'Goes on in another part of this section; parts lie in the order of their numbers.',
    run(assembler, operands) {
      const subsection = subsectionNumber(assembler, operands);
      operands.expectEnd();
      assembler.output.enter(assembler.output.section, subsection);
    },
  },
];
