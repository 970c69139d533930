import {
  type Connection,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Analysis } from './analysis.ts';
import { completion } from './features/completion.ts';
import { diagnostics } from './features/diagnostics.ts';
import { hover } from './features/hover.ts';
import { definition, highlights, references } from './features/navigation.ts';
import { semanticTokens, semanticTokensLegend } from './features/semantic-tokens.ts';
import { signatureHelp } from './features/signature-help.ts';
import { documentSymbols, workspaceSymbols } from './features/symbols.ts';
import { pathOfUri, type ServerHost, Workspace } from './workspace.ts';

/** Settings as a client sends them, all optional. */
interface Settings {
  readonly includePaths?: unknown;
  readonly defines?: unknown;
}

/** Serves the Language Server Protocol on a connection; the caller makes it listen. */
export function createServer(connection: Connection, host: ServerHost): void {
  const documents = new TextDocuments(TextDocument);
  const workspace = new Workspace(host, documents);

  connection.onInitialize((parameters: InitializeParams): InitializeResult => {
    workspace.folders = (parameters.workspaceFolders ?? []).map(folder => pathOfUri(folder.uri));
    applySettings(workspace, parameters.initializationOptions as Settings | undefined);
    return {
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        hoverProvider: true,
        completionProvider: { triggerCharacters: ['.', '#', ':', ',', ' '] },
        definitionProvider: true,
        referencesProvider: true,
        documentHighlightProvider: true,
        documentSymbolProvider: true,
        workspaceSymbolProvider: true,
        semanticTokensProvider: { legend: semanticTokensLegend, full: true },
        signatureHelpProvider: { triggerCharacters: [' ', ','] },
      },
      serverInfo: { name: 'trapdoor' },
    };
  });

  const publish = (uri: string) => {
    const analysis = workspace.analysis(uri);
    const document = documents.get(uri);
    if (!analysis || !document) return;
    connection.sendDiagnostics({ uri, version: document.version, diagnostics: diagnostics(analysis) });
  };

  connection.onDidChangeConfiguration(({ settings }) => {
    applySettings(workspace, (settings as { trapdoor?: { assembly?: Settings } } | undefined)?.trapdoor?.assembly);
    workspace.invalidate();
    for (const document of documents.all()) publish(document.uri);
  });
  connection.onDidChangeWatchedFiles(() => {
    workspace.invalidate();
    for (const document of documents.all()) publish(document.uri);
  });
  documents.onDidChangeContent(({ document }) => {
    publish(document.uri);
    // Sources that include this one read it from the editor.
    for (const other of documents.all()) {
      if (other.uri !== document.uri && includes(workspace.analysis(other.uri), pathOfUri(document.uri))) {
        workspace.forget(other.uri);
        publish(other.uri);
      }
    }
  });
  documents.onDidClose(({ document }) => {
    workspace.forget(document.uri);
    connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });

  /** Answers a request about an open document; nothing for others. */
  const about = <Result>(uri: string, answer: (analysis: Analysis) => Result): Result | null => {
    const analysis = workspace.analysis(uri);
    return analysis ? answer(analysis) : null;
  };
  const others = (analysis: Analysis) => workspace.all().filter(other => other !== analysis);

  connection.onHover(({ textDocument, position }) => about(textDocument.uri, analysis => hover(analysis, position)));
  connection.onCompletion(({ textDocument, position }) =>
    about(textDocument.uri, analysis => completion(analysis, position)),
  );
  connection.onDefinition(({ textDocument, position }) =>
    about(textDocument.uri, analysis => definition(analysis, others(analysis), position)),
  );
  connection.onReferences(({ textDocument, position, context }) =>
    about(textDocument.uri, analysis => references(analysis, others(analysis), position, context.includeDeclaration)),
  );
  connection.onDocumentHighlight(({ textDocument, position }) =>
    about(textDocument.uri, analysis => highlights(analysis, position)),
  );
  connection.onDocumentSymbol(({ textDocument }) => about(textDocument.uri, documentSymbols));
  connection.onWorkspaceSymbol(({ query }) => workspaceSymbols(workspace.all(), query));
  connection.onSignatureHelp(({ textDocument, position }) =>
    about(textDocument.uri, analysis => signatureHelp(analysis, position)),
  );
  connection.languages.semanticTokens.on(({ textDocument }) => about(textDocument.uri, semanticTokens) ?? { data: [] });

  documents.listen(connection);
}

function includes(analysis: Analysis | undefined, path: string): boolean {
  if (!analysis) return false;
  const { preprocessed, assembler } = analysis.assembly;
  return (
    (preprocessed?.includes.some(one => one.path === path) ?? false) ||
    assembler.includes.some(one => one.path === path)
  );
}

function applySettings(workspace: Workspace, settings: Settings | undefined): void {
  if (typeof settings !== 'object' || settings === null) return;
  const includePaths = Array.isArray(settings.includePaths)
    ? settings.includePaths.filter((path): path is string => typeof path === 'string')
    : workspace.settings.includePaths;
  const defines =
    typeof settings.defines === 'object' && settings.defines !== null
      ? Object.fromEntries(Object.entries(settings.defines).map(([name, value]) => [name, String(value)]))
      : workspace.settings.defines;
  workspace.settings = { includePaths, defines };
}
