import type { ExceptionRecord, GuestLocation, LevelState, LevelsResponseBody } from '../../debug-adapter/protocol.ts';
import type { FromPage, ToPage } from './exception-levels-messages.ts';
import { levelChange } from './level-change.ts';

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
  waiting: 'waits',
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
      element(
        'div',
        'role',
        element('span', '', level.role),
        ...(activity ? [element('span', 'activity', activity)] : []),
      ),
      ...(level.location ? [element('div', 'location', locationText(level.location))] : []),
    ),
  );
  if (level.activity === 'running') item.setAttribute('aria-current', 'true');
  return item;
}

const svgNamespace = 'http://www.w3.org/2000/svg';

function svg(tag: string, attributes: Readonly<Record<string, string | number>>, ...children: Node[]): SVGElement {
  const made = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** Measures of the diagram, in pixels. */
const lane = { height: 20, label: 32, step: 30 } as const;

/** The way here as a line over four lanes, one for each level; each change of the level leads to its moment. */
function diagram({ levels, path }: LevelsResponseBody): SVGElement {
  const height = lane.height * levels.length;
  const width = lane.label + lane.step * (path.length + 1);
  const y = (el: number) => lane.height * (levels.findIndex(level => level.el === el) + 0.5);
  const x = (index: number) => lane.label + lane.step * index;
  const lanes = levels.flatMap(({ el, implemented }) => {
    const kind = implemented ? 'lane' : 'lane absent';
    const name = svg('text', { class: kind, x: 0, y: y(el), 'dominant-baseline': 'central' });
    name.textContent = `EL${el}`;
    return [name, svg('line', { class: kind, x1: lane.label, x2: width, y1: y(el), y2: y(el) })];
  });
  const [first] = path;
  const stays = path.map(({ to }, index) =>
    svg('line', { class: 'stay', x1: x(index + 1), x2: x(index + 2), y1: y(to), y2: y(to) }),
  );
  if (first) stays.unshift(svg('line', { class: 'stay', x1: x(0), x2: x(1), y1: y(first.from), y2: y(first.from) }));
  const changes = path.map((record, index) => {
    const { from, to, kind, position } = record;
    const title = svg('title', {});
    title.textContent = `${levelChange(record)}  ${record.cause}`;
    const at = { x1: x(index + 1), x2: x(index + 1), y1: y(from), y2: y(to) };
    const head = kind === 'return' ? -4 : 4;
    const tip = `${at.x1 - 4},${at.y2 + head} ${at.x1},${at.y2} ${at.x1 + 4},${at.y2 + head}`;
    const change = svg(
      'g',
      { class: `change ${kind}` },
      title,
      // A line is too thin to hit.
      svg('rect', { x: at.x1 - 8, width: 16, y: Math.min(at.y1, at.y2) - 8, height: Math.abs(at.y1 - at.y2) + 16 }),
      svg('line', at),
      svg('polyline', { points: tip }),
    );
    change.addEventListener('click', () => editor.postMessage({ kind: 'travelTo', position }));
    return change;
  });
  const running = levels.find(({ activity }) => activity === 'running');
  const here = running
    ? [svg('circle', { class: 'here', cx: path.length > 0 ? width - 4 : lane.label, cy: y(running.el), r: 4 })]
    : [];
  return svg(
    'svg',
    // The list below says the same in words.
    { class: 'diagram', 'aria-hidden': 'true', viewBox: `0 0 ${width} ${height}`, width, height },
    ...lanes,
    ...stays,
    ...changes,
    ...here,
  );
}

function stepElement(record: ExceptionRecord): HTMLElement {
  const button = element(
    'button',
    '',
    element('span', `levels ${record.kind}`, levelChange(record)),
    element('span', 'cause', record.cause),
    element('span', 'location', locationText(record.location)),
  );
  const when = `after ${record.position.toLocaleString('en')} instructions`;
  button.title = `${record.cause}\n${locationText(record.location)}, ${when}\nSelect to show the machine as it was then`;
  button.addEventListener('click', () => editor.postMessage({ kind: 'travelTo', position: record.position }));
  return element('li', '', button);
}

function show(state: LevelsResponseBody): Node[] {
  const levels = element('ol', 'levels', ...state.levels.map(levelElement));
  levels.setAttribute('aria-label', `Exception levels of processing element ${state.pe}`);
  if (state.path.length === 0) return [levels];
  // The latest first: it is what one looks for.
  const steps = [...state.path].reverse().map(stepElement);
  return [levels, element('h2', '', 'How it got here'), diagram(state), element('ol', 'path', ...steps)];
}

window.addEventListener('message', (event: MessageEvent<ToPage>) => {
  const message = event.data;
  const content = message.kind === 'levels' ? show(message.levels) : [element('p', 'nothing', message.reason)];
  document.getElementById('content')?.replaceChildren(...content);
});

editor.postMessage({ kind: 'ready' });
