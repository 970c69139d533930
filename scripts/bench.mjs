// `npm run bench`: how fast guests run, beside QEMU where qemu-system-aarch64 is installed.
//   node scripts/bench.mjs [kernels] [boot] [--rounds N] [--here] [--profile]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, root } from './ensure.mjs';

ensureDependencies();
const esbuild = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'trapdoor-bench-'));
try {
  const outfile = join(folder, 'bench.mjs');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['scripts/bench/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
  });
  const words = process.argv.slice(2);
  const options = words.includes('--profile') ? ['--cpu-prof', '--cpu-prof-dir', 'test-output/profiles'] : [];
  const { status } = spawnSync(process.execPath, [...options, outfile, ...words], { stdio: 'inherit', cwd: root });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
