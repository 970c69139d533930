import { commands, Disposable, type ExtensionContext, window, workspace } from 'vscode';
import { LanguageClient, type LanguageClientOptions, TransportKind } from 'vscode-languageclient/node';
import { bundledProgram } from '../bundled-program.ts';

/** By file name as well as by our own language id: other extensions give assembly files ids of theirs. */
const documentSelector: LanguageClientOptions['documentSelector'] = [
  { scheme: 'file', language: 'aarch64-asm' },
  { scheme: 'untitled', language: 'aarch64-asm' },
  { scheme: 'file', pattern: '**/*.{s,S}' },
];

/** Starts the language server as a process of its own, without waiting for it, and keeps it in step with the setting. */
export function registerLanguageClient(context: ExtensionContext): Disposable {
  const { command, words, environment } = bundledProgram(context, 'lsp');
  const client = new LanguageClient(
    'trapdoor',
    'Trapdoor AArch64 assembly',
    { command, args: words, transport: TransportKind.stdio, options: { env: { ...process.env, ...environment } } },
    {
      documentSelector,
      synchronize: { fileEvents: workspace.createFileSystemWatcher('**/*.{s,S,h,inc}') },
    },
  );

  const isEnabled = (): boolean => workspace.getConfiguration('trapdoor').get('languageServer.enabled', true);
  const follow = async (): Promise<void> => {
    try {
      if (isEnabled() && client.needsStart()) await client.start();
      else if (!isEnabled() && client.needsStop()) await client.stop();
    } catch (problem) {
      window.showErrorMessage(`The assembly language server did not start: ${problem}`);
    }
  };

  follow();
  return Disposable.from(
    { dispose: () => client.dispose() },
    workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration('trapdoor.languageServer.enabled')) follow();
    }),
    commands.registerCommand('trapdoor.restartLanguageServer', async () => {
      if (client.needsStop()) await client.restart();
      else await follow();
    }),
  );
}
