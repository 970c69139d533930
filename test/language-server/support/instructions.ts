import type { InstructionSet } from '../../../language-server/assembler/index.ts';

/** Just enough instructions for tests of everything around them: no operands, no fixups. */
export const someInstructions: InstructionSet = {
  knows: mnemonic => mnemonic in words,
  assemble: mnemonic => ({ word: words[mnemonic] ?? 0, fixups: [] }),
};

const words: Readonly<Record<string, number>> = { nop: 0xd503201f, ret: 0xd65f03c0, eret: 0xd69f03e0, isb: 0xd5033fdf };
