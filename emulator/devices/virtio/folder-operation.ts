/**
 * What the file system device asks of a folder of the host, and what comes back: plain data, so that an answer can be kept
 * and given again. A path is the names from the folder down.
 */

export type Path = readonly string[];

export type FolderOperation =
  | { readonly kind: 'attributes'; readonly path: Path }
  | { readonly kind: 'list'; readonly path: Path }
  /** Whether a file may be opened; `truncate` makes it empty. */
  | { readonly kind: 'open'; readonly path: Path; readonly write: boolean; readonly truncate: boolean }
  | { readonly kind: 'read'; readonly path: Path; readonly offset: number; readonly count: number }
  | { readonly kind: 'write'; readonly path: Path; readonly offset: number; readonly bytes: Uint8Array }
  /** A new file, or one that is there unless `exclusive`. */
  | {
      readonly kind: 'create';
      readonly path: Path;
      readonly mode: number;
      readonly exclusive: boolean;
      readonly truncate: boolean;
    }
  | { readonly kind: 'make folder'; readonly path: Path; readonly mode: number }
  | { readonly kind: 'remove'; readonly path: Path; readonly entry: EntryKind }
  | { readonly kind: 'rename'; readonly path: Path; readonly to: Path }
  | { readonly kind: 'change'; readonly path: Path; readonly changes: AttributeChanges }
  | { readonly kind: 'synchronize'; readonly path: Path }
  | { readonly kind: 'space' };

/** What is neither, such as a link, is not shown. */
export type EntryKind = 'file' | 'folder';

export interface FileAttributes {
  readonly kind: EntryKind;
  /** Differs from that of every other entry. */
  readonly id: number;
  /** Permissions, the lower nine bits of POSIX's mode. */
  readonly permissions: number;
  readonly owner: number;
  readonly group: number;
  readonly links: number;
  readonly size: number;
  /** Seconds since 1970, with their fraction. */
  readonly accessed: number;
  readonly modified: number;
  readonly changed: number;
}

/** Attributes to be set; a time that is `now` is the host's. */
export interface AttributeChanges {
  readonly permissions?: number;
  readonly size?: number;
  readonly accessed?: number | 'now';
  readonly modified?: number | 'now';
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly id: number;
}

/** What fits the operation; with `error` nothing else. */
export interface FolderResult {
  /** Linux's error number. */
  readonly error?: number;
  readonly attributes?: FileAttributes;
  readonly entries?: readonly FolderEntry[];
  readonly bytes?: Uint8Array;
  /** Bytes that were written. */
  readonly count?: number;
  readonly space?: {
    readonly blockSize: number;
    readonly blocks: number;
    readonly free: number;
    readonly available: number;
  };
}

/** Carries out operations, in order. */
export type FolderService = (operation: FolderOperation) => FolderResult;

/** Linux's error numbers, which 9P2000.L uses. */
export const fileError = {
  notPermitted: 1,
  noEntry: 2,
  inputOutput: 5,
  badFile: 9,
  access: 13,
  exists: 17,
  crossDevice: 18,
  notFolder: 20,
  isFolder: 21,
  invalid: 22,
  noSpace: 28,
  readOnly: 30,
  nameTooLong: 36,
  notEmpty: 39,
  link: 40,
  notSupported: 95,
} as const;
