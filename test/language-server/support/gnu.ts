import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReadElf, readElf } from './elf.ts';

/** Assembles with GNU as (`.S` sources through GCC) and answers the object, or what it complained of. */
export function gnuAssemble(name: string, text: string, more: Readonly<Record<string, string>> = {}): ReadElf | string {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    for (const [path, content] of Object.entries({ ...more, [name]: text })) writeFileSync(join(folder, path), content);
    const architecture = '-march=armv8.5-a+crypto+memtag';
    const result = name.endsWith('.S')
      ? spawnSync('aarch64-linux-gnu-gcc', [architecture, '-c', name, '-o', 'out.o'], { cwd: folder, encoding: 'utf8' })
      : spawnSync('aarch64-linux-gnu-as', [architecture, name, '-o', 'out.o'], { cwd: folder, encoding: 'utf8' });
    if (result.status !== 0) return result.stderr;
    return readElf(readFileSync(join(folder, 'out.o')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
