import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { newerSettings, tagSettings } from './conformance/harness.ts';
import { playRecording, readRecording } from './conformance/recording.ts';

describe('The recording of random programs on QEMU', () => {
  const bytes = new Uint8Array(readFileSync('test/data/conformance/recorded.bin'));

  test('ends on our machine as it did there', () => {
    expect(playRecording(readRecording(bytes)).slice(0, 1).join('')).toBe('');
  });

  tagSettings.forEach((tagChecks, i) => {
    const { atEl1, atEl0 } = tagChecks;
    test(`ends so with allocation tags, too: TCF ${atEl1}, TCF0 ${atEl0}`, () => {
      const recorded = readRecording(new Uint8Array(readFileSync(`test/data/conformance/recorded-tags-${i}.bin`)));
      expect(playRecording(recorded, { tagChecks }).slice(0, 1).join('')).toBe('');
    });
  });

  newerSettings.forEach((newer, i) => {
    test(`ends so with newer features, too: nAA ${Number(newer.unalignedOrdered)}`, () => {
      const recorded = readRecording(new Uint8Array(readFileSync(`test/data/conformance/recorded-newer-${i}.bin`)));
      expect(playRecording(recorded, { newer }).slice(0, 1).join('')).toBe('');
    });
  });

  test('is told from a file that was cut short', () => {
    expect(() => readRecording(bytes.subarray(0, bytes.length - 1))).toThrow(/but its head says/);
  });
});
