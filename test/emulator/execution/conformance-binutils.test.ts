import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import {
  compareAllocation,
  compareWithAs,
  compareWithObjdump,
  compareWithOurselves,
  describeDifferences,
  instancesOfAllRows,
} from './conformance/binutils.ts';
import { compareNumbers } from './conformance/ranges.ts';

/** Always the same here; `npm run conformance` takes others. */
const SEED = 1;
const COUNT = 50;

describe(`Every instruction row, ${COUNT} random words of each (seed ${SEED})`, () => {
  testWith('aarch64-linux-gnu-as', 'aarch64-linux-gnu-ld')('what we print, GNU as assembles to the same word', () => {
    expect(describeDifferences(compareWithAs(instancesOfAllRows(COUNT, SEED)))).toEqual([]);
  });

  testWith('aarch64-linux-gnu-objdump')('GNU objdump prints the same', () => {
    expect(describeDifferences(compareWithObjdump(instancesOfAllRows(COUNT, SEED)))).toEqual([]);
  });

  testWith()('what we print, we assemble to the same word', () => {
    expect(describeDifferences(compareWithOurselves(instancesOfAllRows(COUNT, SEED)))).toEqual([]);
  });

  testWith('aarch64-linux-gnu-objdump')('a word that is reserved here is undefined to GNU objdump', () => {
    expect(describeDifferences(compareAllocation(COUNT, SEED))).toEqual([]);
  });

  testWith('aarch64-linux-gnu-as')('a number that GNU as refuses we refuse, naming what is legal', () => {
    const { refused, differences } = compareNumbers(instancesOfAllRows(5, SEED), SEED);
    expect(describeDifferences(differences)).toEqual([]);
    expect(refused).toBeGreaterThan(1000);
  });
});
