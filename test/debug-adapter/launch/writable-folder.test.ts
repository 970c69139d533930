import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writableFolder } from '../../../debug-adapter/launch/writable-folder.ts';
import { type FolderService, fileError } from '../../../emulator/index.ts';

const bytes = (words: string) => new TextEncoder().encode(words);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

describe.skipIf(process.platform !== 'linux')('a folder that a guest may change', () => {
  let outer: string;
  let root: string;
  let folder: FolderService;
  const read = (...path: string[]) => text(folder({ kind: 'read', path, offset: 0, count: 100 }).bytes);
  const write = (path: string[], words: string, offset = 0) =>
    folder({ kind: 'write', path, offset, bytes: bytes(words) });
  const create = (path: string[], exclusive = false) =>
    folder({ kind: 'create', path, mode: 0o640, exclusive, truncate: false });

  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'trapdoor-folder-'));
    root = join(outer, 'shared');
    mkdirSync(join(root, 'sub'), { recursive: true });
    writeFileSync(join(root, 'sub/a.txt'), 'hello');
    writeFileSync(join(outer, 'secret'), 'secret');
    folder = writableFolder(root);
  });
  afterEach(() => rmSync(outer, { recursive: true }));

  test('is read and listed', () => {
    expect(read('sub', 'a.txt')).toBe('hello');
    expect(folder({ kind: 'list', path: [] }).entries).toMatchObject([{ name: 'sub', kind: 'folder' }]);
    expect(folder({ kind: 'attributes', path: ['sub', 'a.txt'] }).attributes).toMatchObject({ kind: 'file', size: 5 });
    expect(folder({ kind: 'attributes', path: ['no'] })).toEqual({ error: fileError.noEntry });
    expect(folder({ kind: 'read', path: ['sub'], offset: 0, count: 1 })).toEqual({ error: fileError.isFolder });
  });

  test('is written', () => {
    expect(create(['new'])).toEqual({});
    expect(create(['new'], true)).toEqual({ error: fileError.exists });
    expect(write(['new'], 'one two')).toEqual({ count: 7 });
    expect(write(['new'], 'TWO', 4)).toEqual({ count: 3 });
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('one TWO');
    expect(statSync(join(root, 'new')).mode & 0o777).toBe(0o640);
    folder({ kind: 'change', path: ['new'], changes: { size: 3, permissions: 0o4755, modified: 1_600_000_000.5 } });
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('one');
    const { mode, mtimeMs } = statSync(join(root, 'new'));
    expect([mode & 0o7777, mtimeMs], 'nobody becomes another user by it').toEqual([0o755, 1_600_000_000_500]);
  });

  test('has folders made, renamed and removed', () => {
    expect(folder({ kind: 'make folder', path: ['x'], mode: 0o755 })).toEqual({});
    expect(folder({ kind: 'rename', path: ['sub', 'a.txt'], to: ['x', 'b.txt'] })).toEqual({});
    expect(readFileSync(join(root, 'x/b.txt'), 'utf8')).toBe('hello');
    expect(folder({ kind: 'remove', path: ['x'], entry: 'folder' })).toEqual({ error: fileError.notEmpty });
    expect(folder({ kind: 'remove', path: ['x', 'b.txt'], entry: 'file' })).toEqual({});
    expect(folder({ kind: 'remove', path: ['x'], entry: 'folder' })).toEqual({});
    expect(folder({ kind: 'list', path: [] }).entries).toHaveLength(1);
    expect(folder({ kind: 'remove', path: [], entry: 'folder' })).toEqual({ error: fileError.notPermitted });
  });

  test('lets nobody out by a name', () => {
    for (const name of ['..', '.', '', '../secret', 'sub/a.txt', 'a\0b']) {
      expect(folder({ kind: 'attributes', path: [name] }), name).toEqual({ error: fileError.invalid });
      expect(create([name]), name).toEqual({ error: fileError.invalid });
      expect(folder({ kind: 'rename', path: ['sub'], to: [name] }), name).toEqual({ error: fileError.invalid });
    }
    expect(folder({ kind: 'read', path: ['sub', '..', '..', 'secret'], offset: 0, count: 9 }).bytes).toBeUndefined();
  });

  test('lets nobody out by a link, whichever part of a path it is', () => {
    symlinkSync(join(outer, 'secret'), join(root, 'link'));
    symlinkSync(outer, join(root, 'up'));
    for (const path of [['link'], ['up', 'secret'], ['up', 'shared', 'sub', 'a.txt']]) {
      expect(folder({ kind: 'read', path, offset: 0, count: 100 }).error, path.join()).toBeGreaterThan(0);
      expect(write(path, 'broken').error, path.join()).toBeGreaterThan(0);
      expect(create(path).error, path.join()).toBeGreaterThan(0);
      expect(folder({ kind: 'open', path, write: true, truncate: true }).error, path.join()).toBeGreaterThan(0);
      expect(folder({ kind: 'remove', path, entry: 'file' }).error, path.join()).toBeGreaterThan(0);
      expect(folder({ kind: 'change', path, changes: { size: 0 } }).error, path.join()).toBeGreaterThan(0);
      expect(folder({ kind: 'rename', path: ['sub', 'a.txt'], to: path }).error, path.join()).toBeGreaterThan(0);
    }
    expect(folder({ kind: 'list', path: ['up'] }).error).toBeGreaterThan(0);
    expect(folder({ kind: 'list', path: [] }).entries).toHaveLength(1);
    expect(readFileSync(join(outer, 'secret'), 'utf8')).toBe('secret');
    expect(read('sub', 'a.txt')).toBe('hello');
  });

  test('that is not there is a problem of the user', () => {
    expect(() => writableFolder(join(outer, 'nothing'))).toThrow('cannot be shared');
  });
});
