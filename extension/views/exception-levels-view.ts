import { randomBytes } from 'node:crypto';
import { Disposable, type ExtensionContext, Uri, type Webview, type WebviewView, window } from 'vscode';
import type { DebugSessions } from '../debug/sessions.ts';
import type { FromPage, ToPage } from './exception-levels-messages.ts';
import { travelTo } from './exceptions-view.ts';

/** How long the machine runs before the view says so, in milliseconds. */
const runningDelay = 300;

/** The page: all of its content comes from its script; nothing but our own script and style may load. */
function pageHtml(webview: Webview, dist: Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const script = webview.asWebviewUri(Uri.joinPath(dist, 'exception-levels-page.js'));
  const style = webview.asWebviewUri(Uri.joinPath(dist, 'exception-levels-page.css'));
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Exception levels</title>
</head>
<body>
<main id="content" aria-live="polite"></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}

/** The view *Exception levels*: which one runs, and how it got there. */
export function registerExceptionLevelsView(context: ExtensionContext, sessions: DebugSessions): Disposable {
  const dist = Uri.joinPath(context.extensionUri, 'dist');
  let view: WebviewView | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const currentMessage = async (): Promise<ToPage> => {
    const session = sessions.active;
    if (!session?.state) return { kind: 'nothing', reason: 'The machine has not started.' };
    if (session.state.running) return { kind: 'nothing', reason: 'The machine is running.' };
    try {
      return { kind: 'levels', levels: await session.request('trapdoor/levels', {}) };
    } catch (problem) {
      return { kind: 'nothing', reason: problem instanceof Error ? problem.message : String(problem) };
    }
  };
  const show = async (): Promise<void> => {
    if (view?.visible) await view.webview.postMessage(await currentMessage());
  };
  const update = (): void => {
    clearTimeout(timer);
    // A step is over before anybody could read that the machine runs.
    if (sessions.active?.state?.running) timer = setTimeout(show, runningDelay);
    else show();
  };

  return Disposable.from(
    { dispose: () => clearTimeout(timer) },
    window.registerWebviewViewProvider('trapdoor.levels', {
      resolveWebviewView(resolved) {
        view = resolved;
        resolved.webview.options = { enableScripts: true, localResourceRoots: [dist] };
        resolved.webview.onDidReceiveMessage((message: FromPage) => {
          if (message.kind === 'ready') update();
          else travelTo(sessions.active, message.position);
        });
        resolved.onDidChangeVisibility(update);
        resolved.onDidDispose(() => {
          view = undefined;
        });
        resolved.webview.html = pageHtml(resolved.webview, dist);
      },
    }),
    sessions.onDidChangeState(session => {
      if (session === sessions.active) update();
    }),
    sessions.onDidChangeActive(update),
  );
}
