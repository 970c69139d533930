// Starts code-server with the packed extension installed, away from the user's own settings and extensions.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** What keeps a fresh profile quiet: no welcome page, no telemetry, no update, no chat. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'security.workspace.trust.enabled': false,
};

/** A TCP port of the loopback interface that is free now. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** @param {string} url @param {() => string | undefined} ended */
async function answers(url, ended) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const status = ended();
    if (status) throw new Error(`code-server ended (${status})`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // not listening yet
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('code-server did not answer within 30 s');
}

/**
 * @param {object} options
 * @param {{ node: string, entry: string }} options.editor code-server and its Node, as provisioned
 * @param {string} options.vsix the extension to install
 * @param {string} options.folder the folder to open
 * @param {string} options.profile a folder for settings, extensions and logs; made when absent
 * @param {Record<string, unknown>} [options.settings] user settings beside the quiet ones
 * @returns {Promise<{ url: string, stop: () => void }>} `stop` ends the server and everything it started
 */
export async function startCodeServer({ editor, vsix, folder, profile, settings = {} }) {
  const userData = `${profile}/user-data`;
  const extensions = `${profile}/extensions`;
  mkdirSync(`${userData}/User`, { recursive: true });
  mkdirSync(extensions, { recursive: true });
  writeFileSync(`${userData}/User/settings.json`, JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  const env = {
    ...process.env,
    HOME: profile,
    XDG_CONFIG_HOME: `${profile}/.config`,
    XDG_DATA_HOME: `${profile}/.local/share`,
    XDG_CACHE_HOME: `${profile}/.cache`,
    CS_DISABLE_GETTING_STARTED_OVERRIDE: '1',
  };
  const profileWords = ['--user-data-dir', userData, '--extensions-dir', extensions];
  const installation = spawnSync(editor.node, [editor.entry, ...profileWords, '--install-extension', vsix], {
    env,
    encoding: 'utf8',
  });
  if (installation.status !== 0) throw new Error(`installing ${vsix}: ${installation.stdout}${installation.stderr}`);

  const port = await freePort();
  const log = openSync(`${profile}/server.log`, 'w');
  const words = [
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
    ...['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'],
    ...['--disable-getting-started-override', ...profileWords, folder],
  ];
  const server = spawn(editor.node, [editor.entry, ...words], { env, stdio: ['ignore', log, log], detached: true });
  /** @type {string | undefined} */
  let ended;
  server.once('exit', (code, signal) => {
    ended = `status ${code ?? signal}, log in ${profile}/server.log`;
  });
  const stop = () => {
    // The server is the leader of a process group of its own: its extension hosts end with it.
    if (ended === undefined && server.pid) process.kill(-server.pid, 'SIGTERM');
  };
  try {
    await answers(`http://127.0.0.1:${port}/healthz`, () => ended);
  } catch (problem) {
    stop();
    throw problem;
  }
  return { url: `http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`, stop };
}
