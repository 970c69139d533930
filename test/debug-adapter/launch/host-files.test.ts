import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserProblem } from '../../../debug-adapter/debugger/target.ts';
import { HostFiles } from '../../../debug-adapter/launch/host-files.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'trapdoor-files-'));
});
afterEach(() => rmSync(place, { recursive: true }));

describe('a folder that is shared with a guest', () => {
  test('has files and folders, and no links, whatever they lead to', () => {
    mkdirSync(join(place, 'shared/sub'), { recursive: true });
    writeFileSync(join(place, 'secret'), 'not shared');
    writeFileSync(join(place, 'shared/a.txt'), 'hello');
    writeFileSync(join(place, 'shared/run.sh'), '', { mode: 0o755 });
    symlinkSync('../secret', join(place, 'shared/link'));
    symlinkSync('..', join(place, 'shared/up'));
    const entries = [...new HostFiles(place).folder('shared').children()].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(entries.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['file a.txt', 'file run.sh', 'folder sub']);
    const [text, script] = entries;
    if (text?.kind !== 'file' || script?.kind !== 'file') throw new Error('files are expected');
    expect(new TextDecoder().decode(text.content.read(1, 3))).toBe('ell');
    expect([text.executable, script.executable]).toEqual([false, true]);
  });

  test('is refused when it is not there, or is a file', () => {
    writeFileSync(join(place, 'a.txt'), '');
    expect(() => new HostFiles(place).folder('nowhere')).toThrow(UserProblem);
    expect(() => new HostFiles(place).folder('a.txt')).toThrow(UserProblem);
  });
});

describe("a drive's image", () => {
  test('is read in parts, and says so when it is no longer what it was', () => {
    const path = join(place, 'disk.img');
    writeFileSync(path, 'abcdef');
    const image = new HostFiles(place).image('disk.img');
    expect(image.size).toBe(6);
    expect(new TextDecoder().decode(image.read(2, 3))).toBe('cde');
    writeFileSync(path, 'ABCDEF');
    utimesSync(path, 1, 1);
    expect(() => image.read(0, 1)).toThrow(UserProblem);
    expect(() => image.read(0, 1)).toThrow('has changed since it was loaded');
  });
});
