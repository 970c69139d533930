import { describe, expect } from 'vitest';
import { testWith } from '../../support/requires.ts';
import { comparePrograms } from './conformance/compare.ts';
import { BARE_METAL_NEEDS } from './conformance/harness.ts';

/** Always the same here; `npm run conformance` takes others. */
const SEED = 1;

describe(`Random programs (first seed ${SEED})`, () => {
  testWith(...BARE_METAL_NEEDS)('end on our machine as on QEMU: registers, flags, memory, exceptions', () => {
    const { differences } = comparePrograms(600, SEED);
    expect(differences.slice(0, 1).join('')).toBe('');
  });

  testWith(...BARE_METAL_NEEDS)('do so with big-endian data and translation tables as well', () => {
    const { differences } = comparePrograms(300, SEED, { order: 'big' });
    expect(differences.slice(0, 1).join('')).toBe('');
  });
});
