/** A folder of the host as a guest may see it: names, sizes and bytes of files, nothing that can be written. */

import type { DiskImage } from './disk.ts';
import {
  type FileAttributes,
  type FolderOperation,
  type FolderResult,
  type FolderService,
  fileError,
  type Path,
} from './folder-operation.ts';

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

const permissions = { folder: 0o555, file: 0o444, executable: 0o555 } as const;

/** A folder that can only be read, as a service. */
export function readOnlyFolder(root: SharedFolder): FolderService {
  const view = new FolderView(root);
  return operation => {
    if (operation.kind === 'space') return { space: { blockSize: 4096, blocks: 0, free: 0, available: 0 } };
    if (changing.includes(operation.kind)) return { error: fileError.readOnly };
    const entry = view.find(operation.path);
    return entry ? readEntry(view, entry, operation) : { error: fileError.noEntry };
  };
}

const changing: readonly FolderOperation['kind'][] = ['write', 'create', 'make folder', 'remove', 'rename', 'change'];

function readEntry(
  view: FolderView,
  entry: SharedEntry,
  operation: Exclude<FolderOperation, { kind: 'space' }>,
): FolderResult {
  const { path } = operation;
  switch (operation.kind) {
    case 'attributes':
      return { attributes: attributesOf(entry, path) };
    case 'list':
      if (entry.kind !== 'folder') return { error: fileError.notFolder };
      return {
        entries: view.list(entry).map(({ name, kind }) => ({ name, kind, id: numberOf([...path, name]) })),
      };
    case 'open':
      return operation.write || operation.truncate ? { error: fileError.readOnly } : {};
    case 'read': {
      if (entry.kind !== 'file') return { error: fileError.isFolder };
      const count = Math.max(0, Math.min(operation.count, entry.content.size - operation.offset));
      return { bytes: count > 0 ? entry.content.read(operation.offset, count) : new Uint8Array(0) };
    }
    case 'synchronize':
      return {};
    default:
      return { error: fileError.notSupported };
  }
}

function attributesOf(entry: SharedEntry, path: Path): FileAttributes {
  const isExecutable = entry.kind === 'file' && entry.executable;
  const { modified } = entry;
  return {
    kind: entry.kind,
    id: numberOf(path),
    permissions: permissions[isExecutable ? 'executable' : entry.kind],
    ...{ owner: 0, group: 0, links: 1 },
    size: entry.kind === 'file' ? entry.content.size : 0,
    ...{ accessed: modified, modified, changed: modified },
  };
}

/** 53 bits that differ for different paths, as far as 53 bits can. */
function numberOf(path: Path): number {
  let low = 0x811c_9dc5;
  let high = 0x9e37_79b9;
  for (const byte of new TextEncoder().encode(path.join('/'))) {
    low = Math.imul(low ^ byte, 0x0100_0193);
    high = Math.imul(high ^ byte, 0x85eb_ca6b);
  }
  return (low >>> 0) + ((high >>> 0) % 2 ** 21) * 2 ** 32;
}
