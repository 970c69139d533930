import { commands, type Disposable, Uri, window } from 'vscode';
import type { DebugSessions } from './debug/sessions.ts';

/** The command that saves the machine of a session to a file, to go on from it another time. */
export function registerSnapshots(sessions: DebugSessions): Disposable {
  return commands.registerCommand('trapdoor.saveSnapshot', async () => {
    const session = sessions.active;
    if (!session) return;
    const { workspaceFolder, name } = session.session;
    const fileName = `${name.replace(/[^\w.-]+/g, '-')}.snapshot`;
    const chosen = await window.showSaveDialog({
      title: 'Save the machine as it is now',
      saveLabel: 'Save Snapshot',
      filters: { 'Machine snapshots': ['snapshot'] },
      ...(workspaceFolder && { defaultUri: Uri.joinPath(workspaceFolder.uri, fileName) }),
    });
    if (!chosen) return;
    try {
      const { path, size } = await session.request('trapdoor/saveSnapshot', { file: chosen.fsPath });
      const megabytes = (size / 1e6).toFixed(1);
      window.showInformationMessage(
        `Saved ${path} (${megabytes} MB). A launch configuration goes on from it by "snapshot".`,
      );
    } catch (problem) {
      window.showErrorMessage((problem as Error).message);
    }
  });
}
