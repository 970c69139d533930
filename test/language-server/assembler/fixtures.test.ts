import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  architectureInstructions,
  assembleAndLink,
  assembleSource,
  memoryFiles,
} from '../../../language-server/assembler/index.ts';
import { testWith } from '../../support/requires.ts';
import { describeObject, gnuObject, mappingSymbols, ourObject } from '../support/compare.ts';

const folder = new URL('../fixtures/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const names = readdirSync(folder).sort();
const sources = names.filter(name => /\.[sS]$/.test(name));
const headers = Object.fromEntries(names.filter(name => name.endsWith('.h')).map(name => [name, read(name)]));

describe('a whole source has the bytes, relocations and symbols that GNU as gives it:', () => {
  for (const name of sources) {
    testWith('aarch64-linux-gnu-gcc')(name, () => {
      const theirs = gnuObject(name, read(name), headers);
      const ours = ourObject(name, read(name), architectureInstructions, headers);
      expect(describeObject(ours)).toEqual(describeObject(theirs));
      expect(mappingSymbols(ours)).toEqual(mappingSymbols(theirs));
    });
  }
});

describe('a source that ends anywhere neither throws nor hangs:', () => {
  for (const name of sources) {
    test(name, () => {
      const lines = read(name).split('\n');
      for (let count = 0; count < lines.length; count++) {
        const text = lines.slice(0, count).join('\n');
        expect(() => assembleAndLink([{ path: name, text }], { files: memoryFiles(headers) })).not.toThrow();
      }
    });

    test(`${name}, within a line`, () => {
      const text = read(name);
      for (let at = 0; at < text.length; at += 41) {
        expect(() =>
          assembleSource({ path: name, text: text.slice(0, at) }, { files: memoryFiles(headers) }),
        ).not.toThrow();
      }
    });
  }
});
