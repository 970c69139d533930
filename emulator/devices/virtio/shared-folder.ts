/** A folder of the host as a guest may see it: names, sizes and bytes of files, nothing that can be written. */

import type { DiskImage } from './disk.ts';

/** A file or folder. What is neither, such as a link, is not shown. */
export type SharedEntry = {
  readonly name: string;
  /** Seconds since 1970. */
  readonly modified: number;
} & (
  | { readonly kind: 'file'; readonly executable: boolean; readonly content: DiskImage }
  | { readonly kind: 'folder'; children(): readonly SharedEntry[] }
);

export type SharedFolder = Extract<SharedEntry, { kind: 'folder' }>;

/**
 * Finds entries by their path, and remembers what was found: a folder is read once in the life of a machine, so that
 * its guest sees the same whenever a position is visited again.
 */
export class FolderView {
  readonly #root: SharedFolder;
  readonly #listed = new Map<SharedFolder, readonly SharedEntry[]>();

  constructor(root: SharedFolder) {
    this.#root = root;
  }

  /** What a folder has, in the order of the names. */
  list(folder: SharedFolder): readonly SharedEntry[] {
    const known = this.#listed.get(folder);
    if (known) return known;
    const entries = [...folder.children()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#listed.set(folder, entries);
    return entries;
  }

  /** The entry at a path from the root; undefined when there is none. `..` of the root is the root. */
  find(path: readonly string[]): SharedEntry | undefined {
    let found: SharedEntry = this.#root;
    for (const name of path) {
      const child: SharedEntry | undefined =
        found.kind === 'folder' ? this.list(found).find(entry => entry.name === name) : undefined;
      if (!child) return undefined;
      found = child;
    }
    return found;
  }
}
