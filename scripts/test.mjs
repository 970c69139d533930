// `npm test`: installs what is missing, builds, runs the tests. Further words go to vitest (`npm test -- test/emulator`).
import { spawnSync } from 'node:child_process';
import { build, report } from './build.mjs';
import { root } from './ensure.mjs';

report(await build());
const { status, error } = spawnSync(
  process.execPath,
  [`${root}node_modules/vitest/vitest.mjs`, 'run', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
if (error) throw error;
process.exit(status ?? 1);
