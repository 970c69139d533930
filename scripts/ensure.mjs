// Installs the dependencies of package-lock.json when they are absent or not the ones it names. Uses nothing but Node.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(new URL(`../${lockFile}`, import.meta.url), 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/** The lock file npm keeps inside node_modules is its last act of an installation: an interrupted one has none. */
function installed() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, wantedPackage]) => {
    if (path === '') return true;
    const presentPackage = present[path];
    return presentPackage ? presentPackage.version === wantedPackage.version : wantedPackage.optional === true;
  });
}

/** Runs npm with the given words in `directory`, its output shown; throws when it fails. */
export function npm(words, options = {}) {
  // Inside an npm script, npm_execpath is npm's own script file: starting it needs no shell, on any platform.
  const script = process.env.npm_execpath;
  const [command, prefix] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const result = spawnSync(command, [...prefix, ...words], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
    ...options,
  });
  if (result.status !== 0)
    throw new Error(`npm ${words.join(' ')} failed (${result.error ?? `status ${result.status}`})`);
}

/** Makes node_modules what package-lock.json says. */
export function ensureDependencies() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new Error(`Node 20 or newer is needed; this is ${process.version}`);
  if (installed()) return;
  console.log('Installing dependencies (npm ci)…');
  npm(['ci', '--no-audit', '--no-fund']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureDependencies();
