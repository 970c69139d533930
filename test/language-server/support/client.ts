import { PassThrough } from 'node:stream';
import {
  createConnection,
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  InitializedNotification,
  InitializeRequest,
  ProposedFeatures,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { createServer } from '../../../language-server/server.ts';

/** A session with the server in this process: `|` in a source marks the position that requests are about. */
export class Session {
  readonly connection: ProtocolConnection;
  private readonly shown = new Map<string, Diagnostic[]>();
  private readonly waiting: { uri: string; done: (diagnostics: Diagnostic[]) => void }[] = [];
  private version = 1;

  private constructor(connection: ProtocolConnection) {
    this.connection = connection;
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
      this.shown.set(uri, diagnostics);
      for (const entry of this.waiting.splice(0)) {
        if (entry.uri === uri) entry.done(diagnostics);
        else this.waiting.push(entry);
      }
    });
  }

  static async start(
    files: Readonly<Record<string, string>> = {},
    initializationOptions: unknown = {},
  ): Promise<Session> {
    const up = new PassThrough();
    const down = new PassThrough();
    const server = createConnection(ProposedFeatures.all, new StreamMessageReader(up), new StreamMessageWriter(down));
    createServer(server, {
      readBytes: path => (Object.hasOwn(files, path) ? new TextEncoder().encode(files[path]) : undefined),
    });
    server.listen();
    const client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    const session = new Session(client);
    client.listen();
    await client.sendRequest(InitializeRequest.type, {
      processId: null,
      rootUri: null,
      workspaceFolders: [{ uri: 'file:///project', name: 'project' }],
      capabilities: {},
      initializationOptions,
    });
    await client.sendNotification(InitializedNotification.type, {});
    return session;
  }

  /** Opens a source and answers its diagnostics. */
  async open(uri: string, text: string): Promise<Diagnostic[]> {
    const published = this.next(uri);
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: 'aarch64-asm', version: this.version++, text },
    });
    return published;
  }

  /** Replaces a source's text and answers its diagnostics. */
  async change(uri: string, text: string): Promise<Diagnostic[]> {
    const published = this.next(uri);
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: this.version++ },
      contentChanges: [{ text }],
    });
    return published;
  }

  private next(uri: string): Promise<Diagnostic[]> {
    return new Promise(done => this.waiting.push({ uri, done }));
  }

  close(): void {
    this.connection.dispose();
  }
}

/** A source with its `|` mark taken out, and where it was. */
export function marked(text: string): { text: string; position: { line: number; character: number } } {
  const at = text.indexOf('|');
  const before = text.slice(0, at).split('\n');
  return {
    text: text.slice(0, at) + text.slice(at + 1),
    position: { line: before.length - 1, character: before[before.length - 1]!.length },
  };
}
