import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cpio, directory, file, symlink } from '../../scripts/guests/cpio.mjs';
import { consoleDifferences } from './conformance/console.ts';

describe('npm run guests', () => {
  test('names what is missing for fetching, and how to get it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
    try {
      const script = fileURLToPath(new URL('../../scripts/guests.mjs', import.meta.url));
      const env = { ...process.env, PATH: '/nonexistent', TRAPDOOR_GUESTS: folder };
      const { status, stderr } = spawnSync(process.execPath, [script, 'xen'], { env, encoding: 'utf8' });
      expect(stderr).toMatch(/apt-get, apt-cache, dpkg-deb, tar, xz.* is missing here\. On Debian 12: apt-get install/);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('says which guests there are when another is asked for', () => {
    const script = fileURLToPath(new URL('../../scripts/guests.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, 'minix'], { encoding: 'utf8' });
    expect(stderr).toMatch(/^There is no guest minix; there are linux, qemu, .*u-boot, dbg$/m);
    expect(status).toBe(1);
  });

  test('writes archives whose entries are found one after the other, each part at a multiple of four bytes', () => {
    const archive: Buffer = cpio([directory('bin'), file('bin/tool', 'abcde', 0o755), symlink('bin/sh', 'tool')]);
    const entries: [string, string, string][] = [];
    let at = 0;
    for (let name = ''; name !== 'TRAILER!!!'; ) {
      const field = (index: number) =>
        Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
      expect(archive.toString('latin1', at, at + 6)).toBe('070701');
      const nameAt = at + 110;
      const contentsAt = (nameAt + field(11) + 3) & ~3;
      name = archive.toString('latin1', nameAt, nameAt + field(11) - 1);
      entries.push([name, field(1).toString(8), archive.toString('latin1', contentsAt, contentsAt + field(6))]);
      at = (contentsAt + field(6) + 3) & ~3;
    }
    expect(at).toBe(archive.length);
    expect(entries).toEqual([
      ['bin', '40755', ''],
      ['bin/tool', '100755', 'abcde'],
      ['bin/sh', '120777', 'tool'],
      ['TRAILER!!!', '0', ''],
    ]);
  });
});

describe('consoles are compared', () => {
  test('without times and line ends', () => {
    expect(consoleDifferences('[    0.1] one\r\ntwo\n', '[   17.2] one\r\n\r\ntwo', [])).toEqual([]);
  });
  test('line by line, with what only one has', () => {
    expect(consoleDifferences('a\nb\nd\n', 'a\nc\nd\n', [])).toEqual(['- c', '+ b']);
  });
  test('without what may differ: a line, or a part of it', () => {
    const allowances = [
      { pattern: /^noise$/, why: 'chance' },
      { pattern: /(size )\d+/, why: 'sizes differ', keep: '$1N' },
    ];
    expect(consoleDifferences('a size 4\nnoise\n', 'a size 5\n', allowances)).toEqual([]);
    expect(consoleDifferences('a size 4, b\n', 'a size 5\n', allowances)).toEqual(['- a size N', '+ a size N, b']);
  });
});
