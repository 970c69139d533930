import type { ExtensionContext } from 'vscode';
import { registerDebugAdapter } from './debug/adapter.ts';
import { registerDebugConfigurations } from './debug/configuration-provider.ts';
import { DebugSessions } from './debug/sessions.ts';
import { registerLanguageClient } from './language/client.ts';
import { registerInlineValues } from './language/inline-values.ts';
import { registerSnapshots } from './snapshots.ts';
import { registerStatusBar } from './status-bar.ts';
import { registerUartTerminals } from './uart-terminal.ts';
import { registerExceptionLevelsView } from './views/exception-levels-view.ts';
import { registerExceptionsView } from './views/exceptions-view.ts';

/** Called by VS Code when one of the activation events of package.json happens. */
export function activate(context: ExtensionContext): void {
  const sessions = new DebugSessions();
  context.subscriptions.push(
    sessions,
    ...registerDebugConfigurations(context),
    registerDebugAdapter(context),
    registerUartTerminals(sessions),
    registerStatusBar(sessions),
    registerExceptionsView(sessions),
    registerExceptionLevelsView(context, sessions),
    registerSnapshots(sessions),
    registerInlineValues(),
    registerLanguageClient(context),
  );
}
