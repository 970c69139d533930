import type { TextDocument } from 'vscode-languageserver-textdocument';
import { Analysis, type AnalysisSettings } from './analysis.ts';
import { type FileProvider, folderOf, joinPath } from './assembler/index.ts';

/** What the server needs of the machine it runs on. */
export interface ServerHost {
  /** Bytes of a file, or undefined when there is none. */
  readBytes(path: string): Uint8Array | undefined;
}

/** Path of a `file:` URI; other URIs stand for themselves. */
export function pathOfUri(uri: string): string {
  if (!uri.startsWith('file://')) return uri;
  const path = decodeURIComponent(uri.slice('file://'.length).replace(/^[^/]*/, ''));
  // `/c:/x` on Windows.
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
}

export function uriOfPath(path: string): string {
  if (/^[a-z][\w+.-]+:/.test(path) && !/^[A-Za-z]:[\\/]/.test(path)) return path;
  const absolute = path.startsWith('/') ? path : `/${path}`;
  return `file://${absolute.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}`;
}

/** Open documents and their analyses; an analysis is made when first asked for after a change. */
export class Workspace {
  settings: AnalysisSettings = { includePaths: [], defines: {} };
  folders: readonly string[] = [];
  private readonly host: ServerHost;
  private readonly documents: { get(uri: string): TextDocument | undefined; all(): TextDocument[] };
  private readonly analyses = new Map<string, { version: number; generation: number; analysis: Analysis }>();
  private generation = 0;

  constructor(host: ServerHost, documents: { get(uri: string): TextDocument | undefined; all(): TextDocument[] }) {
    this.host = host;
    this.documents = documents;
  }

  /** Forgets what depends on settings or on other files. */
  invalidate(): void {
    this.generation++;
  }

  /** The analysis of an open document; a source that includes others is analysed anew when any of them changed. */
  analysis(uri: string): Analysis | undefined {
    const document = this.documents.get(uri);
    if (!document) return undefined;
    const known = this.analyses.get(uri);
    if (known && known.version === document.version && known.generation === this.generation) return known.analysis;
    const path = pathOfUri(uri);
    const settings = { ...this.settings, includePaths: this.includePaths(path) };
    const analysis = new Analysis(path, document.getText(), this.files, settings);
    this.analyses.set(uri, { version: document.version, generation: this.generation, analysis });
    return analysis;
  }

  /** Analyses of all open documents. */
  all(): Analysis[] {
    return this.documents.all().flatMap(document => this.analysis(document.uri) ?? []);
  }

  forget(uri: string): void {
    this.analyses.delete(uri);
  }

  /** Folders that the settings name, and every `include` folder between the source and the root of its workspace. */
  private includePaths(path: string): string[] {
    const root = this.folders.find(folder => path.startsWith(`${folder}/`));
    const named = this.settings.includePaths.map(folder => joinPath(root ?? '', folder));
    if (!root) return named;
    const found: string[] = [];
    for (let folder = folderOf(path); folder.length >= root.length && folder !== ''; folder = folderOf(folder)) {
      found.push(joinPath(folder, 'include'), folder);
      if (folder === '/') break;
    }
    return [...named, ...found];
  }

  /** Open documents first, so that what is not saved yet counts. */
  private readonly files: FileProvider = {
    readText: path => {
      const open = this.documents.get(uriOfPath(path));
      if (open) return open.getText();
      const bytes = this.host.readBytes(path);
      return bytes && new TextDecoder().decode(bytes);
    },
    readBytes: path => this.host.readBytes(path),
  };
}
