import { Disposable, StatusBarAlignment, window } from 'vscode';
import type { DebugSessions, TrapdoorSession } from './debug/sessions.ts';

/** Exception level, security state and processing element of the session in view, while it is stopped. */
export function registerStatusBar(sessions: DebugSessions): Disposable {
  const item = window.createStatusBarItem('state', StatusBarAlignment.Left, 50);
  item.name = 'Trapdoor: machine state';
  item.command = 'trapdoor.levels.focus';

  const show = (session: TrapdoorSession | undefined): void => {
    const state = session?.state;
    if (!state || state.running) {
      item.hide();
      return;
    }
    const security = state.security === 'secure' ? 'Secure' : 'Non-secure';
    item.text = `$(layers) EL${state.el} · ${security} · PE ${state.pe}`;
    const past = session.inThePast ? ' (in the past)' : '';
    const count = state.position.toLocaleString('en');
    item.tooltip = `Stopped at EL${state.el}, ${security}, processing element ${state.pe}, after ${count} instructions${past}`;
    item.accessibilityInformation = { label: item.tooltip };
    item.show();
  };

  return Disposable.from(
    item,
    sessions.onDidChangeState(session => {
      if (session === sessions.active) show(session);
    }),
    sessions.onDidChangeActive(show),
    sessions.onDidEnd(() => show(sessions.active)),
  );
}
