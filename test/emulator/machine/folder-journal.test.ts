import { expect, test } from 'vitest';
import type { FolderService } from '../../../emulator/index.ts';
import { FolderJournal } from '../../../emulator/machine/folder-journal.ts';

const write = { kind: 'write', path: ['a'], offset: 0, bytes: Uint8Array.of(1) } as const;

test('what a past asks of a folder again is answered as it was, and done once; another future is done anew', () => {
  let done = 0;
  const folder: FolderService = () => ({ count: ++done });
  const journal = new FolderJournal();
  const kept = journal.keep(folder);
  expect([kept(write), kept(write), kept(write)]).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
  journal.restore(1);
  expect([kept(write), done]).toEqual([{ count: 2 }, 3]);
  journal.forgetFuture();
  expect([kept(write), done]).toEqual([{ count: 4 }, 4]);
});

test('a machine that was saved elsewhere begins where that one was', () => {
  let done = 0;
  const journal = new FolderJournal();
  const kept = journal.keep(() => ({ count: ++done }));
  journal.restore(7);
  expect(kept(write)).toEqual({ count: 1 });
  journal.restore(7);
  expect([kept(write), done]).toEqual([{ count: 1 }, 1]);
});
