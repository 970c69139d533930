// Puts a VS Code that a browser can drive (code-server, with the Node it needs) into .editor/, from npm alone.
// Nothing is compiled: install scripts stay off, so the integrated terminal's natives are the prebuilt ones.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { npm, root } from './ensure.mjs';

const folder = `${root}.editor`;
const stamp = `${folder}/provisioned.json`;

/** code-server runs on the one major version of Node it was built for. */
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const versions = { [nodePackage]: '24.21.0', 'code-server': '4.139.1' };

const editor = {
  node: `${folder}/node_modules/${nodePackage}/bin/node`,
  entry: `${folder}/node_modules/code-server/out/node/entry.js`,
};

/** The provisioned editor: its Node and code-server's entry script; undefined when there is none of these versions. */
export function provisionedEditor() {
  try {
    if (readFileSync(stamp, 'utf8') !== JSON.stringify(versions)) return undefined;
  } catch {
    return undefined;
  }
  return existsSync(editor.node) && existsSync(editor.entry) ? editor : undefined;
}

/** Provisions the editor unless it is there. About half a minute and 850 MB, once. */
export function provisionEditor() {
  const present = provisionedEditor();
  if (present) return present;
  if (process.platform === 'win32') throw new Error('code-server does not run on Windows; install VS Code itself');
  console.log('Provisioning code-server into .editor/ (about 850 MB, once)…');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, type: 'module', dependencies: versions }));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  npm(['install', ...quiet], { cwd: folder });
  // code-server's own post-install step would do these two; `npm ci` is no choice, its shrinkwrap lacks a package.
  const server = `${folder}/node_modules/code-server/lib/vscode`;
  npm(['install', '--omit=dev', ...quiet], { cwd: server });
  npm(['install', '--omit=dev', ...quiet], { cwd: `${server}/extensions` });
  writeFileSync(stamp, JSON.stringify(versions));
  const provisioned = provisionedEditor();
  if (!provisioned) throw new Error(`code-server did not arrive in ${folder}`);
  return provisioned;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { entry } = provisionEditor();
  console.log(`code-server: ${entry}`);
}
