import { type DebugSession, type Disposable, debug, EventEmitter } from 'vscode';
import type { CustomEvents, CustomRequests, StateEventBody } from '../../debug-adapter/protocol.ts';

type RequestArguments<Name extends keyof CustomRequests> = CustomRequests[Name]['arguments'];
type ResponseBody<Name extends keyof CustomRequests> = CustomRequests[Name]['body'];

/** One debug session of ours: its last known state and typed access to the adapter's custom requests. */
export class TrapdoorSession {
  readonly session: DebugSession;
  /** What the adapter said last; undefined until it said something. */
  state: StateEventBody | undefined;

  constructor(session: DebugSession) {
    this.session = session;
  }

  get inThePast(): boolean {
    return this.state !== undefined && !this.state.running && this.state.position < this.state.present;
  }

  /** Rejects with the adapter's message when it refuses. */
  request<Name extends keyof CustomRequests>(
    name: Name,
    requestArguments: RequestArguments<Name>,
  ): Thenable<ResponseBody<Name>> {
    return this.session.customRequest(name, requestArguments);
  }

  takeState(state: StateEventBody): void {
    this.state = state;
  }
}

/** Follows all debug sessions of ours and says which one the user looks at. */
export class DebugSessions implements Disposable {
  private readonly sessions = new Map<string, TrapdoorSession>();
  private readonly stateEmitter = new EventEmitter<TrapdoorSession>();
  private readonly uartEmitter = new EventEmitter<{ session: TrapdoorSession; text: string }>();
  private readonly startEmitter = new EventEmitter<TrapdoorSession>();
  private readonly endEmitter = new EventEmitter<TrapdoorSession>();
  private readonly activeEmitter = new EventEmitter<TrapdoorSession | undefined>();
  private readonly disposables: Disposable[];

  /** The machine of a session stopped, ran on, or moved in time. */
  readonly onDidChangeState = this.stateEmitter.event;
  readonly onUartOutput = this.uartEmitter.event;
  readonly onDidStart = this.startEmitter.event;
  readonly onDidEnd = this.endEmitter.event;
  readonly onDidChangeActive = this.activeEmitter.event;

  constructor() {
    this.disposables = [
      debug.onDidStartDebugSession(session => {
        if (session.type === 'trapdoor') this.of(session);
      }),
      debug.onDidTerminateDebugSession(session => {
        const ended = this.sessions.get(session.id);
        if (!ended) return;
        this.sessions.delete(session.id);
        this.endEmitter.fire(ended);
      }),
      debug.onDidChangeActiveDebugSession(() => this.activeEmitter.fire(this.active)),
      debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
        if (session.type !== 'trapdoor') return;
        const ours = this.of(session);
        switch (event as keyof CustomEvents) {
          case 'trapdoor/state':
            ours.takeState(body as CustomEvents['trapdoor/state']);
            this.stateEmitter.fire(ours);
            break;
          case 'trapdoor/uart':
            this.uartEmitter.fire({ session: ours, text: (body as CustomEvents['trapdoor/uart']).text });
            break;
        }
      }),
    ];
  }

  /** The session that the debug views show, when it is one of ours. */
  get active(): TrapdoorSession | undefined {
    const session = debug.activeDebugSession;
    return session && this.sessions.get(session.id);
  }

  /** Events of a session can come before the editor announces it. */
  private of(session: DebugSession): TrapdoorSession {
    let ours = this.sessions.get(session.id);
    if (!ours) {
      ours = new TrapdoorSession(session);
      this.sessions.set(session.id, ours);
      this.startEmitter.fire(ours);
    }
    return ours;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
    for (const emitter of [
      this.stateEmitter,
      this.uartEmitter,
      this.startEmitter,
      this.endEmitter,
      this.activeEmitter,
    ]) {
      emitter.dispose();
    }
  }
}
