import { describe, expect, test } from 'vitest';
import { findFeature, mnemonicNotes, mnemonics } from '../../emulator/architecture/index.ts';
import { architectureInstructions, assembleText, memoryFiles } from '../../language-server/assembler/index.ts';

const files = memoryFiles({});

function problemsOf(source: string): string[] {
  const { problems } = assembleText('example.s', source, { instructions: architectureInstructions, files });
  return problems.map(problem => problem.message);
}

describe('notes on mnemonics', () => {
  test.each(mnemonicNotes.map(note => [note.mnemonics[0], note] as const))('the example of %s assembles', (_, note) => {
    expect(problemsOf(`${note.example}\n`)).toEqual([]);
  });

  test('each mnemonic has one note and exists in the tables', () => {
    const all = mnemonicNotes.flatMap(note => note.mnemonics);
    expect(all.filter((mnemonic, i) => all.indexOf(mnemonic) !== i)).toEqual([]);
    expect(all.filter(mnemonic => !mnemonics().includes(mnemonic))).toEqual([]);
  });

  test('notes mention only features that the tables know', () => {
    const named = mnemonicNotes.flatMap(note => note.text.match(/FEAT_\w+/g) ?? []);
    expect(named.filter(name => !findFeature(name))).toEqual([]);
  });
});
