// The folder of the guests, and what is in it.
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the guests are; TRAPDOOR_GUESTS names another folder, such as a cache of a build machine. */
export const guestsFolder = resolve(root, process.env.TRAPDOOR_GUESTS ?? '.guests');

/** A file of the guests that is here whole, or undefined. */
export function guestFile(name) {
  const path = join(guestsFolder, name);
  const wanted = manifest().files[name];
  try {
    return wanted !== undefined && statSync(path).size === wanted.size ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Tells what was made. */
export const manifestPath = join(guestsFolder, 'manifest.json');

/** What was made, out of what: files by name, with size and the versions of the packages. */
export function manifest() {
  try {
    return JSON.parse(readFileSync(manifestPath, 'utf8'));
  } catch {
    return { files: {} };
  }
}
