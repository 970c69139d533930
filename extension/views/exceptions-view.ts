import {
  commands,
  Disposable,
  EventEmitter,
  MarkdownString,
  Range,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  Uri,
  window,
} from 'vscode';
import type { ExceptionCause, ExceptionRecord, ExceptionsResponseBody } from '../../debug-adapter/protocol.ts';
import type { DebugSessions, TrapdoorSession } from '../debug/sessions.ts';
import { levelChange } from './level-change.ts';

/** How many records one page of the list has. */
const pageSize = 200;
/** How often the list follows a machine that runs, in milliseconds. */
const followInterval = 1000;

type Row =
  /** Within its cause, a record has no need to say it again. */
  | { readonly kind: 'record'; readonly record: ExceptionRecord; readonly isWithinCause?: true }
  | { readonly kind: 'cause'; readonly cause: ExceptionCause }
  | { readonly kind: 'earlier'; readonly count: number };

const counted = (count: number): string => count.toLocaleString('en');

function whereOf({ location }: ExceptionRecord): string {
  return location.symbol ?? location.address;
}

function tooltipOf(record: ExceptionRecord): MarkdownString {
  const rows: [string, string | undefined][] = [
    [record.kind === 'return' ? 'Returned to' : 'Taken from', record.location.address],
    ['Symbol', record.location.symbol],
    ['Source', record.location.path && `${record.location.path}:${record.location.line ?? ''}`],
    ['Syndrome (ESR)', record.syndrome],
    ['Fault address (FAR)', record.faultAddress],
    ['Intermediate physical address', record.ipa],
    ['VMID', record.vmid?.toString()],
    ['Security state after it', record.toSecurity],
    ['Processing element', record.pe.toString()],
    ['Instructions retired', counted(record.position)],
    ['Times this has happened', counted(record.occurrence)],
  ];
  const text = new MarkdownString();
  text.appendMarkdown(`**${levelChange(record)}** `);
  text.appendText(record.cause);
  text.appendMarkdown('\n\n| | |\n|---|---|\n');
  for (const [label, value] of rows)
    if (value) text.appendMarkdown(`| ${label} | \`${value.replaceAll('|', '\\|')}\` |\n`);
  return text;
}

function recordItem(record: ExceptionRecord, isWithinCause = false): TreeItem {
  const item = new TreeItem(isWithinCause ? whereOf(record) : `${levelChange(record)}  ${record.cause}`);
  item.id = `record-${record.index}`;
  const times = record.occurrence > 1 && !isWithinCause ? ` · ${counted(record.occurrence)} ×` : '';
  item.description = `${isWithinCause ? '' : `${whereOf(record)} · `}at ${counted(record.position)}${times}`;
  item.iconPath = new ThemeIcon(record.kind === 'return' ? 'arrow-down' : 'arrow-up');
  item.contextValue = record.location.path ? 'record source' : 'record';
  item.tooltip = tooltipOf(record);
  item.command = {
    command: 'trapdoor.travelTo',
    title: 'Show the Machine as It Was Then',
    arguments: [{ kind: 'record', record }],
  };
  item.accessibilityInformation = {
    label: `${record.kind === 'return' ? 'Return' : 'Exception'} from EL${record.from} to EL${record.to}: ${record.cause}, ${whereOf(record)}, ${item.description}`,
  };
  return item;
}

function causeItem(cause: ExceptionCause): TreeItem {
  const item = new TreeItem(`EL${cause.from} → EL${cause.to}  ${cause.cause}`, TreeItemCollapsibleState.Collapsed);
  item.id = `cause-${cause.kind}-${cause.from}-${cause.to}-${cause.category}-${cause.cause}`;
  item.description = `${counted(cause.count)} × · last at ${counted(cause.lastPosition)}`;
  item.iconPath = new ThemeIcon(cause.kind === 'return' ? 'arrow-down' : 'arrow-up');
  item.contextValue = 'cause';
  return item;
}

/** The exception record of the session in view: in order, the latest first, or grouped by cause. */
class ExceptionsTree implements TreeDataProvider<Row> {
  private readonly changeEmitter = new EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changeEmitter.event;
  private readonly sessions: DebugSessions;
  private pages = 1;
  /** What the adapter said last. */
  private last: ExceptionsResponseBody | undefined;
  mode: 'inOrder' | 'byCause' = 'inOrder';

  constructor(sessions: DebugSessions) {
    this.sessions = sessions;
  }

  refresh(): void {
    this.changeEmitter.fire(undefined);
  }

  showEarlier(): void {
    this.pages++;
    this.refresh();
  }

  forget(): void {
    this.pages = 1;
    this.refresh();
  }

  async getChildren(row?: Row): Promise<Row[]> {
    const session = this.sessions.active;
    if (row?.kind === 'cause') return this.recordsOf(row.cause);
    if (row || !session) return [];
    const wanted = this.pages * pageSize;
    let body: ExceptionsResponseBody;
    try {
      body = await session.request('trapdoor/exceptions', { from: -wanted, count: wanted });
    } catch {
      // The adapter has not launched its machine yet, or is going away.
      return [];
    }
    this.last = body;
    if (this.mode === 'byCause') return body.causes.map(cause => ({ kind: 'cause', cause }));
    const rows: Row[] = body.records.map((record): Row => ({ kind: 'record', record })).reverse();
    const earlier = body.total - body.records.length;
    return earlier > 0 ? [...rows, { kind: 'earlier', count: earlier }] : rows;
  }

  /** The records of a cause that are at hand, the latest first. */
  private recordsOf({ kind, from, to, cause, count }: ExceptionCause): Row[] {
    const rows = (this.last?.records ?? [])
      .filter(
        record => record.kind === kind && record.from === from && record.to === to && record.generalCause === cause,
      )
      .map((record): Row => ({ kind: 'record', record, isWithinCause: true }))
      .reverse();
    const earlier = count - rows.length;
    return earlier > 0 ? [...rows, { kind: 'earlier', count: earlier }] : rows;
  }

  getTreeItem(row: Row): TreeItem {
    switch (row.kind) {
      case 'record':
        return recordItem(row.record, row.isWithinCause);
      case 'cause':
        return causeItem(row.cause);
      case 'earlier': {
        const item = new TreeItem(`${counted(row.count)} earlier`, TreeItemCollapsibleState.None);
        item.iconPath = new ThemeIcon('ellipsis');
        item.command = { command: 'trapdoor.exceptions.showEarlier', title: 'Show Earlier' };
        return item;
      }
    }
  }
}

/** Puts the machine of the session in view to a position; says so when the adapter cannot. */
export async function travelTo(session: TrapdoorSession | undefined, position: number): Promise<void> {
  if (!session) return;
  try {
    await session.request('trapdoor/travelTo', { position });
  } catch (problem) {
    window.showErrorMessage(`Cannot go there: ${problem instanceof Error ? problem.message : problem}`);
  }
}

async function openLocation({ location }: ExceptionRecord): Promise<void> {
  if (!location.path) return;
  const line = (location.line ?? 1) - 1;
  await window.showTextDocument(Uri.file(location.path), { selection: new Range(line, 0, line, 0), preview: true });
}

/** The view *Exceptions* with its commands. */
export function registerExceptionsView(sessions: DebugSessions): Disposable {
  const tree = new ExceptionsTree(sessions);
  const view = window.createTreeView('trapdoor.exceptions', { treeDataProvider: tree });
  let timer: ReturnType<typeof setTimeout> | undefined;

  const update = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const session = sessions.active;
    commands.executeCommand('setContext', 'trapdoor.inThePast', session?.inThePast ?? false);
    if (!view.visible) return;
    tree.refresh();
    if (session?.state?.running) timer = setTimeout(update, followInterval);
  };
  const setMode = (mode: ExceptionsTree['mode']): void => {
    tree.mode = mode;
    commands.executeCommand('setContext', 'trapdoor.exceptionsMode', mode);
    tree.refresh();
  };

  return Disposable.from(
    view,
    { dispose: () => clearTimeout(timer) },
    view.onDidChangeVisibility(update),
    sessions.onDidChangeState(session => {
      if (session === sessions.active) update();
    }),
    sessions.onDidChangeActive(() => {
      tree.forget();
      update();
    }),
    commands.registerCommand('trapdoor.exceptions.byCause', () => setMode('byCause')),
    commands.registerCommand('trapdoor.exceptions.inOrder', () => setMode('inOrder')),
    commands.registerCommand('trapdoor.exceptions.showEarlier', () => tree.showEarlier()),
    commands.registerCommand('trapdoor.exceptions.goToLocation', async (row?: Row) => {
      if (row?.kind === 'record') await openLocation(row.record);
    }),
    commands.registerCommand('trapdoor.travelTo', async (row?: Row) => {
      if (row?.kind === 'record') await travelTo(sessions.active, row.record.position);
    }),
    commands.registerCommand('trapdoor.returnToPresent', async () => {
      const session = sessions.active;
      if (session?.state) await travelTo(session, session.state.present);
    }),
  );
}
