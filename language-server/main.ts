import { readFileSync } from 'node:fs';
import {
  createConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { createServer } from './server.ts';

/** Starts the language server on standard input and output; returns at once, the connection keeps the process alive. */
export function startLanguageServer(): void {
  const connection = createConnection(
    ProposedFeatures.all,
    new StreamMessageReader(process.stdin),
    new StreamMessageWriter(process.stdout),
  );
  createServer(connection, {
    readBytes(path) {
      try {
        return readFileSync(path);
      } catch {
        return undefined;
      }
    },
  });
  connection.listen();
}
