import { describe, expect, test } from 'vitest';
import { architectureInstructions, assembleAndLink, memoryFiles } from '../../language-server/assembler/index.ts';
import { describeObject, gnuObject, mappingSymbols, ourObject } from '../language-server/support/compare.ts';
import { testWith } from '../support/requires.ts';
import { runOf, runSample, runSampleOnQemu, samples } from './support.ts';

/** A guest's own line ends; the terminal's carriage returns are no part of what the README shows. */
const asShown = (text: string) => `${text.replaceAll('\r', '').trimEnd()}\n`;

describe.each(samples)('the sample $name', sample => {
  test('prints what its README shows, and switches the machine off', async () => {
    const { console, status } = await runOf(sample);
    expect(asShown(console)).toBe(sample.console);
    expect(status).toBe(0);
  });

  testWith('qemu-system-aarch64')('prints the same on QEMU', () => {
    expect(asShown(runSampleOnQemu(sample))).toBe(sample.console);
  });

  test('ends in the same state each time', async () => {
    const { hash } = await runOf(sample);
    expect((await runSample(sample)).hash).toBe(hash);
  });

  testWith('aarch64-linux-gnu-gcc')('has the bytes, relocations and symbols that GNU as gives it', () => {
    const text = sample.sources[sample.main]!;
    const theirs = gnuObject(sample.main, text, sample.sources);
    const ours = ourObject(sample.main, text, architectureInstructions, sample.sources);
    expect(describeObject(ours)).toEqual(describeObject(theirs));
    expect(mappingSymbols(ours)).toEqual(mappingSymbols(theirs));
  });

  test('cut off after any line, is refused or assembled, but never breaks the assembler', () => {
    for (const [name, text] of Object.entries(sample.sources)) {
      const lines = text.split('\n');
      for (let count = 0; count < lines.length; count++) {
        const cut = { ...sample.sources, [name]: lines.slice(0, count).join('\n') };
        const main = { path: sample.main, text: cut[sample.main]! };
        const options = { instructions: architectureInstructions, files: memoryFiles(cut) };
        expect(() => assembleAndLink([main], options), `${name}, ${count} lines`).not.toThrow();
      }
    }
  });
});
