// Debian packages of the arm64 port, fetched from the host's own archive with apt into a folder of ours: lists, cache and
// status of the host stay as they are. apt itself checks signatures, sizes and digests.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What must be installed for fetching, and the Debian package that has it. */
const programs = { 'apt-get': 'apt', 'apt-cache': 'apt', 'dpkg-deb': 'dpkg', tar: 'tar', xz: 'xz-utils' };

/** Throws an error that names each missing program and how to get it. */
export function requirePrograms() {
  const absent = Object.entries(programs).filter(
    ([program]) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
  if (absent.length === 0) return;
  const names = absent.map(([program]) => program).join(', ');
  const packages = [...new Set(absent.map(([, one]) => one))].join(' ');
  throw new Error(
    `Guests are made of Debian packages, and ${names} is missing here. On Debian 12: apt-get install ${packages}; elsewhere run this in a Debian container and copy the folder .guests.`,
  );
}

function output(command, words, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} failed (${status}): ${stderr.trim()}`);
  return stdout;
}

/** The archive as seen from `folder`, where its lists and the packages are kept. */
export class Debian {
  #folder;
  #settings;
  #updated = false;

  constructor(folder) {
    this.#folder = folder;
    const apt = join(folder, 'apt');
    for (const one of ['lists/partial', 'cache/archives/partial', 'state']) {
      mkdirSync(join(apt, one), { recursive: true });
    }
    mkdirSync(join(folder, 'packages'), { recursive: true });
    writeFileSync(join(apt, 'state/status'), '');
    this.#settings = Object.entries({
      'APT::Architecture': 'arm64',
      'APT::Architectures': 'arm64',
      'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      'Dir::State::Lists': join(apt, 'lists'),
      'Dir::State::status': join(apt, 'state/status'),
      'Dir::Cache': join(apt, 'cache'),
    }).map(([name, value]) => `-o${name}=${value}`);
  }

  /** Brings the lists up to date, once in a process. */
  #update() {
    if (this.#updated) return;
    output('apt-get', [...this.#settings, '-qq', 'update'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#updated = true;
  }

  /** The newest version: its name, version, size in bytes, and the packages it depends on (first alternatives). */
  describe(name) {
    return this.#describeAll([name])[0];
  }

  #describeAll(wanted) {
    this.#update();
    const text = output('apt-cache', [...this.#settings, 'show', '--no-all-versions', ...wanted]);
    const found = new Map();
    for (const stanza of text.split(/\n(?=Package: )/)) {
      const field = key => new RegExp(`^${key}: (.*)$`, 'm').exec(stanza)?.[1];
      const name = field('Package');
      const version = field('Version');
      const size = Number(field('Size'));
      if (!name || !version || !size) continue;
      const dependencies = (field('Depends') ?? '').split(',').map(one =>
        one
          .split('|')[0]
          .replace(/[(:].*/s, '')
          .trim(),
      );
      found.set(name, { name, version, size, dependencies: [...new Set(dependencies)].filter(one => one !== '') });
    }
    return wanted.map(name => {
      const description = found.get(name);
      if (!description) throw new Error(`Debian has no package ${name} for arm64`);
      return description;
    });
  }

  /** The package and all that it needs. */
  closure(name) {
    this.#update();
    const words = ['--recurse', '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces'];
    const text = output('apt-cache', [...this.#settings, 'depends', ...words, '--no-enhances', name]);
    return [...new Set(text.split('\n').filter(line => /^[a-z0-9]/.test(line)))].map(line => line.trim());
  }

  /** Downloads the newest version unless it is here whole; gives its path beside the description. */
  fetch(name) {
    return this.fetchAll([name])[0];
  }

  fetchAll(names) {
    const packages = join(this.#folder, 'packages');
    const all = this.#describeAll(names).map(one => ({
      ...one,
      path: join(packages, `${one.name}_${one.version.replace(/[^\w.+~-]/g, '_')}.deb`),
    }));
    const absent = all.filter(({ path, size }) => sizeOf(path) !== size);
    if (absent.length === 0) return all;
    const incoming = join(packages, 'incoming');
    mkdirSync(incoming, { recursive: true });
    output('apt-get', [...this.#settings, '-qq', 'download', ...absent.map(({ name }) => name)], { cwd: incoming });
    for (const { name, path, size } of absent) {
      const arrived = readdirSync(incoming).find(one => one.startsWith(`${name}_`));
      if (!arrived || sizeOf(join(incoming, arrived)) !== size) {
        throw new Error(`${name} did not arrive whole; run this again`);
      }
      for (const old of readdirSync(packages)) if (old.startsWith(`${name}_`)) rmSync(join(packages, old));
      renameSync(join(incoming, arrived), path);
    }
    rmSync(incoming, { recursive: true });
    return all;
  }
}

/** The contents of one file of a package; `member` is its path there, without a leading slash. */
export function fileOfPackage(path, member) {
  return filesOfPackage(path, [member])[0];
}

/** Several files of a package, by their paths in it. Nothing is unpacked beyond the last of them: packages may be large. */
export function filesOfPackage(path, members) {
  const folder = mkdtempSync(join(tmpdir(), 'trapdoor-package-'));
  try {
    const pipe = 'dpkg-deb --fsys-tarfile "$0" | tar --extract --occurrence --file=- "$@"';
    const names = members.map(member => `./${member}`);
    output('sh', ['-c', pipe, path, ...names], { cwd: folder });
    return members.map(member => readFileSync(join(folder, member)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unpacks a whole package into a folder. */
export function unpack(path, folder) {
  output('dpkg-deb', ['-x', path, folder]);
}

function sizeOf(path) {
  try {
    return statSync(path).size;
  } catch {
    return undefined;
  }
}
