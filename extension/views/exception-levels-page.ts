import type { ExceptionRecord, GuestLocation, LevelState, LevelsResponseBody } from '../../debug-adapter/protocol.ts';
import type { FromPage, ToPage } from './exception-levels-messages.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const editor = acquireVsCodeApi();

/** An element with text that is never read as markup. */
function element(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function locationText({ symbol, address, path, line }: GuestLocation): string {
  const file = path?.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return [symbol ?? address, file && line ? `${file}:${line}` : undefined].filter(Boolean).join(' · ');
}

const activityWords: Readonly<Record<LevelState['activity'], string>> = {
  running: 'running',
  waiting: 'waiting for a return',
  idle: '',
};

function levelElement(level: LevelState): HTMLElement {
  const activity = level.implemented ? activityWords[level.activity] : 'not present';
  const item = element(
    'li',
    `level ${level.implemented ? level.activity : 'absent'}`,
    element('span', 'name', `EL${level.el}`),
    element(
      'div',
      'what',
      element('div', 'role', level.role, ...(activity ? [element('span', 'activity', activity)] : [])),
      ...(level.location ? [element('div', 'location', locationText(level.location))] : []),
    ),
  );
  if (level.activity === 'running') item.setAttribute('aria-current', 'true');
  return item;
}

function stepElement(record: ExceptionRecord): HTMLElement {
  const button = element(
    'button',
    '',
    element('span', `levels ${record.kind}`, `EL${record.from} → EL${record.to}`),
    element('span', 'cause', record.cause),
    element('span', 'location', locationText(record.location)),
  );
  button.title = `Show the machine as it was after ${record.position.toLocaleString('en')} instructions`;
  button.addEventListener('click', () => editor.postMessage({ kind: 'travelTo', position: record.position }));
  return element('li', '', button);
}

function show(state: LevelsResponseBody): Node[] {
  const levels = element('ol', 'levels', ...state.levels.map(levelElement));
  levels.setAttribute('aria-label', `Exception levels of processing element ${state.pe}`);
  if (state.path.length === 0) return [levels];
  return [levels, element('h2', '', 'How it got here'), element('ol', 'path', ...state.path.map(stepElement))];
}

window.addEventListener('message', (event: MessageEvent<ToPage>) => {
  const message = event.data;
  const content = message.kind === 'levels' ? show(message.levels) : [element('p', 'nothing', message.reason)];
  document.getElementById('content')?.replaceChildren(...content);
});

editor.postMessage({ kind: 'ready' });
