import { expect, test } from 'vitest';
import { KnownRecords } from '../../../emulator/execution/known-records.ts';

test('a word is recalled with the record that was learned for it, or not at all', () => {
  const known = new KnownRecords();
  const memory = new Uint32Array(8);
  // More words than there is room for, the word 0 among them, which no table may take for known at first.
  const words = Array.from({ length: 200_000 }, (_, i) => Math.imul(i, 0x0101_4965) >>> 0);
  expect(known.recall(0, memory, 0)).toBeUndefined();
  for (const word of words) {
    memory.set([word, ~word, word ^ 0x5555, 7], 0);
    known.learn(word, memory, 0, word % 2 === 1);
  }
  let recalled = 0;
  const wrong: number[] = [];
  for (const word of words) {
    const ends = known.recall(word, memory, 4);
    if (ends === undefined) continue;
    recalled++;
    const [first, second, third, fourth] = memory.subarray(4);
    const record = first === word && second === ~word >>> 0 && third === (word ^ 0x5555) >>> 0 && fourth === 7;
    if (!record || ends !== (word % 2 === 1)) wrong.push(word);
  }
  expect(wrong).toEqual([]);
  expect(recalled).toBeGreaterThan(words.length / 10);
});
