// `npm run conformance`: agreement with Arm's data, GNU binutils and QEMU, as figures in docs/conformance.md.
//   node scripts/conformance.mjs [arm-data] [binutils] [qemu [--big-endian] [--tags] [--newer]] [--programs N] [--seed N]
//   node scripts/conformance.mjs symbols [FILE] [--addresses N] [--seed N]: an ELF file's lines and inlined calls, against addr2line
//   node scripts/conformance.mjs variables [VMLINUX] [--stops N] [--seed N]: call stacks and variables of a booting Linux, against gdb
//     (without FILE or VMLINUX: what `npm run guests -- dbg` fetched)
//   node scripts/conformance.mjs guests [--only REGEX] [--no-qemu]: boots the real guests (npm run guests)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureDependencies, root } from './ensure.mjs';
import { guestsFolder } from './guests/folder.mjs';

ensureDependencies();
const guests = process.argv.includes('guests');
/** Programs of their own, by the word that asks for them. */
const ofDebugger = { symbols: 'main', variables: 'variables' }[process.argv[2] ?? ''];
const esbuild = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'trapdoor-conformance-'));
try {
  if (guests) await build();
  const outfile = join(folder, 'conformance.mjs');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [
      ofDebugger
        ? `test/debug-adapter/conformance/${ofDebugger}.ts`
        : `test/${guests ? 'guests' : 'emulator/execution'}/conformance/main.ts`,
    ],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
    stdio: 'inherit',
    cwd: root,
    env: { ...process.env, TRAPDOOR_GUESTS: guestsFolder },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
