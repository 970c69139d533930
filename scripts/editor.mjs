// `npm run editor [folder]`: opens a folder (the sample hypervisor) in VS Code with the extension installed: the
// desktop's `code` when there is one, else code-server in the browser.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { startCodeServer } from './code-server.mjs';
import { root } from './ensure.mjs';
import { packageExtension } from './package.mjs';
import { provisionEditor } from './provision-editor.mjs';

const asked = process.argv[2];
const folder = resolve(asked ?? `${root}samples/tiny-hypervisor`);
if (!existsSync(folder)) {
  console.error(`There is no folder ${folder}`);
  process.exit(1);
}
const { file: vsix } = await packageExtension();

const shell = process.platform === 'win32';
const runsDesktop = words => spawnSync('code', words, { stdio: 'inherit', shell }).status === 0;
const desktop = spawnSync('code', ['--version'], { stdio: 'ignore', shell }).status === 0;
if (desktop && runsDesktop(['--install-extension', vsix, '--force']) && runsDesktop([folder])) {
  console.log(`Opened ${folder} in VS Code. Press F5 there.`);
} else {
  const profile = `${root}.editor/profile`;
  mkdirSync(profile, { recursive: true });
  const server = await startCodeServer({ editor: provisionEditor(), vsix, folder, profile });
  console.log(`Open ${server.url} in a browser and press F5 there. Ctrl+C here ends it.`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.stop();
      process.exit(0);
    });
  }
}
