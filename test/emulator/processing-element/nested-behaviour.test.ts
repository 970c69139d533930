import { expect, test } from 'vitest';
import { nestedBehaviour, recordedBehaviour } from './nested-behaviour.ts';

test('Under nested virtualization instructions at EL1 end as in QEMU 10: exceptions, what they leave, results', () => {
  expect(nestedBehaviour()).toEqual(recordedBehaviour());
});
