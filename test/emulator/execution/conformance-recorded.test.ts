import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { playRecording, readRecording } from './conformance/recording.ts';

describe('The recording of random programs on QEMU', () => {
  const bytes = new Uint8Array(readFileSync('test/data/conformance/recorded.bin'));

  test('ends on our machine as it did there', () => {
    expect(playRecording(readRecording(bytes)).slice(0, 1).join('')).toBe('');
  });

  test('is told from a file that was cut short', () => {
    expect(() => readRecording(bytes.subarray(0, bytes.length - 1))).toThrow(/but its head says/);
  });
});
