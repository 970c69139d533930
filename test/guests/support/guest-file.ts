import { guestFile } from '../../../scripts/guests/folder.mjs';
import type { Requirement } from '../../support/requires.ts';

/** A file that `npm run guests` makes, as a requirement of a test. */
export function guest(name: string): Requirement {
  return { name, find: () => guestFile(name), remedy: 'npm run guests' };
}
