import type { SectionFlags, SectionType } from './model.ts';

const noFlags: SectionFlags = {
  allocate: false,
  write: false,
  execute: false,
  merge: false,
  strings: false,
  tls: false,
  group: false,
  exclude: false,
  retain: false,
};

const letters: Readonly<Record<string, keyof SectionFlags>> = {
  a: 'allocate',
  w: 'write',
  x: 'execute',
  M: 'merge',
  S: 'strings',
  T: 'tls',
  G: 'group',
  e: 'exclude',
  R: 'retain',
};

/** Flags from the letters of a `.section` directive; undefined names the first letter that is unknown. */
export function sectionFlags(text: string): SectionFlags | { readonly unknown: string } {
  const flags: Record<string, boolean> = { ...noFlags };
  for (const letter of text) {
    if (letter === 'o' || letter === '?' || letter === 'd') continue;
    const name = letters[letter];
    if (!name) return { unknown: letter };
    flags[name] = true;
  }
  return { ...noFlags, ...flags };
}

/** Sections whose name alone tells what they hold; a name also stands for itself followed by a dot and more. */
const standard: readonly (readonly [name: string, flags: string, type: SectionType])[] = [
  ['.text', 'ax', 'progbits'],
  ['.init', 'ax', 'progbits'],
  ['.fini', 'ax', 'progbits'],
  ['.data1', 'aw', 'progbits'],
  ['.data', 'aw', 'progbits'],
  ['.bss', 'aw', 'nobits'],
  ['.rodata1', 'a', 'progbits'],
  ['.rodata', 'a', 'progbits'],
  ['.tdata', 'awT', 'progbits'],
  ['.tbss', 'awT', 'nobits'],
  ['.init_array', 'aw', 'init_array'],
  ['.fini_array', 'aw', 'fini_array'],
  ['.preinit_array', 'aw', 'preinit_array'],
  ['.note', '', 'note'],
  ['.eh_frame', 'a', 'progbits'],
  ['.comment', '', 'progbits'],
];

/** Type and flags of a section that the source names without giving them. */
export function standardSection(name: string): { type: SectionType; flags: SectionFlags } {
  for (const [known, flags, type] of standard) {
    if (name === known || name.startsWith(`${known}.`)) {
      // `.note.GNU-stack` is the one note section that is none.
      const actual = name === '.note.GNU-stack' ? 'progbits' : type;
      return { type: actual, flags: sectionFlags(flags) as SectionFlags };
    }
  }
  return { type: 'progbits', flags: noFlags };
}
