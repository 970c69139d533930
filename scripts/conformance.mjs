// `npm run conformance`: agreement with Arm's data, GNU binutils and QEMU, as figures in docs/conformance.md.
//   node scripts/conformance.mjs [arm-data] [binutils] [qemu] [--programs N] [--seed N]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, root } from './ensure.mjs';

ensureDependencies();
const esbuild = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'trapdoor-conformance-'));
try {
  const outfile = join(folder, 'conformance.mjs');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['test/emulator/execution/conformance/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit', cwd: root });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
