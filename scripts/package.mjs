// `npm run package`: builds and packs the extension; prints the size and fails when it is larger than it may be.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ensureDependencies, root } from './ensure.mjs';

const mebibyte = 1024 * 1024;
const largest = 5 * mebibyte;

/** What is shipped beside what is built. */
const shipped = ['syntaxes', 'docs/images', 'LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md'];

function pack(folder, file) {
  const vsce = `${root}node_modules/@vscode/vsce/vsce`;
  const words = [
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--out',
    file,
  ];
  const result = spawnSync(process.execPath, [vsce, ...words], { cwd: folder, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`vsce: ${result.stdout}${result.stderr}${result.error ?? ''}`);
}

/**
 * Builds for release and packs, in a folder of its own: dist/ stays as it is. Returns the .vsix with its size in bytes.
 */
export async function packageExtension(file) {
  ensureDependencies();
  const { scripts, devDependencies, private: _, ...manifest } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const packed = file ?? `${root}${manifest.name}-${manifest.version}.vsix`;
  mkdirSync(`${root}out`, { recursive: true });
  const folder = mkdtempSync(`${root}out/package-`);
  try {
    await build({ minify: true, folder: `${folder}/dist` });
    for (const name of shipped) cpSync(`${root}${name}`, `${folder}/${name}`, { recursive: true });
    writeFileSync(`${folder}/package.json`, JSON.stringify(manifest, null, 2));
    // An ignore file, even an empty one, tells vsce that everything here is meant.
    writeFileSync(`${folder}/.vscodeignore`, '');
    pack(folder, packed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { file: packed, bytes: statSync(packed).size };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, bytes } = await packageExtension();
  console.log(`${file}: ${(bytes / mebibyte).toFixed(2)} MiB`);
  if (bytes > largest) {
    console.error(`That is more than ${largest / mebibyte} MiB.`);
    process.exitCode = 1;
  }
}
