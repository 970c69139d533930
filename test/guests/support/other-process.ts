/** Plays a script in another process, bundled from the same sources as this one runs. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Played, Script } from './play.ts';

export async function playInOtherProcess(script: Script): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-'));
  try {
    const program = join(folder, 'play.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('play-program.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      outfile: program,
      logLevel: 'error',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(script)], {
      timeout: 900_000,
      maxBuffer: 1 << 26,
    });
    return JSON.parse(stdout) as Played;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
